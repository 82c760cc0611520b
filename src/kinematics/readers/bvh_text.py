"""The parser of BVH files: rigs, frame time and table of numbers, all checked.

Nesting is counted and never recursed into, so that no file can exhaust the stack. The table is
parsed in one go.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float

from kinematics.readers.border import load, numbers, refuse
from kinematics.readers.rigs import Rig

MAX_JOINTS: int = 2000
"""Maximum joints in one file; the finest rigs with fingers and face have some hundred."""

MAX_HEADER_BYTES: int = 8 * 1024**2
"""Maximum bytes before the table: 2000 joints need half a megabyte."""

MAX_FRAME_S = 10.0
MIN_FRAME_S = 0.001
"""Limits of the time between two frames of a person's motion."""

_MOTION = re.compile(rb"^[ \t]*MOTION[ \t]*\r?$", re.MULTILINE | re.IGNORECASE)
_FRAMES = re.compile(rb"\s*Frames:[ \t]*(\S*)[^\n]*\n?", re.IGNORECASE)
_FRAME_TIME = re.compile(rb"\s*Frame[ \t]*Time:[ \t]*(\S*)[^\n]*\n?", re.IGNORECASE)
_CHANNEL = re.compile(r"[xyz](position|rotation)", re.IGNORECASE)
_EXPECTED = "a BVH file: HIERARCHY with ROOT and JOINT, then MOTION with its table of numbers"
_CURE = "Export or copy it again"


@dataclass(frozen=True, kw_only=True)
class Text:
    """The contents of a BVH file."""

    rigs: tuple[Rig, ...]
    """One rig per ROOT."""
    frame_s: float
    values: Float[np.ndarray, "frames columns"]
    """The columns of all rigs, in their order."""


@dataclass
class _Joint:
    name: str
    parent: int
    line: int
    offset: list[float] | None = None
    channels: list[str] | None = None


@dataclass
class _Hierarchy:
    """The joints read so far, and their problems."""

    problems: list[str]
    joints: list[_Joint] = field(default_factory=list)
    open: list[int | None] = field(default_factory=list)
    """The joints with open braces; None for an end site."""
    coming: list[int | None] = field(default_factory=list)
    """The joint (or end site) whose brace must follow."""

    def take(self, number: int, line: str) -> None:
        """Parses one line: a brace, or a keyword and its words."""
        word, _, rest = line.partition(" ")
        keyword = word.upper()
        if keyword == "{":
            if not self.coming:
                self._wrong(number, "'{' without a joint")
            self.open.append(self.coming.pop() if self.coming else None)
        elif keyword == "}":
            if not self.open:
                self._wrong(number, "'}' without '{'")
            else:
                self.open.pop()
        elif keyword in ("ROOT", "JOINT"):
            self._joint(number, keyword, rest.strip())
        elif keyword == "END":
            self.coming = [None]
        elif keyword == "OFFSET":
            self._offset(number, rest.split())
        elif keyword == "CHANNELS":
            self._channels(number, rest.split())
        elif keyword != "HIERARCHY":
            self._wrong(number, f"{line[:40]!a}; expected a keyword of BVH")

    def _wrong(self, number: int, what: str) -> None:
        self.problems.append(f"line {number}: {what}")

    def _joint(self, number: int, keyword: str, name: str) -> None:
        inside = [joint for joint in self.open if joint is not None]
        if keyword == "ROOT" and self.open:
            self._wrong(number, "ROOT inside another joint")
        if keyword == "JOINT" and not inside:
            self._wrong(number, "JOINT outside ROOT")
        if not name:
            self._wrong(number, f"{keyword} without a name")
        self.joints.append(_Joint(name, inside[-1] if inside else -1, number))
        self.coming = [len(self.joints) - 1]

    def _offset(self, number: int, words: list[str]) -> None:
        try:
            offset = [float(word) for word in words]
        except ValueError:
            offset = []
        if len(offset) != 3 or not np.isfinite(offset).all():
            self._wrong(number, f"OFFSET {' '.join(words)[:40]!a}; expected three numbers")
            offset = [0.0, 0.0, 0.0]
        if self.open and self.open[-1] is not None:
            self.joints[self.open[-1]].offset = offset

    def _channels(self, number: int, words: list[str]) -> None:
        count, names = (words[0] if words else "nothing"), words[1:]
        channels = [name.capitalize() for name in names if _CHANNEL.fullmatch(name)]
        odd = [ascii(name[:40]) for name in names if not _CHANNEL.fullmatch(name)]
        if odd:
            known = "X, Y or Z with position or rotation"
            self._wrong(number, f"channels {', '.join(odd[:6])}; expected {known}")
        if count != str(len(names)):
            self._wrong(number, f"CHANNELS {count[:40]!a} with {len(names)} names")
        if len(set(channels)) < len(channels):
            self._wrong(number, "a channel is listed twice")
        if not self.open or self.open[-1] is None:
            self._wrong(number, "CHANNELS outside a joint")
        else:
            self.joints[self.open[-1]].channels = channels

    def finished(self) -> tuple[Rig, ...]:
        """One rig per ROOT; missing parts are added to the problems."""
        if self.open or self.coming:
            self.problems.append(f"HIERARCHY: {len(self.open) or 1} braces are not closed")
        if not self.joints:
            self.problems.append("HIERARCHY: no ROOT")
        for joint in self.joints:
            if joint.offset is None:
                self._wrong(joint.line, f"joint {joint.name[:40]!a} has no OFFSET")
        starts = [i for i, joint in enumerate(self.joints) if joint.parent < 0]
        rigs = []
        for start, stop in zip(starts, [*starts, len(self.joints)][1:], strict=True):
            members = self.joints[start:stop]
            rigs.append(
                Rig(
                    names=tuple(joint.name for joint in members),
                    parents=tuple(max(joint.parent - start, -1) for joint in members),
                    offsets=np.array([joint.offset or [0.0] * 3 for joint in members]),
                    channels=tuple(tuple(joint.channels or ()) for joint in members),
                )
            )
        return tuple(rigs)


def _rigs(header: bytes, problems: list[str]) -> tuple[Rig, ...]:
    """The rigs of the part before MOTION."""
    try:
        text = header.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = header.count(b"\n", 0, error.start)
        problems.append(f"line {before + 1}: byte {header[error.start]:#04x} is not UTF-8")
        return ()
    hierarchy = _Hierarchy(problems)
    for number, line in enumerate(text.split("\n"), start=1):
        for piece in re.split(r"([{}])", line.replace("\t", " ")):
            if piece.strip():
                hierarchy.take(number, piece.strip())
        if len(hierarchy.joints) > MAX_JOINTS or len(hierarchy.open) > MAX_JOINTS:
            problems.insert(0, f"line {number}: more than {MAX_JOINTS} joints")
            return ()
    return hierarchy.finished()


def _frame_time(word: bytes, problems: list[str]) -> float:
    shown = ascii(word[:40].decode("latin-1"))
    try:
        seconds = float(word)
    except ValueError:
        seconds = float("nan")
    if not MIN_FRAME_S * (1 - 1e-3) <= seconds <= MAX_FRAME_S:
        problems.append(
            f"Frame Time: {shown}; expected seconds between {MIN_FRAME_S} and {MAX_FRAME_S:g}"
        )
    return seconds


def parse(path: Path | str) -> Text:
    """The rigs, the frame time and the table of a BVH file.

    Raises one `ValueError` that names all problems. The sizes in the header are compared with the
    file before memory is allocated for them.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.bvh")
    ...     _ = path.write_text(
    ...         "HIERARCHY\\nROOT Hips\\n{\\nOFFSET 0 0 0\\nCHANNELS 1 Yrotation\\n}\\n"
    ...         "MOTION\\nFrames: 2\\nFrame Time: .04\\n0\\n90\\n"
    ...     )
    ...     text = parse(path)
    >>> text.rigs[0].names, text.frame_s, text.values.tolist()
    (('Hips',), 0.04, [[0.0], [90.0]])
    """
    data = load(path)
    problems: list[str] = []
    split = _MOTION.search(data, 0, MAX_HEADER_BYTES)
    if split is None:
        problems.append("no line MOTION")
        _rigs(data[:MAX_HEADER_BYTES], problems)
        refuse(path, problems, expected=_EXPECTED, cure=_CURE)
    rigs = _rigs(data[: split.start()], problems)
    frames_line = _FRAMES.match(data, split.end())
    time_line = _FRAME_TIME.match(data, frames_line.end()) if frames_line else None
    if frames_line is None or time_line is None:
        problems.append("after MOTION: expected the lines 'Frames: ...' and 'Frame Time: ...'")
        refuse(path, problems, expected=_EXPECTED, cure=_CURE)
    frame_s = _frame_time(time_line[1], problems)
    word = frames_line[1]
    frames = int(word) if word.isdigit() and len(word) < 19 else 0
    if frames < 1:
        shown = ascii(word[:40].decode("latin-1"))
        problems.append(f"Frames: {shown}; expected a number of frames, at least one")
    values = numbers(
        data[time_line.end() :], problems, first_line=data.count(b"\n", 0, time_line.end()) + 1
    )
    columns = sum(rig.columns for rig in rigs)
    if values is not None and frames and rigs and values.size != frames * columns:
        rows = f"{values.size / columns:g} frames" if columns else "not one number"
        problems.append(
            f"Frames: {frames:,} of {columns} numbers are announced, but the file has "
            f"{values.size:,} numbers ({rows})"
        )
    if problems or values is None:
        refuse(path, problems, expected=_EXPECTED, cure=_CURE)
    return Text(rigs=rigs, frame_s=frame_s, values=values.reshape(frames, columns))
