# kms-relay: passes volume-activation requests from an isolated network to the organisation's own licensed KMS host.
SERVICE_PROGRAM   := relay
SERVICE_PORTS     := 1688/tcp
SERVICE_PROCESSES := 2
# Finds that host by DNS, and tells by its records.
HELPER_PROGRAM    := resolver
SERVICE_SEES      := init resolver
