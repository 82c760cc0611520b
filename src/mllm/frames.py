"""Which frames of a video a model sees, and when they were taken; needs PyAV (extra `video`).

Frames are chosen by the times that the file gives them, so dropped frames stay gaps. The same file
and settings give the same pictures. Frames are shrunk to fit, never enlarged.
"""

import math
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from jaxtyping import Float, Int, UInt8

MOST_FRAMES = 4096
MOST_BYTES = 4_000_000_000
"""Of all pictures of one video together."""

MOST_LISTED = 5_000_000
"""Videos of more frames than this are refused."""

LEAST_PIXELS = 16

JPEG_QUALITY = "3"
"""Of 2 to 31; lower is better and larger."""


class Sampling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which frames are seen; a `ValueError` names everything that is wrong."""

    max_frames: int = 64
    fps: float | None = None
    """So many frames a second, at most `max_frames`; without it, spread over the whole video."""
    max_pixels: int = 65_536
    """Of one frame; larger ones are shrunk."""

    def __post_init__(self) -> None:
        problems = []
        if not 1 <= self.max_frames <= MOST_FRAMES:
            problems.append(f"max frames: {self.max_frames}; expected 1 to {MOST_FRAMES}")
        if self.fps is not None and not 0 < self.fps <= 1000:
            problems.append(f"fps: {self.fps:g}; expected more than 0, at most 1000")
        if self.max_pixels < LEAST_PIXELS:
            problems.append(f"max pixels: {self.max_pixels}; expected at least {LEAST_PIXELS}")
        if problems:
            raise ValueError("; ".join(problems))


class Stretch(NamedTuple):
    """A part of a video, from its first frame on."""

    start_s: float
    end_s: float


class Frames(NamedTuple):
    """The pictures that are seen."""

    pictures: UInt8[np.ndarray, "frames height width 3"]
    times_s: Float[np.ndarray, " frames"]
    """Of each picture, from the beginning of the video or of the stretch that is seen."""
    duration_s: float
    """Of the video or the stretch, the last frame's own time included."""


def choose(
    times_s: Float[np.ndarray, " frames"], duration_s: float, sampling: Sampling
) -> Int[np.ndarray, " chosen"]:
    """The places of the frames that are seen, ascending, each once.

    Spread evenly, they are those that are shown in the middles of equal parts of the video; at a
    rate of frames, those that are shown at its ticks. Too many ticks are spread evenly instead.

    >>> times_s = np.arange(10) / 10
    >>> choose(times_s, 1.0, Sampling(max_frames=2)).tolist()
    [2, 7]
    >>> choose(times_s, 1.0, Sampling(fps=2.0)).tolist()
    [0, 5]
    >>> choose(times_s, 1.0, Sampling(max_frames=99)).tolist() == list(range(10))
    True
    """
    count = sampling.max_frames
    if sampling.fps is not None:
        ticks = max(1, math.ceil(duration_s * sampling.fps - 1e-9))
        if ticks <= count:
            return _shown_at(times_s, np.arange(ticks) / sampling.fps)
    if count >= len(times_s):
        return np.arange(len(times_s))
    return _shown_at(times_s, (np.arange(count) + 0.5) * (duration_s / count))


def _shown_at(
    times_s: Float[np.ndarray, " frames"], moments_s: Float[np.ndarray, " moments"]
) -> Int[np.ndarray, " chosen"]:
    """A frame is shown until the next one; a nanosecond lets binary fractions meet."""
    places = np.searchsorted(times_s, moments_s + 1e-9, side="right") - 1
    return np.unique(places.clip(0))


def fitted(width: int, height: int, *, max_pixels: int) -> tuple[int, int]:
    """Width and height of a picture that is shrunk to so many pixels, its shape kept.

    >>> fitted(640, 480, max_pixels=65_536), fitted(64, 48, max_pixels=65_536)
    ((295, 221), (64, 48))
    """
    scale = math.sqrt(max_pixels / (width * height))
    if scale >= 1:
        return width, height
    narrow = min(width, height) * scale < 1
    if narrow:
        return (1, min(height, max_pixels)) if width < height else (min(width, max_pixels), 1)
    return int(width * scale), int(height * scale)


def sample(
    path: Path | str,
    sampling: Sampling = Sampling(),  # noqa: B008
    stretch: Stretch | None = None,
) -> Frames:
    """The frames of a video that are seen, or of a stretch of it.

    `ValueError` when the video cannot be read, or no frame is in the stretch.

    >>> import tempfile
    >>> from mllm.render import video
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "grey.mp4")
    ...     _ = video.write(path, [np.full((32, 32, 4), 99, np.uint8)] * 16, fps=16.0)
    ...     seen = sample(path, Sampling(max_frames=4))
    >>> seen.pictures.shape, seen.times_s.tolist(), seen.duration_s
    ((4, 32, 32, 3), [0.125, 0.375, 0.625, 0.875], 1.0)
    """
    from mllm.render.video import require

    av = require()
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: no such video")
    try:
        with av.open(str(path)) as container:
            listed = _listed(container, path)
        if stretch is not None:
            listed = _within(listed, stretch, path)
        chosen = choose(listed.times_s, listed.duration_s, sampling)
        with av.open(str(path)) as container:
            pictures = _decoded(container, listed.stamps[chosen], sampling, path)
    except (av.FFmpegError, OverflowError, MemoryError) as error:
        raise ValueError(f"{path}: no video that can be read ({error})") from error
    return Frames(pictures, listed.times_s[chosen], listed.duration_s)


class _Listed(NamedTuple):
    stamps: Int[np.ndarray, " frames"]
    """In the file's own ticks, in the order in which they are shown."""
    times_s: Float[np.ndarray, " frames"]
    duration_s: float


def _within(listed: _Listed, stretch: Stretch, path: Path) -> _Listed:
    """The frames that are shown in a stretch, timed from its beginning."""
    end_s = min(stretch.end_s, listed.duration_s)
    until_s = np.append(listed.times_s[1:], listed.duration_s)
    inside = (until_s > stretch.start_s + 1e-9) & (listed.times_s < end_s - 1e-9)
    if not inside.any():
        raise ValueError(
            f"{path}: lasts {listed.duration_s:.2f} s; expected frames from {stretch.start_s:g} to "
            f"{stretch.end_s:g} s"
        )
    times_s = np.maximum(listed.times_s[inside] - stretch.start_s, 0.0)
    return _Listed(listed.stamps[inside], times_s, end_s - stretch.start_s)


def _listed(container: Any, path: Path) -> _Listed:
    """The times of all frames, read without decoding any."""
    if not container.streams.video:
        raise ValueError(f"{path}: no pictures in it; expected a video")
    stream = container.streams.video[0]
    found: dict[int, int] = {}
    for packet in container.demux(stream):
        if packet.pts is not None and packet.size and not packet.is_discard:
            found[packet.pts] = packet.duration or 0
            if len(found) > MOST_LISTED:
                raise ValueError(f"{path}: more than {MOST_LISTED:,} frames; cut it into clips")
    if not found:
        raise ValueError(f"{path}: no frames in it")
    stamps = np.array(sorted(found), dtype=np.int64)
    last = found[int(stamps[-1])]
    if not last:  # formats that give no durations: as long as frames usually are
        last = int(np.median(np.diff(stamps))) if len(stamps) > 1 else 0
    ticks = [*(stamps - stamps[0]).tolist(), int(stamps[-1] - stamps[0]) + last]
    unit = stream.time_base
    times_s = np.array([float(tick * unit) for tick in ticks])
    return _Listed(stamps, times_s[:-1], float(times_s[-1]))


def _decoded(
    container: Any, stamps: Int[np.ndarray, " chosen"], sampling: Sampling, path: Path
) -> UInt8[np.ndarray, "frames height width 3"]:
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    wanted = set(stamps.tolist())
    width, height = fitted(stream.width, stream.height, max_pixels=sampling.max_pixels)
    if len(wanted) * width * height * 3 > MOST_BYTES:
        raise ValueError(
            f"{path}: {len(wanted)} frames of {width}×{height} need more than {MOST_BYTES:,} "
            "bytes; ask for fewer frames or pixels"
        )
    found: dict[int, np.ndarray] = {}
    for frame in container.decode(stream):
        if frame.pts in wanted:
            shrunk = frame.reformat(
                width=width, height=height, format="rgb24", interpolation="AREA"
            )
            found[frame.pts] = np.rot90(shrunk.to_ndarray(), k=round(frame.rotation / 90))
            if len(found) == len(wanted):
                break
    if lost := len(wanted) - len(found):
        raise ValueError(f"{path}: {lost} of {len(wanted)} frames cannot be decoded; it is damaged")
    return np.stack([found[stamp] for stamp in stamps.tolist()])


def to_jpeg(picture: UInt8[np.ndarray, "height width 3"]) -> bytes:
    """A picture as the bytes of a JPEG file; equal pictures, equal bytes.

    >>> to_jpeg(np.full((32, 48, 3), 99, np.uint8))[:2].hex()
    'ffd8'
    """
    from mllm.render.video import require

    av = require()
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.height, encoder.width = picture.shape[:2]
    encoder.pix_fmt = "yuvj420p"
    encoder.time_base = Fraction(1)
    encoder.thread_count = 1
    encoder.options = {"qmin": JPEG_QUALITY, "qmax": JPEG_QUALITY}
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    packets = [*encoder.encode(frame), *encoder.encode(None)]
    return b"".join(bytes(packet) for packet in packets)
