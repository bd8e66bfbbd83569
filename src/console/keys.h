/* Keys and the terminal's answers out of a byte stream (ECMA-48 5.4 control sequences). */
#ifndef CONSOLE_KEYS_H
#define CONSOLE_KEYS_H

#include <stdbool.h>

enum { KEY_NONE = 0, KEY_ENTER = '\r', KEY_ESCAPE = 0x1b, KEY_SIZE = 0x100 };

/* How long a lone ESC byte waits for the rest of its sequence before it is the Escape key. */
enum { KEY_ESCAPE_WAIT_MS = 150 };

struct key_parser {
	enum {
		KEYS_GROUND,
		KEYS_ESCAPE,          /* ESC seen: the key, or the start of a sequence */
		KEYS_ESCAPE_REPORTED, /* the same, and it was reported as the key */
		KEYS_CSI,             /* ESC [ seen */
		KEYS_SS3,             /* ESC O seen: one more byte */
	} state;
	int parameters[2], parameter_count;
	bool private_sequence;
	int rows, columns; /* of the last KEY_SIZE */
};

/* Takes one byte. Returns a lower-case printable character, KEY_ENTER, KEY_SIZE (a cursor position
 * report, CPR, ECMA-48 8.3.14: rows and columns are set) or KEY_NONE. Arrow, function and unknown
 * sequences are swallowed whole. */
int keys_take(struct key_parser *p, unsigned char byte);

/* Whether a lone ESC waits: call keys_timeout KEY_ESCAPE_WAIT_MS later. */
bool keys_pending(const struct key_parser *p);

/* KEY_ESCAPE when ESC is still alone. */
int keys_timeout(struct key_parser *p);

#endif
