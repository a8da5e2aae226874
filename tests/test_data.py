import re

import numpy as np
import pytest
from pydantic import Field, field_validator, model_validator

from blueslice._data import Data
from blueslice.errors import BadInputError
from blueslice.trial import Trial, paired_pulses


class Window(Data):
    start_s: float = Field(default=0.0, ge=0)
    stop_s: float = Field(default=1.0, ge=0)
    label: str = ""

    @field_validator("label")
    @classmethod
    def _check_label(cls, label):
        if label == "bad":
            raise ValueError("this label\n  is taken")
        return label

    @model_validator(mode="after")
    def _check_order(self):
        if self.stop_s <= self.start_s:
            raise ValueError(f"stop_s = {self.stop_s:g} is not after start_s")
        return self


class Many(Data):
    values: tuple[int, ...]


class Several(Data):
    windows: Window | list[Window]


def test_no_reading_of_pydantics_own_is_named():
    with pytest.raises(BadInputError, match="Several: ") as refused:
        Several(windows=[{"begin_s": 1}, 3])
    assert "windows.0: Window: begin_s: there is no such key" in str(refused.value)
    assert "[Window]" not in str(refused.value)


REFUSED = {
    "value": ({"start_s": -1}, "Window: start_s = -1: Input should be greater than"),
    "unknown": ({"begin_s": 1}, "Window: begin_s: there is no such key"),
    "nan": ({"start_s": float("nan")}, "Window: start_s = nan: Input should be a finite number"),
    "together": ({"start_s": 2}, "Window: stop_s = 1 is not after start_s"),
    "line break": ({"label": "bad"}, "Window: label: this label is taken"),
    "two": ({"start_s": -1, "stop_s": -2}, "; stop_s = -2: "),
}


@pytest.mark.parametrize(("values", "text"), REFUSED.values(), ids=REFUSED)
def test_refusal_names_field_value_and_rule(values, text):
    with pytest.raises(BadInputError, match=re.escape(text)):
        Window(**values)


@pytest.mark.parametrize(("values", "text"), REFUSED.values(), ids=REFUSED)
def test_replace_refuses_what_the_class_refuses(values, text):
    with pytest.raises(BadInputError, match=re.escape(text)):
        Window().replace(**values)


@pytest.mark.parametrize(
    "value",
    ["x" * 10_000, "one\ntwo\r\n\tthree", list(range(10_000)), np.ones((200, 200)), b"\x00" * 9999],
    ids=["text", "lines", "list", "image", "bytes"],
)
def test_refusal_is_one_short_line(value):
    with pytest.raises(BadInputError) as caught:
        Window(start_s=value)
    text = str(caught.value)
    assert text.startswith("Window: start_s = ")
    assert text.isprintable()
    assert len(text) < 200


def test_refusal_tells_the_first_five_faults_only():
    with pytest.raises(BadInputError, match=r"values\.4 = 'x': [^;]*; and 95 more$"):
        Many(values=["x"] * 100)


def test_replace_returns_a_checked_copy():
    before = Window(start_s=0.2, label="baseline")
    after = before.replace(stop_s="3")
    assert after == Window(start_s=0.2, stop_s=3.0, label="baseline")
    assert before.stop_s == 1.0


def test_blank_differs_from_its_trial_in_nothing_else():
    trial = Trial(pulses=paired_pulses(interval_s=0.010), excitation_order=(2, 1))
    blank = trial.with_blank()
    assert blank.blank
    assert blank.replace(blank=False) == trial
