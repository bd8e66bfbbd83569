/* The model as a page of cells. Pure: everything that it needs is in its arguments. */
#ifndef CONSOLE_LAYOUT_H
#define CONSOLE_LAYOUT_H

#include "canvas.h"
#include "grid.h"
#include "status/status.h"

enum view { VIEW_STATUS, VIEW_LOG, VIEW_SETTINGS };

/* The user's choices. */
struct layout_request {
	enum view view;
	int page;           /* of the status, from 0; wraps */
	int settings_page;  /* of the settings */
	long long log_end;  /* number of the log line that stands last; 0: the newest */
	bool readonly;      /* keys that change something are not there */
	const char *prompt; /* a question or an answer in place of the keys; NULL: none */
	int64_t now_ms;
};

struct layout_result {
	int page, pages;     /* of the status or the settings */
	long long log_first; /* number of the first log line shown; 0: none */
	bool log_older;      /* there are older ones */
};

/* Below this only the verdict and the keys are shown, and that the screen is too small. */
enum { LAYOUT_COLUMNS_MIN = 60, LAYOUT_ROWS_MIN = 15 };

/* Fills GRID, whose size is set already (grid_reset). */
void layout_draw(struct grid *g, const struct status *s, const struct layout_request *request,
	struct layout_result *result);

#endif
