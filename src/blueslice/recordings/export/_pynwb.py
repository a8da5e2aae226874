"""Classes of pynwb and hdmf, whose decorators hide their arguments from type checkers."""

from typing import Any

import hdmf.backends.hdf5
import pynwb
import pynwb.base
import pynwb.core
import pynwb.icephys
import pynwb.image
import pynwb.ophys

__all__ = [
    "CurrentClampSeries",
    "CurrentClampStimulusSeries",
    "DfOverF",
    "DynamicTable",
    "Fluorescence",
    "GrayscaleImage",
    "ImageSegmentation",
    "ImageSeries",
    "Images",
    "IndexSeries",
    "OnePhotonSeries",
    "OpticalChannel",
    "PatchClampSeries",
    "RoiResponseSeries",
    "TimeSeries",
    "VectorData",
    "VoltageClampSeries",
    "VoltageClampStimulusSeries",
    "compressed",
]

CurrentClampSeries: Any = pynwb.icephys.CurrentClampSeries
CurrentClampStimulusSeries: Any = pynwb.icephys.CurrentClampStimulusSeries
PatchClampSeries: Any = pynwb.icephys.PatchClampSeries
VoltageClampStimulusSeries: Any = pynwb.icephys.VoltageClampStimulusSeries
DfOverF: Any = pynwb.ophys.DfOverF
DynamicTable: Any = pynwb.core.DynamicTable
Fluorescence: Any = pynwb.ophys.Fluorescence
GrayscaleImage: Any = pynwb.image.GrayscaleImage
ImageSegmentation: Any = pynwb.ophys.ImageSegmentation
ImageSeries: Any = pynwb.image.ImageSeries
Images: Any = pynwb.base.Images
IndexSeries: Any = pynwb.image.IndexSeries
OnePhotonSeries: Any = pynwb.ophys.OnePhotonSeries
OpticalChannel: Any = pynwb.ophys.OpticalChannel
RoiResponseSeries: Any = pynwb.ophys.RoiResponseSeries
TimeSeries: Any = pynwb.TimeSeries
VectorData: Any = pynwb.core.VectorData
VoltageClampSeries: Any = pynwb.icephys.VoltageClampSeries

_H5DataIO: Any = hdmf.backends.hdf5.H5DataIO


def compressed(data: Any, level: int = 4) -> Any:
    """Return data that HDF5 compresses without loss.

    Parameters
    ----------
    data : array_like or chunk iterator
        What is written.
    level : int
        Of gzip, 0 to 9.
    """
    return _H5DataIO(data, compression="gzip", compression_opts=level, shuffle=True)
