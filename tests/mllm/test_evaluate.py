"""Runs: everything once, whatever interrupts; equal bytes; no other settings; words for mishaps."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from kinematics import __version__
from mllm.answerers import wire
from mllm.answerers.blind import Chance
from mllm.answerers.remote import Remote
from mllm.commands.app import app
from mllm.evaluation import evaluate, runs
from mllm.evaluation.evaluate import Settings
from mllm.evaluation.journal import Journal
from mllm.evaluation.runs import Prediction
from mllm.render import video
from qagen.dataset import layout

SRC = Path(__file__).parents[2] / "src"
ALL = Settings(split="all")
QUICK = wire.Patience(attempts=2, timeout_s=60.0, first_wait_s=0.01)


def call(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], prog_name="mllm")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def text_model(server: Any, **options: Any) -> Remote:
    return Remote(
        **({"model": "m", "url": server.url, "sees": "text", "patience": QUICK} | options)
    )


def by_length(said: Any) -> Any:
    """A reply that hangs on the prompt alone, whoever asks when."""
    return lambda _, body: said(text="AB"[len(str(body["messages"])) % 2], wait_s=0.002)


def test_equal_runs_are_equal_bytes_in_any_order(
    made: Any, server: Any, said: Any, tmp_path: Path
) -> None:
    server.answer = by_length(said)
    for name, at_once in (("one", 1), ("many", 8)):
        found = evaluate.evaluate(
            made.questions, tmp_path / name, text_model(server, at_once=at_once), settings=ALL
        )
        assert (found.missing, found.problem) == (0, "")
        assert found.tokens == 110 * found.asked
    assert contents(tmp_path / "one") == contents(tmp_path / "many")
    assert set(contents(tmp_path / "one")) == {"run.json", "questions.jsonl", "predictions.jsonl"}
    asked = len(server.bodies)
    again = evaluate.evaluate(made.questions, tmp_path / "one", text_model(server), settings=ALL)
    assert (again.kept, again.missing, len(server.bodies)) == (again.asked, 0, asked)


def test_every_reply_is_kept_whatever_it_says(
    made: Any, server: Any, said: Any, tmp_path: Path
) -> None:
    odd = ["B", "", "I can't.", "A or\u2028B", "\x00\x07", "🙂" * 99, "x" * 9999]
    half = said(raw=rb'{"choices": [{"message": {"content": "half \ud83d"}}]}')
    server.answer = lambda number, _: said(text=odd[number % len(odd)]) if number else half
    evaluate.evaluate(made.questions, tmp_path, text_model(server, at_once=1), settings=ALL)
    found = runs.read(tmp_path).predictions
    assert {one.reply for one in found} == {*odd, "half ?"}
    assert all((one.answer is None) == (one.reply != "B") for one in found)


def test_a_run_is_never_mixed(made: Any, tmp_path: Path) -> None:
    evaluate.evaluate(made.questions, tmp_path, Chance(), settings=ALL)
    before = contents(tmp_path)
    for answerer, settings in (
        (Chance(seed=1), ALL),
        (Chance(), Settings(split="test")),
        (Chance(), Settings(split="all", circular=True)),
        (Chance(), Settings(split="all", style="reasoning")),
    ):
        with pytest.raises(ValueError, match=r"other settings \(.*there, .*now"):
            evaluate.evaluate(made.questions, tmp_path, answerer, settings=settings)
    assert contents(tmp_path) == before


def test_rotations_are_asked_each_once(made: Any, tmp_path: Path) -> None:
    settings = Settings(split="all", circular=True, limit=30)
    outcome = evaluate.evaluate(made.questions, tmp_path, Chance(), settings=settings)
    found = runs.read(tmp_path)
    assert outcome.asked == found.expected == len({(p.id, p.shift) for p in found.predictions})
    assert len(found.asked) == 30
    assert outcome.asked == sum(one.options for one in found.asked)


def test_limits_are_drawn_and_tasks_chosen(made: Any) -> None:
    few, more = (
        {row.id for row in evaluate.rows(made.questions, Settings(split="all", limit=limit))}
        for limit in (10, 20)
    )
    assert few < more
    only = evaluate.rows(made.questions, Settings(split="all", tasks=("existence",)))
    assert {row.task for row in only} == {"existence"}
    with pytest.raises(ValueError, match=r"split: 'dev'; .*; limit: 0"):
        Settings(split="dev", limit=0)
    with pytest.raises(ValueError, match="tasks nothing; expected names from numerical"):
        evaluate.rows(made.questions, Settings(tasks=("nothing",)))


# Interruptions ------------------------------------------------------------------------------------


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "mllm", *map(str, words)]


ENVIRONMENT = os.environ | {"PYTHONPATH": str(SRC), "NO_PROXY": "127.0.0.1"}


@pytest.mark.parametrize("name", ["predictions.jsonl", "questions.jsonl", "notes.txt"])
def test_a_run_is_written_into_no_folder_of_a_stranger(
    name: str, made: Any, tmp_path: Path
) -> None:
    (tmp_path / name).write_text("by hand")
    with pytest.raises(ValueError, match=f"holds {name}, which this `mllm evaluate` did not"):
        evaluate.evaluate(made.questions, tmp_path, Chance(), settings=ALL)
    assert contents(tmp_path) == {name: b"by hand"}
    with pytest.raises(ValueError, match="is or holds the input"):
        evaluate.evaluate(made.questions, made.questions, Chance(), settings=ALL)


def test_a_killed_run_goes_on_and_asks_nothing_twice(
    made: Any, server: Any, said: Any, tmp_path: Path
) -> None:
    server.answer = by_length(said)
    evaluate.evaluate(made.questions, tmp_path / "whole", text_model(server), settings=ALL)
    server.bodies.clear()
    server.answer = lambda *_: said(text="B", wait_s=0.02)
    words = command(
        "evaluate", made.questions, "--out", tmp_path / "run", "--split", "all", "--at-once", 2,
        "--answerer", "text", "--url", server.url, "--model", "m",
    )  # fmt: skip
    path = tmp_path / "run" / "predictions.jsonl"
    with subprocess.Popen(words, env=ENVIRONMENT, stderr=subprocess.PIPE) as process:
        until_s = time.monotonic() + 180
        while not (path.is_file() and path.read_bytes().count(b"\n") >= 10):
            assert process.poll() is None
            assert time.monotonic() < until_s
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
    kept = path.read_bytes()
    with path.open("ab") as file:
        file.write(kept.splitlines()[-1][:25])  # as if it was killed while it wrote
    first = len(server.bodies)
    total = len(runs.read(tmp_path / "run").asked)
    whole = kept.count(b"\n")
    assert first - whole <= 2  # what was under way at that moment
    subprocess.run(words, env=ENVIRONMENT, check=True, capture_output=True)
    assert len(server.bodies) - first == total - whole
    found = runs.read(tmp_path / "run").predictions
    assert len({one.id for one in found}) == len(found) == total


def test_torn_lines_are_asked_again_and_whole_ones_not(made: Any, tmp_path: Path) -> None:
    evaluate.evaluate(made.questions, tmp_path, Chance(), settings=ALL)
    path = tmp_path / runs.PREDICTIONS
    whole = path.read_bytes()
    for cut in (1, 20, len(whole.splitlines()[-1]), len(whole.splitlines()[-1]) + 1):
        path.write_bytes(whole[:-cut])
        outcome = evaluate.evaluate(made.questions, tmp_path, Chance(), settings=ALL)
        assert outcome.asked - outcome.kept == 1
        assert path.read_bytes() == whole


def test_a_journal_goes_on_after_its_last_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    one, two = (
        Prediction(id=name, shift=0, answer="A", shown="A", how="letter", reply="A")
        for name in ("one", "two")
    )
    with Journal(path, Prediction) as journal:
        journal.add(one)
    whole = path.read_bytes()
    for cut in range(1, len(whole), 7):  # killed twice, each time while it wrote
        path.write_bytes(whole + whole[:cut])
        with Journal(path, Prediction) as journal:
            assert journal.lines == [one]
            journal.add(two)
        with Journal(path, Prediction) as journal:
            assert journal.lines == [one, two]


def test_lines_that_were_changed_are_named(made: Any, tmp_path: Path) -> None:
    evaluate.evaluate(made.questions, tmp_path, Chance(), settings=ALL)
    path = tmp_path / runs.PREDICTIONS
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], b"nonsense\n", *lines[3:]]))
    with pytest.raises(ValueError, match=r"predictions.jsonl, line 4: .*take the line out"):
        evaluate.evaluate(made.questions, tmp_path, Chance(), settings=ALL)
    path.write_bytes(b"".join([*lines, lines[0]]))
    with pytest.raises(ValueError, match="a reply twice"):
        runs.read(tmp_path)
    (tmp_path / runs.QUESTIONS).write_bytes(b"")
    with pytest.raises(ValueError, match="was changed since"):
        runs.read(tmp_path)


def test_two_processes_do_not_write_one_run(tmp_path: Path) -> None:
    with (
        Journal(tmp_path / "lines", Prediction),
        pytest.raises(ValueError, match="another process"),
    ):
        Journal(tmp_path / "lines", Prediction)


def test_a_full_disk_keeps_what_was_written(made: Any, tmp_path: Path) -> None:
    limited = (  # and not between fork and exec: JAX, if it is loaded here, warns of forks
        "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000)); "
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    settings = ["evaluate", made.questions, "--split", "all", "--answerer", "chance", "--circular"]
    words = command(*settings, "--out", tmp_path / "run")
    full = subprocess.run(
        [sys.executable, "-c", limited, *words], env=ENVIRONMENT, capture_output=True, text=True
    )
    assert full.returncode == 2
    assert "predictions.jsonl: File too large" in full.stderr
    assert "Traceback" not in full.stderr
    kept = (tmp_path / "run" / "predictions.jsonl").read_bytes()
    assert 50_000 < len(kept) <= 60_000
    assert kept.endswith(b"\n")
    assert call(*settings, "--out", tmp_path / "run").exit_code == 0
    assert call(*settings, "--out", tmp_path / "other").exit_code == 0
    assert contents(tmp_path / "run") == contents(tmp_path / "other")


def test_a_network_that_fails_ends_the_run_and_loses_nothing(
    made: Any, server: Any, said: Any, tmp_path: Path
) -> None:
    down = said(status=503, raw=b"busy")
    server.answer = lambda number, body: by_length(said)(number, body) if number < 20 else down
    words = [
        "evaluate", made.questions, "--out", tmp_path, "--split", "all", "--answerer", "text",
        "--url", server.url, "--model", "m", "--attempts", 1,
    ]  # fmt: skip
    broken = call(*words)
    assert broken.exit_code == 1
    assert "8 failures in a row, the last:" in broken.stderr
    assert "HTTP 503" in broken.stderr
    assert "give the same command again" in broken.stderr
    kept = len(runs.read(tmp_path).predictions)
    assert 15 <= kept <= 20
    server.answer = by_length(said)
    mended = call(*words)
    assert mended.exit_code == 0
    assert f"{kept} of them from before" in mended.stderr


def test_one_failure_is_asked_again_next_time(
    made: Any, server: Any, said: Any, tmp_path: Path
) -> None:
    server.answer = lambda number, _: said(drop=True) if number in (4, 5) else said()
    model = text_model(server, at_once=1)
    first = evaluate.evaluate(made.questions, tmp_path, model, settings=ALL)
    assert (first.missing, first.asked - first.answered) == (1, 1)
    assert "tried 2 times" in first.problem
    again = evaluate.evaluate(made.questions, tmp_path, model, settings=ALL)
    assert (again.missing, again.kept) == (0, first.asked - 1)


# Videos -------------------------------------------------------------------------------------------


def test_broken_videos_are_silences_and_missing_ones_are_named(
    made: Any, server: Any, tmp_path: Path
) -> None:
    settings = Settings(split="test")
    rows = evaluate.rows(made.questions, settings)
    clips = sorted({row.clip for row in rows})
    folder = tmp_path / "videos"
    folder.mkdir()
    for clip in clips:
        video.write(folder / f"{clip}.mp4", [np.full((32, 32, 4), 99, np.uint8)] * 9, fps=8.0)
    (folder / f"{clips[0]}.mp4").write_bytes(b"not a video")
    model = Remote(model="m", url=server.url, patience=QUICK)
    outcome = evaluate.evaluate(
        made.questions, tmp_path / "run", model, settings=settings, videos_dir=folder
    )
    broken = sum(row.clip == clips[0] for row in rows)
    assert (outcome.silent, outcome.missing) == (broken, 0)
    found = runs.read(tmp_path / "run").predictions
    assert sum("no video that can be read" in one.problem for one in found) == broken
    assert {one.frames for one in found if not one.problem} == {9}
    assert str(tmp_path) not in (tmp_path / "run" / "run.json").read_text()
    (folder / f"{clips[1]}.mp4").unlink()
    with pytest.raises(ValueError, match=f"no video of 1 of {len(clips)} clips: {clips[1]};"):
        evaluate.evaluate(
            made.questions, tmp_path / "more", model, settings=settings, videos_dir=folder
        )
    with pytest.raises(ValueError, match="give --videos"):
        evaluate.evaluate(made.questions, tmp_path / "more", model, settings=settings)


def test_data_sets_that_were_changed_are_refused(made: Any, tmp_path: Path) -> None:
    shutil.copytree(made.questions, tmp_path / "changed")
    with (tmp_path / "changed" / "test.jsonl").open("a") as file:
        file.write("\n")
    with pytest.raises(ValueError, match=r"test.jsonl was changed"):
        evaluate.evaluate(tmp_path / "changed", tmp_path / "run", Chance())
    assert not (tmp_path / "run").exists()


def test_the_command_tells_its_version() -> None:
    done = subprocess.run(command("--version"), env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout == f"mllm {__version__}\n"


@pytest.mark.parametrize("name", [one.name for one in app.registered_commands])
def test_every_command_shows_an_example(name: str) -> None:
    shown = call(name, "--help")
    assert shown.exit_code == 0
    assert f"mllm {name} " in shown.output.replace("Usage: mllm", "")


def test_the_command_says_what_is_wrong(made: Any, tmp_path: Path) -> None:
    out = ["--out", tmp_path / "run"]
    for words, said in (
        (["--answerer", "dice"], "expected chance, majority"),
        (["--answerer", "oracle"], "give --motions"),
        (["--answerer", "openai"], "give --url and --model"),
        (["--answerer", "chance", "--split", "dev"], "split: 'dev'"),
        (["--answerer", "text", "--url", "x", "--model", "m"], "url: 'x'"),
        (["--answerer", "text", "--url", "http://h", "--model", "m", "--body", "3"], "JSON object"),
        (["--answerer", "text", "--url", "http://h", "--model", "m", "--prices", "3"], "0.5,1.5"),
        (["--answerer", "chance", "--frames", 0], "max frames: 0"),
        (["--answerer", "chance", "--precision", "f8"], "expected bf16, f32 or auto"),
        (["--answerer", f"local:{tmp_path}", "--batch", 0], "batch: 0"),
    ):
        failed = call("evaluate", made.questions, *out, *words)
        assert failed.exit_code == 2
        assert said in failed.stderr
        assert "Traceback" not in failed.stderr


def test_what_a_score_needs_is_in_the_run(made: Any, tmp_path: Path) -> None:
    evaluate.evaluate(made.questions, tmp_path, Chance(), settings=ALL)
    found = runs.read(tmp_path)
    rows = {row.id: row for _, row in layout.rows(made.questions)}
    assert [one.id for one in found.asked] == [one.id for one in found.predictions]
    for one in found.asked:
        row = rows[one.id]
        assert (one.answer, one.clip, one.chance) == (row.answer, row.clip, row.chance)
        assert one.sureness >= 1 - 1e-3
    assert msgspec.json.decode((tmp_path / "run.json").read_bytes())["answerer"] == "chance"
