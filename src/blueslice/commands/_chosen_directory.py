"""The data directory that a command works in."""

import argparse

from blueslice._data_directory import DataDirectory, default_data_directory

__all__ = ["chosen_directory"]


def chosen_directory(options: argparse.Namespace) -> DataDirectory:
    """Return the data directory that the options name, or this user's."""
    return DataDirectory(options.data_dir) if options.data_dir else default_data_directory()
