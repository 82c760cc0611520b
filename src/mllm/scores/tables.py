"""Tables of a report on runs: for a terminal, and in LaTeX for a paper."""

import math
from collections.abc import Iterator, Sequence

from mllm.scores.score import Part, Report, Score, SuiteScore
from mllm.scores.texts import TextPart
from qagen.schema.record import LETTERS
from qagen.study.stats import Table

_NONE = "–"

_ESCAPES = {"&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "$": r"\$", "{": r"\{", "}": r"\}",
            "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
            "\\": r"\textbackslash{}"}  # fmt: skip


def of(report: Report) -> list[Table]:
    """All tables: the runs side by side, their differences, and each run by itself.

    >>> from mllm.scores import score
    >>> of(score.report([score._example()]))[0].rows[0][:3]
    ('example', '55.6', '-33.3 to 100.0')
    """
    tables = [_beside(report)]
    if report.pairs:
        tables.append(_apart(report))
    for score in report.scores:
        title = f"{score.name}: " if len(report.scores) > 1 else ""
        tables += list(_alone(score, title))
    return tables


def _points(value: float | None, *, digits: int = 1) -> str:
    if value is None or math.isnan(value):
        return _NONE
    return f"{round(value, digits) + 0.0:.{digits}f}"


def _interval(low: float | None, high: float | None) -> str:
    if low is None or high is None or math.isnan(low):
        return _NONE
    return f"{_points(low)} to {_points(high)}"


def _of(score: Score, task: str) -> str:
    part = score.tasks.get(task)
    return _points(part.points if part else None)


def _beside(report: Report) -> Table:
    tasks = report.tasks
    suites = list(dict.fromkeys(name for one in report.scores for name in one.suites))
    suites = suites if len(suites) > 1 else []
    circular = any(one.circular_points is not None for one in report.scores)
    headings = (
        "run", "score", "95 %", *suites, *tasks, "accuracy", "no answer", "right when answered",
    )  # fmt: skip
    rows = [
        (
            one.name, _points(one.points), _interval(one.points_low, one.points_high),
            *(_points(one.suites[name].points if name in one.suites else None) for name in suites),
            *(_of(one, name) for name in tasks),
            _NONE if math.isnan(one.accuracy) else f"{one.accuracy:.1%}", f"{one.silent_share:.1%}",
            _NONE if one.accuracy_answered is None else f"{one.accuracy_answered:.1%}",
            *([_points(one.circular_points)] if circular else []),
        )
        for one in report.scores
    ]  # fmt: skip
    title = "Points above chance by task, and their mean (0 is guessing, 100 all right)"
    return Table(title, (*headings, *(["all rotations"] if circular else [])), rows)


def _apart(report: Report) -> Table:
    rows = [
        (
            pair.name, _points(pair.points), _interval(pair.points_low, pair.points_high),
            f"{pair.only_first:,}", f"{pair.only_other:,}", f"{pair.replies:,}",
        )
        for pair in report.pairs
    ]  # fmt: skip
    headings = ("run", "ahead by", "95 %", "only it", f"only {report.baseline}", "replies of both")
    return Table(f"Against {report.baseline}, question by question", headings, rows)


def _alone(score: Score, title: str) -> Iterator[Table]:
    missing = f", {score.missing:,} replies missing" if score.missing else ""
    replies = f"{score.questions:,} questions about {score.clips:,} clips{missing}"
    for name, parts in (
        (f"by task ({replies})", score.tasks),
        ("by family", score.families),
        ("by how sure the facts are", score.sureness),
        ("by frames seen", score.frames if len(score.frames) > 1 else {}),
    ):
        if parts:
            headings = ("", "replies", "right", "95 %", "chance", "points", "no answer")
            yield Table(f"{title}{name}", headings, [_part(*one) for one in parts.items()])
    if len(score.suites) > 1:
        yield Table(
            f"{title}by suite",
            ("", "tasks", "replies", "right", "points", "95 %"),
            [_suite(*one) for one in score.suites.items()],
        )
    if score.texts:
        headings = ("", "replies", "no text", "scored", "mean", "scorer", "not scored")
        yield Table(f"{title}free text", headings, [_text(*one) for one in score.texts.items()])
    if score.letters:
        yield _letters(score, title)
    if score.silences:
        silences = [(reason, f"{count:,}") for reason, count in score.silences.items()]
        yield Table(f"{title}replies without an answer", ("why", "replies"), silences)


def _letters(score: Score, title: str) -> Table:
    """One row per number of options, one column per letter of the largest number."""
    names = LETTERS[: max(one.options for one in score.letters)]
    rows = [
        (
            f"{one.options}",
            *(f"{one.said[name]:,} / {one.right[name]:,}" if name in one.said else ""
              for name in names),
            f"{one.bias:.1%}",
        )
        for one in score.letters
    ]  # fmt: skip
    return Table(f"{title}letters, said / right", ("options", *names, "bias"), rows)


def _part(name: str, part: Part) -> tuple[str, ...]:
    return (
        name, f"{part.replies:,}", f"{part.accuracy:.1%}", f"{part.low:.1%} to {part.high:.1%}",
        f"{part.chance:.1%}", _points(part.points), f"{part.silent:,}",
    )  # fmt: skip


def _suite(name: str, score: SuiteScore) -> tuple[str, ...]:
    return (
        name, f"{score.tasks}", f"{score.replies:,}", f"{score.accuracy:.1%}",
        _points(score.points), _interval(score.points_low, score.points_high),
    )  # fmt: skip


def _text(name: str, part: TextPart) -> tuple[str, ...]:
    reasons = "; ".join(f"{count:,}: {reason}" for reason, count in part.not_scored.items())
    return (
        name, f"{part.replies:,}", f"{part.silent:,}", f"{part.scored:,}",
        _NONE if part.mean is None else f"{part.mean:.1%}", part.scorer or _NONE, reasons or _NONE,
    )  # fmt: skip


def latex(report: Report) -> str:
    """The runs side by side as a `booktabs` table; the best of each column is bold.

    >>> from mllm.scores import score
    >>> print(latex(score.report([score._example()])).splitlines()[4])
    example & 55.6 & -33.3 to 100.0 & 55.6 \\\\
    """
    tasks = report.tasks
    lines = [
        r"\begin{tabular}{l" + "r" * (len(tasks) + 2) + "}",
        r"\toprule",
        " & ".join(["run", "score", "95\\,\\%", *tasks]) + r" \\",
        r"\midrule",
    ]
    columns = [
        _bold([one.points for one in report.scores]),
        [_interval(one.points_low, one.points_high) for one in report.scores],
        *(
            _bold([part.points if (part := one.tasks.get(name)) else None
                   for one in report.scores])
            for name in tasks
        ),
    ]  # fmt: skip
    for place, one in enumerate(report.scores):
        cells = [escaped(one.name), *(column[place] for column in columns)]
        lines.append(" & ".join(cells) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def _bold(values: Sequence[float | None]) -> list[str]:
    known = [value for value in values if value is not None and not math.isnan(value)]
    best = max(known, default=None)
    return [
        rf"\textbf{{{_points(value)}}}" if value is not None and value == best and len(known) > 1
        else _points(value).replace(_NONE, "--")
        for value in values
    ]  # fmt: skip


def escaped(text: str) -> str:
    """A text with the special characters of LaTeX escaped.

    >>> escaped("50 % of a_b")
    '50 \\\\% of a\\\\_b'
    """
    return "".join(_ESCAPES.get(letter, letter) for letter in text)
