"""The report of an audit, and the audit itself: rows in, a report out."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np
from jaxtyping import Int

from qagen.audit import copies, forest, models, rows, scores, tables, telling
from qagen.audit.copies import Copies
from qagen.audit.models import Blind, Progress
from qagen.audit.rows import Row
from qagen.audit.scores import Score
from qagen.audit.tables import FOLDS, Tables
from qagen.audit.telling import Tell
from qagen.schema.record import Record


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One model and its scores over all rows and for each task."""

    model: str
    meaning: str
    scores: dict[str, Score]
    """By task; `all` for all rows."""
    telling: tuple[Tell, ...]
    """The strongest hints at answers; empty when the model is not accused."""

    @property
    def accused(self) -> bool:
        """Whether any of its gains exceeds luck."""
        return any(score.accused for score in self.scores.values())


class Best(msgspec.Struct, frozen=True, kw_only=True):
    """The best model of a task."""

    model: str
    score: Score


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The result of an audit: how well questions can be answered without the videos."""

    rows: int
    clips: int
    folds: int
    splits: dict[str, int]
    tasks: dict[str, int]
    left_out: dict[str, int]
    """Rows that could not be audited, by reason."""
    forest: bool
    """Whether scikit-learn was installed, so that the forest was tried."""
    false_alarms: float
    """Upper bound on the share of clean data sets with any model accused."""
    findings: tuple[Finding, ...]
    best: dict[str, Best]
    """The model with the highest score, by task; `all` for all rows."""
    copies: Copies

    @property
    def accused(self) -> tuple[Finding, ...]:
        """The models whose gains exceed luck."""
        return tuple(finding for finding in self.findings if finding.accused)


def audit(
    asked: Sequence[Row],
    *,
    folds: int = FOLDS,
    left_out: Mapping[str, int] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Tries every blind model on every row, by folds of clips, and looks for copies.

    >>> asked = [
    ...     Row(clip=f"{n}", question="Up?", options=("No", "Yes"), answer_index=int(n % 9 > 0))
    ...     for n in range(90)
    ... ]
    >>> report = audit(asked)
    >>> report.best["all"].score.accuracy > 0.8, bool(report.accused)
    (True, True)
    """
    found = tables.build(asked, folds=folds)
    suspects = models.look(found)
    with_forest = forest.available()
    looks = len(models.names(suspects, with_forest=with_forest)) * len(scores.groups(found))
    findings = []
    for blind in models.try_all(found, suspects, with_forest=with_forest, progress=progress):
        by_group = {
            name: _score(found, blind, among, looks) for name, among in scores.groups(found)
        }
        accused = any(score.accused for score in by_group.values())
        tells = telling.of(found, suspects, blind.name) if accused else ()
        findings.append(
            Finding(model=blind.name, meaning=blind.meaning, scores=by_group, telling=tells)
        )
    return Report(
        rows=len(asked),
        clips=int(found.clip.max()) + 1,
        folds=found.folds,
        splits=_counted(row.split for row in asked),
        tasks=_counted(row.task for row in asked),
        left_out=dict(left_out or {}),
        forest=with_forest,
        false_alarms=scores.FALSE_ALARMS,
        findings=tuple(findings),
        best={name: _best(findings, name) for name, _ in scores.groups(found)},
        copies=copies.find(asked),
    )


def _score(tables: Tables, blind: Blind, among: Int[np.ndarray, " chosen"], looks: int) -> Score:
    return scores.measure(tables, blind.credit, among=among, looks=looks, by_half=blind.by_half)


def _counted(values: Iterable[str]) -> dict[str, int]:
    names, counts = np.unique([value or "none" for value in values], return_counts=True)
    return {str(name): int(count) for name, count in zip(names, counts, strict=True)}


def _best(findings: Sequence[Finding], group: str) -> Best:
    best = max(findings, key=lambda finding: finding.scores[group].points)
    return Best(model=best.model, score=best.scores[group])


def best_blind(
    records: Iterable[Record | Row], *, folds: int = FOLDS, with_forest: bool | None = None
) -> dict[str, Best]:
    """The best blind model of each task with options, and of `all`.

    `with_forest` adds the slow forest; by default where scikit-learn is installed.

    >>> asked = [
    ...     Row(clip=f"{n}", task="existence", question="", options=("No", "Yes"),
    ...         answer_index=0)
    ...     for n in range(50)
    ... ]
    >>> best_blind(asked)["existence"].score.points
    100.0
    """
    asked = [
        one if isinstance(one, Row) else rows.from_record(one)
        for one in records
        if isinstance(one, Row) or not one.is_text
    ]
    found = tables.build(asked, folds=folds)
    wanted = forest.available() if with_forest is None else with_forest
    return best_of(found, list(models.try_all(found, models.look(found), with_forest=wanted)))


def best_of(tables: Tables, blinds: Sequence[Blind]) -> dict[str, Best]:
    """The best of the given models by task, and for `all`.

    >>> asked = [Row(clip=c, question="", options=("a", "b"), answer_index=0) for c in "xy"]
    >>> made = tables.build(asked)
    >>> best_of(made, list(models.try_all(made, models.look(made), with_forest=False)))["all"].model
    'letter'
    """
    groups = scores.groups(tables)
    looks = len(blinds) * len(groups)
    best = {}
    for name, among in groups:
        gains = [float((blind.credit - tables.chance)[among].sum()) for blind in blinds]
        blind = blinds[int(np.argmax(np.round(gains, 9)))]
        score = _score(tables, blind, among, looks)
        best[name] = Best(model=blind.name, score=score)
    return best
