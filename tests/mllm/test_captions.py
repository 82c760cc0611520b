"""Captions: a reader answers from what was written, says when it is silent, and sees no video."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from mllm.answerers import wire
from mllm.answerers.blind import Chance
from mllm.answerers.remote import Remote
from mllm.commands.app import app
from mllm.evaluation import captions, evaluate, prompt, runs
from mllm.evaluation.evaluate import Settings
from mllm.render import video
from mllm.scores import score

QUICK = wire.Patience(attempts=1, timeout_s=60.0)
TEST = Settings(split="test")


@pytest.fixture
def shown(made: Any, tmp_path: Path) -> Path:
    folder = tmp_path / "videos"
    folder.mkdir()
    for clip in {row.clip for row in evaluate.rows(made.questions, TEST)}:
        video.write(folder / f"{clip}.mp4", [np.full((32, 32, 4), 99, np.uint8)] * 4, fps=4.0)
    return folder


def roles(server: Any) -> tuple[Remote, Remote]:
    writer = Remote(model="writer", url=server.url, patience=QUICK)
    return writer, Remote(model="reader", url=server.url, patience=QUICK, sees="text")


def playing(said: Any) -> Any:
    """The writer writes one sentence; the reader knows what speaks of turning and nothing else."""

    def answer(_: int, body: dict[str, Any]) -> Any:
        content = body["messages"][0]["content"]
        if body["model"] == "writer":
            return said(text="The person turns to the left once.")
        question = content.partition("Question: ")[2]
        return said(text="B" if "turn" in question else prompt.SILENT)

    return answer


def test_a_reader_answers_from_descriptions_and_says_when_they_are_silent(
    made: Any, server: Any, said: Any, shown: Path, tmp_path: Path
) -> None:
    server.answer = playing(said)
    writer, reader = roles(server)
    done = captions.evaluate_captions(
        made.questions, tmp_path / "run", writer, reader, settings=TEST, videos_dir=shown
    )
    rows = evaluate.rows(made.questions, TEST)
    people = {(row.clip, row.person) for row in rows}
    wrote = [body for body in server.bodies if body["model"] == "writer"]
    read = [body for body in server.bodies if body["model"] == "reader"]
    assert (len(wrote), len(read)) == (len(people), len(rows))
    assert all(isinstance(body["messages"][0]["content"], list) for body in wrote)  # pictures
    for body in read:
        content = body["messages"][0]["content"]
        assert "Description: The person turns to the left once." in content
        assert prompt.SILENCE in content
    found = runs.read(tmp_path / "run")
    turning = {row.id for row in rows if "turn" in row.question + " ".join(row.options)}
    assert {one.id for one in found.predictions if one.answer} == turning
    result = score.score(found)
    assert 0 < result.silent_share < 1
    assert result.silences == {"refusal": done.silent}
    right = sum(row.answer == "B" for row in rows if row.id in turning)
    assert result.accuracy_answered == round(right / len(turning), 5)
    assert result.sees == "video"
    before = len(server.bodies)
    captions.evaluate_captions(
        made.questions, tmp_path / "run", writer, reader, settings=TEST, videos_dir=shown
    )
    assert len(server.bodies) == before


def test_who_wrote_nothing_is_silent_and_nobody_reads(
    made: Any, server: Any, said: Any, shown: Path, tmp_path: Path
) -> None:
    server.answer = lambda _, body: said(text="" if body["model"] == "writer" else "A")
    writer, reader = roles(server)
    done = captions.evaluate_captions(
        made.questions, tmp_path / "run", writer, reader, settings=TEST, videos_dir=shown
    )
    assert (done.answered, done.missing) == (0, 0)
    assert all(body["model"] == "writer" for body in server.bodies)
    assert {one.problem for one in runs.read(tmp_path / "run").predictions} == {
        "no description: it is empty"
    }


def test_descriptions_are_finished_before_anything_is_asked_and_never_mixed(
    made: Any, server: Any, said: Any, shown: Path, tmp_path: Path
) -> None:
    play = playing(said)
    server.answer = lambda number, body: said(drop=True) if number == 0 else play(number, body)
    writer, reader = roles(server)

    def again(writing: Remote = writer) -> evaluate.Outcome:
        return captions.evaluate_captions(
            made.questions, tmp_path / "run", writing, reader, settings=TEST, videos_dir=shown
        )

    first = again()
    assert first.missing > 0
    assert "1 descriptions are missing" in first.problem
    assert not (tmp_path / "run" / "predictions.jsonl").exists()
    assert again().missing == 0
    other = Remote(model="another", url=server.url, patience=QUICK)
    with pytest.raises(ValueError, match="descriptions that were made with other"):
        again(other)


def test_readers_may_not_see_the_video(made: Any, server: Any, tmp_path: Path) -> None:
    writer, _ = roles(server)
    with pytest.raises(ValueError, match="writer: a reader sees the description alone"):
        captions.evaluate_captions(made.questions, tmp_path, Chance(), writer)
    with pytest.raises(ValueError, match="give --videos"):
        captions.evaluate_captions(made.questions, tmp_path, writer, Chance(), settings=TEST)


def test_the_command(made: Any, server: Any, said: Any, shown: Path, tmp_path: Path) -> None:
    server.answer = playing(said)
    words = [
        "caption", made.questions, "--videos", shown, "--out", tmp_path / "run", "--url",
        server.url, "--model", "writer", "--reader-model", "reader", "--limit", 12,
    ]  # fmt: skip
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, done.stderr
    assert "of 12" in done.stderr
    assert (tmp_path / "run" / "captions.jsonl").read_bytes().count(b"\n") > 0
    told = CliRunner().invoke(app, ["score", str(tmp_path / "run")])
    assert told.exit_code == 0
    assert "refusal" in told.stdout
