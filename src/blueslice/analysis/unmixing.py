"""Crosstalk: each LED excites the other dye a little; undo it."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from blueslice.errors import BadInputError

__all__ = ["Unmixed", "mix_channels", "unmix_channels"]

# Noise of the worst direction grows by at most this, relative to the best.
LARGEST_CONDITION = 100.0


class Unmixed(NamedTuple):
    """What each dye gave.

    Attributes
    ----------
    values : ndarray of float64, shape (dyes, ...)
        Of the unit of the channels.
    errors : ndarray of float64 or None, shape (dyes, ...)
        Their SDs, when those of the channels were given.
    """

    values: npt.NDArray[np.float64]
    errors: npt.NDArray[np.float64] | None


def mix_channels(matrix: npt.ArrayLike, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Give what the channels show: ``channel_i = sum_j matrix[i, j] dye_j``.

    Parameters
    ----------
    matrix : array_like, shape (channels, dyes), square
        Light of each dye (column) under each LED (row), relative to what the own LED gets from
        it: 1 on the diagonal. Measured on cells with one dye alone.
    values : array_like, shape (dyes, ...)
        Change of each dye's light, all in one unit (counts; for dF/F see `unmix_channels`).

    Returns
    -------
    ndarray of float64, shape (channels, ...)

    Raises
    ------
    BadInputError
        When the matrix is not square and finite, or does not fit the values.
    """
    square, channels = _read(matrix, values)
    return np.tensordot(square, channels, axes=1)


def unmix_channels(
    matrix: npt.ArrayLike, channels: npt.ArrayLike, errors: npt.ArrayLike | None = None
) -> Unmixed:
    """Give what the dyes did, from what the channels show.

    The channels must be at the same times (`average_trials` puts ions on one grid) and of one
    unit. For dF/F, ``matrix[i, j]`` is the part of channel i's resting light that dye j gives: a
    row then sums to 1 less the background's part.

    Parameters
    ----------
    matrix : array_like, shape (channels, dyes), square
        As for `mix_channels`.
    channels : array_like, shape (channels, ...)
        What was measured. NaN in a channel makes every dye NaN there.
    errors : array_like, broadcastable to the channels, optional
        SD of each value, independent from channel to channel.

    Returns
    -------
    Unmixed
        With ``errors_j^2 = sum_i inverse[j, i]^2 errors_i^2``.

    Raises
    ------
    BadInputError
        When the matrix is not square and finite, nearly singular (its condition number above
        100), does not fit the channels, or an error is negative.
    """
    square, values = _read(matrix, channels)
    condition = float(np.linalg.cond(square))
    if not condition <= LARGEST_CONDITION:
        raise BadInputError(
            f"the crosstalk matrix is nearly singular (condition number {condition:.3g}, at most "
            f"{LARGEST_CONDITION:g} is allowed): its channels show the same mixture of dyes and "
            "cannot be told apart; choose dyes or LEDs further apart"
        )
    inverse = np.linalg.inv(square)
    unmixed = np.tensordot(inverse, values, axes=1)
    if errors is None:
        return Unmixed(unmixed, None)
    sd = np.asarray(errors, np.float64)
    try:
        sd = np.broadcast_to(sd, values.shape)
    except ValueError:
        raise BadInputError(
            f"errors of shape {sd.shape} do not fit channels of shape {values.shape}"
        ) from None
    if (sd < 0).any():
        raise BadInputError(f"errors hold {sd.min():g}; standard deviations are 0 or more")
    return Unmixed(unmixed, np.sqrt(np.tensordot(inverse**2, sd**2, axes=1)))


def _read(
    matrix: npt.ArrayLike, values: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    square, channels = np.asarray(matrix, np.float64), np.asarray(values, np.float64)
    if square.ndim != 2 or square.shape[0] != square.shape[1] or not np.isfinite(square).all():
        raise BadInputError(
            f"the crosstalk matrix has shape {square.shape}; give finite numbers (channels, dyes), "
            "as many of one as of the other"
        )
    if not channels.ndim or len(channels) != len(square):
        raise BadInputError(
            f"values of shape {channels.shape} do not fit a crosstalk matrix of {len(square)} x "
            f"{len(square)}; their first axis must be {len(square)}"
        )
    return square, channels
