"""The stages as pure functions of plain inputs; each returns a verdict with the measured values.

`metadata`, `scene` and `people` judge the clip; `action` and `camera` are the paper's rules for the
movements of its people; `acting` replaces both if the background is known.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Float

from kinematics.curation.limits import Limits
from kinematics.curation.movement import Tracklet
from kinematics.curation.records import Check, Verdict


def metadata(
    *,
    width_px: int | None,
    height_px: int | None,
    duration_s: float | None,
    verbs: int | None,
    limits: Limits,
) -> Verdict:
    """Whether picture size and length suffice and the caption names an action.

    Without a caption (`verbs=None`), its check is omitted.

    >>> metadata(width_px=320, height_px=240, duration_s=9.0, verbs=1, limits=Limits()).reason
    'side_px too small'
    """
    sides = [side for side in (width_px, height_px) if side is not None]
    side_px = float(min(sides)) if len(sides) == 2 else None
    checks = [
        Check(name="side_px", value=side_px, least=limits.least_side_px),
        Check(name="video_s", value=duration_s, least=limits.least_video_s),
    ]
    if verbs is not None:
        checks.append(Check(name="verbs", value=float(verbs), least=limits.least_verbs))
    return Verdict(stage="metadata", checks=tuple(checks))


def scene(*, start_s: float, end_s: float, limits: Limits) -> Verdict:
    """Whether a scene of a video is neither too short nor too long.

    >>> scene(start_s=2.0, end_s=30.0, limits=Limits()).reason
    'scene_s too large'
    """
    scene_s = round(end_s - start_s, 6)
    check = Check(
        name="scene_s", value=scene_s, least=limits.least_scene_s, most=limits.most_scene_s
    )
    return Verdict(stage="scene", checks=(check,))


def people(
    boxes_px: Sequence[Float[np.ndarray, "_ 4"]], *, image_size_px: tuple[int, int], limits: Limits
) -> Verdict:
    """Whether every given frame shows the right number of people, large enough.

    The areas of a frame's boxes (left, top, right, bottom; NaN for nobody) inside the picture are
    summed; overlaps count twice.

    >>> person = np.array([[0.0, 0, 50, 100]])
    >>> people([person, person[:0]], image_size_px=(100, 100), limits=Limits()).reason
    'people too small'
    """
    counts, shares = [], []
    width, height = image_size_px
    for boxes in boxes_px:
        there = boxes[np.isfinite(boxes).all(axis=1)].clip(0, [width, height] * 2)
        sizes = (there[:, 2:] - there[:, :2]).clip(0)
        counts.append(len(there))
        shares.append(float(sizes.prod(axis=1).sum()) / (width * height))
    fewest, most = (float(min(counts)), float(max(counts))) if counts else (None, None)
    checks = (
        Check(name="people", value=fewest, least=limits.least_people),
        Check(name="people", value=most, most=limits.most_people),
        Check(name="box_share", value=min(shares, default=None), least=limits.least_box_share),
    )
    return Verdict(stage="people", checks=checks)


def _known(values: Iterable[Float[np.ndarray, "_"]]) -> Float[np.ndarray, " steps"]:
    joined = np.concatenate([np.zeros(0), *values])
    return joined[np.isfinite(joined)]


def action(tracklets: Sequence[Tracklet], *, limits: Limits) -> Verdict:
    """The paper's rule: every step of every person is longer than the threshold.

    >>> rows = np.arange(3)
    >>> walker = Tracklet(rows, 0 * rows, np.array([np.nan, 0.9, 0.05]), np.zeros(3))
    >>> action([walker], limits=Limits()).reason
    'travel too small'
    """
    steps = _known(tracklet.travel for tracklet in tracklets)
    least = float(steps.min()) if len(steps) else None
    check = Check(name="travel", value=least, least=limits.travel, exclusive=True)
    return Verdict(stage="action", checks=(check,))


def camera(tracklets: Sequence[Tracklet], *, limits: Limits) -> Verdict:
    """The paper's rule: the mean residual of an affine map of the person exceeds the threshold.

    >>> rows = np.arange(3)
    >>> panned = Tracklet(rows, 0 * rows, np.ones(3), np.array([np.nan, 0.0, 0.001]))
    >>> camera([panned], limits=Limits()).reason
    'residual too small'
    """
    steps = _known(tracklet.residual for tracklet in tracklets)
    mean = float(steps.mean()) if len(steps) else None
    check = Check(name="residual", value=mean, least=limits.residual, exclusive=True)
    return Verdict(stage="camera", checks=(check,))


def acts(movements: Float[np.ndarray, " steps"], *, limits: Limits) -> bool:
    """Whether enough of a person's steps are movements; NaN is an unknown step.

    >>> acts(np.array([0.2, 0.3, 0.0, np.nan]), limits=Limits())
    True
    """
    known = movements[np.isfinite(movements)]
    moving = int((known > limits.body_movement).sum())
    return moving >= max(limits.moving_steps, limits.moving_share * len(known))


def acting(
    movements: Sequence[Float[np.ndarray, "_"]], *, limits: Limits
) -> tuple[Verdict, Verdict]:
    """The verdicts on action and on camera by the rule that uses the background.

    Each array holds a person's movements, corrected for the camera's (see `background`). The first
    verdict checks that enough steps are known, the second that anybody acts: the largest share of a
    person's steps that are movements.

    >>> still, waving = np.array([0.01, 0.02, 0.01]), np.array([0.01, 0.2, 0.3])
    >>> [verdict.kept for verdict in acting([still, waving], limits=Limits())]
    [True, True]
    >>> acting([still], limits=Limits())[1].reason
    'moving_share too small'
    """
    known = [steps[np.isfinite(steps)] for steps in movements]
    most = max((len(steps) for steps in known), default=0)
    shares = [
        float((steps > limits.body_movement).mean()) if acts(steps, limits=limits) else 0.0
        for steps in known
        if len(steps)
    ]
    measured = Check(name="known_steps", value=float(most), least=limits.moving_steps)
    share = Check(name="moving_share", value=max(shares, default=None), least=limits.moving_share)
    return Verdict(stage="action", checks=(measured,)), Verdict(stage="camera", checks=(share,))
