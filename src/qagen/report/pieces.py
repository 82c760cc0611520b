"""Data in pieces that a page without a server can load, as scripts.

Texts are untrusted: in a piece they are JSON strings without `<`, and the page puts them only into
text nodes.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

DATA = "data"

LARGEST = 128 * 1024
"""Size limit of a piece in bytes, which even slow disks load quickly."""


def script(name: str, content: Any) -> bytes:
    """A script that passes content to the page under a name.

    >>> script("clips/000", {"clip": "</script>"})
    b'report.take("clips/000", {"clip":"\\\\u003c/script>"});\\n'
    """
    data = msgspec.json.encode(content).replace(b"<", rb"\u003c")
    return b'report.take("%s", %s);\n' % (name.encode(), data)


def write(folder: Path, name: str, content: Any) -> None:
    """Writes a piece into a report's folder."""
    path = folder / DATA / f"{name}.js"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(script(name, content))


class Series:
    """Writes items in pieces of bounded size and records where each begins.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     series = Series(Path(folder), "clips", most=2)
    ...     for item in "abc":
    ...         series.add(item)
    ...     series.close()
    [0, 2]
    """

    def __init__(
        self, folder: Path, kind: str, *, most: int, pack: Callable[[list[Any]], Any] = list
    ) -> None:
        self._folder, self._kind, self._most, self._pack = folder, kind, most, pack
        self._items: list[Any] = []
        self._bytes = 0
        self._count = 0
        self._starts: list[int] = []

    def add(self, item: Any, *, size: int = 0) -> None:
        """Adds an item of about `size` bytes."""
        if self._items and (len(self._items) >= self._most or self._bytes + size > LARGEST):
            self._flush()
        self._items.append(item)
        self._bytes += size

    def close(self) -> list[int]:
        """Writes the remaining items; returns the number of each piece's first item."""
        if self._items:
            self._flush()
        return self._starts

    def _flush(self) -> None:
        write(self._folder, f"{self._kind}/{len(self._starts):03d}", self._pack(self._items))
        self._starts.append(self._count)
        self._count += len(self._items)
        self._items, self._bytes = [], 0
