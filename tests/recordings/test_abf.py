"""Sweeps of an ABF file are those that pyABF gives, one by one."""

import numpy as np
import pyabf
import pyabf.abfWriter
import pytest

from blueslice.errors import BadInputError
from blueslice.recordings.abf import read_abf


@pytest.fixture
def file(tmp_path):
    sweeps = np.random.default_rng(4).normal(-65.0, 3.0, (7, 500))
    pyabf.abfWriter.writeABF1(sweeps, str(tmp_path / "cell.abf"), 20000.0, "mV")
    return tmp_path / "cell.abf"


def test_the_sweeps_are_pyabfs(file):
    expected = pyabf.ABF(str(file))
    found = read_abf(file)
    assert found.channels.shape == (7, 1, 500)
    for sweep in expected.sweepList:
        expected.setSweep(sweep)
        np.testing.assert_array_equal(found.channels[sweep, 0], np.float32(expected.sweepY))
    np.testing.assert_array_equal(found.lines["voltage"], found.channels[:, 0])


def test_no_stimuli_are_composed_for_each_sweep(file, monkeypatch):
    # They are composed of all sweeps each time: thousands of sweeps took minutes.
    made = []
    table = pyabf.waveform.EpochTable
    monkeypatch.setattr(pyabf.waveform, "EpochTable", lambda *a: made.append(1) or table(*a))
    read_abf(file)
    assert len(made) <= 2


def test_sweeps_of_unequal_length_are_refused(file, monkeypatch):
    class Lengths:
        lLength = (500, 400, 500, 500, 500, 500, 500)

    init = pyabf.ABF.__init__

    def with_lengths(self, *arguments, **options):
        init(self, *arguments, **options)
        self._synchArraySection = Lengths

    monkeypatch.setattr(pyabf.ABF, "__init__", with_lengths)
    with pytest.raises(BadInputError, match="its sweeps are not all as long"):
        read_abf(file)
