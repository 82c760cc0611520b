"""`MotionFacts`: all measurements of one motion, as frozen plain data.

Imports no array library, so facts can be written, read and queried without one.
Lengths are metres, times seconds from the clip's first frame, angles radians; intervals are
half-open. Left and right are the reference frame's (see `MotionFacts.frame`).
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, get_args

import msgspec

from kinematics.output import whole

SCHEMA_VERSION = 1

Frame = Literal["first_heading", "first_pose", "body", "camera"]
"""The frames of reference of the conventions."""

Signal = Literal["left", "up", "forward", "start_distance", "heading", "forward_lean", "left_lean"]
"""The signals of movement events. Positive is the direction in the name."""

SIGNALS: tuple[Signal, ...] = get_args(Signal)
ANGULAR_SIGNALS: frozenset[str] = frozenset({"heading", "forward_lean", "left_lean"})
"""Signals in radians; the others are in metres."""

Episode = Literal["jump", "crouch", "lower", "rise"]
"""Vertical episodes: up and back within a second, down and back, and lasting height changes."""

EPISODES: tuple[Episode, ...] = get_args(Episode)


def check_signal(name: str) -> None:
    """Raises `ValueError`, with the list of signals, for an unknown name.

    >>> check_signal("sideways")
    Traceback (most recent call last):
    ...
    ValueError: signal 'sideways': expected one of left, up, forward, start_distance, heading, \
forward_lean, left_lean
    """
    if name not in SIGNALS:
        raise ValueError(f"signal {name!r}: expected one of {', '.join(SIGNALS)}")


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One movement: a stretch of one signal between two turning points."""

    signal: Signal
    start_s: float
    end_s: float
    amount: float
    """Signed change over the event, in metres or radians."""
    peak_speed: float
    """Greatest speed inside, in m/s or rad/s, unsigned."""
    mean_speed: float
    coverage: float
    """Share of the event during which the person was seen."""
    quarter_amounts: tuple[float, float, float, float]
    """The part of `amount` that falls into each quarter of the clip."""


class VerticalEpisode(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A jump, a crouch, or a lasting lowering or rising of the body."""

    kind: Episode
    start_s: float
    end_s: float
    height_m: float
    """Greatest departure from the standing level, positive up."""


class WindowFacts(msgspec.Struct, frozen=True, gc=False):
    """Measurements between two times. Quarters and the whole clip are windows."""

    start_s: float
    end_s: float
    coverage: float
    net_left_m: float
    net_up_m: float
    net_forward_m: float
    path_m: float
    """Horizontal path walked while moving; standing sway adds nothing."""
    left_m: float
    """Sum of the left events' parts inside the window; likewise for the next seven fields."""
    right_m: float
    up_m: float
    down_m: float
    forward_m: float
    backward_m: float
    away_m: float
    towards_m: float
    body_left_m: float
    """Path along the subject's own changing axes (sidesteps, walking backwards)."""
    body_right_m: float
    body_forward_m: float
    body_backward_m: float
    net_turn_rad: float
    turn_left_rad: float
    turn_right_rad: float
    lean_forward_rad: float
    lean_backward_rad: float
    lean_left_rad: float
    lean_right_rad: float
    max_tilt_rad: float
    mean_speed_mps: float
    peak_speed_mps: float
    start_distance_m: float
    """Distance from the start at the window's beginning."""
    end_distance_m: float
    furthest_m: float
    furthest_s: float
    closest_m: float
    closest_s: float


class PathShape(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The ground path as a whole."""

    straightness: float
    """Net over path length, 0 to 1; 1 for a path too short to have a shape."""
    returns: int
    """Number of returns to the start after leaving it."""
    laps: float
    """Turns of the direction of travel, + to the left (a full circle is 1)."""
    turning_radius_m: float | None
    """Path per radian of turning of the direction of travel; None for a straight path."""
    extent_m: float
    """Greatest distance from the start."""
    shape: Literal["stays", "straight", "curved", "loop", "back_and_forth", "wandering"]


class Posture(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Orientation over the whole clip."""

    lean_of: Literal["pelvis", "trunk"]
    """The part whose lean is measured: the trunk with joints, else the pelvis."""
    net_turn_rad: float
    turn_left_rad: float
    turn_right_rad: float
    max_tilt_rad: float
    max_forward_lean_rad: float
    max_backward_lean_rad: float
    max_left_lean_rad: float
    max_right_lean_rad: float
    heading_coverage: float
    """Share of the clip in which the heading is defined and was seen."""


class PartFacts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Motion of one body part relative to the body."""

    part: str
    """`head`, `left_upper_limb`, ...; pairs such as `left_hand_to_head`."""
    group: str
    """One of the seven part groups."""
    displacement: float
    """Net, in metres, as the path; speeds are in m/s."""
    path: float
    mean_speed: float
    peak_speed: float
    directions: tuple[float, float, float, float, float, float]
    """Share of the path that went left, right, up, down, forward, backward."""
    angle_range_rad: float | None
    """Range of the part's joint angle (elbow, knee, neck, trunk); None for pairs."""
    distance_range: tuple[float, float] | None
    """Least and greatest distance to the other part of a pair."""
    near_share: float | None
    """Share of the time close enough to touch the other part."""
    approach: float | None
    """Distance closed (+) or opened (-) over the clip."""
    above_share: float | None
    """Share of the time that the hand is above the other part."""
    front_share: float | None
    """Share of the time that the hand is in front of the other part."""
    repetitions: int
    """Full cycles of a to-and-fro movement; 0 if it is not periodic."""
    period_s: float | None
    coverage: float


class PathSample(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The anchored track at one time, for evidence and plots."""

    time_s: float
    left_m: float
    up_m: float
    forward_m: float
    heading_rad: float


class MotionFacts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All facts about one motion, and the settings of their measurement."""

    schema_version: int = SCHEMA_VERSION
    clip: str
    take: str
    person: int
    path: str
    shared_world: bool
    notes: tuple[str, ...]
    frame: Frame
    thresholds: str
    """Fingerprint of the thresholds in use."""
    frames: int
    duration_s: float
    fps: float
    coverage: float
    """Share of the clip's time in which the person was seen."""
    has_joints: bool
    events: tuple[Event, ...]
    episodes: tuple[VerticalEpisode, ...]
    whole: WindowFacts
    quarters: tuple[WindowFacts, WindowFacts, WindowFacts, WindowFacts]
    shape: PathShape
    posture: Posture
    parts: tuple[PartFacts, ...]
    samples: tuple[PathSample, ...]

    def events_on(self, signal: Signal) -> tuple[Event, ...]:
        """The events of one signal, in time order; raises `ValueError` on an unknown signal.

        >>> from kinematics import measure, synthetic
        >>> facts = measure(synthetic.perform(synthetic.turn(1.57)).motion)
        >>> [round(event.amount, 1) for event in facts.events_on("heading")]
        [1.6]
        """
        check_signal(signal)
        return tuple(event for event in self.events if event.signal == signal)

    def episodes_of(self, kind: Episode) -> tuple[VerticalEpisode, ...]:
        """The vertical episodes of one kind, in time order; raises `ValueError` on others."""
        if kind not in EPISODES:
            raise ValueError(f"episode {kind!r}: expected one of {', '.join(EPISODES)}")
        return tuple(episode for episode in self.episodes if episode.kind == kind)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(MotionFacts)


class _SchemaOnly(msgspec.Struct):
    schema_version: int = 0


_schema_decoder = msgspec.json.Decoder(_SchemaOnly)


def to_line(facts: MotionFacts) -> bytes:
    """One JSON object without the newline; the same facts give the same bytes.

    >>> from kinematics import measure, synthetic
    >>> facts = measure(synthetic.perform(synthetic.stand(1.0)).motion)
    >>> to_line(facts)[:20]
    b'{"schema_version":1,'
    """
    return _encoder.encode(facts)


def from_line(line: bytes | str) -> MotionFacts:
    """The facts of a line from `to_line`; raises `ValueError` for another schema version.

    >>> from_line('{"schema_version": 99}')  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: facts of schema version 99, expected 1: measure the motions again ...
    """
    version = _schema_decoder.decode(line).schema_version
    if version != SCHEMA_VERSION:
        raise ValueError(
            f"facts of schema version {version}, expected {SCHEMA_VERSION}: measure the motions "
            "again with this release, or read them with the release that wrote them"
        )
    return _decoder.decode(line)


def read(path: Path | str) -> Iterator[MotionFacts]:
    """The facts of a `.jsonl` file, one clip at a time; errors name the file and the line."""
    with Path(path).open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                try:
                    yield from_line(line)
                except (ValueError, msgspec.DecodeError) as error:
                    raise ValueError(f"{path}, line {number}: {error}") from error


def write(path: Path | str, clips: Iterable[MotionFacts]) -> int:
    """Writes a `.jsonl` file atomically; returns the number of clips.

    >>> import tempfile
    >>> from kinematics import measure, synthetic
    >>> facts = measure(synthetic.perform(synthetic.stand(1.0)).motion)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     count = write(Path(folder, "facts.jsonl"), [facts, facts])
    ...     count, list(read(Path(folder, "facts.jsonl"))) == [facts, facts]
    (2, True)
    """
    count = 0
    with whole(Path(path)) as partial, partial.open("wb") as file:
        for clip in clips:
            file.write(to_line(clip) + b"\n")
            count += 1
    return count
