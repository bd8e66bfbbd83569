/* What tools/web-page makes of page.html, page.css and page.js. */
#ifndef WEB_ASSETS_H
#define WEB_ASSETS_H

extern const char page_template[], page_policy[]; /* NUL-terminated */

#endif
