"""Temporal: what happens when. Quarters are four equal parts of the video."""

from collections.abc import Iterator

from qagen import wording
from qagen.asking import Answer, Rule, Truth, presence, question, rejection
from qagen.question import WINDOWS, Ask, Margin, Option
from qagen.reading import Reading
from qagen.vocabulary import MOVEMENTS, PAIRS

_STARTLESS = ("away", "towards")


def _happens_in(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    del seed
    for pair in PAIRS:
        if pair == _STARTLESS and not clip.has_start:
            continue
        words = [clip.speaker.phrases[movement].gerund for movement in pair]
        options = {
            (True, False): Option(f"Only {words[0]}", pair[0]),
            (False, True): Option(f"Only {words[1]}", pair[1]),
            (True, True): Option("Both", "both"),
            (False, False): Option("Neither", "neither"),
        }
        for window in WINDOWS[1:]:
            ask = Ask(rule="happens_in", movements=pair, window=window)
            found = [presence(clip, movement, window) for movement in pair]
            first, second = found
            if isinstance(first, str) or isinstance(second, str):
                reason = first if isinstance(first, str) else second
                yield rejection(rule, clip, ask, str(reason))
                continue
            key = (first.happens, second.happens)
            tightest = min((first.margin, second.margin), key=lambda one: one.value)
            because = (
                f"{wording.capital(wording.WINDOWS[window])}, {words[0]} is "
                f"{'seen' if first.happens else 'not seen'} and {words[1]} is "
                f"{'seen' if second.happens else 'not seen'}.",
                "Each counts from "
                f"{wording.measured(MOVEMENTS[pair[0]].least, MOVEMENTS[pair[0]].unit)}.",
            )
            truth = Truth(
                options[key],
                tuple([option for happens, option in options.items() if happens != key]),
                (*first.evidence, *second.evidence),
                Margin(value=tightest.value, unit=tightest.unit, band=tightest.band),
                because,
            )
            stem = wording.STEMS["happens_in"].format(
                subject=clip.speaker.subject,
                one=words[0],
                other=words[1],
                window=wording.WINDOWS[window],
                note=clip.speaker.note(pair),
            )
            yield question(rule, clip, ask, stem, truth)


RULES: tuple[Rule, ...] = (Rule("temporal", "which in a quarter", _happens_in),)
