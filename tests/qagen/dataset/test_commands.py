"""The command line, the table, the pictures, the explanations, the examples."""

import json
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from click.testing import Result
from typer.testing import CliRunner

from kinematics import __version__, facts, synthetic
from kinematics.facts import MotionFacts
from kinematics.readers import native
from qagen.commands.app import app
from qagen.dataset import layout
from qagen.dataset.layout import Recipe
from qagen.dataset.splits import SPLITS
from qagen.schema import record
from qagen.schema.question import Evidence
from qagen.schema.suite import HUMANMOVE, tasks_of
from qagen.study import examples, explain, figures, stats

TASKS = tuple(tasks_of([HUMANMOVE]))

ROOT = Path(__file__).parents[3]

COMMANDS = ("build", "merge", "stats", "audit", "verify", "explain", "examples", "report")


def call(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], prog_name="qagen")


def run_python(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, words)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def built(corpus: list[MotionFacts], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("commands")
    facts.write(folder / "facts.jsonl", corpus)
    done = run_python(
        "-m", "qagen", "build", folder / "facts.jsonl", folder / "out", "--seed", 3,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    total = sum(s.questions for s in layout.read_manifest(folder / "out").splits.values())
    assert done.stdout.startswith(f"{total:,} questions (")
    assert f"about {len(corpus)} clips" in done.stdout
    return folder / "out"


# What importing costs


@pytest.mark.parametrize(
    "module",
    ["dataset.balance", "build.chunks", "dataset.layout", "study.explain", "build.merge",
     "build.same_motion", "build.select", "dataset.splits", "study.stats", "build.tally",
     "rules.generate"],
)  # fmt: skip
def test_rules_records_selection_and_statistics_need_no_arrays(module: str) -> None:
    code = (
        f"import qagen.{module}, sys\n"
        "heavy = {'jax', 'equinox', 'numpy', 'scipy', 'matplotlib', 'torch'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = run_python("-c", code)
    assert done.returncode == 0, done.stderr


def test_facts_become_a_data_set_without_an_array_library(built: Path, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "for name in ('jax', 'numpy', 'scipy', 'equinox'): sys.modules[name] = None\n"
        "from pathlib import Path\n"
        "from qagen.build import pipeline\nfrom qagen.study import stats\n"
        "from qagen.dataset.layout import Recipe\n"
        f"out = Path({str(tmp_path / 'out')!r})\n"
        f"pipeline.build(Path({str(built.parent / 'facts.jsonl')!r}), out,"
        " Recipe(seed=3))\n"
        "print(stats.of(out).total)\n"
    )
    done = run_python("-c", code)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == stats.of(built).total


# Help


def test_help_teaches_and_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from qagen.commands.app import app\n"
        "print(CliRunner().invoke(app, ['--help']).output)\n"
        "heavy = {'jax', 'matplotlib', 'numpy', 'scipy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = run_python("-c", code)
    assert done.returncode == 0, done.stderr
    for name in COMMANDS:
        assert name in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_an_example(name: str) -> None:
    result = call(name, "--help")
    assert result.exit_code == 0
    assert f"qagen {name} " in result.output.replace("Usage: qagen", "")


def test_version() -> None:
    done = run_python("-m", "qagen", "--version")
    assert done.returncode == 0
    assert done.stdout == f"qagen {__version__}\n"


# Build


def test_only_some_tasks(built: Path, tmp_path: Path) -> None:
    source = built.parent / "facts.jsonl"
    out = tmp_path / "out"
    result = call("build", source, out, "--tasks", "ordering, dominant", "--no-balance")
    assert result.exit_code == 0, result.stderr
    assert {row.task for _, row in layout.rows(out)} == {"dominant", "ordering"}


def test_shards_and_merge(built: Path, tmp_path: Path) -> None:
    source, out = built.parent / "facts.jsonl", tmp_path / "out"
    assert "shard 2/2" in call("build", source, out, "--seed", 3, "--shard", "2/2").stdout
    early = call("merge", out)
    assert early.exit_code == 2
    assert "chunks are not there yet" in early.stderr
    call("build", source, out, "--seed", 3, "--shard", "1/2")
    done = call("merge", out)
    assert done.exit_code == 0, done.stderr
    assert (out / "train.jsonl").read_bytes() == (built / "train.jsonl").read_bytes()


def test_words_and_groups_come_from_tables(built: Path, tmp_path: Path) -> None:
    clip = next(iter(layout.clips(built)))
    words, groups = tmp_path / "words.csv", tmp_path / "groups.csv"
    words.write_text(f"clip,person,descriptor\n{clip.clip},0,the man in green\n")
    groups.write_text(f"clip,group\n{clip.clip},monday\n")
    result = call(
        "build", built.parent / "facts.jsonl", tmp_path / "out", "--descriptors", words,
        "--groups", groups, "--no-balance", "--tasks", "trajectory",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    rows = [row for _, row in layout.rows(tmp_path / "out") if row.clip == clip.clip]
    assert rows
    assert {(row.descriptor, row.group) for row in rows} == {("the man in green", "given monday")}


def test_unreadable_files_are_named_and_give_exit_code_1(tmp_path: Path) -> None:
    motions = tmp_path / "motions"
    run_python(
        "-m", "kinematics", "synth", motions, "--clips", 2, "--fps", 10, "--no-joints"
    )  # fmt: skip
    (motions / "broken.npz").write_bytes(b"PK nothing")
    result = call("build", motions, tmp_path / "out", "--no-balance", "--tasks", "trajectory")
    assert result.exit_code == 1
    assert "broken.npz" in result.stderr
    assert "1 files could not be read" in result.stderr
    assert layout.read_manifest(tmp_path / "out").inputs.clips == 2


def test_wrong_calls_are_said_on_stderr_with_exit_code_2(built: Path, tmp_path: Path) -> None:
    source, out = built.parent / "facts.jsonl", tmp_path / "out"
    wrong = {
        ("build", tmp_path / "none", out): "no such file or folder",
        ("build", source, out, "--tasks", "poetry"): "expected names from numerical",
        ("build", source, out, "--shard", "three"): "expected two numbers such as 3/8",
        ("build", source, out, "--shard", "4/3"): "expected a number from 1 to 3",
        ("build", source, out, "--val", 0.6, "--test", 0.6): "leave some to train",
        ("merge", tmp_path): "no unfinished build",
        ("stats", tmp_path): "no manifest.json",
        ("stats", built, "--out", tmp_path / "x.bmp"): "expected a picture",
        ("explain", built, "zzzz"): "no row whose id begins with 'zzzz'",
        ("explain", built, "1"): "expected at least 4 digits",
        ("examples", "--readme", source): "expected the two lines",
    }
    for words, cause in wrong.items():
        result = call(*words)
        assert result.exit_code == 2, (words, result.output, result.exception)
        assert cause in result.stderr, words
        assert "Traceback" not in result.stderr


# Statistics


def test_statistics_are_those_of_the_rows(built: Path, corpus: list[MotionFacts]) -> None:
    found = stats.of(built)
    rows = [row for _, row in layout.rows(built)]
    assert found.total == len(rows)
    for task in TASKS:
        there = [row for row in rows if row.task == task]
        assert sum(found.questions[task].values()) == len(there)
        if there:
            assert found.chance[task] == pytest.approx(1 / len(there[0].options))
    letters = {name: sum(even.counts) for name, even in found.letters.items()}
    assert sum(letters.values()) == len(rows)
    assert found.durations_s == tuple(one.duration_s for one in corpus)
    assert found.majority == layout.read_manifest(built).majority
    assert found.letters == layout.read_manifest(built).letters
    assert found.ranks == layout.read_manifest(built).ranks
    events = sum(len(one.events) + len(one.episodes) for one in corpus)
    assert sum(found.movements.values()) == events


def test_the_table_names_everything(built: Path) -> None:
    result = call("stats", built)
    assert result.exit_code == 0, result.stderr
    found = stats.of(built)
    for table in stats.tables(found):
        assert table.title in result.stdout
        for row in table.rows:
            assert len(row) == len(table.headings)
    for word in (*TASKS, *SPLITS, "chi-square", "stem majority", "rank of the key"):
        assert word in result.stdout
    for reason in found.manifest.withheld:
        assert reason in result.stdout


@pytest.mark.parametrize(
    ("values", "expected"),
    [((), (0, 0, 0, 0, 0)), ((2.0,), (2, 2, 2, 2, 2)), ((1.0, 3.0), (1, 1.5, 2, 2.5, 3))],
)
def test_spread_of_few(values: tuple[float, ...], expected: tuple[float, ...]) -> None:
    assert stats.spread(values) == expected


def size_of(path: Path) -> tuple[int, int]:
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG")
    return struct.unpack(">II", data[16:24])


def test_the_picture_of_a_data_set(built: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "statistics.png"
    result = call("stats", built, "--out", out)
    assert result.exit_code == 0, result.stderr
    assert size_of(out) == (1600, 1025)
    assert [path.name for path in out.parent.iterdir()] == ["statistics.png"]
    figure = figures.statistics(stats.of(built))
    titles = {axes.get_title(loc="left") for axes in figure.axes}
    assert "Questions by task and split" in titles


# One row


def test_every_row_can_be_explained(built: Path) -> None:
    for _, row in list(layout.rows(built))[::150]:
        found, clip = explain.find(built, row.id)
        assert found == row
        text = explain.text(row, clip)
        assert row.question in text
        assert f"{row.answer}. {row.options[row.answer_index]}   <- right" in text
        for one in row.evidence:
            assert explain.evidence_line(one) in text
        for sentence in row.reasoning:
            assert sentence in text
        assert figures.explained(row, clip).axes


def test_explain_draws_a_picture(built: Path, tmp_path: Path) -> None:
    row = next(row for _, row in layout.rows(built) if row.task == "ordering")
    out = tmp_path / "why.png"
    result = call("explain", built, row.id[:10], "--out", out)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(f"{row.id}  ordering")
    assert size_of(out) == (1600, 1000)


def test_the_timeline_shows_where_evidence_is(built: Path) -> None:
    row, clip = explain.find(built, next(row.id for _, row in layout.rows(built)))
    one = Evidence(what="left", value=1.0, unit="m", start_s=2.0, end_s=3.5)
    changed = type(row)(
        **{n: getattr(row, n) for n in row.__struct_fields__} | {"evidence": (one,)}
    )
    figure = figures.explained(changed, clip)
    left = next(axes for axes in figure.axes if axes.get_ylabel() == "left (m)")
    (span,) = left.patches
    assert span.get_x() == 2.0
    assert span.get_width() == 1.5


# Verify


def test_verify_agrees_and_says_what_does_not(tmp_path: Path) -> None:
    motions, out = tmp_path / "motions", tmp_path / "out"
    script = synthetic.walk(2.2).then(synthetic.pause(1.0), synthetic.sidestep(1.2, to="left"))
    motion = synthetic.perform(script, fps=10.0, joints=False).motion
    motions.mkdir()
    native.write(motion, motions / "walk.npz")
    call("build", motions, out, "--no-balance", "--val", 0, "--test", 0, "--per-task", 2)
    count = layout.read_manifest(out).splits["train"].questions
    result = call("verify", out, "--motions", motions)
    assert result.exit_code == 0, result.output
    assert f"{count} verified, 0 mismatches" in result.stdout
    rows = list(record.read(out / "train.jsonl"))
    place = (rows[0].answer_index + 1) % len(rows[0].options)
    rows[0] = record.named(msgspec.structs.replace(rows[0], answer_index=place))
    (out / "train.jsonl").write_bytes(b"".join(record.to_line(row) + b"\n" for row in rows))
    result = call("verify", out, "--motions", motions)
    assert result.exit_code == 1
    assert rows[0].id in result.stdout
    assert f"{count - 1} verified, 1 mismatches" in result.stdout


# Examples


def test_the_page_of_examples_holds_what_the_command_gives() -> None:
    assert examples.written(ROOT / "docs" / "examples.md") == examples.section(), (
        "run `qagen examples --readme docs/examples.md`"
    )


def test_examples_are_of_every_task_and_replace_older_ones(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{examples.BEGIN}\nold\n{examples.END}\nafter\n")
    assert call("examples", "--readme", readme, "--check").exit_code == 2
    assert call("examples", "--readme", readme).exit_code == 0
    text = readme.read_text()
    assert text.startswith("before\n")
    assert text.endswith(f"{examples.END}\nafter\n")
    assert "old" not in text
    assert re.findall(r"^\*\*(\w+)\*\*", text, re.MULTILINE) == list(TASKS)
    assert call("examples", "--readme", readme, "--check").exit_code == 0


def test_manifest_is_readable_by_people(built: Path) -> None:
    written = json.loads((built / "manifest.json").read_text())
    assert written["recipe"]["seed"] == written["seed"] == 3
    assert set(Recipe.__struct_fields__) == set(written["recipe"])
    assert str(built.parent) not in (built / "manifest.json").read_text()
