"""What other users, web pages and files of strangers cannot do: see SECURITY.md."""

import http.client
import json
import os
import socket
import sys

import pytest

from blueslice._loopback_guard import LoopbackGuard
from blueslice._tiled_server import TiledServer
from blueslice.broker import DataDirectory
from blueslice.callbacks import Journal
from blueslice.errors import BadInputError
from blueslice.plans import two_pulse
from blueslice.rig import ALLOWED_DEVICES, allowed_devices_file, load_rig, make_sim_rig
from blueslice.session import Session


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    directory = DataDirectory(tmp_path_factory.mktemp("strangers") / "data").create()
    (directory.path / "secret.txt").write_text("root:x:0")
    server = TiledServer(directory.catalogue, directory.raw)
    server.start(60)
    yield server
    server.stop(10)


def ask(server, path, *, method="GET", key=True, headers=None, body=None):
    """Send a request as it stands; no client mends its path."""
    host, port = server.uri.split("/")[2].split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    own = {"Authorization": f"Apikey {server.api_key}"} if key else {}
    given = {**own, **(headers or {})}
    try:
        connection.request(method, path, body=body, headers=given)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


@pytest.mark.slow
def test_the_catalogue_listens_on_loopback_alone(server):
    assert server._listener.getsockname()[0] == "127.0.0.1"
    others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)}
    for address in others - {"127.0.0.1", "::1"}:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family) as other:
            other.settimeout(2)
            with pytest.raises(OSError):
                other.connect((address, server._listener.getsockname()[1]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/metadata/"),
        ("GET", "/api/v1/search/"),
        ("GET", "/api/v1/array/full/x"),
        ("POST", "/api/v1/metadata/"),
        ("DELETE", "/api/v1/metadata/x"),
    ],
)
def test_without_the_key_the_catalogue_tells_and_takes_nothing(server, method, path):
    assert ask(server, path, method=method, key=False)[0] == 401
    wrong = {"Authorization": f"Apikey {'0' * 64}"}
    assert ask(server, path, method=method, key=False, headers=wrong)[0] == 401


@pytest.mark.slow
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1"},
    ],
)
def test_a_page_of_another_origin_is_refused_even_with_the_key(server, headers):
    assert ask(server, "/api/v1/metadata/")[0] == 200
    for method in ("GET", "POST", "OPTIONS"):
        status, told, _ = ask(server, "/api/v1/metadata/", method=method, headers=headers)
        assert status == 403
        assert not any(name.lower().startswith("access-control") for name in told)


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2f..%2fsecret.txt",
        "/ui/../../secret.txt",
        "/static/..%2f..%2fsecret.txt",
        "/api/v1/asset/bytes/..%2f..%2fsecret.txt",
        "/api/v1/array/full/../../../../secret.txt",
        "//etc/passwd",
        "/api/v1/asset/bytes/%2fetc%2fpasswd?id=1",
    ],
)
@pytest.mark.parametrize("key", [True, False])
def test_no_path_leads_out_of_the_catalogue(server, path, key):
    _, _, body = ask(server, path, key=key)
    assert b"root:" not in body


@pytest.mark.slow
@pytest.mark.parametrize("where", ["secret.txt", "raw/../secret.txt"])
def test_even_with_the_key_no_file_outside_is_served(server, where):
    structure = {
        "data_type": {"endianness": "not_applicable", "kind": "u", "itemsize": 1},
        "chunks": [[8]],
        "shape": [8],
        "dims": None,
        "resizable": False,
    }
    uri = f"{server.catalogue.parent.as_uri().replace('file:///', 'file://localhost/')}/{where}"
    source = {
        "structure_family": "array",
        "mimetype": "application/x-hdf5",
        "management": "external",
        "assets": [{"data_uri": uri, "is_directory": False, "parameter": "data_uri"}],
        "structure": structure,
    }
    name = f"x{len(where)}"
    body = json.dumps(
        {
            "id": name,
            "structure_family": "array",
            "metadata": {},
            "specs": [],
            "data_sources": [source],
        }
    )
    as_json = {"Content-Type": "application/json"}
    status, _, told = ask(server, "/api/v1/register/", method="POST", headers=as_json, body=body)
    assert status == 200
    assets = [asset["id"] for asset in json.loads(told)["data_sources"][0]["assets"]]
    assert assets
    paths = [f"/api/v1/array/full/{name}", f"/api/v1/array/block/{name}?block=0"]
    for path in [*paths, *(f"/api/v1/asset/bytes/{name}?id={asset}" for asset in assets)]:
        status, _, body = ask(server, path)
        assert status >= 400
        assert b"root:" not in body


@pytest.mark.parametrize(
    ("scope", "let_in"),
    [
        ({"type": "http", "headers": [(b"host", b"127.0.0.1:5")]}, True),
        ({"type": "http", "headers": [(b"host", b"localhost:5")]}, True),
        ({"type": "http", "headers": []}, False),
        ({"type": "http", "headers": [(b"host", b"127.0.0.1:5")] * 2}, False),
        ({"type": "http", "headers": [(b"host", b"127.0.0.1:5.evil.example")]}, False),
        (
            {"type": "http", "headers": [(b"host", b"localhost:5"), (b"origin", b"http://localhost:5")]},
            True,
        ),
        ({"type": "websocket", "headers": [(b"host", b"a"), (b"origin", b"http://a")]}, False),
        ({"type": "lifespan"}, True),
    ],
)  # fmt: skip
async def test_who_is_from_here(scope, let_in):
    served, sent = [], []

    async def app(*_):
        served.append(True)

    async def send(message):
        sent.append(message)

    await LoopbackGuard(app, 5)(scope, None, send)
    assert bool(served) is let_in
    assert bool(sent) is not let_in


# -- rig files


@pytest.fixture
def listed(tmp_path, monkeypatch):
    """The user's own list of allowed devices, empty."""
    file = tmp_path / "config" / "allowed-devices.txt"
    monkeypatch.setattr("blueslice._allowed_devices.allowed_devices_file", lambda: file)
    file.parent.mkdir()
    return file


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """A module of somebody's that leaves a file behind when it is imported."""
    (tmp_path / "lab_stage.py").write_text(
        "from pathlib import Path\n"
        "from ophyd.sim import SynAxis\n"
        "Path(__file__).with_suffix('.ran').write_text('')\n"
        "class Stage(SynAxis):\n"
        "    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "lab_stage", raising=False)
    return tmp_path / "lab_stage.ran"


def rig_file(tmp_path, device, arguments=""):
    path = tmp_path / "rig.toml"
    path.write_text(f'name = "r"\nrows = 24\n[devices.piezo]\ndevice = "{device}"\n{arguments}')
    return path


@pytest.mark.parametrize(
    ("device", "arguments"),
    [
        ("lab_stage:Stage", ""),
        ("os:system", 'arguments = { command = "true" }'),
        ("subprocess:Popen", 'arguments = { args = ["true"] }'),
        ("builtins:eval", ""),
        ("ophyd.sim:SynAxis.__init__", ""),
        ("ophyd.sim:make_fake_device", ""),
    ],
)
def test_a_rig_file_runs_no_code_of_its_choice(
    tmp_path, directory, listed, driver, device, arguments
):
    before = set(sys.modules)
    with pytest.raises(BadInputError) as refused:
        load_rig(rig_file(tmp_path, device, arguments), data_directory=directory)
    assert "is not allowed" in str(refused.value) or "package.module:Class" in str(refused.value)
    assert not driver.exists()
    assert "lab_stage" not in set(sys.modules) - before


def test_the_user_allows_a_device(tmp_path, directory, listed, driver):
    path = rig_file(tmp_path, "lab_stage:Stage")
    with pytest.raises(BadInputError, match=r"write it on a line of its own in .*devices\.txt"):
        load_rig(path, data_directory=directory)
    listed.write_text("# our own\nlab_stage:Stage  # the piezo\n")
    assert load_rig(path, data_directory=directory).extra["piezo"].name == "piezo"
    assert driver.exists()


def test_a_script_allows_a_device(tmp_path, directory, listed, driver):
    path = rig_file(tmp_path, "lab_stage:Stage")
    rig = load_rig(path, data_directory=directory, allowed_devices=["lab_stage:Stage"])
    assert "piezo" in rig.extra


def test_a_list_that_cannot_be_read_allows_nothing(tmp_path, directory, listed, driver):
    listed.write_bytes(b"lab_stage:Stage\n\xff")
    with pytest.raises(BadInputError, match="cannot be read"):
        load_rig(rig_file(tmp_path, "lab_stage:Stage"), data_directory=directory)


def test_what_is_allowed_is_a_device_class():
    from blueslice._allowed_devices import find_device_class

    assert "blueslice" in str(allowed_devices_file())
    for place in ALLOWED_DEVICES:
        if not place.startswith("ophyd:Epics"):
            assert isinstance(find_device_class(place), type)


# -- files


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps a user's folders private itself")
def test_files_are_private_even_in_a_folder_that_is_open_to_all(tmp_path, run_engine):
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    kept = os.umask(0)
    try:
        directory = DataDirectory(folder)
        rig = make_sim_rig(rows=24, columns=24, data_directory=directory)
        with Session(rig, directory, catalogue=False) as session:
            session.RE(two_pulse(rig, trials=1))
            live = [path for path in folder.iterdir() if path.name == "live.json"]
            assert all(path.stat().st_mode & 0o077 == 0 for path in live)
        rig = make_sim_rig(rows=24, columns=24, data_directory=DataDirectory(folder / "bare"))
        journal = Journal(folder / "own journal")
        run_engine.subscribe(journal)
        run_engine(two_pulse(rig, trials=1))
        journal.close()
    finally:
        os.umask(kept)
    open_to_others = [
        path.relative_to(folder)
        for path in folder.rglob("*")
        if path.is_file() and not is_private(path, folder)
    ]
    # Who writes, and that somebody does: no data.
    assert {str(path) for path in open_to_others} <= {"writer.json", "writer.lock"}


def is_private(path, folder):
    places = [path, *(parent for parent in path.parents if parent.is_relative_to(folder))]
    return any(place.stat().st_mode & 0o077 == 0 for place in places if place != folder)
