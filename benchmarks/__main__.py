"""List the benchmarks, or run one: ``python -m benchmarks [NAME] [--seed N] [--json]``."""

import argparse
import importlib
import json
import pkgutil
import sys
from dataclasses import asdict
from pathlib import Path


def names() -> list[str]:
    found = pkgutil.iter_modules([str(Path(__file__).parent)])
    return sorted(module.name for module in found if not module.name.startswith("_"))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", nargs="?", choices=names(), help="which one; none lists them")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.name is None:
        for name in names():
            text = (importlib.import_module(f"benchmarks.{name}").__doc__ or "").splitlines()[0]
            print(f"{name:20} {text}")
        return 0
    rows = importlib.import_module(f"benchmarks.{options.name}").run(options.seed)
    if options.json:
        print(json.dumps([asdict(row) for row in rows]))
        return 0
    for row in rows:
        holds = {True: "holds", False: "MISSED", None: ""}[row.holds]
        line = f"{row.case:60} {row.value:10.3g} {row.unit:12} {row.bound:8} {holds}"
        print(line, flush=True)  # one that takes long gives its rows as it comes to them
    return 0


if __name__ == "__main__":
    sys.exit(main())
