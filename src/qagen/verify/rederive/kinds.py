"""Everything that the second opinion knows of a rule, and the kinds of answers that rules share."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from qagen.language import phrases
from qagen.language.phrases import Speaker
from qagen.schema.question import Ask, Unit
from qagen.schema.record import Record
from qagen.verify import findings
from qagen.verify.findings import Finding
from qagen.verify.moves import Clip, Move
from qagen.verify.quantities import QUARTERS

RELATIVE = 0.002
"""How far two honest measurements of a large value are apart at most, as a share."""

MEAN_SPEED = 0.05
"""The same for mean speeds, which depend on when a movement begins and ends."""

Derive = Callable[[Clip, Ask], Finding]
Choose = Callable[[Clip, Ask, Sequence[str]], str]
Text = Callable[[str, Speaker, Record, Unit], str]
Amounts = tuple[Mapping[str, float], Unit]


def _movements(ask: Ask, speaker: Speaker) -> list[str]:
    return [speaker.gerund(name) for name in ask.movements]


class Derivation(NamedTuple):
    """One rule, written a second time."""

    derive: Derive
    """The answer by the facts of a clip; its code is that of no option when nothing clear is true.
    Raises `ValueError` or `KeyError` when the ask makes no sense for the clip."""
    text: Text
    """An option in words, from its code and the unit of the finding; `ValueError` or `KeyError`
    when the code means nothing."""
    choose: Choose | None = None
    """The right one of the codes offered, whatever the margin; empty when none is. Without it, the
    derived code, where that is offered."""
    named: Callable[[Ask, Speaker], Sequence[str]] = _movements
    """The things that the stem names."""
    every_move: bool = False
    """Whether each occurrence of the ask's movements has to be in the evidence."""
    tolerance: float = RELATIVE
    """How far two honest measurements of the margin are apart at most, as a share."""


class Task(NamedTuple):
    """The rules of one task."""

    name: str
    choices: int
    """How many options each question has."""
    rules: Mapping[str, Derivation]


# How options read ---------------------------------------------------------------------------------


def worded(words: Mapping[str, str]) -> Text:
    """Options that read the same in every question."""
    return lambda code, *_: words[code]


def movement_text(code: str, speaker: Speaker, *_: object) -> str:
    """A movement in the words of the frame of reference."""
    return phrases.capital(speaker.gerund(code))


def count_text(code: str, *_: object) -> str:
    """A number of times."""
    return phrases.times(int(code))


def or_same(same: str, text: Text) -> Text:
    """Options of which one, in the words of `same`, says that neither of two is more."""
    return lambda code, *context: same if code == "same" else text(code, *context)


part_text = worded({name: phrases.capital(words) for name, words in phrases.PARTS.items()})
quarter_text = worded(dict(zip(QUARTERS, phrases.QUARTERS, strict=True)))


# Which option is right ----------------------------------------------------------------------------


def if_offered(code_of: Callable[[Clip, Ask], str]) -> Choose:
    """The derived code where it is offered; `code_of` is quicker, as it derives no margin."""

    def choose(clip: Clip, ask: Ask, options: Sequence[str]) -> str:
        code = code_of(clip, ask)
        return code if code in options else ""

    return choose


def first_offered(moves: Sequence[Move], options: Sequence[str]) -> str:
    """The first movement that is offered; empty when none is."""
    return next((move.name for move in moves if move.name in options), "")


# Kinds of answers ---------------------------------------------------------------------------------


def yes_no(derive: Derive, *, holds: Callable[[Clip, Ask], bool] | None = None) -> Derivation:
    """Whether something is so; `derive` and `holds` (the same without a margin) ignore negation."""
    turned = {"yes": "no", "no": "yes", "": ""}

    def asked(clip: Clip, ask: Ask) -> Finding:
        finding = derive(clip, ask)
        return finding._replace(code=turned[finding.code]) if ask.negated else finding

    choose = None
    if holds is not None:
        choose = if_offered(lambda clip, ask: "yes" if holds(clip, ask) != ask.negated else "no")
    return Derivation(asked, worded({"yes": "Yes", "no": "No"}), choose)


def number(measure: Callable[[Clip, Ask], tuple[float, Unit]]) -> Derivation:
    """A measured value; its code is the nearest number on the ladder of its unit."""

    def choose(clip: Clip, ask: Ask, options: Sequence[str]) -> str:
        value, _ = measure(clip, ask)
        return min(options, key=lambda code: abs(float(code) - value))

    return Derivation(
        lambda clip, ask: findings.rung(*measure(clip, ask)),
        lambda code, _speaker, _record, unit: phrases.about(float(code), unit),
        choose,
    )


def larger(
    amounts: Callable[[Clip, Ask], Amounts],
    text: Text,
    *,
    named: Callable[[Ask, Speaker], Sequence[str]] = _movements,
) -> Derivation:
    """Which of two amounts is larger, or that they are about the same."""
    return Derivation(
        lambda clip, ask: findings.larger(*amounts(clip, ask)),
        or_same("Both about the same", text),
        named=named,
    )


def largest(
    amounts: Callable[[Clip, Ask], Amounts], text: Text, *, least: bool = False
) -> Derivation:
    """Which of several amounts is largest (or `least`); nothing where the largest offered is 0."""

    def choose(clip: Clip, ask: Ask, options: Sequence[str]) -> str:
        by_code, _ = amounts(clip, ask)
        first = (min if least else max)(options, key=lambda code: by_code[code])
        return first if least or by_code[first] > 0 else ""

    return Derivation(
        lambda clip, ask: findings.largest(*amounts(clip, ask), least=least), text, choose
    )
