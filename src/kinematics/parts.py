"""The table of measured body parts, and the thresholds of their movements. Plain data."""

from dataclasses import dataclass
from typing import Literal

SMOOTHING_S: float = 0.14
"""Half the window of the local quadratic fit: nine frames at 30 Hz. It halves white jitter and
keeps 96 % of the amplitude of a movement at 2 Hz, the pace of waving."""

LONGEST_STEP_S: float = 0.5
"""Longest time between two frames across which parts are measured; more is a gap."""

STILL_BODY_MPS: float = 0.06
"""Trunk and head rest below this speed relative to their references; they move slowly."""

STILL_LIMB_MPS: float = 0.10
"""Hands and feet rest below this speed, the still speed of the root."""

JITTER_GATE: float = 2.5
"""A part also rests below this many times the speed that its own jitter causes: white noise of any
size exceeds that in one frame out of some thousand."""

NEAR_TRUNK_M: float = 0.22
"""Wrist to the line from pelvis to neck: a palm laid on belly or chest is 0.15 to 0.22 away, a
hanging hand 0.25 or more."""

NEAR_HEAD_M: float = 0.25
"""Wrist to the middle of the head: half a head and a hand's length, for touching face or hair."""

NEAR_LEG_M: float = 0.15
"""Wrist to the nearest thigh or shin line: a hand on the knee; a hanging hand is 0.17 or more."""

NEAR_HANDS_M: float = 0.20
"""Wrist to wrist: folded, clapping and wringing hands."""

BESIDE_M: float = 0.05
"""A hand is above or in front of another part if it is by more than this."""

SWING_LIMB_M: float = 0.05
"""Smaller swings of a limb or the trunk are not repetitions: the trunk sways by this in walking."""

SWING_HEAD_M: float = 0.025
"""The head's swings are shorter: nodding moves its middle by some centimetres."""

SWING_JITTERS: float = 6.0
"""Swings are at least this many standard deviations of the smoothed track's jitter."""

TORSO_M: float = 0.5
"""Pelvis to neck of an adult: one torso length of 2D keypoints in thresholds."""

DIRECTIONS: tuple[str, ...] = ("left", "right", "up", "down", "forward", "backward")
"""The order of `PartFacts.directions`."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A body part, and the reference of its motion."""

    name: str
    group: str
    kind: Literal["single", "pair"]
    point: str
    """The point that moves."""
    reference: tuple[str, ...]
    """The points whose mean is the origin of its motion."""
    still_mps: float = STILL_LIMB_MPS
    swing_m: float = SWING_LIMB_M
    angle: tuple[str, str, str] | None = None
    """The joint angle is at the second point; `up` is the point straight above it."""
    segments: tuple[tuple[str, str], ...] = ()
    """The other part of a pair: the distance is to the nearest point of these segments."""
    near_m: float = 0.0

    @property
    def points(self) -> frozenset[str]:
        """All points that the part's measurement needs."""
        others = {name for segment in self.segments for name in segment}
        return frozenset({self.point, *self.reference, *others})


def _limb(side: str) -> tuple[Part, Part]:
    upper = Part(
        name=f"{side}_upper_limb",
        group="upper_limb",
        kind="single",
        point=f"{side}_wrist",
        reference=("chest",),
        angle=(f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist"),
    )
    lower = Part(
        name=f"{side}_lower_limb",
        group="lower_limb",
        kind="single",
        point=f"{side}_ankle",
        reference=("pelvis",),
        angle=(f"{side}_hip", f"{side}_knee", f"{side}_ankle"),
    )
    return upper, lower


def _hand_to(
    side: str,
    *,
    name: str,
    group: str,
    reference: tuple[str, ...],
    segments: tuple[tuple[str, str], ...],
    near_m: float,
) -> Part:
    return Part(
        name=name,
        group=group,
        kind="pair",
        point=f"{side}_wrist",
        reference=reference,
        segments=segments,
        near_m=near_m,
    )


_LEG_SEGMENTS = (
    ("left_hip", "left_knee"),
    ("left_knee", "left_ankle"),
    ("right_hip", "right_knee"),
    ("right_knee", "right_ankle"),
)


def _hand_pairs(side: str) -> tuple[Part, Part, Part]:
    return (
        _hand_to(
            side,
            name=f"{side}_hand_to_body",
            group="body_hand",
            reference=("chest",),
            segments=(("pelvis", "neck"),),
            near_m=NEAR_TRUNK_M,
        ),
        _hand_to(
            side,
            name=f"{side}_hand_to_head",
            group="head_hand",
            reference=("head",),
            segments=(("head", "head"),),
            near_m=NEAR_HEAD_M,
        ),
        _hand_to(
            side,
            name=f"{side}_hand_to_leg",
            group="leg_hand",
            reference=("left_knee", "right_knee"),
            segments=_LEG_SEGMENTS,
            near_m=NEAR_LEG_M,
        ),
    )


PARTS: tuple[Part, ...] = (
    Part(
        name="body",
        group="body",
        kind="single",
        point="neck",
        reference=("pelvis",),
        still_mps=STILL_BODY_MPS,
        angle=("up", "pelvis", "neck"),
    ),
    Part(
        name="head",
        group="head",
        kind="single",
        point="head",
        reference=("neck",),
        still_mps=STILL_BODY_MPS,
        swing_m=SWING_HEAD_M,
        angle=("pelvis", "neck", "head"),
    ),
    *_limb("left"),
    *_limb("right"),
    *_hand_pairs("left"),
    *_hand_pairs("right"),
    _hand_to(
        "left",
        name="hand_to_hand",
        group="upper_limb",
        reference=("right_wrist",),
        segments=(("right_wrist", "right_wrist"),),
        near_m=NEAR_HANDS_M,
    ),
)
"""The measured parts, in the order of `PartMotion`'s arrays. The last part is the left hand
relative to the right hand."""
