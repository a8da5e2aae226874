"""``blueslice demo``: blank and two-pulse trials on a simulated rig."""

import argparse

from blueslice.commands._chosen_directory import chosen_directory
from blueslice.commands._planned_step import plan_step
from blueslice.commands._protocol_run import run_protocol
from blueslice.errors import BadInputError
from blueslice.plans import two_pulse
from blueslice.rig import make_sim_rig

__all__ = ["run"]

BLANKS = 1
MOST_TRIALS = 10_000


def run(options: argparse.Namespace) -> None:
    """Run the demonstration.

    Raises
    ------
    BadInputError
        Before anything is made, when the number of trials is not allowed.
    """
    if not 1 <= options.trials <= MOST_TRIALS:
        raise BadInputError(
            f"--trials = {options.trials}: give a whole number from 1 to {MOST_TRIALS}"
        )
    directory = chosen_directory(options)
    pace = "fast" if options.fast else "real"
    rig = make_sim_rig(options.seed, data_directory=directory, pace=pace)
    rig.nearest_times = options.nearest
    step = plan_step("two_pulse", lambda: two_pulse(rig, trials=options.trials, blanks=BLANKS), rig)
    run_protocol(options, rig, directory, [step])
