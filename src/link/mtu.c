#include "mtu.h"

#include <stddef.h>
#include <string.h>

uint32_t mtu_wanted(uint32_t setting, uint32_t lease, const char *dhcp4, uint32_t before)
{
	if (setting > 0)
		return setting;
	if (lease > 0)
		return lease < MTU_MIN ? MTU_MIN : lease;
	/* Some drivers take their link down and up to change it. A link that was down for a moment does not
	 * mean that the lease is over: going back then would take the link down again, in an endless loop. */
	if (dhcp4 == NULL || strcmp(dhcp4, "none") == 0 || strcmp(dhcp4, "discover") == 0)
		return 0;
	return before;
}
