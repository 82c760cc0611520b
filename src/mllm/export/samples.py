"""`Sample`: a row of a data set with its prompt, the expected reply, and its video."""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from mllm import videos as footage
from mllm.evaluation import evaluate, prompt
from mllm.evaluation.prompt import Style
from qagen.dataset import layout
from qagen.dataset.splits import Split
from qagen.schema.record import LETTERS, Record

VIDEOS = "videos"
"""The folder of an export that holds its videos."""


class Sample(NamedTuple):
    """The parts of a question that all exports use."""

    split: Split
    record: Record
    text: str
    """The whole prompt."""
    reply: str
    """The expected reply."""
    video: Path
    """The original file."""
    duration_s: float

    @property
    def place(self) -> str:
        """The video's path relative to the exported folder, with forward slashes."""
        return f"{VIDEOS}/{self.video.name}"

    @property
    def lettered(self) -> dict[str, str]:
        """The options by their letters."""
        return dict(zip(LETTERS, self.record.options, strict=False))


def read(folder: Path, videos: Path, *, style: Style) -> Iterator[Sample]:
    """The samples of a data set, side by side and in the order of their ids.

    >>> next(read(Path("/nowhere"), Path("/nowhere"), style="letter"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: /nowhere: no manifest.json...
    """
    manifest = layout.read_manifest(folder)
    layout.check_files(folder, manifest)
    clips = {clip.name: clip for clip in layout.clips(folder)}
    asked = {(row.clip, row.person) for _, row in layout.rows(folder)}
    found = footage.find(videos, asked)
    evaluate.check_whole(folder, (row for _, row in layout.rows(folder)))
    for split, row in layout.rows(folder):
        name = f"{row.clip}#{row.person}"
        seconds = clips[name].duration_s
        text = prompt.ask(row, style=style, duration_s=seconds).text
        reply = prompt.target(row, style=style)
        yield Sample(split, row, text, reply, found[row.clip, row.person], seconds)


def place_videos(samples: Mapping[str, Path], out: Path) -> int:
    """Links or copies videos to their relative paths in a folder; returns their number.

    >>> place_videos({}, Path("/nowhere"))
    0
    """
    for place, original in samples.items():
        path = out / place
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(original.resolve(), path)
        except OSError:  # another disk, or one without hard links
            shutil.copyfile(original, path)
    return len(samples)
