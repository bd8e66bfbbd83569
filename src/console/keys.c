#include "keys.h"

enum { PARAMETER_MAX = 9999, ESCAPE_BYTE = 0x1b, CANCEL_BYTE = 0x18 };

static int take_ground(unsigned char byte)
{
	if (byte == '\r' || byte == '\n')
		return KEY_ENTER;
	if (byte >= 'A' && byte <= 'Z')
		return byte - 'A' + 'a';
	return byte >= 0x20 && byte <= 0x7e ? byte : KEY_NONE;
}

static void begin_csi(struct key_parser *p)
{
	p->state = KEYS_CSI;
	p->parameters[0] = p->parameters[1] = 0;
	p->parameter_count = 0;
	p->private_sequence = false;
}

static int end_csi(struct key_parser *p, unsigned char final)
{
	p->state = KEYS_GROUND;
	bool report = final == 'R' && p->parameter_count == 1 && !p->private_sequence;
	if (!report || p->parameters[0] < 1 || p->parameters[1] < 1)
		return KEY_NONE;
	p->rows = p->parameters[0];
	p->columns = p->parameters[1];
	return KEY_SIZE;
}

static int take_csi(struct key_parser *p, unsigned char byte)
{
	if (byte >= 0x40 && byte <= 0x7e) {
		/* The Linux console's F1 to F5 are ESC [ [ A to E: the second '[' ends nothing. */
		if (byte == '[' && p->parameter_count == 0 && p->parameters[0] == 0) {
			p->state = KEYS_SS3;
			return KEY_NONE;
		}
		return end_csi(p, byte);
	}
	if (byte >= '0' && byte <= '9') {
		if (p->parameter_count < 2) {
			int *value = &p->parameters[p->parameter_count];
			*value = *value > PARAMETER_MAX / 10 ? PARAMETER_MAX : *value * 10 + (byte - '0');
		}
	} else if (byte == ';') {
		if (p->parameter_count < 2)
			p->parameter_count++;
	} else if (byte >= 0x20 && byte <= 0x3f) {
		p->private_sequence = true;
	} else {
		p->state = KEYS_GROUND; /* a control byte: the sequence is broken */
	}
	return KEY_NONE;
}

int keys_take(struct key_parser *p, unsigned char byte)
{
	if (byte == ESCAPE_BYTE) {
		/* A second ESC while one waits: the first was the key. */
		int key = p->state == KEYS_ESCAPE ? KEY_ESCAPE : KEY_NONE;
		p->state = KEYS_ESCAPE;
		return key;
	}
	if (byte == CANCEL_BYTE) {
		p->state = KEYS_GROUND;
		return KEY_NONE;
	}
	switch (p->state) {
	case KEYS_GROUND:
		return take_ground(byte);
	case KEYS_ESCAPE:
	case KEYS_ESCAPE_REPORTED: {
		bool reported = p->state == KEYS_ESCAPE_REPORTED;
		p->state = byte == 'O' ? KEYS_SS3 : KEYS_GROUND;
		if (byte == '[')
			begin_csi(p);
		else if (reported && byte != 'O')
			return take_ground(byte);
		return KEY_NONE; /* Alt and a key: not ours */
	}
	case KEYS_CSI:
		return take_csi(p, byte);
	case KEYS_SS3:
		p->state = KEYS_GROUND;
		return KEY_NONE;
	}
	return KEY_NONE;
}

bool keys_pending(const struct key_parser *p)
{
	return p->state == KEYS_ESCAPE;
}

int keys_timeout(struct key_parser *p)
{
	if (p->state != KEYS_ESCAPE)
		return KEY_NONE;
	p->state = KEYS_ESCAPE_REPORTED;
	return KEY_ESCAPE;
}
