"""``blueslice run FILE``: a protocol file on a rig."""

import argparse
from functools import partial

from bluesky.utils import MsgGenerator

from blueslice.commands._planned_step import PlannedStep
from blueslice.commands._protocol_run import chosen_directory, chosen_rig, run_protocol
from blueslice.ledger import ExposureBudget
from blueslice.protocols import check_protocol, load_protocol, step_plan

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
    rig = chosen_rig(options, directory)
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
