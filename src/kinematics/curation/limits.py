"""All thresholds of curation, with units and reasons. Plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

KEYPOINTS = 17
"""Body points in COCO's format; the sums below are over this many."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The thresholds of all stages, with the paper's (HAIC) values where it gives them.

    The paper does not say how a body's points combine. Here, travel is the sum over the 17 points
    and the residual the sum of squares of a least-squares fit; with these definitions its two
    thresholds lie above a detector's jitter and below a wave of a hand.
    """

    # metadata
    least_side_px: float = 360.0
    """Shorter side of the picture; the paper says "low resolution" without a number."""
    least_video_s: float = 5.0
    """A video shorter than the shortest scene cannot hold one."""
    least_verbs: float = 1.0
    """Verbs of action in the caption."""

    # scenes
    least_scene_s: float = 5.0
    most_scene_s: float = 20.0

    # people
    people_frames: float = 16.0
    """Evenly spaced frames in which people are counted."""
    least_people: float = 1.0
    most_people: float = 5.0
    least_box_share: float = 0.1
    """Summed area of the people's boxes, as a share of the frame."""
    box_margin: float = 0.1
    """Share by which boxes around keypoints are widened on each side, since hands and the top of
    the head lie outside. Boxes of a detector are unchanged."""

    # tracklets
    rate_hz: float = 1.0
    """Frame rate at which movement is measured."""
    least_overlap: float = 0.05
    """Intersection over union below which two boxes are different people; at one frame a second, a
    runner's consecutive boxes overlap little."""
    patience: float = 0.0
    """Frames for which an undetected person is remembered."""
    least_confidence: float = 0.3
    """Points with less confidence count as unseen."""
    least_points: float = 4.0
    """Points that two frames must share; an affine map explains any three."""

    # action, the paper's rule
    travel: float = 0.085
    """Least step between adjacent frames: |dx| / width + |dy| / height, summed over the 17 points.
    """

    # camera, the paper's rule
    residual: float = 0.0016
    """Least mean over the steps of the squared residuals of the best affine map, in coordinates
    divided by the picture's size, summed over the 17 points."""

    # action and camera, the rule that uses the background
    background_rate_hz: float = 2.5
    """Frame rate; nobody waves at this rate, so no wave appears still in the samples."""
    background_points: float = 12.0
    """Points of the background that two frames must share."""
    background_tolerance: float = 0.003
    """Distance up to which a camera's motion explains a point of the background, as a share of the
    picture's diagonal: two pixels of a small video."""
    background_share: float = 0.7
    """Share of the background that a camera's motion must explain, which fails across a cut."""
    body_movement: float = 0.05
    """Least movement: the mean over the three points that moved most, without the camera's motion,
    in diagonals of the person's box. It is a hand's breadth."""
    moving_share: float = 0.08
    """Least share of movements among a person's steps; most of a clip may be still."""
    moving_steps: float = 2.0
    """Least number of movements; a single one may be an error of the estimator."""


def changed(limits: Limits, values: Mapping[str, float]) -> Limits:
    """The limits with some of them replaced; a `ValueError` names all invalid ones.

    >>> changed(Limits(), {"travel": 0.2}).travel
    0.2
    """
    known = {field.name for field in fields(Limits)}
    problems = [f"{name}: no such limit" for name in values if name not in known]
    problems += [
        f"{name}: {value}; expected a number of zero or more"
        for name, value in values.items()
        if not 0 <= value < float("inf")
    ]
    if problems:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        raise ValueError(f"limits:\n{listed}\nThe limits are {', '.join(sorted(known))}.")
    return replace(limits, **values)
