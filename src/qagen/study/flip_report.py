"""The counts and the report of a study of surviving answers, as plain data.

Answers about one clip share its errors, so they are not independent trials: intervals use a smaller
effective number, by the ratio of the variance between clips to that of independent answers (the
design effect).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal

import msgspec

from kinematics import output
from qagen.schema.question import Candidate, Question
from qagen.schema.suite import HUMANMOVE, tasks_of
from qagen.study.stats import Table

SCHEMA_VERSION = 1

Sort = Literal["all", "certified"]

NORMAL: float = 1.96
"""Standard deviations of a 95 % interval."""

BANDS: tuple[float, ...] = (1.0, 1.5, 2.0, 3.0, 5.0)
"""Lower bounds of the classes of margins, in tie bands of the rule; no margin is below 1."""


class Tries(msgspec.Struct, kw_only=True):
    """Answers tried on estimates of one clip."""

    tries: int = 0
    flips: int = 0
    """Different answers, and missing answers where there was one."""
    gone: int = 0
    """Flips to no answer at all: the movement in question was not detected."""

    def add(self, answers: Iterable[str], *, key: str) -> None:
        """Counts the answers to one question."""
        for answer in answers:
            self.tries += 1
            self.flips += answer != key
            self.gone += not answer


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """A share of answers that flip, with its 95 % interval."""

    questions: int
    tries: int
    flips: int
    gone: int
    share: float
    low: float
    high: float


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One task, rule or band of margins, before and after certification."""

    name: str
    all: Rate
    certified: Rate

    @property
    def kept(self) -> float:
        """The share of questions that were certified."""
        return self.certified.questions / self.all.questions if self.all.questions else 0.0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `qagen survive`."""

    schema_version: int = SCHEMA_VERSION
    errors: str
    """The error model or tracker that the answers were tried under."""
    certified_for: str
    copies: int
    least: float
    clips: int
    unmatched: int
    """Clips of ground truth without an estimate."""
    unreadable: int
    questions: int
    total: Row
    tasks: tuple[Row, ...]
    margins: tuple[Row, ...]
    by_task_and_margin: dict[str, tuple[Row, ...]]
    rules: tuple[Row, ...]


class Ledger:
    """Counts by clip and group; a group is a task, a rule or a band of margins."""

    def __init__(self) -> None:
        self._tries: dict[tuple[str, Sort], dict[str, Tries]] = {}
        self._questions: dict[tuple[str, Sort], int] = {}

    def add(
        self, clip: str, question: Candidate | Question, answers: Sequence[str], *, certified: bool
    ) -> None:
        """Adds a question with its answers on the estimates of its clip."""
        band = band_of(question)
        task = question.category
        groups = ("all", task, f"margin {band}", f"{task}/margin {band}")
        sorts: tuple[Sort, ...] = ("all", "certified") if certified else ("all",)
        for group in (*groups, f"rule {question.ask.rule}"):
            for sort in sorts:
                key = (group, sort)
                self._questions[key] = self._questions.get(key, 0) + 1
                clips = self._tries.setdefault(key, {})
                clips.setdefault(clip, Tries()).add(answers, key=question.key.code)

    def row(self, group: str, *, name: str = "") -> Row:
        """The rates of a group."""
        return Row(
            name=name or group,
            all=self._rate(group, "all"),
            certified=self._rate(group, "certified"),
        )

    def _rate(self, group: str, sort: Sort) -> Rate:
        tries = self._tries.get((group, sort), {})
        return rate(tries, questions=self._questions.get((group, sort), 0))

    @property
    def rules(self) -> list[str]:
        """The names of the rules with questions, sorted."""
        groups = {group for group, _ in self._questions}
        return sorted(group.removeprefix("rule ") for group in groups if group.startswith("rule "))


def band_of(question: Candidate | Question) -> str:
    """The class of a question's margin, in tie bands of its rule: `1 to 1.5`, ..., `from 5`."""
    bands = question.margin.value / question.margin.band if question.margin.band else BANDS[-1]
    return band_names()[max(sum(bands >= edge for edge in BANDS) - 1, 0)]


def band_names() -> list[str]:
    """The classes of margins, from the narrowest.

    >>> band_names()[0], band_names()[-1]
    ('1 to 1.5', 'from 5')
    """
    ends = [f"{low:g} to {high:g}" for low, high in pairwise(BANDS)]
    return [*ends, f"from {BANDS[-1]:g}"]


def rate(clips: Mapping[str, Tries], *, questions: int) -> Rate:
    """The share of flips over clips, with Wilson's interval for the effective number of tries.

    >>> clips = {str(clip): Tries(tries=10, flips=clip % 2) for clip in range(50)}
    >>> found = rate(clips, questions=100)
    >>> found.share, round(found.low, 3), round(found.high, 3)
    (0.05, 0.034, 0.073)
    """
    tries = sum(one.tries for one in clips.values())
    flips = sum(one.flips for one in clips.values())
    share = flips / tries if tries else 0.0
    low, high = _wilson(share, _independent(clips, share, tries))
    return Rate(
        questions=questions,
        tries=tries,
        flips=flips,
        gone=sum(one.gone for one in clips.values()),
        share=round(share, 6),
        low=round(low, 6),
        high=round(high, 6),
    )


def _independent(clips: Mapping[str, Tries], share: float, tries: int) -> float:
    """The effective number of independent tries; one for each clip where all answers agree."""
    count = len(clips)
    if count < 2 or not 0 < share < 1:
        return float(min(count, tries))
    spread = math.fsum((one.flips - share * one.tries) ** 2 for one in clips.values())
    variance = spread * count / (count - 1) / tries**2
    return min(share * (1 - share) / variance, float(tries)) if variance else float(tries)


def _wilson(share: float, tries: float) -> tuple[float, float]:
    if tries <= 0:
        return 0.0, 1.0
    square = NORMAL * NORMAL / tries
    middle = (share + square / 2) / (1 + square)
    half = NORMAL * math.sqrt(share * (1 - share) / tries + square / tries / 4) / (1 + square)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def tables(report: Report) -> list[Table]:
    """The tables that `qagen survive` prints."""
    return [
        _table("Answers that flip, by task", [*report.tasks, report.total]),
        _table("Answers that flip, by margin in tie bands of the rule", report.margins),
    ]


def _table(title: str, rows: Sequence[Row]) -> Table:
    headings = (
        "", "questions", "flip", "95 %", "certified", "kept", "certified flip", "certified 95 %",
    )  # fmt: skip
    return Table(title, headings, [_cells(row) for row in rows])


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.name,
        f"{row.all.questions:,}",
        *_shown(row.all),
        f"{row.certified.questions:,}",
        f"{row.kept:.0%}" if row.all.questions else "",
        *_shown(row.certified),
    )


def _shown(rate: Rate) -> tuple[str, str]:
    if not rate.tries:
        return "", ""
    return f"{rate.share:.2%}", f"{rate.low:.2%} to {rate.high:.2%}"


def summary(report: Report) -> str:
    """The extent and errors of the study, in two sentences."""
    return (
        f"{report.questions:,} questions about {report.clips:,} clips, answered again under "
        f"{report.errors}. Certified: at least {report.least:.0%} of {report.copies} copies with "
        f"errors of {report.certified_for} agree, at 95 % confidence."
    )


def markdown(report: Report) -> str:
    """The report in Markdown."""
    lines = ["# Which answers survive", "", summary(report), ""]
    if report.unmatched or report.unreadable:
        lines += [
            f"{report.unmatched} clips have no estimate; {report.unreadable} files could not be "
            "read.",
            "",
        ]
    for table in tables(report):
        lines += [f"## {table.title}", "", _line(table.headings), _line(["---"] * 8)]
        lines += [*(_line(row) for row in table.rows), ""]
    lines += [
        "A flip is another answer, or none where the movement that is asked about was not found. "
        "Intervals count answers about one clip as fewer than they are, since they share its "
        "errors; where nothing flips, as one a clip.",
        "",
    ]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def check_folder(folder: Path, inputs: Sequence[Path] = ()) -> None:
    """Raises `ValueError` unless a folder is new, empty, or holds an earlier report."""
    own = (folder / "survive.json").is_file()
    output.check_folder(folder, own=own, command="qagen survive", inputs=inputs)


def write(report: Report, folder: Path) -> list[Path]:
    """Writes `survive.json` and `survive.md`, each atomically; returns their paths."""
    check_folder(folder)
    texts = {
        "survive.json": msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n",
        "survive.md": markdown(report).encode(),
    }
    for name, data in texts.items():
        output.write_bytes(folder / name, data)
    return [folder / name for name in texts]


def report(ledger: Ledger, **told: object) -> Report:
    """The report on a ledger; `told` gives the fields that it does not hold."""
    bands = band_names()
    names = tuple(tasks_of([HUMANMOVE]))
    total = ledger.row("all")
    return Report(
        questions=total.all.questions,
        total=total,
        tasks=tuple(ledger.row(name) for name in names),
        margins=tuple(ledger.row(f"margin {band}", name=band) for band in bands),
        by_task_and_margin={
            name: tuple(ledger.row(f"{name}/margin {band}", name=band) for band in bands)
            for name in names
        },
        rules=tuple(ledger.row(f"rule {rule}", name=rule) for rule in ledger.rules),
        **told,  # type: ignore[arg-type]
    )
