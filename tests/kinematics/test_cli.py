"""The command line: it teaches, it says what is wrong in words, it writes whole files or none."""

import json
import os
import pickle
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from kinematics import __version__, facts, readers, store, synthetic
from kinematics.commands.app import app
from kinematics.intake import Intake
from kinematics.motion import Motion
from kinematics.movement import measurement
from kinematics.readers import native

SRC = Path(__file__).parents[2] / "src"
COMMANDS = ("measure", "show", "inspect", "pack", "synth", "facts", "demo", "view")


def call(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], prog_name="kinematics")


def run_python(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, words)],
        env=os.environ | {"PYTHONPATH": str(SRC), "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three clips of one frame rate, so that few shapes are compiled."""
    folder = tmp_path_factory.mktemp("corpus")
    assert call("synth", folder, "--clips", 3, "--fps", 10, "--no-joints").exit_code == 0
    return folder


# Help


def test_help_teaches_and_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from kinematics.commands.app import app\n"
        "print(CliRunner().invoke(app, ['--help']).output)\n"
        "heavy = {'jax', 'matplotlib', 'numpy', 'scipy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = run_python("-c", code)
    assert done.returncode == 0, done.stderr
    for command in COMMANDS:
        assert command in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_shows_an_example(command: str) -> None:
    result = call(command, "--help")
    assert result.exit_code == 0
    assert f"kinematics {command} " in result.output.replace("Usage: kinematics", "")


def test_version() -> None:
    done = run_python("-m", "kinematics", "--version")
    assert done.returncode == 0
    assert done.stdout == f"kinematics {__version__}\n"


# Synth


def test_synth_gives_the_same_bytes_for_the_same_seed(corpus: Path, tmp_path: Path) -> None:
    names = sorted(path.name for path in corpus.iterdir())
    assert names == ["clip_00000.npz", "clip_00001.npz", "clip_00002.npz", "truth.jsonl"]
    for seed, same in ((0, True), (1, False)):
        out = tmp_path / str(seed)
        call("synth", out, "--clips", 3, "--fps", 10, "--no-joints", "--seed", seed)
        for name in names:
            assert ((out / name).read_bytes() == (corpus / name).read_bytes()) == same


def test_synth_writes_what_was_asked_and_the_truth_about_it(corpus: Path, tmp_path: Path) -> None:
    call("synth", tmp_path, "--clips", 2, "--fps", 25, "--jitter-mm", 30, "--jitter-deg", 4)
    noisy = readers.read(tmp_path / "clip_00001.npz")[0]
    exact = list(synthetic.corpus(2, fps=25.0))[1]
    assert noisy.joints_m is not None
    np.testing.assert_allclose(np.diff(noisy.times_s), 1 / 25)
    off_m = np.std(np.asarray(noisy.positions_m) - exact.motion.positions_m)
    assert off_m == pytest.approx(0.03, rel=0.1)
    assert readers.read(corpus / "clip_00001.npz")[0].joints_m is None
    rows = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_bytes().splitlines()]
    assert [row["file"] for row in rows] == ["clip_00000.npz", "clip_00001.npz"]
    assert rows[1]["clip"] == noisy.source.clip
    assert [e["amount"] for e in rows[1]["events"]] == [e.amount for e in exact.truth.events()]


def test_synth_refuses_to_mix_two_corpora(corpus: Path) -> None:
    before = {path: path.read_bytes() for path in corpus.iterdir()}
    result = call("synth", corpus, "--clips", 2)
    assert result.exit_code == 2
    assert "clip_00002.npz" in result.stderr
    assert {path: path.read_bytes() for path in corpus.iterdir()} == before


@pytest.mark.parametrize("name", ["clip_00000.npz", "truth.jsonl", "notes.txt"])
def test_synth_and_demo_write_into_no_folder_of_a_stranger(name: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_text("mine")
    for command in ("synth", "demo"):
        result = call(command, out, "--clips", 2)
        assert result.exit_code == 2
        assert f"{out}: holds {name}, which this `kinematics {command}` did not" in result.stderr
        assert result.stderr.count("\n") == 1
        assert [(path.name, path.read_text()) for path in out.iterdir()] == [(name, "mine")]
    given = ("--clips", 2, "--fps", 10, "--no-joints")
    assert call("synth", out, *given, "--overwrite").exit_code == 0
    assert (out / "notes.txt").exists() == (name == "notes.txt")
    assert readers.read(out / "clip_00000.npz")
    assert call("synth", out, *given, "--seed", 5).exit_code == 0  # its own corpus


def test_a_clip_beside_a_corpus_that_is_not_of_it_stays(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(corpus, out)
    (out / "clip_00003.npz").write_text("mine")
    assert call("synth", out, "--clips", 4).exit_code == 2
    assert (out / "clip_00003.npz").read_text() == "mine"


# Measure


def test_measure_gives_a_line_a_clip_in_the_order_of_the_files(
    corpus: Path, tmp_path: Path
) -> None:
    out = tmp_path / "deep" / "facts.jsonl"
    result = call("measure", corpus, "--out", out)
    assert result.exit_code == 0, result.stderr
    assert "3 clips measured" in result.stderr
    motions = [readers.read(path)[0] for path in sorted(corpus.glob("*.npz"))]
    assert list(facts.read(out)) == [measurement.measure(motion) for motion in motions]
    assert [path.name for path in out.parent.iterdir()] == ["facts.jsonl"]


def test_the_model_file_reaches_the_readers_and_other_pickles_are_left_out(
    tmp_path: Path,
) -> None:
    folder, out = tmp_path / "motions", tmp_path / "facts.jsonl"
    folder.mkdir()
    np.save(folder / "walk.npy", np.zeros((60, 322)))
    (folder / "weights.pkl").write_bytes(pickle.dumps({"weights": 1}))
    result = call("measure", folder, "--out", out)
    assert result.exit_code == 0, result.stderr
    assert "1 files of the folders hold no motion" in result.stderr
    result = call("measure", folder, "--out", out, "--smplx-model", folder / "walk.npy")
    assert result.exit_code == 1
    assert "walk.npy: no v_template" in result.stderr


def test_bad_files_are_named_and_do_not_stop_the_others(corpus: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "cut.npz").write_bytes((corpus / "clip_00000.npz").read_bytes()[:5000])
    np.save(bad / "other.npy", np.zeros((7, 3)))
    values = np.zeros((5, 322))
    values[:, 309] = 1e9
    np.save(bad / "millimetres.npy", values)
    out = tmp_path / "facts.jsonl"
    result = call("measure", bad, corpus, "--out", out)
    assert result.exit_code == 1
    assert "cut.npz" in result.stderr
    assert "expected metres" in result.stderr
    assert "1 files of the folders hold no motion" in result.stderr
    assert "2 of 6 files could not be measured" in result.stderr
    assert len(list(facts.read(out))) == 3
    # named by the user, a file that holds no motion is a failure too
    result = call("measure", bad / "other.npy", corpus / "clip_00001.npz", "--out", out)
    assert result.exit_code == 1
    assert "other.npy: holds one array (7, 3); expected" in result.stderr
    assert len(list(facts.read(out))) == 1


def test_a_crash_while_measuring_leaves_the_old_output_and_no_litter(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "facts.jsonl"
    out.write_text("old\n")
    real = measurement.measure_all

    def breaks(*arguments: object, **options: object) -> Iterator[facts.MotionFacts]:
        yield next(real(*arguments, **options))
        raise RuntimeError("power cut")

    monkeypatch.setattr(measurement, "measure_all", breaks)
    result = call("measure", corpus, "--out", out)
    assert isinstance(result.exception, RuntimeError)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("facts.jsonl", "old\n")]


def test_the_camera_frame_needs_a_camera(corpus: Path, tmp_path: Path) -> None:
    motion = readers.read(corpus / "clip_00000.npz")[0]
    frames = motion.frames
    filmed = Motion.from_arrays(
        orientations_wxyz=motion.orientations_wxyz,
        positions_m=motion.positions_m,
        times_s=motion.times_s,
        camera_orientations_wxyz=np.tile([0.0, 1, 0, 0], (frames, 1)),
        camera_positions_m=np.zeros((frames, 3)),
    )
    native.write(filmed, tmp_path / "filmed.npz")
    out = tmp_path / "facts.jsonl"
    result = call(
        "measure", tmp_path / "filmed.npz", corpus / "clip_00001.npz", "--out", out,
        "--frame", "camera",
    )  # fmt: skip
    assert result.exit_code == 1
    assert "clip_00001.npz: no camera poses" in result.stderr
    assert [clip.frame for clip in facts.read(out)] == ["camera"]
    assert call("show", corpus / "clip_00001.npz", "--out", tmp_path / "a.png",
                "--frame", "camera").exit_code == 2  # fmt: skip


def test_names_used_twice_are_pointed_out(corpus: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.npz"
    copy.write_bytes((corpus / "clip_00001.npz").read_bytes())
    result = call("measure", copy, corpus, "--out", tmp_path / "facts.jsonl")
    assert result.exit_code == 0
    assert "1 names are used twice, such as synthetic_0_00001, person 0" in result.stderr


def test_wrong_calls_are_one_line_and_exit_code_2(corpus: Path, tmp_path: Path) -> None:
    clip, out = corpus / "clip_00000.npz", tmp_path / "x.png"
    (tmp_path / "old.jsonl").write_text('{"schema_version": 77}\n')
    (tmp_path / "empty").mkdir()
    wrong = {
        ("measure", tmp_path / "none.npz", "--out", out): "no such file or folder",
        ("measure", tmp_path / "empty", "--out", out): "no motion file",
        ("show", tmp_path / "none.npz", "--out", out): "none.npz",
        ("show", clip, "--out", tmp_path / "x.bmp"): "expected a picture",
        ("show", clip, "--out", out, "--person", 3): "no person 3; the file has 0",
        ("facts", tmp_path / "none.jsonl"): "none.jsonl",
        ("facts", tmp_path / "old.jsonl"): "line 1: facts of schema version 77, expected 1",
    }
    for words, cause in wrong.items():
        result = call(*words)
        assert result.exit_code == 2, words
        assert result.stderr.count("\n") == 1, words
        assert cause in result.stderr, words
        assert "Traceback" not in result.stderr
    assert not out.exists()


# Packing and looking inside


def test_a_packed_corpus_gives_the_same_facts(corpus: Path, tmp_path: Path) -> None:
    packed = tmp_path / "corpus"
    result = call("pack", corpus / "clip_00000.npz", corpus / "clip_00001.npz", packed)
    assert result.exit_code == 0, result.stderr
    assert result.stderr.splitlines() == [f"2 clips packed: {packed}"]
    result = call("pack", corpus / "clip_00002.npz", packed, "--append")
    assert result.exit_code == 0, result.stderr
    for paths, out in (((corpus,), "files"), ((packed,), "store"), ((tmp_path,), "nested")):
        assert call("measure", *paths, "--out", tmp_path / out).exit_code == 0
    assert (tmp_path / "store").read_bytes() == (tmp_path / "files").read_bytes()
    assert (tmp_path / "nested").read_bytes() == (tmp_path / "files").read_bytes()
    again = tmp_path / "again"
    call("pack", tmp_path, again)
    assert list(store.read(again).names) == list(store.read(packed).names)


def test_what_cannot_be_packed_is_listed_at_the_end(corpus: Path, tmp_path: Path) -> None:
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    (mixed / "a_cut.npz").write_bytes((corpus / "clip_00000.npz").read_bytes()[:900])
    (mixed / "b_good.npz").write_bytes((corpus / "clip_00001.npz").read_bytes())
    np.save(mixed / "c_other.npy", np.zeros((7, 3)))
    result = call("pack", mixed, mixed / "corpus", "--append")
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    assert "a_cut.npz: starts like an .npz archive but has no end" in lines[0]
    assert lines[1].startswith("left out: ")
    assert "c_other.npy" in lines[1]
    assert lines[2] == "1 files of the folders hold no motion and were left out"
    assert lines[3] == "1 of 3 files could not be packed"
    assert lines[4] == f"1 clips packed: {mixed / 'corpus'}"
    assert len(store.read(mixed / "corpus")) == 1
    result = call("pack", mixed / "a_cut.npz", tmp_path / "nothing")
    assert result.exit_code == 1
    assert not (tmp_path / "nothing").exists()


BAD_DTYPE = b"\x80\x02cnumpy\ndtype\nX\x02\x00\x00\x00,8\x89\x88\x87R."


@pytest.mark.parametrize("command", ["measure", "pack", "inspect"])
def test_a_damaged_pickle_stops_no_command(command: str, corpus: Path, tmp_path: Path) -> None:
    motions = tmp_path / "motions"
    shutil.copytree(corpus, motions)
    (motions / "bad.pkl").write_bytes(BAD_DTYPE)
    if command == "inspect":
        result = call("inspect", motions / "bad.pkl")
        assert (result.exit_code, result.stdout) == (2, "")
    else:
        out = tmp_path / "out"
        result = call(command, motions, *(["--out"] if command == "measure" else []), out)
        assert result.exit_code == 1
        assert "1 of 4 files could not be" in result.stderr
        clips = store.read(out).names if command == "pack" else list(facts.read(out))
        assert len(clips) == 3
    assert "bad.pkl: dtype ',8'; expected numbers or text" in result.stderr


FAULTS = [
    Exception, RuntimeError, TypeError, SyntaxError, KeyError, IndexError, AttributeError,
    AssertionError, StopIteration, RecursionError, UnicodeError, ZeroDivisionError, struct.error,
    EOFError, OSError, ValueError,
]  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(
    faults=st.lists(st.sampled_from(FAULTS), min_size=2, max_size=2),
    text=st.text(max_size=30),
    first=st.integers(0, 2),
)
def test_whatever_a_reader_raises_is_the_fault_of_its_file(
    faults: list[type[Exception]], text: str, first: int
) -> None:
    """Two of three files are planted with faults; the third one is read all the same."""
    files = [Path("corpus", name) for name in ("a.npz", "b.npz", "c.npz")]
    planted = dict(zip(files[first:] + files[:first], faults, strict=False))
    sound = synthetic.perform(synthetic.stand(1.0)).motion

    def read(path: Path, **_: object) -> list[Motion]:
        if path in planted:
            raise planted[path](text)
        return [sound]

    intake = Intake(files=files, named=set(files))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(readers, "read", read)
        assert list(intake.motions()) == [sound]
    assert intake.failed == 2
    for path, told in zip(sorted(planted), intake.held, strict=True):
        assert told.startswith(f"error: {path}: ")
        assert "\n" not in told


@pytest.mark.parametrize("fault", [KeyboardInterrupt, SystemExit])
def test_who_ends_the_program_is_obeyed(
    fault: type[BaseException], corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(_: Path, **__: object) -> list[Motion]:
        raise fault

    monkeypatch.setattr(readers, "read", read)
    intake = Intake(files=[corpus / "clip_00000.npz"], named=set())
    with pytest.raises(fault):
        list(intake.motions())


def test_exhausted_memory_ends_the_command_in_one_line(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(_: Path, **__: object) -> list[Motion]:
        raise MemoryError

    monkeypatch.setattr(readers, "read", read)
    result = call("measure", corpus, "--out", tmp_path / "facts.jsonl")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "clip_00000.npz: memory ran out" in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_file_whose_name_is_no_text_is_listed_too(corpus: Path, tmp_path: Path) -> None:
    strange = tmp_path / os.fsdecode(b"d_\xff.npy")
    np.save(strange, np.zeros((30, 322)))
    result = call("pack", strange, corpus / "clip_00000.npz", tmp_path / "corpus")
    assert result.exit_code == 1
    assert "cannot be packed" in result.stderr
    assert store.read(tmp_path / "corpus").names == ("synthetic_0_00000",)


def test_damaged_clips_of_a_store_do_not_stop_the_others(corpus: Path, tmp_path: Path) -> None:
    packed = tmp_path / "corpus"
    call("pack", corpus, packed)
    with (packed / "segment-00000.bin").open("r+b") as file:
        file.seek(100)
        file.write(b"\xff\xff")
    result = call("measure", packed, "--out", tmp_path / "facts.jsonl")
    assert result.exit_code == 1
    assert "segment-00000.bin: clip 'synthetic_0_00000'" in result.stderr
    assert "1 of 1 files and 3 stored clips could not be measured" in result.stderr
    assert len(list(facts.read(tmp_path / "facts.jsonl"))) == 2
    result = call("inspect", packed, "--verify")
    assert result.exit_code == 2
    assert "1 of 3 clips are damaged" in result.stderr
    (packed / "segment-00000.bin").write_bytes(b"")
    result = call("measure", packed, corpus, "--out", tmp_path / "facts.jsonl")
    assert "segment-00000.bin: 0 bytes, expected" in result.stderr
    assert len(list(facts.read(tmp_path / "facts.jsonl"))) == 3


def test_inspect_says_what_a_file_holds_and_what_is_odd(tmp_path: Path) -> None:
    values = np.zeros((20, 322))
    values[:, 310] = np.linspace(900, 950, 20)
    values[4:, 0] = np.nan
    np.savez(tmp_path / "odd.npz", motionx=values, fps=5.0)
    result = call("inspect", tmp_path / "odd.npz")
    assert result.exit_code == 0, result.stderr
    for said in (
        "Motion-X: (frames, 322) SMPL-X parameters",
        "Y up, right-handed",
        "axis-angle in radians",
        "people        1",
        "20 at 5 fps, 3.80 s",
        "seen          20% of the frames",
        "Y 900.00 to 907.89",
        "joints        none: the root alone",
        "camera        none",
        "note          Motion-X root",
        "warning       5 fps",
        "warning       seen in 20%",
        "warning       the root is mostly at a height of 903.95 m",
    ):
        assert said in result.stdout
    result = call("inspect", tmp_path)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1


def test_inspect_counts_a_store(corpus: Path, tmp_path: Path) -> None:
    call("pack", corpus, tmp_path / "corpus")
    motions = [readers.read(path)[0] for path in sorted(corpus.glob("*.npz"))]
    said = call("inspect", tmp_path / "corpus", "--verify").stdout
    assert "clips         3 with 3 names" in said
    assert f"{sum(motion.frames for motion in motions):,} frames" in said
    assert f"{sum(motion.duration_s for motion in motions) / 60:.2f} minutes" in said
    assert "sound: every checksum fits" in said
    assert "none: each is checked" in call("inspect", tmp_path / "corpus").stdout


# Pictures and tables


def test_show_draws_a_picture_of_1600_pixels(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "clip.png"
    result = call("show", corpus / "clip_00000.npz", "--out", out)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.split() == [str(out)]
    data = out.read_bytes()
    assert data.startswith(b"\x89PNG")
    assert struct.unpack(">II", data[16:24]) == (1600, 950)
    assert [path.name for path in tmp_path.iterdir()] == ["clip.png"]


def test_facts_prints_a_row_a_clip(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "facts.jsonl"
    call("measure", corpus, "--out", out)
    clips = list(facts.read(out))
    result = call("facts", out)
    assert result.exit_code == 0
    for clip in clips:
        [row] = [line for line in result.stdout.splitlines() if clip.clip in line]
        assert f"{clip.duration_s:.1f}" in row
        assert f"{clip.whole.path_m:.2f}" in row
    events = sum(len(clip.events) for clip in clips)
    assert f"3 clips, {sum(c.duration_s for c in clips):.1f} s, {events} events" in result.stdout
    short = call("facts", out, "--limit", 1).stdout
    assert "3 clips, 2 not shown" in short
    assert clips[2].clip not in short


def test_the_demo_runs_as_a_command_and_points_to_what_it_made(tmp_path: Path) -> None:
    done = run_python("-m", "kinematics", "demo", tmp_path, "--clips", 3)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout.count("synthetic_0_000") == 3
    shown = [Path(line.strip()) for line in done.stdout.split("Worth opening:")[1].splitlines()]
    made = [path for path in shown if path.name]
    assert sorted(path.suffix for path in made) == [".jsonl"] * 2 + [".png"] * 3
    assert all(path.stat().st_size > 1000 for path in made)
