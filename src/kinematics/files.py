"""Archives of arrays that appear whole or not at all, and whose bytes know no clock."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from kinematics.output import whole


def write_npz(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes an `.npz` of plain arrays, stored and not compressed: equal arrays, equal bytes.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_npz(Path(folder, "a.npz"), {"speed": np.zeros((9, 3))})
    ...     np.load(Path(folder, "a.npz"))["speed"].shape
    (9, 3)
    """
    with whole(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name, array in arrays.items():
            info = zipfile.ZipInfo(name + ".npy")  # 1980-01-01: bytes know no clock
            info.create_system = 3  # nor which system wrote them
            with archive.open(info, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
