"""The live page in a browser: it shows what the catalogue later holds, and harms nothing."""

import contextlib
import re
import shutil
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from bluesky.utils import RunEngineInterrupted

from blueslice.analysis import Roi
from blueslice.plans import two_pulse
from blueslice.recordings.export.measures import derived_sizes
from blueslice.recordings.export.run_data import open_run_data
from blueslice.rig import make_sim_rig
from blueslice.session import Session
from blueslice.view.live.numbers import size_text

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
pytest.importorskip("nicegui", reason="the live page's packages (blueslice[live]) are absent")
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        shutil.which("chromedriver") is None,
        reason="Debian's packages chromium and chromium-driver are absent",
    ),
]
SPINE = Roi(name="spine", y=30, x=30, height=6, width=6)


@pytest.fixture(scope="module")
def browser():
    options = webdriver.ChromeOptions()
    for argument in ("headless=new", "no-sandbox", "disable-gpu", "window-size=1280,860"):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    yield driver
    driver.quit()


class Page:
    """The page's server in a process of its own, and the page in the browser."""

    def __init__(self, directory, browser, *arguments):
        self.browser = browser
        command = [sys.executable, "-m", "blueslice.cli", "live", "--no-browser", *arguments]
        self.process = subprocess.Popen(
            [*command, "--data-dir", str(directory.path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.address = re.search(r"http\S+", self.process.stdout.readline()).group()

    def open(self):
        self.browser.get(self.address)
        self.until(lambda: self.script("return Boolean(window.blueslice)"))
        return self

    def script(self, text, *arguments):
        return self.browser.execute_script(text, *arguments)

    def until(self, condition, timeout_s=30.0):
        deadline_s = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline_s, self.text
            time.sleep(0.05)

    @property
    def text(self):
        return self.script("return document.body.innerText")

    def series(self, name):
        """Return the data of one of the chart's lines."""
        find = "return document.querySelector('.nicegui-echart').id.replace('c', '')"
        return self.script(
            "return blueslice.data(Number(arguments[0]), arguments[1])", self.script(find), name
        )

    def buttons(self, within=""):
        return self.browser.find_elements(By.CSS_SELECTOR, f"{within}button")

    def shown(self):
        return self.script("return blueslice.shown")

    def close(self):
        """End the server; return all that it printed after the address."""
        self.process.terminate()
        return "".join(self.process.communicate(timeout=20))


@pytest.fixture
def open_page(directory, browser):
    pages = []

    def open_with(*arguments):
        pages.append(Page(directory, browser, *arguments))
        return pages[-1].open()

    yield open_with
    for page in pages:
        if page.process.poll() is None:
            page.close()


def live_session(directory, **options):
    rig = make_sim_rig(11, data_directory=directory, pace="real")
    session = Session(rig, directory, rois=[SPINE], **options)
    session.allow_exposure()
    return session


def run_beside(session, plan):
    """Run a plan in the session while this thread looks at the page."""

    def run():
        # As the page's abort ends it.
        with contextlib.suppress(RunEngineInterrupted):
            session.RE(plan)

    thread = threading.Thread(target=run)
    # A signal handler cannot be set beside the main thread.
    session.RE.context_managers = []
    thread.start()
    return thread


def test_the_page_grows_with_the_trial_and_shows_what_the_catalogue_holds(directory, open_page):
    with live_session(directory) as session:
        page = open_page()
        page.until(lambda: session.feed.watched)
        running = run_beside(session, two_pulse(session.rig, trials=3, blanks=1, rest_s=0.5))
        page.until(lambda: len({trial for _, trial, _, _ in page.shown()}) >= 2)
        running.join(60)
        session.wait()
        page.until(lambda: "4 of 4 trials done" in page.text)
        page.until(lambda: page.shown()[-1][1] == 4 and page.shown()[-1][2] == 100)
        # It grew: some trial was shown before all its frames were there.
        assert any(0 < samples < 100 for _, _, samples, _ in page.shown())
        derived = session.catalogue.v3[-1]
        assert derived.metadata["start"]["raw_run"] == session.start["uid"]
        table = derived["dff"].read()
        with open_run_data(session.catalogue.v3, session.start["uid"]) as run:
            assert run.derived is not None
            sizes = derived_sizes(run, run.derived)
        for panel, ion in enumerate(("sodium", "calcium")):
            kept = np.asarray(table[ion])[-1][0] * 100
            times_ms = np.asarray(table[f"{ion}_time"])[-1] * 1e3
            drawn = np.asarray(page.series(f"now-{panel}-0"), float)
            np.testing.assert_allclose(drawn[:, 0], times_ms, atol=1e-3)
            np.testing.assert_allclose(drawn[:, 1], kept, atol=1e-4)
            (cell,) = page.browser.find_elements(
                By.CSS_SELECTOR, f'td[data-trial="4"][data-ion="{ion}"]'
            )
            (roi,) = derived.metadata["start"]["rois"]
            assert cell.text == size_text(sizes[4, roi["name"], ion])
        for text in ("camera", session.cell, "two_pulse", session.start["uid"][:8]):
            assert text in page.text
        sources = page.script(
            "return [...document.querySelectorAll('.picture img')].map(i => i.src.slice(0, 22))"
        )
        assert sources == ["data:image/png;base64,"] * 4
        assert not [e for e in page.browser.get_log("browser") if e["level"] == "SEVERE"]
        token = page.address.partition("token=")[2]
        assert token not in page.script("return location.href")
        assert token not in page.close()


def test_a_late_page_catches_up_and_its_death_harms_no_run(directory, open_page):
    with live_session(directory, catalogue=False) as session:
        begun = threading.Event()
        session.live.on_result(lambda trial: begun.set())
        running = run_beside(session, two_pulse(session.rig, trials=4, rest_s=4.0))
        assert begun.wait(30)
        page = open_page()
        page.until(lambda: page.browser.find_elements(By.CSS_SELECTOR, 'td[data-trial="1"]'))
        assert session.RE.state == "running"
        page.process.kill()
        page.process.communicate(timeout=10)
        running.join(60)
        assert session.live.wait()
        assert sorted(session.results) == [1, 2, 3, 4]


def test_an_roi_drawn_on_the_page_is_used_from_the_next_trial(directory, open_page):
    with live_session(directory, catalogue=False) as session:
        page = open_page("--control")
        page.until(lambda: session.feed.watched)
        running = run_beside(session, two_pulse(session.rig, trials=8, rest_s=2.0))
        page.until(lambda: page.script("return document.querySelectorAll('.picture rect').length"))
        assert page.script("return document.querySelector('.picture img').naturalWidth") == 80
        image = page.browser.find_element(By.CSS_SELECTOR, ".picture img")
        width = image.size["width"]
        # From (8, 8) to (19, 15) of the picture's 80 x 80 pixels.
        scale = width / 80
        start = (int((8.5 - 40) * scale), int((8.5 - 40) * scale))
        ActionChains(page.browser).move_to_element_with_offset(
            image, *start
        ).click_and_hold().move_by_offset(int(11 * scale), int(7 * scale)).release().perform()
        page.until(lambda: session.live.options.rois != (SPINE,))
        (drawn,) = session.live.options.rois
        # Where it lies in the reference trial: the slice may have moved by a pixel or two.
        assert abs(drawn.x - 8) <= 4
        assert abs(drawn.y - 8) <= 4
        assert 10 <= drawn.width <= 14
        assert 6 <= drawn.height <= 10
        before = len(session.results)
        page.until(lambda: len(session.results) > before + 1)
        assert session.parameters.rois == (drawn,)
        body = page.browser.find_element(By.TAG_NAME, "body")
        body.send_keys(Keys.ARROW_RIGHT)
        page.until(lambda: "Enter uses the dashed ROI" in page.text)
        body.send_keys(Keys.ENTER)
        page.until(lambda: session.live.options.rois != (drawn,))
        (abort,) = [
            b for b in page.browser.find_elements(By.TAG_NAME, "button") if "Abort" in b.text
        ]
        abort.click()
        page.until(
            lambda: len(page.browser.find_elements(By.CSS_SELECTOR, ".q-dialog button")) == 2
        )
        page.browser.find_elements(By.CSS_SELECTOR, ".q-dialog button")[0].click()
        running.join(30)
        assert session.RE.state == "idle"
        page.until(lambda: "stopped early" in page.text)


def test_without_control_nothing_can_be_done(directory, open_page):
    with live_session(directory, catalogue=False) as session:
        page = open_page()
        page.until(lambda: session.feed.watched)
        assert {b.get_attribute("aria-label") for b in page.buttons()} == {"light or dark"}
        assert "Pause" not in page.text


def test_the_last_run_is_shown_when_its_session_has_gone(directory, open_page):
    with live_session(directory) as session:
        session.RE(two_pulse(session.rig, trials=2))
        uid = session.start["uid"]
    page = open_page()
    page.until(lambda: "last run, from the catalogue" in page.text, 60)
    assert uid[:8] in page.text
    page.until(lambda: page.series("now-0-0"))
    drawn = np.asarray(page.series("now-0-0"), float)
    assert len(drawn) == 50
    kept = session.results[2].traces[0].dff[0] * 100
    np.testing.assert_allclose(drawn[:, 1], kept, atol=1e-4)
