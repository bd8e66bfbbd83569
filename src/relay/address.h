/* The address of one TCP endpoint, port included. */
#ifndef RELAY_ADDRESS_H
#define RELAY_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>

enum { ADDRESSES_MAX = 8 }; /* of one name: more are left out */

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
	socklen_t bytes;
};

#endif
