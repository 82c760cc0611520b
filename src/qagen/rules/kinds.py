"""The kinds of answers that rules share: each makes a `Finding` from what was measured."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from qagen.language import phrases
from qagen.reading.clip import Occurrence, Reading
from qagen.reading.margins import Chosen, Comparison, Presence
from qagen.rules.options import (
    Options,
    count_options,
    number_options,
    quarter_options,
    true_first,
)
from qagen.rules.rule import Finding
from qagen.schema.question import WINDOWS, Ask, Evidence, Margin, Option, Unit, Window

Said = Callable[[], tuple[str, str]]
"""The observation and the conclusion, in words."""

YES, NO = Option("Yes", "yes"), Option("No", "no")
SAME = Option("Both about the same", "same")


@lru_cache(maxsize=1 << 12)
def asks(
    rule: str,
    about: tuple[tuple[str, ...], ...] = ((),),
    windows: tuple[Window, ...] = WINDOWS[:1],
) -> tuple[Ask, ...]:
    """The asks of a rule about each of some movements, or pairs of them, in each window.

    Clips share them: they are made once.
    """
    return tuple(
        [
            Ask(rule=rule, movements=movements, window=window)
            for movements in about
            for window in windows
        ]
    )


def each(names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Movements one by one, as asks are about them."""
    return tuple([(name,) for name in names])


def yes_no(presence: Presence, said: Said) -> Finding:
    """Whether something happens."""
    options = (YES, NO) if presence.happens else (NO, YES)
    return Finding(options, presence.evidence, presence.margin, said)


def count(
    clip: Reading,
    ask: Ask,
    number: int,
    evidence: tuple[Evidence, ...],
    margin: Margin,
    said: Said,
    *,
    step: int = 1,
) -> Finding:
    """How often something happens."""
    return Finding(count_options(clip, ask, number, step=step), evidence, margin, said)


def number(
    clip: Reading, value: float, unit: Unit, evidence: tuple[Evidence, ...], said: Said
) -> Finding:
    """A measured amount, by the nearest of four numbers."""
    options, margin = number_options(clip, value, unit)
    return Finding(options, evidence, margin, said)


def which_of_two(
    two: tuple[Option, Option],
    comparison: Comparison,
    evidence: tuple[Evidence, ...],
    said: Said,
    *,
    same: Option = SAME,
) -> Finding:
    """The first, the second, or both the same."""
    true = {"one": two[0], "other": two[1], "same": same}[comparison.code]
    named = tuple([phrases.lower(option.text) for option in two])
    return Finding(true_first(true, (*two, same)), evidence, comparison.margin, said, named)


def larger(
    two: tuple[Option, Option],
    comparison: Comparison,
    shown: tuple[Evidence, Evidence],
    said: Callable[[str, str], str],
) -> Finding:
    """Which of two measured amounts is the larger; `said` observes two named amounts."""

    def words() -> tuple[str, str]:
        names = [phrases.lower(option.text) for option in two]
        ends = {
            "one": f"The larger is {names[0]}.",
            "other": f"The larger is {names[1]}.",
            "same": "The two are about the same.",
        }
        return said(names[0], names[1]), ends[comparison.code]

    return which_of_two(two, comparison, shown, words)


def chosen(
    options: Iterable[Option], choice: Chosen, evidence: tuple[Evidence, ...], said: Said
) -> Finding:
    """One of several named options."""
    offered = {option.code: option for option in options}
    true = offered[choice.name]
    return Finding(true_first(true, offered.values()), evidence, choice.margin, said)


def quarter(window: Window, evidence: tuple[Evidence, ...], margin: Margin, said: Said) -> Finding:
    """One of the four quarters."""
    return Finding(quarter_options(window), evidence, margin, said)


def named(words: Mapping[str, str], codes: Iterable[str] | None = None) -> Options:
    """Options with the codes of a table of words, or with some of them."""
    return tuple([Option(phrases.capital(words[code]), code) for code in codes or words])


# Words --------------------------------------------------------------------------------------------


def span_said(evidence: Evidence) -> str:
    """The time over which something was measured: `from 1.0 s to 2.0 s`."""
    return f"from {evidence.start_s:.1f} s to {evidence.end_s:.1f} s"


def events_said(clip: Reading, occurrences: Sequence[Occurrence]) -> str:
    """Movements in words, the first few with times and sizes."""
    said = "; ".join([clip.speaker.event(occurrence) for occurrence in occurrences[:_SAID]])
    more = len(occurrences) - _SAID
    return said if more <= 0 else f"{said}; and {more} more"


_SAID = 4
