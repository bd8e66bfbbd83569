/* Settings from any bytes: a refused line is counted and told in printable words, and what is taken is valid.
 *
 * The first byte of an input says whether the rest is a file or a kernel command line. */
#include "common/config.h"
#include "fuzz.h"

static unsigned reports;

static void report(const char *error)
{
	reports++;
	must(strlen(error) < 512 && is_printable(error));
	must(strncmp(error, "setting refused, from ", 22) == 0);
}

/* Each value is its default or valid, and names where it is from. */
static void values_are_valid(const struct config *c)
{
	for (size_t key = 0; key < CONFIG_KEY_COUNT; key++) {
		const struct config_definition *d = &config_definitions[key];
		const char *value = config_get(c, (enum config_key)key);
		must(is_printable(config_origin(c, (enum config_key)key)) &&
			config_origin(c, (enum config_key)key)[0] != '\0');
		must(strcmp(value, d->default_value) == 0 || d->check(d, value) == NULL);
		must(strchr(value, '\n') == NULL);
	}
}

/* Each of the service's variables has a good name, once, and a good value; they keep within their bounds. */
static void variables_are_valid(const struct config *c)
{
	const char *variable;
	unsigned count = 0;
	size_t bytes = 0;
	for (; (variable = config_variable(c, count, NULL)) != NULL; count++) {
		const char *equals = strchr(variable, '=');
		must(equals != NULL && config_is_variable(variable, (size_t)(equals - variable)));
		must(config_families[0].check(&config_families[0], equals + 1) == NULL);
		must(strlen(equals + 1) < CONFIG_VALUE_MAX);
		for (unsigned i = 0; i < count; i++)
			must(strncmp(config_variable(c, i, NULL), variable,
				     (size_t)(equals + 1 - variable)) != 0);
		bytes += strlen(variable) + 1;
	}
	must(count <= CONFIG_VARIABLES_MAX && bytes <= CONFIG_VARIABLES_BYTES_MAX &&
		c->variables.used == bytes);
}

/* What was taken, written as a file and read again, is the same. */
static void values_survive_a_file(const struct config *c)
{
	static struct config again;
	static char file[(CONFIG_KEY_COUNT + CONFIG_VARIABLES_MAX) * (CONFIG_VALUE_MAX + 128)];
	struct text t = TEXT(file);
	for (size_t key = 0; key < CONFIG_KEY_COUNT; key++)
		if (config_get(c, (enum config_key)key)[0] != '\0')
			text_add(&t, "%s = %s\n", config_definitions[key].name,
				config_get(c, (enum config_key)key));
	const char *variable;
	bool secret;
	for (unsigned i = 0; (variable = config_variable(c, i, &secret)) != NULL; i++)
		text_add(&t, "service.%s.%s\n", secret ? "secret" : "env", variable);
	must(!t.overflow);
	config_init(&again);
	unsigned before = reports;
	config_read_text(&again, file, t.used, "written", report);
	must(reports == before && again.refused == 0);
	for (size_t key = 0; key < CONFIG_KEY_COUNT; key++)
		if (config_get(c, (enum config_key)key)[0] != '\0')
			must(strcmp(config_get(c, (enum config_key)key),
				     config_get(&again, (enum config_key)key)) == 0);
	must(config_variables_same(&c->variables, &again.variables));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config c;
	bool command_line = take_byte(&data, &size) & 1;
	char *bytes = copy_of(data, size, false);
	reports = 0;
	config_init(&c);
	if (command_line)
		config_read_command_line(&c, bytes, size, report);
	else
		config_read_text(&c, bytes, size, "input", report);
	must(c.refused == reports);
	values_are_valid(&c);
	variables_are_valid(&c);
	values_survive_a_file(&c);
	free(bytes);
	return 0;
}
