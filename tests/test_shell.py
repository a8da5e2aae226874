"""``blueslice shell`` as a person uses it: a protocol, its run, a pause by the keyboard."""

import os
import sys

import pytest

pexpect = pytest.importorskip("pexpect")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pexpect needs a Unix terminal")

SHAPE = r"shape \((\d+), 100, 80, 80\)"


@pytest.mark.long
def test_a_hard_pause_at_the_prompt_and_resume(tmp_path):
    shell = pexpect.spawn(
        sys.executable,
        ["-W", "ignore", "-m", "blueslice.cli", "shell", "--data-dir", str(tmp_path / "data")],
        env={**os.environ, "TERM": "dumb", "IPYTHONDIR": str(tmp_path)},
        encoding="utf-8",
        timeout=60,
        dimensions=(50, 200),
    )

    def run(number, command):
        shell.expect(rf"In \[{number}\]: ")
        shell.sendline(command)

    run(1, "(uid,) = RE(two_pulse(rig, trials=3))")
    run(2, "print('sha' + 'pe', catalogue.v3[uid]['primary']['camera'].shape)")
    shell.expect(SHAPE)
    assert shell.match[1] == "3"
    run(3, "print('newest' + ':', catalogue.v3[-1].start['raw_run'] == uid)")
    shell.expect("newest: True")
    run(
        4, "session.allow_exposure(); tell = lambda name, doc: print('event' + ':', doc['seq_num'])"
    )
    run(5, "RE(two_pulse(rig, trials=12), {'event': tell})")
    # In the middle of the protocol, which lasts 3 s.
    shell.expect("event: 3")
    shell.sendintr()
    shell.expect("Deferred pause acknowledged")
    shell.sendintr()
    shell.expect("RunEngineInterrupted")
    run(6, "print('state' + ':', RE.state, 'lit:', rig.bench.lit_now())")
    shell.expect("state: paused lit: 0")
    run(7, "(uid,) = RE.resume()")
    run(8, "run = catalogue.v3[uid]; print('sha' + 'pe', run['primary']['camera'].shape)")
    shell.expect(SHAPE)
    assert shell.match[1] == "12"
    run(9, "print(run['trials'].read()['trial-number'].values.tolist() == list(range(1, 13)))")
    shell.expect("True")
    run(10, "RE(two_pulse(rig, trials=0))")
    run(11, "rig.camera.backend.arm = lambda *_: 1 / 0")
    refused = "".join(shell.before.split("\r\n"))
    assert "blueslice: trials = 0" in refused
    assert "Traceback" not in refused
    run(12, "RE(two_pulse(rig, trials=1))")
    run(13, "1 / 0")
    failed = "".join(shell.before.split("\r\n"))
    assert "blueslice: camera was asked to be ready for trial 1 and failed (division by" in failed
    assert "Traceback" not in failed
    # What is not ours is shown as ever.
    run(14, "exit")
    assert "Traceback" in shell.before
    shell.expect(pexpect.EOF)
    shell.close()
    assert shell.exitstatus == 0
