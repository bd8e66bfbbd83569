"""On QEMU's own user network, as `make run` has it, the appliance gets both addresses and is reached."""

import socket

from guest import slaac_address


def test_host_port_reaches_the_service(keep, boot):
    with socket.create_server(("127.0.0.1", 0)) as upstream:
        upstream.settimeout(60)
        guest = boot("user", upstream=f"10.0.2.2:{upstream.getsockname()[1]}")
        guest.wait_screen(r"10\.0\.2\.15/24\s+dhcp")
        guest.wait_screen(slaac_address("fec0::/64", guest.nics[0].mac) + r"/64\s+slaac")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        guest.qmp.command("human-monitor-command", command_line=f"hostfwd_add net0 tcp:127.0.0.1:{port}-:1688")
        with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
            client.sendall(b"ping")
            server, _ = upstream.accept()
            with server:
                server.settimeout(60)
                assert server.recv(100) == b"ping"
                server.sendall(b"pong")
                assert client.recv(100) == b"pong"
