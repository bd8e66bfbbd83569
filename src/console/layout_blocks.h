/* The parts of the status page, in the order of the screen. A page break falls between two of them. */
#ifndef CONSOLE_LAYOUT_BLOCKS_H
#define CONSOLE_LAYOUT_BLOCKS_H

#include "canvas.h"
#include "model.h"

enum block_kind { BLOCK_SETTING, BLOCK_PROGRAM, BLOCK_SYSTEM, BLOCK_NIC, BLOCK_KIND_COUNT };

typedef void block_draw(struct canvas *c, const struct screen_state *s, unsigned index, int64_t now_ms);

struct block {
	enum block_kind kind;
	block_draw *draw;
	unsigned index; /* of the setting, program or NIC */
};

enum { BLOCKS_MAX = REFUSED_MAX + CHILDREN_MAX + NICS_MAX + 6 };

/* Lists what is to be shown of S. Returns how many there are. */
unsigned blocks_list(struct block blocks[static BLOCKS_MAX], const struct screen_state *s, int64_t now_ms);

/* layout_network.c */
block_draw draw_nic, draw_no_nic, draw_nics_unkept;

#endif
