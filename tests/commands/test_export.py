"""``blueslice export``: which runs are meant, and what is said of them."""

import json
from datetime import datetime
from types import SimpleNamespace

import pytest

from blueslice.cli import main

STARTS = [
    {"uid": "aaaa1111", "time": datetime(2026, 11, 20, 12).timestamp(), "plan_name": "two_pulse",
     "cell": "c1", "animal": "m1"},
    {"uid": "aaaa2222", "time": datetime(2026, 11, 22, 12).timestamp(), "plan_name": "drug_wash",
     "cell": "c1"},
    {"uid": "bbbb3333", "time": datetime(2026, 11, 21, 12).timestamp(), "plan_name": "two_pulse",
     "cell": "c2"},
    {"uid": "cccc4444", "time": datetime(2026, 11, 23, 12).timestamp(), "raw_run": "aaaa1111"},
]  # fmt: skip


class Catalogue(dict):
    """As much of a catalogue as the command asks for; answers Tiled's own queries."""

    @property
    def v3(self):
        return self

    def search(self, query):
        key = query.key.removeprefix("start.")
        wanted = query.value
        compared = getattr(query, "operator", "eq")

        def fits(start):
            return start[key] >= wanted if compared == "ge" else start[key] == wanted

        found = {uid: run for uid, run in self.items()
                 if key in run.metadata["start"] and fits(run.metadata["start"])}  # fmt: skip
        return Catalogue(found)


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Run the command on a catalogue by hand; returns code, uids exported, stdout, stderr."""
    runs = {start["uid"]: SimpleNamespace(metadata={"start": start}) for start in STARTS}
    exported = []

    def export_run(catalogue, uid, kind, folder, progress, metadata):
        progress(1, 2)
        exported.append(uid)
        return folder / f"{uid}.{kind}"

    monkeypatch.setattr("blueslice.commands.export.open_catalogue", lambda _: Catalogue(runs))
    monkeypatch.setattr("blueslice.commands.export.export_run", export_run)
    monkeypatch.chdir(tmp_path)

    def run(*arguments, kind="csv"):
        exported.clear()
        code = main(["export", *arguments, "--format", kind, "--data-dir", str(tmp_path)])
        told = capsys.readouterr()
        return code, list(exported), told.out, told.err

    return run


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["aaaa1111"], ["aaaa1111"]),
        (["bbbb"], ["bbbb3333"]),
        (["bbbb", "bbbb3333", "aaaa1"], ["bbbb3333", "aaaa1111"]),
        # The newest by time; a derived run is none of them.
        (["--", "-1"], ["aaaa2222"]),
        (["--", "-2"], ["bbbb3333"]),
        (["-1"], ["aaaa2222"]),
        (["--cell", "c1"], ["aaaa1111", "aaaa2222"]),
        (["--plan", "two_pulse"], ["aaaa1111", "bbbb3333"]),
        (["--since", "2026-11-21"], ["bbbb3333", "aaaa2222"]),
        (["--since", "2026-11-21", "--plan", "two_pulse"], ["bbbb3333"]),
    ],
)
def test_the_runs_that_are_meant_are_exported(command, arguments, expected):
    # Options after "--" would be runs.
    placed = arguments if "--" not in arguments else arguments[1:]
    code, exported, out, _ = command(*placed)
    assert (code, exported) == (0, expected)
    assert [line.removesuffix(".csv") for line in out.split()] == expected


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "name runs by their uid, or search by"),
        (["aaaa1", "--cell", "c1"], "name runs by their uid, or search by"),
        (["aaaa"], "run 'aaaa': there are 2 such runs; 'blueslice runs' lists them"),
        (["dddd"], "run 'dddd': there are 0 such runs"),
        (["aa"], "run 'aa': give 4 characters of its uid or more"),
        (["-4"], "run -4: the catalogue holds 3 runs"),
        (["--cell", "c9"], "no run has cell 'c9'; 'blueslice runs' lists them"),
        (["--since", "yesterday"], "--since yesterday: give a date as 2026-11-23"),
        (["aaaa1", "--metadata", "m.toml"], "--metadata is for nwb, not for csv; leave it out"),
    ],
)
def test_bad_input_is_one_line(command, arguments, told):
    code, exported, out, err = command(*arguments)
    assert (code, exported, out) == (2, [], "")
    assert told in err
    assert len(err.splitlines()) == 1


def test_json_names_runs_and_files(command, tmp_path):
    code, _, out, _ = command("aaaa1", "--out", "there", "--json")
    assert code == 0
    file = str(tmp_path / "there" / "aaaa1111.csv")
    assert json.loads(out) == [{"run": "aaaa1111", "file": file}]


def test_what_nobody_told_is_named(command, tmp_path):
    _, _, _, err = command("aaaa1", "bbbb", kind="nwb")
    assert err == (
        "blueslice: written as unknown: age, location, sex, species, subject_id; tell them with "
        "--metadata FILE\n"
    )
    (tmp_path / "m.toml").write_text(
        'species = "Mus musculus"\nage = "P25D"\nsex = "F"\nlocation = "CA1"\n'
    )
    _, _, _, err = command("aaaa1", "--metadata", "m.toml", kind="nwb")
    assert err == ""
    (tmp_path / "m.toml").write_text('spezies = "Mus musculus"\n')
    code, exported, _, err = command("aaaa1", "--metadata", "m.toml", kind="nwb")
    assert (code, exported) == (2, [])
    assert "spezies: there is no such key" in err
