/* THE table of settings: the parser, its errors, docs/configuration.md and `make help-config` come from it.
 *
 * KEY(ID, name, default, check, min, max, words, allowed, help)
 *   check    accepts or rejects a value: a function of config_check.c
 *   min, max of a number; of a list, how many items (min 0: an empty value is accepted, and unsets the key)
 *   words    those allowed, NULL-terminated
 *   allowed  what errors print after "allowed: "
 *   help     what it does
 *
 * FAMILY(...), the same columns: keys that end in a name that the user chooses, NAME in the table. */
#ifndef THIMBLE_CONFIG_KEYS_H
#define THIMBLE_CONFIG_KEYS_H

/* The word of relay.allow and status-allow for the networks that the machine is on. */
#define CONFIG_ON_LINK "on-link"
/* The words of trust. */
#define CONFIG_TRUST_ALL    "all"
#define CONFIG_TRUST_SINGLE "single"
/* The words of console, but for "on". */
#define CONFIG_OFF      "off"
#define CONFIG_READONLY "readonly"
/* Nobody: the value of an access setting that is invalid. */
#define CONFIG_NONE "none"

/* clang-format off */
#define CONFIG_KEYS(KEY) \
	KEY(HOSTNAME, "hostname", "", check_host_name, 0, 0, NULL, \
		"a host name of letters, digits and hyphens, at most 64 (RFC 1123)", \
		"host name; if not set, the one from DHCP, else `thimble-` and the last three bytes of the MAC") \
	KEY(IP, "ip", "dhcp", check_ip, 1, 16, NULL, \
		"dhcp, or NIC:ADDRESS/PREFIX[,GATEWAY], NIC:dhcp or NIC:none, NIC a name (eth0, eth0.5 for VLAN 5) or a MAC; " \
		"at most 16", \
		"addresses of NICs, IPv4 and IPv6; several lines add up. A family without an address is automatic (DHCP, " \
		"SLAAC); `none`: no address at all") \
	KEY(DNS, "dns", "", check_servers, 0, 3, NULL, \
		"ADDRESS[,...], at most 3", \
		"name servers; they replace those from DHCP and router advertisements") \
	KEY(SEARCH, "search", "", check_domains, 0, 8, NULL, \
		"DOMAIN[,...], at most 8", \
		"search domains; they replace those from DHCP and router advertisements") \
	KEY(NTP, "ntp", "", check_hosts, 0, 4, NULL, \
		"off, or HOST[,...], at most 4: names or addresses", \
		"time servers; they replace those from DHCP. `off`: none") \
	KEY(SYSLOG, "syslog", "", check_collector, 0, 0, NULL, \
		"off, udp://HOST[:PORT] or tcp://HOST[:PORT], an IPv6 address in brackets, port 514 unless given", \
		"syslog collector (RFC 5424); if not set, the log servers from DHCP, over UDP") \
	KEY(TRUST, "trust", CONFIG_TRUST_ALL, check_trust, 1, 8, NULL, \
		"all, single, or NIC[,...], at most 8, NIC a name (eth0) or a MAC", \
		"NICs on which DHCP and router advertisements may set DNS, time and log servers, search domains and the host " \
		"name; `single`: the one NIC that uses them; if there are several, none of them") \
	KEY(MTU, "mtu", "0", check_mtu, 1280, 65535, NULL, \
		"0, or a number from 1280 to 65535", \
		"MTU of each NIC, up to its maximum; 0: the one from DHCP, else the NIC's own") \
	KEY(CONSOLE, "console", "on", check_words, 0, 0, console_words, \
		"on, off or readonly", \
		"status screen; `readonly`: without the keys that restart and power off") \
	KEY(STATUS_PORT, "status-port", "80", check_number, 0, 65535, NULL, \
		"a number from 0 to 65535", \
		"TCP port of the status page, JSON and metrics; 0: off") \
	KEY(STATUS_ALLOW, "status-allow", CONFIG_ON_LINK, check_allow, 1, 32, NULL, \
		"PREFIX[,...], on-link or none, at most 32: 10.0.0.0/8, 2001:db8::/32", \
		"clients that may see the status page; `on-link`: those on the networks that the guest is on") \
	KEY(SERVICE_ARGS, "service.args", "", check_arguments, 0, 0, NULL, \
		"printable words, split as a shell does: 'quotes', \"quotes\" and \\ keep spaces; 4095 bytes in all", \
		"arguments of the service; nothing is expanded") \
	KEY(SERVICE_CHECK, "service-check", CONFIG_OFF, check_service_check, 0, 0, NULL, \
		"off, tcp:PORT or http:PORT/PATH, ports 1 to 65535, the path without blanks", \
		"what the service is asked at 127.0.0.1, then ::1, every 3 s; when it has failed three times in a row it is " \
		"restarted. It takes the place of the image's own health check, which restarts nothing") \
	KEY(RELAY_LISTEN, "relay.listen", "[::]:1688", check_addresses, 1, 8, NULL, \
		"ADDRESS:PORT[,...], at most 8, an IPv6 address in brackets, ports 1 to 65535", \
		"where the relay listens; `[::]` accepts IPv4 too") \
	KEY(RELAY_UPSTREAM, "relay.upstream", "", check_upstreams, 0, 16, NULL, \
		"HOST:PORT or srv:_service._tcp[.domain] [,...], at most 16, an IPv6 address in brackets, ports 1 to 65535", \
		"upstream hosts of the relay; the first is preferred") \
	KEY(RELAY_ALLOW, "relay.allow", CONFIG_ON_LINK, check_allow, 1, 32, NULL, \
		"PREFIX[,...], on-link or none, at most 32: 10.0.0.0/8, 2001:db8::/32", \
		"clients that may use the relay; `on-link`: those on the networks that the guest is on") \
	KEY(RELAY_GUARD, "relay.guard", "off", check_guard, 0, 8, NULL, \
		"off, none, or dcerpc:UUID[,UUID], at most 8", \
		"accepts only connections that begin with a DCE/RPC bind to one of these interfaces; `none`: no connection") \
	KEY(RELAY_MAX_CONNECTIONS, "relay.max-connections", "4096", check_number, 1, 100000, NULL, \
		"a number from 1 to 100000", \
		"connections at once; then an older one gives way or the new one is refused") \
	KEY(RELAY_MAX_CONNECTIONS_PER_CLIENT, "relay.max-connections-per-client", "0", check_number, 0, 100000, NULL, \
		"a number from 0 to 100000", \
		"connections at once from one IPv4 address or IPv6 /64; 0: fifteen sixteenths of `relay.max-connections`") \
	KEY(RELAY_CONNECT_TIMEOUT_S, "relay.connect-timeout-s", "4", check_number, 1, 60, NULL, \
		"a number from 1 to 60", \
		"an upstream that does not answer within this time counts as down") \
	KEY(RELAY_FIRST_BYTE_TIMEOUT_S, "relay.first-byte-timeout-s", "30", check_number, 1, 86400, NULL, \
		"a number from 1 to 86400", \
		"a connection is closed if its first byte (with a guard, its first PDU) does not arrive within this time") \
	KEY(RELAY_IDLE_TIMEOUT_S, "relay.idle-timeout-s", "300", check_number, 1, 86400, NULL, \
		"a number from 1 to 86400", \
		"a connection is closed after this time without a byte in either direction") \
	KEY(RELAY_HALF_CLOSED_TIMEOUT_S, "relay.half-closed-timeout-s", "60", check_number, 1, 86400, NULL, \
		"a number from 1 to 86400", \
		"the idle timeout once one side has closed its stream") \
	KEY(RELAY_MAX_SESSION_S, "relay.max-session-s", "86400", check_number, 1, 604800, NULL, \
		"a number from 1 to 604800", \
		"a connection is closed after this time in any case") \
	KEY(RELAY_PROXY_PROTOCOL, "relay.proxy-protocol", "off", check_words, 0, 0, proxy_words, \
		"off or v2", \
		"`v2` sends the client's address to the upstream in a PROXY protocol header; a KMS host does not understand it") \
	KEY(RELAY_LOG, "relay.log", "errors", check_words, 0, 0, log_words, \
		"errors or sessions", \
		"`sessions`: one line per connection") \
	KEY(RELAY_SPLICE, "relay.splice", "on", check_words, 0, 0, on_words, \
		"on or off", \
		"`off` copies bytes through the relay's memory, for measurements and debugging")

#define CONFIG_VARIABLE_ALLOWED \
	"NAME: letters, digits and _, not a digit first, at most 64; the value: no control characters, at most 4095 " \
	"bytes; 64 variables and 16384 bytes in all"
#define CONFIG_FAMILIES(FAMILY) \
	FAMILY(SERVICE_ENV, "service.env.NAME", "", check_variable, 0, 0, NULL, \
		CONFIG_VARIABLE_ALLOWED, \
		"variable NAME of the service's environment") \
	FAMILY(SERVICE_SECRET, "service.secret.NAME", "", check_variable, 0, 0, NULL, \
		CONFIG_VARIABLE_ALLOWED, \
		"the same for a key or token: its value is never shown; the service has it as the file `/run/secrets/NAME` too")
/* clang-format on */

#endif
