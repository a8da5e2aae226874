"""What the start document of a run of trials says, and that its trials belong together."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from blueslice.errors import BadInputError
from blueslice.plans._planned_trial import PlannedTrial, trial_table
from blueslice.plans._rig_protocol import PlannedRig
from blueslice.trial import LEDS, Trial

__all__ = ["check_frames", "run_metadata"]


def check_frames(trials: Sequence[Trial]) -> None:
    """Refuse trials that cannot be in one run, because their frames differ."""
    first = trials[0]
    for number, trial in enumerate(trials[1:], start=2):
        for what in ("frame_rate_Hz", "frame_count", "exposure_s", "excitation_order"):
            if getattr(trial, what) != getattr(first, what):
                raise BadInputError(
                    f"trial {number} has {what} = {getattr(trial, what)}, the first "
                    f"{getattr(first, what)}; all trials of a run have the same frames: make a "
                    "second run of it"
                )


def run_metadata(rig: PlannedRig, planned: Sequence[PlannedTrial], phase: str) -> dict[str, Any]:
    """Return what a start document says of the rig and the trials.

    Where no LED is lit, ``leds`` is absent, and the live analysis has nothing to do.
    ``nearest_times`` is there where the rig moves times that it cannot produce; ``trial`` has
    them as they are done.
    """
    trials = [one.trial for one in planned]
    with_stimulus = next((trial for trial in trials if not trial.blank), trials[0])
    metadata: dict[str, Any] = {
        "rig": rig.name,
        "indicators": rig.indicators.to_document(),
        "trial": with_stimulus.to_document(),
        "blanks": [trial.blank for trial in trials],
        "trials": len(trials),
        "trial_table": trial_table(planned),
        "phase": phase,
        "blueslice_version": version("blueslice"),
    }
    if getattr(rig, "nearest_times", False):
        metadata["nearest_times"] = True
    if rig.pixel_size_um is not None:
        metadata["pixel_size_um"] = rig.pixel_size_um
    if not set(with_stimulus.excitation_order) <= {0}:
        metadata["leds"] = _leds(rig)
    return metadata


def _leds(rig: PlannedRig) -> dict[str, dict[str, Any]]:
    return {
        f"led_{led}": {
            "wavelength_nm": dye.wavelength_nm,
            "indicator": dye.name,
            "ion": dye.ion,
            "channel": channel,
            "sign": dye.sign,
        }
        for led, dye, channel in zip(
            LEDS, rig.indicators.indicators, rig.indicators.channel_names, strict=True
        )
    }
