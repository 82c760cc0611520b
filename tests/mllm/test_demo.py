"""The demo's road: what it clears, what it refuses, and that it stops where a command fails."""

import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from kinematics import readers, store
from mllm import videos
from mllm.commands.app import app
from mllm.demo import ANSWERERS, MARK, Demo, Step, answering, carry_out, making, prepare
from qagen.dataset import layout


def test_an_earlier_demo_is_replaced_and_its_cache_is_kept(tmp_path: Path) -> None:
    demo = Demo(out=tmp_path / "out")
    prepare(demo)
    (demo.questions).mkdir()
    (demo.out / ".jax_cache").mkdir()
    (demo.out / "runs" / "mine").mkdir(parents=True)
    demo.run_of("chance").mkdir()
    prepare(demo)
    assert [path.name for path in (demo.out / "runs").iterdir()] == ["mine"]
    assert not demo.questions.exists()
    assert (demo.out / ".jax_cache").is_dir()


def test_a_folder_that_no_demo_wrote_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "questions").mkdir()
    (tmp_path / "questions" / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="holds questions, which this `mllm demo` did not write"):
        prepare(Demo(out=tmp_path))
    assert (tmp_path / "questions" / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("inside", ["motions", "."])
def test_motions_in_the_folder_that_is_cleared_are_left_alone(tmp_path: Path, inside: str) -> None:
    (tmp_path / MARK).write_text("{}")
    motions = tmp_path / inside
    motions.mkdir(exist_ok=True)
    (motions / "walk.npz").write_bytes(b"mine")
    with pytest.raises(ValueError, match="is or holds the input"):
        prepare(Demo(out=tmp_path, motions=motions))
    assert (motions / "walk.npz").read_bytes() == b"mine"


def test_own_motions_need_no_synthetic_ones(tmp_path: Path) -> None:
    own = Demo(out=tmp_path / "out", motions=tmp_path)
    assert [step.command[:2] for step in making(own)] == [
        ("qagen", "build"), ("qagen", "stats"), ("qagen", "audit"),
    ]  # fmt: skip
    assert making(Demo(out=tmp_path / "out"))[0].command[:2] == ("kinematics", "synth")
    assert len({own.run_of(answerer) for answerer in ANSWERERS}) == len(ANSWERERS)


def test_a_packed_store_is_filmed_by_the_clips_that_are_asked_about(
    tmp_path: Path, made: Any
) -> None:
    motions = [motion for path in readers.find([made.motions]) for motion in readers.read(path)]
    store.write(motions, tmp_path / "corpus")
    demo = Demo(out=tmp_path / "out", motions=tmp_path / "corpus")
    prepare(demo)
    demo.questions.symlink_to(made.questions)
    [films] = [step for step in answering(demo) if step.command[1] == "render"]
    assert films.command[2] == str(tmp_path / "corpus")
    told = CliRunner().invoke(app, [*films.command[1:], "--size", "32", "--fps", "2"])
    assert told.exit_code == 0, told.output
    asked = {clip.clip for clip in layout.clips(made.questions) if clip.split == "test"}
    assert 0 < len(asked) < len(motions)
    films_there = {path.stem for path in (demo.out / "videos").glob("*.mp4")}
    assert films_there == {videos.stem(clip, 0) for clip in asked}


def test_it_stops_where_a_command_fails(tmp_path: Path) -> None:
    said: list[str] = []
    wrong = Step(about="nothing to score", command=("mllm", "score", str(tmp_path / "nowhere")))
    never = Step(about="never", command=("mllm", "score", "--help"))
    with pytest.raises(OSError, match="`mllm score` failed with exit code 2"):
        carry_out([wrong, never], cache=tmp_path / "cache", say=said.append)
    assert len(said) == 1
    assert "nothing to score" in said[0]
    assert sys.executable not in said[0]
