"""The project's own motion file: an `.npz` that keeps every bit of a `Motion`.

The archive is uncompressed and has fixed timestamps, so equal motions give equal bytes. Names and
identity are JSON in a byte array; nothing is ever unpickled.
"""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from kinematics.checks import checked_track
from kinematics.motion import (
    ARRAYS,
    OPTIONAL_ARRAYS,
    SAVED_HEADER,
    SCHEMA_VERSION,
    Motion,
    SavedHeader,
    assembled,
)
from kinematics.readers.archives import Layout, RefusedError, layouts, load_arrays, names_in, naming
from kinematics.skeleton import POINTS

__all__ = ["Layout", "layouts", "load_arrays", "read", "recognise", "write"]


_KEPT_DTYPES = (np.dtype(bool), np.dtype(np.float32), np.dtype(np.float64))


class _VersionOnly(msgspec.Struct):
    schema_version: int = 0


def recognise(path: Path | str) -> bool:
    """Whether `Motion.save` wrote the file, in any version."""
    return SAVED_HEADER in names_in(path)


def write(motion: Motion, path: Path | str) -> None:
    """Writes one motion with `Motion.save`: atomically, equal motions as equal bytes."""
    motion.save(path)


def read(path: Path | str) -> list[Motion]:
    """The motion of a file that `Motion.save` wrote, bit for bit, as a list of one.

    Raises `ValueError` on any other file, on another schema version and on damage.

    >>> import tempfile
    >>> from kinematics import synthetic
    >>> walk = synthetic.perform(synthetic.walk(2.0)).motion
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(walk, Path(folder, "walk.npz"))
    ...     [back] = read(Path(folder, "walk.npz"))
    >>> np.array_equal(back.joints_m, walk.joints_m), back.source == walk.source
    (True, True)
    """
    path = Path(path)
    arrays: dict[str, Any] = load_arrays(path, names=(SAVED_HEADER, *ARRAYS, *OPTIONAL_ARRAYS))
    if missing := [name for name in (SAVED_HEADER, *ARRAYS) if name not in arrays]:
        raise ValueError(
            f"{path}: no array {', '.join(missing)}; found {', '.join(sorted(layouts(path)))}; "
            "expected a motion written by Motion.save"
        )
    with naming(path):
        header = _decoded(arrays.pop(SAVED_HEADER))
    skeleton = header.skeleton
    checked = checked_track(
        where=str(path),
        fps=None,
        joint_names=None if skeleton is None else skeleton.joints,
        **(dict.fromkeys(OPTIONAL_ARRAYS) | arrays),
    )
    kept = {name: a if _same(a, checked[name]) else checked[name] for name, a in arrays.items()}
    identity = {"skeleton": skeleton, "source": header.source}
    return [assembled(dict.fromkeys(OPTIONAL_ARRAYS) | kept | identity)]


def _same(array: np.ndarray, checked: np.ndarray | None) -> bool:
    """Whether the check changed at most the last bits of a unit quaternion."""
    if checked is None or array.dtype not in _KEPT_DTYPES:
        return False
    if array.dtype == bool or np.array_equal(checked, array):
        return np.array_equal(checked, array)
    with np.errstate(invalid="ignore"):  # values that are not finite differ
        return bool((np.abs(checked - array) <= 1e-5).all())


def _decoded(data: np.ndarray) -> SavedHeader:
    """The header's names and identity, checked; raises `ValueError`."""
    text = data.tobytes()
    try:
        version = msgspec.json.decode(text, type=_VersionOnly).schema_version
        if version != SCHEMA_VERSION:
            raise RefusedError(
                f"motion file of schema version {version}, expected {SCHEMA_VERSION}: read it "
                "with the release that wrote it, or make it again with this one"
            )
        header = msgspec.json.decode(text, type=SavedHeader)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RefusedError(f"{SAVED_HEADER}: {error}; write the file again") from error
    skeleton = header.skeleton
    if skeleton is not None and (
        len(skeleton.points) != len(POINTS)
        or any(not 0 <= i < len(skeleton.joints) for point in skeleton.points for i in point)
    ):
        raise RefusedError(
            f"{SAVED_HEADER}: skeleton {skeleton.name!r} does not map its {len(skeleton.joints)} "
            f"joints to the {len(POINTS)} body points; build it with skeleton.from_names"
        )
    return header
