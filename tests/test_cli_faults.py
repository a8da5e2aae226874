"""What goes wrong at the command line: the code, one line to act on, nothing lost, no light."""

import errno
import json
import logging
import os
import subprocess
import sys
from functools import partial

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp
import h5py
import numpy as np
import pytest

from blueslice.broker import DataDirectory
from blueslice.callbacks import Journal, find_journals, read_journal
from blueslice.cli import main
from blueslice.commands import demo
from blueslice.commands._one_line_log import one_line_logs
from blueslice.errors import StorageError
from blueslice.plans import two_pulse
from blueslice.rig import make_sim_rig
from blueslice.session import Session

FRAMES, ROWS, COLUMNS = 60, 32, 36


def make_da():
    """Return the bytes of a `.da` file: a spine that brightens after a pulse at 36 ms."""
    header = np.zeros(2560, "<i2")
    header[[4, 384, 385, 388, 391]] = FRAMES, COLUMNS, ROWS, 2000, 8
    frames = np.random.default_rng(3).normal(900, 10, (FRAMES, ROWS, COLUMNS))
    frames[18::2, 14:20, 14:20] += 120
    lines = np.zeros((8, FRAMES, 8), "<i2")
    lines[5, ::2, :7] = lines[4, 1::2, :7] = 24000
    lines[3, 18, :2] = 26000
    pixels = frames.astype("<i2").transpose(1, 2, 0)
    dark = np.full((ROWS, COLUMNS), 100, "<i2")
    return b"".join(a.tobytes() for a in (header, pixels, lines, dark, np.zeros(8, "<i2")))


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Run the command in this process; returns its code and the one line of stderr."""
    monkeypatch.setattr("blueslice.session.install_profile", lambda directory: None)
    monkeypatch.chdir(tmp_path)

    def run(*arguments, data="data"):
        code = main([*arguments, "--data-dir", str(tmp_path / data)])
        return code, one_line(capsys.readouterr().err)

    return run


def one_line(stderr):
    assert "Traceback" not in stderr
    (line,) = stderr.splitlines()
    assert line.startswith("blueslice: ")
    return line


@pytest.fixture
def rig(tmp_path, monkeypatch):
    """The simulated rig that ``blueslice demo`` will make; it starts no catalogue then."""
    rig = make_sim_rig(1, data_directory=DataDirectory(tmp_path / "data"))
    monkeypatch.setattr(demo, "make_sim_rig", lambda *_, **__: rig)
    without_catalogue = partial(Session, catalogue=False)
    monkeypatch.setattr("blueslice.commands._protocol_run.Session", without_catalogue)
    return rig


def check_kept(directory, trials, exit_status):
    """The whole trials are in the files and in the journal, with what became of the run."""
    for device in ("camera", "amplifier"):
        (path,) = DataDirectory(directory).raw.rglob(f"*-{device}.h5")
        with h5py.File(path, "r", swmr=True) as file:
            stored = {name: np.asarray(values)[:trials] for name, values in file.items()}
        assert (stored["frames_recorded"] == 100).all()
        if device == "camera":
            assert (stored["camera-counter"] == np.arange(100)).all()
            assert (stored["camera"].mean(axis=(2, 3)) > 500).all()
    runs = [list(read_journal(path)) for path in find_journals(DataDirectory(directory).journal)]
    (raw,) = [run for run in runs if "raw_run" not in run[0][1]]
    events = [doc["data"] for name, doc in raw if name == "event"]
    numbers = [data["trial-number"] for data in events if "trial-number" in data]
    assert numbers == [*range(1, trials + 1)]
    if exit_status:
        assert (raw[-1][0], raw[-1][1]["exit_status"]) == ("stop", exit_status)


def check_dark(rig):
    assert rig.bench._leds == ((), 0.0)
    assert rig.bench.programmed_pulses == ()
    assert rig.bench.lit_now() == 0


FILES = {
    "cut.da": make_da()[:50_000],
    "long.da": make_da() + b"0123456789",
    "tiny.da": make_da()[:100],
    "empty.da": b"",
    "foreign.da": b"%PDF-1.7 " * 2000,
    "zero.da": bytes(60_000),
    "picture.png": b"\x89PNG",
    "good.da": make_da(),
    "milk.toml": b'name = "a"\nindicators = "milk"\n',
    "torn.toml": b"name = \n",
}


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["replay", "none.da"], ["none.da: cannot be opened", "check the name and the folder"]),
        (["replay", "cut.da"], ["cut.da: is 50,000 bytes", "cut short", "copy it again"]),
        (["replay", "long.da"], ["long.da: is", "its header promises", "copy it again"]),
        (["replay", "tiny.da"], ["its header alone has 5,120", "copy it again"]),
        (["replay", "empty.da"], ["is 0 bytes", "copy it again"]),
        (["replay", "foreign.da"], ["foreign.da", "of another kind", "copy it again"]),
        (["replay", "zero.da"], ["frame count = 0", "no .da file"]),
        (["replay", "picture.png"], ["kind of recording is not known", "give a .da or .tsm"]),
        (["replay", "."], ["kind of recording is not known"]),
        (["replay", "good.da", "--roi", "27,0,6,6"], ["leaves the image of 32 x 36", "at most 32"]),
        (["replay", "good.da", "--roi", "spine"], ["'spine' is not y,x,height,width", "spine=31"]),
        (["replay", "good.da", "--roi", "0,0,0,6"], ["height = 0"]),
        (
            ["replay", "good.da", "--roi", "a=1,1,4,4", "--roi", "a=9,9,4,4"],
            ["two ROIs are named 'a'", "give each its own name"],
        ),
        (["replay"], ["FILE", "blueslice replay --help"]),
        (["demo", "--trials", "0"], ["trials = 0", "from 1 to 10000"]),
        (["demo", "--trials", "many"], ["'many'", "blueslice demo --help"]),
        (["demo", "--seed", "-1"], ["seed = -1", "from 0 on"]),
        (["demo", "--colour"], ["--colour", "--help"]),
        (["runs", "-n", "0"], ["-n = 0", "at least 1"]),
        (["shell", "--rig", "none.toml"], ["none.toml cannot be read", "check its name"]),
        (["shell", "--rig", "milk.toml"], ["milk.toml", "'milk' is unknown", "bis-fura-2+ANG-2"]),
        (["shell", "--rig", "torn.toml"], ["torn.toml is not TOML", "line 1", "correct that line"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value[0], str) and "-" not in value[0] else "",
)
def test_bad_input_is_refused_before_anything_is_made(command, tmp_path, arguments, parts):
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    code, line = command(*arguments)
    assert code == 2
    for part in parts:
        assert part in line
    assert not (tmp_path / "data").exists()


def test_a_data_directory_that_cannot_be_named_is_bad_input(command):
    code, line = command("demo", "--fast", data="50 % sodium")
    assert code == 2
    assert "'%' cannot be in its path" in line


@pytest.mark.parametrize("name", ["demo", "runs"])
def test_a_file_where_the_data_should_be(command, tmp_path, name):
    (tmp_path / "data").write_text("mine")
    code, line = command(name)
    assert code == 1
    assert str(tmp_path / "data") in line
    assert (tmp_path / "data").read_text() == "mine"


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)
def test_a_folder_without_permission(command, tmp_path):
    (tmp_path / "data").mkdir(mode=0o500)
    code, line = command("demo", "--fast")
    assert code == 1
    assert "cannot be written" in line
    assert "give yourself write permission or choose another folder" in line


def test_a_second_writer_is_told_who_writes(command, tmp_path):
    with DataDirectory(tmp_path / "data").lock_for_writing():
        code, line = command("demo", "--fast")
    assert code == 1
    assert "is being written by this process on" in line
    assert "close that session or choose another data directory" in line
    assert find_journals(tmp_path / "data" / "journal") == []


def test_a_camera_that_fails_costs_no_earlier_trial(command, rig, monkeypatch, tmp_path):
    read, seen = rig.camera.backend.read_frames, []

    def read_two_trials(timeout_s):
        block = read(timeout_s)
        seen.extend([] if block is None else block.counter)
        if len(seen) > 200:
            raise OSError(errno.EIO, "the cable\nwas pulled")
        return block

    monkeypatch.setattr(rig.camera.backend, "read_frames", read_two_trials)
    code, line = command("demo", "--fast", "--json")
    assert code == 1
    assert "the cable was pulled" in line
    assert "2 of 5 trials were completed and are kept" in line
    check_kept(tmp_path / "data", 2, "fail")
    check_dark(rig)


def test_a_journal_that_cannot_be_written_ends_the_run(command, rig, monkeypatch, tmp_path):
    write, counted = Journal._write, {}

    def write_until_full(journal, run, line, **options):
        counted[run] = counted.get(run, 0) + ('"trial-number":' in line)
        if counted[run] > 3:  # the descriptor, two trials, and one too many
            raise StorageError("journal x cannot be written (No space left); free disk space")
        write(journal, run, line, **options)

    monkeypatch.setattr(Journal, "_write", write_until_full)
    code, line = command("demo", "--fast")
    assert code == 1
    assert "journal x cannot be written" in line
    check_kept(tmp_path / "data", 2, "")
    check_dark(rig)


def test_what_is_logged_meanwhile_is_one_line_too(capsys):
    with one_line_logs():
        try:
            raise ValueError("no light\nin frame 3")
        except ValueError:
            logging.getLogger("blueslice.callbacks.live_dff").exception("the analysis failed")
            logging.getLogger("bluesky").exception("Run aborted")
    line = one_line(capsys.readouterr().err)
    assert line == "blueslice: the analysis failed (no light in frame 3)"


def test_an_interrupted_run_is_ended_and_kept(command, rig, monkeypatch, tmp_path):
    """Ctrl-C twice pauses a run at a prompt; a command has none, so it is aborted."""

    def interrupted(rig, **options):
        def pause_after(message):
            if message.command == "save" and saved.append(message) is None and len(saved) == 3:
                return None, bps.pause()
            return None, None

        saved = []
        return (yield from bpp.plan_mutator(two_pulse(rig, **options), pause_after))

    monkeypatch.setattr(demo, "two_pulse", interrupted)
    code, line = command("demo", "--fast")
    assert code == 130
    assert "stopped; what was completed is kept" in line
    check_kept(tmp_path / "data", 2, "abort")
    check_dark(rig)


ON_A_SMALL_DISK = """
import json, resource, signal, sys
from blueslice.cli import main
from blueslice.commands import demo
from blueslice.commands._one_line_log import one_line_logs
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5_000_000, 5_000_000))
rigs, make = [], demo.make_sim_rig
demo.make_sim_rig = lambda *a, **k: rigs.append(make(*a, **k)) or rigs[0]
code = main(sys.argv[1:])
bench = rigs[0].bench
print(json.dumps([bench._leds, bench.programmed_pulses, bench.lit_now()]))
sys.exit(code)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_disk_that_fills_up_costs_no_earlier_trial(tmp_path):
    environment = {**os.environ, "TILED_PROFILES": str(tmp_path / "profiles")}
    arguments = ["demo", "--fast", "--json", "--data-dir", str(tmp_path / "data")]
    done = subprocess.run(
        [sys.executable, "-c", ON_A_SMALL_DISK, *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env=environment,
    )
    assert done.returncode == 1
    line = one_line(done.stderr)
    assert "File too large" in line
    assert "free space on the disk or choose another data directory" in line
    assert "3 of 5 trials were completed and are kept" in line
    assert json.loads(done.stdout) == [[[], 0.0], [], 0]
    check_kept(tmp_path / "data", 3, "fail")


def gone():
    raise OSError("the hub is gone")


def test_all_that_refuses_to_stop_is_printed_in_one_line_light_first(
    command, rig, monkeypatch, tmp_path
):
    read, seen = rig.camera.backend.read_frames, []

    def pull_after_two_trials(timeout_s):
        block = read(timeout_s)
        seen.extend([] if block is None else block.counter)
        if len(seen) > 200:
            monkeypatch.setattr(rig.led_pair.backend, "off", gone)
            monkeypatch.setattr(rig.clock.backend, "stop", gone)
            monkeypatch.setattr(rig.stimulator.backend, "disarm", gone)
            raise OSError("the cable was pulled")
        return block

    monkeypatch.setattr(rig.camera.backend, "read_frames", pull_after_two_trials)
    code, line = command("demo", "--fast")
    assert code == 1
    told = [
        line.index(text)
        for text in (
            "light of led_pair may still be on: switch off the LED driver's power by hand",
            "clock may still run",
            "stimulator may still be armed",
            "the cable was pulled",
            "2 of 5 trials were completed and are kept",
        )
    ]
    assert told == sorted(told)
    for text in ("light of led_pair", "clock may still run", "may still be armed"):
        assert line.count(text) == 1
    check_kept(tmp_path / "data", 2, "fail")


def test_light_that_is_left_on_only_when_the_session_is_closed_is_printed(
    command, rig, monkeypatch, tmp_path
):
    """The protocol has failed, and dark it was: then the hub is gone too."""
    read, seen = rig.camera.backend.read_frames, []

    def pull_after_two_trials(timeout_s):
        block = read(timeout_s)
        seen.extend([] if block is None else block.counter)
        if len(seen) > 200:
            raise OSError("the cable was pulled")
        return block

    monkeypatch.setattr(rig.camera.backend, "read_frames", pull_after_two_trials)
    exit_session = Session.__exit__

    def lose_hub(session, *error):
        monkeypatch.setattr(rig.led_pair.backend, "off", gone)
        return exit_session(session, *error)

    monkeypatch.setattr(Session, "__exit__", lose_hub)
    code, line = command("demo", "--fast")
    assert code == 1
    assert line.startswith("blueslice: light of led_pair may still be on")
    assert "the cable was pulled" in line
    assert line.endswith("2 of 5 trials were completed and are kept")
