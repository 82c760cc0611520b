"""Ordering: what comes next, what came before, what is first and last, in which order."""

from collections.abc import Callable, Iterable
from functools import partial
from itertools import combinations, pairwise, permutations

from qagen import draws
from qagen.language import phrases
from qagen.language.vocabulary import ORDER_BAND_S
from qagen.reading.clip import SEQUENCED, Occurrence, Reading, remembered, sequence
from qagen.reading.margins import seen
from qagen.reading.unclear import refuse, require
from qagen.rules import claims
from qagen.rules.claims import Meaning
from qagen.rules.options import movement_options, neutral_name, plausible
from qagen.rules.rule import Finding, Rule
from qagen.schema.question import Ask, Margin, Option

CHOICES = 4
_LAST_NTH = 4


# Neighbours ---------------------------------------------------------------------------------------


def _positions(clip: Reading) -> dict[tuple[str, int], int]:
    """For the n-th occurrence of a movement its index in the sequence of all."""
    counted: dict[str, int] = {}
    positions: dict[tuple[str, int], int] = {}
    for index, occurrence in enumerate(sequence(clip)):
        nth = counted[occurrence.movement] = counted.get(occurrence.movement, 0) + 1
        positions[occurrence.movement, nth] = index
    return positions


def _each_position(rule: str) -> Callable[[Reading], Iterable[Ask]]:
    return lambda clip: (
        Ask(rule=rule, movements=(movement,), nth=nth)
        for movement, nth in remembered(clip, "positions", partial(_positions, clip))
    )


def _neighbour(clip: Reading, ask: Ask, *, step: int) -> Finding:
    """The movement that begins next after (or, if `step` is -1, last before) another."""
    require(ask.nth <= _LAST_NTH, "too many")
    starts = sequence(clip)
    positions = remembered(clip, "positions", partial(_positions, clip))
    index = positions[ask.movements[0], ask.nth]
    require(0 <= index + step < len(starts), "no such movement")
    asked, other = starts[index], starts[index + step]
    first, second = (asked, other) if step > 0 else (other, asked)
    margin = _clear_gap(clip, starts, min(index, index + step))
    between = {
        each.movement
        for each in starts
        if first.start_s - ORDER_BAND_S < each.start_s < second.start_s + ORDER_BAND_S
    }
    candidates = [name for name in SEQUENCED if name not in between | clip.doubts.keys()]
    others = plausible(clip, ask, candidates, wanted=CHOICES - 1)
    return Finding(
        movement_options(clip, (other.movement, *others)),
        (asked.evidence, other.evidence),
        margin,
        lambda: (
            f"Observed: {clip.speaker.event(first)}; then {clip.speaker.event(second)}.",
            f"Nothing else that is offered begins between {first.start_s:.1f} s and "
            f"{second.start_s:.1f} s.",
        ),
    )


def _clear_gap(clip: Reading, starts: list[Occurrence], index: int) -> Margin:
    """How far apart two starts in a row are, from each other and from those around them."""
    first, second = starts[index : index + 2]
    for each in (first, second):
        refuse(clip.doubts.get(each.movement))
        require(each.clear, "unclear movement")
    # the movement after the second is a good answer, too
    require(first.movement != second.movement, "another reading")
    # next after the start, or next after the end?
    require(second.start_s >= first.end_s - ORDER_BAND_S, "another reading")
    around = [each.start_s for each in starts[max(index - 1, 0) : index + 3]]
    gap_s = min(then - now for now, then in pairwise(around))
    require(gap_s >= ORDER_BAND_S, "tie")
    return Margin(value=round(gap_s, 5), unit="s", band=ORDER_BAND_S)


# Ends and orders ----------------------------------------------------------------------------------


def _end(clip: Reading, ask: Ask, *, backwards: bool) -> Finding:
    """The movement that begins first of all, or last."""
    starts = sequence(clip)
    enough = len({each.movement for each in starts}) >= 2 and seen(clip, "whole")
    require(enough, "no such movement")
    ordered = starts[::-1] if backwards else starts
    end = ordered[0]
    others = [each for each in ordered if each.movement != end.movement]
    gap_s = min(abs(each.start_s - end.start_s) for each in others)
    refuse(clip.doubts.get(end.movement))
    require(end.clear, "unclear movement")
    require(gap_s >= ORDER_BAND_S, "tie")
    candidates = [name for name in SEQUENCED if name != end.movement and name not in clip.doubts]
    wrong = plausible(clip, ask, candidates, wanted=CHOICES - 1)
    return Finding(
        movement_options(clip, (end.movement, *wrong)),
        (end.evidence, others[0].evidence),
        Margin(value=round(gap_s, 5), unit="s", band=ORDER_BAND_S),
        lambda: (
            f"Observed: {clip.speaker.event(end)}; {clip.speaker.event(others[0])}.",
            f"No other movement begins {'later' if backwards else 'earlier'} than at "
            f"{end.start_s:.1f} s.",
        ),
    )


def _firsts(clip: Reading) -> dict[str, Occurrence]:
    """The first occurrence of each movement, by their starts."""
    firsts: dict[str, Occurrence] = {}
    for occurrence in sequence(clip):
        firsts.setdefault(occurrence.movement, occurrence)
    return firsts


def _each_three(clip: Reading) -> Iterable[Ask]:
    return (
        Ask(rule="order_of", movements=tuple(sorted(three)))
        for three in combinations(remembered(clip, "firsts", partial(_firsts, clip)), 3)
    )


def _order_of(clip: Reading, ask: Ask) -> Finding:
    """The order in which three movements begin for the first time."""
    firsts = remembered(clip, "firsts", partial(_firsts, clip))
    for name in ask.movements:
        refuse(clip.doubts.get(name))
    three = [each for name, each in firsts.items() if name in ask.movements]
    require(all(each.clear for each in three), "unclear movement")
    gap_s = min(then.start_s - now.start_s for now, then in pairwise(three))
    require(gap_s >= ORDER_BAND_S, "tie")
    true, *wrong = permutations(three)
    name = f"{neutral_name(clip, ask)}/orders"
    drawn = draws.shuffled(tuple(wrong), seed=clip.seed, name=name)[: CHOICES - 1]
    return Finding(
        tuple([_order_option(clip, order) for order in (true, *drawn)]),
        tuple([each.evidence for each in three]),
        Margin(value=round(gap_s, 5), unit="s", band=ORDER_BAND_S),
        lambda: (
            "Observed: " + "; ".join([clip.speaker.event(each) for each in three]) + ".",
            "They begin at " + ", ".join([f"{each.start_s:.1f} s" for each in three]) + ".",
        ),
    )


def _order_option(clip: Reading, order: Iterable[Occurrence]) -> Option:
    names = [each.movement for each in order]
    text = ", then ".join([clip.speaker.gerund(name) for name in names])
    return Option(phrases.capital(text), ">".join(names))


_rule = partial(Rule, category="ordering")

RULES: tuple[Rule, ...] = (
    _rule(
        "next_after",
        family="next",
        asks=_each_position("next_after"),
        decide=partial(_neighbour, step=1),
        meaning=Meaning(claims.latest, claims.names_movements, claims.none_between),
    ),
    _rule(
        "last_before",
        family="before",
        asks=_each_position("last_before"),
        decide=partial(_neighbour, step=-1),
        meaning=Meaning(claims.earliest, claims.names_movements, claims.none_between),
    ),
    _rule(
        "first_of",
        family="first and last",
        asks=lambda _clip: (Ask(rule="first_of"),),
        decide=partial(_end, backwards=False),
        meaning=Meaning(claims.earliest, claims.says_first, claims.none_before),
    ),
    _rule(
        "last_of",
        family="first and last",
        asks=lambda _clip: (Ask(rule="last_of"),),
        decide=partial(_end, backwards=True),
        meaning=Meaning(claims.latest, claims.names_movements, claims.none_after),
    ),
    _rule(
        "order_of",
        family="order of three",
        asks=_each_three,
        decide=_order_of,
        meaning=Meaning(claims.in_order, claims.says_order, claims.firsts),
    ),
)
