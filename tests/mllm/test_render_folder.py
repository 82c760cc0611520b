"""Folders of videos and the command: atomic files, kept when complete, and clear errors."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from kinematics import store, synthetic
from kinematics.motion import Motion
from kinematics.readers import native
from mllm.commands.app import app
from mllm.render import track, video
from mllm.render.film import film
from mllm.render.folder import Options, Outcome, render, render_all

SRC = Path(__file__).parents[2] / "src"
SMALL = Options(size_px=48, fps=8.0, camera="handheld")


def call(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], prog_name="mllm")


@pytest.fixture(scope="module")
def motions() -> list[Motion]:
    scripts = {"walk": synthetic.walk(1.5), "turn": synthetic.turn(1.5), "bow": synthetic.bow(1.2)}
    return [synthetic.perform(script, clip=clip).motion for clip, script in scripts.items()]


@pytest.fixture(scope="module")
def folder(motions: list[Motion], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("motions")
    for motion in motions:
        native.write(motion, folder / f"{motion.source.clip}.npz")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_video_shows_the_pictures(tmp_path: Path, motions: list[Motion]) -> None:
    outcome = render(motions[:1], tmp_path, SMALL)
    pictures = np.stack(list(film(motions[:1], size_px=48, fps=8.0, camera="handheld").frames()))
    shown = video.read(tmp_path / "walk.mp4")
    assert outcome == Outcome("walk", len(pictures))
    assert shown.shape == pictures[..., :3].shape
    assert np.abs(shown.astype(int) - pictures[..., :3]).mean() < 8
    told = track.read(tmp_path / "walk.camera.json")
    assert len(told.times_s) == len(pictures)
    assert told.video == "walk.mp4"


def test_workers_in_other_processes_write_the_same_bytes(
    tmp_path: Path, motions: list[Motion]
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    alone = render_all(motions, here, SMALL)
    shared = render_all(motions, there, SMALL, workers=2)
    assert alone == shared
    assert [outcome.name for outcome in alone] == ["walk", "turn", "bow"]
    assert len(contents(here)) == 6
    assert contents(here) == contents(there)


def test_complete_videos_are_kept_and_missing_videos_are_made(
    tmp_path: Path, motions: list[Motion]
) -> None:
    first = render_all(motions[:2], tmp_path, SMALL)
    whole = contents(tmp_path)
    os.utime(tmp_path / "walk.mp4", (1, 1))
    (tmp_path / "turn.camera.json").write_text("{")  # killed while it was written
    again = render_all(motions[:2], tmp_path, SMALL)
    assert [outcome.kept for outcome in (*first, *again)] == [False, False, True, False]
    assert (tmp_path / "walk.mp4").stat().st_mtime == 1
    assert contents(tmp_path) == whole
    reseeded = Options(size_px=48, fps=8.0, camera="handheld", seed=1)
    assert not any(outcome.kept for outcome in render_all(motions[:2], tmp_path, reseeded))
    assert contents(tmp_path) != whole


def test_a_film_that_breaks_leaves_nothing(tmp_path: Path) -> None:
    def pictures() -> Iterator[np.ndarray]:
        yield np.zeros((32, 32, 4), np.uint8)
        raise ValueError("the film tore")

    with pytest.raises(ValueError, match="the film tore"):
        video.write(tmp_path / "torn.mp4", pictures(), fps=8.0)
    with pytest.raises(ValueError, match="no pictures"):
        video.write(tmp_path / "none.mp4", [], fps=8.0)
    assert list(tmp_path.iterdir()) == []


def test_people_of_one_world_are_in_one_video(tmp_path: Path, motions: list[Motion]) -> None:
    walk, turn, _ = motions
    second = turn.renamed(clip="walk", person=1)
    (together,) = render_all([walk, second], tmp_path, SMALL)
    assert [person.person for person in track.read(tmp_path / "walk.camera.json").people] == [0, 1]
    strangers = [motion.renamed(clip="apart", shared_world=False) for motion in (walk, second)]
    apart = render_all(strangers, tmp_path, SMALL)
    assert [outcome.name for outcome in (together, *apart)] == ["walk", "apart", "apart_person1"]


def test_a_duplicate_name_is_reported(tmp_path: Path, motions: list[Motion]) -> None:
    outcomes = render_all([motions[0], motions[0]], tmp_path, SMALL)
    assert [bool(outcome.problem) for outcome in outcomes] == [False, True]
    assert "rename it" in outcomes[1].problem


def test_options_report_all_problems_at_once() -> None:
    with pytest.raises(ValueError, match="size: 31") as caught:
        Options(size_px=31, fps=0.5, others=9, things=-1)
    for said in ("fps: 0.5; expected 1 to 240", "people: 10; expected 1 to 6", "things: -1"):
        assert said in str(caught.value)


# The command


def test_the_command_makes_videos_of_folders_and_stores(
    tmp_path: Path, folder: Path, motions: list[Motion]
) -> None:
    options = ("--size", 48, "--fps", 8, "--camera", "handheld")
    done = call("render", folder, tmp_path / "videos", *options)
    assert done.exit_code == 0, done.stderr
    assert "3 videos" in done.stderr
    again = call("render", folder, tmp_path / "videos", *options)
    assert "3 videos, 3 of them from before" in again.stderr
    store.write(motions, tmp_path / "packed")
    packed = call("render", tmp_path / "packed", tmp_path / "others", *options)
    assert packed.exit_code == 0, packed.stderr
    assert contents(tmp_path / "videos") == contents(tmp_path / "others")


def test_a_broken_file_is_named_and_does_not_stop_the_others(tmp_path: Path, folder: Path) -> None:
    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"PK\x03\x04 not really")
    done = call("render", broken, folder / "turn.npz", tmp_path / "out", "--size", 32)
    assert done.exit_code == 1
    assert "broken.npz" in done.stderr
    assert "1 videos" in done.stderr
    assert (tmp_path / "out" / "turn.mp4").is_file()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["{empty}", "{out}"], "no motion file or store in"),
        (["{empty}/nowhere", "{out}"], "no such file or folder"),
        (["{motions}", "{file}"], "{file}"),
        (["{motions}", "{out}", "--size", "33"], "size: 33; expected an even number"),
        (["{motions}", "{out}", "--people", "0"], "people: 0; expected 1 to 6"),
    ],
)
def test_mistakes_are_explained(tmp_path: Path, folder: Path, words: list[str], says: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("in the way")
    paths = {
        "empty": tmp_path / "empty", "out": tmp_path / "out", "file": tmp_path / "file",
        "motions": folder,
    }  # fmt: skip
    done = call("render", *(word.format(**paths) for word in words))
    assert done.exit_code == 2
    assert says.format(**paths) in done.stderr
    assert "Traceback" not in done.output
    assert not list(tmp_path.glob("out/*"))


def test_without_pyav_the_cure_is_named(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    done = call("render", folder, tmp_path / "out")
    assert done.exit_code == 2
    assert "pip install 'kinematics-qa[video]'" in done.stderr
    assert not (tmp_path / "out").exists()


def test_help_teaches_and_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from mllm.commands.app import app\n"
        "print(CliRunner().invoke(app, ['render', '--help']).output)\n"
        "heavy = {'av', 'jax', 'numpy', 'scipy', 'torch'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(SRC), "COLUMNS": "100"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "--camera" in done.stdout
    assert "mllm render motions/ videos" in done.stdout


def test_no_file_of_a_stranger_is_drawn_over(folder: Path, tmp_path: Path) -> None:
    out, small = tmp_path / "out", ("--size", 32, "--fps", 4)
    out.mkdir()
    (out / "walk.mp4").write_text("mine")
    result = call("render", folder, out, *small)
    assert result.exit_code == 2
    assert f"{out}: holds walk.mp4, which this `mllm render` did not write" in result.stderr
    assert contents(out) == {"walk.mp4": b"mine"}
    (out / "walk.mp4").rename(tmp_path / "kept")
    assert call("render", folder / "bow.npz", out, *small).exit_code == 0
    (tmp_path / "kept").rename(out / "walk.mp4")  # among videos of the command too
    result = call("render", folder, out, *small)
    assert result.exit_code == 1
    assert "walk.mp4: not of `mllm render`" in result.stderr
    assert (out / "walk.mp4").read_text() == "mine"
    assert (out / "turn.mp4").is_file()
    assert call("render", folder, out, *small, "--overwrite").exit_code == 0
    assert (out / "walk.mp4").read_bytes() != b"mine"


def test_videos_never_go_among_the_motions(folder: Path) -> None:
    before = contents(folder)
    result = call("render", folder / "walk.npz", folder, "--overwrite")
    assert result.exit_code == 2
    assert "is or holds the input" in result.stderr
    assert contents(folder) == before
