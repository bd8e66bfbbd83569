/* config-help: prints the table of settings, src/common/config_keys.h, for people; --markdown: as the table
 * of docs/configuration.md. */
#include <stdio.h>
#include <string.h>

#include "common/config.h"

/* TEXT with what would end a table's cell escaped. */
static void print_cell(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '|')
			putchar('\\');
		putchar(*text);
	}
}

static void print_row(const struct config_definition *d)
{
	printf("| `%s` | ", d->name);
	if (d->default_value[0] != '\0')
		printf("`%s`", d->default_value);
	printf(" | ");
	print_cell(d->allowed);
	printf(" | ");
	print_cell(d->help);
	printf(" |\n");
}

static void print_paragraph(const struct config_definition *d)
{
	printf("%s\n    %s\n    allowed: %s\n", d->name, d->help, d->allowed);
	if (d->default_value[0] != '\0')
		printf("    default: %s\n", d->default_value);
}

int main(int argc, char **argv)
{
	bool markdown = argc > 1 && strcmp(argv[1], "--markdown") == 0;
	void (*print)(const struct config_definition *) = markdown ? print_row : print_paragraph;
	if (markdown)
		printf("| key | default | allowed | meaning |\n|---|---|---|---|\n");
	for (size_t key = 0; key < CONFIG_KEY_COUNT; key++)
		print(&config_definitions[key]);
	for (size_t family = 0; family < CONFIG_FAMILY_COUNT; family++)
		print(&config_families[family]);
	return 0;
}
