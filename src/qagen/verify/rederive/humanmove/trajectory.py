"""Where the person is: quarter by quarter, at the end, and by which path."""

import math
from collections.abc import Callable, Sequence

from kinematics.facts import WindowFacts
from qagen.language import phrases
from qagen.language.phrases import Speaker
from qagen.language.vocabulary import (
    BACK_SHARE,
    BEND_LAPS,
    DRIFT_PER_PATH,
    LOOP_LAPS,
    NO_PATH_M,
    PLACE_BAND_M,
    SECTOR_BAND_RAD,
    SECTORS,
    SHAPE_BAND,
    STAY_M,
    STRAIGHT_BAND,
    STRAIGHT_SHARE,
    WALK_PATH_M,
)
from qagen.schema.question import Ask
from qagen.schema.record import Record
from qagen.verify import findings
from qagen.verify.findings import Finding
from qagen.verify.moves import Clip
from qagen.verify.quantities import QUARTERS, by_quarter, movement_of, own_paths_m, unit_of
from qagen.verify.rederive.kinds import Amounts, Derivation, largest, quarter_text, worded

# Quarters -----------------------------------------------------------------------------------------


def _totals(clip: Clip, ask: Ask) -> Amounts:
    movement = movement_of(ask)
    return {name: clip.total(movement, name) for name in QUARTERS}, unit_of(movement)


def _paths_m(clip: Clip, _: Ask) -> Amounts:
    return by_quarter(clip, lambda quarter: quarter.path_m), "m"


def _distance(distance_m: Callable[[WindowFacts], float], *, lowest: bool) -> Derivation:
    """The quarter with the greatest (or, if `lowest`, the least) distance from the start."""

    def derive(clip: Clip, _: Ask) -> Finding:
        band_m = max(PLACE_BAND_M, DRIFT_PER_PATH * clip.facts.whole.path_m)
        return findings.stands_out(by_quarter(clip, distance_m), band_m, lowest=lowest)

    return Derivation(derive, quarter_text)


# The direction of the end point -------------------------------------------------------------------


def _eighths(clip: Clip) -> float:
    """The direction of the end point in eighths of a turn, from ahead to the left."""
    whole = clip.facts.whole
    return math.atan2(whole.net_left_m, whole.net_forward_m) * len(SECTORS) / (2 * math.pi)


def _end_sector(clip: Clip, _: Ask) -> Finding:
    eighths = _eighths(clip)
    nearest = math.floor(eighths + 0.5)
    off_rad = abs(eighths - nearest) * 2 * math.pi / len(SECTORS)
    margin_rad = math.pi / len(SECTORS) - off_rad
    return Finding(SECTORS[nearest % len(SECTORS)], margin_rad, "rad", SECTOR_BAND_RAD)


def _nearest_sector(clip: Clip, _: Ask, options: Sequence[str]) -> str:
    eighths, turn = _eighths(clip), len(SECTORS)

    def off(code: str) -> float:
        apart = abs(eighths - SECTORS.index(code)) % turn
        return min(apart, turn - apart)

    return min(options, key=off)


def _sector_text(code: str, _: Speaker, record: Record, *__: object) -> str:
    return (phrases.CAMERA_SECTORS if record.frame == "camera" else phrases.SECTORS)[code]


# The path -----------------------------------------------------------------------------------------


def _path_shape(clip: Clip, _: Ask) -> Finding:
    """The shape of the path; the margin is the least of those of its properties."""
    shape, whole = clip.facts.shape, clip.facts.whole
    laps, back = abs(shape.laps), BACK_SHARE - shape.straightness
    if whole.path_m < WALK_PATH_M:
        name = "stays" if shape.extent_m <= STAY_M else ""
        return Finding(name, NO_PATH_M - shape.extent_m, "m", NO_PATH_M - STAY_M)
    if shape.shape == "straight":
        return Finding("straight", shape.straightness - STRAIGHT_SHARE, "share", STRAIGHT_BAND)
    if shape.shape == "loop":
        return Finding("loop", min(laps - LOOP_LAPS, back), "share", SHAPE_BAND)
    if shape.shape == "back_and_forth" and shape.returns:
        return Finding("back_and_forth", min(BEND_LAPS - laps, back), "share", SHAPE_BAND)
    return Finding("", 0.0, "share", SHAPE_BAND)


RULES: dict[str, Derivation] = {
    "quarter_most": largest(_totals, quarter_text),
    "quarter_most_path": largest(_paths_m, quarter_text),
    "quarter_least_path": largest(_paths_m, quarter_text, least=True),
    "furthest_quarter": _distance(lambda quarter: quarter.furthest_m, lowest=False),
    "closest_quarter_end": _distance(lambda quarter: quarter.end_distance_m, lowest=True),
    "end_sector": Derivation(_end_sector, _sector_text, _nearest_sector),
    "path_shape": Derivation(_path_shape, worded(phrases.SHAPES)),
    "own_travel": largest(lambda clip, _: (own_paths_m(clip), "m"), worded(phrases.OWN_WAYS)),
}
