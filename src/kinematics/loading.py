"""Motions from motions, paths of files, packed stores, and folders of both."""

import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

from kinematics import readers, store
from kinematics.motion import Motion

Given = Motion | Path | str
"""A motion, or the path of a motion file, a packed store or a folder of them."""


def found(paths: Iterable[Path | str]) -> list[Path]:
    """The given motion files and stores, and those in given folders; `ValueError` without any.

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
    """The given motions and those under the given paths, in order, one at a time.

    A file gives one motion per person. Files in a folder without a motion of a known format are
    skipped, with one warning per folder; other unreadable files raise the error of `readers.read`.

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
    """The only motion that is given or under the given paths; `ValueError` for several or none.

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
    """The motions of a file, a store, or every file and store in a folder."""
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
