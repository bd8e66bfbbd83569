# jsmn: cuts JSON into tokens. One header, which src/agent is compiled with.
jsmn_DEBS    := libjsmn-dev
jsmn_LICENSE := MIT
jsmn_WHY     := reads the requests of the QEMU guest agent protocol
$(eval $(call debian-binary,jsmn))
