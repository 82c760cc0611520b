"""Ordering: what comes next, what came before, what is first and last, in which order."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import combinations, pairwise, permutations

from qagen import draws
from qagen.language import phrases
from qagen.language.vocabulary import ORDER_BAND_S
from qagen.reading.clip import Occurrence, Reading
from qagen.reading.margins import seen
from qagen.rules.asking import (
    SEQUENCED,
    Answer,
    Rule,
    Truth,
    movement_option,
    neutral_name,
    ordinal,
    plausible,
    question,
    rejection,
    sequence,
)
from qagen.schema.question import Ask, Margin, Option, Words

CHOICES = 4
_LAST_NTH = 4


# Neighbours ---------------------------------------------------------------------------------------


def _neighbours(
    rule: Rule,
    clip: Reading,
    seed: int,
    *,
    name: str,
    neighbour: Callable[[Reading, list[Occurrence], int], tuple[Occurrence, Margin] | str],
) -> Iterator[Answer]:
    """What begins next after, or began last before, each movement."""
    starts = sequence(clip)
    counted: dict[str, int] = {}
    for place, one in enumerate(starts):
        nth = counted[one.movement] = counted.get(one.movement, 0) + 1
        ask = Ask(rule=name, movements=(one.movement,), nth=nth)
        found = neighbour(clip, starts, place) if nth <= _LAST_NTH else "too many"
        if isinstance(found, str):
            yield rejection(rule, clip, ask, found)
            continue
        other, margin = found
        first, second = sorted((one, other), key=lambda each: each.start_s)
        between = {
            each.movement
            for each in starts
            if first.start_s - ORDER_BAND_S < each.start_s < second.start_s + ORDER_BAND_S
        }
        candidates = [each for each in SEQUENCED if each not in between | clip.doubts.keys()]
        others = plausible(clip, ask, candidates, wanted=CHOICES - 1, seed=seed)
        if others is None:
            yield rejection(rule, clip, ask, "too few others")
            continue
        truth = Truth(
            movement_option(clip, other.movement),
            tuple([movement_option(clip, each) for each in others]),
            (one.evidence, other.evidence),
            margin,
            partial(_neighbours_words, clip, ask, (first, second), (other.movement, *others)),
        )
        yield question(rule, clip, ask, truth)


def _neighbours_words(
    clip: Reading, ask: Ask, pair: tuple[Occurrence, Occurrence], offered: tuple[str, ...]
) -> Words:
    first, second = pair
    (movement,) = ask.movements
    subject = clip.speaker.subject
    stem = phrases.STEMS[ask.rule].format(
        Subject=phrases.capital(subject),
        subject=subject,
        one=clip.speaker.phrases[movement].gerund,
        nth=ordinal(ask.nth),
        note=clip.speaker.note((movement, *offered)),
    )
    return Words(
        stem,
        f"Observed: {clip.speaker.event(first)}; then {clip.speaker.event(second)}.",
        f"Nothing else that is offered begins between {first.start_s:.1f} s and "
        f"{second.start_s:.1f} s.",
    )


def _clear_gap(clip: Reading, starts: list[Occurrence], place: int) -> Margin | str:
    """How far apart two starts in a row are, from each other and from those around them."""
    pair = starts[place : place + 2]
    for one in pair:
        if one.movement in clip.doubts or not one.clear:
            return clip.doubts.get(one.movement, "unclear movement")
    if pair[0].movement == pair[1].movement:
        return "another reading"  # what comes after the second is a good answer, too
    if pair[1].start_s < pair[0].end_s - ORDER_BAND_S:
        return "another reading"  # next after the start or next after the end?
    around = [one.start_s for one in starts[max(place - 1, 0) : place + 3]]
    gap_s = min(then - now for now, then in pairwise(around))
    if gap_s < ORDER_BAND_S:
        return "tie"
    return Margin(value=round(gap_s, 5), unit="s", band=ORDER_BAND_S)


def _follower(
    clip: Reading, starts: list[Occurrence], place: int
) -> tuple[Occurrence, Margin] | str:
    if place + 1 == len(starts):
        return "no such movement"
    margin = _clear_gap(clip, starts, place)
    return margin if isinstance(margin, str) else (starts[place + 1], margin)


def _forerunner(
    clip: Reading, starts: list[Occurrence], place: int
) -> tuple[Occurrence, Margin] | str:
    if place == 0:
        return "no such movement"
    margin = _clear_gap(clip, starts, place - 1)
    return margin if isinstance(margin, str) else (starts[place - 1], margin)


def _next_after(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    yield from _neighbours(rule, clip, seed, name="next_after", neighbour=_follower)


def _last_before(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    yield from _neighbours(rule, clip, seed, name="last_before", neighbour=_forerunner)


# Ends and orders ----------------------------------------------------------------------------------


def _ends(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    """Which movement begins first of all, and which last."""
    starts = sequence(clip)
    for name, ordered in (("first_of", starts), ("last_of", starts[::-1])):
        ask = Ask(rule=name)
        distinct = {one.movement for one in starts}
        if len(distinct) < 2 or not seen(clip, "whole"):
            yield rejection(rule, clip, ask, "no such movement")
            continue
        one = ordered[0]
        gap_s = min(
            abs(each.start_s - one.start_s) for each in starts if each.movement != one.movement
        )
        if one.movement in clip.doubts or not one.clear:
            yield rejection(rule, clip, ask, clip.doubts.get(one.movement, "unclear movement"))
            continue
        if gap_s < ORDER_BAND_S:
            yield rejection(rule, clip, ask, "tie")
            continue
        candidates = [
            each for each in SEQUENCED if each != one.movement and each not in clip.doubts
        ]
        others = plausible(clip, ask, candidates, wanted=CHOICES - 1, seed=seed)
        if others is None:
            yield rejection(rule, clip, ask, "too few others")
            continue
        second = next(each for each in ordered if each.movement != one.movement)
        truth = Truth(
            movement_option(clip, one.movement),
            tuple([movement_option(clip, each) for each in others]),
            (one.evidence, second.evidence),
            Margin(value=round(gap_s, 5), unit="s", band=ORDER_BAND_S),
            partial(_ends_words, clip, name, (one, second), (one.movement, *others)),
        )
        yield question(rule, clip, ask, truth)


def _ends_words(
    clip: Reading, name: str, pair: tuple[Occurrence, Occurrence], offered: tuple[str, ...]
) -> Words:
    one, second = pair
    stem = phrases.STEMS[name].format(subject=clip.speaker.subject, note=clip.speaker.note(offered))
    return Words(
        stem,
        f"Observed: {clip.speaker.event(one)}; {clip.speaker.event(second)}.",
        f"No other movement begins {'earlier' if name == 'first_of' else 'later'} than at "
        f"{one.start_s:.1f} s.",
    )


def _order_of(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    """In which order three movements begin for the first time."""
    firsts: dict[str, Occurrence] = {}
    for one in sequence(clip):
        firsts.setdefault(one.movement, one)
    for three in combinations(firsts.values(), 3):
        names = tuple(sorted(one.movement for one in three))
        ask = Ask(rule="order_of", movements=names)
        reasons = [clip.doubts[name] for name in names if name in clip.doubts]
        gap_s = min(three[1].start_s - three[0].start_s, three[2].start_s - three[1].start_s)
        if reasons or not all(one.clear for one in three):
            yield rejection(rule, clip, ask, reasons[0] if reasons else "unclear movement")
            continue
        if gap_s < ORDER_BAND_S:
            yield rejection(rule, clip, ask, "tie")
            continue
        orders = list(permutations(three))
        drawn = draws.shuffled(
            tuple(range(1, len(orders))), seed=seed, name=f"{neutral_name(clip, ask)}/orders"
        )
        options = [_order_option(clip, orders[each]) for each in (0, *drawn[: CHOICES - 1])]
        truth = Truth(
            options[0],
            tuple(options[1:]),
            tuple([one.evidence for one in three]),
            Margin(value=round(gap_s, 5), unit="s", band=ORDER_BAND_S),
            partial(_order_words, clip, names, three),
        )
        yield question(rule, clip, ask, truth)


def _order_words(clip: Reading, names: Sequence[str], three: Sequence[Occurrence]) -> Words:
    words = [clip.speaker.phrases[name].gerund for name in names]
    stem = phrases.STEMS["order_of"].format(
        subject=clip.speaker.subject,
        one=words[0],
        other=words[1],
        third=words[2],
        note=clip.speaker.note(names),
    )
    return Words(
        stem,
        "Observed: " + "; ".join([clip.speaker.event(one) for one in three]) + ".",
        "They begin at " + ", ".join([f"{one.start_s:.1f} s" for one in three]) + ".",
    )


def _order_option(clip: Reading, ones: tuple[Occurrence, ...]) -> Option:
    words = [clip.speaker.phrases[one.movement].gerund for one in ones]
    return Option(
        phrases.capital(f"{words[0]}, then {words[1]}, then {words[2]}"),
        ">".join([one.movement for one in ones]),
    )


RULES: tuple[Rule, ...] = (
    Rule("ordering", "next", _next_after),
    Rule("ordering", "before", _last_before),
    Rule("ordering", "first and last", _ends),
    Rule("ordering", "order of three", _order_of),
)
