"""All stages of one clip in order, by either rule; and of many clips, measured together."""

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
"""How action is told from the camera's motion: by the background where a clip has points of it, or
by the people alone; `auto` is whichever a clip allows."""


class Judged(NamedTuple):
    """A clip's verdicts up to the first that refuses it, and its people."""

    verdicts: tuple[Verdict, ...]
    measured: PoseClip
    """The frames that movement was measured on."""
    tracklets: tuple[Tracklet, ...]
    rule: Rule
    """`paper` or `background`, whichever was applied."""
    acts: tuple[bool, ...]
    """Of each tracklet: by the paper's rule those whose own steps pass it."""


def judge(
    clips: Sequence[PoseClip], *, rule: Rule = "auto", limits: Limits | None = None
) -> list[Judged]:
    """Scene, people, action and camera of each clip; a clip's verdict depends on the clip alone.

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
    going = [place for place, verdicts in enumerate(early) if verdicts[-1].kept]
    motions = {place: _cameras(thin[place], rules[place], limits) for place in going}
    scenes = [
        scene_of(
            thin[place],
            limits,
            carried_px=None
            if (known := motions[place]) is None
            else background.carried(boxes_of(thin[place], limits), known),
        )
        for place in going
    ]
    measured = steps(scenes, limits=limits)
    tracklets = {place: by_tracklet(one) for place, one in zip(going, measured, strict=True)}
    return [
        Judged(early[place], thin[place], (), rules[place], ())
        if place not in tracklets
        else _by_rule(early[place], thin[place], tracklets[place], motions[place], limits=limits)
        for place in range(len(clips))
    ]


def _applied(clip: PoseClip, rule: Rule) -> Rule:
    if rule != "auto":
        return rule
    return "paper" if clip.background_px is None else "background"


def _cameras(clip: PoseClip, rule: Rule, limits: Limits) -> list[CameraMotion | None] | None:
    """What the camera did; none where the people alone are asked."""
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
        verdicts = (
            stages.action(tracklets, limits=limits),
            stages.camera(tracklets, limits=limits),
        )
        acts = tuple(
            stages.action([one], limits=limits).kept and stages.camera([one], limits=limits).kept
            for one in tracklets
        )
    else:
        movements = body_movements(clip, tracklets, motions, limits=limits)
        verdicts = stages.acting(movements, limits=limits)
        acts = tuple(stages.acts(one, limits=limits) for one in movements)
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
    """Everybody's movements without the camera's part; unknown where the camera's is.

    >>> bare = PoseClip(
    ...     clip="a", image_size_px=(8, 8), times_s=np.arange(2.0),
    ...     keypoints_px=np.ones((2, 1, 17, 2)), confidence=np.ones((2, 1, 17)),
    ... )
    >>> rows = np.arange(2)
    >>> one = Tracklet(rows, 0 * rows, np.zeros(2), np.zeros(2))
    >>> body_movements(bare, [one], [None], limits=Limits())[0].tolist()
    [nan]
    """
    points, boxes = trusted(clip, limits), boxes_of(clip, limits)
    found = []
    for one in tracklets:
        corners = boxes[one.rows, one.slots]
        sizes = np.hypot(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
        found.append(
            background.movements(
                points[one.rows, one.slots],
                one.rows,
                motions,
                body_px=max(float(np.median(sizes)), 1.0),
                limits=limits,
            )
        )
    return found
