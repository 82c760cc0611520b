"""The command `qagen audit`."""

import json
from pathlib import Path

import _planted
import msgspec
import pytest
from click.testing import Result
from typer.testing import CliRunner

from qagen.audit import forest
from qagen.audit.report import Report
from qagen.commands.app import app


def call(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], prog_name="qagen")


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Questions of which the longest option is right, without the slow model."""
    monkeypatch.setattr(forest, "available", lambda: False)
    items = [
        {"video": row.clip, "task": row.task, "question": row.question,
         "choices": row.options, "answer": row.answer, "split": row.split}
        for row in _planted.rows(600, leak="longest")
    ]  # fmt: skip
    path = tmp_path / "published.json"
    path.write_text(json.dumps([*items, {"question": "How far?", "answer": 3.2}]))
    return path


def test_an_audit_is_printed_and_written(published: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "audit.json"
    result = call("audit", published, "--json", out, "--folds", 4)
    assert result.exit_code == 0, result.output
    words = (
        "600 questions about 50 clips in 4 folds", "Best blind model", "What tells most",
        "by length", "1 rows left out: no options", "no random forest", "of clean data sets",
    )  # fmt: skip
    for word in words:
        assert word in result.output
    found = msgspec.json.decode(out.read_bytes(), type=Report)
    assert (found.rows, found.folds, found.left_out) == (600, 4, {"no options": 1})
    assert found.best["existence"].score.points == 100
    assert [path.name for path in out.parent.iterdir()] == ["audit.json"]


def test_a_bound_makes_the_exit_code(published: Path) -> None:
    assert call("audit", published, "--at-most", 100).exit_code == 0
    result = call("audit", published, "--at-most", 3)
    assert result.exit_code == 1
    assert "more than 3 points above chance: all, existence" in result.stderr


def test_one_side_can_be_chosen(published: Path) -> None:
    result = call("audit", published, "--split", "test")
    assert result.output.startswith("120 questions about 10 clips")
    assert call("audit", published, "--split", "dev").exit_code == 2


def test_what_cannot_be_audited_is_said_in_a_line(tmp_path: Path) -> None:
    result = call("audit", tmp_path / "nowhere")
    assert result.exit_code == 2
    assert "nowhere: no such file or folder" in result.stderr
