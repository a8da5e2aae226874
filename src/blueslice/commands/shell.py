"""``blueslice shell``: IPython with everything at hand."""

import argparse

from blueslice import plans
from blueslice.commands._protocol_run import chosen_directory
from blueslice.rig import load_rig, make_sim_rig
from blueslice.session import Session

__all__ = ["run"]

BANNER = """blueslice: RE, rig, plans (two_pulse, single_pulse, blank, replay), catalogue, live
    RE(two_pulse(rig, trials=3))      then  catalogue.v3[-1]
    Ctrl-C twice pauses at once; RE.resume(), RE.stop() or RE.abort() go on from there."""


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
            catalogue=session.catalogue,
        )
        config = Config()
        config.TerminalInteractiveShell.banner1 = BANNER + "\n"
        IPython.start_ipython(argv=[], user_ns=names, config=config)
