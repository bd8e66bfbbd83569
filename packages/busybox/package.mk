# busybox: the shell of images built with DEBUG=1. Not in any other image.
busybox_SOURCE  := busybox
busybox_LICENSE := GPL-2.0-only
busybox_WHY     := the shell of DEBUG=1
busybox_FILES   := bin/busybox

define busybox_BUILD
make allnoconfig HOSTCC=gcc
# One symbol a line; what a person looks for in a machine that misbehaves.
for symbol in STATIC LFS FEATURE_EDITING FEATURE_TAB_COMPLETION ASH SH_IS_ASH ASH_JOB_CONTROL ASH_ECHO ASH_TEST \
	ASH_PRINTF FEATURE_SH_STANDALONE FEATURE_PREFER_APPLETS BUSYBOX CAT LS GREP SED HEAD TAIL WC SLEEP PS FEATURE_PS_WIDE TOP \
	FEATURE_TOP_CPU_USAGE_PERCENTAGE FREE DMESG MOUNT UMOUNT DF KILL IP FEATURE_IP_ADDRESS FEATURE_IP_LINK \
	FEATURE_IP_ROUTE FEATURE_IP_NEIGH PING PING6 NETSTAT NSLOOKUP WGET NC HEXDUMP STRINGS ID UNAME UPTIME VI \
	LESS FIND XARGS TRUE FALSE TEST ECHO DATE HOSTNAME STTY CLEAR READLINK PIDOF; do
	sed -i "/^# CONFIG_$$symbol is not set/d; /^CONFIG_$$symbol=/d" .config
	echo "CONFIG_$$symbol=y" >> .config
done
(yes '' || true) | make oldconfig HOSTCC=gcc
make HOSTCC=gcc CC="$$CC" CFLAGS="$$CFLAGS" CFLAGS_busybox="$$LDFLAGS" LDFLAGS= SKIP_STRIP=n -j"$$JOBS" busybox
mkdir -p "$$DESTDIR/bin"
cp busybox "$$DESTDIR/bin/busybox"
endef
$(eval $(call debian-source,busybox))
