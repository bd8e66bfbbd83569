/* DNS queries with ids of the kernel's randomness. musl takes them from the clock's nanoseconds, which whoever
 * forges an answer can guess better than one in 65,536. This stands in the C library in place of its own
 * res_mkquery(), which it calls (mk/toolchain.mk), so that it holds for each program and package that asks DNS:
 * res_query(), getaddrinfo(). */
#include <stddef.h>

int mkquery_by_clock(int op, const char *name, int class, int type, const unsigned char *data, int length,
	const unsigned char *record, unsigned char *query, int size);
int __res_mkquery(int op, const char *name, int class, int type, const unsigned char *data, int length,
	const unsigned char *record, unsigned char *query, int size);
long getrandom(void *bytes, size_t count, unsigned flags);

int __res_mkquery(int op, const char *name, int class, int type, const unsigned char *data, int length,
	const unsigned char *record, unsigned char *query, int size)
{
	enum { ID_BYTES = 2 }; /* RFC 1035 4.1.1: the id stands first */
	int used = mkquery_by_clock(op, name, class, type, data, length, record, query, size);
	return used > 0 && getrandom(query, ID_BYTES, 0) == ID_BYTES ? used : -1;
}

__typeof__(__res_mkquery) res_mkquery __attribute__((weak, alias("__res_mkquery")));
