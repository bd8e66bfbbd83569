"""The page in a real browser: readable at each size, light and dark, with scripts and without; it follows its appliance by itself."""

import itertools
import re

import pytest

from browser import Browser
from console import boot_ms
from netns import stop
from waiting import wait_until
from web import Web

WIDTHS = (360, 768, 1920)
LONG = "a line that is longer than a telephone is wide, with_a_word_that_has_no_blank_in_it_" + "x" * 200


@pytest.fixture
def web(keep, tmp_path):
    web = keep(Web(tmp_path))
    web.records.well()
    return web


@pytest.fixture
def browse(keep, tmp_path, web):
    numbers = itertools.count()

    def browse(width=1024, **options):
        browser = keep(Browser(tmp_path / f"browser{next(numbers)}", width, **options))
        browser.open(web.url())
        return browser
    return browse


def troubled(records):
    """As much as there is to say."""
    records.system(clock_source="ntp", clock_ntp="synchronised", clock_server="2001:db8::123", clock_offset_us=312,
                   settings_refused=1, setting_refused=[LONG])
    records.relay(upstream=["10.0.0.5:1688 up", f"[2001:db8:1234:5678:9abc:def0:1234:5678]:1688 down {LONG[:80]}"],
                  upstream_source=["srv:_vlmcs._tcp.branch.example.org"] * 2, refused_not_allowed=17)
    records.nic("enp0s31f6", link="down", address=[], gateway=[], dhcp4="none", ra="none")
    records.write("init", "child.net", name="net", state="waiting", since_ms=boot_ms(), next_start_ms=boot_ms() + 9000,
                  restarts=2, last_exit="killed by SIGSEGV", last_exit_ms=boot_ms())
    records.write_raw("log", "lines", f"1000 6 relay started\n2000 4 kernel {LONG}\n3000 3 net it failed\n")


@pytest.mark.parametrize("width", WIDTHS)
def test_sizes_and_colours(web, browse, tmp_path, width):
    troubled(web.records)
    browser = browse(width)
    text = browser.text()
    for words in ("kms-relay 0.1.0", "relay1", "Ready: relay to 10.0.0.5:1688; 1 of 2 upstreams down; 1 setting refused",
                  "relay running for", "ready, 3 connections now of 4096, 1204 in all", "17 not allowed", "net waiting, next start in",
                  "16.0 MiB free of 28.0 MiB", "(ntp 2001:db8::123, +0.3 ms)", "192.0.2.77/24", "2001:db8::77/64",
                  "gateway 192.0.2.1 (dhcp), fe80::1 (ra)", "no link: connect its cable", "192.0.2.1 (dhcp4", "it failed"):
        assert words in text, f"{words!r} is not in:\n{text}"
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    # Nothing is cut or runs out at the right.
    assert browser.evaluate("""[...document.querySelectorAll('main *')].filter(e => e.id !== 'said' &&
        (e.getBoundingClientRect().right > innerWidth + 1 || e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0
         && getComputedStyle(e).display !== 'inline')).map(e => e.outerHTML)""") == []
    for dark in (False, True):
        browser.prefer(dark)
        ground = browser.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", ground))) < 150) == dark, ground
        browser.picture(tmp_path / f"page-{'dark' if dark else 'light'}.png")
    assert browser.complaints() == []


def test_it_follows_by_itself(web, browse):
    """A restart of the service is seen without loading the page again; so is that nobody answers, and that somebody does again."""
    browser = browse()
    browser.evaluate("window.here = true")
    browser.driver.execute_script("window.here = true; scrollTo(0, 40); document.querySelector('nav a').focus()")
    assert "pid 77" in browser.text("#state")
    web.records.service(state="waiting", restarts=1, last_exit="killed by SIGKILL", next_start_ms=boot_ms() + 4000)
    browser.wait_text("Not ready: relay failed (killed by SIGKILL)", "#verdict")
    assert browser.find("#verdict.bad") and browser.driver.title.startswith("Not ready: ")
    wait_until(lambda: "killed by SIGKILL" in browser.evaluate("document.getElementById('said').textContent"), 5, "it is said aloud")
    web.records.service(pid=78, restarts=1, last_exit="killed by SIGKILL", last_exit_ms=boot_ms())
    browser.wait_text("pid 78", "#state")
    browser.wait_text("Ready: relay to 10.0.0.5:1688; relay restarted (killed by SIGKILL)", "#verdict")
    made = browser.text("#made")
    wait_until(lambda: browser.text("#made") != made, 10, "the time of the page moves on")
    assert browser.evaluate("[window.here, document.activeElement.textContent]") == [True, "Log"]
    assert browser.complaints() == []
    assert stop(web.child) == 0
    browser.wait_text("No answer from the appliance since", "#verdict")
    assert browser.find("#verdict.bad") and "pid 78" in browser.text("#state")
    web.start()
    browser.wait_text("Ready: relay to 10.0.0.5:1688", "#verdict")
    assert browser.evaluate("window.here") is True


def test_marked_text_stays(web, browse):
    """Who marks something to copy it is not disturbed."""
    browser = browse()
    browser.driver.execute_script("getSelection().selectAllChildren(document.querySelector('#state'))")
    made = browser.text("#made")
    web.records.service(pid=99)
    asked = web_requests(web)
    with pytest.raises(AssertionError):
        wait_until(lambda: web_requests(web) > asked + 100 or browser.text("#made") != made, 5, "a page that is brought up to date")
    browser.driver.execute_script("getSelection().empty()")
    browser.wait_text("pid 99", "#state")


def web_requests(web):
    return int(re.search(r"^thimble_web_requests_total (\d+)$", web.get("/metrics"), re.M)[1])


def test_without_scripts(web, browse):
    browser = browse(scripts=False)
    assert "Ready: relay to 10.0.0.5:1688" in browser.text("#verdict")
    assert "It stays as it is: load it again to see what is now." in browser.text("#made")
    web.records.service(pid=78)
    browser.driver.refresh()
    assert "pid 78" in browser.text("#state")
    assert browser.complaints() == []


def test_links(web, browse):
    web.lines([(1000, 6, "relay", "the whole log")])
    browser = browse()
    for name, words in (("Log", "info relay: the whole log"), ("JSON", '"schema": 1'), ("Metrics", "thimble_healthy 1")):
        next(link for link in browser.find("nav a") if link.text == name).click()
        browser.wait_text(words)
        browser.open(web.url())


def test_hostile_text_does_nothing(web, browse):
    web.records.system(hostname="<img src=x onerror=alert(1)>", machine="</table></main><script>document.title='x'</script>")
    web.records.log(["<svg onload=alert(2)>", "&lt;b&gt;"])
    browser = browse()
    assert "<img src=x onerror=alert(1)>" in browser.text("#host")
    assert browser.find("#state img, #state svg, #state script, #host img") == []
    assert "<svg onload=alert(2)>" in browser.text() and "&lt;b&gt;" in browser.text()
    assert browser.driver.title.startswith("Ready") and browser.complaints() == []


def luminance(colour):
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


# What is written, in which colour, on which.
PAIRS = """[...document.querySelectorAll('body *')].filter(e => !['SCRIPT', 'STYLE'].includes(e.tagName) &&
    [...e.childNodes].some(n => n.nodeType === Node.TEXT_NODE && n.data.trim())).map(e => {
        let ground = e;
        while (ground !== document.body && getComputedStyle(ground).backgroundColor === 'rgba(0, 0, 0, 0)')
            ground = ground.parentElement;
        return [e.textContent.slice(0, 40), getComputedStyle(e).color, getComputedStyle(ground).backgroundColor];
    })"""


def test_everybody_can_use_it(web, browse):
    """Contrast by WCAG 2 AA for each text that there is; landmarks, headings, tables with headings of their rows; the state in words."""
    troubled(web.records)
    browser = browse()

    def texts(selector):
        return browser.evaluate(f"[...document.querySelectorAll('{selector}')].map(e => e.textContent.trim())")
    for dark in (False, True):
        browser.prefer(dark)
        pairs = browser.evaluate(PAIRS)
        assert len(pairs) > 40
        assert [pair for pair in pairs if contrast(pair[1], pair[2]) < 4.5] == []
    assert browser.evaluate("document.documentElement.lang") == "en"
    assert [len(texts(name)) for name in ("header", "main", "footer", "nav[aria-label]", "h1")] == [1] * 5
    assert texts("h1, h2") == ["kms-relay 0.1.0", "State", "Network", "Log"]
    assert texts("table > caption > h2") == ["State", "Network"] and len(texts("table")) == 2
    assert len(texts("th")) == len(texts("th[scope=row]")) == len(texts("tr"))
    assert browser.evaluate("[...document.querySelectorAll('[aria-live]')].map(e => e.id)") == ["said"]
    # What is coloured says in words what the colour says.
    assert {text.split()[-1] for text in texts("b.good")} == {"running", "ready", "up", "UP"}
    assert {text.split()[-1] for text in texts("#state b.bad")} >= {"waiting", "down", "DOWN"}
    assert set(texts("li .warn, li .bad")) == {"warning", "error"}
