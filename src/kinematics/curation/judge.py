"""Runs the stages on clips, by either rule; clips are measured together."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float

from kinematics.curation import background, stages
from kinematics.curation.background import CameraMotion
from kinematics.curation.clips import PoseClip, boxes_of, sampled, scene_of, spread, trusted
from kinematics.curation.limits import Limits
from kinematics.curation.movement import Tracklet, by_tracklet, steps
from kinematics.curation.records import Verdict

Rule = Literal["auto", "paper", "background"]
"""How to separate action from camera motion: by points of the background or by people alone; `auto`
uses the background of clips that have it."""


class Judged(NamedTuple):
    """A clip's verdicts, up to the first refusal, and its people."""

    verdicts: tuple[Verdict, ...]
    measured: PoseClip
    """The frames on which movement was measured."""
    tracklets: tuple[Tracklet, ...]
    rule: Rule
    """The applied rule, `paper` or `background`."""
    acts: tuple[bool, ...]
    """Whether each person acts; by the paper's rule, whether their own steps pass it."""


def judge(
    clips: Sequence[PoseClip], *, rule: Rule = "auto", limits: Limits | None = None
) -> list[Judged]:
    """Verdicts from scene to camera for each clip, independent of the other clips.

    >>> nobody = PoseClip(
    ...     clip="a", image_size_px=(8, 8), times_s=np.arange(60.0) / 10,
    ...     keypoints_px=np.ones((60, 0, 17, 2)), confidence=np.ones((60, 0, 17)),
    ... )
    >>> [verdict.reason for verdict in judge([nobody])[0].verdicts]
    [None, 'people too small']
    """
    limits = limits or Limits()
    rules = [_applied(clip, rule) for clip in clips]
    early = [_presence(clip, limits) for clip in clips]
    thin = [
        sampled(clip, limits, rate_hz=limits.rate_hz)
        if applied == "paper"
        else sampled(clip, limits, rate_hz=limits.background_rate_hz, uneven=True)
        for clip, applied in zip(clips, rules, strict=True)
    ]
    going = [index for index, verdicts in enumerate(early) if verdicts[-1].kept]
    motions = {index: _cameras(thin[index], rules[index], limits) for index in going}
    scenes = [
        scene_of(
            thin[index],
            limits,
            carried_px=None
            if (known := motions[index]) is None
            else background.carried(boxes_of(thin[index], limits), known),
        )
        for index in going
    ]
    measured = map(by_tracklet, steps(scenes, limits=limits))
    tracklets = dict(zip(going, measured, strict=True))
    return [
        Judged(early[index], thin[index], (), rules[index], ())
        if index not in tracklets
        else _by_rule(early[index], thin[index], tracklets[index], motions[index], limits=limits)
        for index in range(len(clips))
    ]


def _applied(clip: PoseClip, rule: Rule) -> Rule:
    if rule != "auto":
        return rule
    return "paper" if clip.background_px is None else "background"


def _cameras(clip: PoseClip, rule: Rule, limits: Limits) -> list[CameraMotion | None] | None:
    """The camera's motions; None for the paper's rule."""
    if rule == "paper":
        return None
    if clip.background_px is None:
        return [None] * max(len(clip.times_s) - 1, 0)
    return background.camera_motions(
        clip.background_px, image_size_px=clip.image_size_px, limits=limits
    )


def _presence(clip: PoseClip, limits: Limits) -> tuple[Verdict, ...]:
    start_s = float(clip.times_s[0]) if len(clip.times_s) else 0.0
    verdict = stages.scene(start_s=start_s, end_s=start_s + clip.duration_s, limits=limits)
    if not verdict.kept:
        return (verdict,)
    boxes = boxes_of(clip, limits)[spread(clip.times_s, count=int(limits.people_frames))]
    return verdict, stages.people(list(boxes), image_size_px=clip.image_size_px, limits=limits)


def _by_rule(
    early: tuple[Verdict, ...],
    clip: PoseClip,
    tracklets: Sequence[Tracklet],
    motions: Sequence[CameraMotion | None] | None,
    *,
    limits: Limits,
) -> Judged:
    rule: Rule = "paper" if motions is None else "background"
    if motions is None:
        action = stages.action(tracklets, limits=limits)
        verdicts = action, stages.camera(tracklets, limits=limits)
        acts = tuple(
            all(stage([person], limits=limits).kept for stage in (stages.action, stages.camera))
            for person in tracklets
        )
    else:
        movements = body_movements(clip, tracklets, motions, limits=limits)
        verdicts = stages.acting(movements, limits=limits)
        acts = tuple(stages.acts(person, limits=limits) for person in movements)
    if not verdicts[0].kept:
        verdicts = verdicts[:1]  # type: ignore[assignment]
    return Judged((*early, *verdicts), clip, tuple(tracklets), rule, acts)


def body_movements(
    clip: PoseClip,
    tracklets: Sequence[Tracklet],
    motions: Sequence[CameraMotion | None],
    *,
    limits: Limits,
) -> list[Float[np.ndarray, "_"]]:
    """Movements of each person, corrected for the camera's; NaN where that is unknown.

    >>> bare = PoseClip(
    ...     clip="a", image_size_px=(8, 8), times_s=np.arange(2.0),
    ...     keypoints_px=np.ones((2, 1, 17, 2)), confidence=np.ones((2, 1, 17)),
    ... )
    >>> rows = np.arange(2)
    >>> person = Tracklet(rows, 0 * rows, np.zeros(2), np.zeros(2))
    >>> body_movements(bare, [person], [None], limits=Limits())[0].tolist()
    [nan]
    """
    points, boxes = trusted(clip, limits), boxes_of(clip, limits)
    movements = []
    for rows, slots, *_ in tracklets:
        corners = boxes[rows, slots]
        sizes = np.hypot(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
        body_px = max(float(np.median(sizes)), 1.0)
        movements.append(
            background.movements(points[rows, slots], rows, motions, body_px=body_px, limits=limits)
        )
    return movements
