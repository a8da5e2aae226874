"""``blueslice shell``: IPython with everything at hand."""

import argparse
from typing import Any

from blueslice import plans
from blueslice.commands import prompt_errors
from blueslice.commands._chosen_directory import chosen_directory
from blueslice.commands._one_line_log import one_line_logs
from blueslice.commands._plain_console import plain_console
from blueslice.commands._protocol_run import chosen_rig
from blueslice.progress import ProgressDisplay
from blueslice.protocols import protocol
from blueslice.session import Session

__all__ = ["run"]

BANNER = """blueslice: RE, rig, session, plans (two_pulse, single_pulse, ...), catalogue, live
    (uid,) = RE(two_pulse(rig, trials=3));  RE(protocol(rig, "file.toml")) runs a file
    session.new_cell("c3") goes on with another cell, session.exposure is its light so far
    catalogue.v3[uid]  is the run,  catalogue.v3[-1]  the newest: its dF/F
    Ctrl-C twice pauses at once; RE.resume(), RE.stop() or RE.abort() go on from there."""


class CatalogueAtPrompt:
    """The catalogue as one expects it at a prompt: with all that was acquired so far.

    Runs reach the catalogue a moment after the RunEngine is done with them; who asks for one
    waits for that.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def _arrived(self) -> Any:
        if self._session.RE.state == "idle":
            self._session.wait()
        return self._session.catalogue

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._arrived(), name)

    def __getitem__(self, key: Any) -> Any:
        return self._arrived()[key]

    def __len__(self) -> int:
        return len(self._arrived())

    def __iter__(self) -> Any:
        return iter(self._arrived())

    def __dir__(self) -> list[str]:
        return dir(self._session.catalogue)

    def __repr__(self) -> str:
        return repr(self._arrived())


def run(options: argparse.Namespace) -> None:
    """Start IPython; everything is closed when it is left."""
    import IPython
    from traitlets.config import Config

    directory = chosen_directory(options)
    rig = chosen_rig(options, directory)
    with one_line_logs(), Session(rig, directory, cell=options.cell) as session:
        # Not on a terminal that cannot redraw a line: there it would bury what is typed.
        ProgressDisplay(session.RE, rig.rest.name, plain_console(), lines=False)
        names = {name: getattr(plans, name) for name in plans.__all__}
        names.update(
            protocol=protocol,
            RE=session.RE,
            rig=rig,
            session=session,
            live=session.live,
            catalogue=CatalogueAtPrompt(session),
        )
        config = Config()
        config.TerminalInteractiveShell.banner1 = BANNER + "\n"
        config.InteractiveShellApp.extensions = [prompt_errors.__name__]
        IPython.start_ipython(argv=[], user_ns=names, config=config)
