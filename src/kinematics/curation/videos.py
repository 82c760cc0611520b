"""Videos to clips of keypoints, by the packages of the extra `curation`.

Scenes come from PySceneDetect, people and their keypoints from rtmlib (YOLOX and RTMPose in
onnxruntime, on weights that the user downloads), the background from OpenCV's point tracker, and
pictures from PyAV.
"""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from jaxtyping import Float, UInt8

from kinematics.curation import stages
from kinematics.curation.clips import PoseClip
from kinematics.curation.intake import Item
from kinematics.curation.limits import KEYPOINTS, Limits
from kinematics.curation.records import ClipReport, Verdict

RATE_HZ = 10.0
"""Frame rate of the analysis, enough for a point tracker on a handheld camera and for 2D
descriptors."""

MAX_SIDE_PX = 8192
"""Larger pictures are refused before decoding."""

TRACKS = 250
"""Number of tracked points of the background; new ones are added when half are lost."""

TRACK_SPACING = 0.02
"""Least distance between them, as a share of the picture's diagonal."""

ROUND_TRIP_PX = 1.0
"""A point is lost if tracking it forward and back misses its start by this."""

Picture = UInt8[np.ndarray, "height width 3"]

_CURE = "Install the extra: pip install 'kinematics-qa[curation]'"


class Video(NamedTuple):
    """Size and length of a video, from its container."""

    width_px: int
    height_px: int
    duration_s: float


def _imported(name: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ValueError(f"{name} is not installed. {_CURE}") from error


def look(path: Path) -> Video:
    """Size and length of a video, without decoding it; a `ValueError` if it is not a video."""
    av = _imported("av")
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            length = stream.duration * stream.time_base if stream.duration else None
            seconds = float(length if length is not None else (container.duration or 0) / 1e6)
            width, height = stream.codec_context.width, stream.codec_context.height
    except (av.FFmpegError, IndexError, OSError) as error:
        raise ValueError(f"{path}: not a readable video ({error}). Convert it to .mp4") from error
    if not 0 < max(width, height) <= MAX_SIDE_PX:
        raise ValueError(
            f"{path}: {width} by {height} pixels; expected at most {MAX_SIDE_PX} a side"
        )
    return Video(width, height, seconds)


def split(path: Path, *, threshold: float = 3.0) -> list[tuple[float, float]]:
    """Start and end of each scene in seconds; a video without cuts is a single scene.

    `threshold` is that of PySceneDetect's adaptive detector: the ratio of a cut's change of the
    picture to the changes around it.
    """
    scenedetect = _imported("scenedetect")
    try:
        video = scenedetect.open_video(str(path))
        manager = scenedetect.SceneManager()
        manager.add_detector(scenedetect.AdaptiveDetector(adaptive_threshold=threshold))
        manager.detect_scenes(video)
    except (OSError, scenedetect.VideoOpenFailure) as error:
        raise ValueError(f"{path}: cannot be split into scenes ({error})") from error
    spans = manager.get_scene_list(start_in_scene=True)
    return [(float(start.seconds), float(end.seconds)) for start, end in spans]


def pictures(
    path: Path, *, start_s: float, end_s: float, rate_hz: float = RATE_HZ
) -> Iterator[tuple[float, Picture]]:
    """Times and pictures (RGB) of a part of a video, at most at the given rate."""
    av = _imported("av")
    next_s = start_s
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            if start_s > 1.0:
                container.seek(int((start_s - 1.0) / stream.time_base), stream=stream)
            for frame in container.decode(stream):
                if frame.time is None or frame.time < next_s - 1e-6:
                    continue
                if frame.time >= end_s - 1e-6:
                    return
                yield float(frame.time), frame.to_ndarray(format="rgb24")
                next_s = max(next_s + 1 / rate_hz, frame.time + 0.5 / rate_hz)
    except av.FFmpegError as error:
        raise ValueError(f"{path}: damaged after {next_s:.1f} s ({error})") from error


class Estimator:
    """Detects people and their 17 keypoints in a picture, by rtmlib on given weights."""

    def __init__(self, *, detector: Path, pose: Path) -> None:
        rtmlib, runtime = _imported("rtmlib"), _imported("onnxruntime")
        problems = [f"{path}: no such file" for path in (detector, pose) if not path.is_file()]
        if problems:
            listed = "\n".join(f"  - {problem}" for problem in problems)
            raise ValueError(f"weights of the estimator:\n{listed}\nDownload RTMPose's ONNX files.")
        sizes = [_input_size(runtime, path) for path in (detector, pose)]
        with contextlib.redirect_stdout(io.StringIO()):  # rtmlib prints the paths
            self._detector = rtmlib.YOLOX(str(detector), model_input_size=sizes[0])
            self._pose = rtmlib.RTMPose(str(pose), model_input_size=sizes[1][::-1])

    def people(
        self, picture: Picture
    ) -> tuple[
        Float[np.ndarray, "people 4"],
        Float[np.ndarray, "people 17 2"],
        Float[np.ndarray, "people 17"],
    ]:
        """Boxes, keypoints and confidences of everybody in a picture (RGB)."""
        flipped = np.ascontiguousarray(picture[:, :, ::-1])  # the networks expect BGR
        boxes = np.asarray(self._detector(flipped), float).reshape(-1, 4)
        if not len(boxes):  # rtmlib would use the whole picture as a person
            return boxes, np.zeros((0, KEYPOINTS, 2)), np.zeros((0, KEYPOINTS))
        points, sure = self._pose(flipped, bboxes=boxes)
        if points.shape[1] != KEYPOINTS:
            raise ValueError(
                f"weights of the estimator: {points.shape[1]} points per person; expected "
                f"the {KEYPOINTS} of a model trained on COCO"
            )
        return boxes, np.asarray(points, float), np.asarray(sure, float).clip(0, None)


def _input_size(runtime: Any, path: Path) -> tuple[int, int]:
    """Height and width of a network's input."""
    try:
        session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no other base
        reason = str(error).splitlines()[0]
        raise ValueError(f"{path}: not a usable ONNX model ({reason})") from error
    shape = session.get_inputs()[0].shape
    if len(shape) != 4 or not all(isinstance(side, int) for side in shape[2:]):
        raise ValueError(f"{path}: has inputs of shape {shape}; expected pictures of a fixed size")
    return int(shape[2]), int(shape[3])


class Background:
    """Points of the background, tracked from picture to picture by OpenCV.

    Points start at corners of the picture outside people's boxes. A point is lost if it enters a
    box, leaves the picture, or fails the round trip.
    """

    def __init__(self) -> None:
        self._cv = _imported("cv2")
        self._before: np.ndarray | None = None
        self._points = np.zeros((0, 2), np.float32)
        self._names = np.zeros(0, int)
        self._count = 0
        self.rows: list[tuple[np.ndarray, np.ndarray]] = []
        """Numbers and positions of the points, for each picture."""

    def add(self, picture: Picture, boxes_px: Float[np.ndarray, "people 4"]) -> None:
        """Tracks the points into the next picture, and adds new points if many were lost."""
        cv = self._cv
        grey = cv.cvtColor(picture, cv.COLOR_RGB2GRAY)
        free = np.full(grey.shape, 255, np.uint8)
        for left, top, right, bottom in np.nan_to_num(boxes_px).round().astype(int).clip(0):
            free[top : bottom + 1, left : right + 1] = 0
        if self._before is not None and len(self._points):
            self._follow(grey, free)
        if len(self._points) < TRACKS // 2:
            self._take(grey, free)
        self._before = grey
        self.rows.append((self._names, self._points))

    def _follow(self, grey: np.ndarray, free: np.ndarray) -> None:
        follow = self._cv.calcOpticalFlowPyrLK
        start = self._points[:, None]
        there, status, _ = follow(self._before, grey, start, None)
        back, back_status, _ = follow(grey, self._before, there, None)
        there = there[:, 0]
        sides = np.array(grey.shape[::-1])
        kept = (status[:, 0] == 1) & (back_status[:, 0] == 1)
        kept &= np.hypot(*(back[:, 0] - self._points).T) < ROUND_TRIP_PX
        kept &= ((there >= 0) & (there <= sides - 1)).all(axis=1)
        column, row = np.nan_to_num(there).round().astype(int).clip(0, sides - 1).T
        kept &= free[row, column] > 0
        self._points, self._names = there[kept], self._names[kept]

    def _take(self, grey: np.ndarray, free: np.ndarray) -> None:
        spacing_px = TRACK_SPACING * float(np.hypot(*grey.shape))
        for column, row in self._points.round().astype(int):
            self._cv.circle(free, (int(column), int(row)), int(spacing_px), 0, -1)
        new = self._cv.goodFeaturesToTrack(
            grey, TRACKS - len(self._points), 0.005, spacing_px, mask=free
        )
        if new is None:
            return
        new = new.reshape(-1, 2)
        names = self._count + np.arange(len(new))
        self._count += len(new)
        self._points = np.concatenate([self._points, new])
        self._names = np.concatenate([self._names, names])

    def tracks(self) -> Float[np.ndarray, "frames tracks 2"]:
        """All points in all pictures; NaN where a point is not tracked."""
        tracks = np.full((len(self.rows), self._count, 2), np.nan, np.float32)
        for row, (names, points) in enumerate(self.rows):
            tracks[row, names] = points
        return tracks


def estimate(
    path: Path, *, estimator: Estimator, start_s: float, end_s: float, size_px: tuple[int, int]
) -> PoseClip:
    """The clip of a scene: keypoints, the detector's boxes, and points of the background."""
    times_s, everybody, background = [], [], Background()
    for time_s, picture in pictures(path, start_s=start_s, end_s=end_s):
        everybody.append(estimator.people(picture))
        background.add(picture, everybody[-1][0])
        times_s.append(time_s)
    people = max((len(boxes) for boxes, _, _ in everybody), default=0)
    boxes_px = np.full((len(times_s), people, 4), np.nan)
    keypoints_px = np.full((len(times_s), people, KEYPOINTS, 2), np.nan)
    confidence = np.zeros((len(times_s), people, KEYPOINTS))
    for row, (boxes, points, sure) in enumerate(everybody):
        boxes_px[row, : len(boxes)] = boxes
        keypoints_px[row, : len(boxes)] = points
        confidence[row, : len(boxes)] = sure
    return PoseClip(
        clip=path.stem,
        image_size_px=size_px,
        times_s=np.array(times_s, float),
        keypoints_px=keypoints_px,
        confidence=confidence,
        boxes_px=boxes_px,
        background_px=background.tracks(),
    )


def scenes(
    item: Item,
    first: ClipReport,
    verbs: int | None,
    *,
    limits: Limits,
    detector: Path | None,
    pose: Path | None,
) -> Iterator[tuple[tuple[Verdict, ...], ClipReport, PoseClip | None]]:
    """The scenes of a video with verdicts; people are detected only if no verdict refuses."""
    video = look(item.path)
    metadata = stages.metadata(
        width_px=video.width_px,
        height_px=video.height_px,
        duration_s=video.duration_s,
        verbs=verbs,
        limits=limits,
    )
    if not metadata.kept:
        yield (metadata,), msgspec.structs.replace(first, end_s=video.duration_s), None
        return
    if detector is None or pose is None:
        raise ValueError(
            f"{item.path}: a video, which needs weights of a detector and a pose estimator. "
            "Use --detector and --pose, or keypoint files"
        )
    estimator = Estimator(detector=detector, pose=pose)
    for number, (start_s, end_s) in enumerate(split(item.path)):
        report = msgspec.structs.replace(
            first, clip=f"{first.clip}#{number}", start_s=round(start_s, 3), end_s=round(end_s, 3)
        )
        scene = stages.scene(start_s=start_s, end_s=end_s, limits=limits)
        if not scene.kept:
            yield (metadata, scene), report, None
            continue
        size_px = video.width_px, video.height_px
        clip = estimate(
            item.path, estimator=estimator, start_s=start_s, end_s=end_s, size_px=size_px
        )
        yield (metadata,), report, clip
