"""C3D files: markers of mocap labs in the binary format of biomechanics.

The parser follows the format's description (integers and floats, of Intel, DEC and MIPS
processors) instead of using a library, because the sizes that a damaged file claims must be checked
first; files written by `ezc3d` and `c3d` were read alike. A marker with a negative residual, at
zero or with NaN was not seen. Analog channels are skipped. One format, one module, though it is
longer than most.
"""

import math
import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import DTypeLike, Float

from kinematics.motion import Motion, Source
from kinematics.readers.axes import Up
from kinematics.readers.border import MAX_NUMBER, load, refuse, starts
from kinematics.readers.markers import Markers, to_motions

BLOCK = 512
"""Bytes of a block, the format's unit of size."""

MAGIC = 0x50
"""The second byte of every C3D file."""

PROCESSORS: dict[int, str] = {84: "<", 85: "<", 86: ">"}
"""Byte orders of Intel, DEC and MIPS files; DEC's floats differ too."""

MAX_PARAMETERS = 10_000
"""Maximum parameters of one file; analysed trials have some hundred."""

MAX_RATE_HZ = 1000.0
"""Maximum frame rate; faster cameras do not film people."""

_DEC = 85
_EXPECTED = "a C3D file: a header, parameters, and frames of 3D points"
_CURE = "Export or copy it again"


class _Parameter(NamedTuple):
    kind: int
    """-1 for text, 1 for bytes, 2 for integers, 4 for floats."""
    shape: tuple[int, ...]
    data: bytes


class _Header(NamedTuple):
    points: int
    analog: int
    """Analog values per frame."""
    first: int
    last: int
    scale: float
    data_block: int
    rate_hz: float


def recognise(path: Path | str) -> bool:
    """Whether a file has the format's magic byte and a known processor, or is named `.c3d`."""
    begin = starts(path)
    if Path(path).suffix.lower() == ".c3d":
        return True
    if len(begin) < BLOCK or begin[1] != MAGIC or not begin[0]:
        return False
    offset = (begin[0] - 1) * BLOCK + 3
    return offset < len(begin) and begin[offset] in PROCESSORS


def read(
    path: Path | str,
    *,
    up: Up | None = None,
    unit_m: float | None = None,
    dtype: DTypeLike = np.float32,
) -> list[Motion]:
    """The motions of a C3D file, one for each subject whose pelvis is marked (see `markers`).

    `up` is the file's axis that points up and `unit_m` its unit in metres; by default they are
    derived from the pelvis and the file's parameters.
    """
    path = Path(path)
    source = Source(clip=path.stem, take=path.stem, path=str(path))
    return to_motions(parse(path), source=source, usual_up="z", up=up, unit_m=unit_m, dtype=dtype)


def parse(path: Path | str) -> Markers:
    """The markers of a C3D file, in its own axes and unit.

    Raises one `ValueError` that names all problems; the sizes in the header are compared with the
    size of the file before memory is allocated.
    """
    data = load(path)
    problems: list[str] = []
    processor = _processor(data, problems)
    if processor is None:
        refuse(path, problems, expected=_EXPECTED, cure=_CURE)
    parameters = _parameters(data, processor, problems)
    header = _header(data, processor, parameters)
    frames = _frames(header, parameters, processor)
    wide = header.scale < 0
    per_frame = 4 * header.points + header.analog
    start, size = (header.data_block - 1) * BLOCK, 4 if wide else 2
    if header.points < 1:
        problems.append("no 3D points")
    if not 0 < header.rate_hz <= MAX_RATE_HZ:
        problems.append(f"rate {header.rate_hz:g}; expected frames a second up to {MAX_RATE_HZ:g}")
    if frames < 1:
        problems.append(f"frames {header.first} to {header.last}; expected at least one")
    if header.data_block < 2:
        problems.append(f"the frames begin in block {header.data_block}; expected 3 or later")
    elif start + frames * per_frame * size > len(data):
        there = max(len(data) - start, 0)
        problems.append(
            f"{frames:,} frames of {per_frame} values are {frames * per_frame * size:,} bytes, but "
            f"the file has {there:,}"
        )
    if not np.isfinite(header.scale) or header.scale == 0:
        problems.append(f"scale {header.scale}; expected a number that is not zero")
    if problems:
        refuse(path, problems, expected=_EXPECTED, cure=_CURE)
    values = _values(data, start, frames * per_frame, wide=wide, processor=processor)
    points = values.reshape(frames, per_frame)[:, : 4 * header.points]
    points = points.reshape(frames, header.points, 4)
    positions = points[:, :, :3] * (1.0 if wide else header.scale)
    if (largest := np.abs(positions[np.isfinite(positions)]).max(initial=0.0)) > MAX_NUMBER:
        problems.append(f"coordinates up to {largest:.3g}; expected at most {MAX_NUMBER:g}")
        refuse(path, problems, expected=_EXPECTED, cure=_CURE)
    unseen = (points[:, :, 3] < 0) | (positions == 0).all(axis=2)
    unseen |= ~np.isfinite(positions).all(axis=2)
    positions[unseen] = np.nan
    return Markers(
        _names(parameters, header.points),
        positions,
        np.arange(frames) / header.rate_hz,
        next(iter(_words(parameters, "UNITS")), ""),
    )


def _processor(data: bytes, problems: list[str]) -> int | None:
    """The processor in whose number format the file was written."""
    if len(data) < BLOCK:
        problems.append(f"{len(data)} bytes; the header alone has {BLOCK}")
        return None
    if data[1] != MAGIC:
        problems.append(f"the second byte is {data[1]:#04x}; expected {MAGIC:#04x}")
        return None
    start = (data[0] - 1) * BLOCK
    if data[0] < 2 or start + 4 > len(data):
        problems.append(f"the parameters begin in block {data[0]}, which is not there")
        return None
    if data[start + 3] not in PROCESSORS:
        problems.append(f"processor {data[start + 3]}; expected 84, 85 or 86")
        return None
    return data[start + 3]


def _parameters(
    data: bytes, processor: int, problems: list[str]
) -> dict[tuple[str, str], _Parameter]:
    """All parameters by group and name, in capitals; a broken chain is added to the problems."""
    order, start = PROCESSORS[processor], (data[0] - 1) * BLOCK + 4
    groups: dict[int, str] = {}
    parameters: dict[tuple[int, str], _Parameter] = {}
    for _ in range(MAX_PARAMETERS):
        if start + 4 > len(data) or data[start] == 0:
            break
        length, group = struct.unpack_from("bb", data, start)
        at = start + 2 + abs(length)
        name = data[start + 2 : at].decode("latin-1").strip().upper()
        if at + 2 > len(data):
            problems.append(f"parameter {name[:24]!a} is cut short")
            break
        (step,) = struct.unpack_from(order + "h", data, at)
        if group < 0:
            groups[-group] = name
        elif (parameter := _parameter(data, at + 2)) is not None:
            parameters[group, name] = parameter
        else:
            problems.append(f"parameter {name[:24]!a} is cut short")
        if step == 0:
            break
        if step < 3:
            problems.append(f"parameter {name[:24]!a} points back")
            break
        start = at + step
    return {(groups.get(group, ""), name): value for (group, name), value in parameters.items()}


def _parameter(data: bytes, offset: int) -> _Parameter | None:
    """One parameter's kind, shape and bytes; None if the file ends before them."""
    if offset + 2 > len(data):
        return None
    kind, axes = struct.unpack_from("bB", data, offset)
    start = offset + 2 + axes
    shape = tuple(data[offset + 2 : start])
    size = math.prod(shape, start=abs(kind))
    if kind not in (-1, 1, 2, 4) or len(shape) < axes or start + size > len(data):
        return None
    return _Parameter(kind, shape, data[start : start + size])


def _floats(raw: bytes, processor: int) -> Float[np.ndarray, " values"]:
    """32-bit floats of any processor."""
    with np.errstate(invalid="ignore"):  # damaged files can hold any bits
        if processor != _DEC:
            return np.frombuffer(raw, PROCESSORS[processor] + "f4").astype(np.float64)
        words = np.frombuffer(raw, "<u2").reshape(-1, 2)[:, ::-1]  # DEC keeps the high word first
        return np.ascontiguousarray(words).view("<f4")[:, 0].astype(np.float64) / 4


def _values(
    data: bytes, start: int, count: int, *, wide: bool, processor: int
) -> Float[np.ndarray, " values"]:
    """The numbers of all frames."""
    raw = data[start : start + count * (4 if wide else 2)]
    if wide:
        return _floats(raw, processor)
    return np.frombuffer(raw, PROCESSORS[processor] + "i2").astype(np.float64)


def _number(
    parameters: dict[tuple[str, str], _Parameter], group: str, name: str, processor: int
) -> float | None:
    """A parameter's first number, if it is finite; integers are unsigned."""
    parameter = parameters.get((group, name))
    if parameter is None or parameter.kind not in (2, 4) or len(parameter.data) < parameter.kind:
        return None
    if parameter.kind == 4:
        value = float(_floats(parameter.data[:4], processor)[0])
        return value if np.isfinite(value) else None
    return float(np.frombuffer(parameter.data[:2], PROCESSORS[processor] + "u2")[0])


def _header(data: bytes, processor: int, parameters: dict[tuple[str, str], _Parameter]) -> _Header:
    """The values of the header, overridden by the parameters where they are given."""
    order = PROCESSORS[processor]
    _, points, analog, first, last, _ = struct.unpack_from(order + "6H", data, 0)
    scale, rate_hz = _floats(data[12:16], processor)[0], _floats(data[20:24], processor)[0]
    (data_block,) = struct.unpack_from(order + "H", data, 16)
    used = _number(parameters, "POINT", "USED", processor)
    own_scale = _number(parameters, "POINT", "SCALE", processor)
    own_rate = _number(parameters, "POINT", "RATE", processor)
    own_start = _number(parameters, "POINT", "DATA_START", processor)
    return _Header(
        points=points if used is None else int(used),
        analog=analog,
        first=first,
        last=last,
        scale=float(scale if own_scale is None else own_scale),
        data_block=int(own_start) if own_start else data_block,
        rate_hz=float(own_rate if own_rate else rate_hz),
    )


def _frames(header: _Header, parameters: dict[tuple[str, str], _Parameter], processor: int) -> int:
    """The number of frames; the header alone counts to 65,535."""
    ends = []
    for name in ("ACTUAL_START_FIELD", "ACTUAL_END_FIELD"):
        parameter = parameters.get(("TRIAL", name))
        if parameter is None or parameter.kind != 2 or len(parameter.data) < 4:
            return header.last - header.first + 1
        low, high = np.frombuffer(parameter.data[:4], PROCESSORS[processor] + "u2").astype(int)
        ends.append(int(low) + 65536 * int(high))
    return ends[1] - ends[0] + 1


def _words(parameters: dict[tuple[str, str], _Parameter], name: str) -> list[str]:
    """The texts of a parameter in the group POINT."""
    parameter = parameters.get(("POINT", name))
    if parameter is None or parameter.kind != -1 or not parameter.shape:
        return []
    width = max(parameter.shape[0], 1)
    raw = parameter.data
    return [raw[i : i + width].decode("latin-1").strip("\0 ") for i in range(0, len(raw), width)]


def _names(parameters: dict[tuple[str, str], _Parameter], points: int) -> tuple[str, ...]:
    """The markers' names; nameless markers are called by a star and their number."""
    words = _words(parameters, "LABELS")
    extra = 2
    while len(words) < points and (more := _words(parameters, f"LABELS{extra}")):
        words += more
        extra += 1
    return tuple(words[i] if i < len(words) and words[i] else f"*{i}" for i in range(points))
