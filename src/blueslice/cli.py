"""The ``blueslice`` command: what can be asked of it. The work is in `blueslice.commands`."""

import argparse
import errno
import importlib
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

from blueslice._lost_output import SafeOutput, safe_output
from blueslice._plain_files import shortened
from blueslice.errors import BadInputError, BluesliceError

__all__ = ["main", "make_parser"]


class _Parser(argparse.ArgumentParser):
    """A parser whose refusals are one line, as all others are."""

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments."""
        raise BadInputError(f"{shortened(message)}; see '{self.prog} --help'")


def make_parser() -> argparse.ArgumentParser:
    """Return the parser; nothing heavy is imported for it, so that help is there at once."""
    parser = _Parser(
        prog="blueslice",
        description="Image sodium and calcium at once on a brain-slice rig, simulated or real.",
    )
    parser.add_argument("--version", action="version", version=f"blueslice {version('blueslice')}")
    shared = _Parser(add_help=False)
    shared.add_argument(
        "--data-dir", type=Path, metavar="DIR", help="where data are kept (default: per user)"
    )
    shared.add_argument("--json", action="store_true", help="print the result as JSON")
    acquiring = _Parser(add_help=False)
    acquiring.add_argument("--fast", action="store_true", help="do not keep the rig's real pace")
    acquiring.add_argument(
        "--roi",
        action="append",
        default=[],
        metavar="Y,X,HEIGHT,WIDTH",
        help="a region of interest in pixels, name=... before it names it; or a .npy label image "
        "(repeatable)",
    )
    lighting = _Parser(add_help=False)
    lighting.add_argument(
        "--cell", metavar="NAME", help="the patched cell, for its exposure (default: a new one)"
    )
    checking = _Parser(add_help=False)
    checking.add_argument(
        "--dry-run", action="store_true", help="show timeline, light and timing; do nothing"
    )
    checking.add_argument(
        "--exceed-budget", action="store_true", help="allow more light than the cell's budget"
    )
    checking.add_argument(
        "--nearest", action="store_true",
        help="move a time that an instrument cannot produce to the nearest that it can",
    )  # fmt: skip
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    demo = commands.add_parser(
        "demo",
        parents=[shared, acquiring, lighting, checking],
        help="run a protocol on a simulated rig",
    )
    demo.add_argument("--trials", type=int, default=4, help="two-pulse trials (default 4)")
    demo.add_argument("--seed", type=int, default=11, help="decides the cell (default 11)")
    replay = commands.add_parser(
        "replay", parents=[shared, acquiring], help="play recordings through the same path"
    )
    replay.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help=".da, or .tsm with .tbn"
    )
    run = commands.add_parser(
        "run", parents=[shared, acquiring, lighting, checking], help="run a protocol file"
    )
    run.add_argument("file", type=Path, metavar="FILE", help="protocol file: .toml or .yaml")
    run.add_argument(
        "--resume", metavar="RUN", help="go on with a drug_wash that was broken off: its run's uid"
    )
    shell = commands.add_parser(
        "shell", parents=[shared, lighting], help="IPython with RE, rig and plans"
    )
    for command in (run, shell):
        command.add_argument(
            "--rig", type=Path, metavar="FILE", help="rig file (default: simulated)"
        )
        command.add_argument("--seed", type=int, help="decides the simulated cell (default 0)")
    shell.add_argument("--fast", action="store_true", help="do not keep the rig's real pace")
    live = commands.add_parser("live", help="show a running session in a browser")
    live.add_argument(
        "--data-dir", type=Path, metavar="DIR", help="where the session's data are kept"
    )
    live.add_argument("--port", type=int, default=0, metavar="N", help="default: any that is free")
    live.add_argument(
        "--control", action="store_true", help="let the page pause, resume, stop, abort, draw ROIs"
    )
    live.add_argument("--no-browser", action="store_true", help="only print the address")
    runs = commands.add_parser("runs", parents=[shared], help="list the runs in the catalogue")
    runs.add_argument("-n", type=int, default=20, metavar="COUNT", help="newest COUNT (default 20)")
    profile = commands.add_parser(
        "profile", parents=[shared], help="let any Python open a data directory by a name"
    )
    profile.add_argument(
        "name", metavar="NAME", help='for databroker.catalog["NAME"]: letters, digits, - and _'
    )
    paper = commands.add_parser(
        "paper", help="run the experiments of Miyazaki & Ross 2017 and report on them"
    )
    paper.add_argument(
        "--figure", action="append", default=[], metavar="N", help="only this one (repeatable)"
    )
    paper.add_argument("--seed", type=int, default=0, help="decides the cells (default 0)")
    paper.add_argument(
        "--out", type=Path, default=Path("blueslice-paper"), metavar="DIR",
        help="where recordings (about 4 GB) and report go; goes on there (default %(default)s)",
    )  # fmt: skip
    paper.add_argument(
        "--cells-factor", type=float, default=1.0, metavar="X", help="X times as many cells"
    )
    paper.add_argument("--processes", type=int, metavar="N", help="default: one per core")
    importing = commands.add_parser(
        "import", parents=[shared], help="bring recorded files into the catalogue"
    )
    importing.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help=".da, .tsm with .tbn, or .abf"
    )
    importing.add_argument(
        "--description", type=Path, metavar="FILE", help="TOML: what the files do not say"
    )
    export = commands.add_parser(
        "export", parents=[shared], help="write runs as NWB, OME-Zarr, CSV, Parquet or MAT"
    )
    export.add_argument(
        "uid", nargs="*", metavar="RUN", help="uid or its first characters; -1 for the newest"
    )
    export.add_argument(
        "--format", required=True, choices=("nwb", "ome-zarr", "csv", "parquet", "mat")
    )
    export.add_argument(
        "--out", type=Path, default=Path(), metavar="DIR", help="where to (default: here)"
    )
    export.add_argument(
        "--metadata", type=Path, metavar="FILE", help="TOML: animal and experiment, for NWB"
    )
    export.add_argument("--cell", metavar="NAME", help="all runs of this cell")
    export.add_argument("--since", metavar="DATE", help="all runs since, as 2026-11-23")
    export.add_argument("--plan", metavar="NAME", help="all runs of this plan, as two_pulse")
    show = commands.add_parser("show", parents=[shared], help="draw figures of a run")
    show.add_argument("uid", metavar="RUN", help="uid or its first characters; -1 for the newest")
    show.add_argument(
        "--kind", action="append", default=[], metavar="KIND",
        choices=("cell", "traces", "difference", "film", "profile", "bars", "timing"),
        help="%(choices)s (repeatable; default: all that the run can show)",
    )  # fmt: skip
    show.add_argument("--trial", type=int, metavar="N", help="only this trial, 1 for the first")
    show.add_argument(
        "--roi", action="append", default=[], metavar="ROI",
        help="a name among the run's ROIs, or as for 'run' (repeatable)",
    )  # fmt: skip
    show.add_argument(
        "--pixel-um", type=float, metavar="UM", help="edge of a pixel, where the run does not say"
    )
    show.add_argument(
        "--out", type=Path, default=Path(), metavar="DIR", help="where to (default: here)"
    )
    show.add_argument("--format", choices=("pdf", "svg", "png"), default="pdf")
    recovering = commands.add_parser(
        "recover", parents=[shared], help="complete what a killed session left behind"
    )
    recovering.add_argument("--dry-run", action="store_true", help="say what is missing")
    commands.add_parser(
        "verify", parents=[shared], help="compare all kept data with their checksums"
    )
    exposure = commands.add_parser(
        "exposure", parents=[shared], help="list the light that cells have had"
    )
    exposure.add_argument("cell", nargs="?", metavar="CELL", help="one cell, run by run")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code: 0, 1 for a failure, 2 for bad input."""
    with safe_output() as output:
        try:
            code = _run(arguments, output)
        except SystemExit as asked:
            # Of --help and --version.
            code = asked.code if isinstance(asked.code, int) else 1
            output.flush()
            if output.failure is None:
                raise
        output.flush()
        failure = output.failure
        if failure is None or code:
            return code
        # Who has read enough, as "head" does, knows that there is more.
        if not isinstance(failure, BrokenPipeError):
            reason = getattr(failure, "strerror", None) or failure
            _say(
                f"the output could not be written ({reason}); what the command was to do is done, "
                "and only its text is lost: give it somewhere else to print to"
            )
        return 1


def _run(arguments: Sequence[str] | None, output: SafeOutput) -> int:
    try:
        options = make_parser().parse_args(arguments)
        if options.command == "shell":
            # IPython does with the terminal as it likes.
            sys.stdout = output.stream
        # The name of a statement is no name for a module.
        module = {"import": "import_recordings"}.get(options.command, options.command)
        command = importlib.import_module(f"blueslice.commands.{module}")
        command.run(options)
    except BluesliceError as error:
        _say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        _say("stopped; what was completed is kept")
        return 130
    except OSError as error:
        # What no part of blueslice expected of the disk or the network.
        if error.errno == errno.ENAMETOOLONG:
            _say(f"{error}; give a shorter path")
            return BadInputError.exit_code
        _say(f"{error}; check the disk and the path")
        return BadInputError.exit_code if isinstance(error, FileNotFoundError) else 1
    except Exception as error:
        _say(_unexpected(error))
        return 1
    return 0


def _say(text: str) -> None:
    # As an error it is one line that can be read, whatever names are in it.
    print(f"blueslice: {BluesliceError(text)}", file=sys.stderr)  # noqa: T201


def _unexpected(error: Exception) -> str:
    """Keep the details of a fault of blueslice's own in a file; return what is to be done."""
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    told = f"the command failed in a way that blueslice does not know ({what})"
    try:
        descriptor, path = tempfile.mkstemp(prefix="blueslice-error-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            traceback.print_exception(error, file=file)
    except OSError:
        return f"{told}; what was completed is kept; report it"
    return f"{told}; what was completed is kept; report it with the details in {path}"


if __name__ == "__main__":
    sys.exit(main())
