"""The Tiled profile through which any Python on this computer finds the catalogue."""

import logging
import os
import tempfile
from pathlib import Path
from typing import Any

from blueslice._data_directory import DataDirectory, default_data_directory
from blueslice._replace_file import replace_file
from blueslice._shell_words import shell_word
from blueslice._tiled_databases import ARRAYS
from blueslice._tiled_server import CATALOGUE_SPECS
from blueslice.errors import BadInputError, StorageError

__all__ = ["direct_configuration", "install_profile", "opening_code"]

_HEADER = "# Written by blueslice; change the data directory there, not here.\n"
DEFAULT_PROFILE = "blueslice"
# The copy of `blueslice._tiled_clients` beside the profiles. Tiled imports it from their folder.
_CLIENTS = "blueslice_tiled_clients"

logger = logging.getLogger(__name__)


def install_profile(
    data_directory: DataDirectory | str | os.PathLike[str],
    name: str = DEFAULT_PROFILE,
    *,
    profiles_directory: Path | None = None,
) -> Path:
    """Let every Python on this computer open the catalogue by its name.

    Afterwards ``databroker.catalog[name]``, ``databroker.from_profile(name)`` and
    ``databroker.Broker.named(name)`` read it, also while a run is being acquired, without
    blueslice being installed there (databroker and ``tiled[server]`` are needed). They cannot
    change it. The files are written only when their content changes: the profile, and beside it
    ``blueslice_tiled_clients.py``, with which a growing run is read consistently.

    The profile ``blueslice`` belongs to the data directory of this user, and sessions there
    install it. Another data directory gets a profile of another name.

    Parameters
    ----------
    data_directory : DataDirectory or path-like
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
        When the name cannot be a file name, is that of the default data directory among the
        user's profiles, or another file there has a profile of that name.
    StorageError
        When a file cannot be written.
    """
    import tiled.profiles

    data_directory = DataDirectory(data_directory)
    if not name or not all(character.isalnum() or character in "-_" for character in name):
        raise BadInputError(
            f"profile name {name!r}: give letters, digits, '-' or '_', for example 'slices'"
        )
    if name == DEFAULT_PROFILE and profiles_directory is None and not data_directory.is_default:
        raise BadInputError(
            f"profile {name!r} belongs to the default data directory {default_data_directory()}; "
            f"give {data_directory} a profile of another name, such as "
            f'install_profile({str(data_directory)!r}, "slices"), or open it with '
            f"open_catalogue({str(data_directory)!r})"
        )
    path = _profile_path(name, profiles_directory)
    _refuse_collision(path.parent, path, name)
    _warn_of_change(path, data_directory)
    try:
        _write_if_changed(path.with_name(f"{_CLIENTS}.py"), _clients_source())
        _write_if_changed(path, _profile_text(data_directory, name))
    except OSError as error:
        raise StorageError(
            f"profile {path} cannot be written ({error.strerror or error}); give yourself write "
            "permission, or name another folder in the environment variable TILED_PROFILES"
        ) from error
    tiled.profiles.load_profiles.cache_clear()
    return path


def opening_code(data_directory: DataDirectory, uid: str) -> str:
    """Return Python code that opens a run, by the profile where that is of this data directory."""
    path = _profile_path(DEFAULT_PROFILE)
    try:
        by_name = path.read_text(encoding="utf-8") == _profile_text(data_directory, DEFAULT_PROFILE)
    except OSError:
        by_name = False
    if by_name:
        return f'import databroker; databroker.catalog["{DEFAULT_PROFILE}"].v3["{uid}"]'
    return (
        "from blueslice.broker import open_catalogue; "
        f'open_catalogue({str(data_directory)!r}).v3["{uid}"]'
    )


def _profile_path(name: str, profiles_directory: Path | None = None) -> Path:
    import tiled.profiles

    return Path(profiles_directory or tiled.profiles.paths[-1]) / f"{name}.yml"


def _profile_text(data_directory: DataDirectory, name: str) -> str:
    import yaml

    profile = {
        name: {
            "direct": direct_configuration(data_directory),
            "structure_clients": {"CatalogOfBlueskyRuns": f"{_CLIENTS}:catalogue"},
        }
    }
    return _HEADER + yaml.safe_dump(profile, sort_keys=False, allow_unicode=True)


def _clients_source() -> str:
    return Path(__file__).with_name("_tiled_clients.py").read_text(encoding="utf-8")


def _directory_of_profile(path: Path) -> Path | None:
    """Return the data directory that a profile of ours opens; None where it is no such profile."""
    import yaml

    try:
        profile = yaml.safe_load(path.read_text(encoding="utf-8"))[path.stem]
        return Path(profile["direct"]["catalog"]["readable_storage"][0]).parent
    except (OSError, ValueError, yaml.YAMLError, KeyError, IndexError, TypeError):
        return None


def _warn_of_change(path: Path, data_directory: DataDirectory) -> None:
    """Say whose profile it was, lest the runs there seem to be gone."""
    before = _directory_of_profile(path)
    if before is not None and before != data_directory.path:
        logger.warning(
            "the Tiled profile %r opened the data directory %s and opens %s from now on; for the "
            "other one run: blueslice profile NAME --data-dir %s",
            path.stem,
            before,
            data_directory,
            shell_word(before),
        )


def _write_if_changed(path: Path, text: str) -> None:
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_atomically(path, text)


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
