"""Motions that are one motion filmed twice: from another camera, mirrored, or tracked again.

A track is compared by its shape alone. Its *signature* is its duration and how far it is from
itself at a few times, none of which a turned or mirrored copy changes. Signatures are put into
cells four tolerances wide; a motion meets only those in the cells that its own tolerance touches,
a dozen or two of them, and is laid over each one whose signature fits, turned and mirrored as fits
best. So a motion meets one in some thousands of a varied corpus and not all of it. Motions that
stay within a metre of their start are too much alike to be compared.
"""

import itertools
import math
from array import array
from collections.abc import Iterator, Sequence

from kinematics.facts import MotionFacts, PathSample

POINTS = 12
"""Places of a track that are compared, spread evenly over its duration."""

TOLERANCE = 0.05
"""Of a length: 0.25 m for short ones, 5 % for long ones, the drift of a good tracker."""

SHORT_M = 5.0
"""Lengths up to about here are compared by metres, longer ones by share."""

DURATION_TOLERANCE_S = 0.25
"""Cameras of one take start and stop together."""

LEAST_EXTENT_M = 1.0
"""Motions that stay nearer to their start have no shape to be known by."""

CELL = 4
"""Width of a cell in tolerances: wider ones hold more, narrower ones have more neighbours."""

_CHORDS = ((0, 4), (0, 7), (0, 11), (4, 7), (4, 11), (7, 11))
"""Pairs of places whose distances make the signature."""

Cell = tuple[int, ...]


class Track:
    """A path at `POINTS` times: left, up, forward one after another, four bytes a number."""

    __slots__ = ("path_m", "places", "signature")

    def __init__(self, duration_s: float, places: Sequence[float]) -> None:
        self.places = array("f", places)
        self.path_m = math.fsum(_distance_m(self.places, i, i + 1) for i in range(POINTS - 1))
        lengths = (
            math.asinh(_distance_m(self.places, start, end) / SHORT_M) / TOLERANCE
            for start, end in _CHORDS
        )
        self.signature = array("d", (duration_s / DURATION_TOLERANCE_S, *lengths))
        """In tolerances: tracks that are alike differ by at most one in each number."""


def _distance_m(places: Sequence[float], start: int, end: int) -> float:
    """Between two places of a track, on the ground."""
    left_m = places[3 * end] - places[3 * start]
    return math.hypot(left_m, places[3 * end + 2] - places[3 * start + 2])


def track_of(facts: MotionFacts) -> Track | None:
    """The track of a motion; none when it stays near its start.

    >>> from kinematics import measure, synthetic
    >>> walk, stand = synthetic.walk(3.0), synthetic.stand(3.0)
    >>> track = track_of(measure(synthetic.perform(walk).motion))
    >>> round(track.places[-1], 1)
    3.0
    >>> track_of(measure(synthetic.perform(stand).motion)) is None
    True
    """
    if len(facts.samples) < 2 or facts.shape.extent_m < LEAST_EXTENT_M:
        return None
    return Track(facts.duration_s, _resampled(facts.samples))


def _resampled(samples: Sequence[PathSample]) -> list[float]:
    """The path at evenly spaced times between its first and last sample."""
    first_s, last_s = samples[0].time_s, samples[-1].time_s
    places, at = [], 0
    for point in range(POINTS):
        time_s = first_s + (last_s - first_s) * point / (POINTS - 1)
        while at < len(samples) - 2 and samples[at + 1].time_s <= time_s:
            at += 1
        before, after = samples[at], samples[at + 1]
        gap_s = after.time_s - before.time_s
        share = min(1.0, max(0.0, (time_s - before.time_s) / gap_s)) if gap_s > 0 else 0.0
        for start, end in (
            (before.left_m, after.left_m),
            (before.up_m, after.up_m),
            (before.forward_m, after.forward_m),
        ):
            places.append(start + (end - start) * share)
    return places


def alike(first: Track, second: Track) -> bool:
    """Whether two tracks have the same shape, turned about the vertical or mirrored as fits best.

    >>> straight = Track(4.0, [0.0, 0.0, 0.0] * 6 + [0.0, 0.0, 3.0] * 6)
    >>> turned = Track(4.1, [0.0, 0.0, 0.0] * 6 + [3.0, 0.0, 0.1] * 6)
    >>> longer = Track(4.0, [0.0, 0.0, 0.0] * 6 + [0.0, 0.0, 4.0] * 6)
    >>> alike(straight, turned), alike(straight, longer)
    (True, False)
    """
    return _fits(first.signature, second.signature) and _lies_over(first, second)


def _fits(first: Sequence[float], second: Sequence[float]) -> bool:
    return all(abs(x - y) <= 1 for x, y in zip(first, second, strict=True))


def _lies_over(first: Track, second: Track) -> bool:
    a, b = _centred(first), _centred(second)
    size = sum(x * x + z * z for x, _, z in a) + sum(x * x + z * z for x, _, z in b)
    heights = sum((p[1] - q[1]) ** 2 for p, q in zip(a, b, strict=True))
    allowed_m = TOLERANCE * math.hypot(SHORT_M, min(first.path_m, second.path_m))
    for mirrored in (1.0, -1.0):
        along = sum(mirrored * p[0] * q[0] + p[2] * q[2] for p, q in zip(a, b, strict=True))
        across = sum(p[2] * q[0] - mirrored * p[0] * q[2] for p, q in zip(a, b, strict=True))
        left_over = max(0.0, size - 2 * math.hypot(along, across))  # after the best turn
        if left_over + heights <= POINTS * allowed_m**2:
            return True
    return False


def _centred(track: Track) -> list[tuple[float, float, float]]:
    rows = [tuple(track.places[3 * i : 3 * i + 3]) for i in range(POINTS)]
    middle = [sum(column) / POINTS for column in zip(*rows, strict=True)]
    return [(x - middle[0], y - middle[1], z - middle[2]) for x, y, z in rows]


def _touched(track: Track) -> Iterator[Cell]:
    """The cells that a motion alike could be in."""
    spans = ((math.floor((x - 1) / CELL), math.floor((x + 1) / CELL)) for x in track.signature)
    return itertools.product(*(range(low, high + 1) for low, high in spans))


class Finder:
    """Takes tracks one after another and says which earlier ones each is alike.

    Only one of several that are alike is kept for later ones to meet.

    >>> finder = Finder()
    >>> walk = Track(4.0, [0.0, 0.0, 0.0] * 6 + [0.0, 0.0, 3.0] * 6)
    >>> finder.add("a", walk), finder.add("b", walk), finder.laid
    ([], ['a'], 1)
    """

    def __init__(self) -> None:
        self._cells: dict[int, list[tuple[str, Track]]] = {}
        """By the hashes of cells: two cells under one hash cost a look, since signatures are
        compared anyway, and hashes of numbers are the same everywhere."""
        self.laid = 0
        """Pairs that were laid over each other so far."""

    def add(self, name: str, track: Track) -> list[str]:
        """The names of earlier motions that this one is alike."""
        found = []
        for cell in _touched(track):
            for other_name, other in self._cells.get(hash(cell), ()):
                if _fits(track.signature, other.signature):
                    self.laid += 1
                    if _lies_over(track, other):
                        found.append(other_name)
        if not found:
            own = hash(tuple([math.floor(x / CELL) for x in track.signature]))
            self._cells.setdefault(own, []).append((name, track))
        return found
