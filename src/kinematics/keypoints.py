"""2D keypoints of people in a video from pose estimators, and the skeletons in use.

Pixels are those of the image: +X right, +Y down, from the corner of the first pixel.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from kinematics.skeleton import BODY_25, COCO_17, HALPE_26, Skeleton, from_names

_FACE_68 = tuple(f"face_{i}" for i in range(68))
_HANDS_42 = tuple(f"{side}_hand_{i}" for side in ("left", "right") for i in range(21))
_FEET_6 = (
    *("left_big_toe", "left_small_toe", "left_heel"),
    *("right_big_toe", "right_small_toe", "right_heel"),
)
_BODY_18 = (
    "nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist "
    "right_hip right_knee right_ankle left_hip left_knee left_ankle right_eye left_eye right_ear "
    "left_ear"
)

BODY_18 = from_names(_BODY_18.split(), name="body_18")
COCO_WHOLEBODY_133 = from_names(
    (*COCO_17.joints, *_FEET_6, *_FACE_68, *_HANDS_42), name="coco_wholebody_133"
)
HALPE_136 = from_names((*HALPE_26.joints, *_FACE_68, *_HANDS_42), name="halpe_136")

SKELETONS: dict[int, Skeleton] = {
    len(skeleton.joints): skeleton
    for skeleton in (COCO_17, BODY_18, BODY_25, HALPE_26, COCO_WHOLEBODY_133, HALPE_136)
}
"""Layouts by number of points, for files that do not name theirs."""


@dataclass(frozen=True, kw_only=True, eq=False)
class KeypointTrack:
    """One person's keypoints in the frames of a video, or all detections without identities.

    With a `person` the rows are one person's, and `frames` increase strictly. With `person=None`
    the file has no identities: the rows are all detections of the file; those of one frame belong
    to different people, in arbitrary order.
    """

    keypoints_px: Float[np.ndarray, "rows points 2"]
    """NaN where a point was not detected."""
    confidence: Float[np.ndarray, "rows points"]
    """From the estimator, mostly 0 to 1; 0 where a point was not detected."""
    frames: Int[np.ndarray, " rows"]
    """The frame index of each row, as in the file."""
    times_s: Float[np.ndarray, " rows"] | None = None
    """None if the frame rate is unknown."""
    person: int | None = None
    image_size_px: tuple[int, int] | None = None
    """Width and height; None if the file does not give them."""
    skeleton: Skeleton
    clip: str = "clip"
    path: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises one `ValueError` for all problems, and makes the arrays read-only."""
        rows, points = len(self.frames), len(self.skeleton.joints)
        problems = []
        for name, shape in (("keypoints_px", (rows, points, 2)), ("confidence", (rows, points))):
            if (given := getattr(self, name).shape) != shape:
                problems.append(f"{name}: shape {given}; expected {shape}")
        if self.times_s is not None and self.times_s.shape != (rows,):
            problems.append(f"times_s: shape {self.times_s.shape}; expected ({rows},)")
        steps = np.diff(self.frames)
        if (steps < 0).any() or (self.person is not None and (steps == 0).any()):
            problems.append("frames: not in order, or a person twice in one; sort them")
        if np.isinf(self.keypoints_px).any() or not np.isfinite(self.confidence).all():
            problems.append("keypoints_px or confidence: infinite values")
        if problems:
            listed = "\n".join(f"  - {problem}" for problem in problems)
            raise ValueError(f"{self.path or self.clip}: no keypoint track.\n{listed}")
        for array in (self.keypoints_px, self.confidence, self.frames, self.times_s):
            if array is not None:
                array.setflags(write=False)

    @property
    def boxes_px(self) -> Float[np.ndarray, "rows 4"]:
        """Left, top, right and bottom of the detected points; NaN without any.

        >>> track = KeypointTrack(
        ...     keypoints_px=np.array([[[3.0, 5.0], [9.0, 2.0]]]),
        ...     confidence=np.ones((1, 2)),
        ...     frames=np.array([0]),
        ...     skeleton=from_names(["nose", "neck"]),
        ... )
        >>> track.boxes_px.tolist()
        [[3.0, 2.0, 9.0, 5.0]]
        """
        missing = np.isnan(self.keypoints_px)
        low = np.where(missing, np.inf, self.keypoints_px).min(axis=1)
        high = np.where(missing, -np.inf, self.keypoints_px).max(axis=1)
        boxes = np.concatenate([low, high], axis=1)
        return np.where(np.isfinite(boxes), boxes, np.nan)
