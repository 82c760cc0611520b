"""What curation says of a clip, as frozen plain data. Imports no array library.

Times are seconds from the clip's first frame, lengths of movements torso lengths of the person.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, get_args

import msgspec

Stage = Literal["metadata", "scene", "people", "action", "camera"]
"""The stages, in the order in which clips pass them."""

STAGES: tuple[Stage, ...] = get_args(Stage)

Direction = Literal["left", "right", "up", "down"]
"""The viewer's: left is the left of the picture."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One measured value and the bounds it must keep."""

    name: str
    value: float | None
    """None where it could not be measured, which no bound is kept by."""
    least: float | None = None
    most: float | None = None
    exclusive: bool = False
    """The value must be larger than `least`; otherwise it may be equal."""

    @property
    def problem(self) -> str | None:
        """Why the check fails, as it is counted; none where it holds.

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
    """What one stage says of a clip, and by which values."""

    stage: Stage
    checks: tuple[Check, ...]

    @property
    def reason(self) -> str | None:
        """The first check that fails; none where the clip is kept.

        >>> seconds = Check(name="scene_s", value=3.0, least=5.0, most=20.0)
        >>> Verdict(stage="scene", checks=(seconds,)).reason
        'scene_s too small'
        """
        return next((problem for check in self.checks if (problem := check.problem)), None)

    @property
    def kept(self) -> bool:
        """Whether the clip goes on to the next stage.

        >>> Verdict(stage="scene", checks=()).kept
        True
        """
        return self.reason is None


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of one body part, as `kinematics.movement.descriptors` sees it in 2D."""

    part: str
    """A name of `kinematics.parts`, or `place`: the person as a whole across the scene."""
    start_s: float
    end_s: float
    direction: Direction | None = None
    """None where no direction has most of the path."""
    path: float
    repetitions: int = 0
    """Full movements there and back, where they were counted."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One tracklet of a clip."""

    tracklet: int
    start_s: float
    end_s: float
    acts: bool
    box_px: tuple[float, float, float, float]
    """Left, top, right and bottom when first seen."""
    moves: tuple[Move, ...] = ()
    """In the order in which they begin."""


class ClipReport(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the output: the clip, what was measured, and who is in it."""

    clip: str
    path: str
    start_s: float = 0.0
    """In the video, where it was cut into scenes."""
    end_s: float | None = None
    caption: str | None = None
    attributes: tuple[str, ...] = ()
    """Of the people, from left to right, as given."""
    rule: Literal["paper", "background"] | None = None
    """By which action was told from the camera's motion; none where it did not come to that."""
    verdicts: tuple[Verdict, ...] = ()
    people: tuple[Person, ...] = ()
    error: str | None = None
    """Why the input could not be read; nothing was measured then."""

    @property
    def kept(self) -> bool:
        """Whether every stage was reached and keeps the clip.

        >>> ClipReport(clip="a", path="a.json").kept
        False
        """
        return (
            self.error is None
            and tuple(verdict.stage for verdict in self.verdicts) == STAGES
            and self.verdicts[-1].kept
        )

    @property
    def last(self) -> Verdict | None:
        """The verdict of the last stage that the clip reached.

        >>> ClipReport(clip="a", path="a.json").last is None
        True
        """
        return self.verdicts[-1] if self.verdicts else None


_decoder = msgspec.json.Decoder(ClipReport)


def write(path: Path, reports: Iterable[ClipReport]) -> int:
    """Writes one report a line, to a name that the caller moves; gives their number.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(Path(folder, "kept.jsonl"), [ClipReport(clip="a", path="a.json")])
    1
    """
    count = 0
    with path.open("wb") as file:
        for report in reports:
            file.write(msgspec.json.encode(report) + b"\n")
            count += 1
    return count


def read(path: Path) -> Iterator[ClipReport]:
    """The reports of a file; a `ValueError` names the line that is none.

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
                    f"{path}, line {number}: no report of a clip ({error}). "
                    "Run `kinematics curate` again with another --out"
                ) from error
