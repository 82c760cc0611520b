"""An audit's report as a summary line, tables, remarks and a JSON file."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from kinematics import output
from qagen.audit import load, report
from qagen.audit.models import Progress
from qagen.audit.report import Best, Finding, Report
from qagen.audit.scores import LEAST_POINTS

MOST_CHARACTERS = 100
"""Longer descriptions of hints are cut."""

MOST_MODELS = 8


class Table(NamedTuple):
    """Rows of text under headings; the first column holds words, the others numbers."""

    title: str
    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def audited(
    path: Path | str, *, folds: int, split: str = "", progress: Progress | None = None
) -> Report:
    """The audit of the data set at a path; of only one side of its split where that is named.

    >>> audited("/nowhere", folds=5)
    Traceback (most recent call last):
    ...
    ValueError: /nowhere: no such file or folder
    """
    rows, left_out = load.read(path)
    sides = sorted({row.split for row in rows})
    if split:
        rows = [row for row in rows if row.split == split]
        if not rows:
            raise ValueError(f"{path}: no rows of the side {split}; there are {', '.join(sides)}")
    return report.audit(rows, folds=folds, left_out=left_out, progress=progress)


def write(report: Report, path: Path | str) -> None:
    """Writes a report as JSON, atomically."""
    data = msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"
    output.write_bytes(Path(path), data)


def summary(report: Report) -> str:
    """The number of questions and the verdict, in a line.

    >>> from qagen.audit.rows import Row
    >>> asked = [
    ...     Row(clip=f"{n}", question="Up?", options=("Yes", "No"), answer_index=0)
    ...     for n in range(99)
    ... ]
    >>> summary(report.audit(asked)).partition(":")[0]
    '99 questions about 99 clips in 5 folds'
    """
    best = report.best["all"]
    verdict = (
        f"{len(report.accused)} of {len(report.findings)} blind models are above chance by more "
        f"than luck; the best, “{best.model}”, by {best.score.points:.1f} points"
        if report.accused
        else f"none of {len(report.findings)} blind models is above chance by more than luck"
    )
    return (
        f"{report.rows:,} questions about {report.clips:,} clips in {report.folds} folds: {verdict}"
    )


def tables_of(report: Report) -> list[Table]:
    """The best model by task, all models, and the strongest hints."""
    shown = sorted(
        report.findings, key=lambda finding: -max(s.points for s in finding.scores.values())
    )
    tables = [
        Table(
            "Best blind model",
            ("task", "questions", "accuracy", "95 %", "chance", "points", "luck", "model"),
            [_best(name, best) for name, best in report.best.items()],
        ),
        Table(
            "All blind models, in points above chance (* more than luck)",
            ("model", *report.best),
            [_points(finding, report) for finding in shown],
        ),
    ]
    tells = [
        (_cut(tell.what), finding.model, f"{tell.offered}", f"{tell.right:.0%}",
         f"{tell.expected:.0%}")
        for finding in shown[:MOST_MODELS]
        for tell in finding.telling
    ]  # fmt: skip
    if tells:
        headings = ("what gives answers away", "model", "offered", "right", "expected")
        tables.append(Table("What tells most", headings, list(dict.fromkeys(tells))))
    return tables


def _best(name: str, best: Best) -> tuple[str, ...]:
    score = best.score
    mark = "*" * score.accused
    return (
        name, f"{score.rows:,}", f"{score.accuracy:.1%}", f"{score.low:.1%}–{score.high:.1%}",
        f"{score.chance:.1%}", f"{score.points:.1f}{mark}", f"{score.luck:.1g}", best.model,
    )  # fmt: skip


def _points(finding: Finding, report: Report) -> tuple[str, ...]:
    scores = (finding.scores[name] for name in report.best)
    return finding.model, *(f"{score.points:.1f}{'*' * score.accused}" for score in scores)


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"


def remarks(report: Report) -> list[str]:
    """Remarks: rows left out, copies, overlap between sides of the split, the method.

    >>> from qagen.audit.rows import Row
    >>> asked = [
    ...     Row(clip=f"{n % 9}", question="Up?", options=("Yes", "No"), answer_index=0)
    ...     for n in range(90)
    ... ]
    >>> remarks(report.audit(asked))[0]
    '81 rows repeat an earlier one'
    """
    copies = report.copies
    lines = [f"{n:,} rows left out: {reason}" for reason, n in report.left_out.items()]
    if copies.repeated:
        lines.append(f"{copies.repeated:,} rows repeat an earlier one")
    if copies.repeated_ids:
        lines.append(f"{copies.repeated_ids:,} ids are used again")
    if copies.contradicting:
        lines.append(
            f"{copies.contradicting:,} rows contradict an earlier one, such as "
            f"{copies.contradictions[0]}"
        )
    for kind, count in copies.shared.items():
        if count:
            lines.append(
                f"{count:,} {kind}s on more than one side of the split, such as "
                f"{copies.shared_names[kind][0]}"
            )
    if copies.clips_alike:
        lines.append(
            f"{copies.clips_alike:,} pairs of clips on different sides answer the same questions "
            f"the same way, such as {' and '.join(copies.alike[0])}"
        )
    if len(report.splits) > 1:
        lines.append(
            f"{copies.near:,} rows ({copies.near_share:.0%}) of the smaller sides have the words "
            "and answer of one in the largest"
        )
    if not report.forest:
        lines.append("no random forest was tried; the extra `audit` brings scikit-learn")
    lines.append(
        f"* at most {report.false_alarms:.0%} of clean data sets have any such mark by luck; gains "
        f"below {LEAST_POINTS:g} point are never marked"
    )
    return lines


def above(report: Report, points: float) -> list[str]:
    """The tasks in which a model exceeds `points` by more than luck explains.

    >>> from qagen.audit.rows import Row
    >>> asked = [
    ...     Row(clip=f"{n}", question="Up?", options=("Yes", "No"), answer_index=0)
    ...     for n in range(90)
    ... ]
    >>> above(report.audit(asked), 3.0)
    ['all']
    """
    return [
        name
        for name in report.best
        if any(
            finding.scores[name].accused and finding.scores[name].points > points
            for finding in report.findings
        )
    ]
