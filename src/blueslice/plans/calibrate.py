"""A dye's calibration: the cell's light at a series of known sodium concentrations."""

import re
import reprlib
from collections.abc import Mapping, Sequence
from typing import Any

from bluesky.utils import MsgGenerator

from blueslice.errors import BadInputError
from blueslice.plans._arguments import check_time, count_of, number_of
from blueslice.plans._pause import advise
from blueslice.plans._perfusing import Perfusing
from blueslice.plans._planned_trial import PlannedTrial
from blueslice.plans._rig_protocol import PlannedRig
from blueslice.plans._run_metadata import run_metadata
from blueslice.plans._run_of_trials import run_trials
from blueslice.plans._trial_run import TrialRun
from blueslice.trial import Trial

__all__ = ["calibrate"]

_PLACE = re.compile(r"\{sodium_mM(?::(?:\.\d)?[gf])?\}")


def calibrate(
    rig: PlannedRig,
    sodium_mM: Sequence[float] = (0.0, 10.0, 20.0, 40.0, 70.0, 100.0, 130.0, 170.0),
    trials: int = 1,
    solution: str = "calibration {sodium_mM:g} mM Na",
    *,
    wait_s: float | None = None,
    perfusion: Any = None,
    frame_rate_Hz: float = 500.0,
    frame_count: int = 20,
    exposure_s: float = 0.0018,
    rest_s: float = 0.0,
    phase: str = "calibration",
    md: Mapping[str, Any] | None = None,
) -> MsgGenerator[str]:
    """Let a series of sodium concentrations into the bath and take a few frames at each.

    The solutions hold ionophores and a blocker of the pump, so that sodium inside follows sodium
    outside (Miyazaki & Ross 2017, Fig 5). Nothing is stimulated.

    The start document's ``calibration`` has ``ion`` and, for each trial, ``concentration_mM``:
    with the mean light of the trials' frames, background subtracted, these go into
    `blueslice.analysis.fit_calibration`. In the stream ``trials``, ``trial-solution`` is what the
    trial was taken in.

    Parameters
    ----------
    rig : Rig
        The rig.
    sodium_mM : sequence of float
        External sodium, in the order in which it is let in.
    trials : int
        At each concentration.
    solution : str
        How the perfusion calls the solutions; ``{sodium_mM:g}`` stands for the concentration.
    wait_s : float, optional
        From the tap until sodium inside is that outside, in s; by default, where the perfusion
        knows it, twice the time until a solution has arrived: once for the bath, once for the
        cell to follow.
    perfusion : device or str, optional
        As for `drug_wash`.
    frame_rate_Hz, frame_count, exposure_s
        The camera's frames: a few, for light bleaches.
    rest_s, phase, md
        As for `trial_series`.

    Raises
    ------
    BadInputError
        Before any light, when something is not allowed or a solution is not there.

    Examples
    --------
    The series of the paper, three short trials at each::

        RE(calibrate(rig, sodium_mM=[0, 10, 20, 40, 70, 100, 130, 170], trials=3))
    """
    count_of("trials", trials)
    check_time("rest_s", rest_s)
    if isinstance(sodium_mM, str) or not isinstance(sodium_mM, Sequence) or not len(sodium_mM):
        raise BadInputError(f"sodium_mM = {sodium_mM!r}: give a list of concentrations in mM")
    levels_mM = [number_of("sodium_mM", level, 0.0, 1000.0, "mM") for level in sodium_mM]
    perfusing = Perfusing(rig, perfusion, None)
    names = [_name(solution, level_mM) for level_mM in levels_mM]
    for name in names:
        perfusing.check(name, {})
    if wait_s is None:
        wait_s = 2 * perfusing.arrival_s()
    check_time("wait_s", wait_s)
    trial = Trial(frame_rate_Hz=frame_rate_Hz, frame_count=frame_count, exposure_s=exposure_s)
    (trial,) = rig.check([trial])
    planned = [
        PlannedTrial(
            step * trials + k + 1,
            trial,
            phase,
            step + 1,
            f"{level_mM:g} mM sodium",
            name,
            asks_perfusion=perfusing.is_asked,
        )
        for step, (level_mM, name) in enumerate(zip(levels_mM, names, strict=True))
        for k in range(trials)
    ]
    metadata = {
        "plan_name": "calibrate",
        **run_metadata(rig, planned, phase),
        "calibration": {
            "ion": "sodium",
            "concentration_mM": [level for level in levels_mM for _ in range(trials)],
            "wait_s": wait_s,
        },
        **(md or {}),
    }
    if len(levels_mM) > 1 and (text := perfusing.too_short("wait_s", wait_s)):
        yield from advise(text)
    run = TrialRun(rig, trial, perfusing.devices)

    def body() -> MsgGenerator[None]:
        step, ended_s = 0, None
        for one in planned:
            if one.step != step:
                step = one.step
                yield from perfusing.let_in(names[step - 1], one.condition)
                let_in_s = yield from run.now_s()
                yield from run.rest(wait_s, let_in_s)
            elif rest_s > 0:
                yield from run.rest(rest_s, ended_s)
            ended_s = yield from run.take(one)

    return (yield from run_trials(run, metadata, body))


def _name(solution: str, sodium_mM: float) -> str:
    # No other than this one place is filled in: a format with a width of thousands of millions,
    # or one that reaches into an object, is a text of a file that anybody may have written.
    if not isinstance(solution, str) or set("{}") & {*_PLACE.sub("", solution)}:
        raise BadInputError(
            f"solution = {reprlib.repr(solution)}: give the name with {{sodium_mM:g}} where the "
            "concentration stands, for example 'calibration {sodium_mM:g} mM Na'"
        )
    return _PLACE.sub(lambda place: place.group().format(sodium_mM=sodium_mM), solution)
