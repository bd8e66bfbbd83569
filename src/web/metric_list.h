/* All metrics, in their order: those made here, and those that are numbers of records. docs/monitoring.md is
 * made of the same lists. */
#ifndef WEB_METRIC_LIST_H
#define WEB_METRIC_LIST_H

#include "records/agent.h"
#include "records/child.h"
#include "records/log.h"
#include "records/nic.h"
#include "records/relay.h"
#include "records/system.h"

/* MADE(ID, TYPE, NAME, LABELS, HELP), LABELS as they stand in the page; OF(METRICS of a record, LABELS). */
/* clang-format off */
#define METRICS(MADE, OF) \
	MADE(M_BUILD_INFO, GAUGE, "build_info", "`appliance`, `version`, `arch`, `kernel`", "What runs here; always 1.") \
	MADE(M_HEALTHY, GAUGE, "healthy", "", "Whether the appliance does its job: 1 when /healthz answers 200.") \
	MADE(M_ATTENTION, GAUGE, "attention", "", "Whether somebody should look: 1 when the verdict is not all good.") \
	OF(SYSTEM_METRICS, "") \
	MADE(M_LAST_RESET, GAUGE, "last_reset", "`reason`", "Why the machine was reset last, where a watchdog tells; always 1.") \
	MADE(M_CLOCK_SYNCHRONISED, GAUGE, "clock_synchronised", "", "Whether a time server keeps the clock.") \
	MADE(M_CLOCK_OFFSET, GAUGE, "clock_offset_seconds", "", "How far off the clock was when it was last told.") \
	MADE(M_SERVICE_UP, GAUGE, "service_up", "", "Whether the service runs.") \
	MADE(M_SERVICE_HEALTHY, GAUGE, "service_healthy", "", "Whether the service passes its check, where it has one and runs.") \
	MADE(M_SERVICE_PORT_LISTENING, GAUGE, "service_port_listening", "`port`", "Whether the network can reach a port of the service; without a look yet there is no sample.") \
	MADE(M_PROGRAM_RUNNING, GAUGE, "program_running", "`name`", "Whether a program of the appliance runs.") \
	OF(CHILD_METRICS, "`name`") \
	MADE(M_PROGRAM_STATE, GAUGE, "program_state_seconds", "`name`, `state`", "How long it has been in its state.") \
	MADE(M_RELAY_READY, GAUGE, "relay_ready", "", "Whether the relay takes connections.") \
	OF(RELAY_METRICS, "") \
	MADE(M_RELAY_REFUSED, COUNTER, "relay_refused_total", "`reason`", "Clients that were refused, by reason.") \
	MADE(M_RELAY_CLOSED, COUNTER, "relay_closed_total", "`reason`", "Sessions that a limit ended, by reason.") \
	MADE(M_RELAY_BYTES, COUNTER, "relay_bytes_total", "`direction`", "Bytes that were passed on.") \
	MADE(M_RELAY_UPSTREAM_UP, GAUGE, "relay_upstream_up", "`upstream`, `source`", "Whether the last connection to an upstream was made; without a try yet there is no sample.") \
	MADE(M_RELAY_UPSTREAM_CONNECT, GAUGE, "relay_upstream_connect_seconds", "`upstream`, `source`", "How long the last connection to an upstream took to be made.") \
	MADE(M_NIC_UP, GAUGE, "nic_up", "`nic`", "Whether a NIC has link.") \
	MADE(M_NIC_ADDRESSES, GAUGE, "nic_addresses", "`nic`", "Addresses of a NIC that others can reach.") \
	OF(NIC_METRICS, "`nic`") \
	MADE(M_NIC_RECEIVE_BYTES, COUNTER, "nic_receive_bytes_total", "`nic`", "Bytes that a NIC has received.") \
	MADE(M_NIC_RECEIVE_PACKETS, COUNTER, "nic_receive_packets_total", "`nic`", "Packets that a NIC has received.") \
	MADE(M_NIC_RECEIVE_ERRORS, COUNTER, "nic_receive_errors_total", "`nic`", "Packets that came damaged.") \
	MADE(M_NIC_RECEIVE_DROPPED, COUNTER, "nic_receive_dropped_total", "`nic`", "Packets that came and were dropped.") \
	MADE(M_NIC_TRANSMIT_BYTES, COUNTER, "nic_transmit_bytes_total", "`nic`", "Bytes that a NIC has sent.") \
	MADE(M_NIC_TRANSMIT_PACKETS, COUNTER, "nic_transmit_packets_total", "`nic`", "Packets that a NIC has sent.") \
	MADE(M_NIC_TRANSMIT_ERRORS, COUNTER, "nic_transmit_errors_total", "`nic`", "Packets that could not be sent.") \
	MADE(M_NIC_TRANSMIT_DROPPED, COUNTER, "nic_transmit_dropped_total", "`nic`", "Packets that were dropped before they were sent.") \
	MADE(M_LOG_LINES, COUNTER, "log_lines_total", "", "Lines of the log since boot.") \
	MADE(M_SYSLOG_UP, GAUGE, "syslog_up", "", "Whether a collector takes the lines; 0 also when there is none.") \
	OF(COLLECTOR_METRICS, "") \
	MADE(M_AGENT_CONNECTED, GAUGE, "agent_connected", "", "Whether the hypervisor speaks with the agent.") \
	OF(AGENT_METRICS, "") \
	MADE(M_WEB_REQUESTS, COUNTER, "web_requests_total", "", "Requests that were answered here.") \
	MADE(M_WEB_CONNECTIONS, GAUGE, "web_connections", "", "Connections to this page that are open.") \
	MADE(M_WEB_REFUSED, COUNTER, "web_refused_total", "`reason`", "Clients of this page that were refused, by reason.")
/* clang-format on */

#endif
