"""Live dF/F: early, in order, right around lost and damaged frames, and never in the run's way."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp
import numpy as np
import pytest

from blueslice.analysis import AnalysisParameters, Roi, run_responses
from blueslice.callbacks import LiveDFF
from blueslice.devices.taps import TrialBlock
from blueslice.plans import blank, replay, two_pulse
from blueslice.recordings import Recording
from blueslice.rig import make_replay_rig, make_sim_rig
from blueslice.sim import ManualPace, SliceParameters
from blueslice.sim.physiology import CellParameters, ReleaseParameters, SpineParameters

SPINE = Roi(name="spine", y=18, x=12, height=4, width=5)
LOGGER = "blueslice.callbacks.live_dff"
FRAMES, SAMPLES = 60, 8


class AsPlanned(Recording):
    """A recording whose trial is the planned one, though a frame was lit otherwise."""

    @property
    def trial(self):
        return make_recording().trial


def make_recording(kind=Recording, **lit):
    """Make sixty noisy frames of a spine, lit in turn; ``frame_40=3`` by both LEDs, ``=0`` by none.

    Sodium rises at 36 ms by 10 %, calcium by 5 %.
    """
    random = np.random.default_rng(11)
    frames = random.normal(600.0, 8.0, (FRAMES, 40, 40))
    frames[:, 12:30, 8:24] += 900.0
    frames[18::2, 18:22, 12:17] *= 1.10
    frames[19::2, 18:22, 12:17] *= 0.95
    lines = {name: np.zeros((FRAMES, SAMPLES), np.float32) for name in ("led_1", "led_2")}
    lines["led_1"][::2, :7] = 5.0
    lines["led_2"][1::2, :7] = 5.0
    for frame, leds in lit.items():
        number = int(frame.removeprefix("frame_"))
        lines["led_1"][number], lines["led_2"][number] = (5.0 * bool(leds & n) for n in (1, 2))
    stimulus = np.zeros((FRAMES, SAMPLES), np.float32)
    stimulus[18, 0] = 5.0
    return kind(
        path=Path("made.da"),
        camera="made",
        taken_at=None,
        frames=np.rint(frames + 100).astype(np.uint16),
        dark=np.full((40, 40), 100, np.uint16),
        counter=np.arange(FRAMES),
        frame_interval_s=0.002,
        exposure_s=0.0018,
        channels={**lines, "stimulus": stimulus},
        led_threshold_V=2.5,
        stimulus_threshold_V=2.5,
    )


class Listener:
    """Documents of the raw and the derived run, and results, of a rig that is listened to."""

    def __init__(self, rig, run_engine, **options):
        self.rig, self.run_engine = rig, run_engine
        self.raw, self.derived, self.results = [], [], {}
        self.live = LiveDFF(rig.camera, rig.amplifier, self._publish, **options)
        self.live.on_result(lambda trial: self.results.update({trial.trial: trial.result}))
        run_engine.subscribe(self.live)
        run_engine.subscribe(lambda name, doc: self.raw.append((name, doc)))

    def _publish(self, name, doc):
        self.derived.append((name, doc))

    def run(self, plan):
        self.run_engine(plan)
        assert self.live.wait(30)
        assert self.stop["exit_status"] == "success"
        return self

    @property
    def stop(self):
        return self.raw[-1][1]

    @property
    def events(self):
        return [doc["data"] for name, doc in self.derived if name == "event"]


@pytest.fixture
def listen(run_engine, directory, monkeypatch):
    listeners = []

    def listen_to(source, pace: Any = "fast", trials=1, **options):
        if isinstance(source, Recording):
            monkeypatch.setattr("blueslice._virtual_rigs.read_recording", lambda path: source)
            files = ["made.da"] * trials
            source = make_replay_rig(files, data_directory=directory, pace=pace)
        listeners.append(Listener(source, run_engine, **options))
        return listeners[-1]

    yield listen_to
    for listener in listeners:
        listener.live.close()


def test_partials_come_before_the_trial_is_over(listen):
    pace = ManualPace()
    listener = listen(make_recording(), pace, trials=2, rois=[SPINE])
    bench, taken = listener.rig.bench, {}
    partials, news = [], threading.Condition()

    def count(device, event):
        if isinstance(event, TrialBlock):
            with news:
                frames = event.first + len(next(iter(event.arrays.values())))
                taken[device, event.trial] = frames
                news.notify_all()

    for device in (listener.rig.camera, listener.rig.amplifier):
        device.tap.subscribe(lambda event, name=device.name: count(name, event))
    listener.live.subscribe(partials.append)

    def partials_at(trial, begun_s, now_s):
        """Let a trial go on until `now_s`, and return its partials once all is analysed."""
        pace.advance(begun_s + now_s - pace.now_s())
        with news:
            devices = ("camera", "amplifier")
            came = lambda: min(taken.get((d, trial - 1), 0) for d in devices)  # noqa: E731
            assert news.wait_for(lambda: came() >= round(now_s * 500), 10)
        assert listener.live.wait(10)
        return [partial for partial in partials if partial.trial == trial]

    def conduct():
        last = None
        try:
            for trial in (1, 2):
                with bench.condition:
                    assert bench.condition.wait_for(lambda: bench._play is not last, 10)  # noqa: B023
                    last, begun_s = bench._play, pace.now_s()
                assert partials_at(trial, begun_s, 0.030) == []  # the baseline ends at 36 ms
                early = partials_at(trial, begun_s, 0.050)
                assert early
                assert len(partials_at(trial, begun_s, 0.080)) > len(early)
                assert len(listener.events) < trial
                pace.advance(0.2)
        finally:
            pace.advance(10.0)

    with ThreadPoolExecutor(1) as executor:
        conducted = executor.submit(conduct)
        listener.run(replay(listener.rig))
        conducted.result()
    for partial in partials:
        assert partial.run == listener.raw[0][1]["uid"]
        assert partial.rois == (SPINE,)
        whole = listener.results[partial.trial].traces
        for trace, final in zip(partial.traces, whole, strict=True):
            so_far = len(trace.time_s)
            np.testing.assert_array_equal(trace.dff, final.dff[:, :so_far])
    assert len(partials[0].traces[0].time_s) < FRAMES // 2


def test_blanks_wait_for_the_roi_and_keep_their_order(listen, directory, steady_slice):
    rig = make_sim_rig(5, data_directory=directory, slice_parameters=steady_slice)
    listener = listen(rig).run(two_pulse(rig, trials=2, blanks=2))
    assert [event["trial"] for event in listener.events] == [1, 2, 3, 4]
    names = [name for name, _ in listener.derived]
    assert names == ["start", "descriptor", *["event"] * 4, "stop"]
    start = listener.derived[0][1]
    assert start["raw_run"] == listener.raw[0][1]["uid"]
    assert start["roi_found"] == "on the largest sodium response"
    assert start["roi_found_on"] == start["reference_trial"] == 3
    rise = [np.nanmean(event["sodium"][0][13:17]) for event in listener.events]
    assert max(rise[:2]) < 0.5 * min(rise[2:])


def test_a_run_of_failures_is_given_out_at_its_end_and_says_so(listen, directory, caplog):
    silent = CellParameters(spine=SpineParameters(release=ReleaseParameters(probability=0.0)))
    rig = make_sim_rig(5, data_directory=directory, slice_parameters=SliceParameters(cell=silent))
    listener = listen(rig).run(two_pulse(rig, trials=2))
    assert [event["trial"] for event in listener.events] == [1, 2]
    (record,) = [r for r in caplog.records if r.name.startswith("blueslice")]
    assert "no trial of the run shows a response above the noise" in record.getMessage()
    # Not where the noise of one of the trials is largest: where the dye is, whatever they did.
    start = listener.derived[0][1]
    (roi,) = start["rois"]
    assert (roi["name"], start["roi_found_on"]) == ("brightest", 0)
    assert start["roi_found"].startswith("where the resting light is brightest")
    parameters = AnalysisParameters.from_document(
        {name: start[name] for name in AnalysisParameters.model_fields}
    )
    traces = {
        number: {t.ion: (t.time_s, t.dff) for t in result.traces}
        for number, result in listener.results.items()
    }
    sizes = run_responses(traces, (), ["brightest"], parameters.baseline_s, parameters.response_s)
    assert [size.is_response for size in sizes.values()] == [False] * 4
    picture = listener.results[1].difference_images[0].baseline
    box = picture[roi["y"] : roi["y"] + 6, roi["x"] : roi["x"] + 6]
    assert box.mean() > np.quantile(picture, 0.9)


def test_no_more_trials_wait_than_fit_in_memory(listen, directory, caplog, monkeypatch):
    # Room for two trials of 100 frames of 80 x 80.
    monkeypatch.setattr("blueslice.callbacks._live_run.MAX_WAITING_BYTES", 2 * 100 * 80 * 80 * 2)
    silent = CellParameters(spine=SpineParameters(release=ReleaseParameters(probability=0.0)))
    rig = make_sim_rig(5, data_directory=directory, slice_parameters=SliceParameters(cell=silent))
    listener = listen(rig).run(two_pulse(rig, trials=4))
    assert [event["trial"] for event in listener.events] == [3, 4]
    told = [r.getMessage() for r in caplog.records if "waited too long" in r.getMessage()]
    assert [text.split()[1] for text in told] == ["1", "2"]


def test_only_blanks_without_a_roi_give_nothing_and_say_so(listen, directory, caplog):
    rig = make_sim_rig(5, data_directory=directory)
    listener = listen(rig).run(blank(rig, trials=2))
    assert listener.derived == []
    assert [r.getMessage() for r in caplog.records if r.name.startswith("blueslice")] == [
        "no stimulated trial with frames to use in the run, so no ROI was found; name one"
    ]


DAMAGED = {
    "a sodium frame was lost": (lambda: make_recording().without_frame(40), "sodium", 40),
    "a calcium frame was lost": (lambda: make_recording().without_frame(41), "calcium", 41),
    "the last frame was lost": (lambda: make_recording().without_frame(59), "calcium", 59),
    "lit by both": (lambda: make_recording(frame_40=3), "sodium", 40),
    "lit by none": (lambda: make_recording(AsPlanned, frame_41=0), "calcium", 41),
    "lit half-way": (lambda: _changed_half_way(40), "sodium", 40),
}


def _changed_half_way(frame):
    recording = make_recording()
    led_1 = recording.channels["led_1"].copy()
    led_1[frame, 3:] = 0
    return replace(recording, channels={**recording.channels, "led_1": led_1})


@pytest.mark.parametrize("case", DAMAGED)
def test_one_damaged_frame_costs_one_sample(listen, case, caplog):
    make, ion, frame = DAMAGED[case]
    listener = listen(make_recording(), rois=[SPINE])
    (whole,) = listener.run(replay(listener.rig)).events
    listener.live.close()
    listener = listen(make(), rois=[SPINE])
    (event,) = listener.run(replay(listener.rig)).events
    for name in ("sodium", "calcium"):
        lost = [frame // 2] if name == ion else []
        np.testing.assert_array_equal(event[f"{name}_time"], whole[f"{name}_time"])
        assert event[f"{name}_damaged"] == len(lost)
        assert np.flatnonzero(np.isnan(event[name][0])).tolist() == lost
        others = np.delete(np.arange(FRAMES // 2), lost)
        np.testing.assert_array_equal(event[name][:, others], whole[name][:, others])
    assert whole["note"] == ""
    assert event["note"].startswith(f"1 frame (at {2 * frame} ms) was ")
    assert [record.getMessage() for record in caplog.records] == [f"trial 1: {event['note']}"]
    assert np.nanmean(whole["sodium"][0, 9:]) == pytest.approx(0.10, abs=0.03)
    assert np.nanmean(whole["calcium"][0, 9:]) == pytest.approx(0.05, abs=0.03)
    trials = [d["data"] for n, d in listener.raw if n == "event" and "trial-ok" in d["data"]]
    assert [trial["trial-ok"] for trial in trials] == ["lost" not in case]


def test_a_run_that_is_no_trial_is_ignored(listen, caplog):
    listener = listen(make_recording(), rois=[SPINE])
    listener.run(bpp.run_wrapper(bps.null(), md={"plan_name": "count"}))
    assert listener.derived == []
    listener.run(replay(listener.rig))
    assert len(listener.events) == 1
    assert caplog.records == []


class WithoutLedLines:
    """A source whose rig records no LED lines."""

    def __init__(self, source):
        self._source = source

    def __getattr__(self, name):
        return getattr(self._source, name)

    @property
    def channels(self):
        return {k: unit for k, unit in self._source.channels.items() if "led" not in k}

    def play(self, wiring, index):
        played = self._source.play(wiring, index)
        return replace(played, channels={name: played.channels[name] for name in self.channels})


def test_without_led_lines_no_frame_is_used(listen, caplog):
    listener = listen(make_recording(), rois=[SPINE])
    listener.rig.bench.source = WithoutLedLines(listener.rig.bench.source)
    listener.run(replay(listener.rig))
    for event in listener.events:
        assert np.isnan(event["sodium"]).all()
        assert np.isnan(event["calcium"]).all()
        assert event["sodium_damaged"] == event["calcium_damaged"] == FRAMES // 2
        assert "no usable sodium frame in the baseline" in event["note"]
    (record,) = caplog.records
    assert "60 frames (0 to 118 ms) were dark that an LED was to light" in record.getMessage()
    assert "its recorded line" in record.getMessage()


def fail(*_):
    raise ValueError("something in the analysis")


@pytest.mark.parametrize("where", ["result", "partial", "roi", "publish"])
def test_an_analysis_that_fails_does_not_disturb_the_run(listen, caplog, where):
    outside = SPINE.replace(y=38)
    listener = listen(make_recording(), rois=[outside if where == "roi" else SPINE])
    if where == "result":
        listener.live.on_result(fail)
    elif where == "partial":
        listener.live.subscribe(fail)
    elif where == "publish":
        listener.live._publish = fail
    listener.run(replay(listener.rig))
    (record,) = [r for r in caplog.records if r.name == LOGGER]
    assert record.levelname == "ERROR"
    assert "the raw data are not touched" in record.getMessage()
    assert len(record.getMessage().splitlines()) == 1
    names = [name for name, _ in listener.derived]
    if where == "result":
        assert names == ["start", "descriptor", "event", "stop"]
        assert listener.derived[-1][1]["exit_status"] == "fail"
    else:
        assert names == []
    (event,) = [d["data"] for n, d in listener.raw if n == "event" and "trial-ok" in d["data"]]
    assert event["trial-ok"]
