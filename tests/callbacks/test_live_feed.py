"""The live feed: who gets in, what a viewer is told and when, and that it harms nothing."""

import stat
import sys
import threading
import time

import numpy as np
import pytest

from blueslice.analysis import Roi
from blueslice.callbacks._feed_messages import pack, reduced_image, unpack
from blueslice.callbacks._feed_sockets import FEED_FILE, FeedSockets, feed_address
from blueslice.errors import BadInputError
from blueslice.plans import blank, two_pulse
from blueslice.rig import make_sim_rig
from blueslice.session import Session

zmq = pytest.importorskip("zmq", reason="the live page's packages (blueslice[live]) are absent")

from blueslice.view.live.feed_client import FeedClient  # noqa: E402

SPINE = Roi(name="spine", y=30, x=30, height=6, width=6)


class Viewer:
    """A viewer that keeps all that it is told."""

    def __init__(self, directory):
        self.messages, self._news = [], threading.Condition()
        self.client = FeedClient(directory.path, self._take)
        self.client.start()

    def _take(self, message):
        with self._news:
            self.messages.append(message)
            self._news.notify_all()

    def wait_for(self, found, timeout_s=20.0):
        with self._news:
            assert self._news.wait_for(lambda: found(self.messages), timeout_s), self.kinds()

    def of(self, kind):
        return [message for message in self.messages if message["kind"] == kind]

    def kinds(self):
        return [message["kind"] for message in self.messages]

    def connect(self):
        self.wait_for(lambda messages: any(m["kind"] == "snapshot" for m in messages))
        return self


@pytest.fixture
def session(directory):
    rig = make_sim_rig(5, data_directory=directory, rows=40, columns=40)
    with Session(rig, directory, rois=[SPINE], catalogue=False) as session:
        session.allow_exposure()
        yield session


@pytest.fixture
def watch(directory):
    viewers = []

    def open_viewer():
        viewers.append(Viewer(directory))
        return viewers[-1].connect()

    yield open_viewer
    for viewer in viewers:
        viewer.client.close()


def until(condition, timeout_s=10.0):
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s
        threading.Event().wait(0.01)


ARRAYS = [
    np.array([[0.1, np.nan], [np.inf, -1.5]]),
    np.arange(6, dtype=np.uint16).reshape(2, 3)[:, ::2],
    np.array([True, False]),
    np.zeros((0, 3), np.float32),
]


@pytest.mark.parametrize("array", ARRAYS, ids=str)
def test_arrays_arrive_to_the_last_bit(array):
    back = unpack(pack({"kind": "x", "array": array, "list": (1, "two", None)}))
    np.testing.assert_array_equal(back["array"], array)
    assert back["array"].dtype == array.dtype
    assert back["list"] == [1, "two", None]


@pytest.mark.parametrize("data", [b"", b"\xff\xff", b"\x93\x01\x02\x03", b"\xd4\x07a"])
def test_bytes_that_are_no_message_are_refused(data):
    with pytest.raises(BadInputError, match="live feed"):
        unpack(data)


def test_objects_are_not_sent():
    with pytest.raises(TypeError, match="cannot be sent"):
        pack({"array": np.array([object()])})


def test_large_pictures_are_averaged():
    small, step = reduced_image(np.arange(600 * 700, dtype=np.float32).reshape(600, 700))
    assert (small.shape, step) == ((200, 233), 3)
    assert small[0, 0] == pytest.approx(np.mean([0, 1, 2, 700, 701, 702, 1400, 1401, 1402]))
    same, step = reduced_image(np.ones((80, 80)))
    assert (same.shape, step) == ((80, 80), 1)


def test_the_keys_are_the_users_alone_and_go_with_the_session(session, directory):
    path = directory.path / FEED_FILE
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert feed_address(directory.path)["news"].startswith("tcp://127.0.0.1:")
    session.close()
    assert not path.exists()


def test_a_viewer_is_told_what_the_analysis_found(session, watch):
    viewer = watch()
    until(lambda: session.feed.watched)
    session.RE(two_pulse(session.rig, trials=2))
    viewer.wait_for(lambda messages: any(m["kind"] == "stop" for m in messages))
    viewer.wait_for(lambda messages: sum(m["kind"] == "result" for m in messages) == 2)
    (run,) = viewer.of("run")
    assert run["uid"] == session.start["uid"]
    assert run["trials"] == 2
    for message in viewer.of("result"):
        for told, found in zip(
            message["traces"], session.results[message["trial"]].traces, strict=True
        ):
            assert told["ion"] == found.ion
            np.testing.assert_array_equal(told["dff"], found.dff)
            np.testing.assert_array_equal(told["time_s"], found.time_s)
    assert [m["data"]["trial-number"] for m in viewer.of("event")] == [1, 2]
    voltage_mV, _ = session.voltage()
    told = viewer.of("voltage")[-1]
    assert told["trial"] == 2
    np.testing.assert_allclose(
        told["voltage_mV"], voltage_mV[1].reshape(len(told["voltage_mV"]), -1).mean(1), rtol=1e-5
    )
    np.testing.assert_allclose(told["pulses_s"], [0.036, 0.046], atol=1e-4)
    viewer.wait_for(lambda messages: any(m["kind"] == "status" for m in messages))
    status = viewer.of("status")[-1]
    assert status["progress"]["total"] in (0, 2)
    assert status["exposure"]["cell"] == session.cell


def test_a_late_viewer_catches_up(session, watch):
    session.RE(two_pulse(session.rig, trials=2))
    assert session.live.wait()
    viewer = watch()
    (snapshot,) = viewer.of("snapshot")
    kinds = [message["kind"] for message in snapshot["messages"]]
    assert kinds[0] == "run"
    assert kinds.count("event") == 2
    results = [m for m in snapshot["messages"] if m["kind"] == "result"]
    assert {m["trial"] for m in results} == {1, 2}
    assert [bool(m["images"]) for m in results] == [False, False, True]
    assert "stop" in kinds
    for message in results:
        whole = session.results[message["trial"]].traces
        np.testing.assert_array_equal(message["traces"][0]["dff"], whole[0].dff)


def test_without_a_viewer_nothing_is_computed_for_one(session):
    asked = []
    session.live.subscribe(asked.append, wanted=lambda: False)
    session.RE(two_pulse(session.rig, trials=1))
    assert session.live.wait()
    assert asked == []
    assert not session.feed.watched
    assert session.feed._number == 0


def test_the_feed_hears_that_the_last_viewer_has_gone(session, watch):
    first, second = watch(), watch()
    until(lambda: session.feed.watched)
    first.client.close()
    session.RE(blank(session.rig))
    second.wait_for(lambda messages: any(m["kind"] == "stop" for m in messages))
    second.client.close()
    until(lambda: not session.feed.watched)


def test_who_has_another_key_is_not_let_in(session, directory):
    address = feed_address(directory.path)
    public, secret = zmq.curve_keypair()
    context = zmq.Context()
    try:
        answers = {}
        for name, keys in (
            ("stranger", (public, secret)),
            ("user", (address["client_key"].encode(), address["client_secret_key"].encode())),
        ):
            socket = context.socket(zmq.DEALER)
            socket.linger = 0
            socket.curve_serverkey = address["server_key"].encode()
            socket.curve_publickey, socket.curve_secretkey = keys
            socket.connect(address["requests"])
            socket.send(pack({"ask": "snapshot"}))
            answers[name] = bool(socket.poll(1500))
            socket.close()
        assert answers == {"stranger": False, "user": True}
    finally:
        context.destroy(linger=0)


def test_a_viewer_follows_from_one_session_to_the_next(directory, watch):
    uids = []
    viewer = None
    for seed in (1, 2):
        rig = make_sim_rig(seed, data_directory=directory, rows=24, columns=24)
        with Session(rig, directory, rois=[SPINE.replace(y=2, x=2)], catalogue=False) as session:
            if viewer is None:
                viewer = watch()
            viewer.wait_for(
                lambda messages: any(m.get("session") == session.feed.session for m in messages)
            )
            session.RE(blank(rig))
            uids.append(session.start["uid"])
            viewer.wait_for(
                lambda messages: any(
                    m.get("run") == uids[-1] and m["kind"] == "stop" for m in messages
                )
            )
    viewer.wait_for(lambda messages: sum(m["kind"] == "lost" for m in messages) == 2)
    assert [m["uid"] for m in viewer.of("run")] == uids


def test_a_viewer_leaves_a_closed_session_whose_file_stays(directory, watch, monkeypatch):
    monkeypatch.setattr("blueslice.callbacks._feed_sockets.FeedSockets.withdraw", lambda _: None)
    viewer = None
    for seed in (1, 2):
        rig = make_sim_rig(seed, data_directory=directory, rows=24, columns=24)
        with Session(rig, directory, catalogue=False) as session:
            viewer = viewer or watch()
            viewer.wait_for(
                lambda messages: any(m.get("session") == session.feed.session for m in messages)
            )
            # Not a second time for a session that had said that it was over.
            assert len(viewer.of("lost")) == seed - 1
        viewer.wait_for(lambda messages: any(m["kind"] == "lost" for m in messages))


def test_the_file_is_replaced_and_removed_although_a_viewer_reads_it(windows_files, tmp_path):
    path = tmp_path / FEED_FILE
    path.write_text("of a session that was killed")
    readers, pauses = [path.open("rb")], []

    def sleep(pause_s):
        pauses.append(pause_s)
        readers.pop().close()

    sockets = FeedSockets(tmp_path, "s2", sleep=sleep)
    assert feed_address(tmp_path)["session"] == "s2"
    readers.append(path.open("rb"))
    sockets.close()
    assert len(pauses) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_stays_open_names_no_session_and_the_log_says_what_to_do(
    windows_files, tmp_path, caplog
):
    sockets = FeedSockets(tmp_path, "s1")
    path = tmp_path / FEED_FILE
    with path.open("rb"):
        sockets.close()
        sockets.withdraw()  # is not tried, or told, a second time
        assert feed_address(tmp_path) is None
    assert [record.getMessage() for record in caplog.records] == [
        f"the session is over, but {path} could not be removed (a program has it open); close "
        "the program that has it open, or give yourself write permission, and delete it"
    ]
    # The next session takes its place.
    with FeedSockets(tmp_path, "s2"):
        assert feed_address(tmp_path)["session"] == "s2"


def test_a_session_goes_on_when_its_file_cannot_be_replaced(windows_files, directory, caplog):
    directory.create()
    path = directory.path / FEED_FILE
    path.write_text("{}")
    rig = make_sim_rig(5, data_directory=directory, rows=24, columns=24)
    with path.open("rb"), Session(rig, directory, catalogue=False) as session:
        session.RE(blank(rig))
        assert session.live.wait()
    assert "another program has it open" in caplog.text
    assert "the session goes on without it" in caplog.text
    assert [name.name for name in directory.path.glob(".live*")] == []


def test_a_session_without_a_port_or_without_zmq_goes_on(directory, monkeypatch, caplog):
    def refuse(*_):
        raise OSError("no port is free")

    def run():
        rig = make_sim_rig(5, data_directory=directory, rows=24, columns=24)
        with Session(rig, directory, catalogue=False) as session:
            session.RE(blank(rig))
            assert session.live.wait()

    with monkeypatch.context() as patch:
        patch.setattr("blueslice.callbacks._feed_sockets._write_private", refuse)
        run()
        assert "the session goes on without it" in caplog.text
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "zmq", None)
        run()
    assert feed_address(directory.path) is None


def test_other_rois_are_used_from_the_next_trial_in_a_new_derived_run(session, watch):
    published = []
    session._sinks.append(lambda name, doc: published.append((name, doc)))
    viewer = watch()
    moved = SPINE.replace(y=20, x=22)
    answers = []

    def change(name, doc):
        if doc["data"].get("trial-number") == 1:
            asked = viewer.client.ask("use_rois", rois=[moved.to_document()], trial=None)
            answers.append(asked.result(10))

    # On the RunEngine's loop: the next trial begins only afterwards.
    session.RE.subscribe(change, "event")
    session.RE(two_pulse(session.rig, trials=3))
    assert session.live.wait()
    assert answers == ["used from the next trial on"]
    starts = [doc for name, doc in published if name == "start"]
    assert [start["rois"][0]["y"] for start in starts] == [30, 20]
    assert {start["raw_run"] for start in starts} == {session.start["uid"]}
    assert [start["roi_found"] for start in starts] == ["", ""]
    assert [name for name, _ in published].count("stop") == 2
    trials = [doc["data"]["trial"] for name, doc in published if name == "event"]
    assert trials == [1, 2, 3]
    descriptors = [doc["run_start"] for name, doc in published if name == "descriptor"]
    assert descriptors == [start["uid"] for start in starts]
    assert session.live.options.rois == (moved,)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"rois": [], "trial": None}, "at least one ROI"),
        ({"rois": "all", "trial": None}, "give rois, a list"),
        ({"rois": [{"name": "a", "y": 38, "x": 0, "height": 6, "width": 6}]}, "leaves the image"),
        ({"rois": [{"name": "a", "y": 0, "x": 0, "height": 6, "widht": 6}]}, "no such key"),
        ({"rois": [SPINE.to_document()] * 2}, "two ROIs"),
    ],
)
def test_rois_that_cannot_be_used_are_refused(session, watch, arguments, reason):
    viewer = watch()
    with pytest.raises(BadInputError, match=reason):
        viewer.client.ask("use_rois", **arguments).result(10)
    assert session.live.options.rois == (SPINE,)
    with pytest.raises(BadInputError, match="'format' is no command"):
        viewer.client.ask("format").result(10)
