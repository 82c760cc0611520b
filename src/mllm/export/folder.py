"""Exports as folders, written atomically."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from kinematics import output
from mllm import frames
from mllm.evaluation.prompt import Style
from mllm.export import batch, lmms, samples, table, training, vlm
from mllm.export.batch import Show
from mllm.export.samples import Sample
from mllm.export.training import File
from mllm.frames import Sampling
from qagen.dataset.splits import SPLITS

Shape = Literal[
    "llamafactory", "trl", "hf", "lmms-eval", "vlmevalkit", "humanmovevqa", "openai-batch"
]

SHAPES: tuple[Shape, ...] = get_args(Shape)

TESTS: tuple[Shape, ...] = ("lmms-eval", "vlmevalkit", "openai-batch")
"""Shapes that hold the test side only."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """The settings of an export."""

    shape: Shape
    style: Style = "letter"
    sampling: Sampling = Sampling()  # noqa: RUF009 (frozen)
    """For shapes that hold pictures."""
    model: str = "model"
    """The model that a batch of requests names."""
    show: Show = "frames"
    """Whether a request holds pictures or the path of the video."""


BY_LETTER: tuple[Shape, ...] = ("lmms-eval", "vlmevalkit")
"""Shapes that score letters only, and therefore hold no free text."""


class Made(NamedTuple):
    """Counts of an export."""

    rows: int
    videos: int
    texts_left_out: int = 0
    """Free-text questions, left out because the shape cannot score them."""


def write(data: Path, videos: Path, out: Path, wish: Wish) -> Made:
    """Writes a data set in another shape; raises `ValueError` if `out` exists."""
    if out.exists():
        raise ValueError(f"{out}: is there already; give another folder, or take it away first")
    if wish.shape in ("hf", "trl"):
        table.require()
    ones = list(samples.read(data, videos, style=wish.style))
    if wish.shape in TESTS:
        ones = [sample for sample in ones if sample.split == "test"]
        if not ones:
            raise ValueError(f"{data}: no question on the test side; build it with one")
    count_all = len(ones)
    if wish.shape in BY_LETTER:
        ones = [sample for sample in ones if not sample.record.is_text]
        if not ones:
            raise ValueError(f"{data}: free text alone, and {wish.shape} scores letters")
    with output.whole(out) as partial_out:
        partial_out.mkdir()
        _fill(ones, partial_out, out.resolve(), wish)
        count = samples.place_videos({one.place: one.video for one in ones}, partial_out)
    return Made(len(ones), count, count_all - len(ones))


def _fill(ones: list[Sample], folder: Path, out: Path, wish: Wish) -> None:
    if wish.shape == "hf":
        _by_side(ones, folder, partial(table.write, out=out))
        return
    if wish.shape == "trl":
        shown = _frames(ones, folder, wish.sampling)
        placed = {place: [out / one for one in names] for place, names in shown.items()}
        _by_side(ones, folder, partial(table.write_conversations, pictures=placed))
        return
    makers: Mapping[str, Callable[[], Iterable[File]]] = {
        "llamafactory": lambda: training.llamafactory(ones),
        "humanmovevqa": lambda: training.humanmovevqa(ones, style=wish.style),
        "lmms-eval": lambda: lmms.task(ones, out, style=wish.style),
        "vlmevalkit": lambda: vlm.table(ones),
        "openai-batch": lambda: batch.requests(
            ones, out, model=wish.model, style=wish.style, show=wish.show, sampling=wish.sampling
        ),
    }
    for file in makers[wish.shape]():
        path = folder / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            stream.writelines(line + b"\n" for line in file.lines)


def _by_side(
    ones: list[Sample], folder: Path, make: Callable[[Iterable[Sample], Path], int]
) -> None:
    """Writes `train.parquet` and so on; a side without questions gets no file."""
    for split in SPLITS:
        side = [sample for sample in ones if sample.split == split]
        if side:
            make(side, folder / f"{split}.parquet")


def _frames(ones: list[Sample], folder: Path, sampling: Sampling) -> dict[str, list[str]]:
    """Writes the frames of each video once; returns their paths by the path of the video."""
    found: dict[str, list[str]] = {}
    for place, video in {one.place: one.video for one in ones}.items():
        home = folder / "frames" / video.name
        home.mkdir(parents=True)
        found[place] = []
        for number, picture in enumerate(frames.sample(video, sampling).pictures):
            (home / f"{number:04d}.jpg").write_bytes(frames.to_jpeg(picture))
            found[place].append(f"frames/{video.name}/{number:04d}.jpg")
    return found
