"""Finds the videos of clips and copies them into the report."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from qagen.dataset.layout import Clip

FOLDER = "videos"

ENDINGS = (".mp4", ".webm", ".m4v", ".mov", ".ogv")
"""Video files of browsers, whose codecs differ among browsers."""

TRACK = ".camera.json"

LARGEST_TRACK = 1 << 28
"""Bytes; larger files beside videos are not opened."""


class Video(NamedTuple):
    """A video of a clip."""

    path: Path
    words: str
    """A description that distinguishes the person from others; empty if nobody else is in it."""


class _Filmed(msgspec.Struct, frozen=True, kw_only=True):
    clip: str
    person: int
    words: str = ""


class _Track(msgspec.Struct, frozen=True, kw_only=True):
    video: str
    people: tuple[_Filmed, ...]


def find(folder: Path, clips: Sequence[Clip]) -> dict[str, Video]:
    """The videos of clips, by `Clip.name`; clips without a video are omitted.

    Videos of `mllm render` are identified by the tracks beside them, which name their people; other
    videos by their file names, which are those of the clip or its motion file.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder; expected videos such as `mllm render` makes")
    filmed = _filmed(folder)
    named = {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in ENDINGS}
    found: dict[str, Video] = {}
    for clip in clips:
        video = filmed.get((clip.clip, clip.person))
        if video is None:
            names = (_safe(clip), clip.clip.rpartition("/")[2], Path(clip.source).stem)
            path = next((named[name] for name in names if name in named), None)
            video = None if path is None else Video(path, "")
        if video is not None:
            found[clip.name] = video
    if clips and not found:
        raise ValueError(
            f"{folder}: no video of any clip; expected files such as {_safe(clips[0])}.mp4, which "
            "`mllm render` makes from the motions"
        )
    return found


def _safe(clip: Clip) -> str:
    """The name that `mllm render` gives to the video of a person."""
    safe = re.sub(r"[^\w.-]+", "_", clip.clip).strip("._") or "clip"
    return safe[:120] + (f"_person{clip.person}" if clip.person else "")


def _filmed(folder: Path) -> dict[tuple[str, int], Video]:
    found: dict[tuple[str, int], Video] = {}
    decoder = msgspec.json.Decoder(_Track)
    for path in sorted(folder.glob(f"*{TRACK}")):
        if path.stat().st_size > LARGEST_TRACK:
            continue
        try:
            track = decoder.decode(path.read_bytes())
        except msgspec.DecodeError as error:
            raise ValueError(
                f"{path}: {error}; expected a camera track as `mllm render` writes it"
            ) from error
        video = folder / Path(track.video).name
        if video.suffix.lower() not in ENDINGS or not video.is_file():
            continue
        for index, person in enumerate(track.people):
            key = (person.clip, person.person)
            words = person.words if len(track.people) > 1 else ""
            if index == 0 or key not in found:
                found[key] = Video(video, words)
    return found


class Copies:
    """Copies videos into a report, each once, under numbers instead of untrusted names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[Path, str] = {}
        self.bytes = 0
        """Of all copies."""

    def __len__(self) -> int:
        return len(self._names)

    def add(self, path: Path) -> str:
        """The path of a video's copy, relative to the report."""
        name = self._names.get(path)
        if name is None:
            name = f"{FOLDER}/{len(self._names):05d}{path.suffix.lower()}"
            target = self._folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            self.bytes += target.stat().st_size
            self._names[path] = name
        return name
