"""The motions that a data set was built from, each read and measured when a record needs it."""

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
    """The motions of a folder or of a packed store, each measured when a record needs it.

    A record's source is a file below the folder; where there is no such file, the clip is searched
    by name. `alter` is applied to each motion before it is measured.
    """

    def __init__(self, root: Path, *, alter: Callable[[Motion], Motion] | None = None) -> None:
        self._alter = alter or (lambda motion: motion)
        self._store = store.read(root) if store.recognise(root) else None
        self._root = root.resolve() if root.is_dir() else root.resolve().parent
        self._measured: tuple[tuple[str, str, int, str], Clip | str] | None = None
        self._held: tuple[Path, Sequence[Motion] | str] | None = None
        self._files: dict[str, list[Path]] | None = None

    def clip(self, record: Record) -> Clip | str:
        """The clip of a record, or the reason why there is none."""
        wanted = (record.source, record.clip, record.person, record.frame)
        if self._measured is None or self._measured[0] != wanted:
            self._measured = (wanted, self._measure(record))
        return self._measured[1]

    def _measure(self, record: Record) -> Clip | str:
        try:
            track = self.motion(record)
            if isinstance(track, str):
                return track
            return moves.clip_of(derive.derived(self._alter(track), frame=record.frame))
        except ValueError as error:
            return str(error)

    def motion(self, record: Record) -> Motion | str:
        """The motion of a record, or the reason why there is none.

        Raises `ValueError` when a packed store is damaged.
        """
        tracks = self._tracks(record)
        if isinstance(tracks, str):
            return tracks
        wanted = (record.clip, record.person)
        same = [track for track in tracks if (track.source.clip, track.source.person) == wanted]
        if len(same) != 1:
            return f"{len(same)} motions of person {record.person} of {record.clip}"
        return same[0]

    def _tracks(self, record: Record) -> Sequence[Motion] | str:
        """The motions of the file, or of all files, in which the record's clip is."""
        if self._store is not None:
            return [self._store[number] for number in self._store.numbers(record.clip)]
        path = (self._root / record.source).resolve()
        if path.is_relative_to(self._root) and path.is_file():
            return self._read(path)
        files = [self._read(path) for path in self._named(record.clip)]
        return [track for tracks in files if not isinstance(tracks, str) for track in tracks]

    def _read(self, path: Path) -> Sequence[Motion] | str:
        """The motions of a file, kept until another file is read."""
        if self._held is None or self._held[0] != path:
            try:
                with reading(path):
                    self._held = (path, readers.read(path))
            except (ValueError, OSError) as error:
                self._held = (path, str(error))
        return self._held[1]

    def _named(self, clip: str) -> list[Path]:
        """The files that hold a clip of this name; the first call reads all files."""
        if self._files is None:
            self._files = {}
            for path in readers.find([self._root]):
                tracks = self._read(path)
                for name in {track.source.clip for track in tracks if not isinstance(track, str)}:
                    self._files.setdefault(name, []).append(path)
        return self._files.get(clip, [])
