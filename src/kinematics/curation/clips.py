"""`PoseClip`: the people of one scene as a pose estimator lists them, frame by frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from kinematics.curation.limits import KEYPOINTS, Limits
from kinematics.curation.movement import Scene
from kinematics.keypoints import KeypointTrack
from kinematics.skeleton import COCO_17

MOST_DETECTIONS = 5_000_000
"""People times frames of one clip: ten times what an hour of a busy street has."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PoseClip:
    """Detections of one scene: who is who from frame to frame is not known."""

    clip: str
    image_size_px: tuple[int, int]
    """Width and height."""
    times_s: Float[np.ndarray, " frames"]
    keypoints_px: Float[np.ndarray, "frames people 17 2"]
    """NaN where a point, or the whole person, was not found."""
    confidence: Float[np.ndarray, "frames people 17"]
    boxes_px: Float[np.ndarray, "frames people 4"] | None = None
    """A detector's boxes; without them those around the keypoints count, a little widened."""
    background_px: Float[np.ndarray, "frames tracks 2"] | None = None
    """Points of what stands still, followed from frame to frame; NaN where one is lost."""

    def __post_init__(self) -> None:
        """Refuses arrays that do not belong together, everything at once."""
        frames, people = self.keypoints_px.shape[:2]
        wanted = {
            "times_s": (frames,),
            "keypoints_px": (frames, people, KEYPOINTS, 2),
            "confidence": (frames, people, KEYPOINTS),
            "boxes_px": (frames, people, 4),
        }
        problems = [
            f"{name}: shape {found}; expected {shape}"
            for name, shape in wanted.items()
            if (array := getattr(self, name)) is not None and (found := array.shape) != shape
        ]
        background = self.background_px
        if background is not None and (background.ndim != 3 or len(background) != frames):
            problems.append(f"background_px: shape {background.shape}; expected ({frames}, any, 2)")
        if (np.diff(self.times_s) <= 0).any() or not np.isfinite(self.times_s).all():
            problems.append("times_s: expected rising seconds")
        if min(self.image_size_px) < 1:
            problems.append(f"image_size_px: {self.image_size_px}; expected width and height")
        if problems:
            listed = "\n".join(f"  - {problem}" for problem in problems)
            raise ValueError(f"{self.clip}: no clip of keypoints.\n{listed}")

    @property
    def duration_s(self) -> float:
        """From the first frame to the end of the last, which lasts as long as the others do."""
        frames = len(self.times_s)
        if frames < 2:
            return 0.0
        return float(self.times_s[-1] - self.times_s[0]) * frames / (frames - 1)


UNEVEN = 0.25
"""Uneven steps are by so much of their mean longer and shorter, in turns."""


def places_at(
    times_s: Float[np.ndarray, " frames"], *, rate_hz: float, uneven: bool = False
) -> Int[np.ndarray, " places"]:
    """The frames nearest to regular times, each at most once.

    With `uneven`, short and long steps take turns: what comes and goes at one rate may look still
    at regular times, not at those.

    >>> places_at(np.arange(76) / 25, rate_hz=1.0).tolist()
    [0, 25, 50, 75]
    >>> places_at(np.arange(76) / 25, rate_hz=1.0, uneven=True).tolist()
    [0, 19, 50, 69]
    """
    if not len(times_s):
        return np.zeros(0, int)
    span_s = float(times_s[-1] - times_s[0])
    steps = np.arange(int(span_s * rate_hz + 1e-6) + 1)
    wanted_s = times_s[0] + (steps - UNEVEN * (steps % 2) * uneven) / rate_hz
    return np.unique(_nearest(times_s, wanted_s))


def spread(times_s: Float[np.ndarray, " frames"], *, count: int) -> Int[np.ndarray, " places"]:
    """The frames nearest to the middles of `count` equal parts of the clip.

    >>> spread(np.arange(100) / 25, count=4).tolist()
    [12, 37, 62, 87]
    """
    frames = len(times_s)
    if not frames:
        return np.zeros(0, int)
    step_s = (times_s[-1] - times_s[0]) / max(frames - 1, 1)
    wanted_s = times_s[0] + (np.arange(count) + 0.5) / count * (frames * step_s) - 0.5 * step_s
    return np.unique(_nearest(times_s, wanted_s))


def _nearest(times_s: np.ndarray, wanted_s: np.ndarray) -> np.ndarray:
    """The earlier of two frames that are equally near, rounding apart."""
    after = np.searchsorted(times_s, wanted_s).clip(1, max(len(times_s) - 1, 1))
    if len(times_s) == 1:
        return np.zeros(len(wanted_s), int)
    later = times_s[after] - wanted_s < wanted_s - times_s[after - 1] - 1e-9
    return np.where(later, after, after - 1)


def trusted(clip: PoseClip, limits: Limits) -> Float[np.ndarray, "frames people 17 2"]:
    """The keypoints, NaN where the estimator was not sure.

    >>> tiny = PoseClip(
    ...     clip="a", image_size_px=(8, 8), times_s=np.arange(2.0),
    ...     keypoints_px=np.ones((2, 1, 17, 2)), confidence=np.zeros((2, 1, 17)),
    ... )
    >>> bool(np.isnan(trusted(tiny, Limits())).all())
    True
    """
    sure = clip.confidence >= limits.least_confidence
    return np.where(sure[..., None], clip.keypoints_px, np.nan)


def boxes_of(clip: PoseClip, limits: Limits) -> Float[np.ndarray, "frames people 4"]:
    """The detector's boxes, or those around the trusted keypoints, within the picture.

    >>> points = np.full((1, 1, 17, 2), 40.0)
    >>> points[0, 0, 0] = 60
    >>> tiny = PoseClip(
    ...     clip="a", image_size_px=(100, 61), times_s=np.zeros(1), keypoints_px=points,
    ...     confidence=np.ones((1, 1, 17)),
    ... )
    >>> boxes_of(tiny, Limits()).tolist()
    [[[38.0, 38.0, 62.0, 61.0]]]
    """
    if clip.boxes_px is not None:
        boxes = clip.boxes_px
    else:
        points = trusted(clip, limits)
        missing = np.isnan(points)
        low = np.where(missing, np.inf, points).min(axis=2, initial=np.inf)
        high = np.where(missing, -np.inf, points).max(axis=2, initial=-np.inf)
        some = (low <= high).all(axis=-1, keepdims=True)
        low, high = np.where(some, low, np.nan), np.where(some, high, np.nan)
        margin = limits.box_margin * (high - low)
        boxes = np.concatenate([low - margin, high + margin], axis=-1)
    return boxes.clip(0, np.tile(np.array(clip.image_size_px, float), 2))


def sampled(clip: PoseClip, limits: Limits, *, rate_hz: float, uneven: bool = False) -> PoseClip:
    """The clip's frames nearest to regular times, or uneven ones.

    >>> tiny = PoseClip(
    ...     clip="a", image_size_px=(8, 8), times_s=np.arange(4.0) / 2,
    ...     keypoints_px=np.ones((4, 1, 17, 2)), confidence=np.ones((4, 1, 17)),
    ... )
    >>> sampled(tiny, Limits(), rate_hz=1.0).times_s.tolist()
    [0.0, 1.0]
    """
    rows = places_at(clip.times_s, rate_hz=rate_hz, uneven=uneven)
    return PoseClip(
        clip=clip.clip,
        image_size_px=clip.image_size_px,
        times_s=clip.times_s[rows],
        keypoints_px=clip.keypoints_px[rows],
        confidence=clip.confidence[rows],
        boxes_px=boxes_of(clip, limits)[rows],
        background_px=None if clip.background_px is None else clip.background_px[rows],
    )


def scene_of(
    clip: PoseClip,
    limits: Limits,
    *,
    carried_px: Float[np.ndarray, "frames people 4"] | None = None,
) -> Scene:
    """What `movement` measures: trusted keypoints and boxes as shares of the picture.

    >>> tiny = PoseClip(
    ...     clip="a", image_size_px=(2, 4), times_s=np.zeros(1),
    ...     keypoints_px=np.ones((1, 1, 17, 2)), confidence=np.ones((1, 1, 17)),
    ... )
    >>> scene_of(tiny, Limits()).keypoints[0, 0, 0].tolist()
    [0.5, 0.25]
    """
    size = np.array(clip.image_size_px, float)
    return Scene(
        trusted(clip, limits) / size,
        boxes_of(clip, limits) / np.tile(size, 2),
        None if carried_px is None else carried_px / np.tile(size, 2),
    )


def from_tracks(
    tracks: Sequence[KeypointTrack],
    *,
    fps: float,
    image_size_px: tuple[int, int],
    frames: int | None = None,
    background_px: Float[np.ndarray, "frames tracks 2"] | None = None,
) -> PoseClip:
    """A clip from what `readers.read_keypoints` gives: all people of every frame side by side.

    Identities of the file are not used. `frames` is the length of the video; without it the clip
    ends with the last frame that shows anybody, and begins with the first.

    >>> track = KeypointTrack(
    ...     keypoints_px=np.ones((2, 17, 2)), confidence=np.ones((2, 17)),
    ...     frames=np.array([0, 2]), skeleton=COCO_17,
    ... )
    >>> clip = from_tracks([track], fps=2.0, image_size_px=(8, 8))
    >>> clip.times_s.tolist(), np.isnan(clip.keypoints_px[:, 0, 0, 0]).tolist()
    ([0.0, 0.5, 1.0], [False, True, False])
    """
    name = tracks[0].clip if tracks else "clip"
    numbers = np.concatenate([track.frames for track in tracks]) if tracks else np.zeros(0, int)
    first = 0 if frames is not None or not len(numbers) else int(numbers.min())
    length = (
        frames if frames is not None else (int(numbers.max()) - first + 1 if len(numbers) else 0)
    )
    rows = numbers - first
    inside = (rows >= 0) & (rows < length)
    counts = np.bincount(rows[inside], minlength=1) if inside.any() else np.zeros(1, int)
    people = int(counts.max())
    if length * max(people, 1) > MOST_DETECTIONS:
        raise ValueError(
            f"{name}: {length:,} frames with up to {people:,} people; expected at most "
            f"{MOST_DETECTIONS:,} in all. Cut the video into scenes"
        )
    keypoints = np.full((length, people, KEYPOINTS, 2), np.nan, np.float32)
    confidence = np.zeros((length, people, KEYPOINTS), np.float32)
    filled = np.zeros(length, int)
    for track in tracks:
        columns = [track.skeleton.joints.index(joint) for joint in COCO_17.joints]
        for row, points, sure in zip(
            track.frames - first,
            track.keypoints_px[:, columns],
            track.confidence[:, columns],
            strict=True,
        ):
            if 0 <= row < length:
                keypoints[row, filled[row]] = points
                confidence[row, filled[row]] = sure
                filled[row] += 1
    return PoseClip(
        clip=name,
        image_size_px=image_size_px,
        times_s=np.arange(length) / fps,
        keypoints_px=keypoints,
        confidence=confidence,
        background_px=background_px,
    )
