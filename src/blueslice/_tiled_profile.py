"""The Tiled profile through which any Python on this computer finds the catalogue."""

import os
import tempfile
from pathlib import Path
from typing import Any

from blueslice._data_directory import DataDirectory
from blueslice._replace_file import replace_file
from blueslice._tiled_databases import ARRAYS
from blueslice._tiled_server import CATALOGUE_SPECS
from blueslice.errors import BadInputError, StorageError

__all__ = ["direct_configuration", "install_profile"]

_HEADER = "# Written by blueslice at each start; change the data directory there, not here.\n"


def install_profile(
    data_directory: DataDirectory,
    name: str = "blueslice",
    *,
    profiles_directory: Path | None = None,
) -> Path:
    """Let every Python on this computer open the catalogue by its name.

    Afterwards ``databroker.catalog[name]``, ``databroker.from_profile(name)`` and
    ``databroker.Broker.named(name)`` read it, also while a run is being acquired, without
    blueslice being installed there (databroker and ``tiled[server]`` are needed). They cannot
    change it. The file is written only when its content changes.

    Parameters
    ----------
    data_directory : DataDirectory
        Whose catalogue it is.
    name : str
        Name of the profile: letters, digits, ``-`` and ``_``.
    profiles_directory : Path, optional
        Where profiles are kept; by default the user's Tiled profiles, which the environment
        variable ``TILED_PROFILES`` moves.

    Returns
    -------
    Path
        The file of the profile.

    Raises
    ------
    BadInputError
        When the name cannot be a file name, or another file there has a profile of that name.
    StorageError
        When the file cannot be written.
    """
    import tiled.profiles
    import yaml

    if not name or not all(character.isalnum() or character in "-_" for character in name):
        raise BadInputError(
            f"profile name {name!r}: give letters, digits, '-' or '_', for example 'blueslice'"
        )
    directory = Path(profiles_directory) if profiles_directory else tiled.profiles.paths[-1]
    path = directory / f"{name}.yml"
    _refuse_collision(directory, path, name)
    profile = {name: {"direct": direct_configuration(data_directory)}}
    text = _HEADER + yaml.safe_dump(profile, sort_keys=False, allow_unicode=True)
    try:
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            return path
        directory.mkdir(parents=True, exist_ok=True)
        _write_atomically(path, text)
    except OSError as error:
        raise StorageError(
            f"profile {path} cannot be written ({error.strerror or error}); give yourself write "
            "permission, or name another folder in the environment variable TILED_PROFILES"
        ) from error
    tiled.profiles.load_profiles.cache_clear()
    return path


def direct_configuration(data_directory: DataDirectory) -> dict[str, Any]:
    """Return the Tiled service configuration that reads the catalogue's files directly.

    Parameters
    ----------
    data_directory : DataDirectory
        Whose catalogue it is.

    Returns
    -------
    dict
        For the key ``direct`` of a Tiled profile. Everything in it is read-only: the catalogue
        database is opened so, and all storage is readable storage.
    """
    catalogue = data_directory.catalogue
    return {
        "catalog": {
            # mode=ro: a slip in an analysis session cannot delete or change a run.
            "uri": f"sqlite:///file:{_sqlite_path(catalogue / 'catalogue.db')}?mode=ro&uri=true",
            "specs": CATALOGUE_SPECS,
            "readable_storage": [
                str(data_directory.raw),
                str(catalogue / ARRAYS),
                f"sqlite:///{(catalogue / 'tables.db').as_posix()}",
            ],
        },
        "media_types": {
            "BlueskyRun": {
                "application/json-seq": "bluesky_tiled_plugins.exporters:json_seq_exporter"
            }
        },
    }


def _sqlite_path(path: Path) -> str:
    # SQLite's own addresses have an empty host and a slash before a Windows drive letter.
    posix = path.as_posix()
    return f"//{posix}" if posix.startswith("/") else f"///{posix}"


def _refuse_collision(directory: Path, path: Path, name: str) -> None:
    import tiled.profiles

    # Tiled leaves out a name that two files of one folder define, with a warning only.
    for others in tiled.profiles.gather_profiles([directory], strict=False):
        for other, profiles in others.items():
            if name in profiles and other != path:
                raise BadInputError(
                    f"profile {name!r} is defined in {other} too, so Tiled would use neither; "
                    "remove it there or choose another name"
                )


def _write_atomically(path: Path, text: str) -> None:
    # The leading dot: Tiled must not read the unfinished file as a profile.
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        replace_file(Path(temporary), path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
