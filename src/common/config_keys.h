/* THE table of settings: the parser, its errors, docs/configuration.md and `make help-config` come from it.
 *
 * KEY(ID, name, default, check, min, max, words, allowed, help)
 *   check    what is good: a function of config_check.c
 *   min, max of a number; of a list, how many items (min 0: empty is good, and takes a setting back)
 *   words    those allowed, NULL-terminated
 *   allowed  for errors, behind "allowed: "
 *   help     what it does */
#ifndef THIMBLE_CONFIG_KEYS_H
#define THIMBLE_CONFIG_KEYS_H

/* The word of relay.allow and status-allow for the networks that the machine is in. */
#define CONFIG_ON_LINK "on-link"
/* The words of trust. */
#define CONFIG_TRUST_ALL    "all"
#define CONFIG_TRUST_SINGLE "single"
/* The words of console, but for "on". */
#define CONFIG_OFF      "off"
#define CONFIG_READONLY "readonly"
/* Nobody: the value of a setting that says who may come and cannot be read. */
#define CONFIG_NONE "none"

/* clang-format off */
#define CONFIG_KEYS(KEY) \
	KEY(HOSTNAME, "hostname", "", check_host_name, 0, 0, NULL, \
		"a host name of letters, digits and hyphens, at most 64 (RFC 1123)", \
		"host name; if not set the one that DHCP gives, else `thimble-` and half the MAC") \
	KEY(IP, "ip", "dhcp", check_ip, 1, 16, NULL, \
		"dhcp, or NIC:ADDRESS/PREFIX[,GATEWAY], NIC:dhcp or NIC:none, NIC a name (eth0, eth0.5 for VLAN 5) or a MAC; " \
		"at most 16", \
		"addresses of NICs, IPv4 and IPv6; may stand in several lines. A family without one is automatic (DHCP, SLAAC); " \
		"`none`: nothing at all") \
	KEY(DNS, "dns", "", check_servers, 0, 3, NULL, \
		"ADDRESS[,...], at most 3", \
		"name servers, in place of those from DHCP and router advertisements") \
	KEY(SEARCH, "search", "", check_domains, 0, 8, NULL, \
		"DOMAIN[,...], at most 8", \
		"domains in which names are looked up, in place of those from DHCP and router advertisements") \
	KEY(NTP, "ntp", "", check_hosts, 0, 4, NULL, \
		"off, or HOST[,...], at most 4: names or addresses", \
		"time servers, in place of those from DHCP; `off`: none") \
	KEY(SYSLOG, "syslog", "", check_collector, 0, 0, NULL, \
		"off, udp://HOST[:PORT] or tcp://HOST[:PORT], an IPv6 address in brackets, port 514 unless given", \
		"the collector that the log is sent to (RFC 5424); if not set the log server that DHCP gives, by UDP") \
	KEY(TRUST, "trust", CONFIG_TRUST_ALL, check_trust, 1, 8, NULL, \
		"all, single, or NIC[,...], at most 8, NIC a name (eth0) or a MAC", \
		"NICs on which DHCP and router advertisements may name DNS, time and log servers, search domains and the host " \
		"name; `single`: the only one that has them, of several none") \
	KEY(MTU, "mtu", "0", check_mtu, 1280, 65535, NULL, \
		"0, or a number from 1280 to 65535", \
		"MTU of each NIC, as far as it can; 0: as DHCP says, else what the NIC has") \
	KEY(CONSOLE, "console", "on", check_words, 0, 0, console_words, \
		"on, off or readonly", \
		"the status screen: on, off, or without the keys that act") \
	KEY(STATUS_PORT, "status-port", "80", check_number, 0, 65535, NULL, \
		"a number from 0 to 65535", \
		"TCP port of the status page, JSON and metrics; 0: off") \
	KEY(STATUS_ALLOW, "status-allow", CONFIG_ON_LINK, check_allow, 1, 32, NULL, \
		"PREFIX[,...], on-link or none, at most 32: 10.0.0.0/8, 2001:db8::/32", \
		"clients that may see the status page; `on-link`: those of the networks that it is in") \
	KEY(SERVICE_ARGS, "service.args", "", check_arguments, 0, 0, NULL, \
		"printable words, parted as the shell does: 'quotes', \"quotes\" and \\ keep blanks; 4095 bytes in all", \
		"arguments of the service; nothing is expanded") \
	KEY(RELAY_LISTEN, "relay.listen", "[::]:1688", check_addresses, 1, 8, NULL, \
		"ADDRESS:PORT[,...], at most 8, an IPv6 address in brackets, ports 1 to 65535", \
		"where the relay listens; `[::]` takes IPv4 too") \
	KEY(RELAY_UPSTREAM, "relay.upstream", "", check_upstreams, 0, 16, NULL, \
		"HOST:PORT or srv:_service._tcp[.domain] [,...], at most 16, an IPv6 address in brackets, ports 1 to 65535", \
		"the hosts that the relay passes connections to, the first one preferred") \
	KEY(RELAY_ALLOW, "relay.allow", CONFIG_ON_LINK, check_allow, 1, 32, NULL, \
		"PREFIX[,...], on-link or none, at most 32: 10.0.0.0/8, 2001:db8::/32", \
		"clients that may use the relay; `on-link`: those of the networks that it is in") \
	KEY(RELAY_GUARD, "relay.guard", "off", check_guard, 0, 8, NULL, \
		"off, none, or dcerpc:UUID[,UUID], at most 8", \
		"lets only connections pass that begin with a DCE/RPC bind to one of these interfaces; `none`: none") \
	KEY(RELAY_MAX_CONNECTIONS, "relay.max-connections", "4096", check_number, 1, 100000, NULL, \
		"a number from 1 to 100000", \
		"connections at once; more are refused") \
	KEY(RELAY_MAX_CONNECTIONS_PER_CLIENT, "relay.max-connections-per-client", "0", check_number, 0, 100000, NULL, \
		"a number from 0 to 100000", \
		"the same of one address; 0: fifteen sixteenths of `relay.max-connections`") \
	KEY(RELAY_CONNECT_TIMEOUT_S, "relay.connect-timeout-s", "4", check_number, 1, 60, NULL, \
		"a number from 1 to 60", \
		"an upstream that has not answered by then is taken for down") \
	KEY(RELAY_FIRST_BYTE_TIMEOUT_S, "relay.first-byte-timeout-s", "30", check_number, 1, 86400, NULL, \
		"a number from 1 to 86400", \
		"a connection whose first byte (with a guard, first PDU) has not come by then is closed") \
	KEY(RELAY_IDLE_TIMEOUT_S, "relay.idle-timeout-s", "300", check_number, 1, 86400, NULL, \
		"a number from 1 to 86400", \
		"a connection without a byte either way is closed after so many seconds") \
	KEY(RELAY_HALF_CLOSED_TIMEOUT_S, "relay.half-closed-timeout-s", "60", check_number, 1, 86400, NULL, \
		"a number from 1 to 86400", \
		"the same once one side has ended its stream") \
	KEY(RELAY_MAX_SESSION_S, "relay.max-session-s", "86400", check_number, 1, 604800, NULL, \
		"a number from 1 to 604800", \
		"a connection is closed after so many seconds whatever it does") \
	KEY(RELAY_PROXY_PROTOCOL, "relay.proxy-protocol", "off", check_words, 0, 0, proxy_words, \
		"off or v2", \
		"`v2` tells the upstream the client's address by a PROXY protocol header; a KMS host does not understand it") \
	KEY(RELAY_LOG, "relay.log", "errors", check_words, 0, 0, log_words, \
		"errors or sessions", \
		"`sessions`: one line for each connection") \
	KEY(RELAY_SPLICE, "relay.splice", "on", check_words, 0, 0, on_words, \
		"on or off", \
		"`off` copies bytes through the relay's memory, to measure or to find a fault")
/* clang-format on */

#endif
