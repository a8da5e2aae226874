"""What every error of ours is: one line, as long as a person reads."""

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


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a.toml: key\n\x8c: there is no such key", "a.toml: key \\x8c: there is no such key"),
        ("no answer:\r\n  camera: timed out\n", "no answer: camera: timed out"),
        ("cell '\u2028': give a name", "cell ' ': give a name"),
        ("cell '\x1b[2J\x07'", r"cell '\x1b[2J\x07'"),
        ("cell '\ud800'", r"cell '\ud800'"),
        ("solution 'Ca²⁺ 2 mM, 5 µM'", "solution 'Ca²⁺ 2 mM, 5 µM'"),
    ],
)
def test_a_name_in_it_neither_breaks_the_line_nor_acts_on_the_terminal(text: str, told: str):
    assert str(BadInputError(text)) == told


@pytest.mark.parametrize("kind", [BluesliceError, BadInputError, InstrumentError, StorageError])
def test_an_error_comes_whole_from_another_process(kind):
    error = pickle.loads(pickle.dumps(kind("the camera is off; switch it on")))
    assert type(error) is kind
    assert str(error) == "the camera is off; switch it on"
