"""Results of curation as frozen plain data. Imports no array library.

Times are seconds from the clip's first frame; lengths of movements are in the person's torso
lengths.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, get_args

import msgspec

Stage = Literal["metadata", "scene", "people", "action", "camera"]
"""The stages, in their order."""

STAGES: tuple[Stage, ...] = get_args(Stage)

Direction = Literal["left", "right", "up", "down"]
"""From the viewer: left is the left of the picture."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """A measured value and its bounds."""

    name: str
    value: float | None
    """None if it could not be measured; the check then fails."""
    least: float | None = None
    most: float | None = None
    exclusive: bool = False
    """Whether the value must exceed `least`, rather than at least equal it."""

    @property
    def problem(self) -> str | None:
        """Why the check fails, as a category to count; None if it passes.

        >>> Check(name="people", value=7.0, least=1.0, most=5.0).problem
        'people too large'
        """
        if self.value is None:
            return f"{self.name} unknown"
        if self.least is not None and (
            self.value < self.least or (self.exclusive and self.value == self.least)
        ):
            return f"{self.name} too small"
        if self.most is not None and self.value > self.most:
            return f"{self.name} too large"
        return None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """A stage's decision about a clip, with the measured values."""

    stage: Stage
    checks: tuple[Check, ...]

    @property
    def reason(self) -> str | None:
        """The first problem; None if the clip is kept.

        >>> seconds = Check(name="scene_s", value=3.0, least=5.0, most=20.0)
        >>> Verdict(stage="scene", checks=(seconds,)).reason
        'scene_s too small'
        """
        return next((problem for check in self.checks if (problem := check.problem)), None)

    @property
    def kept(self) -> bool:
        """Whether the clip passes to the next stage."""
        return self.reason is None


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A movement of a body part, measured in 2D by `kinematics.movement.descriptors`."""

    part: str
    """A name in `kinematics.parts`, or `place` for the whole person moving through the scene."""
    start_s: float
    end_s: float
    direction: Direction | None = None
    """None if no direction has most of the path."""
    path: float
    repetitions: int = 0
    """Full cycles, if they were counted."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A tracklet of a clip."""

    tracklet: int
    start_s: float
    end_s: float
    acts: bool
    box_px: tuple[float, float, float, float]
    """Left, top, right and bottom at the first sight."""
    moves: tuple[Move, ...] = ()
    """In the order of their starts."""


class ClipReport(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the output: the clip, its measured values and its people."""

    clip: str
    path: str
    start_s: float = 0.0
    """In the video, if it was cut into scenes."""
    end_s: float | None = None
    caption: str | None = None
    attributes: tuple[str, ...] = ()
    """Of the people, from left to right, as in the input."""
    rule: Literal["paper", "background"] | None = None
    """The rule that separated action from camera motion; None if that stage was not reached."""
    verdicts: tuple[Verdict, ...] = ()
    people: tuple[Person, ...] = ()
    error: str | None = None
    """Why the input could not be read, in which case nothing was measured."""

    @property
    def kept(self) -> bool:
        """Whether the clip passed every stage."""
        return (
            self.error is None
            and tuple(verdict.stage for verdict in self.verdicts) == STAGES
            and self.verdicts[-1].kept
        )

    @property
    def last(self) -> Verdict | None:
        """The verdict of the last stage that the clip reached."""
        return self.verdicts[-1] if self.verdicts else None


_decoder = msgspec.json.Decoder(ClipReport)


def write(path: Path, reports: Iterable[ClipReport]) -> int:
    """Writes a report per line and returns their number; not atomic."""
    count = 0
    with path.open("wb") as file:
        for report in reports:
            file.write(msgspec.json.encode(report) + b"\n")
            count += 1
    return count


def read(path: Path) -> Iterator[ClipReport]:
    """The reports of a file; a `ValueError` names an invalid line.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "kept.jsonl")
    ...     _ = write(path, [ClipReport(clip="a", path="a.json")])
    ...     [report.clip for report in read(path)]
    ['a']
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield _decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise ValueError(
                    f"{path}, line {number}: not a report of a clip ({error}). "
                    "Run `kinematics curate` again with another --out"
                ) from error
