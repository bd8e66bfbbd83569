# libmicrohttpd: HTTP/1.1, a static library of src/web (mk/programs.mk).
libmicrohttpd_SOURCE  := libmicrohttpd
libmicrohttpd_LICENSE := LGPL-2.1-or-later
libmicrohttpd_WHY     := speaks HTTP for the status page
libmicrohttpd_FILES   := lib/libmicrohttpd.a include/microhttpd.h

# It initialises itself when a daemon is started, not by a constructor, which would run in every program of the guest's one
# executable and write to variables that only web has (src/multicall): src/include/autoinit_funcs.h.
# One thread and the caller's epoll: everything optional is off. configure wants CC to be one word.
libmicrohttpd_CONFIGURE := --disable-dependency-tracking --disable-shared --enable-static --disable-doc --disable-examples \
	--disable-tools --disable-curl --with-threads=none --enable-epoll --disable-poll --disable-sendfile --disable-messages \
	--disable-postprocessor --disable-https --disable-bauth --disable-dauth --disable-httpupgrade --disable-cookie \
	--enable-compact-code --enable-build-type=neutral
define libmicrohttpd_BUILD
printf '#!/bin/sh\nexec %s "$$@"\n' "$$CC" > cc-guest && chmod +x cc-guest
./configure CC="$$PWD/cc-guest" CFLAGS="$$CFLAGS -D_GNUC_ATTR_CONSTR_NOT_SUPPORTED" LDFLAGS="$$LDFLAGS" --host=$(MUSL_TRIPLET) --prefix= $(libmicrohttpd_CONFIGURE)
make -j"$$JOBS" -C src/microhttpd libmicrohttpd.la
make -C src/microhttpd install-libLTLIBRARIES
make -C src/include install
endef

$(eval $(call debian-source,libmicrohttpd))
