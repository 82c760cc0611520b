"""The motions that a data set was built from, each read and measured when a row asks for it."""

from collections.abc import Callable, Sequence
from pathlib import Path

from kinematics import readers, store
from kinematics.motion import Motion
from kinematics.terminal import reading
from qagen.schema.record import Record
from qagen.verify import moves
from qagen.verify.moves import Clip
from qagen.verify.remeasure import derive


class Library:
    """The motions of a folder or of a packed store, each measured when a row asks for it.

    A row's source is a file below the folder; where it is none, its clip is looked for by name.
    `alter` is done to each motion before it is measured.
    """

    def __init__(self, root: Path, *, alter: Callable[[Motion], Motion] | None = None) -> None:
        self._alter = alter or (lambda motion: motion)
        self._store = store.read(root) if store.recognise(root) else None
        self._root = root.resolve() if root.is_dir() else root.resolve().parent
        self._measured: tuple[tuple[str, str, int, str], Clip | str] | None = None
        self._held: tuple[Path, Sequence[Motion] | str] | None = None
        self._files: dict[str, list[Path]] | None = None

    def clip(self, one: Record) -> Clip | str:
        """The clip of a row, or why there is none."""
        wanted = (one.source, one.clip, one.person, one.frame)
        if self._measured is None or self._measured[0] != wanted:
            self._measured = (wanted, self._measure(one))
        return self._measured[1]

    def _measure(self, one: Record) -> Clip | str:
        try:
            track = self.motion(one)
            if isinstance(track, str):
                return track
            return moves.clip_of(derive.derived(self._alter(track), frame=one.frame))
        except ValueError as error:
            return str(error)

    def motion(self, one: Record) -> Motion | str:
        """The motion of a row, or why there is none; raises `ValueError` when it is damaged."""
        found = self._below(one) if self._store is None else self._stored(self._store, one)
        if isinstance(found, str):
            return found
        same = [
            track
            for track in found
            if (track.source.clip, track.source.person) == (one.clip, one.person)
        ]
        if len(same) != 1:
            return f"{len(same)} motions of person {one.person} of {one.clip}"
        return same[0]

    def _stored(self, packed: store.Store, one: Record) -> Sequence[Motion]:
        return [packed[number] for number in packed.numbers(one.clip)]

    def _below(self, one: Record) -> Sequence[Motion] | str:
        path = (self._root / one.source).resolve()
        if path.is_relative_to(self._root) and path.is_file():
            return self._read(path)
        found = [self._read(path) for path in self._named(one.clip)]
        return [track for tracks in found if not isinstance(tracks, str) for track in tracks]

    def _read(self, path: Path) -> Sequence[Motion] | str:
        """The motions of a file, kept until another one is read."""
        if self._held is None or self._held[0] != path:
            try:
                with reading(path):
                    self._held = (path, readers.read(path))
            except (ValueError, OSError) as error:
                self._held = (path, str(error))
        return self._held[1]

    def _named(self, clip: str) -> list[Path]:
        """The files that hold a clip of this name; all files are read once to know them."""
        if self._files is None:
            self._files = {}
            for path in readers.find([self._root]):
                tracks = self._read(path)
                for name in {track.source.clip for track in tracks if not isinstance(track, str)}:
                    self._files.setdefault(name, []).append(path)
        return self._files.get(clip, [])
