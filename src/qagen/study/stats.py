"""Statistics of a data set, as a paper would print them, counted from its rows."""

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from qagen.build.tally import Tally
from qagen.dataset import layout
from qagen.dataset.balance import Evenness, evenness
from qagen.dataset.layout import Clip, Manifest
from qagen.dataset.splits import SPLITS, Split
from qagen.schema.record import LETTERS
from qagen.schema.suite import Suite, tasks_of

CHANCE_BAND = 0.05
"""Excess of a majority over chance that deserves attention."""


class Spread(NamedTuple):
    """The distribution of a quantity over clips."""

    least: float
    lower: float
    median: float
    upper: float
    most: float


class Table(NamedTuple):
    """Rows of text under headings; the first column holds words, the others numbers."""

    title: str
    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """All statistics of a data set."""

    manifest: Manifest
    total: int
    questions: dict[str, dict[Split, int]]
    families: dict[str, dict[str, int]]
    letters: dict[str, Evenness]
    ranks: dict[str, Evenness]
    answers: dict[str, dict[str, int]]
    offered: dict[str, int]
    """The most options that the questions of each rule have."""
    chance: dict[str, float]
    majority: dict[str, float]
    subjects: int
    takes: int
    groups: int
    with_joints: int
    movements: dict[str, int]
    shapes: dict[str, int]
    durations_s: tuple[float, ...]
    paths_m: tuple[float, ...]
    turns_rad: tuple[float, ...]
    coverages: tuple[float, ...]


def of(folder: Path | str) -> Statistics:
    """The statistics of a data set; raises `ValueError` when its files have changed since.

    >>> of("/nowhere")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: /nowhere: no manifest.json; ...
    """
    manifest = layout.read_manifest(folder)
    layout.check_files(folder, manifest)
    tally = Tally()
    sides: defaultdict[str, Counter[Split]] = defaultdict(Counter)
    chances: defaultdict[str, list[float]] = defaultdict(list)
    for split, row in layout.rows(folder):
        tally.add_record(row)
        sides[row.task][split] += 1
        if not row.is_text:
            chances[row.task].append(row.chance)
    clips = list(layout.clips(folder))
    names = tasks_of(manifest.suites)
    families, majority = tally.families(), tally.majority()
    return Statistics(
        manifest=manifest,
        total=tally.total,
        questions={c: {split: sides[c][split] for split in SPLITS} for c in names},
        families={c: families.get(c, {}) for c in names},
        letters=tally.letters(),
        ranks=tally.ranks(),
        answers=tally.answers(),
        offered=tally.offered(),
        chance={c: math.fsum(chances[c]) / len(chances[c]) for c in names if chances[c]},
        majority={c: majority[c] for c in names if c in majority},
        subjects=len({clip.subject for clip in clips if clip.subject}),
        takes=len({clip.take for clip in clips}),
        groups=len({clip.group for clip in clips}),
        with_joints=sum(clip.has_joints for clip in clips),
        movements=_summed(clip.movements for clip in clips),
        shapes=dict(Counter(clip.shape for clip in clips).most_common()),
        **_measured(clips),
    )


def _measured(clips: Sequence[Clip]) -> dict[str, tuple[float, ...]]:
    return {
        "durations_s": tuple(clip.duration_s for clip in clips),
        "paths_m": tuple(clip.path_m for clip in clips),
        "turns_rad": tuple(clip.turn_rad for clip in clips),
        "coverages": tuple(clip.coverage for clip in clips),
    }


def _summed(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(total.most_common())


def spread(values: Sequence[float]) -> Spread:
    """Minimum, quartiles and maximum; zeros without values.

    >>> spread([1.0, 2.0, 3.0, 4.0, 5.0])
    Spread(least=1.0, lower=2.0, median=3.0, upper=4.0, most=5.0)
    """
    if len(values) < 2:
        return Spread(*[values[0] if values else 0.0] * 5)
    lower, middle, upper = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(min(values), lower, middle, upper, max(values))


def tables(stats: Statistics) -> list[Table]:
    """The tables that `qagen stats` prints."""
    return [
        _sides(stats),
        _tasks(stats),
        _families(stats),
        _evenness(stats),
        _motions(stats),
        *([_certified(stats)] if stats.manifest.certified else []),
        *_blind(stats),
        _left_out(stats),
    ]


def _sides(stats: Statistics) -> Table:
    sides = stats.manifest.splits
    rows: list[tuple[str, ...]] = [
        (split, f"{side.groups:,}", f"{side.clips:,}", f"{side.questions:,}")
        for split, side in sides.items()
    ]
    total = [
        sum(getattr(side, n) for side in sides.values()) for n in ("groups", "clips", "questions")
    ]
    rows.append(("all", *(f"{count:,}" for count in total)))
    return Table("Splits", ("split", "groups", "clips", "questions"), rows)


def _tasks(stats: Statistics) -> Table:
    """Majority is the accuracy of giving each stem's most frequent answer."""
    rows = []
    for task, counts in stats.questions.items():
        total = sum(counts.values())
        rows.append(
            (
                task,
                f"{total:,}",
                f"{total / stats.total:.1%}" if stats.total else "",
                *(f"{counts[split]:,}" for split in SPLITS),
                _percent(stats.chance.get(task)),
                _percent(stats.majority.get(task)),
            )
        )
    if len(stats.manifest.suites) > 1:
        rows += [_suite(stats, suite) for suite in stats.manifest.suites]
    headings = ("task", "questions", "share", *SPLITS, "chance", "stem majority")
    return Table("Questions by task", headings, rows)


def _suite(stats: Statistics, suite: Suite) -> tuple[str, ...]:
    """All tasks of one suite together."""
    sides = [sum(stats.questions[name][split] for name in tasks_of([suite])) for split in SPLITS]
    total = sum(sides)
    share = f"{total / stats.total:.1%}" if stats.total else ""
    return (f"all of {suite.name}", f"{total:,}", share, *(f"{n:,}" for n in sides), "", "")


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _families(stats: Statistics) -> Table:
    rows = [
        (f"{task}: {family}", f"{count:,}")
        for task, families in stats.families.items()
        for family, count in sorted(families.items(), key=lambda item: (-item[1], item[0]))
    ]
    return Table("Questions by family", ("family", "questions"), rows)


def _evenness(stats: Statistics) -> Table:
    rows = []
    for name, even in stats.letters.items():
        rows.append((f"letter, {name}", *_counted(LETTERS, even)))
    for name, even in stats.ranks.items():
        rows.append((f"rank of the key, {name}", *_counted("12345678", even)))
    for rule, counts in stats.answers.items():
        if 1 < len(counts) <= stats.offered[rule]:
            rows.append((f"answer, {rule}", *_counted(tuple(counts), evenness([*counts.values()]))))
    return Table("Balance", ("", "counts", "chi-square", "p"), rows)


def _counted(names: Sequence[str], even: Evenness) -> tuple[str, str, str]:
    counts = "  ".join(f"{name} {n:,}" for name, n in zip(names, even.counts, strict=False))
    return counts, f"{even.chi_square:.2f}", f"{even.p:.3f}"


def _motions(stats: Statistics) -> Table:
    degrees = [math.degrees(turn) for turn in stats.turns_rad]
    quantities = (
        ("duration (s)", stats.durations_s, "{:.1f}"),
        ("path (m)", stats.paths_m, "{:.2f}"),
        ("turning (°)", degrees, "{:.0f}"),
        ("seen (share)", stats.coverages, "{:.2f}"),
    )
    rows = [
        (name, *(form.format(value) for value in spread(values)))
        for name, values, form in quantities
    ]
    return Table(
        "Motions", ("quantity", "least", "quarter", "median", "three quarters", "most"), rows
    )


def _certified(stats: Statistics) -> Table:
    """The yield of certification among all sound questions, before any selection."""
    rows = []
    for task, one in stats.manifest.certified.items():
        share = f"{one.certified / one.asked:.1%}" if one.asked else ""
        rows.append((task, f"{one.asked:,}", f"{one.certified:,}", share, f"{one.by_margin:,}"))
    wanted = stats.manifest.recipe["certify"]
    title = (
        f"Certified: at least {wanted['least']:.0%} of copies agree, {wanted['copies']} copies, "
        f"errors of {wanted['model']['name']}"
    )
    return Table(title, ("task", "sound", "certified", "share", "by margin"), rows)


def _blind(stats: Statistics) -> list[Table]:
    """Scores of the best blind model before and after withholding, where the recipe bounds it."""
    blind = stats.manifest.blind
    if blind is None:
        return []
    rows = [
        (
            task, f"{blind.before[task].points:.1f}", blind.before[task].model,
            f"{after.points:.1f}", after.model, f"{blind.kept[task]:.1%}",
            "out of reach" if task in blind.unreachable else
            "perhaps luck" if task in blind.unsure else "",
        )
        for task, after in blind.after.items() if task in blind.kept
    ]  # fmt: skip
    title = f"Points above chance of the best blind model, at most {100 * blind.max_blind:g}"
    headings = ("task", "before", "model", "after", "model", "kept", "")
    return [Table(title, headings, rows)]


def _left_out(stats: Statistics) -> Table:
    manifest = stats.manifest
    rows = [(f"withheld: {reason}", f"{count:,}") for reason, count in manifest.withheld.items()]
    reasons: Counter[str] = Counter()
    for counts in manifest.rejections.values():
        reasons.update(counts)
    rows += [(f"rejected: {reason}", f"{count:,}") for reason, count in reasons.most_common()]
    if manifest.inputs.unreadable_files:
        rows.append(("files that could not be read", f"{manifest.inputs.unreadable_files:,}"))
    return Table("Not in the data set", ("why", "questions"), rows)


def summary(stats: Statistics) -> str:
    """One line above the tables."""
    inputs = stats.manifest.inputs
    return (
        f"{stats.total:,} questions about {inputs.clips:,} clips, {inputs.minutes:,.1f} minutes; "
        f"{stats.groups:,} groups, {stats.takes:,} takes, "
        f"{stats.subjects or 'no known'} subjects; {stats.with_joints:,} clips with joints; "
        f"{stats.manifest.alike:,} recordings alike an earlier one"
    )
