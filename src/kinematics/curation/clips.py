"""`PoseClip`: a pose estimator's detections in a scene, frame by frame."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from kinematics.curation.limits import KEYPOINTS, Limits
from kinematics.curation.movement import Scene
from kinematics.keypoints import KeypointTrack
from kinematics.skeleton import COCO_17

MOST_DETECTIONS = 5_000_000
"""Largest number of people times frames; ten times that of an hour of a busy street."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PoseClip:
    """Detections in a scene, not linked from frame to frame."""

    clip: str
    image_size_px: tuple[int, int]
    """Width and height."""
    times_s: Float[np.ndarray, " frames"]
    keypoints_px: Float[np.ndarray, "frames people 17 2"]
    """NaN for undetected points and people."""
    confidence: Float[np.ndarray, "frames people 17"]
    boxes_px: Float[np.ndarray, "frames people 4"] | None = None
    """A detector's boxes; without them, widened boxes around the keypoints are used."""
    background_px: Float[np.ndarray, "frames tracks 2"] | None = None
    """Static points, tracked from frame to frame; NaN for lost points."""

    def __post_init__(self) -> None:
        """Raises a `ValueError` that names all inconsistent arrays."""
        frames, people = self.keypoints_px.shape[:2]
        wanted = {
            "times_s": (frames,),
            "keypoints_px": (frames, people, KEYPOINTS, 2),
            "confidence": (frames, people, KEYPOINTS),
            "boxes_px": (frames, people, 4),
        }
        problems = [
            f"{name}: shape {array.shape}; expected {shape}"
            for name, shape in wanted.items()
            if (array := getattr(self, name)) is not None and array.shape != shape
        ]
        background = self.background_px
        if background is not None and (background.ndim != 3 or len(background) != frames):
            problems.append(f"background_px: shape {background.shape}; expected ({frames}, any, 2)")
        if (np.diff(self.times_s) <= 0).any() or not np.isfinite(self.times_s).all():
            problems.append("times_s: expected ascending seconds")
        if min(self.image_size_px) < 1:
            problems.append(f"image_size_px: {self.image_size_px}; expected width and height")
        if problems:
            listed = "\n".join(f"  - {problem}" for problem in problems)
            raise ValueError(f"{self.clip}: not a clip of keypoints.\n{listed}")

    @property
    def duration_s(self) -> float:
        """From the first frame to the end of the last, which lasts as long as the others."""
        frames = len(self.times_s)
        if frames < 2:
            return 0.0
        return float(self.times_s[-1] - self.times_s[0]) * frames / (frames - 1)


UNEVEN = 0.25
"""Share of the mean by which uneven steps are alternately shorter and longer."""


def places_at(
    times_s: Float[np.ndarray, " frames"], *, rate_hz: float, uneven: bool = False
) -> Int[np.ndarray, " places"]:
    """The frames nearest to regular times, each at most once.

    With `uneven`, short and long steps alternate: a periodic movement may look still at regular
    times, but not at these.

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
    """The nearest frames; the earlier of two that are equally near up to rounding."""
    after = np.searchsorted(times_s, wanted_s).clip(1, max(len(times_s) - 1, 1))
    if len(times_s) == 1:
        return np.zeros(len(wanted_s), int)
    later = times_s[after] - wanted_s < wanted_s - times_s[after - 1] - 1e-9
    return np.where(later, after, after - 1)


def trusted(clip: PoseClip, limits: Limits) -> Float[np.ndarray, "frames people 17 2"]:
    """The keypoints, with NaN for those of low confidence.

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
    """The detector's boxes, or boxes around the trusted keypoints, clipped to the picture.

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
    return replace(
        clip,
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
    """The input of `movement`: trusted keypoints and boxes as shares of the picture.

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
    """A clip from the tracks of `readers.read_keypoints`, whose identities are not used.

    `frames` is the length of the video; without it, the clip begins with the first frame that shows
    anybody and ends with the last.

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
    if frames is not None or not len(numbers):
        first, length = 0, frames or 0
    else:
        first = int(numbers.min())
        length = int(numbers.max()) - first + 1
    rows = numbers - first
    inside = (rows >= 0) & (rows < length)
    people = int(np.bincount(rows[inside], minlength=1).max())
    if length * max(people, 1) > MOST_DETECTIONS:
        raise ValueError(
            f"{name}: {length:,} frames with up to {people:,} people; expected at most "
            f"{MOST_DETECTIONS:,} in total. Cut the video into scenes"
        )
    keypoints = np.full((length, people, KEYPOINTS, 2), np.nan, np.float32)
    confidence = np.zeros((length, people, KEYPOINTS), np.float32)
    filled = np.zeros(length, int)
    for track in tracks:
        columns = [track.skeleton.joints.index(joint) for joint in COCO_17.joints]
        points_px, confidences = track.keypoints_px[:, columns], track.confidence[:, columns]
        for row, points, sure in zip(track.frames - first, points_px, confidences, strict=True):
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
