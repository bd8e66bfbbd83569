/* Options of TCP sockets. None of these fails in a way that a session should end for. */
#ifndef RELAY_TCP_H
#define RELAY_TCP_H

/* Each write goes out at once. */
void tcp_set_nodelay(int fd);

/* Probes a silent peer after 60 s, then each 15 s, and gives it up after 4 probes without an answer. */
void tcp_set_keepalive(int fd);

/* Makes close(2) send RST and drop what was not sent yet. */
void tcp_set_reset_on_close(int fd);

#endif
