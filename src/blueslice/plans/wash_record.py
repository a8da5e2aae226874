"""What a drug wash that was broken off has done, from its documents."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field

from blueslice._data import Data
from blueslice._numbers import Whole
from blueslice.errors import BadInputError
from blueslice.plans.wash_step import WashStep
from blueslice.trial import Trial

__all__ = ["WashRecord", "wash_record"]


class WashRecord(Data):
    """A drug wash and how far it has come: what `drug_wash` needs to go on with it.

    Parameters
    ----------
    uid : str
        The run's.
    steps : tuple of WashStep
        All its steps.
    trial : Trial
        Its trial with the stimulus.
    completed_trials : tuple of int
        Numbers of the trials that are done, in this run and those that it resumed.
    cell : str
        The cell's name, for its exposure; empty when the run has none.
    protocol_step : int
        The step of a protocol file that the run was, 1 for a run that was none.
    """

    uid: str = Field(min_length=1)
    steps: tuple[WashStep, ...] = Field(min_length=1)
    trial: Trial
    completed_trials: tuple[Whole, ...] = ()
    cell: str = ""
    protocol_step: Whole = Field(default=1, ge=1)


def wash_record(documents: Iterable[tuple[str, Mapping[str, Any]]]) -> WashRecord:
    """Read from a run's documents which of its trials are done.

    A trial is done when its frames and its voltage belong to the run, that is to say when the
    documents of the stream ``primary`` count it. This holds also of a run that was killed: the
    journal has every document up to then.

    Parameters
    ----------
    documents : iterable of (name, document)
        Of one run of `drug_wash`, as `blueslice.callbacks.read_journal` or a catalogue gives them.

    Raises
    ------
    BadInputError
        When they are not of one run of `drug_wash`.

    Examples
    --------
    The rest of a run of which there is a journal::

        record = wash_record(read_journal(path))
        RE(drug_wash(rig, resume=record))
    """
    start: Mapping[str, Any] | None = None
    keys: set[str] = set()
    key_of: dict[str, str] = {}
    counts: dict[str, int] = {}
    for name, document in documents:
        if name == "start":
            if start is not None:
                raise BadInputError(
                    f"these are documents of two runs, {start['uid'][:8]} and "
                    f"{document['uid'][:8]}; give those of one"
                )
            start = document
        elif name == "descriptor" and document["name"] == "primary":
            keys |= set(document["data_keys"])
        elif name == "stream_resource":
            key_of[document["uid"]] = document["data_key"]
        elif name == "stream_datum":
            key = key_of.get(document["stream_resource"], "")
            counts[key] = max(counts.get(key, 0), document["indices"]["stop"])
    if start is None or "wash_steps" not in start:
        what = "no start document" if start is None else f"a run of {start.get('plan_name')!r}"
        raise BadInputError(f"there is nothing to resume in {what}; give a run of drug_wash")
    # A kill in the middle of a trial's documents leaves some of its arrays out.
    taken = min((counts.get(key, 0) for key in keys), default=0)
    return WashRecord(
        uid=start["uid"],
        steps=tuple(WashStep.from_document(step) for step in start["wash_steps"]),
        trial=Trial.from_document(start["trial"]),
        completed_trials=(*start["completed_before"], *start["trial_table"]["number"][:taken]),
        cell=start.get("cell", ""),
        protocol_step=start.get("protocol", {}).get("step", 1),
    )
