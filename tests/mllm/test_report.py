"""What `score` prints, writes and draws."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import Result
from typer.testing import CliRunner

from mllm.answerers.blind import Chance
from mllm.answerers.oracles import Oracle
from mllm.commands.app import app
from mllm.evaluation import evaluate, runs
from mllm.evaluation.evaluate import Settings
from mllm.frames import Sampling
from mllm.scores import figures, score, tables
from mllm.scores.score import Report

ALL = Settings(split="all")


def call(*words: object) -> Result:
    wide = {"COLUMNS": "200"}
    return CliRunner().invoke(app, [str(word) for word in words], prog_name="mllm", env=wide)


@pytest.fixture(scope="module")
def done(made: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    evaluate.evaluate(made.questions, folder / "chance_1", Chance(), settings=ALL)
    evaluate.evaluate(made.questions, folder / "oracle", Oracle(motions=made.facts), settings=ALL)
    return folder


@pytest.fixture(scope="module")
def report(done: Path) -> Report:
    return score.report([runs.read(done / name) for name in ("oracle", "chance_1")])


def test_the_command_prints_and_writes_everything(done: Path, tmp_path: Path) -> None:
    files = {name: tmp_path / "more" / name for name in ("all.json", "table.tex", "bars.svg")}
    told = call(
        "score", done / "oracle", done / "chance_1", "--json", files["all.json"],
        "--latex", files["table.tex"], "--bars", files["bars.svg"],
        "--heat", tmp_path / "heat.png",
    )  # fmt: skip
    assert told.exit_code == 0, told.stderr
    assert "Against chance_1, question by question" in told.stdout
    assert "100.0 to 100.0" in told.stdout
    found = json.loads(files["all.json"].read_text())
    assert found["baseline"] == "chance_1"
    assert found["scores"][0]["points"] == 100.0
    assert found["pairs"][0]["only_other"] == 0
    assert files["bars.svg"].read_text().count("<path") > 10
    assert (tmp_path / "heat.png").read_bytes()[:4] == b"\x89PNG"


def test_equal_reports_are_equal_bytes(report: Report, tmp_path: Path) -> None:
    for ending in ("png", "svg", "pdf"):
        paths = [tmp_path / f"{number}.{ending}" for number in (1, 2)]
        for path in paths:
            figures.save(figures.bars(report), path)
        assert paths[0].read_bytes() == paths[1].read_bytes()


def test_latex_is_a_table_with_as_many_cells_in_each_row(report: Report) -> None:
    lines = [line for line in tables.latex(report).splitlines() if "&" in line]
    assert len({line.count("&") for line in lines}) == 1
    assert lines[1].startswith(r"oracle & \textbf{100.0}")
    assert lines[2].startswith(r"chance\_1 &")
    assert all(line.endswith(r" \\") for line in lines)


def test_every_table_has_as_many_cells_as_headings(report: Report) -> None:
    for table in tables.of(report):
        assert {len(row) for row in table.rows} == {len(table.headings)}, table.title


def test_a_heat_map_has_room_for_one_run_each(report: Report) -> None:
    first, second = report.scores
    figure = figures.across(report)
    assert [text.get_text() for text in figure.axes[0].texts] == ["100.0", f"{second.points:.1f}"]
    doubled = msgspec.structs.replace(report, scores=(first, first))
    with pytest.raises(ValueError, match="give each run its own"):
        figures.across(doubled)


def test_curves_go_over_frames_and_pixels(report: Report) -> None:
    first = report.scores[0]
    seen = [
        msgspec.structs.replace(
            first, max_frames=count, max_pixels=100 * count, points=float(count)
        )
        for count in (16, 4, 8)
    ]
    several = msgspec.structs.replace(report, scores=tuple(seen))
    for by, scale in (("frames", 1), ("pixels", 100)):
        (line,) = [
            one for one in figures.curve(several, by=by).axes[0].lines if len(one.get_xdata()) == 3
        ]
        assert list(line.get_xdata()) == [4 * scale, 8 * scale, 16 * scale]
        assert list(line.get_ydata()) == [4.0, 8.0, 16.0]
    with pytest.raises(ValueError, match="no run looked at frames"):
        figures.curve(report, by="frames")


def test_what_is_no_run_is_named(tmp_path: Path, done: Path) -> None:
    failed = call("score", tmp_path)
    assert failed.exit_code == 2
    assert "no run.json" in failed.stderr
    wrong = call("score", done / "oracle", "--bars", tmp_path / "bars.txt")
    assert wrong.exit_code == 2
    assert "ends in .png" in wrong.stderr


def test_sampling_is_part_of_a_run_that_looks(done: Path) -> None:
    assert runs.read_run(done / "oracle").sampling is None
    assert Sampling() == Sampling(max_frames=64, fps=None, max_pixels=65_536)


@pytest.mark.parametrize("name", ["evaluate", "score", "judge", "caption"])
def test_help_teaches(name: str) -> None:
    told = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "120"})
    assert told.exit_code == 0
    assert f"mllm {name}" in told.stdout
    assert "Example" in told.stdout


def test_a_training_is_drawn_as_it_was_written_down(tmp_path: Path) -> None:
    rows = [{"loss": 2.0 / step, "learning_rate": 1e-4, "step": step} for step in range(1, 6)]
    lines = [msgspec.json.encode(row) for row in [*rows, {"train_runtime": 3.0, "step": 5}]]
    history = tmp_path / "curve.jsonl"
    history.write_bytes(b"\n".join(lines))
    loss, rate = figures.learning(history).axes
    assert loss.lines[0].get_xdata().tolist() == [1, 2, 3, 4, 5]
    assert loss.lines[0].get_ydata().tolist() == [2.0 / step for step in range(1, 6)]
    assert set(rate.lines[0].get_ydata().tolist()) == {1e-4}
    history.write_bytes(lines[-1])
    with pytest.raises(ValueError, match="no loss in it"):
        figures.learning(history)
