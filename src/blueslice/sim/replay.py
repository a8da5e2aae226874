"""Recordings played again, as if the cell were there."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from blueslice.devices import Sensor
from blueslice.errors import BadInputError, InstrumentError
from blueslice.recordings import Recording
from blueslice.sim.wiring import PlayedTrial, Wiring
from blueslice.trial import Trial

__all__ = ["ReplaySource"]

# Recorded and asked-for times of a pulse may differ by one sample of the slowest recording.
SAME_TIME_S = 0.5e-3


class ReplaySource:
    """Plays one recording after the other: trial k of a run is recording k.

    Parameters
    ----------
    recordings : sequence of Recording
        At least one; all of one picture size, frame rate and set of channels.

    Raises
    ------
    BadInputError
        When there is none, or one differs from the first.
    """

    def __init__(self, recordings: Sequence[Recording]) -> None:
        if not recordings:
            raise BadInputError("there is no recording to replay; name at least one file")
        self.recordings = tuple(recordings)
        first = self.recordings[0]
        for other in self.recordings[1:]:
            for what, ours, theirs in (
                ("picture size", first.frames.shape[1:], other.frames.shape[1:]),
                ("frame count", first.trial.frame_count, other.trial.frame_count),
                ("frame rate", first.trial.frame_rate_Hz, other.trial.frame_rate_Hz),
                ("samples per frame", first.samples_per_frame, other.samples_per_frame),
                ("set of channels", sorted(first.channels), sorted(other.channels)),
            ):
                if ours != theirs:
                    raise BadInputError(
                        f"{other.path.name} cannot follow {first.path.name} in one replay: its "
                        f"{what} is {theirs}, not {ours}; replay them one after the other"
                    )

    @property
    def sensor(self) -> Sensor:
        """The picture of the recordings."""
        rows, columns = self.recordings[0].frames.shape[1:]
        return Sensor(rows, columns, f"replay of {self.recordings[0].camera}")

    @property
    def sample_rate_Hz(self) -> float:
        """Samples per second of the recordings."""
        first = self.recordings[0]
        return first.samples_per_frame * first.trial.frame_rate_Hz

    @property
    def channels(self) -> Mapping[str, str]:
        """What was recorded, and its units."""
        units = {"voltage": "mV", "current": "pA"}
        return {name: units.get(name, "V") for name in self.recordings[0].channels}

    def check(self, trial: Trial, place: int = 0) -> None:
        """Refuse a trial that is not the one that was recorded."""
        recorded = self._recording(place).trial
        for what, asked, there, unit in (
            ("frame_rate_Hz", trial.frame_rate_Hz, recorded.frame_rate_Hz, " Hz"),
            ("frame_count", trial.frame_count, recorded.frame_count, " frames"),
            ("blank", trial.blank, recorded.blank, ""),
        ):
            if asked != there:
                raise BadInputError(
                    f"the recording was made with {what} = {there}{unit}, not {asked}; a replay "
                    "cannot change it: use the plan replay(rig), which takes the recorded trial"
                )
        asked_s = [pulse.onset_s for pulse in trial.delivered_pulses]
        there_s = [pulse.onset_s for pulse in recorded.delivered_pulses]
        same = len(asked_s) == len(there_s) and np.allclose(asked_s, there_s, atol=SAME_TIME_S)
        if not same or not np.array_equal(trial.excitation, recorded.excitation):
            raise BadInputError(
                f"the recording holds this trial: {recorded}; it was asked for: {trial}; a replay "
                "cannot change it: use the plan replay(rig), which takes the recorded trial"
            )

    def _recording(self, index: int) -> Recording:
        if index >= len(self.recordings):
            raise InstrumentError(
                f"the replay is over: there are {len(self.recordings)} recordings and trial "
                f"{index + 1} was asked for; ask for fewer trials or name more files"
            )
        return self.recordings[index]

    def dark_frame(self, index: int) -> NDArray[np.float32]:
        """Return the recording's dark frame."""
        return np.asarray(self._recording(index).dark, np.float32)

    def play(self, wiring: Wiring, index: int) -> PlayedTrial:
        """Return the recording's frames and channels."""
        recording = self._recording(index)
        return PlayedTrial(recording.frames, recording.counter, recording.channels)
