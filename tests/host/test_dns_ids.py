"""The ids of DNS queries do not follow the clock: in the C library that each program and package is linked with."""

import subprocess

from tree import HOST_BIN

COMPILER = HOST_BIN.parent / "toolchain/cc"
QUERIES = 16
PROGRAM = """
#include <resolv.h>
#include <stdio.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *now)
{
	(void)clock;
	*now = (struct timespec){.tv_sec = 1764288000, .tv_nsec = 123456789};
	return 0;
}

int main(void)
{
	unsigned char query[512];
	for (int i = 0; i < %d; i++) {
		int used = res_mkquery(0, "kms.example.org", 1, 33, 0, 0, 0, query, sizeof(query));
		printf("%%d %%d %%02x%%02x\\n", used, query[4] << 8 | query[5], query[0], query[1]);
	}
}
""" % QUERIES


def test_ids_are_not_the_clocks(tmp_path):
    source, program = tmp_path / "ids.c", tmp_path / "ids"
    source.write_text(PROGRAM)
    subprocess.run([COMPILER, "-static", "-o", program, source], check=True)
    lines = [line.split() for line in subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines()]
    assert {(used, questions) for used, questions, _ in lines} == {("33", "1")}, lines
    ids = [line[2] for line in lines]
    assert len(set(ids)) > QUERIES / 2, f"with a clock that stands still, expected ids that differ, got {ids}"
