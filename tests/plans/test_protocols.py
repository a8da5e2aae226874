"""Protocols on virtual rigs: what is measured, what is refused, and that light goes off."""

import numpy as np
import pytest
from bluesky.utils import FailedStatus

from blueslice.analysis import recompute
from blueslice.callbacks import LiveDFF
from blueslice.errors import BadInputError
from blueslice.plans import blank, replay, single_pulse, trial_series, two_pulse
from blueslice.rig import make_replay_rig, make_sim_rig
from blueslice.trial import Trial


@pytest.mark.parametrize(
    ("plan", "trials", "blanks"),
    [(two_pulse, 3, 0), (two_pulse, 2, 1), (single_pulse, 2, 0), (blank, 1, 0)],
)
def test_a_protocol_gives_one_event_per_trial(
    run_engine, directory, plan, trials, blanks, documents
):
    rig = make_sim_rig(3, data_directory=directory)
    more = {"blanks": blanks} if blanks else {}
    run_engine(plan(rig, trials=trials, **more), documents)
    assert documents.of("stop")[0]["num_events"] == {
        "baseline": 1,
        "primary": trials + blanks,
        "trials": trials + blanks,
    }
    assert documents.read("camera").shape == (trials + blanks, 100, 80, 80)
    events = [doc for doc in documents.of("event") if "trial-number" in doc["data"]]
    assert [event["data"]["trial-number"] for event in events] == [*range(1, len(events) + 1)]
    assert all(event["data"]["trial-ok"] for event in events)
    assert events[0]["data"]["led_pair-led_1_light_s"] == pytest.approx(50 * 0.0018)
    assert rig.bench is not None
    assert rig.bench.lit_now() == 0


def test_the_response_follows_the_stimulus_and_nothing_else(
    run_engine, directory, steady_slice, documents
):
    rig = make_sim_rig(5, data_directory=directory, slice_parameters=steady_slice)
    run_engine(two_pulse(rig, trials=1, blanks=1), documents)
    frames = documents.read("camera") - documents.read("camera-dark")[:, None]
    source = rig.bench.source
    y, x = np.rint(source.scene.spine_px[source.target_spine]).astype(int)
    spine = frames[:, :, y - 1 : y + 2, x - 1 : x + 2].mean((2, 3))
    sodium = spine[:, ::2]
    jump = sodium[:, 13:17].mean(1) / sodium[:, :9].mean(1) - 1
    assert abs(jump[0]) < 0.04  # no more than the LED's drift
    assert jump[1] - jump[0] > 0.03
    voltage = documents.read("amplifier-voltage").reshape(2, -1)
    assert np.ptp(voltage[0]) < 1.5
    assert voltage[1, 1100:1300].mean() - voltage[1, :700].mean() > 3


def test_live_equals_offline_exactly(run_engine, directory, recordings, documents):
    files = [recordings / "70127A101.da", recordings / "70127A103.da"]
    rig = make_replay_rig(files, data_directory=directory)
    published, results = type(documents)(), {}
    live = LiveDFF(rig.camera, rig.amplifier, published)
    live.on_result(lambda trial: results.update({trial.trial: (trial.result, trial.parameters)}))
    run_engine.subscribe(live)
    run_engine(replay(rig), documents)
    assert live.wait(60)
    live.close()
    assert sorted(results) == [1, 2]
    arrays = {key: documents.read(key) for key in ("camera", "camera-dark", "camera-counter")}
    lines = np.stack([documents.read(f"amplifier-led_{n}") for n in (1, 2)], axis=1)
    events = published.of("event")
    for number, (result, parameters) in results.items():
        k = number - 1
        again = recompute(
            arrays["camera"][k],
            arrays["camera-dark"][k],
            arrays["camera-counter"][k],
            lines[k],
            parameters,
        )
        for live_trace, offline in zip(result.traces, again.traces, strict=True):
            np.testing.assert_array_equal(live_trace.dff, offline.dff)
            np.testing.assert_array_equal(events[k]["data"][offline.ion], offline.dff)
    start = published.of("start")[0]
    assert start["baseline_s"] == [0.0, 0.036]
    assert start["corner"] == {"y": 2, "x": 68, "height": 10, "width": 10}
    # The same by hand, from the file and the derived run's start document alone.
    roi, corner = start["rois"][0], start["corner"]
    boxes = [
        np.s_[:, b["y"] : b["y"] + b["height"], b["x"] : b["x"] + b["width"]] for b in (roi, corner)
    ]
    for ion, first in (("sodium", 0), ("calcium", 1)):
        ours = events[0]["data"][ion][0]
        frames = arrays["camera"][0][first::2].astype(float) - arrays["camera-dark"][0]
        region, light = (frames[box].mean((1, 2)) for box in boxes)
        before = (np.arange(first, 100, 2) * 0.002 + 0.0009) < 0.036
        corrected = region / (light / light[before].mean())
        by_hand = start["sign"][ion] * (corrected / corrected[before].mean() - 1)
        np.testing.assert_allclose(ours, by_hand, atol=1e-6)
    sodium = events[0]["data"]["sodium"][0]
    assert sodium[14:20].mean() > 0.05


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"trials": 0}, "trials = 0"),
        ({"interval_s": 0.3}, "outside the trial"),
        ({"interval_s": 0.0100123}, "multiple of the stimulator's tick"),
        ({"frame_rate_Hz": 5000.0, "frame_count": 1000, "exposure_s": 1e-4}, "too slow"),
        ({"exposure_s": 0.002}, "read out"),
        ({"rest_s": -1}, "rest_s = -1"),
        ({"amplitude_uA": float("nan")}, "amplitude_uA"),
    ],
)
def test_bad_input_is_refused_before_any_light(run_engine, directory, arguments, text, documents):
    rig = make_sim_rig(1, data_directory=directory)
    with pytest.raises(BadInputError, match=text):
        run_engine(two_pulse(rig, **arguments), documents)
    assert documents == []
    assert rig.bench.light_s() == (0.0, 0.0)


def test_more_trials_than_recordings_are_refused(run_engine, directory, recordings):
    rig = make_replay_rig([recordings / "70127A101.da"], data_directory=directory)
    with pytest.raises(BadInputError, match="replays 1 recordings and 2"):
        run_engine(trial_series(rig, rig.recorded_trials * 2))
    with pytest.raises(BadInputError, match="a replay cannot change it"):
        run_engine(trial_series(rig, [Trial(frame_count=50)]))


def test_a_failing_camera_ends_the_run_dark(run_engine, directory, monkeypatch, documents):
    rig = make_sim_rig(1, data_directory=directory)

    def fail(timeout_s):
        raise OSError("the cable was pulled")

    monkeypatch.setattr(rig.camera.backend, "read_frames", fail)
    with pytest.raises(FailedStatus, match="cable was pulled") as failed:
        run_engine(two_pulse(rig, trials=2), documents)
    told = str(failed.value.__cause__)
    assert "camera was asked for the frames of trial 1 and failed (the cable was pulled)" in told
    assert documents.of("stop")[0]["exit_status"] == "fail"
    assert documents.of("stop")[0]["reason"] == told
    assert rig.bench._leds == ((), 0.0)
    assert rig.bench.programmed_pulses == ()


async def test_a_rig_connects_in_mock_mode(directory):
    rig = make_sim_rig(1, data_directory=directory)
    await rig.connect(mock=True)
    assert await rig.camera.exposure_s.get_value() == 0.0
