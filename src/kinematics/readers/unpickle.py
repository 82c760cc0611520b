"""A safe interpreter of pickles: it never imports, calls or instantiates anything from a file.

Python's own unpickler runs any function that a file refers to. This interpreter implements the
opcodes on a stack of plain values (numbers, text, bytes, dict, list, tuple, set) and looks every
class up in the allow-list of `plain_classes`; all others are refused by their full names. Work,
nesting and the length of every value are bounded by the file and the limits below. (Longer than a
module should be, because the table of opcodes belongs together.)
"""

import mmap
import re
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

from kinematics.readers.plain_classes import (
    MAX_COPIED_BYTES,
    TORCH_FILE,
    Named,
    RefusedError,
    Shell,
    Storage,
    named,
    plain_dict,
    plain_set,
)

MAX_STEPS: int = 2_000_000
"""Maximum opcodes of one pickle, a few seconds of work; the files of trackers have thousands."""

MAX_NESTING: int = 200
"""Maximum depth of open containers; the files of trackers have fewer than ten."""

MAX_STORAGES: int = 10_000
"""Maximum tensors whose storage is embedded as a file inside the pickle."""

MAX_INTEGER_BYTES: int = 64
"""Maximum length of an integer; longer integers are not measurements."""

_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.|$)", re.DOTALL)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'", '"': '"'}
_COPIED_BYTES = 4096  # longer strings of bytes stay views of the file

Persistent = Callable[[Any], Any]
"""Resolves a pickle's reference to an object outside of it."""


class Unpickled(NamedTuple):
    """The value of a pickle, and the offset of its end in the data."""

    value: Any
    end: int


TorchFile = Callable[[Any], Storage]
"""Reads the bytes of a torch file inside a pickle."""


def run(
    data: bytes | memoryview | mmap.mmap,
    *,
    start: int = 0,
    persistent: Persistent | None = None,
    torch_file: TorchFile | None = None,
) -> Unpickled:
    """The value of the pickle at an offset in the data, without running any code of it.

    References to objects outside the pickle, and torch files inside it, are refused unless the
    functions that read them are given. Arrays are read-only views of the data. Raises
    `RefusedError`, a `ValueError`, on anything but plain data.

    >>> import pickle
    >>> run(pickle.dumps({"fps": 30, "frames": [1, 2]})).value
    {'fps': 30, 'frames': [1, 2]}
    """
    machine = _Machine(data, start, persistent, torch_file)
    return Unpickled(machine.run(), machine.at)


class _Machine:
    """The state of one run: the data and the offset in it, the stack, the marks and the memo."""

    def __init__(
        self,
        data: bytes | memoryview | mmap.mmap,
        start: int,
        persistent: Persistent | None,
        torch_file: TorchFile | None,
    ) -> None:
        self.view, self.at = memoryview(data).toreadonly(), start
        self.persistent, self.torch_file = persistent, torch_file
        self.copied_bytes = self.storages = 0
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        for _ in range(MAX_STEPS):
            code = self.take(1)[0]
            if code == ord("."):
                return self.pop()
            step = _STEPS.get(code)
            if step is None:
                raise RefusedError(f"holds {code:#04x} at byte {self.at - 1:,}, which pickles of "
                                   "plain data do not")  # fmt: skip
            step(self)
        raise RefusedError(f"takes more than {MAX_STEPS:,} steps to read; save arrays, not lists")

    # reading

    def take(self, count: int) -> memoryview:
        end = self.at + count
        if end > len(self.view):
            raise RefusedError(f"ends in the middle of a value at byte {self.at:,}; copy it again")
        taken = self.view[self.at : end]
        self.at = end
        return taken

    def number(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def line(self) -> bytes:
        window = 128
        while (end := (seen := bytes(self.view[self.at : self.at + window])).find(b"\n")) < 0:
            if len(seen) < window:
                raise RefusedError(f"ends in the middle of a line at byte {self.at:,}")
            window *= 4
        self.at += end + 1
        return seen[:end]

    def counted(self, form: str) -> memoryview:
        return self.take(max(self.number(form), 0))

    # the stack

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self) -> Any:
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise RefusedError(f"takes a value that is not there at byte {self.at:,}")
        return self.stack.pop()

    def pop_many(self, count: int) -> tuple[Any, ...]:
        return tuple(reversed([self.pop() for _ in range(count)]))

    def double(self) -> None:
        value = self.pop()
        self.stack += [value, value]

    def mark(self) -> None:
        if len(self.marks) >= MAX_NESTING:
            raise RefusedError(f"is nested deeper than {MAX_NESTING}")
        self.marks.append(len(self.stack))

    def pop_to_mark(self) -> list[Any]:
        if not self.marks:
            raise RefusedError(f"closes a container that was never opened at byte {self.at:,}")
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def top(self, kind: type) -> Any:
        value = self.pop()
        self.push(value)
        if type(value) is not kind:
            raise RefusedError(f"fills a {type(value).__name__} as if it were a {kind.__name__}")
        return value

    # the memo

    def remember(self, key: int) -> None:
        value = self.pop()
        self.push(value)
        if isinstance(value, Shell):
            value.keys.append(key)
        self.memo[key] = value

    def recall(self, key: int) -> None:
        if key not in self.memo:
            raise RefusedError(f"refers to a value that was never kept at byte {self.at:,}")
        self.push(self.memo[key])

    # classes

    def name(self, module: Any, name: Any) -> None:
        if not (isinstance(module, str) and isinstance(name, str)):
            raise RefusedError("refers to a class by something other than text")
        value = named(module, name)
        if isinstance(value, Named) and value.name == TORCH_FILE and self.torch_file is not None:
            value = Named(value.name, self.torch_file)
        self.push(value)

    def call(self) -> None:
        function, arguments = self.pop_many(2)
        if not (isinstance(function, Named) and isinstance(arguments, tuple)):
            raise RefusedError(f"calls a {type(function).__name__}, which is not a class")
        self.storages += function.name == TORCH_FILE
        if self.storages > MAX_STORAGES:
            raise RefusedError(f"more than {MAX_STORAGES:,} storages; save fewer, longer tensors")
        value = function.made(arguments)
        self.copied_bytes += value.copied_bytes if isinstance(value, Storage) else 0
        if self.copied_bytes > MAX_COPIED_BYTES:
            raise RefusedError(f"allocates more than {MAX_COPIED_BYTES:,} bytes")
        self.push(value)

    def build(self) -> None:
        shell, state = self.pop_many(2)
        if isinstance(shell, dict):  # attributes of a dictionary are ignored
            return self.push(shell)
        if not isinstance(shell, Shell):
            raise RefusedError(f"sets the state of a {type(shell).__name__}")
        built = shell.built(state, self.take)
        for key in shell.keys:
            self.memo[key] = built
        return self.push(built)

    def set_items(self, pairs: list[Any]) -> None:
        self.top(dict).update(plain_dict(pairs))

    def load_persistent(self, reference: Any) -> None:
        if self.persistent is None:
            raise RefusedError("refers to an object outside of the file")
        self.push(self.persistent(reference))


def _text_integer(machine: _Machine) -> None:
    text = machine.line()
    if text in (b"00", b"01"):
        return machine.push(text == b"01")
    if len(text) > MAX_INTEGER_BYTES:
        raise RefusedError(f"an integer of {len(text):,} digits")
    return machine.push(int(text.removesuffix(b"L") or b"0"))


def _long(machine: _Machine, form: str) -> None:
    data = machine.counted(form)
    if len(data) > MAX_INTEGER_BYTES:
        raise RefusedError(f"an integer of {len(data):,} bytes")
    machine.push(int.from_bytes(data, "little", signed=True))


def _quoted(machine: _Machine) -> None:
    text = machine.line().strip().decode("latin-1")
    if len(text) < 2 or text[0] not in "'\"" or text[0] != text[-1]:
        raise RefusedError("text without its quotation marks")
    machine.push(_ESCAPE.sub(_unescaped, text[1:-1]))


def _unescaped(escape: re.Match[str]) -> str:
    code = escape[1]
    if code[0] == "x":
        return chr(int(code[1:], 16))
    if code not in _LETTERS:
        raise RefusedError(f"text with the unknown escape \\{code}")
    return _LETTERS[code]


def _bytes(machine: _Machine, form: str) -> None:
    data = machine.counted(form)
    machine.push(bytes(data) if len(data) <= _COPIED_BYTES else data)


def _text(machine: _Machine, form: str, encoding: str) -> None:
    machine.push(str(machine.counted(form), encoding, "surrogatepass"))


def _append(machine: _Machine, items: list[Any]) -> None:
    machine.top(list).extend(items)


def _add(machine: _Machine, items: list[Any]) -> None:
    machine.top(set).update(plain_set(items))


def _pushing(value: Callable[[_Machine], Any]) -> Callable[[_Machine], None]:
    return lambda machine: machine.push(value(machine))


_STEPS: dict[int, Callable[[_Machine], Any]] = {
    ord("("): _Machine.mark,
    ord("0"): lambda m: m.pop(),
    ord("1"): lambda m: m.pop_to_mark(),
    ord("2"): _Machine.double,
    # numbers
    ord("N"): _pushing(lambda _: None),
    0x88: _pushing(lambda _: True),
    0x89: _pushing(lambda _: False),
    ord("I"): _text_integer,
    ord("L"): _text_integer,
    ord("J"): _pushing(lambda m: m.number("<i")),
    ord("K"): _pushing(lambda m: m.number("<B")),
    ord("M"): _pushing(lambda m: m.number("<H")),
    0x8A: lambda m: _long(m, "<B"),
    0x8B: lambda m: _long(m, "<i"),
    ord("F"): _pushing(lambda m: float(m.line()[:MAX_INTEGER_BYTES])),
    ord("G"): _pushing(lambda m: m.number(">d")),
    # text and bytes; Python 2 did not distinguish them, its strings become Latin-1 text
    ord("S"): _quoted,
    ord("T"): lambda m: _text(m, "<i", "latin-1"),
    ord("U"): lambda m: _text(m, "<B", "latin-1"),
    ord("V"): _pushing(lambda m: str(m.line(), "raw-unicode-escape")),
    ord("X"): lambda m: _text(m, "<I", "utf-8"),
    0x8C: lambda m: _text(m, "<B", "utf-8"),
    0x8D: lambda m: _text(m, "<Q", "utf-8"),
    ord("B"): lambda m: _bytes(m, "<I"),
    ord("C"): lambda m: _bytes(m, "<B"),
    0x8E: lambda m: _bytes(m, "<Q"),
    0x96: lambda m: _bytes(m, "<Q"),
    # containers
    ord("]"): _pushing(lambda _: []),
    ord("}"): _pushing(lambda _: {}),
    ord(")"): _pushing(lambda _: ()),
    0x8F: _pushing(lambda _: set()),
    ord("l"): _pushing(lambda m: m.pop_to_mark()),
    ord("d"): _pushing(lambda m: plain_dict(m.pop_to_mark())),
    ord("t"): _pushing(lambda m: tuple(m.pop_to_mark())),
    0x85: _pushing(lambda m: m.pop_many(1)),
    0x86: _pushing(lambda m: m.pop_many(2)),
    0x87: _pushing(lambda m: m.pop_many(3)),
    0x91: _pushing(lambda m: plain_set(m.pop_to_mark())),
    ord("a"): lambda m: _append(m, [m.pop()]),
    ord("e"): lambda m: _append(m, m.pop_to_mark()),
    ord("s"): lambda m: m.set_items(list(m.pop_many(2))),
    ord("u"): lambda m: m.set_items(m.pop_to_mark()),
    0x90: lambda m: _add(m, m.pop_to_mark()),
    # the memo
    ord("p"): lambda m: m.remember(int(m.line()[:20])),
    ord("q"): lambda m: m.remember(m.number("<B")),
    ord("r"): lambda m: m.remember(m.number("<I")),
    0x94: lambda m: m.remember(len(m.memo)),
    ord("g"): lambda m: m.recall(int(m.line()[:20])),
    ord("h"): lambda m: m.recall(m.number("<B")),
    ord("j"): lambda m: m.recall(m.number("<I")),
    # classes, by name only
    ord("c"): lambda m: m.name(str(m.line(), "utf-8"), str(m.line(), "utf-8")),
    0x93: lambda m: m.name(*m.pop_many(2)),
    ord("i"): lambda m: m.name(str(m.line(), "utf-8"), str(m.line(), "utf-8")),
    ord("R"): _Machine.call,
    0x81: _Machine.call,
    ord("b"): _Machine.build,
    ord("P"): lambda m: m.load_persistent(str(m.line(), "utf-8")),
    ord("Q"): lambda m: m.load_persistent(m.pop()),
    # protocol and frame, which are skipped
    0x80: lambda m: m.take(1),
    0x95: lambda m: m.take(8),
}
"""The implementation of each opcode; others (old instances, extensions) are refused."""
