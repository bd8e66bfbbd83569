# ntpd: the NTP client, BusyBox with this applet alone and no shell. Started by src/clock.
ntpd_SOURCE  := busybox
ntpd_LICENSE := GPL-2.0-only AND ISC AND NTP
ntpd_WHY     := takes the time from NTP servers
ntpd_FILES   := bin/ntpd

# MAX_VERBOSE: what -d would tell. BUILD_TIME: no earlier time is believed (patch 10).
define ntpd_BUILD
make allnoconfig HOSTCC=gcc
# A shell is in it unless it is told not to be.
sed -i '/^CONFIG_SH_IS_ASH=/d; /^CONFIG_SHELL_ASH=/d' .config
for symbol in STATIC LFS NTPD FEATURE_IPV6 SH_IS_NONE; do
	sed -i "/^# CONFIG_$$symbol is not set/d; /^CONFIG_$$symbol=/d" .config
	echo "CONFIG_$$symbol=y" >> .config
done
(yes '' || true) | make oldconfig HOSTCC=gcc
for symbol in FEATURE_NTPD_SERVER FEATURE_NTPD_CONF FEATURE_NTP_AUTH; do
	sed -i "s/^CONFIG_$$symbol=y/# CONFIG_$$symbol is not set/" .config
done
sed -i 's/^#define MAX_VERBOSE .*/#define MAX_VERBOSE 0/' networking/ntpd.c
make HOSTCC=gcc CC="$$CC" CFLAGS="$$CFLAGS -DBUILD_TIME=$$SOURCE_DATE_EPOCH" CFLAGS_busybox="$$LDFLAGS" LDFLAGS= SKIP_STRIP=n -j"$$JOBS" busybox
mkdir -p "$$DESTDIR/bin"
cp busybox "$$DESTDIR/bin/ntpd"
endef
$(eval $(call debian-source,ntpd))
