"""Inputs of curation: keypoint files, videos, and captions with metadata."""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from jaxtyping import Float

from kinematics import readers
from kinematics.curation.clips import PoseClip, from_tracks
from kinematics.readers.border import refuse

VIDEO_SUFFIXES: frozenset[str] = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm"})

BACKGROUND_SUFFIX = ".background.npy"
"""`walk.background.npy` beside `walk.json`: points of the background, frames by tracks by 2."""

MAX_BACKGROUND_BYTES = 1 << 30
"""A thousand tracks through two hours at 15 frames a second."""

MAX_CAPTIONS_BYTES = 1 << 30

_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")


class About(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the captions file: metadata of a clip, whose name is the file's stem."""

    clip: str
    caption: str | None = None
    width_px: int | None = None
    height_px: int | None = None
    duration_s: float | None = None
    fps: float | None = None
    attributes: tuple[str, ...] = ()
    """Descriptions of each person, passed on to captions."""


class Item(NamedTuple):
    """An input."""

    path: Path
    about: About

    @property
    def is_video(self) -> bool:
        """Whether it is a video, rather than keypoints."""
        return self.path.suffix.lower() in VIDEO_SUFFIXES


_about = msgspec.json.Decoder(About)


def read_captions(path: Path) -> dict[str, About]:
    """The lines of a captions file by clip; a `ValueError` names all invalid lines.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "captions.jsonl")
    ...     _ = file.write_text('{"clip": "a", "caption": "She waves."}')
    ...     read_captions(file)["a"].caption
    'She waves.'
    """
    size = path.stat().st_size
    if size > MAX_CAPTIONS_BYTES:
        raise ValueError(f"{path}: {size:,} bytes; expected at most {MAX_CAPTIONS_BYTES:,}")
    captions: dict[str, About] = {}
    problems: list[str] = []
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                about = _about.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                problems.append(f"line {number}: {error}")
                continue
            if about.clip in captions:
                problems.append(f"line {number}: clip {about.clip!a} occurs twice")
            captions[about.clip] = about
    if problems:
        expected = 'captions, one a line: {"clip": "walk", "caption": "A man walks."}'
        cure = "Name each clip once, by its file's name without suffix"
        refuse(path, problems, expected=expected, cure=cure)
    return captions


def find(paths: Iterable[Path], captions: dict[str, About]) -> list[Item]:
    """The videos and keypoint files among paths and in folders, sorted by path.

    A folder of keypoint files of single frames (`..._keypoints.json`) is a single clip.
    """
    paths = list(paths)
    inputs: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise ValueError(f"{path}: no such file or folder")
        inputs |= _inputs(path)
    if not inputs:
        named = ", ".join(map(str, paths))
        raise ValueError(f"no video or keypoint file (.json) in {named}")
    return [Item(path, captions.get(path.stem, About(clip=path.stem))) for path in sorted(inputs)]


def _inputs(path: Path) -> set[Path]:
    if not path.is_dir():
        return {path} if path.suffix.lower() in VIDEO_SUFFIXES | {".json"} else set()
    if next(path.glob("*_keypoints.json"), None) is not None:
        return {path}
    return set().union(*map(_inputs, path.iterdir()))


def size_of(words: str) -> tuple[int, int]:
    """Width and height from `1280x720`.

    >>> size_of("1280x720")
    (1280, 720)
    """
    matched = _SIZE.fullmatch(words)
    if not matched or not all(map(int, matched.groups())):
        raise ValueError(f"size: {words!a}; expected width and height in pixels, such as 1280x720")
    return int(matched[1]), int(matched[2])


def read_clip(item: Item, *, fps: float | None, size_px: tuple[int, int] | None) -> PoseClip:
    """The clip of a keypoint file; the captions file takes precedence over the options.

    >>> read_clip(Item(Path("a.json"), About(clip="a")), fps=None, size_px=None)
    Traceback (most recent call last):
    ...
    ValueError: a.json: expected keypoints of a video with known frame rate and size.
      - no frame rate
      - no size of the picture
    Give --fps and --size, or fps, width_px and height_px in the captions file.
    """
    about = item.about
    fps = about.fps or fps
    if about.width_px and about.height_px:
        size_px = about.width_px, about.height_px
    problems = [] if fps and 0 < fps < 1e4 else ["no frame rate"]
    problems += [] if size_px else ["no size of the picture"]
    if problems or not fps or not size_px:
        refuse(
            item.path,
            problems,
            expected="keypoints of a video with known frame rate and size",
            cure="Give --fps and --size, or fps, width_px and height_px in the captions file",
        )
    tracks = readers.read_keypoints(item.path, fps=fps, image_size_px=size_px)
    frames = round(about.duration_s * fps) if about.duration_s else None
    beside = item.path.parent / (item.path.stem + BACKGROUND_SUFFIX)
    background_px = read_background(beside) if beside.is_file() else None
    if background_px is not None:
        frames = len(background_px)
    return from_tracks(
        tracks, fps=fps, image_size_px=size_px, frames=frames, background_px=background_px
    )


def read_background(path: Path) -> Float[np.ndarray, "frames tracks 2"]:
    """The points of a background file; a `ValueError` names the file and its problem.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "a.background.npy")
    ...     np.save(file, np.zeros((9, 40, 2), np.float32))
    ...     read_background(file).shape
    (9, 40, 2)
    """
    problem = None
    if path.stat().st_size > MAX_BACKGROUND_BYTES:
        problem = f"{path.stat().st_size:,} bytes; expected at most {MAX_BACKGROUND_BYTES:,}"
    else:
        try:
            # mapped first, so that an array with a false size is not allocated
            values = np.load(path, allow_pickle=False, mmap_mode="r")
            if values.ndim == 3 and values.shape[2] == 2 and values.dtype.kind == "f":
                return np.array(values, np.float32)
            problem = f"{values.dtype} of shape {values.shape}"
        except (ValueError, OSError, EOFError) as error:
            problem = str(error)
    raise ValueError(
        f"{path}: expected the background's points, floats of frames by tracks by 2.\n"
        f"  - {problem}\nWrite it again with numpy.save, or remove it."
    )


def fingerprint(item: Item, options: str) -> str:
    """A fingerprint of an input: files with sizes and times, metadata and options."""
    digest = hashlib.blake2b(digest_size=16)
    files = sorted(item.path.iterdir()) if item.path.is_dir() else [item.path]
    files.append(item.path.parent / (item.path.stem + BACKGROUND_SUFFIX))
    for file in files:
        if file.exists():
            status = file.stat()
            digest.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    digest.update(msgspec.json.encode(item.about) + options.encode())
    return digest.hexdigest()
