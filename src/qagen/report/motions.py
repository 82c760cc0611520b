"""Measures the motions of a data set's clips again, for all signals, movements and gaps.

It is the only file of the report that measures, and imports JAX only when it is called.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kinematics import facts as facts_of
from kinematics.facts import MotionFacts
from qagen.dataset.layout import Clip

if TYPE_CHECKING:
    from kinematics.motion import Motion
    from kinematics.movement.measurement import Trace
    from kinematics.store import Store

TOGETHER = 64
"""Motions per batch."""

EVERY = 3
"""Every third sample is drawn, which gives ten per second."""


class Line(NamedTuple):
    """The signals of a clip over time, in the order of `facts.SIGNALS`."""

    times_s: list[float]
    signals: list[list[float]]
    gaps_s: list[tuple[float, float]]
    """Intervals in which the person was unobserved."""


class Moved(NamedTuple):
    """Measurements of a clip."""

    facts: MotionFacts
    line: Line | None
    """None if the source is a file of facts, which contain no signals."""


def moved(source: Path, clips: Sequence[Clip]) -> Iterator[Moved | None]:
    """Measurements of clips in their order; None for clips without a motion in the source.

    The source is the input of the data set's build: a folder, a packed store, or a file of facts.
    """
    if not source.exists():
        raise ValueError(
            f"{source}: no such file or folder; expected the motions the data set was built from"
        )
    if source.is_file() and source.suffix == ".jsonl":
        yield from _told(source, clips)
        return
    shelf = _Shelf(source)
    for start in range(0, len(clips), TOGETHER):
        some = clips[start : start + TOGETHER]
        yield from _measured([shelf.motion(clip) for clip in some], some)


def _told(source: Path, clips: Sequence[Clip]) -> Iterator[Moved | None]:
    wanted = {(clip.clip, clip.person): clip for clip in clips}
    measured = {
        key: Moved(facts, None)
        for facts in facts_of.read(source)
        if (key := (facts.clip, facts.person)) in wanted and facts.frame == wanted[key].frame
    }
    yield from (measured.get((clip.clip, clip.person)) for clip in clips)


def _measured(motions: "Sequence[Motion | None]", clips: Sequence[Clip]) -> Iterator[Moved | None]:
    """Measures clips of a build, which share a frame of reference."""
    from kinematics.movement import measurement

    there = [motion for motion in motions if motion is not None]
    frame = clips[0].frame
    facts = measurement.measure_all(there, frame=frame)
    traces = measurement.trace_all(there, frame=frame)
    for motion in motions:
        yield None if motion is None else Moved(next(facts), _line(next(traces)))


def _line(trace: "Trace") -> Line:
    times_s = trace.times_s[::EVERY].round(3).tolist()
    signals = [lane[::EVERY].round(4).tolist() for lane in trace.signals.T]
    return Line(times_s, signals, _gaps(trace))


def _gaps(trace: "Trace") -> list[tuple[float, float]]:
    gaps: list[tuple[float, float]] = []
    start_s: float | None = None
    for time_s, seen in zip(trace.times_s.tolist(), trace.observed.tolist(), strict=True):
        if not seen and start_s is None:
            start_s = time_s
        elif seen and start_s is not None:
            gaps.append((round(start_s, 3), round(time_s, 3)))
            start_s = None
    if start_s is not None:
        gaps.append((round(start_s, 3), round(float(trace.times_s[-1]), 3)))
    return gaps


class _Shelf:
    """Motions by clip, from files below a folder or from a packed store."""

    def __init__(self, root: Path) -> None:
        from kinematics import store

        self._store: Store | None = store.read(root) if store.recognise(root) else None
        self._root = root.resolve() if root.is_dir() else root.resolve().parent
        self._held: tuple[Path, Sequence[Motion]] | None = None

    def motion(self, clip: Clip) -> "Motion | None":
        """The motion of a clip; None if it cannot be read."""
        same = [
            motion
            for motion in self._found(clip)
            if (motion.source.clip, motion.source.person) == (clip.clip, clip.person)
        ]
        return same[0] if same else None

    def _found(self, clip: Clip) -> "Sequence[Motion]":
        from kinematics.intake import read

        if self._store is not None:
            return [self._store[number] for number in self._store.numbers(clip.clip)]
        path = (self._root / clip.source).resolve()
        if not (path.is_relative_to(self._root) and path.exists()):
            return []
        if self._held is None or self._held[0] != path:
            try:
                self._held = (path, read(path))
            except (ValueError, OSError):
                self._held = (path, [])
        return self._held[1]
