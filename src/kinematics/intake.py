"""Reading of files, folders and stores in sequence, with a report of the failures."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kinematics.terminal import MeasuredFrame, complain, reading, worded

if TYPE_CHECKING:
    import kinematics.motion


def read(path: Path, *, smplx_model: Path | None = None) -> "list[kinematics.motion.Motion]":
    """The motions of a file.

    Any error of the reader is raised as `readers.UnknownFormatError`, another `ValueError` or
    `OSError` that names the file.
    """
    from kinematics import readers

    with reading(path):
        return readers.read(path, smplx_model=smplx_model)


def check_cameras(motion: "kinematics.motion.Motion", frame: MeasuredFrame, *, where: Path) -> None:
    """Raises `ValueError` for the frame `camera` if the motion has no camera poses."""
    if frame == "camera" and motion.camera_positions_m is None:
        raise ValueError(
            f"{where}: no camera poses, which --frame camera needs; leave the option out, or add "
            "camera_orientations_wxyz and camera_positions_m to the file"
        )


@dataclass
class Intake:
    """Reads files and stores in sequence and records the failures."""

    files: Sequence[Path]
    named: set[Path]
    frame: MeasuredFrame = "first_heading"
    smplx_model: Path | None = None
    wanted: frozenset[str] | None = None
    """Names of the clips to read; None for all."""
    done: int = 0
    failed: int = 0
    skipped: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    stored: int = 0
    """Number of requested clips of stores, valid or not."""
    held: list[str] = field(default_factory=list)
    """Messages for the report."""

    def fail(self, error: Exception) -> None:
        """Counts a file or clip that could not be read, and keeps the error for the report."""
        self.failed += 1
        self.held.append(f"error: {worded(error)}")

    def motions(self) -> Iterator["kinematics.motion.Motion"]:
        """All people of all files and the clips of all stores, in order."""
        from kinematics import readers, store

        for number, path in enumerate(self.files):
            self.done = number
            if store.recognise(path):
                yield from self._clips(path)
                continue
            try:
                motions = read(path, smplx_model=self.smplx_model)
                motions = [m for m in motions if self._wants(m.source.clip)]
                for motion in motions:
                    check_cameras(motion, self.frame, where=path)
            except readers.UnknownFormatError as error:
                if path in self.named:
                    self.fail(error)
                else:  # folders may contain other arrays
                    self.skipped += 1
                    self.held.append(f"left out: {error}")
            except (ValueError, OSError) as error:
                self.fail(error)
            else:
                self.seen.update(f"{m.source.clip}, person {m.source.person}" for m in motions)
                yield from motions

    def _wants(self, clip: str) -> bool:
        return self.wanted is None or clip in self.wanted

    def _clips(self, path: Path) -> Iterator["kinematics.motion.Motion"]:
        """The clips of a store; a damaged one does not stop the others."""
        from kinematics import store

        try:
            with reading(path):
                opened = store.read(path)
        except (ValueError, OSError) as error:
            self.fail(error)
            return
        self.stored += sum(map(self._wants, opened.names))
        for number, name in enumerate(opened.names):
            if not self._wants(name):
                continue
            try:
                with reading(path / name):
                    motion = opened[number]
                check_cameras(motion, self.frame, where=path / motion.source.clip)
            except (ValueError, OSError) as error:
                self.fail(error)
            else:
                self.seen[f"{motion.source.clip}, person {motion.source.person}"] += 1
                yield motion

    def complain(self) -> None:
        """Prints every file and clip that was left out, and why."""
        for text in self.held:
            complain(text)

    def report(self, count: int, out: Path, *, done: str = "measured") -> None:
        """Prints the messages and the counts on stderr."""
        self.complain()
        if self.skipped:
            complain(f"{self.skipped} files of the folders hold no motion and were left out")
        if repeated := [name for name, times in self.seen.items() if times > 1]:
            complain(f"warning: {len(repeated)} names are used twice, such as {repeated[0]}")
        if self.failed:
            clips = f" and {self.stored} stored clips" if self.stored else ""
            complain(f"{self.failed} of {len(self.files)} files{clips} could not be {done}")
        complain(f"{count} clips {done}: {out}")
