/* unsplit INSTRUCTIONS NUMBERS SIZES IMAGE: what the kernel's boot code does, after it has unpacked the halves. */
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int __decompress(unsigned char *in, long in_bytes, void *fill, void *flush, unsigned char *out, long out_bytes,
	long *used, void (*error)(char *));

#include "unsplit.h"

static const char *half[2];
static int halves;

static size_t read_file(const char *name, void *to, size_t room)
{
	FILE *f = fopen(name, "rb");
	if (f == NULL)
		err(1, "%s", name);
	size_t bytes = fread(to, 1, room, f);
	if (ferror(f) || fgetc(f) != EOF)
		errx(1, "%s: more than %zu bytes", name, room);
	fclose(f);
	return bytes;
}

static struct split_sizes sizes;

/* Both halves in turn, as far as there is room for them. */
static int __decompress(unsigned char *in, long in_bytes, void *fill, void *flush, unsigned char *out, long out_bytes,
	long *used, void (*error)(char *))
{
	(void)in, (void)in_bytes, (void)fill, (void)flush, (void)out_bytes, (void)error;
	size_t room = halves == 0 ? sizes.instructions : sizes.room - sizes.image;
	if (read_file(half[halves++], out, room) != room)
		errx(1, "%s: expected %zu bytes", half[halves - 1], room);
	if (used != NULL)
		*used = 0;
	return 0;
}

static void refuse(char *why)
{
	errx(2, "%s", why);
}

int main(int argc, char **argv)
{
	if (argc != 5 || read_file(argv[3], &sizes, sizeof(sizes)) != sizeof(sizes))
		errx(1, "usage: unsplit INSTRUCTIONS NUMBERS SIZES IMAGE");
	half[0] = argv[1];
	half[1] = argv[2];
	unsigned char *image = malloc(sizes.room);
	if (image == NULL || decompress_split((void *)&sizes, sizeof(sizes), image, refuse) < 0)
		err(1, "memory");
	FILE *f = fopen(argv[4], "wb");
	if (f == NULL || fwrite(image, 1, sizes.image, f) != sizes.image || fclose(f) != 0)
		err(1, "%s", argv[4]);
	free(image);
	return 0;
}
