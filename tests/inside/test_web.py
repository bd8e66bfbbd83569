"""Whatever call of the page's server fails, browsers and scrapers get their answers again."""

import http.client
import json
import socket

from console import Records
from netns import Namespace
from nth import BIN, Scenario

PORT = 80


class WebScenario(Scenario):
    program = "web"

    def __init__(self, keep):
        self.box = keep(Namespace("box"))

    def begin(self, run):
        records = Records(run.run_dir)
        records.well()
        records.write("init", "config", **{"status-port": PORT, "status-allow": "127.0.0.0/8"})
        run.start(BIN / "web", namespace=self.box)

    def ready(self, run):
        return "listening on port" in run.log_text()

    def ask(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", PORT)
        connection.sock = self.box.connect("127.0.0.1", PORT, 1)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read().decode("ascii")
            assert answer.status == 200, f"{path}: {answer.status} {body}"
            return body
        except (http.client.HTTPException, socket.timeout) as error:
            raise OSError(repr(error)) from error
        finally:
            connection.close()

    def job(self, run):
        assert "relay1" in self.ask("/")
        assert json.loads(self.ask("/status.json"))["system"]["hostname"] == "relay1"
        assert "thimble_" in self.ask("/metrics")
        assert "line 40 of the log" in self.ask("/log")


def test_a_call_fails(campaign, call):
    campaign(WebScenario, call)
