"""Ways in which a file goes bad, by accident and by intent, as data: an `Edit` can be replayed."""

import io
import re
import zipfile
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

KINDS = (
    "flip",
    "overwrite",
    "cut",
    "drop",
    "repeat",
    "move",
    "extend",
    "digits",
    "integer",
    "line",
)
"""What an edit can do."""

NUMBERS = (
    b"0", b"-1", b"1", b"7", b"4294967295", b"99999999999999999999", b"1e308", b"-1e-320", b"nan",
    b"inf", b"", b"0x10", b"1.5", b"1_000", b"--3", b"1e999999999", b"\xff",
)  # fmt: skip
"""What stands where a file said a number."""

INTEGERS = (0, 1, -1, 2**7, 2**15 - 1, 2**16 - 1, 2**31 - 1, 2**32 - 1, 2**53, 2**63 - 1, -(2**31))
"""What stands where a file said a binary integer of 1, 2, 4 or 8 bytes."""

FILLS = (b"\x00", b"\xff", b" ", b"\n", b"9", b"(", b"\x80")

MAX_BYTES = 1 << 20
"""A file that repetition would make larger stays as it is."""


class Edit(NamedTuple):
    """One change: `place` is a share of the file, `size` and `choice` mean what the kind needs."""

    kind: str
    place: float
    size: int
    choice: int


def drawn(rng: np.random.Generator) -> list[Edit]:
    """One to four random edits, most often one."""
    count = 1 + int(rng.geometric(0.6) - 1) % 4
    return [
        Edit(
            KINDS[int(rng.integers(len(KINDS)))],
            float(rng.random() ** rng.choice([1, 1, 4])),  # headers come first in a file
            int(2 ** rng.uniform(0, 9)),
            int(rng.integers(1 << 16)),
        )
        for _ in range(count)
    ]


def _digits(data: bytes, at: int, choice: int) -> bytes:
    """Another number instead of the next one that is written out."""
    found = re.compile(rb"-?\d[\d.eE+-]*").search(data, at) or re.search(rb"\d+", data)
    if found is None:
        return data
    return data[: found.start()] + NUMBERS[choice % len(NUMBERS)] + data[found.end() :]


def _line(data: bytes, at: int, choice: int) -> bytes:
    """The line around a place dropped, doubled or joined with the next."""
    start = data.rfind(b"\n", 0, at) + 1
    end = data.find(b"\n", at) + 1 or len(data)
    line = data[start:end]
    changed = (b"", line + line, line.rstrip(b"\n"), line.swapcase(), b"\n" + line)
    return data[:start] + changed[choice % len(changed)] + data[end:]


def _integer(data: bytes, at: int, size: int, choice: int) -> bytes:
    """An absurd binary integer, in either byte order."""
    width = (1, 2, 4, 8)[size % 4]
    value = INTEGERS[choice % len(INTEGERS)] % (1 << 8 * width)
    order = "little" if choice % 3 else "big"
    return data[:at] + value.to_bytes(width, order) + data[at + width :]


def edited(data: bytes, edit: Edit) -> bytes:
    """The bytes after one edit."""
    at, size, choice = int(edit.place * len(data)), edit.size, edit.choice
    fill = FILLS[choice % len(FILLS)]
    end = at + size
    match edit.kind:
        case "flip":
            flipped = bytes(byte ^ (1 + choice % 255) for byte in data[at : at + 1])
            return data[:at] + flipped + data[at + 1 :]
        case "overwrite":
            return data[:at] + fill * len(data[at:end]) + data[end:]
        case "cut":
            return data[:at]
        case "drop":
            return data[:at] + data[end:]
        case "repeat":
            grown = data[:at] + data[at:end] * (2 + choice % 50) + data[end:]
            return grown if len(grown) <= MAX_BYTES else data
        case "move":
            target = choice * 31 % (len(data) + 1)
            return data[:target] + data[at:end] + data[target + size :]
        case "extend":
            return data + fill * size
        case "digits":
            return _digits(data, at, choice)
        case "integer":
            return _integer(data, at, size, choice)
        case "line":
            return _line(data, at, choice)
    raise ValueError(f"no edit is called {edit.kind!r}")


def mutated(data: bytes, edits: Sequence[Edit], *, inside: bool) -> bytes:
    """The bytes after all edits; `inside` an archive's member, so that its checksum is right."""
    if not (inside and data.startswith(b"PK\3\4")):
        for edit in edits:
            data = edited(data, edit)
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(info, archive.read(info)) for info in archive.infolist()]
    out = io.BytesIO()
    chosen = (edits[0].choice if edits else 0) % len(members)
    with zipfile.ZipFile(out, "w") as archive:
        for number, (info, content) in enumerate(members):
            for edit in edits if number == chosen else ():
                content = edited(content, edit)
            fresh = zipfile.ZipInfo(info.filename)
            archive.writestr(fresh, content, compress_type=info.compress_type)
    return out.getvalue()
