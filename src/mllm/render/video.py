"""H.264 files written atomically from pictures, by PyAV (the extra `video`)."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from kinematics.output import whole

QUALITY = 20
"""x264's constant rate factor: lower values mean better and larger videos; usual are 18 to 23."""

SPEED = "veryfast"
"""x264's preset."""


def require() -> Any:
    """The module `av`; a `ValueError` with the cure if it is not installed."""
    try:
        import av
    except ImportError as error:
        raise ValueError(
            "videos need PyAV, which is not installed; "
            "run `pip install 'kinematics-qa[video]'` and try again"
        ) from error
    return av


def write(path: Path, pictures: Iterable[UInt8[np.ndarray, "size size 4"]], *, fps: float) -> int:
    """Writes pictures to an `.mp4` and returns their number; equal pictures give equal bytes.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(Path(folder, "grey.mp4"), [np.full((32, 32, 4), 99, np.uint8)] * 3, fps=16.0)
    3
    """
    av = require()
    count = 0
    with whole(path) as partial:
        # One thread: with several, x264 slices the picture by the number of cores. No mbtree: on
        # small pictures its output depends on uninitialised memory.
        flags = {"fflags": "bitexact", "movflags": "faststart"}
        with av.open(str(partial), "w", format="mp4", options=flags) as container:
            stream = None
            for picture in pictures:
                if stream is None:
                    options = {"crf": str(QUALITY), "preset": SPEED, "threads": "1"}
                    options["x264-params"] = "mbtree=0"
                    rate = Fraction(fps).limit_denominator(1001)
                    stream = container.add_stream("libx264", rate=rate, options=options)
                    stream.height, stream.width = picture.shape[:2]
                    stream.pix_fmt = "yuv420p"
                    stream.codec_context.thread_count = 1
                frame = av.VideoFrame.from_ndarray(picture, format="rgba")
                container.mux(stream.encode(frame))
                count += 1
            if stream is None:
                raise ValueError(f"{path}: no pictures; a video needs at least one")
            container.mux(stream.encode(None))
    return count


def read(path: Path) -> UInt8[np.ndarray, "frames height width 3"]:
    """All pictures of a video.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "grey.mp4")
    ...     _ = write(path, [np.full((32, 32, 4), 99, np.uint8)] * 3, fps=16.0)
    ...     read(path).shape
    (3, 32, 32, 3)
    """
    with require().open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return np.stack(frames)
