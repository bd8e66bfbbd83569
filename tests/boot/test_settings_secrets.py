"""A secret's value, given by every route that QEMU has, is on no screen, page or line of the log, however wrong its line is."""

import json
import re

from media import copy_configured
from overlay import overlay
from status_page import ask, wait_answer

SECRET = "SENTINEL"
PAGES = ["/", "/status.json", "/metrics", "/log", "/healthz", "/nothing"]


def test_no_secret_is_shown(dual_stack, boot, tmp_path):
    kernel = copy_configured("efi", tmp_path, f"service.env.SEEN = by image\nservice.secret.IMAGE = {SECRET}\n")
    initrd = overlay(tmp_path, {"/etc/thimble.conf": (0o644, f"service.secret.INITRD = {SECRET}\n".encode())})
    fw_cfg, laid = tmp_path / "fw_cfg", tmp_path / "laid"
    laid.write_text(SECRET)
    fw_cfg.write_text("\n".join([
        f"service.secret.1BAD = {SECRET}", f"service.secret.NO_EQUALS {SECRET}", f"service.secret.LONG = {SECRET * 600}",
        "service.secret.PEM = -----BEGIN PRIVATE KEY-----", f"{SECRET}", f"{SECRET}==", "-----END PRIVATE KEY-----", ""]))
    guest = boot(dual_stack, image=kernel, append=f'"thimble.service.secret.LINE={SECRET} of two" thimble.mtu=x',
                 extra=["-initrd", str(initrd), "-smbios", f"type=11,value=thimble:service.secret.OEM={SECRET}",
                        "-fw_cfg", f"name=opt/thimble/config,file={fw_cfg}",
                        "-fw_cfg", f"name=opt/thimble/files/run/secrets/laid,file={laid}"])
    host = guest.wait_address(r"192\.0\.2\.\d+")
    wait_answer(dual_stack, host)
    for page in PAGES:
        assert SECRET not in ask(dual_stack, host, page)[1], page
    log = ask(dual_stack, host, "/log")[1]
    assert len(re.findall(r"setting refused, from fw_cfg, line \d", log)) == 6, log
    assert 'line 1: "service.secret.1BAD" is no setting' in log
    assert 'line 2: "service.secret.NO_EQUALS", allowed' in log or "line 2: (not shown" in log
    json.loads(ask(dual_stack, host, "/status.json")[1])

    guest.press(b"c")  # what is set stands on the first page
    text = guest.wait_screen(r"^ Settings -[\s\S]*service\.secret\.LINE[\s\S]*power off")[0]
    seen = dict(re.findall(r"^ (service\.(?:env|secret)\.\S+) +(\S.*?) *$", text, re.MULTILINE))
    assert SECRET not in guest.screen()
    assert seen == {
        "service.env.SEEN": "by image  (image, line 1)", "service.secret.IMAGE": "(set)  (image, line 2)",
        "service.secret.INITRD": "(set)  (initrd, line 1)", "service.secret.OEM": "(set)  (SMBIOS, OEM string 1)",
        "service.secret.PEM": "(set)  (fw_cfg, line 4)", "service.secret.LINE": "(set)  (kernel command line)"}
    guest.press(b"l")
    guest.wait_screen(r"^ Log, lines")
    assert SECRET not in guest.screen()
