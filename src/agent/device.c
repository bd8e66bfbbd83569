#include "device.h"

#include <fcntl.h>

#include "common/text.h"

int device_open(const char *device)
{
	uint64_t number;
	if (!parse_number(device, 0, INT16_MAX, &number))
		return open(device, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	int fd = (int)number, flags = fcntl(fd, F_GETFL);
	return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -1 : fd;
}
