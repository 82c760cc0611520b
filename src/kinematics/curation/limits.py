"""Every number that decides which clips are kept, with its unit and reason. Plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

KEYPOINTS = 17
"""Points of a body as COCO has them: the sums below are over so many."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The thresholds of all stages; those of the paper (HAIC) where it names them.

    The paper leaves open how a body's points make one number. Here travel is the sum over the 17
    points, and the residual the sum of squares that least squares leave over; only then do its two
    thresholds lie above the trembling of a detector and below a wave of a hand.
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
    """Frames, evenly spread over the scene, in which people are counted."""
    least_people: float = 1.0
    most_people: float = 5.0
    least_box_share: float = 0.1
    """Share of the frame that the boxes of its people cover, added up."""
    box_margin: float = 0.1
    """Boxes around keypoints are widened by this share at each side: hands and the top of the head
    lie outside. Boxes of a detector are left as they are."""

    # tracklets
    rate_hz: float = 1.0
    """Frames a second that movement is measured on."""
    least_overlap: float = 0.05
    """Intersection over union below which two boxes are two people: at one frame a second a runner
    overlaps himself by little."""
    patience: float = 0.0
    """Frames for which a person who is not found is remembered."""
    least_confidence: float = 0.3
    """A point that the estimator is less sure of was not seen."""
    least_points: float = 4.0
    """Points that two frames must have in common; three are always explained by an affine map."""

    # action, the paper's rule
    travel: float = 0.085
    """Every step between neighbouring frames must be longer: |dx| / width + |dy| / height, summed
    over the 17 points."""

    # camera, the paper's rule
    residual: float = 0.0016
    """Mean over the steps, which must be larger: squares that the best affine map leaves over, in
    coordinates divided by the picture's size, summed over the 17 points."""

    # action and camera, the rule that knows the background
    background_rate_hz: float = 2.5
    """Frames a second: nobody waves at this rate, so no wave stands still in the samples."""
    background_points: float = 12.0
    """Points of the background that two frames must have in common."""
    background_tolerance: float = 0.003
    """Distance, as a share of the picture's diagonal, up to which a camera's motion explains a
    point of the background: two pixels of a small video."""
    background_share: float = 0.7
    """Share of the background that a camera's motion must explain; across a cut none does."""
    body_movement: float = 0.05
    """A step is a movement when the three points that moved most did so by this on average, after
    the camera's motion is taken out; in diagonals of the person's box: a hand's breadth."""
    moving_share: float = 0.08
    """Share of a person's steps that must be movements: most of a clip may be still."""
    moving_steps: float = 2.0
    """And at least so many of them: a single one may be a slip of the estimator."""


def changed(limits: Limits, values: Mapping[str, float]) -> Limits:
    """The limits with some of them replaced; one error names all that are none.

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
