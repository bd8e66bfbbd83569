/* File systems, folders and kernel settings of the guest. */
#ifndef THIMBLE_MOUNTS_H
#define THIMBLE_MOUNTS_H

#include <stdint.h>

/* Makes the file systems, folders and kernel settings that everything else needs. Failures are
 * logged and left at that: a guest with a part missing shows more than one that does not start. */
enum mount_step { MOUNT_FIRST, MOUNT_REST };
void mount_step(enum mount_step step);
void apply_sysctl(const char *path);
/* What a service in a box may do without capabilities: listen on ports below 1024, send ICMP echo requests.
 */
void open_network_to_box(void);

/* Memory files may be executed. */
void open_memory_files(void);
/* From now on nobody makes a user namespace. */
void close_user_namespaces(void);
/* net.ipv4.tcp_mem by what this guest has: the kernel's own choice for a small one, a sixteenth, makes TCP
 * end connections by RST as soon as a thousand come at once (tcp_check_oom() in net/ipv4/tcp.c). */
void set_tcp_memory(uint64_t available_bytes);
void bring_loopback_up(void);

#endif
