"""The catalogue of runs: embedded in the acquiring process, or anywhere by a Tiled profile."""

import os
from typing import TYPE_CHECKING, Any

from blueslice._catalogue_process import CatalogueProcess, ProcessWriter, running_process
from blueslice._catalogue_server import CatalogueServer, running_server
from blueslice._data_directory import DataDirectory, WriteLock, default_data_directory
from blueslice._replay import replay
from blueslice._tiled_databases import check_databases
from blueslice._tiled_log import silence_tiled_startup
from blueslice._tiled_profile import (
    direct_configuration,
    install_profile,
    opening_code,
)
from blueslice.callbacks._catalogue_writer import CatalogueWriter
from blueslice.errors import BadInputError, StorageError

if TYPE_CHECKING:
    from bluesky_tiled_plugins.clients.catalog_of_bluesky_runs import CatalogOfBlueskyRuns

__all__ = [
    "CatalogueProcess",
    "CatalogueServer",
    "CatalogueWriter",
    "DataDirectory",
    "ProcessWriter",
    "WriteLock",
    "default_data_directory",
    "install_profile",
    "open_catalogue",
    "opening_code",
    "replay",
]


def open_catalogue(
    data_directory: DataDirectory | str | os.PathLike[str] | None = None,
    *,
    profile: str | None = None,
    api_key: str | None = None,
) -> "CatalogOfBlueskyRuns":
    """Open a catalogue of runs.

    Parameters
    ----------
    data_directory : DataDirectory or path-like, optional
        The data directory of a rig on this computer; by default that of this user. In the
        process that acquires there this is the live catalogue, elsewhere it is read-only.
        A run may be read while it is being acquired: ``run["primary"].read()`` gives the trials
        that all of its arrays have by then.
    profile : str, optional
        Name of a Tiled profile to open instead, for example of a laboratory's server.
    api_key : str, optional
        Key for the server that the profile names; Tiled also reads ``TILED_API_KEY``.

    Returns
    -------
    CatalogOfBlueskyRuns
        Take runs from it as ``catalogue.v3[uid]`` or ``catalogue.v3[-1]``.

    Raises
    ------
    BadInputError
        When both a data directory and a profile are named, or there is no such profile.
    StorageError
        When the catalogue is absent, damaged, made by another version of Tiled or at another
        place, or its server does not answer or refuses the key.
    """
    if profile is not None:
        if data_directory is not None:
            raise BadInputError(
                f"data directory {data_directory} and profile {profile!r}: name one of them"
            )
        return _open_profile(profile, api_key)
    if data_directory is None:
        directory = default_data_directory()
    else:
        directory = DataDirectory(data_directory)
    directory.refuse_moved()
    if (server := running_process(directory) or running_server(directory)) is not None:
        return server.client
    check_databases(directory.catalogue)
    from tiled.client import from_context
    from tiled.client.context import Context
    from tiled.server.app import build_app_from_config

    from blueslice._tiled_clients import growing_clients

    silence_tiled_startup()
    app = build_app_from_config(direct_configuration(directory))
    catalogue: Any = from_context(Context.from_app(app), structure_clients=growing_clients())
    return catalogue


def _open_profile(profile: str, api_key: str | None) -> "CatalogOfBlueskyRuns":
    from tiled.client import from_profile
    from tiled.profiles import load_profiles

    from blueslice._tiled_clients import growing_clients

    load_profiles.cache_clear()  # a profile written since Tiled first looked must be found
    profiles = load_profiles()
    if profile not in profiles:
        raise BadInputError(
            f"there is no Tiled profile {profile!r} (there is: {', '.join(sorted(profiles))}); "
            "see 'tiled profile paths' for where to put one"
        )
    _, content = profiles[profile]
    options: dict[str, Any] = {}
    if api_key is not None:
        if "direct" in content:
            raise BadInputError(
                f"profile {profile!r} reads files of this computer; leave api_key out"
            )
        options["api_key"] = api_key
    try:
        catalogue: Any = from_profile(profile, **options)
        catalogue = catalogue.new_variation(structure_clients=growing_clients())
    except Exception as error:
        # Of whatever kind: from the network, the server's refusal, or a data directory that moved.
        reason = next(iter(str(error).strip().splitlines()), "no reason given")
        raise StorageError(
            f"the catalogue of profile {profile!r} cannot be opened ({type(error).__name__}: "
            f"{reason}); check that its server runs, or its files are there, and the api_key"
        ) from error
    return catalogue
