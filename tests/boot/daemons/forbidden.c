/* Makes a system call that no program of the guest may make; when that has worked it says so and stays. */
#include <stdio.h>
#include <sys/ptrace.h>
#include <unistd.h>

int main(void)
{
	fprintf(stderr, "ptrace has given %ld\n", ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	for (;;)
		pause();
}
