/* Pipes are used again, no more than allowed, and never with another session's bytes in them. */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "pipe_pool.h"

static struct pipe_pool pool;

static int open_descriptors(void)
{
	int count = 0;
	DIR *dir = opendir("/proc/self/fd");
	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

static void test_last_one_back_is_the_next_one_out(void **state)
{
	(void)state;
	pipe_pool_init(&pool, 10);
	struct pipe *a = pipe_pool_get(&pool), *b = pipe_pool_get(&pool);
	assert_non_null(a);
	assert_non_null(b);
	assert_int_equal(pool.count, 2);
	pipe_pool_put(&pool, a);
	pipe_pool_put(&pool, b);
	assert_int_equal(pool.idle_count, 2);
	assert_ptr_equal(pipe_pool_get(&pool), b);
	assert_ptr_equal(pipe_pool_get(&pool), a);
	assert_int_equal(pool.count, 2);
	pipe_pool_put(&pool, a);
	pipe_pool_put(&pool, b);
	pipe_pool_free(&pool);
	assert_int_equal(pool.count, 0);
}

static void test_limit(void **state)
{
	(void)state;
	pipe_pool_init(&pool, 1);
	struct pipe *p = pipe_pool_get(&pool);
	errno = 0;
	assert_null(pipe_pool_get(&pool));
	assert_int_equal(errno, EAGAIN);
	pipe_pool_put(&pool, p);
	assert_ptr_equal(pipe_pool_get(&pool), p);
	pipe_pool_put(&pool, p);
	pipe_pool_free(&pool);
}

static void test_pool_keeps_a_few(void **state)
{
	enum { MANY = PIPES_IDLE_MAX + 5 };
	struct pipe *pipes[MANY];
	int before = open_descriptors();
	(void)state;
	pipe_pool_init(&pool, MANY);
	for (unsigned i = 0; i < MANY; i++)
		assert_non_null(pipes[i] = pipe_pool_get(&pool));
	for (unsigned i = 0; i < MANY; i++)
		pipe_pool_put(&pool, pipes[i]);
	assert_int_equal(pool.idle_count, PIPES_IDLE_MAX);
	assert_int_equal(pool.count, PIPES_IDLE_MAX);
	pipe_pool_free(&pool);
	assert_int_equal(pool.count, 0);
	assert_int_equal(open_descriptors(), before);
}

static void test_discarded_bytes_do_not_come_back(void **state)
{
	char c;
	(void)state;
	pipe_pool_init(&pool, 2);
	struct pipe *p = pipe_pool_get(&pool);
	assert_int_equal(write(p->write_fd, "secret", 6), 6);
	pipe_pool_discard(&pool, p);
	p = pipe_pool_get(&pool);
	assert_int_equal(read(p->read_fd, &c, 1), -1);
	assert_int_equal(errno, EAGAIN);
	pipe_pool_put(&pool, p);
	pipe_pool_free(&pool);
}

static void test_no_descriptors(void **state)
{
	struct rlimit old, none;
	(void)state;
	pipe_pool_init(&pool, 2);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = (struct rlimit){.rlim_cur = 3, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	struct pipe *p = pipe_pool_get(&pool);
	int error = errno;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_null(p);
	assert_int_equal(error, EMFILE);
	assert_int_equal(pool.count, 0);
	assert_non_null(p = pipe_pool_get(&pool));
	pipe_pool_put(&pool, p);
	pipe_pool_free(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_last_one_back_is_the_next_one_out),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_pool_keeps_a_few),
		cmocka_unit_test(test_discarded_bytes_do_not_come_back),
		cmocka_unit_test(test_no_descriptors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
