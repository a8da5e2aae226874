"""``blueslice replay FILE...``: recordings through the same path as live trials."""

import argparse

from blueslice.commands._chosen_directory import chosen_directory
from blueslice.commands._planned_step import plan_step
from blueslice.commands._protocol_run import run_protocol
from blueslice.plans import replay
from blueslice.rig import make_replay_rig

__all__ = ["run"]


def run(options: argparse.Namespace) -> None:
    """Replay the recordings."""
    directory = chosen_directory(options)
    pace = "fast" if options.fast else "real"
    rig = make_replay_rig(options.files, data_directory=directory, pace=pace)
    run_protocol(options, rig, directory, [plan_step("replay", lambda: replay(rig), rig)])
