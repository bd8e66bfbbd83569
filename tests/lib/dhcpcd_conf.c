/* dhcpcd-conf FILE IP MTU: FILE and what init adds to it by the values of those settings, on standard output.
 */
#include <stdio.h>

#include "common/file.h"
#include "init/dhcpcd_conf.h"

int main(int argc, char **argv)
{
	static char bytes[16384];
	struct text t = TEXT(bytes);
	ssize_t length = argc == 4 ? file_read(argv[1], bytes, sizeof(bytes)) : -1;
	if (length < 0)
		return 100;
	t.used = (size_t)length;
	dhcpcd_conf_add(&t, argv[2], argv[3]);
	return t.overflow || puts(bytes) < 0;
}
