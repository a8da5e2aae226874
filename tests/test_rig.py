"""Rig files: what they may say, what is refused in one line, and devices of the lab's own."""

import sys
from typing import Any

import pytest

from blueslice.broker import DataDirectory
from blueslice.errors import BadInputError
from blueslice.plans import blank
from blueslice.rig import load_rig, make_replay_rig, make_sim_rig

AXIS = '\ndevice = "ophyd.sim:SynAxis"'


@pytest.fixture
def write(tmp_path):
    def write_rig_file(text):
        path = tmp_path / "rig.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write_rig_file


def test_a_rig_file_says_what_the_rig_is(write, directory):
    path = write("""
        name = "upstairs"
        seed = 7
        pace = "fast"
        indicators = "SBFI+OGB-1"
        rows = 40
        columns = 56
        [devices.piezo]
        device = "ophyd.sim:SynAxis"
        arguments = { value = 12.5 }
    """)
    rig = load_rig(path, data_directory=directory)
    sensor = rig.camera.backend.sensor
    assert (rig.name, sensor.rows, sensor.columns) == ("upstairs", 40, 56)
    assert rig.indicators.name == "SBFI+OGB-1"
    assert list(rig.extra) == ["stage_x", "stage_y", "piezo"]
    assert rig.extra["piezo"].readback.get() == 12.5


def test_a_file_that_an_editor_on_windows_wrote_is_read(write, directory):
    path = write(b'\xef\xbb\xbfname = "rig"\r\npace = "fast"\r\n')
    assert load_rig(path, data_directory=directory).name == "rig"


def test_the_seed_decides_the_cell(directory):
    centres = []
    for seed in (1, 1, 2):
        bench: Any = make_sim_rig(seed, data_directory=directory).bench
        centres.append(bench.source.scene.spine_px.tolist())
    assert centres[0] == centres[1] != centres[2]


def test_recordings_are_found_beside_the_rig_file(write, directory, recordings):
    path = write('name = "again"\nbackend = "replay"\npace = "fast"\nfiles = ["a.da"]')
    path.with_name("a.da").write_bytes((recordings / "70127A101.da").read_bytes())
    rig = load_rig(path, data_directory=directory)
    assert rig.name == "again"
    assert [trial.frame_count for trial in rig.recorded_trials] == [100]


@pytest.mark.parametrize(("line", "told_um"), [("", 0.4), ("pixel_size_um = 0.65", 0.65)])
def test_each_run_tells_the_size_of_a_pixel(write, directory, run_engine, line, told_um):
    path = write(f'name = "a"\nrows = 24\ncolumns = 24\npace = "fast"\n{line}')
    rig = load_rig(path, data_directory=directory)
    starts = []
    run_engine(blank(rig), {"start": lambda _, doc: starts.append(doc)})
    assert starts[0]["pixel_size_um"] == told_um


def test_a_rig_that_does_not_know_it_does_not_tell_it(directory, run_engine):
    rig = make_sim_rig(1, data_directory=directory, rows=24, columns=24)
    rig.pixel_size_um = None
    starts = []
    run_engine(blank(rig), {"start": lambda _, doc: starts.append(doc)})
    assert "pixel_size_um" not in starts[0]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('name = "a\nseed = 1', ["is not TOML", "line 1", "correct that line"]),
        (b'name = "\xff"', ["cannot be read", "UTF-8"]),
        ('name = "a"\ncolour = "red"', ["colour: there is no such key", "spelling"]),
        ('backend = "simulated"', ["name: Field required"]),
        ('name = ""', ["name = ''", "at least 1 character"]),
        ('name = "a"\nrows = "many"', ["rows = 'many'", "valid integer"]),
        ('name = "a"\nrows = 3', ["rows = 3", "greater than or equal to 24"]),
        ('name = "a"\npixel_size_um = 0', ["pixel_size_um = 0", "greater than 0"]),
        ('name = "a"\nseed = -1', ["seed = -1", "greater than or equal to 0"]),
        ('name = "a"\nbackend = "epics"', ["backend = 'epics'", "'simulated' or 'replay'"]),
        ('name = "a"\npace = "slow"', ["pace = 'slow'", "'fast' or 'real'"]),
        ('name = "a"\nindicators = "milk"', ["pair 'milk' is unknown", "bis-fura-2+ANG-2"]),
        ('name = "a"\nbackend = "replay"', ["no recording to replay", "name at least one file"]),
        (
            'name = "a"\nbackend = "replay"\nfiles = ["none.da"]',
            ["none.da: cannot be opened", "check the name and the folder"],
        ),
        (
            'name = "a"\n[devices.m]\ndevice = "ophyd.sim.SynAxis"',
            ["devices.m", "'ophyd.sim.SynAxis' is not package.module:Class"],
        ),
        (
            'name = "a"\n[devices.m]\ndevice = "no_such_package:Stage"',
            ["device 'm'", "no_such_package:Stage is not allowed", "check the name of the class"],
        ),
        (
            'name = "a"\n[devices.m]\ndevice = "ophyd.sim:Stage"',
            ["device 'm'", "ophyd.sim:Stage is not allowed", "allowed-devices.txt"],
        ),
        (
            'name = "a"\n[devices.m]\ndevice = "ophyd.sim:motor"',
            ["device 'm'", "ophyd.sim:motor", "is no class"],
        ),
        (
            f'name = "a"\n[devices.m]{AXIS}\narguments = {{ colour = 1 }}',
            ["device 'm'", "unexpected keyword argument 'colour'", "its arguments"],
        ),
        (
            'name = "a"\n[devices.m]\ndevice = "broken_driver:Stage"',
            ["device 'm'", "the port is taken by another program", "its arguments"],
        ),
        (
            'name = "a"\n[devices.m]\ndevice = "types:SimpleNamespace"',
            ["device 'm'", "no Bluesky device that can be read"],
        ),
        (f'name = "a"\n[devices.camera]{AXIS}', ["devices.camera", "choose another name"]),
        (f'name = "a"\n[devices.trial]{AXIS}', ["devices.trial", "choose another name"]),
    ],
)
def test_what_is_wrong_in_a_rig_file_is_told_in_one_line(
    write, directory, monkeypatch, text, parts
):
    path = write(text)
    path.with_name("broken_driver.py").write_text(
        "class Stage:\n"
        "    def __init__(self, name):\n"
        "        raise RuntimeError('the port is taken\\nby another program')\n"
    )
    monkeypatch.syspath_prepend(path.parent)
    monkeypatch.delitem(sys.modules, "broken_driver", raising=False)
    allowed = ["ophyd.sim:motor", "broken_driver:Stage", "types:SimpleNamespace"]
    with pytest.raises(BadInputError) as refused:
        load_rig(path, data_directory=directory, allowed_devices=allowed)
    line = str(refused.value)
    assert str(path) in line
    for part in parts:
        assert part in line
    assert "\n" not in line
    assert not directory.path.exists()


def test_a_rig_file_that_is_not_there_is_told_once(tmp_path):
    path = tmp_path / "none.toml"
    with pytest.raises(BadInputError, match="check its name") as refused:
        load_rig(path)
    assert str(refused.value).count(str(path)) == 1


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda d: make_sim_rig(-1, data_directory=d), "seed = -1: give a whole number from 0"),
        (lambda d: make_sim_rig(data_directory=d, indicators="milk"), "'milk' is unknown"),
        (lambda d: make_replay_rig([], data_directory=d), "name at least one file"),
    ],
)
def test_a_rig_made_in_python_is_checked_too(directory, make, text):
    with pytest.raises(BadInputError, match=text):
        make(directory)


def test_devices_of_the_lab_are_read_once_at_the_start(write, directory, run_engine):
    """Classic ophyd: one of its own, and one in place of the simulated stage."""
    path = write(
        'name = "a"\npace = "fast"\n'
        f"[devices.piezo]{AXIS}\narguments = {{ value = 12.5 }}\n"
        f"[devices.stage_x]{AXIS}\narguments = {{ value = 3.0 }}\n"
    )
    rig = load_rig(path, data_directory=directory)
    streams, events = {}, []
    run_engine.subscribe(lambda _, doc: streams.update({doc["uid"]: doc["name"]}), "descriptor")
    run_engine.subscribe(lambda _, doc: events.append(doc), "event")
    run_engine(blank(rig, trials=2))
    baseline = [event["data"] for event in events if streams[event["descriptor"]] == "baseline"]
    assert len(baseline) == 1
    assert {key: baseline[0][key] for key in ("piezo", "stage_x", "stage_y")} == {
        "piezo": 12.5,
        "stage_x": 3.0,
        "stage_y": 0,
    }


def test_where_nothing_is_said_the_data_go_to_the_users_directory(tmp_path, monkeypatch):
    chosen = DataDirectory(tmp_path / "mine")
    monkeypatch.setattr("blueslice._virtual_rigs.default_data_directory", lambda: chosen)
    rig = make_sim_rig(1)
    info = rig.camera._recorder._path_provider("camera")
    assert chosen.raw in info.directory_path.parents
