"""Existence: did it happen at all? Yes or no, asked plainly and turned round."""

from collections.abc import Iterable
from functools import lru_cache, partial

from kinematics import parts
from kinematics.facts import PartFacts
from qagen.language import phrases
from qagen.language.stems import window as window_said
from qagen.language.vocabulary import (
    LEAST_REPEATED,
    MOVEMENTS,
    NEAR_BAND_M,
    NEAR_SHARE,
    NO_SIDESTEP_M,
    PART_PATH_M,
    REPEATED,
    SEEN_SHARE,
    SIDESTEP_M,
    TOUCHES,
    WALK_PATH_M,
)
from qagen.reading.clip import Reading, movements
from qagen.reading.margins import Presence, evidence_of, own_paths, presence, threshold
from qagen.reading.route import require_standing, returns, returns_said, walking
from qagen.reading.unclear import require
from qagen.rules import claims, kinds
from qagen.rules.claims import Meaning
from qagen.rules.kinds import events_said, span_said
from qagen.rules.rule import Finding, Rule
from qagen.schema.question import WINDOWS, Ask, Margin

_LEFT_M = 1.0
"""Whoever never went further than this from the start cannot come back to it."""


# Movements and paths ------------------------------------------------------------------------------


@lru_cache
def _of_movements(names: tuple[str, ...]) -> tuple[Ask, ...]:
    """Whether each of some movements happens in each window."""
    return tuple(
        [
            Ask(rule="ever", movements=(name,), window=window)
            for name in names
            for window in (WINDOWS if MOVEMENTS[name].kind != "episode" else WINDOWS[:1])
        ]
    )


def _ever(clip: Reading, ask: Ask) -> Finding:
    (movement,) = ask.movements
    happens = presence(clip, movement, ask.window)

    def said() -> tuple[str, str]:
        gerund, window = clip.speaker.gerund(movement), window_said(ask.window)
        if happens.happens:
            observed = f"Observed: {events_said(clip, happens.occurrences)}."
            return observed, f"So it happens{window}."
        (most,) = happens.evidence
        return (
            f"{phrases.capital(span_said(most))}, {gerund} never exceeds "
            f"{phrases.measured(most.value, most.unit)}; it counts from "
            f"{phrases.measured(MOVEMENTS[movement].least, most.unit)}.",
            f"So it does not happen{window}.",
        )

    return kinds.yes_no(happens, said)


def _walks(clip: Reading, ask: Ask) -> Finding:
    walks = walking(clip, ask.window)
    (shown,) = walks.evidence
    return kinds.yes_no(
        walks,
        lambda: (
            f"{phrases.capital(span_said(shown))} {clip.speaker.subject} covers "
            f"{shown.value:.2f} m over the ground.",
            "A metre or more is walking; 0.3 m or less is none.",
        ),
    )


def _returns(clip: Reading, _ask: Ask) -> Finding:
    times, evidence, margin = returns(clip)
    require(times or clip.facts.whole.furthest_m > _LEFT_M, "no such movement")
    presence = Presence(times > 0, margin, evidence)
    return kinds.yes_no(presence, partial(returns_said, clip))


def _sidesteps(clip: Reading, ask: Ask) -> Finding:
    (side,) = ask.movements
    path = own_paths(clip)[side]
    return kinds.yes_no(
        threshold(path.value, "m", no=NO_SIDESTEP_M, yes=SIDESTEP_M, evidence=(path,)),
        lambda: (
            f"{phrases.capital(span_said(path))}, the path sideways to their own {side} adds up "
            f"to {path.value:.2f} m.",
            f"Stepping sideways takes {SIDESTEP_M:.1f} m; up to {NO_SIDESTEP_M:.1f} m is none.",
        ),
    )


# Body parts ---------------------------------------------------------------------------------------

_NEAR_M: dict[str, float] = {part.name: part.near_m for part in parts.PARTS}


def _part(clip: Reading, ask: Ask) -> PartFacts:
    """The part of an ask; `Unclear` where it was not seen."""
    part = next(part for part in clip.facts.parts if part.part == ask.part)
    require(part.coverage >= SEEN_SHARE, "not seen")
    return part


def _near_asks(clip: Reading) -> Iterable[Ask]:
    return (
        Ask(rule="ever_near", part=part.part)
        for part in clip.facts.parts
        if part.part in TOUCHES and part.distance_range is not None and part.near_share is not None
    )


def _near(clip: Reading, ask: Ask) -> Finding:
    """Hands at the head or at each other, for a while or never."""
    part = _part(clip, ask)
    assert part.distance_range is not None
    assert part.near_share is not None
    least_m, near_m, share = part.distance_range[0], _NEAR_M[ask.part], part.near_share
    require(abs(least_m - near_m) >= NEAR_BAND_M, "between two answers")
    require((share >= NEAR_SHARE) == (least_m < near_m), "between two answers")
    closest = evidence_of(clip, f"{ask.part}_closest", least_m, "m")
    margin = Margin(value=round(abs(least_m - near_m), 5), unit="m", band=NEAR_BAND_M)
    near = evidence_of(clip, f"{ask.part}_near", share, "share")
    return kinds.yes_no(
        Presence(least_m < near_m, margin, (closest, near)),
        lambda: (
            f"{phrases.capital(span_said(closest))} the least distance is {least_m:.2f} m.",
            f"Within {near_m:.2f} m is near; that is so for {share:.0%} of the time.",
        ),
    )


def _repeats(clip: Reading, ask: Ask) -> Finding:
    part = _part(clip, ask)
    require_standing(clip)
    count = part.repetitions
    idle = not count and part.path < PART_PATH_M
    require(count >= LEAST_REPEATED or idle, "between two answers")
    shown = evidence_of(clip, f"{ask.part}_repetitions", float(count), "count")
    margin = Margin(value=float(abs(count - (LEAST_REPEATED - 1))), unit="count", band=1.0)
    return kinds.yes_no(
        Presence(count > 0, margin, (shown,)),
        lambda: (
            f"{phrases.capital(span_said(shown))}, {phrases.PARTS[ask.part]} moves to and fro in "
            f"{count} full cycles.",
            f"Several times in a row is {LEAST_REPEATED} or more.",
        ),
    )


_rule = partial(Rule, category="existence")

RULES: tuple[Rule, ...] = (
    _rule(
        "ever",
        family="movement",
        asks=lambda clip: _of_movements(movements(clip)),
        decide=_ever,
        likely=lambda clip, ask: clip.occurrences[ask.movements[0]],
        meaning=Meaning(claims.whether_it_happens, claims.says_whether("happens")),
    ),
    _rule(
        "ever_walks",
        family="walking",
        asks=lambda _clip: kinds.asks("ever_walks", windows=WINDOWS),
        decide=_walks,
        meaning=Meaning(
            claims.yes_if(lambda _, shown: shown[0].value >= WALK_PATH_M),
            claims.says_whether("walks"),
        ),
    ),
    _rule(
        "ever_returns",
        family="return",
        asks=lambda clip: (Ask(rule="ever_returns"),) if clip.has_start else (),
        decide=_returns,
        meaning=Meaning(
            claims.yes_if(lambda _, shown: shown[0].what == "return"),
            claims.says_whether("returns"),
        ),
    ),
    _rule(
        "ever_sidesteps",
        family="sidestep",
        asks=lambda _clip: (
            Ask(rule="ever_sidesteps", movements=(side,)) for side in ("left", "right")
        ),
        decide=_sidesteps,
        meaning=Meaning(
            claims.yes_if(lambda _, shown: shown[0].value >= SIDESTEP_M),
            claims.says_whether("sidesteps"),
        ),
    ),
    _rule(
        "ever_near",
        family="hand near",
        asks=_near_asks,
        decide=_near,
        meaning=Meaning(
            claims.yes_if(lambda ask, shown: claims.value(shown, f"{ask.part}_near") >= NEAR_SHARE),
            claims.says_whether("near"),
        ),
    ),
    _rule(
        "ever_repeats",
        family="repetition",
        asks=lambda clip: (
            Ask(rule="ever_repeats", part=part.part)
            for part in clip.facts.parts
            if part.part in REPEATED
        ),
        decide=_repeats,
        meaning=Meaning(
            claims.yes_if(lambda _, shown: shown[0].value >= LEAST_REPEATED),
            claims.says_whether("repeats"),
        ),
    ),
)
