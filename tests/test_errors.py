"""What every error of ours is: one text, as long as a person reads."""

import pickle

import pytest

from blueslice.errors import BadInputError, BluesliceError, InstrumentError, StorageError


@pytest.mark.parametrize("kind", [BluesliceError, BadInputError, InstrumentError, StorageError])
def test_both_ends_of_a_long_text_are_told(kind):
    told = str(kind(f"fig6.toml: {'9' * 100_000}: there is no such key"))
    assert len(told) < 1600
    assert told.startswith("fig6.toml: 999")
    assert told.endswith("999: there is no such key")
    assert "9 [...] 9" in told


@pytest.mark.parametrize("kind", [BluesliceError, BadInputError, InstrumentError, StorageError])
def test_an_error_comes_whole_from_another_process(kind):
    error = pickle.loads(pickle.dumps(kind("the camera is off; switch it on")))
    assert type(error) is kind
    assert str(error) == "the camera is off; switch it on"
