"""``blueslice run FILE``: a protocol file on a rig."""

import argparse
from functools import partial

from bluesky.utils import MsgGenerator

from blueslice.commands._chosen_directory import chosen_directory
from blueslice.commands._planned_step import PlannedStep
from blueslice.commands._protocol_run import chosen_rig, run_protocol
from blueslice.errors import BadInputError
from blueslice.ledger import ExposureBudget
from blueslice.plans import WashRecord
from blueslice.protocols import Protocol, check_protocol, load_protocol, step_plan
from blueslice.resume import wash_record_of

__all__ = ["run"]


def run(options: argparse.Namespace) -> None:
    """Run the protocol.

    Raises
    ------
    BadInputError
        Before any light, when any of its steps is not allowed.
    """
    described = load_protocol(options.file)
    if options.cell is not None:
        # What a step says of its run would otherwise count for more.
        described = described.replace(metadata=described.metadata.replace(cell=options.cell))
    directory = chosen_directory(options)
    first = 1
    if options.resume is not None:
        record = wash_record_of(directory, options.resume)
        described, first = _resumed(described, record), record.protocol_step
    rig = chosen_rig(options, directory)
    rig.nearest_times = rig.nearest_times or options.nearest
    rehearsals = check_protocol(described, rig)
    ended_s: float | None = None

    def run_step(number: int) -> MsgGenerator[None]:
        nonlocal ended_s
        ended_s = yield from step_plan(described, number, rig, ended_s)

    steps = [
        PlannedStep(step.plan, partial(run_step, number), rehearsal)
        for number, (step, rehearsal) in enumerate(
            zip(described.steps, rehearsals, strict=True), start=1
        )
        if number >= first
    ]
    budget_s = described.exposure_budget_s
    run_protocol(
        options,
        rig,
        directory,
        steps,
        cell=described.metadata.cell or None,
        budget=ExposureBudget() if budget_s is None else ExposureBudget(light_s=budget_s),
    )


def _resumed(described: Protocol, record: WashRecord) -> Protocol:
    """Have the step that was broken off go on where it was, with the cell that it was done on.

    The steps before it are kept, to be numbered as they were, and are not run.
    """
    number = record.protocol_step
    step = described.steps[number - 1] if number <= len(described.steps) else None
    if step is None or step.plan != "drug_wash":
        raise BadInputError(
            f"--resume {record.uid[:8]}: that run was step {number} of its protocol, a drug_wash, "
            f"which {described.name} does not have there; give the file that it was run from"
        )
    # The steps of the file have to be those of the run, which the plan itself checks.
    going_on = step.replace(arguments={**step.arguments, "resume": record}, wait_before_s=0.0)
    steps = (*described.steps[: number - 1], going_on, *described.steps[number:])
    metadata = described.metadata
    if record.cell and not metadata.cell:
        metadata = metadata.replace(cell=record.cell)
    return described.replace(steps=steps, metadata=metadata)
