"""The allow-list of classes in pickles, and the plain values that replace them.

NumPy arrays, scalars and dtypes, a few containers, torch tensors and joblib's arrays; arrays and
tensors become read-only NumPy arrays of bytes of the file. Sizes are checked against those bytes
first. (Longer than a module should be, so that the whole allow-list is in one file.)
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

MAX_BYTES: int = 2 * 1024**3
"""Maximum bytes of one array, as in `archives`."""

MAX_EXPANDED_BYTES: int = 64 * 1024**2
"""Maximum bytes of a tensor beyond those of its storage, as a result of torch's `expand` has."""

HASHABLE = (str, bytes, int, float, bool, type(None), np.generic)
"""Types of keys of dictionaries and members of sets; tuples could be nested without end."""


TORCH_FILE = "torch.storage._load_from_bytes"
"""The function whose argument is a pickle itself, which the caller of `unpickle.run` reads."""


class RefusedError(ValueError):
    """A refusal whose message lacks only the file's name."""


@dataclass(frozen=True)
class Named:
    """A class that a file may refer to, and the function that replaces it."""

    name: str
    make: Callable[..., Any]

    def made(self, arguments: tuple[Any, ...]) -> Any:
        """The result of a call; every failure is a `RefusedError`."""
        try:
            return self.make(*arguments)
        except RefusedError:
            raise
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise RefusedError(f"{self.name} with wrong arguments ({error})") from error


Take = Callable[[int], memoryview]
"""Takes a number of bytes from the stream, for arrays that follow there."""


@dataclass
class Shell:
    """An object before its state is set; `keys` are its keys in the memo."""

    keys: list[int] = field(default_factory=list)

    def built(self, state: Any, take: Take) -> Any:
        """The value that replaces the shell."""
        raise NotImplementedError


@dataclass
class Dtype(Shell):
    """A dtype whose byte order is part of its state."""

    dtype: np.dtype = field(default_factory=lambda: np.dtype("V"))

    def built(self, state: Any, take: Take) -> "Dtype":
        """Itself, in the byte order of the state."""
        del take
        order = _text(state[1]) if isinstance(state, tuple) and len(state) > 1 else ""
        if order not in ("<", ">", "|", "="):
            raise RefusedError("a dtype without a byte order")
        if self.dtype.kind != "O" and order in "<>":
            self.dtype = self.dtype.newbyteorder("<" if order == "<" else ">")
        return self


class ArrayShell(Shell):
    """An array as NumPy pickles it: (version, shape, dtype, whether in Fortran's order, data)."""

    def built(self, state: Any, take: Take) -> np.ndarray:
        """The array."""
        del take
        if not (isinstance(state, tuple) and len(state) == 5):
            raise RefusedError("an array without its state")
        _, shape, dtype, columns_first, data = state
        return array_of(data, dtype, shape, order="F" if columns_first else "C")


class JoblibShell(Shell):
    """joblib's `NumpyArrayWrapper`: the array's bytes follow its state in the stream."""

    def built(self, state: Any, take: Take) -> np.ndarray:
        """The array, with its bytes taken from the stream."""
        if not isinstance(state, dict):
            raise RefusedError("a joblib array without its state")
        dtype, shape = state.get("dtype"), state.get("shape")
        size = claimed_bytes(dtype, shape)
        if state.get("numpy_array_alignment_bytes") is not None:
            take(take(1)[0])
        return array_of(take(size), dtype, shape, order=str(state.get("order", "C")))


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


_PLAIN_DTYPE = re.compile(r"[<>=|]?(\?|[biufSUO][0-9]{0,10})")
"""Descriptions of plain dtypes as NumPy pickles them; NumPy would parse others as expressions."""


def _dtype(name: Any, *_flags: Any) -> Dtype:
    described = _text(name)
    if not _PLAIN_DTYPE.fullmatch(described):
        raise RefusedError(f"dtype {described[:40]!r}; expected numbers or text")
    return Dtype(dtype=np.dtype(described))


def _plain_shape(shape: Any) -> tuple[int, ...]:
    sizes = (shape,) if isinstance(shape, int) else shape
    if not (
        isinstance(sizes, tuple)
        and len(sizes) <= 16
        and all(type(size) is int and 0 <= size < 2**62 for size in sizes)
    ):
        raise RefusedError("an array's shape that is not a tuple of sizes")
    return sizes


def claimed_bytes(dtype: Any, shape: Any) -> int:
    """The size of an array of plain numbers or text; `RefusedError` above `MAX_BYTES`.

    >>> claimed_bytes(Dtype(dtype=np.dtype("f4")), (30, 3))
    360
    """
    if not isinstance(dtype, Dtype) or dtype.dtype.hasobject:
        raise RefusedError("an array of Python objects, or of no dtype; save each as its own array")
    size = math.prod(_plain_shape(shape)) * dtype.dtype.itemsize
    if size > MAX_BYTES:
        raise RefusedError(f"an array of {size:,} bytes; expected at most {MAX_BYTES:,}")
    return size


def array_of(data: Any, dtype: Any, shape: Any, *, order: str = "C") -> np.ndarray:
    """A read-only array of bytes (or of a list, for Python objects), which must fit exactly.

    >>> array_of(bytes(6), Dtype(dtype=np.dtype("u1")), (2, 3)).shape
    (2, 3)
    """
    if isinstance(dtype, Dtype) and dtype.dtype.hasobject:
        sizes = _plain_shape(shape)
        if not isinstance(data, list) or len(data) != math.prod(sizes):
            raise RefusedError(f"an array of objects of shape {sizes} without its objects")
        boxed = np.empty(len(data), dtype=object)
        for index, value in enumerate(data):  # a slice would unpack sequences
            boxed[index] = value
        return boxed.reshape(sizes, order="F" if order == "F" else "C")
    size = claimed_bytes(dtype, shape)
    if isinstance(data, str):
        data = data.encode("latin-1")  # the bytes of Python 2
    if not isinstance(data, bytes | memoryview) or len(data) != size:
        there = len(data) if isinstance(data, bytes | memoryview) else 0
        raise RefusedError(
            f"an array of shape {shape} of {dtype.dtype} is {size:,} bytes, but the file has "
            f"{there:,}"
        )
    flat = np.frombuffer(data, np.uint8).view(dtype.dtype) if size else np.empty(0, dtype.dtype)
    array = flat.reshape(_plain_shape(shape), order="F" if order == "F" else "C")
    array.setflags(write=False)
    return array


def _scalar(dtype: Any, data: Any = None) -> Any:
    return array_of(data, dtype, ())[()]


def _from_buffer(data: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    return array_of(data, dtype, shape, order=_text(order))


def _encoded(text: Any, encoding: Any) -> bytes:
    if not isinstance(text, str) or _text(encoding) not in ("latin1", "latin-1"):
        raise RefusedError("text in an encoding other than Latin-1")
    return text.encode("latin-1")


def plain_dict(pairs: list[Any]) -> dict[Any, Any]:
    """A dictionary of alternating keys and values; `RefusedError` on keys that could be nested.

    >>> plain_dict(["fps", 30.0])
    {'fps': 30.0}
    """
    if len(pairs) % 2:
        raise RefusedError("a key without a value")
    if not all(isinstance(key, HASHABLE) for key in pairs[::2]):
        raise RefusedError("a dictionary whose keys are neither numbers nor text")
    return dict(zip(pairs[::2], pairs[1::2], strict=True))


def _dict_of(pairs: Any = ()) -> dict[Any, Any]:
    if not isinstance(pairs, list | tuple) or not all(
        isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs
    ):
        raise RefusedError("a dictionary of something other than pairs")
    return plain_dict([item for pair in pairs for item in pair])


def plain_set(items: Any) -> set[Any]:
    """A set of numbers and text; `RefusedError` on members that could be nested.

    >>> sorted(plain_set([2, 1, 2]))
    [1, 2]
    """
    if not isinstance(items, list | tuple) or not all(isinstance(i, HASHABLE) for i in items):
        raise RefusedError("a set of something other than numbers and text")
    return set(items)


def _factory_dict(factory: Any = None) -> dict[Any, Any]:
    if factory is not None and not isinstance(factory, Named):
        raise RefusedError("a defaultdict whose default is not a class")
    return {}  # the default is never used


@dataclass(frozen=True)
class Storage:
    """The numbers of torch tensors (None in a first pass, which only counts); bytes copied."""

    numbers: np.ndarray | None
    copied_bytes: int = 0


MAX_COPIED_BYTES: int = 1024**3
"""Maximum bytes that one pickle may allocate beyond those of the file."""


@dataclass(frozen=True)
class StorageType:
    """A torch storage class: the dtype of its numbers."""

    dtype: np.dtype
    brain_floats: bool = False

    def storage(self, data: bytes | memoryview, count: int) -> Storage:
        """The storage of `count` numbers at the start of `data`."""
        if not 0 <= count * self.dtype.itemsize <= len(data):
            raise RefusedError(f"a storage of {count:,} numbers in {len(data):,} bytes")
        if not count:
            return Storage(np.empty(0, self.dtype))
        numbers = np.frombuffer(data, self.dtype, count)
        if self.brain_floats:  # the upper half of a float32
            numbers = (numbers.astype(np.uint32) << np.uint32(16)).view(np.float32)
            return Storage(numbers, numbers.nbytes)
        return Storage(numbers)


def _tensor(storage: Any, offset: Any, sizes: Any, strides: Any, *_rest: Any) -> Any:
    """The array of a torch tensor; all elements must be inside its storage."""
    if not isinstance(storage, Storage):
        raise RefusedError("a tensor without a storage")
    sizes, strides = _plain_shape(sizes), _plain_shape(strides)
    numbers = storage.numbers
    if numbers is None:
        return None
    start, item = _plain_shape(offset)[0], numbers.dtype.itemsize
    last = start + sum((n - 1) * step for n, step in zip(sizes, strides, strict=True))
    if not math.prod(sizes):
        return np.empty(sizes, numbers.dtype)
    if last >= len(numbers):
        raise RefusedError(f"a tensor of shape {sizes} reaches beyond its {len(numbers):,} numbers")
    if math.prod(sizes) * item > numbers.nbytes + MAX_EXPANDED_BYTES:
        raise RefusedError(f"a tensor of shape {sizes} made of {len(numbers):,} numbers")
    return np.lib.stride_tricks.as_strided(
        numbers[start:], sizes, [step * item for step in strides], writeable=False
    )


def _unread(*_arguments: Any) -> Any:
    raise RefusedError("a torch file inside the pickle, where none is expected")


def _first(value: Any, *_rest: Any) -> Any:
    return value


def _array_shell(subclass: Any, *_rest: Any) -> ArrayShell:
    if not (isinstance(subclass, Named) and subclass.name == "numpy.ndarray"):
        raise RefusedError("an array of a class other than numpy.ndarray")
    return ArrayShell()


def _class_only(*_arguments: Any) -> Any:
    raise RefusedError("creates an object where only its class is expected")


_NUMBERS = {"Bool": "?", "Byte": "u1", "Char": "i1", "Double": "<f8", "Float": "<f4",
            "Half": "<f2", "Int": "<i4", "Long": "<i8", "Short": "<i2"}  # fmt: skip
_STORAGES = {name: StorageType(np.dtype(number)) for name, number in _NUMBERS.items()}
_STORAGES["BFloat16"] = StorageType(np.dtype("<u2"), brain_floats=True)

_ALLOWED: dict[str, Callable[..., Any]] = {
    "numpy.ndarray": _class_only,
    "numpy.memmap": _class_only,
    "numpy.dtype": _dtype,
    "numpy.core.multiarray._reconstruct": _array_shell,
    "numpy.core.multiarray.scalar": _scalar,
    "numpy.core.numeric._frombuffer": _from_buffer,
    "joblib.numpy_pickle.NumpyArrayWrapper": JoblibShell,
    "_codecs.encode": _encoded,
    "builtins.bytes": lambda: b"",
    "builtins.dict": _dict_of,
    "builtins.list": _class_only,
    "builtins.int": _class_only,
    "builtins.float": _class_only,
    "builtins.set": lambda items=(): plain_set(items),
    "builtins.frozenset": lambda items=(): plain_set(items),
    "collections.OrderedDict": _dict_of,
    "collections.defaultdict": _factory_dict,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _first,
    TORCH_FILE: _unread,
    "torch.Size": lambda sizes=(): _plain_shape(sizes),
    "torch.device": lambda *parts: ":".join(map(str, parts)),
}
"""All classes and functions that a pickle may refer to, and their replacements."""


def named(module: str, name: str) -> Named | StorageType:
    """The replacement of an allowed class; `RefusedError` with the full name of any other.

    >>> named("numpy", "ndarray").name
    'numpy.ndarray'
    """
    modern = {"__builtin__": "builtins", "UserDict": "collections"}.get(module, module)
    full = f"{modern}.{name}".replace("numpy._core.", "numpy.core.", 1)
    if modern == "torch" and name.endswith("Storage") and name[:-7] in _STORAGES:
        return _STORAGES[name[:-7]]
    if full not in _ALLOWED:
        raise RefusedError(
            f"refers to {module}.{name}; expected plain numbers, text, containers, NumPy arrays "
            "and torch tensors, because anything else can run code. Save those alone"
        )
    return Named(full, _ALLOWED[full])
