"""Trajectory: the path over the ground as a whole, and where the person is when."""

from collections.abc import Callable, Iterable
from functools import partial

from qagen.language import phrases
from qagen.language.vocabulary import (
    CLEAR_SHARE,
    DRIFT_PER_PATH,
    MOVEMENTS,
    PLACE_BAND_M,
    SECTORS,
    SHAPES,
    WALK_PATH_M,
)
from qagen.reading import route
from qagen.reading.clip import Reading, movements
from qagen.reading.margins import (
    Chosen,
    evidence_of,
    largest,
    own_paths,
    require_amounts,
    seen,
    stands_out,
    total,
)
from qagen.reading.unclear import require
from qagen.rules import claims, kinds
from qagen.rules.claims import Meaning
from qagen.rules.kinds import span_said
from qagen.rules.rule import Finding, Rule
from qagen.schema.question import WINDOWS, Ask, Evidence, Window

_QUARTERS = WINDOWS[1:]


# Quarters -----------------------------------------------------------------------------------------


def _quarter(
    choice: Chosen, evidence: tuple[Evidence, ...], *, observed: str, follows: str
) -> Finding:
    """The quarter that was chosen, with the value of each quarter as evidence."""
    window: Window = choice.name  # type: ignore[assignment]

    def said() -> tuple[str, str]:
        values = ", ".join([phrases.measured(each.value, each.unit) for each in evidence])
        return f"By quarters, {observed} {values}.", f"{follows} {phrases.WINDOWS[window]}."

    return kinds.quarter(window, evidence, choice.margin, said)


def _by_quarter(evidence: tuple[Evidence, ...]) -> dict[Window, float]:
    return dict(zip(_QUARTERS, [each.value for each in evidence], strict=True))


def _each_amount(clip: Reading) -> Iterable[Ask]:
    return (
        Ask(rule="quarter_most", movements=(name,))
        for name in movements(clip)
        if MOVEMENTS[name].kind in ("travel", "distance", "turn") and clip.occurrences[name]
    )


def _most(clip: Reading, ask: Ask) -> Finding:
    (movement,) = ask.movements
    row = MOVEMENTS[movement]
    amounts = dict(zip(_QUARTERS, clip.totals[movement][1:], strict=True))
    require(max(amounts.values()) >= CLEAR_SHARE * row.least, "too small")
    most = largest(amounts, row.unit)
    require_amounts(clip, ask.movements, margin=most.margin.value)
    evidence = tuple([total(clip, movement, window) for window in _QUARTERS])
    observed = f"{clip.speaker.gerund(movement)} adds up to"
    return _quarter(most, evidence, observed=observed, follows="Most of it happens")


def _ground(clip: Reading, _ask: Ask, *, least: bool) -> Finding:
    """The quarter with most (or least) ground covered."""
    require(all(seen(clip, window) for window in _QUARTERS), "not seen")
    require(clip.facts.whole.path_m >= WALK_PATH_M, "too small")
    evidence = tuple(
        [
            evidence_of(clip, "path", quarter.path_m, "m", window)
            for window, quarter in zip(_QUARTERS, clip.facts.quarters, strict=True)
        ]
    )
    amounts = _by_quarter(evidence)
    if least:
        first, second, *_ = sorted(amounts, key=lambda window: amounts[window])
        margin = largest({first: amounts[first], second: amounts[second]}, "m").margin
        choice = Chosen(first, margin)
    else:
        choice = largest(amounts, "m")
    follows = f"{'Least' if least else 'Most'} of it lies"
    return _quarter(choice, evidence, observed="the path measures", follows=follows)


def _furthest(clip: Reading, _ask: Ask) -> Finding:
    evidence = tuple(
        [
            Evidence(what="furthest", value=quarter.furthest_m, unit="m",
                     start_s=quarter.furthest_s, end_s=quarter.furthest_s)
            for quarter in clip.facts.quarters
        ]
    )  # fmt: skip
    observed = "the greatest distance from the starting point is"
    return _distance(clip, evidence, observed, "The greatest of these is reached")


def _closest(clip: Reading, _ask: Ask) -> Finding:
    evidence = tuple(
        [
            Evidence(what="end", value=quarter.end_distance_m, unit="m",
                     start_s=quarter.end_s, end_s=quarter.end_s)
            for quarter in clip.facts.quarters
        ]
    )  # fmt: skip
    observed = "the distance from the starting point at the end is"
    return _distance(clip, evidence, observed, "The least of these is reached", lowest=True)


def _distance(
    clip: Reading,
    evidence: tuple[Evidence, ...],
    observed: str,
    follows: str,
    *,
    lowest: bool = False,
) -> Finding:
    """The quarter whose distance from the start stands out."""
    require(all(seen(clip, window) for window in _QUARTERS), "not seen")
    band_m = max(PLACE_BAND_M, DRIFT_PER_PATH * clip.facts.whole.path_m)
    choice = stands_out(_by_quarter(evidence), "m", band=band_m, lowest=lowest)
    return _quarter(choice, evidence, observed=observed, follows=follows)


# The whole path -----------------------------------------------------------------------------------


def _end_asks(clip: Reading) -> Iterable[Ask]:
    # steps along the changing axes of the body lead to no place
    return (Ask(rule="end_sector"),) if clip.facts.frame != "body" else ()


def _end(clip: Reading, _ask: Ask) -> Finding:
    """The direction of the end point; the others lie a quarter turn apart from it."""
    sector, evidence, margin = route.end_sector(clip)
    words = phrases.CAMERA_SECTORS if clip.facts.frame == "camera" else phrases.SECTORS
    index = SECTORS.index(sector)
    offered = [SECTORS[(index + step) % len(SECTORS)] for step in (0, 2, 4, 6)]
    return Finding(kinds.named(words, offered), evidence, margin, partial(route.end_said, clip))


def _shape(clip: Reading, _ask: Ask) -> Finding:
    name, evidence, margin = route.shape(clip)
    options = kinds.named(phrases.SHAPES, SHAPES)
    return kinds.chosen(options, Chosen(name, margin), evidence, partial(route.shape_said, clip))


def _own_travel(clip: Reading, _ask: Ask) -> Finding:
    """Forwards, backwards or sideways, as the body faces at each moment."""
    paths = own_paths(clip)
    amounts = {name: path.value for name, path in paths.items()}
    require(max(amounts.values()) >= WALK_PATH_M, "too small")

    def said() -> tuple[str, str]:
        lengths = ", ".join(
            f"{phrases.lower(text)} {amounts[name]:.2f} m"
            for name, text in phrases.OWN_WAYS.items()
        )
        span = phrases.capital(span_said(paths["forward"]))
        return f"{span}, along their own axes: {lengths}.", "The largest of these decides."

    choice = largest(amounts, "m")
    return kinds.chosen(kinds.named(phrases.OWN_WAYS), choice, tuple(paths.values()), said)


def _only(rule: str) -> Callable[[Reading], Iterable[Ask]]:
    return lambda _clip: (Ask(rule=rule),)


def _from_start(rule: str) -> Callable[[Reading], Iterable[Ask]]:
    return lambda clip: (Ask(rule=rule),) if clip.has_start else ()


_rule = partial(Rule, category="trajectory")

RULES: tuple[Rule, ...] = (
    _rule(
        "quarter_most",
        family="quarter with most",
        asks=_each_amount,
        decide=_most,
        meaning=Meaning(claims.largest(claims.in_time_order(_QUARTERS)), claims.says_most),
    ),
    _rule(
        "quarter_most_path",
        family="ground by quarter",
        asks=_only("quarter_most_path"),
        decide=partial(_ground, least=False),
        meaning=Meaning(
            claims.largest(claims.in_time_order(_QUARTERS)), claims.says_larger("ground")
        ),
    ),
    _rule(
        "quarter_least_path",
        family="ground by quarter",
        asks=_only("quarter_least_path"),
        decide=partial(_ground, least=True),
        meaning=Meaning(
            claims.smallest(claims.in_time_order(_QUARTERS)),
            claims.says_larger("ground", least=True),
        ),
    ),
    _rule(
        "furthest_quarter",
        family="distance by quarter",
        asks=_from_start("furthest_quarter"),
        decide=_furthest,
        meaning=Meaning(
            claims.largest(claims.in_time_order(_QUARTERS)),
            claims.takes_for_granted,
            alone="no other question says where in time a distance from the start is greatest",
        ),
    ),
    _rule(
        "closest_quarter_end",
        family="distance by quarter",
        asks=_from_start("closest_quarter_end"),
        decide=_closest,
        meaning=Meaning(
            claims.smallest(claims.in_time_order(_QUARTERS)),
            claims.takes_for_granted,
            alone="no other question compares the distances at the ends of quarters",
        ),
    ),
    _rule(
        "end_sector",
        family="end point",
        asks=_end_asks,
        decide=_end,
        meaning=Meaning(
            claims.sector,
            claims.takes_for_granted,
            alone="no other question speaks of the direction of the end point",
        ),
    ),
    _rule(
        "path_shape",
        family="shape",
        asks=_from_start("path_shape"),
        decide=_shape,
        meaning=Meaning(claims.shape, claims.says_shape),
    ),
    _rule(
        "own_travel",
        family="own ways",
        asks=_only("own_travel"),
        decide=_own_travel,
        meaning=Meaning(claims.largest(claims.amounts("own_")), claims.says_larger("own way")),
    ),
)
