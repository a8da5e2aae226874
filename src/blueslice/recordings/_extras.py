"""Packages that only some exports and imports need."""

import importlib
import warnings
from typing import Any

from blueslice.errors import BadInputError

__all__ = ["import_extra"]


def import_extra(module: str, package: str) -> Any:
    """Import a module of the ``export`` extra.

    Parameters
    ----------
    module : str
        What is imported.
    package : str
        What it is called in the package index.

    Raises
    ------
    BadInputError
        When it is not installed; the text names the command.
    """
    try:
        with warnings.catch_warnings():
            # Of what it imports; whoever exports can do nothing about it.
            warnings.simplefilter("ignore")
            return importlib.import_module(module)
    except ImportError as error:
        raise BadInputError(
            f'{package} is not installed ({error}); run: python -m pip install "blueslice[export]"'
        ) from None
