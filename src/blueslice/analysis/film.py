"""Film strips: difference images of successive moments of a trial, as in Fig 3B of the paper."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from blueslice.analysis._nan_mean import nan_mean
from blueslice.analysis.align import shift_image
from blueslice.analysis.registration import Shift
from blueslice.errors import BadInputError

__all__ = ["FilmStrip", "film_strip", "film_windows"]


@dataclass(frozen=True, eq=False)
class FilmStrip:
    """What each moment adds to the baseline, pixel by pixel.

    Attributes
    ----------
    from_s, to_s : ndarray of float64, shape (pictures,)
        Frames of mid-exposure times in [from, to) are in the picture.
    delta : ndarray of float64, shape (pictures, y, x)
        Mean of those frames minus the baseline, in counts; NaN where nothing is known.
    baseline : ndarray of float64, shape (y, x)
        Mean of the baseline frames.
    frame_counts : ndarray of int64, shape (pictures,)
        Frames in each picture.
    """

    from_s: npt.NDArray[np.float64]
    to_s: npt.NDArray[np.float64]
    delta: npt.NDArray[np.float64]
    baseline: npt.NDArray[np.float64]
    frame_counts: npt.NDArray[np.int64]

    def dff(self, *, sign: int = 1, background: float = 0.0) -> npt.NDArray[np.float64]:
        """Give ``sign * delta / (baseline - background)``; NaN where that is not above 0.

        Parameters
        ----------
        sign : {+1, -1}
            +1 where the dye brightens with its ion, -1 where it darkens.
        background : float
            Counts per pixel that are not of the cell.

        Raises
        ------
        BadInputError
            When the sign is neither.
        """
        if sign not in (1, -1):
            raise BadInputError(f"sign = {sign!r}: give +1 for a dye that brightens, -1 otherwise")
        light = self.baseline - background
        return sign * self.delta / np.where(light > 0, light, np.nan)


def film_windows(from_s: float, to_s: float, width_s: float) -> tuple[tuple[float, float], ...]:
    """Cut a stretch of time into windows of equal width that follow each other.

    Raises
    ------
    BadInputError
        When the width is not positive or longer than the stretch.
    """
    if not (np.isfinite([from_s, to_s]).all() and 0 < width_s <= to_s - from_s + 1e-9):
        raise BadInputError(
            f"windows of {width_s!r} s do not fit between {from_s!r} and {to_s!r} s; give a width "
            "above 0 and at most that stretch"
        )
    count = int((to_s - from_s) / width_s + 1e-9)
    edges = from_s + width_s * np.arange(count + 1)
    return tuple(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))


def film_strip(
    frames: npt.ArrayLike,
    time_s: npt.ArrayLike,
    windows_s: Sequence[tuple[float, float]],
    baseline_s: tuple[float, float],
    *,
    dark: npt.ArrayLike | None = None,
    light: npt.ArrayLike | None = None,
    shift: Shift | Sequence[Shift] | None = None,
) -> FilmStrip:
    """Average the frames of successive windows and subtract the baseline.

    Parameters
    ----------
    frames : array_like, shape (frames, y, x)
        One ion's frames of one trial, in counts; NaN marks unknown pixels.
    time_s : array_like, shape (frames,)
        Mid-exposure times in s.
    windows_s : sequence of (float, float)
        One picture each, from `film_windows` or at will; they may overlap.
    baseline_s : (float, float)
        Window of the baseline.
    dark : array_like, shape (y, x), optional
        Dark image in counts.
    light : array_like, shape (frames,), optional
        The LED's brightness in each frame, as the image's corner shows it; frames are brought to
        that of the baseline.
    shift : Shift, or one for each frame, optional
        How the trial, or each frame, lies against the reference (`register`); it is moved back.

    Returns
    -------
    FilmStrip
        A window without a frame is NaN.

    Raises
    ------
    BadInputError
        When shapes do not match, the light is not above 0, a window is empty of time, or the
        baseline holds no frame.
    """
    movie, times = np.asarray(frames, np.float64), np.asarray(time_s, np.float64)
    if movie.ndim != 3 or times.shape != movie.shape[:1]:
        raise BadInputError(
            f"frames have shape {movie.shape} and times {times.shape}; give (frames, y, x) and "
            "(frames,)"
        )
    for window in (baseline_s, *windows_s):
        if not window[0] < window[1]:
            raise BadInputError(f"the window {list(window)} s is empty; give [from, to]")
    chosen = [(times >= start) & (times < stop) for start, stop in (baseline_s, *windows_s)]
    if not chosen[0].any():
        raise BadInputError(f"no frame is within the baseline {list(baseline_s)} s")
    if dark is not None:
        if np.shape(dark) != movie.shape[1:]:
            raise BadInputError(
                f"the dark image has shape {np.shape(dark)}, the frames {movie.shape[1:]}"
            )
        movie = movie - np.asarray(dark, np.float64)
    if light is not None:
        brightness = np.asarray(light, np.float64)
        if brightness.shape != times.shape or not (brightness > 0).all():
            raise BadInputError(
                f"light has shape {brightness.shape}; give one value above 0 for each of "
                f"{len(times)} frames"
            )
        movie = movie * (brightness[chosen[0]].mean() / brightness)[:, None, None]
    movie, back = _move_frames(movie, shift)
    pictures = [_picture(movie[frames_in], back) for frames_in in chosen]
    return FilmStrip(
        from_s=np.array([start for start, _ in windows_s], np.float64),
        to_s=np.array([stop for _, stop in windows_s], np.float64),
        delta=np.array(pictures[1:]).reshape(-1, *movie.shape[1:]) - pictures[0],
        baseline=pictures[0],
        frame_counts=np.array([frames_in.sum() for frames_in in chosen[1:]], np.int64),
    )


def _move_frames(
    movie: npt.NDArray[np.float64], shift: Shift | Sequence[Shift] | None
) -> tuple[npt.NDArray[np.float64], Shift | None]:
    """Move frames back one by one; where all lie alike, leave that to their means."""
    if shift is None or isinstance(shift, Shift):
        return movie, None if shift is None else -shift
    if len(shift) != len(movie):
        raise BadInputError(
            f"{len(shift)} shifts are given for {len(movie)} frames; give one for all, or one each"
        )
    moved = [shift_image(frame, -each) for frame, each in zip(movie, shift, strict=True)]
    return np.array(moved).reshape(movie.shape), None


def _picture(frames: npt.NDArray[np.float64], back: Shift | None) -> npt.NDArray[np.float64]:
    mean = nan_mean(frames)
    return mean if back is None or not np.isfinite(mean).any() else shift_image(mean, back)
