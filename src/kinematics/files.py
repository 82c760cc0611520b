"""Atomic, reproducible archives of arrays."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from kinematics.output import whole


def write_npz(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes an uncompressed `.npz` atomically; equal arrays give equal bytes.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_npz(Path(folder, "a.npz"), {"speed": np.zeros((9, 3))})
    ...     np.load(Path(folder, "a.npz"))["speed"].shape
    (9, 3)
    """
    with whole(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name, array in arrays.items():
            info = zipfile.ZipInfo(name + ".npy")  # dated 1980-01-01, for equal bytes
            info.create_system = 3  # Unix, whatever the system
            with archive.open(info, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
