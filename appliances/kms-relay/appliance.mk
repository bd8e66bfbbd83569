# kms-relay: passes volume-activation requests from an isolated network to the organisation's own licensed KMS host.
SERVICE_PROGRAM   := relay
SERVICE_PORTS     := 1688/tcp
# One for the relay and a few for the children that resolve names.
SERVICE_PROCESSES := 8
