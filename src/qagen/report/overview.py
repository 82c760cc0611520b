"""The first page of a report: contents and balance of a data set, and omitted questions.

The file is long because of the fields and their meanings.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from qagen.audit.report import Report
from qagen.dataset.balance import Evenness, evenness
from qagen.dataset.splits import SPLITS
from qagen.report.lanes import Lane
from qagen.report.predictions import Predictions
from qagen.report.rows import NO_ANSWER, NOT_ASKED, NOT_SCORED, RIGHT, WRONG, outcome
from qagen.schema.record import LETTERS, Record
from qagen.schema.suite import tasks_of
from qagen.study.stats import Statistics, spread


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One task of questions."""

    name: str
    suite: str
    splits: list[int]
    chance: float | None
    majority: float | None
    families: list[tuple[str, int]]
    rejected: list[tuple[str, int]]


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of labels, and the p-value that they are even."""

    name: str
    labels: list[str]
    counts: list[int]
    p: float


class Certified(msgspec.Struct, frozen=True, kw_only=True):
    """What certificates say of a task."""

    name: str
    rows: int
    certified: int
    agreement: float
    least: float
    sound: int | None
    """Number of sound questions before certification, if the manifest has it."""
    survived: int | None
    """Number of those that were certified, before any selection."""


class Blind(msgspec.Struct, frozen=True, kw_only=True):
    """What a build did to a task so that no blind model knows much of it."""

    name: str
    model: str
    before: float
    """Points above chance of the best blind model."""
    after: float
    kept: float
    note: str


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """Results of a file of predictions; `score` is 0 for guessing and 100 for all correct."""

    name: str
    right: int
    wrong: int
    unanswered: int
    unasked: int
    texts: int
    """Replies of free text, which no letter scores."""
    score: float | None
    scores: list[float | None]
    """By task."""


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """All data that the page needs before a question is opened."""

    title: str
    total: int
    clips: int
    minutes: float
    groups: int
    splits: list[str]
    sides: list[tuple[str, int, int, int]]
    """Name, groups, clips, questions."""
    tasks: list[Task]
    families: list[str]
    margins: tuple[float, ...]
    letters: list[Balance]
    ranks: list[Balance]
    answers: list[Balance]
    motions: list[tuple[str, list[str]]]
    movements: list[tuple[str, int]]
    withheld: list[tuple[str, int]]
    unreadable: int
    audit: Report | None
    blind: list[Blind]
    error_models: list[str]
    certificates: list[Certified]
    models: list[Model]
    made: list[tuple[str, str]]
    list_starts: list[int]
    question_starts: list[int]
    clip_starts: list[int]
    clip_names: list[str]
    lanes: tuple[Lane, ...]
    has_videos: bool


class Tallies:
    """What is counted over rows for the overview, beside what `stats` counts."""

    def __init__(self, models: Sequence[Predictions], tasks: Sequence[str]) -> None:
        self._models, self._tasks = models, tasks
        self._outcomes: list[Counter[tuple[str, str]]] = [Counter() for _ in models]
        self._gains: list[defaultdict[str, list[float]]] = [defaultdict(list) for _ in models]
        self._agreements: defaultdict[str, list[float]] = defaultdict(list)
        self._error_models: set[str] = set()
        self._rows: Counter[str] = Counter()

    def add(self, row: Record) -> str:
        """Counts one row; gives what became of it, a character for each model."""
        self._rows[row.task] += 1
        if row.certificate is not None:
            self._agreements[row.task].append(row.certificate.agreement)
            copies = row.certificate.copies
            how = f"{copies} copies" if copies else "no copies where the margin is beyond its reach"
            self._error_models.add(f"{row.certificate.model}, {how}")
        outcomes = ""
        for number, model in enumerate(self._models):
            one = outcome(row, model.answers.get(row.id))
            outcomes += one
            self._outcomes[number][row.task, one] += 1
            if one in (RIGHT, WRONG, NO_ANSWER):
                gain = ((one == RIGHT) - row.chance) / (1 - row.chance)
                self._gains[number][row.task].append(gain)
        return outcomes

    @property
    def error_models(self) -> list[str]:
        """The error models of the certificates."""
        return sorted(self._error_models)

    def certificates(self, tried: Mapping[str, tuple[int, int]]) -> list[Certified]:
        """Certificates by task; none when no row has one.

        `tried` says how many questions of a task were sound, and how many of them certified.
        """
        return [
            Certified(
                name=name,
                rows=self._rows[name],
                certified=len(agreements),
                agreement=round(math.fsum(agreements) / len(agreements), 4),
                least=round(min(agreements), 4),
                sound=tried[name][0] if name in tried else None,
                survived=tried[name][1] if name in tried else None,
            )
            for name in self._tasks
            if (agreements := self._agreements[name])
        ]

    def models(self) -> list[Model]:
        """Every file of predictions: counts, and points above chance by task and as a mean."""
        made = []
        for model, outcomes, gains in zip(self._models, self._outcomes, self._gains, strict=True):
            counts: Counter[str] = Counter()
            for (_, one), count in outcomes.items():
                counts[one] += count
            scores = [_points(gains[name]) for name in self._tasks]
            there = [score for score in scores if score is not None]
            made.append(
                Model(
                    name=model.name,
                    right=counts[RIGHT],
                    wrong=counts[WRONG],
                    unanswered=counts[NO_ANSWER],
                    unasked=counts[NOT_ASKED],
                    texts=counts[NOT_SCORED],
                    score=round(math.fsum(there) / len(there), 1) if there else None,
                    scores=scores,
                )
            )
        return made


def _points(gains: Sequence[float]) -> float | None:
    return round(100 * math.fsum(gains) / len(gains), 1) if gains else None


def tasks(statistics: Statistics) -> list[Task]:
    """Counts, chance, families and rejections of each task."""
    return [
        Task(
            name=name,
            suite=suite.name,
            splits=[statistics.questions[name][split] for split in SPLITS],
            chance=_rounded(statistics.chance.get(name)),
            majority=_rounded(statistics.majority.get(name)),
            families=_ranked(statistics.families.get(name, {})),
            rejected=_ranked(statistics.manifest.rejections.get(name, {})),
        )
        for suite in statistics.manifest.suites
        for name in tasks_of([suite])
    ]


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _ranked(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """The most frequent first; ties in alphabetical order."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def letters(evenness_of: Mapping[str, Evenness]) -> list[Balance]:
    """How often each letter is right."""
    return [
        Balance(
            name=name, labels=list(LETTERS[: len(even.counts)]), counts=[*even.counts], p=even.p
        )
        for name, even in evenness_of.items()
    ]


def ranks(evenness_of: Mapping[str, Evenness]) -> list[Balance]:
    """How often the right number is the lowest of the options, the second lowest, ..."""
    return [
        Balance(
            name=name,
            labels=[str(rank) for rank in range(1, len(even.counts) + 1)],
            counts=[*even.counts],
            p=even.p,
        )
        for name, even in evenness_of.items()
    ]


def answers(
    counts_of: Mapping[str, Mapping[str, int]], offered: Mapping[str, int]
) -> list[Balance]:
    """How often each answer is right, for the rules that always offer the same answers.

    >>> counts = {"ever": {"no": 4, "yes": 4}, "next": {"left": 2, "right": 1, "up": 3}}
    >>> [balance.name for balance in answers(counts, {"ever": 2, "next": 2})]
    ['ever']
    """
    return [
        Balance(
            name=rule,
            labels=[name.replace("_", " ") for name in counts],
            counts=[*counts.values()],
            p=evenness([*counts.values()]).p,
        )
        for rule, counts in counts_of.items()
        if 1 < len(counts) <= offered[rule]
    ]


def tried(manifest: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """Sound questions by task and how many were certified, as far as a manifest says so.

    >>> tried({"certified": {"ordering": [9, 7, 3]}}), tried({})
    ({'ordering': (9, 7)}, {})
    """
    return {
        name: (sound, kept) for name, (sound, kept, *_) in manifest.get("certified", {}).items()
    }


def blind(manifest: Mapping[str, Any]) -> list[Blind]:
    """What was done against blind models, task by task, as far as a manifest says so.

    >>> score = {"model": "letter", "questions": 9, "points": 8.0}
    >>> done = {"before": {"all": score}, "after": {"all": score | {"points": 2.0}}}
    >>> [(effect.name, effect.before, effect.after) for effect in blind({"blind": done})]
    [('all', 8.0, 2.0)]
    >>> blind({})
    []
    """
    done = manifest.get("blind") or {}
    notes = done.get("unreachable", {}) | done.get("unsure", {})
    return [
        Blind(
            name=name,
            model=before["model"],
            before=before["points"],
            after=done["after"][name]["points"],
            kept=done.get("kept", {}).get(name, 1.0),
            note=notes.get(name, ""),
        )
        for name, before in done.get("before", {}).items()
        if name in done.get("after", {})
    ]


def motions(statistics: Statistics) -> list[tuple[str, list[str]]]:
    """Distributions over motions: minimum, quartiles and maximum."""
    turns = [math.degrees(turn) for turn in statistics.turns_rad]
    quantities = (
        ("duration", statistics.durations_s, "{:.1f} s"),
        ("path", statistics.paths_m, "{:.2f} m"),
        ("turning", turns, "{:.0f}°"),
        ("seen", statistics.coverages, "{:.0%}"),
    )
    return [
        (name, [form.format(value) for value in spread(values)])
        for name, values, form in quantities
    ]


def made(statistics: Statistics) -> list[tuple[str, str]]:
    """Provenance of the data set, as pairs of names and values."""
    manifest = statistics.manifest
    recipe: Mapping[str, Any] = manifest.recipe
    pairs = [(name, version) for name, version in manifest.made_with.items()]
    pairs += [
        ("rules", manifest.rules),
        ("thresholds", ", ".join(manifest.thresholds)),
        ("input digest", manifest.inputs.digest),
    ]
    shown = {name: value for name, value in recipe.items() if name != "tasks"}
    pairs += [(name.replace("_", " "), _said(value)) for name, value in shown.items()]
    return pairs


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_said(part)}" for name, part in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_said(part) for part in value)
    return "all" if value is None else str(value)
