/* The parts of the status page, in the order of the screen. A page break falls between two of them. */
#ifndef STATUS_BLOCKS_H
#define STATUS_BLOCKS_H

#include "status.h"
#include "sheet.h"

enum block_kind { BLOCK_SETTING, BLOCK_PROGRAM, BLOCK_UPSTREAM, BLOCK_SYSTEM, BLOCK_NIC, BLOCK_KIND_COUNT };

typedef void block_draw(struct sheet *sheet, const struct status *s, unsigned index, int64_t now_ms);

/* Those of blocks_relay.c, blocks_outside.c and blocks_network.c; the others are blocks.c's own. */
block_draw draw_relay, draw_upstream, draw_source, draw_upstreams_rest, draw_traffic, draw_outside, draw_nic,
	draw_no_nic, draw_nics_unkept;

struct block {
	enum block_kind kind;
	block_draw *draw;
	unsigned index; /* of the setting, program, upstream, source or NIC */
};

enum {
	BLOCKS_MAX = REFUSED_MAX + CHILDREN_MAX + UPSTREAMS_MAX + SOURCES_MAX + NICS_MAX + 9,
	UPSTREAMS_FIRST = 6, /* stand with the relay, the others at the end */
	WIDE_COLUMNS = 100,  /* room for lines of minor interest */
};

/* Lists the blocks to show of S. Returns how many there are. */
unsigned blocks_list(struct block blocks[static BLOCKS_MAX], const struct status *s, int64_t now_ms);

#endif
