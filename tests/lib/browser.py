"""A real browser: Chromium, driven by WebDriver."""

import json
import os
import pathlib

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from waiting import wait_until


class Browser:
    """Chromium without a window. DARK: what the person's system prefers; SCRIPTS: whether pages may run them."""

    def __init__(self, folder, width, height=900, dark=False, scripts=True):
        self.folder = pathlib.Path(folder)
        options = Options()
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                         "--disable-background-networking", "--no-first-run", f"--user-data-dir={self.folder / 'profile'}",
                         f"--window-size={width},{height}"):
            options.add_argument(argument)
        if dark:
            options.add_argument("--blink-settings=preferredColorScheme=0")
        if not scripts:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        home = {**os.environ, "HOME": str(self.folder)}
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver", env=home))
        # The window has a least width of its own; what a page sees of a phone's has not.
        self.command("Emulation.setDeviceMetricsOverride",
                     width=width, height=height, deviceScaleFactor=1, mobile=width < 500)
        if dark:
            self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])

    def command(self, name, **parameters):
        return self.driver.execute_cdp_cmd(name, parameters)

    def open(self, url):
        self.driver.get(url)

    def find(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector="body"):
        return self.driver.find_element(By.CSS_SELECTOR, selector).text

    def evaluate(self, script):
        return self.driver.execute_script(f"return {script}")

    def wait_text(self, text, selector="body", deadline_s=20):
        wait_until(lambda: text in self.text(selector), deadline_s, f"{selector} has {text!r}", lambda: self.text(selector))

    def complaints(self):
        """What the console has: errors of scripts, of the network, violations of the Content-Security-Policy."""
        return [entry for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def picture(self, path):
        """The whole page, also what one has to scroll to."""
        size = self.command("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        data = self.command("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"]
        import base64
        pathlib.Path(path).write_bytes(base64.b64decode(data))

    def exhibits(self):
        try:
            yield "browser: the page", self.text()
            yield "browser: its console", json.dumps(self.driver.get_log("browser"), indent=1)
        except Exception as error:  # it is gone
            yield "browser", repr(error)

    def close(self):
        self.driver.quit()
