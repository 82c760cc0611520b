"""TRC files: tables of markers as text, as motion analysis systems and OpenSim write them.

Checked with the layouts of Cortex, OpenSim and Pose2Sim: three lines of header, the names of the
markers, the names of their axes, and lines of tab-separated cells. A marker whose cells are empty,
all zero, or NaN was not seen.
"""

import re
from pathlib import Path

import numpy as np
from jaxtyping import DTypeLike

from kinematics.motion import Motion, Source
from kinematics.readers.axes import Up
from kinematics.readers.border import load, numbers, refuse, starts
from kinematics.readers.markers import Markers, to_motions

HEADER_LINES = 5
"""Lines before the table: type, keys, values, markers, axes."""

MAX_MARKERS = 5000
"""Maximum markers in one file; the densest suits have some hundred."""

_EXPECTED = "a TRC file: PathFileType, keys and values, names of markers, then rows of cells"
_CURE = "Export or copy it again"


def recognise(path: Path | str) -> bool:
    """Whether a file begins with PathFileType or is named `.trc`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.txt").write_text("PathFileType\\t4\\t(X/Y/Z)\\ta.trc")
    ...     recognise(Path(folder, "a.txt"))
    True
    """
    begins = starts(path).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"PathFileType")
    return begins or Path(path).suffix.lower() == ".trc"


def read(
    path: Path | str,
    *,
    up: Up | None = None,
    unit_m: float | None = None,
    dtype: DTypeLike = np.float32,
) -> list[Motion]:
    """The motions of a TRC file, one for each subject whose pelvis is marked (see `markers`).

    `up` is the file's axis that points up and `unit_m` its unit in metres; by default they are
    derived from the pelvis and the file's header.
    """
    path = Path(path)
    source = Source(clip=path.stem, take=path.stem, path=str(path))
    return to_motions(parse(path), source=source, usual_up="y", up=up, unit_m=unit_m, dtype=dtype)


def parse(path: Path | str) -> Markers:
    """The markers of a TRC file, in its own axes and unit; one `ValueError` names all problems.

    >>> import tempfile
    >>> text = (
    ...     "PathFileType\\t4\\t(X/Y/Z)\\ta.trc\\nDataRate\\tNumFrames\\tNumMarkers\\tUnits\\n"
    ...     "50\\t2\\t1\\tmm\\nFrame#\\tTime\\tLASI\\t\\t\\n\\t\\tX1\\tY1\\tZ1\\n\\n"
    ...     "1\\t0.00\\t1\\t2\\t3\\n2\\t0.02\\t\\t\\t\\n"
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.trc").write_text(text)
    ...     markers = parse(Path(folder, "a.trc"))
    >>> markers.names, markers.positions.tolist()
    (('LASI',), [[[1.0, 2.0, 3.0]], [[nan, nan, nan]]])
    """
    data = load(path)
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    problems: list[str] = []
    if len(lines) < HEADER_LINES:
        problems.append(f"{len(lines)} lines; the header alone has {HEADER_LINES}")
        refuse(path, problems, expected=_EXPECTED, cure=_CURE)
    header = _header(lines[:HEADER_LINES], problems)
    if header is None:
        refuse(path, problems, expected=_EXPECTED, cure=_CURE)
    names, announced = header
    table = _table(lines, 2 + 3 * len(names), problems)
    if table is not None:
        for key, count, what in (
            ("numframes", len(table), "rows"),
            ("nummarkers", len(names), "names of markers"),
        ):
            if announced.get(key, str(count)) != str(count):
                problems.append(
                    f"{key}: {announced[key][:24]!a} announced, but the file has {count} {what}"
                )
        if not len(table):
            problems.append("no rows")
        elif not np.isfinite(table[:, 1]).all():
            problems.append("a row without a time")
    if problems or table is None:
        refuse(path, problems, expected=_EXPECTED, cure=_CURE)
    positions = table[:, 2:].reshape(len(table), len(names), 3).copy()
    positions[(positions == 0).all(axis=2)] = np.nan
    return Markers(names, positions, table[:, 1].copy(), announced.get("units", ""))


def _header(
    lines: list[bytes], problems: list[str]
) -> tuple[tuple[str, ...], dict[str, str]] | None:
    """The names of the markers, and the values of the third line by the keys of the second."""
    try:
        text = [line.decode("utf-8").strip("\r\n") for line in lines]
    except UnicodeDecodeError:
        problems.append("the header is not UTF-8 text")
        return None
    if not text[0].lstrip().startswith("PathFileType"):
        problems.append(f"line 1: {text[0][:40]!a}; expected PathFileType")
    keys, values = text[1].split(), text[2].split()
    announced = {key.lower(): value for key, value in zip(keys, values, strict=False)}
    cells = [cell.strip() for cell in text[3].split("\t")] if "\t" in text[3] else text[3].split()
    if [cell.lower() for cell in cells[:2]] not in (["frame#", "time"], ["frame", "time"]):
        problems.append(f"line 4: {text[3][:40]!a}; expected Frame#, Time and names of markers")
    names = tuple(cell for cell in cells[2:] if cell)
    if not names:
        problems.append("line 4: no markers")
    if len(names) > MAX_MARKERS:
        problems.append(f"line 4: {len(names)} markers; expected at most {MAX_MARKERS}")
        return None
    axes = re.findall(r"[XYZxyz]\d+", text[4])
    if axes and len(axes) != 3 * len(names):
        problems.append(f"line 5: {len(axes)} axes for {len(names)} markers; expected three each")
    return names, announced


def _table(lines: list[bytes], width: int, problems: list[str]) -> np.ndarray | None:
    """All rows as numbers; NaN for empty cells."""
    rows, long = [], []
    for number, line in enumerate(lines[HEADER_LINES:], start=HEADER_LINES + 1):
        if not line.strip():
            rows.append(b"")  # keeps the numbers of the lines
            continue
        cells = line.rstrip().split(b"\t") if b"\t" in line else line.split()
        if len(cells) > width:
            long.append((number, len(cells)))
            continue
        filled = [cell if cell.strip() else b"nan" for cell in cells]
        rows.append(b" ".join(filled + [b"nan"] * (width - len(filled))))
        if any(len(cell.split()) > 1 for cell in filled):
            problems.append(f"line {number}: a cell with a space in it")
            return None
    if long:
        number, count = long[0]
        problems.append(
            f"line {number}: {count} cells; expected at most {width} ({len(long)} such lines)"
        )
        return None
    values = numbers(b"\n".join(rows), problems, first_line=HEADER_LINES + 1, gaps=True)
    return None if values is None else values.reshape(-1, width)
