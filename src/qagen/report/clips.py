"""Clips as data of the page: timelines, path, movements and video."""

import math
from collections.abc import Mapping

import msgspec

from kinematics.facts import ANGULAR_SIGNALS, SIGNALS, MotionFacts
from qagen.dataset.layout import Clip
from qagen.report.lanes import LANES, signal_of
from qagen.report.motions import Line, Moved
from qagen.study.explain import in_words

EPISODES = {"jump": "jump", "crouch": "crouch", "lower": "going lower", "rise": "rising"}


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """A movement, as a bar under a timeline."""

    lane: str
    words: str
    start: float
    end: float


class Shown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Data of a clip, in metres, seconds and degrees."""

    name: str
    person: int
    split: str
    group: str
    source: str
    duration: float
    coverage: float
    frame: str
    shape: str
    path: float
    turn: float
    times: list[float]
    lanes: dict[str, list[float]]
    """Values by signal, at the times."""
    gaps: list[tuple[float, float]] = []
    movements: list[Movement] | None = None
    """None if they were not measured."""
    video: str = ""
    people: str = ""
    """The person's description in a video of several people."""


def shown(clip: Clip, *, moved: Moved | None = None, video: str = "", people: str = "") -> Shown:
    """A clip for the page.

    >>> from kinematics import measure, synthetic
    >>> from qagen.dataset import layout
    >>> facts = measure(synthetic.perform(synthetic.walk(3.0)).motion)
    >>> identity = dict(take="", subject="", source="", digest="", asked=0, rejected=0)
    >>> clip = shown(layout.clip_of(facts, **identity))
    >>> list(clip.lanes), round(clip.lanes["forward"][-1], 2)
    (['forward', 'left', 'up', 'start_distance', 'heading'], 3.0)
    """
    line = moved.line if moved else None
    times, lanes = _sampled(clip) if line is None else _measured(line)
    return Shown(
        name=clip.clip,
        person=clip.person,
        split=clip.split,
        group=clip.group,
        source=clip.source,
        duration=round(clip.duration_s, 3),
        coverage=round(clip.coverage, 4),
        frame=clip.frame,
        shape=clip.shape.replace("_", " "),
        path=round(clip.path_m, 2),
        turn=round(math.degrees(clip.turn_rad)),
        times=times,
        lanes=lanes,
        gaps=[] if line is None else line.gaps_s,
        movements=_movements(moved.facts) if moved else None,
        video=video,
        people=people,
    )


def _sampled(clip: Clip) -> tuple[list[float], dict[str, list[float]]]:
    """The five timelines in a data set."""
    samples = clip.samples
    return [round(at.time_s, 3) for at in samples], {
        "forward": [round(at.forward_m, 3) for at in samples],
        "left": [round(at.left_m, 3) for at in samples],
        "up": [round(at.up_m, 3) for at in samples],
        "start_distance": [round(math.hypot(at.left_m, at.forward_m), 3) for at in samples],
        "heading": [round(math.degrees(at.heading_rad), 1) for at in samples],
    }


def _measured(line: Line) -> tuple[list[float], dict[str, list[float]]]:
    values: Mapping[str, list[float]] = dict(zip(SIGNALS, line.signals, strict=True))
    return line.times_s, {
        lane.signal: [
            round(math.degrees(value), 1) if lane.signal in ANGULAR_SIGNALS else round(value, 3)
            for value in values[lane.signal]
        ]
        for lane in LANES
    }


def _movements(facts: MotionFacts) -> list[Movement]:
    movements = [
        Movement(
            lane=event.signal,
            words=in_words(event.amount, "rad" if event.signal in ANGULAR_SIGNALS else "m"),
            start=round(event.start_s, 3),
            end=round(event.end_s, 3),
        )
        for event in facts.events
    ]
    movements += [
        Movement(
            lane=signal_of(episode.kind),
            words=EPISODES[episode.kind],
            start=round(episode.start_s, 3),
            end=round(episode.end_s, 3),
        )
        for episode in facts.episodes
    ]
    return sorted(movements, key=lambda movement: (movement.start, movement.end, movement.lane))
