"""A pause at any message: no trial is lost, taken twice or counted twice, and it is dark."""

import contextlib
import threading
from collections import Counter

import pytest
from bluesky.utils import RunEngineInterrupted

from blueslice.plans import blank
from blueslice.rig import make_sim_rig

TRIALS = 2
# More messages than the plan has.
MOST_MESSAGES = 120
TRIAL_S = 10 / 500
REST_S = 30.0


def small_rig(directory):
    rig = make_sim_rig(1, data_directory=directory, rows=24, columns=24)
    # More runs than a cell bears.
    rig.ledger.allow(rig.ledger.cell)
    return rig


class Record:
    """Messages and documents of one run, paused at a message."""

    def __init__(self, engine, rig, *, at, defer=False, rest_s=0.0):
        self.commands, self.documents, self.rig = [], [], rig
        self.engine = engine

        def hook(message):
            self.commands.append(message.command)
            if len(self.commands) - 1 == at:
                threading.Thread(target=self._pause, args=(defer,)).start()

        engine.msg_hook = hook
        with contextlib.suppress(RunEngineInterrupted):
            engine(
                blank(rig, trials=TRIALS, frame_count=10, onset_s=0.005, rest_s=rest_s),
                lambda *document: self.documents.append(document),
            )
        engine.msg_hook = None

    def _pause(self, defer):
        try:
            self.engine.request_pause(defer=defer)
        except RuntimeError as error:  # the run may be over by now
            assert "can not be paused" in str(error)  # noqa: PT017

    def of(self, name):
        return [document for kind, document in self.documents if kind == name]

    def stop(self):
        (stop,) = self.of("stop")
        return stop

    def of_trials(self, key):
        """Return one value of each event in the stream ``trials``."""
        return [
            document["data"][key]
            for document in self.of("event")
            if "trial-number" in document["data"]
        ]

    def trial_numbers(self):
        return self.of_trials("trial-number")


@pytest.mark.long
# What bluesky's own collect leaves behind when a pause cuts it off.
@pytest.mark.filterwarnings("ignore:.*get_index:pytest.PytestUnraisableExceptionWarning")
def test_a_pause_at_any_message_keeps_every_trial_once(run_engine, directory):
    rig = small_rig(directory)
    outcomes = Counter()
    for at in range(MOST_MESSAGES):
        run = Record(run_engine, rig, at=at, rest_s=REST_S)
        paused = run_engine.state == "paused"
        outcomes[paused] += 1
        assert rig.bench.lit_now() == 0
        if paused:
            assert rig.bench._leds == ((), 0.0), f"LEDs programmed while paused at message {at}"
            run_engine.resume()
        assert run_engine.state == "idle", f"message {at}"
        events = dict(run.stop()["num_events"])
        cut_off = events.pop("cut_off", 0)
        assert events == {"baseline": 1, "primary": TRIALS, "trials": TRIALS}
        assert run.trial_numbers() == [1, 2], f"message {at}"
        first_s, second_s = run.of_trials("rest-experiment_time_s")
        # The trial itself may have been taken twice.
        trial_s = second_s - first_s - REST_S
        assert trial_s == pytest.approx(TRIAL_S) or trial_s == pytest.approx(2 * TRIAL_S), at
        if trial_s == pytest.approx(2 * TRIAL_S):
            # Light of a trial that was taken twice is noted twice.
            assert cut_off == 1, f"message {at}"
        ranges = {
            (datum["indices"]["start"], datum["indices"]["stop"])
            for datum in run.of("stream_datum")
        }
        assert ranges == {(0, 1), (1, 2)}, f"message {at}"
        if at >= len(run.commands):
            break
    else:
        pytest.fail("the plan has more messages than the test expects")
    assert outcomes[True] > 50


@pytest.mark.parametrize(
    ("way_out", "arguments", "status", "reason"),
    [
        ("abort", (), "abort", ""),
        ("abort", ("the seal is lost",), "abort", "the seal is lost"),
        ("stop", (), "success", f"stopped after 0 of {TRIALS} trials"),
        ("halt", (), "abort", ""),
    ],
)
def test_every_way_out_of_a_pause_is_dark(
    run_engine, directory, way_out, arguments, status, reason
):
    rig = small_rig(directory)
    run = Record(run_engine, rig, at=22)
    assert run_engine.state == "paused"
    getattr(run_engine, way_out)(*arguments)
    assert run_engine.state == "idle"
    assert run.stop()["exit_status"] == status
    assert run.stop()["reason"] == reason
    assert rig.bench.lit_now() == 0
    assert rig.bench is not None
    assert rig.bench._leds == ((), 0.0)
    assert rig.bench.programmed_pulses == ()


def test_a_deferred_pause_waits_for_the_end_of_the_trial(run_engine, directory):
    rig = small_rig(directory)
    run = Record(run_engine, rig, at=25, defer=True)
    assert run_engine.state == "paused"
    assert run.commands[-1] == "checkpoint"
    run_engine.resume()
    assert run.stop()["num_events"]["primary"] == TRIALS
