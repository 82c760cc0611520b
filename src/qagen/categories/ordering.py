"""Ordering: what comes next, what came before, what is first and last."""

from collections.abc import Iterator

from qagen import wording
from qagen.asking import Answer, Rule, Truth, movement_option, plausible, question, rejection
from qagen.question import Ask, Margin
from qagen.reading import Occurrence, Reading
from qagen.vocabulary import MOVEMENTS, ORDER_BAND_S

SEQUENCED: tuple[str, ...] = tuple(
    name for name, row in MOVEMENTS.items() if row.kind in ("travel", "turn", "lean", "episode")
)
"""Movements that follow each other; going away from the start, say, accompanies the others."""

CHOICES = 4


def _starts(clip: Reading) -> list[Occurrence]:
    chosen = frozenset(SEQUENCED)
    return [one for one in clip.in_order if one.movement in chosen]


def _next_after(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    del seed
    starts = _starts(clip)
    seen: dict[str, int] = {}
    for place, one in enumerate(starts):
        nth = seen[one.movement] = seen.get(one.movement, 0) + 1
        ask = Ask(rule="next_after", movements=(one.movement,), nth=nth)
        found = _follower(clip, starts, place)
        if isinstance(found, str):
            yield rejection(rule, clip, ask, found)
            continue
        then, margin = found
        if nth >= len(wording.ORDINALS):
            yield rejection(rule, clip, ask, "not measured")
            continue
        between = {
            other.movement
            for other in starts
            if one.start_s - ORDER_BAND_S < other.start_s < then.start_s + ORDER_BAND_S
        }
        candidates = [
            name
            for name in SEQUENCED
            if name not in between and name != one.movement and name not in clip.doubts
        ]
        others = plausible(clip, candidates, wanted=CHOICES - 1, beside=then.movement)
        if others is None:
            yield rejection(rule, clip, ask, "too few others")
            continue
        subject = clip.speaker.subject
        truth = Truth(
            movement_option(clip, then.movement),
            tuple([movement_option(clip, name) for name in others]),
            (one.evidence, then.evidence),
            margin,
            (
                f"Observed: {one.said}; then {then.said}.",
                f"Nothing else that is offered begins between {one.start_s:.1f} s and "
                f"{then.start_s:.1f} s.",
            ),
        )
        stem = wording.STEMS["next_after"].format(
            Subject=wording.capital(subject),
            subject=subject,
            one=clip.speaker.phrases[one.movement].gerund,
            nth=wording.ORDINALS[nth],
            note=clip.speaker.note((one.movement, then.movement, *others)),
        )
        yield question(rule, clip, ask, stem, truth)


def _follower(
    clip: Reading, starts: list[Occurrence], place: int
) -> tuple[Occurrence, Margin] | str:
    """What begins next after one movement, if both and their order are beyond doubt."""
    one = starts[place]
    if one.movement in clip.doubts:
        return clip.doubts[one.movement]
    if place + 1 == len(starts):
        return "no such movement"
    then = starts[place + 1]
    if then.movement in clip.doubts:
        return clip.doubts[then.movement]
    if then.movement == one.movement:
        return "another reading"
    if then.start_s < one.end_s - ORDER_BAND_S:
        return "another reading"
    gap_s = then.start_s - one.start_s
    if place + 2 < len(starts):
        gap_s = min(gap_s, starts[place + 2].start_s - then.start_s)
    if place:
        gap_s = min(gap_s, one.start_s - starts[place - 1].start_s)
    if gap_s < ORDER_BAND_S:
        return "tie"
    return then, Margin(value=round(gap_s, 5), unit="s", band=ORDER_BAND_S)


RULES: tuple[Rule, ...] = (Rule("ordering", "next", _next_after),)
