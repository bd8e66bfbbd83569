# dns: a caching DNS forwarder. Asks the servers that DHCP and router advertisements named, keeps the answers.
SERVICE_PACKAGE   := dnsmasq
SERVICE_FILE      := sbin/dnsmasq
SERVICE_PORTS     := 53/udp 53/tcp
SERVICE_PROCESSES := 32
# In the foreground, log to stderr; answers only hosts on its own networks (never an open resolver); follows
# resolv.conf as the lease changes; names without a dot go nowhere; 1000 answers in the cache. What the organisation's
# servers say of private addresses is passed on: docs/dns.md.
SERVICE_ARGS      := --keep-in-foreground --log-facility=- --conf-file=/dev/null --pid-file= --user= \
	--no-hosts --local-service --domain-needed --cache-size=1000
