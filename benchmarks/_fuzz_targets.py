"""What is fuzzed: trials, rig and protocol files, recordings, ROIs, command lines."""

import contextlib
import inspect
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks._fuzz_parts import WILD, edited_bytes, edited_text, fields, mostly, toml
from hypothesis import strategies as st
from tests.recordings.writers.abf_1 import abf_1
from tests.recordings.writers.abf_2 import abf_2
from tests.recordings.writers.abf_content import AbfContent, TagContent

from blueslice.broker import DataDirectory
from blueslice.cli import main, make_parser
from blueslice.commands._rois import read_rois
from blueslice.protocols import check_protocol, load_protocol, protocol_plans
from blueslice.recordings import read_da, read_tsm
from blueslice.recordings.abf import read_abf
from blueslice.recordings.import_description import ImportDescription, load_toml
from blueslice.rig import load_rig, make_sim_rig
from blueslice.sim import Faults
from blueslice.sim.faults import CALLS
from blueslice.trial import Pulse, Trial

__all__ = ["TARGETS", "Target", "valid_da", "valid_tbn", "valid_tsm"]


@dataclass(frozen=True)
class Target:
    """Something that reads what others wrote.

    Attributes
    ----------
    inputs : strategy
        Makes the inputs.
    use : callable of (input, folder)
        Reads one; only a `blueslice.errors.BluesliceError` may come out of it.
    share : float
        Of all inputs.
    """

    inputs: st.SearchStrategy[Any]
    use: Callable[[Any, Path], object]
    share: float


ROWS, COLUMNS, FRAMES, SAMPLES = 3, 4, 6, 8


def valid_da() -> bytes:
    header = np.zeros(2560, "<i2")
    header[[4, 384, 385, 388, 391]] = FRAMES, COLUMNS, ROWS, 2000, SAMPLES
    lines = np.zeros((8, FRAMES, SAMPLES), "<i2")
    lines[5, ::2, :7] = lines[4, 1::2, :7] = 24000
    lines[3, 2, 4:6] = 26000
    pixels = np.full((ROWS, COLUMNS, FRAMES), 1000, "<i2")
    dark = np.full((ROWS, COLUMNS), 900, "<i2")
    return b"".join(part.tobytes() for part in (header, pixels, lines, dark, np.zeros(8, "<i2")))


def valid_tsm() -> bytes:
    cards = [
        "SIMPLE  =                    T",
        "BITPIX  =                   16",
        f"NAXIS1  = {COLUMNS}",
        f"NAXIS2  = {ROWS}",
        f"NAXIS3  = {FRAMES}",
        "DATE    = 2012-02-28T23:59:08",
        "EXPOSURE= 0.001",
        "END",
    ]
    header = "".join(f"{card:<80}" for card in cards).ljust(2880).encode("ascii")
    return header + np.full((FRAMES + 1, ROWS, COLUMNS), 900, "<i2").tobytes()


def valid_tbn() -> bytes:
    volts = np.zeros((8, FRAMES, SAMPLES), "<f8")
    volts[4, ::2, 1:5] = 0.24
    volts[3, 3, 2:] = 4.96
    return np.array([-8, SAMPLES], "<i2").tobytes() + volts.tobytes()


def valid_abf() -> AbfContent:
    sweeps = np.arange(800, dtype=np.int16).reshape(4, 1, 200)
    return AbfContent(list(sweeps), start_ticks=[0, 900, 2000, 3000], tags=[TagContent(7, b"on")])


def valid_npy() -> bytes:
    labels = np.zeros((9, 7), np.int32)
    labels[2:4, 3:5] = 2
    stream = io.BytesIO()
    np.save(stream, labels)
    return stream.getvalue()


# -- trials

_NUMBER = st.one_of(st.integers(-1, 2000), st.integers(1, 2000), st.floats(0.01, 1e5))
_PULSE = fields(
    {
        "onset_s": st.floats(0, 0.2),
        "width_s": st.floats(0, 0.02),
        "amplitude_uA": _NUMBER,
        "amplitude_pA": _NUMBER,
        "target": st.sampled_from(["synapse", "soma", "Soma"]),
    }
)
_TRIAL = fields(
    {
        "frame_rate_Hz": _NUMBER,
        "frame_count": st.one_of(_NUMBER, st.sampled_from([10**6, 10**6 + 1, 2**31])),
        "exposure_s": st.floats(0, 0.002),
        "excitation_order": st.lists(st.sampled_from([0, 1, 2, 1, 2, 3]), max_size=5),
        "pulses": st.lists(_PULSE, max_size=4),
        "blank": st.booleans(),
    }
)


def use_trial(values: Any, folder: Path) -> None:
    trial = Trial.from_document(values)
    assert Trial.from_document(json.loads(json.dumps(trial.to_document()))) == trial
    assert len(str(trial)) < 2000
    assert len(trial.timing_diagram()) < 200_000
    assert sum(trial.light_s.values()) <= trial.duration_s * (1 + 1e-6)


# -- rig files

_FAULTS = {
    kind: st.lists(
        fields(
            {
                "trials": st.lists(st.integers(1, 3), max_size=2),
                "probability": st.floats(-1, 2),
                "frames": st.lists(st.integers(-1, 200), max_size=2),
                "led": st.integers(0, 3),
                "device": st.sampled_from([*CALLS, "laser"]),
                "phase": st.sampled_from(["connect", "arm", "start", "read", "stop"]),
            }
        ),
        max_size=1,
    )
    for kind in set(Faults.model_fields) - {"seed"}
}
_RIG = fields(
    {
        "name": st.text(max_size=8),
        "backend": st.sampled_from(["simulated", "simulated", "replay"]),
        "seed": st.integers(0, 2**40),
        "pace": st.sampled_from(["fast", "real"]),
        "indicators": st.sampled_from(["bis-fura-2+ANG-2", "a+b"]),
        "rows": st.integers(23, 40),
        "columns": st.integers(23, 40),
        "files": st.lists(st.sampled_from(["a.da", "../../etc/passwd", "\0.tsm", "b.tsm"])),
        "faults": fields(_FAULTS),
        "devices": st.dictionaries(
            st.sampled_from(["piezo", "camera", "stage_x", "__class__", ""]),
            fields(
                required=["device"],
                known={
                    "device": st.sampled_from(
                        ["ophyd.sim:SynAxis", "os:system", "subprocess:Popen", "builtins:eval"]
                    ),
                    "arguments": st.dictionaries(
                        st.sampled_from(["value", "args", "command"]), WILD, max_size=2
                    ),
                },
            ),
            max_size=2,
        ),
    },
    ["name"],
)
_RIG_TEXTS = (
    'name = "rig"\nseed = 3\nrows = 24\ncolumns = 24\n[[faults.dropped_frame]]\ntrials = [2]\n',
    'name = "rig"\npace = "fast"\n[devices.piezo]\ndevice = "ophyd.sim:SynAxis"\n'
    "arguments = { value = 12.5 }\n",
    'name = "r"\nbackend = "replay"\nfiles = ["a.da"]\n',
)


def use_rig(data: bytes, folder: Path) -> None:
    path = folder / "rig.toml"
    path.write_bytes(data)
    load_rig(path, data_directory=DataDirectory(folder / "data"))


# -- protocol files


def _plan_steps() -> st.SearchStrategy[dict[str, Any]]:
    # Enough to be accepted now and then: what is accepted is rehearsed.
    small = st.one_of(st.integers(-1, 3), st.floats(0, 1), st.text(max_size=6), st.booleans())
    values = mostly(st.one_of(small, st.lists(small, max_size=3)), WILD)
    solution = st.sampled_from(["x {sodium_mM:g}", "{sodium_mM:999999999}", "{0}", "{sodium_mM.a}"])
    steps: list[st.SearchStrategy[dict[str, Any]]] = []
    for name, plan in protocol_plans().items():
        known = {
            key: values for key in inspect.signature(plan).parameters if key not in ("rig", "md")
        }
        known["solution"] = solution if "solution" in known else values
        known["wait_before_s"] = st.floats(-1, 1e5)
        given = st.lists(st.sampled_from(sorted(known)), max_size=3, unique=True).flatmap(
            lambda keys, known=known: st.fixed_dictionaries({key: known[key] for key in keys})
        )
        steps.append(given.map(lambda step, name=name: {"plan": name, **step}))
    return st.one_of(*steps)


_PROTOCOL = fields(
    {
        "title": st.text(max_size=8),
        "exposure_budget_s": st.floats(-1, 100),
        "metadata": fields({"cell": st.text(max_size=5), "operator": st.text(max_size=5)}),
        "steps": st.lists(_plan_steps(), min_size=1, max_size=2),
    },
    ["steps"],
)
_TOML_PROTOCOLS = (
    'title = "t"\n[metadata]\ncell = "c1"\n[[steps]]\nplan = "two_pulse"\ntrials = 2\n',
    '[[steps]]\nplan = "calibrate"\nsodium_mM = [0, 10.0]\nsolution = "x {sodium_mM:g}"\n',
)
_YAML_PROTOCOLS = (
    "title: t\nsteps:\n- plan: two_pulse\n  trials: 2\n- plan: calibrate\n  sodium_mM: [0, 10]\n",
    "a: &a [1, 2]\nsteps: &s\n- plan: two_pulse\n  trials: *a\n",
    "steps:\n- &x {plan: two_pulse}\n- *x\n- <<: *x\n",
)


def use_protocol(data: tuple[str, bytes], folder: Path) -> None:
    suffix, text = data
    path = folder / f"file{suffix}"
    path.write_bytes(text)
    check_protocol(load_protocol(path), make_sim_rig(rows=24, columns=24))


def _toml_bytes(values: Mapping[str, Any]) -> bytes:
    return toml(values).encode("utf-8", "surrogatepass")


def _json_bytes(values: Any) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogatepass")


# -- what describes recordings

_DESCRIPTION = fields(
    {
        "indicators": st.sampled_from(["bis-fura-2+ANG-2", "milk"]),
        "rois": st.lists(st.sampled_from(["1,2,3,4", "a=1,1,0,1", "=", "1,2,3"]), max_size=2),
        "channels": st.dictionaries(st.sampled_from(["voltage_channel", "a"]), WILD, max_size=2),
        "taken_at": st.sampled_from(["2020-01-01T00:00:00", "2020-45-01", "-1"]),
        "time_zone": st.sampled_from(["Europe/Berlin", "../../etc/passwd", "/etc/localtime"]),
    }
)


def use_description(data: bytes, folder: Path) -> None:
    path = folder / "description.toml"
    path.write_bytes(data)
    described = ImportDescription(**load_toml(path))
    described.parsed_rois()
    described.placed_in_time(None)


# -- recordings

_DA_PLACES = tuple(2 * k for k in (4, 13, 384, 385, 388, 390, 391))


def use_da(data: bytes, folder: Path) -> None:
    path = folder / "trial.da"
    path.write_bytes(data)
    _ = read_da(path).trial


def use_tsm(data: tuple[bytes, bytes], folder: Path) -> None:
    tsm, tbn = data
    path = folder / "trial.tsm"
    path.write_bytes(tsm)
    path.with_suffix(".tbn").write_bytes(tbn)
    _ = read_tsm(path).trial


def use_abf(data: bytes, folder: Path) -> None:
    path = folder / "cell.abf"
    path.write_bytes(data)
    with contextlib.redirect_stdout(io.StringIO()):
        read_abf(path)


_TSM = st.one_of(
    edited_bytes(valid_tsm()),
    st.builds(
        lambda name, value: valid_tsm().replace(
            f"{name:<8}=".encode(), f"{name:<8}= {value}".ljust(80).encode("latin-1", "replace")
        ),
        st.sampled_from(["NAXIS1", "NAXIS2", "NAXIS3", "EXPOSURE", "DATE", "BITPIX"]),
        st.one_of(st.integers(), st.floats(), st.text(max_size=30), st.just("9" * 65)),
    ),
)

# -- ROIs

_ROI_TEXT = st.one_of(
    st.text(max_size=20),
    st.builds("{}={},{},{},{}".format, st.text(max_size=4), *[st.one_of(st.integers(), WILD)] * 4),
    st.just("a=1,2,3," + "9" * 5000),
    st.text(max_size=8).map(lambda name: f"{name}.npy"),
)


def use_roi(data: str | bytes, folder: Path) -> None:
    if isinstance(data, str):
        read_rois([data])
        return
    path = folder / "cells.npy"
    path.write_bytes(data)
    read_rois([str(path)])


def _npy_header(shape: str, kind: str, version: int) -> bytes:
    text = f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY" + bytes([version, 0]) + len(text).to_bytes(2, "little") + text + bytes(64)


_NPY = st.one_of(
    edited_bytes(valid_npy(), (6, 8, 10, 60)),
    st.builds(
        _npy_header,
        st.sampled_from(["(2147483648, 1)", "(2147483648, 2147483648)", "(8, 8)", "(-1, -64)"]),
        st.sampled_from(["'<i4'", "'|u1'", "'|O'", "'|V0'", "[('a', '<i4')]", "'<f8'", "1"]),
        st.integers(0, 4),
    ),
    st.binary(max_size=20).map(lambda end: b"PK\x03\x04" + end),
)

# -- command lines

_WORDS = st.one_of(
    st.sampled_from(
        ["--roi", "--cell", "--seed", "--trials", "--rig", "--fast", "--json", "--data-dir", "--"]
    ),
    st.sampled_from(["-1", "0", "1e9", "9" * 5000, "1,2,3,4", "rig.toml", "steps.toml", "~nobody"]),
    st.sampled_from(["../steps.toml", ".", "", "none.yaml", "%s", "x=1,1,2,2", "--dry-run=1"]),
    st.text(max_size=8),
    st.text("-=~/.\\\x7f\udcff\u202e", max_size=5),
)
_DRY = st.builds(
    lambda command, words: [*command, *words, "--dry-run"],
    st.sampled_from([["demo"], ["demo", "--trials", "2"], ["run", "steps.toml"], ["run"]]),
    st.lists(_WORDS, max_size=4),
)
_COMMANDS = ("demo", "replay", "run", "shell", "live", "runs", "paper", "import", "export")
_PARSED = st.builds(
    lambda command, words: [command, *words],
    st.one_of(st.sampled_from(_COMMANDS), st.text(max_size=8)),
    st.lists(_WORDS, max_size=6),
)


def use_command(words: list[str], folder: Path) -> None:
    """Run a dry run; of other commands, only have the words understood."""
    (folder / "steps.toml").write_text(_TOML_PROTOCOLS[0])
    (folder / "rig.toml").write_text(_RIG_TEXTS[0])
    here = set(folder.iterdir())
    # Bytes below, as a terminal has them: a name that cannot be printed must not end in an error.
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    err.reconfigure(errors="backslashreplace")
    with (
        contextlib.chdir(folder),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            if words[-1:] != ["--dry-run"]:
                make_parser().parse_args(words)
                return
            code = main(words)
        except SystemExit as over:
            code = over.code
    told = err.buffer.getvalue().decode()  # pyright: ignore[reportAttributeAccessIssue]
    assert code in (0, 2), f"exit code {code}: {told}"
    assert "Traceback" not in told, told
    assert not code or (told.startswith("blueslice: ") and told.count("\n") == 1), told
    assert set(folder.iterdir()) == here, "a dry run has written"


TARGETS: Mapping[str, Target] = {
    "trials": Target(_TRIAL, use_trial, 0.2),
    "rig files": Target(st.one_of(edited_text(_RIG_TEXTS), _RIG.map(_toml_bytes)), use_rig, 0.08),
    "protocol files (TOML)": Target(
        st.tuples(
            st.just(".toml"), st.one_of(edited_text(_TOML_PROTOCOLS), _PROTOCOL.map(_toml_bytes))
        ),
        use_protocol,
        0.08,
    ),
    "protocol files (YAML)": Target(
        st.tuples(
            st.just(".yaml"), st.one_of(edited_text(_YAML_PROTOCOLS), _PROTOCOL.map(_json_bytes))
        ),
        use_protocol,
        0.08,
    ),
    "descriptions of recordings": Target(_DESCRIPTION.map(_toml_bytes), use_description, 0.05),
    "recordings (.da)": Target(edited_bytes(valid_da(), _DA_PLACES), use_da, 0.17),
    "recordings (.tsm, .tbn)": Target(
        st.tuples(_TSM, edited_bytes(valid_tbn(), (0, 2))), use_tsm, 0.12
    ),
    "recordings (.abf)": Target(
        st.one_of(
            edited_bytes(abf_1(valid_abf()), (4, 8, 10, 16, 40, 44, 48, 92, 96, 100, 120, 122)),
            edited_bytes(abf_2(valid_abf()), (12, 30, 76, 92, 100, 220, 236, 244, 252, 316, 324)),
        ),
        use_abf,
        0.04,
    ),
    "ROIs": Target(st.one_of(_ROI_TEXT, _NPY), use_roi, 0.1),
    "pulses": Target(_PULSE, lambda values, folder: Pulse.from_document(values), 0.04),
    "command lines": Target(st.one_of(_DRY, _DRY, _PARSED), use_command, 0.04),
}
