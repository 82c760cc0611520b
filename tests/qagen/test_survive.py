"""Studies of surviving answers: counts add up, intervals are known ones, mirrors flip sides."""

import itertools
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from typer.testing import CliRunner

from kinematics import synthetic
from kinematics.errors.error_models import PRESETS
from kinematics.motion import Motion
from kinematics.movement import batch
from qagen.commands import app
from qagen.schema.certificates import Certification
from qagen.study import figures, flip_report, flips
from qagen.study.flip_report import Report, Tries
from qagen.study.flips import Study

WANTED = Study(
    policy=Certification(model=PRESETS["wham_emdb"], copies=16, least=0.8),
    tasks=("comparative", "dominant", "temporal", "trajectory"),
    tries=3,
)


@pytest.fixture(scope="module")
def motions() -> list[Motion]:
    every = (one.motion for one in synthetic.corpus(200, seed=12, fps=10.0, joints=False))
    return list(itertools.islice((one for one in every if 7.5 < one.duration_s < 11), 5))


def _saved(motions: list[Motion], folder: Path) -> Path:
    folder.mkdir()
    for motion in motions:
        motion.save(folder / f"{motion.source.clip}.npz")
    return folder


@pytest.fixture(scope="module")
def truths(motions: list[Motion], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _saved(motions, tmp_path_factory.mktemp("survive") / "truths")


@pytest.fixture(scope="module")
def simulated(truths: Path) -> Report:
    return flips.study(truths, None, WANTED)


# Intervals


@given(st.integers(2, 400).flatmap(lambda n: st.tuples(st.integers(1, n - 1), st.just(n))))
def test_independent_answers_have_wilson_s_interval(counts: tuple[int, int]) -> None:
    flips, tries = counts
    clips = {str(n): Tries(tries=1, flips=int(n < flips)) for n in range(tries)}
    found = flip_report.rate(clips, questions=1)  # one try is lost to not knowing the share
    low, high = scipy_stats.binomtest(flips, tries).proportion_ci(method="wilson")
    assert found.low == pytest.approx(low, abs=0.3 / tries + 1e-5)
    assert found.high == pytest.approx(high, abs=0.3 / tries + 1e-5)
    assert found.low <= found.share <= found.high


def test_answers_that_flip_together_tell_less() -> None:
    apart = {str(n): Tries(tries=10, flips=1) for n in range(20)}
    alike = {str(n): Tries(tries=10, flips=10 * (n < 2)) for n in range(20)}
    one, other = (flip_report.rate(clips, questions=200) for clips in (apart, alike))
    assert one.share == other.share == 0.1
    assert one.high - one.low < 0.5 * (other.high - other.low)


def test_where_nothing_flips_clips_are_counted() -> None:
    clips = {str(n): Tries(tries=100) for n in range(30)}
    expected = scipy_stats.binomtest(0, 30).proportion_ci(method="wilson").high
    assert flip_report.rate(clips, questions=3000).high == pytest.approx(expected, abs=1e-4)


# Studies


def test_counts_add_up(simulated: Report) -> None:
    total = simulated.total
    for sort in ("all", "certified"):
        for rows in (simulated.tasks, simulated.margins, simulated.rules):
            for count in ("questions", "tries", "flips", "gone"):
                parts = [getattr(getattr(row, sort), count) for row in rows]
                assert sum(parts) == getattr(getattr(total, sort), count)
    assert total.all.tries == 3 * total.all.questions
    assert 0 < total.certified.questions < total.all.questions
    assert simulated.clips == 5
    rows = [*simulated.tasks, *simulated.margins, total]
    assert all(row.certified.questions <= row.all.questions for row in rows)
    assert all(one.low <= one.share <= one.high for row in rows for one in (row.all, row.certified))


def test_certified_answers_flip_less(simulated: Report) -> None:
    assert simulated.total.certified.share < 0.25 * simulated.total.all.share


def test_the_same_seed_gives_the_same_report(truths: Path, simulated: Report) -> None:
    assert flips.study(truths, None, WANTED) == simulated


def test_the_truth_itself_flips_nothing(truths: Path) -> None:
    found = flips.study(truths, truths, WANTED)
    assert found.total.all.flips == 0
    assert found.total.all.tries == found.questions > 100
    assert found.unmatched == 0


def test_a_mirror_flips_sides_and_nothing_else(
    motions: list[Motion], truths: Path, tmp_path: Path
) -> None:
    mirrored = [
        synthetic.mirrored(one).renamed(clip=one.source.clip, take=one.source.take)
        for one in motions
    ]
    found = flips.study(truths, _saved(mirrored, tmp_path / "estimates"), WANTED)
    rules = {row.name: row.all for row in found.rules}
    for rule in ("path_shape", "compare_halves", "quarter_most_path", "furthest_quarter"):
        if rule in rules:
            assert rules[rule].flips == 0, rule
    assert rules["compare_total"].flips > 0
    assert rules["first_in"].flips > 0


def test_estimates_are_taken_by_their_own_clock(motions: list[Motion]) -> None:
    truth = batch.sampled(motions[0])
    late = Motion.from_arrays(
        orientations_wxyz=np.asarray(motions[0].orientations_wxyz)[10:],
        positions_m=np.asarray(motions[0].positions_m)[10:],
        times_s=np.asarray(motions[0].times_s)[10:],
    )
    aligned = flips.at_the_same_times(late, truth)
    assert aligned.frames == truth.frames
    seen = np.asarray(aligned.observed)
    missing_s = float(late.times_s[0] - motions[0].times_s[0])
    assert not seen[: int(30 * missing_s)].any()
    assert seen[int(30 * missing_s) + 1 :].all()
    assert np.allclose(aligned.positions_m[-1], late.positions_m[-1], atol=1e-5)


# Bad input, files and the command


def test_what_cannot_be_studied_is_said(
    truths: Path, motions: list[Motion], tmp_path: Path
) -> None:
    other = _saved([motions[0].renamed(clip=n) for n in ("x", "y")], tmp_path / "other")
    with pytest.raises(ValueError, match=r"other: none of the 5 clips of .* is in it"):
        flips.study(truths, other, WANTED)
    motions[0].save(other / "again.npz")
    motions[0].save(other / "twice.npz")
    with pytest.raises(ValueError, match=f"other: .*twice there: {motions[0].source.clip}, person"):
        flips.study(truths, other, WANTED)
    with pytest.raises(ValueError, match="nowhere: no such file or folder"):
        flips.study(truths, tmp_path / "nowhere", WANTED)
    few = Certification(model=PRESETS["mocap"], copies=3)
    with pytest.raises(ValueError, match=r"3 copies promise at most .*; tries 0: expected"):
        flips.study(truths, None, Study(policy=few, tries=0))


def test_the_command_writes_a_page_a_file_and_a_picture(truths: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    words = ("survive", truths, truths, "--out", out, "--copies", 16, "--certify", 0.8)
    done = CliRunner().invoke(app.app, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    assert "Answers that flip, by task" in done.output
    assert sorted(path.name for path in out.iterdir()) == [
        "survive.json", "survive.md", "survive.png",
    ]  # fmt: skip
    read = msgspec.json.decode((out / "survive.json").read_bytes(), type=Report)
    assert read.errors == "the tracker's own estimates"
    assert read.total.all.flips == 0
    assert (out / "survive.md").read_text().count("|\n") > 15
    for taken, why in ((truths, "is or holds the input"), (tmp_path, "which this `qagen survive`")):
        done = CliRunner().invoke(app.app, [*map(str, words[:3]), "--out", str(taken)])
        assert done.exit_code == 2
        assert why in done.output


def test_the_picture_shows_every_task(simulated: Report) -> None:
    axes = figures.survival(simulated).axes
    assert len(axes) == 4
    names = [label.get_text() for label in axes[0].get_yticklabels()]
    assert names == [row.name for row in simulated.tasks] + ["all"]
