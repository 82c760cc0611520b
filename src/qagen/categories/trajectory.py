"""Trajectory: the way over the ground as a whole, and where it is when."""

from collections.abc import Iterator

from qagen import wording
from qagen.asking import Answer, Rule, Truth, largest, question, rejection, total
from qagen.question import WINDOWS, Ask, Evidence, Option, Window
from qagen.reading import Reading
from qagen.vocabulary import CLEAR_SHARE, MOVEMENTS, SEEN_SHARE

_QUARTERS = WINDOWS[1:]
_STARTLESS = frozenset({"away", "towards"})


def _quarter_options(key: Window) -> tuple[Option, tuple[Option, ...]]:
    options = dict(zip(_QUARTERS, map(Option, wording.QUARTERS, _QUARTERS), strict=True))
    return options.pop(key), tuple(options.values())


def _most(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    del seed
    for movement, row in MOVEMENTS.items():
        if row.kind not in ("travel", "distance", "turn"):
            continue
        if movement in _STARTLESS and not clip.has_start:
            continue
        ask = Ask(rule="quarter_most", movements=(movement,))
        if movement in clip.doubts:
            yield rejection(rule, clip, ask, clip.doubts[movement])
            continue
        amounts = dict(zip(_QUARTERS, clip.totals[movement][1:], strict=True))
        if max(amounts.values()) < CLEAR_SHARE * row.least:
            yield rejection(rule, clip, ask, "no such movement")
            continue
        found = largest(amounts, row.unit)
        if isinstance(found, str):
            yield rejection(rule, clip, ask, found)
            continue
        key, others = _quarter_options(found[0])
        evidence = tuple([total(clip, movement, window) for window in _QUARTERS])
        told = ", ".join(wording.measured(amount, row.unit) for amount in amounts.values())
        because = (
            f"By quarters, {clip.speaker.phrases[movement].gerund} adds up to {told}.",
            f"Most of it lies {wording.WINDOWS[found[0]]}.",
        )
        stem = wording.STEMS["quarter_most"].format(
            subject=clip.speaker.subject,
            move=clip.speaker.phrases[movement].base,
            note=clip.speaker.notes[movement],
        )
        yield question(rule, clip, ask, stem, Truth(key, others, evidence, found[1], because))


def _most_path(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    del seed
    ask = Ask(rule="quarter_most_path")
    quarters = clip.facts.quarters
    if clip.facts.coverage < SEEN_SHARE:
        yield rejection(rule, clip, ask, "not seen")
        return
    amounts = {window: quarter.path_m for window, quarter in zip(_QUARTERS, quarters, strict=True)}
    found = largest(amounts, "m")
    if isinstance(found, str):
        yield rejection(rule, clip, ask, found)
        return
    key, others = _quarter_options(found[0])
    evidence = tuple(
        Evidence(
            what="path",
            value=quarter.path_m,
            unit="m",
            start_s=quarter.start_s,
            end_s=quarter.end_s,
        )
        for quarter in quarters
    )
    told = ", ".join(f"{amount:.2f} m" for amount in amounts.values())
    because = (
        f"By quarters, the way over the ground is {told} long.",
        f"Most of it lies {wording.WINDOWS[found[0]]}.",
    )
    stem = wording.STEMS["quarter_most_path"].format(subject=clip.speaker.subject)
    yield question(rule, clip, ask, stem, Truth(key, others, evidence, found[1], because))


RULES: tuple[Rule, ...] = (
    Rule("trajectory", "quarter with most", _most),
    Rule("trajectory", "quarter with most path", _most_path),
)
