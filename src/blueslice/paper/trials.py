"""A run's trials, read from their files and analysed as one analyses real ones."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse
from urllib.request import url2pathname

import h5py
import numpy as np

from blueslice.analysis import AnalysisParameters, PlacedTrials, Roi, find_responding_roi

__all__ = ["Trials"]


class Trials(PlacedTrials):
    """A run's trials, from the documents of an experiment that was just done."""

    @classmethod
    def read(
        cls, documents: list[tuple[str, dict[str, Any]]], parameters: AnalysisParameters
    ) -> "Trials":
        """Read the arrays that a run's documents name."""
        start = next(doc for name, doc in documents if name == "start")
        arrays = {}
        for name, doc in documents:
            if name == "stream_resource":
                path = Path(url2pathname(unquote(urlparse(doc["uri"]).path)))
                with h5py.File(path, "r", swmr=True) as file:
                    arrays[doc["data_key"]] = np.asarray(file[doc["data_key"]])
        return cls(start, arrays, parameters)

    def responding(self, chosen: list[int], size_px: int) -> Roi:
        """Find what answered: the box of the largest mean sodium response."""
        found = find_responding_roi(
            self.mean_image(0, "baseline", chosen),
            self.mean_image(0, "response", chosen),
            size_px,
            margin=12,
        )
        return found.roi.replace(name="spine")
