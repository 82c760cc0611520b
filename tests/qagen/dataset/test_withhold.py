"""What blind models know is taken out of a data set before it is published, and nothing else."""

from collections import Counter
from pathlib import Path

import _planted
import msgspec
import pytest
from click.testing import Result
from typer.testing import CliRunner

from qagen.audit import forest
from qagen.audit.rows import Row
from qagen.build import chunks, merge, pipeline
from qagen.build.blind import bounded
from qagen.commands.app import app
from qagen.dataset import layout
from qagen.dataset.layout import Manifest, Recipe
from qagen.dataset.splits import SPLITS, Split
from qagen.schema import record
from qagen.schema.question import Ask, Margin
from qagen.schema.record import Record
from qagen.study import stats

FEW: tuple[str, ...] = ("temporal", "trajectory", "existence")
BOUNDED = Recipe(tasks=FEW, per_task=3, balanced=False, max_blind=0.05)
"""What is not balanced gives more away, also in a few clips."""

WORDS = ("--tasks", ",".join(FEW), "--per-task", 3, "--no-balance", "--max-blind", 0.05)


def call(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], prog_name="qagen")


def recorded(row: Row) -> Record:
    return record.named(
        Record(
            clip=row.clip, person=0, take="", subject="", group="", source="", descriptor="",
            suite="humanmove", end_s=9.0, task=row.task, family="planted",
            frame="first_heading", question=row.question,
            options=row.options, option_codes=row.options, answer_index=row.answer_index,
            chance=1 / len(row.options), ask=Ask(rule="ever"), evidence=(),
            margin=Margin(value=1.0, unit="m", band=0.1), reasoning=(), thresholds="", rules="",
        )
    )  # fmt: skip


def written(folder: Path, rows: list[Row]) -> dict[Split, Path]:
    """Files as a build is about to publish them: in the order of ids, by side."""
    files: dict[Split, Path] = {side: folder / f"{side}.jsonl.partial" for side in SPLITS}
    records = sorted((recorded(row) for row in rows), key=lambda row: row.id)
    for side, path in files.items():
        place = SPLITS.index(side)
        mine = [row for row in records if min(int(row.clip) % 5, 2) == place]
        path.write_bytes(b"".join(record.to_line(row) + b"\n" for row in mine))
    return files


def lines(files: dict[Split, Path]) -> list[bytes]:
    return [line for path in files.values() for line in path.read_bytes().splitlines()]


def test_a_planted_leak_is_taken_out_and_the_rest_stays_as_it_is(tmp_path: Path) -> None:
    files = written(tmp_path, _planted.rows(1500, leak="siblings", strength=0.45))
    before = lines(files)
    found = bounded.thin(files, max_blind=0.03)
    left = lines(files)
    assert found.blind is not None
    assert not found.blind.unreachable
    assert found.blind.before["ordering"].points > 10
    for name in ("existence", "numerical", "ordering"):
        assert found.blind.after[name].points <= 3 or name in found.blind.unsure
        assert found.blind.after[name].points < 7
    assert 0 < found.withheld == len(before) - len(left) < 0.3 * len(before)
    assert [line for line in before if line in set(left)] == left
    counted = Counter(record.from_line(line).task for line in left)
    asked = Counter(record.from_line(line).task for line in before)
    assert found.tally.total == len(left)
    assert found.blind.kept == {
        name: pytest.approx(counted[name] / count, abs=1e-4) for name, count in asked.items()
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        path.name for path in files.values()
    )
    again = written(tmp_path, _planted.rows(1500, leak="siblings", strength=0.45))
    bounded.thin(again, max_blind=0.03)
    assert lines(again) == left


@pytest.fixture(scope="module")
def bounded_build(facts_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("bounded") / "out"
    pipeline.build(facts_file, out, BOUNDED)
    return out


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_manifest_counts_what_was_withheld_and_says_how_blind_models_do(
    bounded_build: Path, facts_file: Path, tmp_path: Path
) -> None:
    manifest = layout.read_manifest(bounded_build)
    layout.check_files(bounded_build, manifest)
    assert manifest.blind is not None
    assert manifest.recipe["max_blind"] == manifest.blind.max_blind == 0.05
    assert set(manifest.blind.kept) <= set(manifest.blind.after)
    total = sum(side.questions for side in manifest.splits.values())
    asked = sum(clip.asked for clip in layout.clips(bounded_build))
    assert asked == total + sum(manifest.withheld.values())
    assert sum(n for ones in manifest.questions.values() for n in ones.values()) == total
    everything = tmp_path / "all"
    pipeline.build(facts_file, everything, msgspec.structs.replace(BOUNDED, max_blind=None))
    there = {row.id for _, row in layout.rows(everything)}
    assert {row.id for _, row in layout.rows(bounded_build)} < there
    assert manifest.withheld[merge.KNOWN_BLINDLY] == len(there) - total
    titles = [table.title for table in stats.tables(stats.of(bounded_build))]
    assert "Points above chance of the best blind model, at most 5" in titles
    assert not any("blind" in table.title for table in stats.tables(stats.of(everything)))


def test_shards_change_nothing(bounded_build: Path, facts_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for shard in (2, 1):
        pipeline.process_shard(facts_file, out, BOUNDED, shard=shard, of=2)
    with pytest.raises(ValueError, match=r"built with max_blind; expected `pipeline\.finish`"):
        merge.merge(out)
    assert call("merge", out).exit_code == 0
    assert contents(out) == contents(bounded_build)


def test_a_build_killed_while_it_withholds_goes_on(
    bounded_build: Path, facts_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object, **__: object) -> Manifest:
        raise KeyboardInterrupt

    out = tmp_path / "out"
    with monkeypatch.context() as patched:
        patched.setattr(bounded.withholding, "select", cut)
        with pytest.raises(KeyboardInterrupt):
            pipeline.build(facts_file, out, BOUNDED)
    assert not (out / "manifest.json").exists()
    assert not chunks.missing(out / chunks.WORK, chunks.read_plan(out).chunks)
    result = call("build", facts_file, out, *WORDS)
    assert result.exit_code == 0, result.output
    assert "points above chance in a task" in result.output
    blind = layout.read_manifest(out).blind
    assert blind is not None
    for name, why in {**blind.unreachable, **blind.unsure}.items():
        assert f"{name}: {why}" in result.stderr
    assert contents(out) == contents(bounded_build)


def test_without_scikit_learn_the_extra_is_named_before_anything_is_asked(
    facts_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forest, "available", lambda: False)
    result = call("build", facts_file, tmp_path / "out", "--max-blind", 0.03)
    assert result.exit_code == 2
    assert "pip install 'kinematics-qa[audit]'" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("bound", [0, 1, 3, -0.1])
def test_bounds_are_shares(bound: float, facts_file: Path, tmp_path: Path) -> None:
    result = call("build", facts_file, tmp_path / "out", "--max-blind", bound)
    assert result.exit_code == 2
    assert "expected a share between 0 and 1, such as 0.03" in result.stderr


def test_one_clip_is_left_as_it_is(tmp_path: Path) -> None:
    files = written(tmp_path, _planted.rows(12))
    before = lines(files)
    found = bounded.thin(files, max_blind=0.03)
    assert (found.withheld, found.blind, found.tally.total) == (0, None, 12)
    assert lines(files) == before
