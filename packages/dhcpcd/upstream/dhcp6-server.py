#!/usr/bin/python3
"""dhcp6-server.py NIC CASE: a router and DHCPv6 server, by scapy, that says what no server should. The
cases are those of the reports beside it, and are sent with them."""

import sys
import time

from scapy.all import (ICMPv6ND_RA, ICMPv6ND_RS, UDP, Ether, IPv6, IPv6ExtHdrFragment, Raw, fragment6,
                       get_if_hwaddr, in6_getifaddr, sendp, sniff)
from scapy.layers.dhcp6 import (DHCP6_Advertise, DHCP6_Reply, DHCP6_Request, DHCP6_Solicit, DHCP6OptClientId,
                                DHCP6OptIA_NA, DHCP6OptIAAddress, DHCP6OptPref, DHCP6OptServerId, DHCP6OptStatusCode,
                                DUID_LL)

NIC, CASE = sys.argv[1:]
MAC = get_if_hwaddr(NIC)
ME = next(address for address, _, nic in in6_getifaddr() if nic == NIC and address.startswith("fe80"))
GOOD, NO_ADDRESSES_AVAILABLE = "2001:db8:1::77", 2


def identity(query, addresses, t1=0, t2=0, valid=3600):
    options = [DHCP6OptIAAddress(addr=address, preflft=valid, validlft=valid) for address in addresses]
    return DHCP6OptIA_NA(iaid=query[DHCP6OptIA_NA].iaid, T1=t1, T2=t2, ianaopts=options)


def said(query, chosen):
    """The options behind the two DUIDs; CHOSEN: the client asks for what it was offered."""
    if CASE == "cut":  # DNS servers of 32 bytes, of which 12 are there
        return identity(query, [GOOD]) / Raw(b"\x00\x17\x00\x20\x20\x01\x0d\xb8" + bytes(8))
    if CASE == "many" and chosen:
        return identity(query, [f"2001:db8:1::{number:x}" for number in range(1, 2001)])
    if CASE == "multicast":
        return identity(query, ["ff02::77"])
    if CASE == "t1-after-t2":
        return identity(query, [GOOD], t1=3000, t2=1000)
    if CASE == "taken-back" and chosen:
        return identity(query, [GOOD], valid=0)
    if CASE == "refuses" and chosen:
        refused = identity(query, [])
        refused.ianaopts = [DHCP6OptStatusCode(statuscode=NO_ADDRESSES_AVAILABLE)]
        return refused
    if CASE == "refuses":
        return identity(query, [GOOD]) / DHCP6OptPref(prefval=255)
    return identity(query, [GOOD])


def handle(query):
    if ICMPv6ND_RS in query:
        sendp(Ether(src=MAC, dst="33:33:00:00:00:01") / IPv6(src=ME, dst="ff02::1", hlim=255) /
              ICMPv6ND_RA(M=1, routerlifetime=1800), iface=NIC, verbose=False)
    if UDP not in query or not isinstance(query[UDP].payload, (DHCP6_Solicit, DHCP6_Request)):
        return
    asked = query[UDP].payload
    chosen = isinstance(asked, DHCP6_Request)
    print(f"{time.monotonic():.3f} {'REQUEST' if chosen else 'SOLICIT'}", flush=True)
    head = (DHCP6_Reply if chosen else DHCP6_Advertise)(trid=asked.trid)
    head /= DHCP6OptServerId(duid=DUID_LL(lladdr=MAC)) / DHCP6OptClientId(duid=query[DHCP6OptClientId].duid)
    ip = IPv6(src=ME, dst=query[IPv6].src)
    answer = IPv6(bytes(ip / UDP(sport=547, dport=546) / head / said(query, chosen)))
    small = len(answer) <= 1400
    for part in [answer] if small else fragment6(ip / IPv6ExtHdrFragment() / answer.payload, 1400):
        sendp(Ether(src=MAC, dst=query[Ether].src) / part, iface=NIC, verbose=False)


sniff(iface=NIC, filter="icmp6 or udp port 547", prn=handle, store=False)
