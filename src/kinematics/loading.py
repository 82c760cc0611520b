"""Motions from what a caller names: motions themselves, files, packed stores, folders of both."""

import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

from kinematics import readers, store
from kinematics.motion import Motion

Given = Motion | Path | str
"""A motion, or the path of a motion file, a packed store or a folder of them."""


def found(paths: Iterable[Path | str]) -> list[Path]:
    """The motion files and stores that are named or lie in named folders; at least one.

    >>> found([])
    Traceback (most recent call last):
    ...
    ValueError: no motion file or store in nothing; motion files end in .bvh, .c3d, .npy, .npz, \
.pickle, .pkl, .pt, .pth, .trc, .tum
    """
    given = [Path(path) for path in paths]
    stores = store.find(path for path in given if path.is_dir())
    files = readers.find(path for path in given if path not in stores)
    if not (stores or files):
        suffixes = ", ".join(sorted(readers.SUFFIXES))
        named = ", ".join(map(str, given)) or "nothing"
        raise ValueError(f"no motion file or store in {named}; motion files end in {suffixes}")
    return sorted([*stores, *files])


def motions(given: Given | Iterable[Given]) -> Iterator[Motion]:
    """The motions that are given or lie under the given paths, in order, one at a time.

    A file gives one motion for each person. Files of a folder that hold no motion are left out
    with one warning for the folder; every other file that cannot be read raises the error of
    `readers.read`.

    >>> import tempfile
    >>> from kinematics import synthetic
    >>> walk = synthetic.perform(synthetic.walk(3.0), clip="walk").motion
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     walk.save(Path(folder, "again.npz"))
    ...     [motion.source.clip for motion in motions([walk, folder])]
    ['walk', 'walk']
    """
    for item in [given] if isinstance(given, Motion | Path | str) else given:
        if isinstance(item, Motion):
            yield item
        else:
            yield from _under(Path(item))


def one_motion(given: Given | Iterable[Given]) -> Motion:
    """The only motion that is given, or that lies under the given paths.

    Raises `ValueError` when there are several or none.

    >>> from kinematics import synthetic
    >>> walk = synthetic.perform(synthetic.walk(3.0)).motion
    >>> one_motion([walk, walk])
    Traceback (most recent call last):
    ...
    ValueError: 2 motions (synthetic, person 0; synthetic, person 0), expected 1: choose one, \
as in measure(read(path)[0]), or measure them all with measure_all
    """
    held = list(motions(given))
    if len(held) == 1:
        return held[0]
    if not held:
        raise ValueError("no motion, expected 1")
    names = [f"{motion.source.clip}, person {motion.source.person}" for motion in held[:4]]
    more = ["..."] if len(held) > 4 else []
    raise ValueError(
        f"{len(held)} motions ({'; '.join(names + more)}), expected 1: choose one, as in "
        "measure(read(path)[0]), or measure them all with measure_all"
    )


def _under(path: Path) -> Iterator[Motion]:
    """The motions of a file, of a store, or of every file and store in a folder."""
    if store.recognise(path):
        yield from store.read(path)
    elif not path.is_dir():
        yield from readers.read(path)
    else:
        others = 0
        for inner in found([path]):
            if store.recognise(inner):
                yield from store.read(inner)
                continue
            try:
                people = readers.read(inner)
            except readers.UnknownFormatError:
                others += 1
                continue
            yield from people
        if others:
            message = f"{path}: {others} files hold no motion of a known format and were left out"
            warnings.warn(message, stacklevel=2)
