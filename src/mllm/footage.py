"""Which video shows which person of which clip; knows folders that `mllm render` wrote, and others.

A camera track beside a video (`NAME.camera.json`) names the people in it. A video without one is
that of the clip whose name, or whose motion file's name, it bears.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from qagen.dataset import Clip

SUFFIXES = (".mp4", ".mkv", ".webm", ".mov", ".avi")

LARGEST_TRACK = 1 << 28
"""Bytes; larger files are not opened."""

MOST_NAMED = 5
"""Clips that an error names."""


class _Filmed(msgspec.Struct):
    clip: str
    person: int


class _Track(msgspec.Struct):
    video: str
    people: tuple[_Filmed, ...]


def find(folder: Path | str, clips: Iterable[Clip]) -> dict[str, Path]:
    """The video of each clip, by `Clip.name`; a `ValueError` names the clips that have none.

    >>> find("/nowhere", [])
    Traceback (most recent call last):
    ...
    ValueError: /nowhere: no such folder; expected one of videos, as `mllm render` writes it
    """
    home = Path(folder)
    if not home.is_dir():
        raise ValueError(
            f"{home}: no such folder; expected one of videos, as `mllm render` writes it"
        )
    videos = {path.name: path for path in sorted(home.iterdir()) if path.suffix in SUFFIXES}
    filmed = dict(_filmed(home, videos))
    by_name = {Path(name).stem: path for name, path in reversed(videos.items())}
    found: dict[str, Path] = {}
    missing = []
    for clip in clips:
        video = filmed.get((clip.clip, clip.person)) or _named(clip, by_name)
        if video is None:
            missing.append(clip.name)
        else:
            found[clip.name] = video
    if missing:
        more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
        raise ValueError(
            f"{home}: no video of {', '.join(missing[:MOST_NAMED])}{more}, among {len(videos)} "
            "videos; render the motions into this folder, or name each video as its clip"
        )
    return found


def _filmed(home: Path, videos: dict[str, Path]) -> Iterator[tuple[tuple[str, int], Path]]:
    """Clips and persons with the videos that camera tracks say they are in."""
    for path in sorted(home.glob("*.camera.json")):
        if path.stat().st_size > LARGEST_TRACK:
            raise ValueError(f"{path}: more than {LARGEST_TRACK:,} bytes; expected a camera track")
        try:
            track = msgspec.json.decode(path.read_bytes(), type=_Track)
        except msgspec.DecodeError as error:
            raise ValueError(
                f"{path}: no camera track ({error}); render the video again"
            ) from error
        if track.video in videos:  # a bare name of this folder: tracks lead nowhere else
            for one in track.people:
                yield (one.clip, one.person), videos[track.video]


def _named(clip: Clip, by_name: dict[str, Path]) -> Path | None:
    names = [clip.clip, Path(clip.source).stem]
    if clip.person:
        names = [f"{name}_person{clip.person}" for name in names]
    safe = [re.sub(r"[^\w.-]+", "_", name).strip("._") for name in names]
    return next((by_name[name] for name in (*names, *safe) if name in by_name), None)
