"""The index of one segment: the offsets of its clips, checked against the size of the file."""

from typing import NamedTuple

import msgspec
import numpy as np

from kinematics.skeleton import Skeleton
from kinematics.store.layout import (
    ARRAY_BYTES,
    ARRAYS,
    CLIP_BYTES,
    MAGIC,
    UNREADABLE,
    ArrayPlan,
    Kind,
    Segment,
    padded,
    plan_of,
)


class Index(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One segment's clips, column by column; numbers are little-endian."""

    kinds: tuple[Kind, ...]
    names: tuple[str, ...]
    offsets: bytes
    frames: bytes
    kind_numbers: bytes
    source_bytes: bytes
    checksums: bytes
    durations_s: bytes


class Columns(NamedTuple):
    """A segment's index after its checks."""

    names: tuple[str, ...]
    plans: tuple[tuple[ArrayPlan, ...], ...]
    skeletons: tuple[Skeleton | None, ...]
    offsets: np.ndarray
    frames: np.ndarray
    kind_numbers: np.ndarray
    source_bytes: np.ndarray
    checksums: np.ndarray
    durations_s: np.ndarray


def columns_of(data: bytes, segment: Segment) -> Columns:
    """A segment's index, checked against the segment's size; raises `ValueError`.

    >>> segment = Segment(file="a", bytes=200, clips=1, index_bytes=72, index_checksum=0)
    >>> columns_of(b"not an index", segment)
    Traceback (most recent call last):
    ...
    ValueError: the index is damaged (Expected `object`, got `int`)
    """
    try:
        index = msgspec.msgpack.decode(data, type=Index)
    except UNREADABLE as error:
        raise ValueError(f"the index is damaged ({error})") from error
    clips = segment.clips
    if len(index.kinds) > clips:
        raise ValueError(f"the index has {len(index.kinds)} kinds of {clips} clips")
    plans = tuple(plan_of(kind) for kind in index.kinds)
    columns: dict[str, np.ndarray] = {}
    for name, dtype, count in (
        ("offsets", "<i8", clips + 1),
        ("frames", "<i8", clips),
        ("kind_numbers", "<i8", clips),
        ("source_bytes", "<i8", clips),
        ("checksums", "<i8", clips),
        ("durations_s", "<f8", clips),
    ):
        held = getattr(index, name)
        if len(held) != count * 8:
            raise ValueError(f"the index has {len(held)} bytes of {name}; expected {count * 8}")
        columns[name] = np.frombuffer(held, dtype)
    if len(index.names) != clips:
        raise ValueError(f"the index has {len(index.names)} names; expected {clips}")
    _check_offsets(columns, plans, segment)
    skeletons = tuple(kind.skeleton for kind in index.kinds)
    return Columns(names=index.names, plans=plans, skeletons=skeletons, **columns)


def _check_offsets(
    columns: dict[str, np.ndarray], plans: tuple[tuple[ArrayPlan, ...], ...], segment: Segment
) -> None:
    """Raises `ValueError` unless the clips lie one after another and fill the segment."""
    offsets, frames, kinds = columns["offsets"], columns["frames"], columns["kind_numbers"]
    source_bytes, durations_s = columns["source_bytes"], columns["durations_s"]
    end = segment.bytes - segment.index_bytes
    frame_bytes = np.array(
        [
            [{array.name: array.frame_bytes for array in plan}.get(name, 0) for name in ARRAYS]
            for plan in plans
        ]
    ).reshape(-1, len(ARRAYS))
    known = (kinds >= 0) & (kinds < len(plans))
    bytes_of_clips = frame_bytes[kinds] if known.all() else np.ones((len(kinds), len(ARRAYS)))
    problems = {
        "no such kind": ~known,
        "no frames, or more than there is room for": (
            (frames < 1) | (frames > segment.bytes // bytes_of_clips.sum(axis=1))
        ),
        "an impossible source": (source_bytes < 1) | (source_bytes > segment.bytes),
        "an impossible duration": ~(np.isfinite(durations_s) & (durations_s >= 0)),
    }
    for name, wrong in problems.items():
        if wrong.any():
            raise ValueError(f"the index gives clip {int(wrong.argmax())} {name}")
    arrays = padded(frames[:, None] * bytes_of_clips, ARRAY_BYTES)  # nothing here can overflow
    sizes = source_bytes + arrays.sum(axis=1)
    steps_fit = np.array_equal(np.diff(offsets), padded(sizes, CLIP_BYTES))
    if not (steps_fit and offsets[0] == len(MAGIC) and offsets[-1] == end):
        raise ValueError("the index does not fit the clips' sizes")
