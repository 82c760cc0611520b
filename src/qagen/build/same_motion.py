"""Finds recordings of the same motion: from another camera, mirrored, or tracked again.

Tracks are compared by shape alone. The *signature* of a track is its duration and the distances
between its positions at a few times, which turning and mirroring do not change. Signatures are
hashed into cells four tolerances wide; a motion is compared only with those in the cells that its
own tolerance touches, a dozen or two, and superimposed on each with a matching signature, with the
best turn and mirroring. So a motion is compared with one in some thousands of a varied corpus, not
with all of it. Motions that stay within a metre of their start are too similar to compare.
"""

import itertools
import math
from array import array
from collections.abc import Iterator, Sequence

from kinematics.facts import MotionFacts, PathSample

POINTS = 12
"""Positions of a track that are compared, evenly spaced over its duration."""

TOLERANCE = 0.05
"""Relative tolerance of lengths: 5 %, the drift of a good tracker; 0.25 m for short ones."""

SHORT_M = 5.0
"""The tolerance is absolute for lengths up to about this, and relative for longer ones."""

DURATION_TOLERANCE_S = 0.25
"""Cameras of one take start and stop together."""

LEAST_EXTENT_M = 1.0
"""Motions that stay nearer to their start have no distinctive shape."""

CELL = 4
"""Width of a cell in tolerances: wider cells hold more, narrower ones have more neighbours."""

_CHORDS = ((0, 4), (0, 7), (0, 11), (4, 7), (4, 11), (7, 11))
"""Pairs of positions whose distances make the signature."""

Cell = tuple[int, ...]


class Track:
    """A path at `POINTS` times: left, up, forward in turn, four bytes a number."""

    __slots__ = ("path_m", "places", "signature")

    def __init__(self, duration_s: float, places: Sequence[float]) -> None:
        self.places = array("f", places)
        self.path_m = math.fsum(_distance_m(self.places, i, i + 1) for i in range(POINTS - 1))
        lengths = (
            math.asinh(_distance_m(self.places, start, end) / SHORT_M) / TOLERANCE
            for start, end in _CHORDS
        )
        self.signature = array("d", (duration_s / DURATION_TOLERANCE_S, *lengths))
        """In tolerances: tracks of the same motion differ by at most 1 in each number."""


def _distance_m(places: Sequence[float], start: int, end: int) -> float:
    """The horizontal distance between two positions of a track."""
    left_m = places[3 * end] - places[3 * start]
    return math.hypot(left_m, places[3 * end + 2] - places[3 * start + 2])


def track_of(facts: MotionFacts) -> Track | None:
    """The track of a motion; None when it stays near its start.

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
    """Whether two tracks have the same shape under the best turn about the vertical and mirroring.

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
    """The cells that could hold another recording of the motion."""
    spans = ((math.floor((x - 1) / CELL), math.floor((x + 1) / CELL)) for x in track.signature)
    return itertools.product(*(range(low, high + 1) for low, high in spans))


class Finder:
    """Collects tracks and finds the earlier recordings of the same motion for each.

    Of several recordings of one motion, only one is kept for later comparisons.

    >>> finder = Finder()
    >>> walk = Track(4.0, [0.0, 0.0, 0.0] * 6 + [0.0, 0.0, 3.0] * 6)
    >>> finder.add("a", walk), finder.add("b", walk), finder.laid
    ([], ['a'], 1)
    """

    def __init__(self) -> None:
        self._cells: dict[int, list[tuple[str, Track]]] = {}
        """By the hashes of cells: collisions only cost time, since signatures are compared anyway;
        hashes of numbers are the same on every machine."""
        self.laid = 0
        """Pairs that were superimposed so far."""

    def add(self, name: str, track: Track) -> list[str]:
        """Adds a track; returns the names of earlier recordings of the same motion."""
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
