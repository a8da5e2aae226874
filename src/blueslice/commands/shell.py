"""``blueslice shell``: IPython with everything at hand."""

import argparse
from typing import Any

from blueslice import plans
from blueslice.commands._protocol_run import chosen_directory
from blueslice.rig import load_rig, make_sim_rig
from blueslice.session import Session

__all__ = ["run"]

BANNER = """blueslice: RE, rig, plans (two_pulse, single_pulse, blank, replay), catalogue, live
    (uid,) = RE(two_pulse(rig, trials=3))
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
    if options.rig:
        rig = load_rig(options.rig, data_directory=directory)
    else:
        pace = "fast" if options.fast else "real"
        rig = make_sim_rig(data_directory=directory, pace=pace)
    with Session(rig, directory) as session:
        names = {name: getattr(plans, name) for name in plans.__all__}
        names.update(
            RE=session.RE,
            rig=rig,
            session=session,
            live=session.live,
            catalogue=CatalogueAtPrompt(session),
        )
        config = Config()
        config.TerminalInteractiveShell.banner1 = BANNER + "\n"
        IPython.start_ipython(argv=[], user_ns=names, config=config)
