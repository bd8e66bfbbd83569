/* Files of the hypervisor and secrets in the service's root: where they come to lie, whose they are, and that
 * none leaves the root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "common/file.h"
#include "init/service_files.h"
#include "unit/common/folder.h"

static struct service_root root;
static char by_key[128];
static unsigned keys;

static void path_of(char path[static 512], const char *name)
{
	snprintf(path, 512, "%s/%s", test_folder, name);
}

static void put(const char *name, const char *bytes, size_t length)
{
	char path[512];
	path_of(path, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0 && write(fd, bytes, length) == (ssize_t)length);
	close(fd);
}

static void make_folder(const char *name)
{
	char path[512];
	path_of(path, name);
	assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
}

/* As QEMU's -fw_cfg name=NAME, and the kernel's driver shows it. */
static void offer(const char *name, const char *bytes, size_t length)
{
	char folder[64], path[512], line[256];
	snprintf(folder, sizeof(folder), "by_key/%u", 40 + keys++);
	make_folder(folder);
	snprintf(path, sizeof(path), "%s/name", folder);
	snprintf(line, sizeof(line), "%s\n", name);
	put(path, line, strlen(line));
	snprintf(path, sizeof(path), "%s/raw", folder);
	put(path, bytes, length);
}

static int fresh(void **state)
{
	char path[512];
	folder_teardown(state);
	assert_int_equal(mkdir(test_folder, 0755), 0);
	make_folder("by_key");
	make_folder("root");
	make_folder("root/etc");
	snprintf(by_key, sizeof(by_key), "%s/by_key", test_folder);
	path_of(path, "root");
	if (root.fd > 0)
		close(root.fd);
	root = (struct service_root){open(path, O_PATH | O_DIRECTORY), getuid(), getgid(), false};
	keys = 0;
	return root.fd >= 0 ? 0 : -1;
}

/* NAME in the root is a file with these BYTES and MODE. */
static void assert_file(const char *name, const char *bytes, mode_t mode)
{
	char path[512], inside[256], found[256];
	struct stat info;
	snprintf(inside, sizeof(inside), "root/%s", name);
	path_of(path, inside);
	if (lstat(path, &info) < 0 || file_read(path, found, sizeof(found)) < 0)
		fail_msg("%s: %s", name, strerror(errno));
	assert_string_equal(found, bytes);
	assert_true(S_ISREG(info.st_mode));
	assert_int_equal(info.st_mode & 07777, mode);
	assert_int_equal(info.st_uid, root.uid);
}

static bool is_there(const char *name)
{
	char path[512];
	struct stat info;
	path_of(path, name);
	return lstat(path, &info) == 0;
}

static void files_lie_where_their_names_say(void **state)
{
	(void)state;
	put("root/etc/hosts", "the image's", 11);
	offer("opt/thimble/files/etc/hosts", "ours", 4);
	offer("opt/thimble/files/etc/app/conf.d/one", "1", 1);
	offer("opt/thimble/files/run/secrets/tls.key", "key", 3);
	offer("opt/thimble/files/empty", "", 0);
	offer("opt/thimble/config", "mtu = 1400", 10);
	offer("etc/acpi/tables", "no", 2);
	service_fw_cfg_lay(&root, by_key);
	assert_file("etc/hosts", "ours", 0644);
	assert_file("etc/app/conf.d/one", "1", 0644);
	assert_file("run/secrets/tls.key", "key", 0400);
	assert_file("empty", "", 0644);
	assert_false(is_there("root/config"));
	assert_false(is_there("root/etc/acpi"));
	/* At the next start what the service made of it is as it was. */
	put("root/etc/hosts", "changed", 7);
	service_fw_cfg_lay(&root, by_key);
	assert_file("etc/hosts", "ours", 0644);
}

static void bad_paths_are_left_out_alone(void **state)
{
	static const char *const paths[] = {"", "/etc/x", "../x", "etc/../../x", "etc/..", "etc//x", "./x",
		"etc/", "proc/x", "sys/kernel/x", "dev/null", "proc", "..", "."};
	char name[128];
	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		snprintf(name, sizeof(name), "opt/thimble/files/%s", paths[i]);
		offer(name, "x", 1);
	}
	offer("opt/thimble/files/etc/good", "x", 1);
	service_fw_cfg_lay(&root, by_key);
	assert_file("etc/good", "x", 0644);
	assert_false(is_there("x"));
	assert_false(is_there("root/x"));
	assert_false(is_there("root/etc/x"));
	assert_false(is_there("root/proc"));
	assert_false(is_there("root/sys"));
	assert_false(is_there("root/dev"));
}

static void links_lead_nowhere_but_into_the_root(void **state)
{
	char path[512];
	(void)state;
	make_folder("outside");
	put("outside/file", "untouched", 9);
	path_of(path, "outside");
	assert_int_equal(symlinkat(path, root.fd, "absolute"), 0);
	assert_int_equal(symlinkat("../outside", root.fd, "up"), 0);
	assert_int_equal(symlinkat("/etc", root.fd, "inside"), 0);
	path_of(path, "outside/file");
	assert_int_equal(symlinkat(path, root.fd, "etc/last"), 0);
	offer("opt/thimble/files/absolute/file", "x", 1);
	offer("opt/thimble/files/up/file", "x", 1);
	offer("opt/thimble/files/inside/file", "in", 2);
	offer("opt/thimble/files/etc/last", "last", 4);
	service_fw_cfg_lay(&root, by_key);
	char found[32];
	assert_true(file_read(path, found, sizeof(found)) > 0);
	assert_string_equal(found, "untouched");
	assert_file("etc/file", "in", 0644);
	assert_file("etc/last", "last", 0644);
}

static void secure_boot_has_no_file_that_could_be_code(void **state)
{
	(void)state;
	root.signed_only = true;
	offer("opt/thimble/files/etc/ld.so.preload", "x", 1);
	offer("opt/thimble/files/run/secrets/key", "key", 3);
	service_fw_cfg_lay(&root, by_key);
	assert_file("run/secrets/key", "key", 0400);
	assert_false(is_there("root/etc/ld.so.preload"));
}

static void what_is_too_much_is_left_out(void **state)
{
	static char bytes[SERVICE_FILE_BYTES_MAX + 1];
	char name[64];
	(void)state;
	offer("opt/thimble/files/too-long", bytes, sizeof(bytes));
	service_fw_cfg_lay(&root, by_key);
	assert_false(is_there("root/too-long"));
	for (int i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "opt/thimble/files/%d", i);
		offer(name, bytes, sizeof(bytes) - 1);
	}
	service_fw_cfg_lay(&root, by_key);
	int count = 0;
	for (int i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "root/%d", i);
		count += is_there(name);
	}
	assert_int_equal(count, SERVICE_FILES_BYTES_MAX / SERVICE_FILE_BYTES_MAX);
}

static void no_more_files_than_there_may_be(void **state)
{
	char name[64];
	int count = 0;
	(void)state;
	for (int i = 0; i < SERVICE_FILES_MAX + 3; i++) {
		snprintf(name, sizeof(name), "opt/thimble/files/etc/%d", i);
		offer(name, "x", 1);
	}
	service_fw_cfg_lay(&root, by_key);
	for (int i = 0; i < SERVICE_FILES_MAX + 3; i++) {
		snprintf(name, sizeof(name), "root/etc/%d", i);
		count += is_there(name);
	}
	assert_int_equal(count, SERVICE_FILES_MAX);
}

static void report(const char *error)
{
	fail_msg("%s", error);
}

static void secrets_are_files_of_the_service_alone(void **state)
{
	static struct config c;
	static const char text[] =
		"service.secret.TOKEN = abc=def\nservice.env.SEEN = x\nservice.secret.NONE =\n";
	(void)state;
	config_init(&c);
	config_read_text(&c, text, sizeof(text) - 1, "site", report);
	service_secrets_lay(&root, &c);
	assert_file("run/secrets/TOKEN", "abc=def", 0400);
	assert_file("run/secrets/NONE", "", 0400);
	assert_false(is_there("root/run/secrets/SEEN"));
}

static void no_fw_cfg_is_no_error(void **state)
{
	(void)state;
	service_fw_cfg_lay(&root, "/nowhere");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(files_lie_where_their_names_say, fresh),
		cmocka_unit_test_setup(bad_paths_are_left_out_alone, fresh),
		cmocka_unit_test_setup(links_lead_nowhere_but_into_the_root, fresh),
		cmocka_unit_test_setup(secure_boot_has_no_file_that_could_be_code, fresh),
		cmocka_unit_test_setup(what_is_too_much_is_left_out, fresh),
		cmocka_unit_test_setup(no_more_files_than_there_may_be, fresh),
		cmocka_unit_test_setup(secrets_are_files_of_the_service_alone, fresh),
		cmocka_unit_test_setup(no_fw_cfg_is_no_error, fresh),
	};
	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
