"""Cut-outs of pictures about a place, all of one size."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["around"]


def around(picture: NDArray[np.float64], y: float, x: float, reach_px: int) -> NDArray[np.float64]:
    """Cut (2 reach + 1) pixels square about a place; NaN where the picture has ended."""
    row, column = round(y), round(x)
    wide = np.pad(np.asarray(picture, np.float64), reach_px, constant_values=np.nan)
    return wide[row : row + 2 * reach_px + 1, column : column + 2 * reach_px + 1]
