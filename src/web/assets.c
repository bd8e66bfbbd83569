#include "assets.h"

/* WEB_PAGE: the folder that tools/web-page fills (mk/programs.mk). */
#define ASSET(name, file)                                                                                    \
	__asm__(".pushsection .rodata." #name ",\"a\"\n" #name ":\n.incbin \"" WEB_PAGE "/" file             \
		"\"\n.byte 0\n"                                                                              \
		".globl " #name "\n.type " #name ",@object\n.size " #name ", . - " #name "\n.popsection\n")

ASSET(page_template, "page.html");
ASSET(page_policy, "page.csp");
