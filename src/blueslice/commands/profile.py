"""``blueslice profile NAME``: a Tiled profile that opens a data directory by a name."""

import argparse
import json

from blueslice.broker import install_profile
from blueslice.commands._chosen_directory import chosen_directory
from blueslice.commands._plain_console import plain_console

__all__ = ["run"]


def run(options: argparse.Namespace) -> None:
    """Install the profile, and say how to open the catalogue by it.

    Raises
    ------
    BadInputError
        When the name cannot be used.
    StorageError
        When the file cannot be written.
    """
    directory = chosen_directory(options)
    path = install_profile(directory, options.name)
    code = f'import databroker; databroker.catalog["{options.name}"].v3'
    if options.json:
        print(json.dumps({"profile": options.name, "file": str(path), "python": code}))  # noqa: T201
        return
    console = plain_console(soft_wrap=True)
    console.print(f"{path} opens {directory}: {code}")
