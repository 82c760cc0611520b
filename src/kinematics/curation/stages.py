"""The stages, as pure functions over plain inputs: each says keep, or why not and by which value.

`metadata`, `scene` and `people` ask once a clip; `action` and `camera` are the paper's rules for
what its people do; `acting` stands for both where the background is known.
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
    """Whether picture and length suffice and the caption names an action.

    A caption that was not given (`verbs=None`) is not held against the video.

    >>> metadata(width_px=320, height_px=240, duration_s=9.0, verbs=1, limits=Limits()).reason
    'side_px too small'
    """
    sides = [side for side in (width_px, height_px) if side is not None]
    checks = [
        Check(
            name="side_px",
            value=float(min(sides)) if len(sides) == 2 else None,
            least=limits.least_side_px,
        ),
        Check(name="video_s", value=duration_s, least=limits.least_video_s),
    ]
    if verbs is not None:
        checks.append(Check(name="verbs", value=float(verbs), least=limits.least_verbs))
    return Verdict(stage="metadata", checks=tuple(checks))


def scene(*, start_s: float, end_s: float, limits: Limits) -> Verdict:
    """Whether one scene of a video is neither too short nor too long.

    >>> scene(start_s=2.0, end_s=30.0, limits=Limits()).reason
    'scene_s too large'
    """
    check = Check(
        name="scene_s",
        value=round(end_s - start_s, 6),
        least=limits.least_scene_s,
        most=limits.most_scene_s,
    )
    return Verdict(stage="scene", checks=(check,))


def people(
    boxes_px: Sequence[Float[np.ndarray, "_ 4"]],
    *,
    image_size_px: tuple[int, int],
    limits: Limits,
) -> Verdict:
    """Whether all of some frames show the right number of people, large enough.

    The boxes of a frame (left, top, right, bottom; rows of NaN are nobody) are added up, as far as
    they are inside the picture; what two of them share counts twice.

    >>> one = np.array([[0.0, 0, 50, 100]])
    >>> people([one, one[:0]], image_size_px=(100, 100), limits=Limits()).reason
    'people too small'
    """
    counts, shares = [], []
    width, height = image_size_px
    for boxes in boxes_px:
        there = boxes[np.isfinite(boxes).all(axis=1)].clip(0, [width, height] * 2)
        sizes = (there[:, 2:] - there[:, :2]).clip(0)
        counts.append(len(there))
        shares.append(float(sizes.prod(axis=1).sum()) / (width * height))
    checks = (
        # the fewest people of any frame must be enough, the most not too many
        Check(
            name="people", value=float(min(counts)) if counts else None, least=limits.least_people
        ),
        Check(name="people", value=float(max(counts)) if counts else None, most=limits.most_people),
        Check(name="box_share", value=min(shares, default=None), least=limits.least_box_share),
    )
    return Verdict(stage="people", checks=checks)


def _known(values: Iterable[Float[np.ndarray, "_"]]) -> Float[np.ndarray, " steps"]:
    joined = np.concatenate([np.zeros(0), *values])
    return joined[np.isfinite(joined)]


def action(tracklets: Sequence[Tracklet], *, limits: Limits) -> Verdict:
    """The paper's rule: every step of everybody is longer than the threshold.

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
    """The paper's rule: the mean step leaves more than an affine map of the person explains.

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
    """Whether enough of a person's steps are movements; NaN is a step that says nothing.

    >>> acts(np.array([0.2, 0.3, 0.0, np.nan]), limits=Limits())
    True
    """
    known = movements[np.isfinite(movements)]
    moving = int((known > limits.body_movement).sum())
    return moving >= max(limits.moving_steps, limits.moving_share * len(known))


def acting(
    movements: Sequence[Float[np.ndarray, "_"]], *, limits: Limits
) -> tuple[Verdict, Verdict]:
    """The rule that knows the background, as the verdicts on action and on camera.

    Each array holds one person's movements, freed of the camera's (see `background`). The first
    verdict asks how much the camera left to be measured, the second whether anybody acts: the
    greatest share of steps, of one person, that are movements.

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
    return (
        Verdict(stage="action", checks=(measured,)),
        Verdict(stage="camera", checks=(share,)),
    )
