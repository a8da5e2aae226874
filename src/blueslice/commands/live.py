"""``blueslice live``: the live page of a running session, in a browser."""

import argparse
import importlib.util
import os
import sys

from blueslice.commands._chosen_directory import chosen_directory
from blueslice.errors import BadInputError

__all__ = ["run"]


def run(options: argparse.Namespace) -> None:
    """Serve the page until Ctrl-C.

    Raises
    ------
    BadInputError
        When the page's packages are not installed, or its port is not free.
    """
    for package in ("nicegui", "zmq"):
        if importlib.util.find_spec(package) is None:
            raise BadInputError(
                "the live page needs further packages; install them with: "
                "pip install 'blueslice[live]'"
            )
    from blueslice.view.live.server import serve_live_page

    # The acquisition comes first wherever both want the processor.
    if sys.platform != "win32":
        os.nice(5)
    serve_live_page(
        chosen_directory(options),
        port=options.port,
        control=options.control,
        browser=not options.no_browser,
        tell=_tell,
    )


def _tell(address: str) -> None:
    print(f"live page: {address}\nleave it with Ctrl-C", flush=True)  # noqa: T201
