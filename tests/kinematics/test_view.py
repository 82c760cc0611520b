"""The view in the browser, served for real. Needs the extra `view`, which is not in `dev`."""

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from kinematics import store, synthetic
from kinematics.commands.view import _chosen
from kinematics.readers import native
from kinematics.show import playback, view
from kinematics.show.playback import Movement

pytest.importorskip("viser", reason="the view needs viser: pip install 'kinematics-qa[view]'")

SRC = Path(__file__).parents[2] / "src"
MOVEMENTS = (Movement(0.5, 2.0, "forward 2.00 m"), Movement(1.0, 3.0, "turn left 90°"))
PATIENCE_S = 60.0


def wait_for(happened: Callable[[], bool]) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < end_s, "it did not happen"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def shown() -> playback.Playback:
    return playback.prepare(synthetic.perform(synthetic.walk(3.0)).motion)


@pytest.fixture
def served(shown: playback.Playback) -> Iterator[view.View]:
    one = view.serve(shown, MOVEMENTS, title="<b>a clip</b>", host="127.0.0.1", port=0)
    yield one
    view.close(one)


def test_the_address_gives_a_page(served: view.View) -> None:
    with urllib.request.urlopen(served.address, timeout=PATIENCE_S) as page:
        assert page.status == 200
        assert b"<html" in page.read()


def test_no_tunnel_is_opened(served: view.View, monkeypatch: pytest.MonkeyPatch) -> None:
    def tunnel(*_: object, **__: object) -> None:
        raise AssertionError("a tunnel was asked for")

    monkeypatch.setattr("viser._viser.ViserTunnel", tunnel)
    assert served.server.request_share_url() is None


def test_each_time_shows_its_figure_and_names_its_movements(served: view.View) -> None:
    for time_s, words in (
        (0.0, "no movement"),
        (0.7, "forward 2.00 m"),
        (1.5, "forward 2.00 m · turn left 90°"),
        (2.0, "turn left 90°"),
    ):
        view.draw(served, time_s)
        figure = playback.figure_at(served.shown, playback.sample_at(served.shown, time_s))
        np.testing.assert_allclose(served.joints.batched_positions, figure.joints_m, atol=1e-5)
        np.testing.assert_allclose(served.arrow.points, figure.arrow_m, atol=1e-5)
        assert served.now.content == f"**Now:** {words}"


def test_what_was_not_seen_is_hidden(shown: playback.Playback) -> None:
    hidden = shown._replace(observed=shown.times_s < 1.0, faces=shown.times_s < 0.5)
    one = view.serve(hidden, (), host="127.0.0.1", port=0)
    for time_s, seen, faces in ((0.2, True, True), (0.8, True, False), (1.5, False, False)):
        view.draw(one, time_s)
        assert (one.joints.visible, one.bones.visible, one.arrow.visible) == (seen, seen, faces)
        assert ("not seen" in one.now.content) == (not seen)
    view.close(one)


def test_it_follows_the_slider_and_plays(served: view.View) -> None:
    until = threading.Event()
    runner = threading.Thread(target=view.run, args=(served,), kwargs={"until": until})
    runner.start()
    try:
        served.time.value = 1.5
        wait_for(lambda: "turn left" in served.now.content)
        assert served.time.value == 1.5  # it stands still until it is told to play
        served.speed.value = "0.25×"
        served.playing.set()
        wait_for(lambda: served.time.value > 1.6)
        served.playing.clear()
    finally:
        until.set()
        runner.join(PATIENCE_S)
    assert not runner.is_alive()


# Whoever starts the tests in the background has Ctrl-C ignored, also in what the tests start.
_INTERRUPTIBLE = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("kinematics", run_name="__main__", alter_sys=True)
"""


def test_ctrl_c_ends_the_command_cleanly(tmp_path: Path) -> None:
    native.write(synthetic.perform(synthetic.walk(3.0)).motion, tmp_path / "walk.npz")
    options = ["view", str(tmp_path / "walk.npz"), "--port", "0"]
    environment = os.environ | {"PYTHONPATH": str(SRC), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, "-c", _INTERRUPTIBLE, *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert "open http://localhost:" in said
            address = said.split("open ")[1].split()[0]
            with urllib.request.urlopen(address, timeout=PATIENCE_S) as page:
                assert page.status == 200
            process.send_signal(signal.SIGINT)
            rest, errors = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
    assert (process.returncode, rest.strip(), errors) == (0, "ended", "")


def test_one_clip_of_a_store_is_chosen_by_its_name(tmp_path: Path) -> None:
    walk = synthetic.perform(synthetic.walk(1.0)).motion
    motions = [walk.renamed(clip="a"), walk.renamed(clip="b"), walk.renamed(clip="b", person=3)]
    store.write(motions, tmp_path / "corpus")
    chosen = _chosen(tmp_path / "corpus", "b", 3)
    assert (chosen.source.clip, chosen.source.person) == ("b", 3)
    for name, said in ((None, "a store, not a clip"), ("c", "no clip 'c'")):
        with pytest.raises(ValueError, match=rf"corpus: {said}; it holds a, b. Name .* --clip"):
            _chosen(tmp_path / "corpus", name, 0)
    with pytest.raises(ValueError, match="no person 7; the clip has 0, 3"):
        _chosen(tmp_path / "corpus", "b", 7)
    store.write(motions[:1], tmp_path / "single")
    assert _chosen(tmp_path / "single", None, 0).source.clip == "a"
