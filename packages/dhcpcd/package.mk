# dhcpcd: the DHCPv4, DHCPv6 and router advertisement client.

dhcpcd_SOURCE  := dhcpcd
dhcpcd_LICENSE := BSD-2-Clause AND BSD-3-Clause AND ISC
dhcpcd_WHY     := takes the addresses: DHCPv4, DHCPv6, SLAAC
dhcpcd_FILES   := sbin/dhcpcd

# --small:       no prefix delegation, no lease dumps, a short table of options; 8 KB of the image
# --disable-arp: no probing of IPv4 addresses (rootfs/etc/dhcpcd.conf says why), no IPv4LL; 6 KB, and with
#                privilege separation one process less for each address
# --dbdir:       leases and identity live as long as the guest runs: the root file system is read-only. Not
#                inside --rundir, because dhcpcd makes this folder first and without its parents
# configure wants CC to be one word
define dhcpcd_BUILD
printf '#!/bin/sh\nexec %s "$$@"\n' "$$CC" > cc-guest && chmod +x cc-guest
./configure CC="$$PWD/cc-guest" CFLAGS="$$CFLAGS" LDFLAGS="$$LDFLAGS" --enable-static \
	--prefix= --sysconfdir=/etc --sbindir=/sbin --libexecdir=/libexec \
	--rundir=/run/dhcpcd --dbdir=/run/dhcpcd-db \
	--enable-privsep --privsepuser=dhcpcd --enable-seccomp \
	--small --disable-arp --disable-auth --without-dev --without-udev --without-openssl
make -j"$$JOBS" -C src dhcpcd
mkdir -p "$$DESTDIR/sbin"
install -s src/dhcpcd "$$DESTDIR/sbin/dhcpcd"
endef

$(eval $(call debian-source,dhcpcd))
