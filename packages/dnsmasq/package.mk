# dnsmasq: a small DNS forwarder, for the appliance `dns`.
dnsmasq_SOURCE  := dnsmasq
dnsmasq_LICENSE := GPL-2.0-only OR GPL-3.0-only
dnsmasq_WHY     := the service of the appliance dns
dnsmasq_FILES   := sbin/dnsmasq

# DNS alone: addresses come from elsewhere, and scripts have no shell here.
define dnsmasq_BUILD
make CC="$$CC" CFLAGS="$$CFLAGS" LDFLAGS="$$LDFLAGS" \
	COPTS="-DNO_DHCP -DNO_TFTP -DNO_SCRIPT -DNO_AUTH -DNO_IPSET -DNO_DUMPFILE -DNO_ID -DNO_GMP" all
mkdir -p "$$DESTDIR/sbin"
cp src/dnsmasq "$$DESTDIR/sbin/dnsmasq"
endef
$(eval $(call debian-source,dnsmasq))
