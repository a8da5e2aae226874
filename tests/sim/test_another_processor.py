"""The simulated light does not depend on what the processor can do.

Another platform cannot be had here; a plain x86-64 of twenty years ago can: numpy and the compiled
code are kept from all that came later, as they are on a machine without it.
"""

import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = """
import sys

import numpy as np
from numpy._core._multiarray_umath import __cpu_features__

import blueslice.sim.slice as sliced
from blueslice.indicators import pair
from blueslice.sim import SimulatedSlice, Wiring
from blueslice.trial import paired_pulses

kept = []
draw_counts = sliced.draw_counts


def keep(electrons, *arguments):
    kept.append(np.array(electrons))
    return draw_counts(electrons, *arguments)


sliced.draw_counts = keep
source = SimulatedSlice(3, pair("bis-fura-2+ANG-2"))
wiring = Wiring(500.0, 100, 0.0018, 40, (1, 2), 0.0018, tuple(paired_pulses()))
releases = 0
for trial in range(2):
    source.play(wiring, trial)
    releases += len(source.truth.response.releases)
np.savez(
    sys.argv[1],
    electrons=np.concatenate(kept),
    releases=releases,
    modern=__cpu_features__.get("X86_V3", False),
)
"""
PLAIN = {
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
    "NUMBA_CPU_NAME": "x86-64",
    "NUMBA_CPU_FEATURES": "",
    "OPENBLAS_CORETYPE": "Nehalem",
}


def electrons(folder: Path, name: str, environment: dict[str, str]) -> tuple[np.ndarray, bool]:
    """Return the electrons that two trials expect before they are counted."""
    path = folder / f"{name}.npz"
    caches = {"NUMBA_CACHE_DIR": str(folder / name)} if environment else {}
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, str(path)],
        env=os.environ | environment | caches,
        check=True,
        timeout=200,
    )
    with np.load(path) as found:
        assert found["releases"] > 0, "no spine answered: these trials would show nothing"
        return found["electrons"], bool(found["modern"])


@pytest.mark.long
@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="for x86-64")
def test_a_plain_processor_expects_the_same_electrons(tmp_path: Path):
    here, modern = electrons(tmp_path, "here", {})
    if not modern:
        pytest.skip("this processor is itself a plain one")
    plain, still_modern = electrons(tmp_path, "plain", PLAIN)
    assert not still_modern
    np.testing.assert_allclose(plain, here, rtol=1e-6, atol=0)
