"""A run's trials, read from their files and analysed as one analyses real ones."""

from typing import Any

import h5py
import numpy as np

from blueslice._addresses import file_at
from blueslice.analysis import AnalysisParameters, PlacedTrials, Roi, find_responding_roi
from blueslice.errors import StorageError

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
                path = file_at(doc["uri"])
                if path is None:
                    raise StorageError(f"{doc['uri']} is no file of this computer; copy it here")
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
