"""Groups clips that belong together and assigns each group to a side of the split.

Clips of one take, subject or file, and recordings of the same motion (`same_motion`), are one
group. Groups are sorted by a hash of their names and fill the test set, then the validation set; so
sides do not depend on the order of the input, and adding a clip moves few groups or none.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import msgspec

Split = Literal["train", "val", "test"]

SPLITS: tuple[Split, ...] = get_args(Split)

_BEFORE = r"(?:^|(?<=[/_.\- ]))"

CAMERA = re.compile(_BEFORE + r"(?:cam|camera|view|viewpoint|cam_?id)[_.\- ]?\d+", re.I)
"""The part of a name that names the camera, not the take: `cam03`, `camera_1`, `view-2`."""

SUBJECT = (
    re.compile(
        _BEFORE + r"(?:subject|subj|sub|actor|participant|performer)[_\- ]?([a-z]*\d+)", re.I
    ),
    re.compile(r"(?:^|(?<=/))([SP]\d{1,3})(?=[/_.\- ])", re.I),
    re.compile(r"(?:^|(?<=/))(\d{2,3})_\d{2}(?=$|[/_.])"),
)
"""How published collections write the subject: `subject_07`, `S11/`, `P0/`, `02_01` (two numbers:
subject and trial)."""


class Identity(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The take and subject of a clip, which a split must not divide."""

    take: str
    """The name without its camera, prefixed with its folder."""
    subject: str
    """Empty when unknown."""


def identify(*, clip: str, take: str, source: str) -> Identity:
    """Take and subject, as far as names reveal them.

    >>> identify(clip="walk_cam1", take="walk_cam1", source="S5/walk_cam1.npz")
    Identity(take='S5/walk', subject='S5')
    >>> identify(clip="a", take="", source="a.npz")
    Identity(take='a', subject='')
    """
    folder = source.rpartition("/")[0]
    where = _without_camera(f"{folder}/{take or clip}")
    return Identity(take=where, subject=_subject(where) or _subject(f"{folder}/"))


def _without_camera(name: str) -> str:
    parts = (CAMERA.sub("", part).strip("_.- ") for part in name.split("/"))
    return "/".join(part for part in parts if part) or name


def _subject(where: str) -> str:
    """The subject's name prefixed with its folders, which distinguish data sets."""
    for pattern in SUBJECT:
        if found := pattern.search(where):
            above = where[: found.start()].rpartition("/")[0]
            return f"{above}/{found[1]}" if above else found[1]
    return ""


class Key(NamedTuple):
    """A property that clips can share. A group is named after its least key."""

    rank: int
    name: str


_RANKS = ("given", "subject", "take", "source", "video")


def keys_of(*, given: str, subject: str, take: str, source: str, clip: str) -> list[Key]:
    """The keys of a clip; a given group replaces names.

    >>> [key.name for key in keys_of(given="", subject="S5", take="walk", source="", clip="a")]
    ['subject S5', 'take walk', 'video a']
    """
    if given:
        subject = take = ""
    names = zip(_RANKS, (given, subject, take, source, clip), strict=True)
    return [Key(rank, f"{kind} {name}") for rank, (kind, name) in enumerate(names) if name]


def video(clip: str) -> Key:
    """The key that all people of a clip share.

    >>> video("walk") in keys_of(given="", subject="", take="", source="", clip="walk")
    True
    """
    return Key(len(_RANKS) - 1, f"{_RANKS[-1]} {clip}")


class Groups:
    """Groups of clips: the transitive closure of sharing a key.

    >>> groups = Groups()
    >>> groups.add("a", keys=[Key(1, "take walk"), Key(0, "subject 1")])
    >>> groups.add("b", keys=[Key(1, "take run"), Key(0, "subject 1")])
    >>> groups.add("c", keys=[Key(1, "take run 2")])
    >>> groups.of("a"), groups.of("b"), groups.of("c")
    ('subject 1', 'subject 1', 'take run 2')
    """

    def __init__(self) -> None:
        self._above: dict[Key, Key] = {}
        self._first: dict[str, Key] = {}

    def add(self, name: str, *, keys: Sequence[Key]) -> None:
        """Adds a clip to the groups of its keys, which are merged."""
        self._first[name] = self._root(keys[0])
        for key in keys:
            one, other = sorted((self._root(keys[0]), self._root(key)))
            self._above[other] = one

    def join(self, name: str, other: str) -> None:
        """Merges the groups of two clips."""
        self.add(name, keys=[self._first[name], self._first[other]])

    def __contains__(self, known: object) -> bool:
        """Whether a clip's name or a key was added."""
        return known in (self._above if isinstance(known, Key) else self._first)

    def each(self) -> Iterator[str]:
        """The group of every clip."""
        return map(self.of, self._first)

    def of(self, name: str) -> str:
        """The group of a clip, named after the least of all its keys."""
        return self._root(self._first[name]).name

    def _root(self, key: Key) -> Key:
        path = []
        while (above := self._above.setdefault(key, key)) != key:
            path.append(key)
            key = above
        for passed in path:
            self._above[passed] = above
        return above  # equal to the key, and the only copy in memory


def assign(clips: Mapping[str, int], *, val: float, test: float, seed: int) -> dict[str, Split]:
    """The side of every group, given its number of clips.

    A group is assigned to a side with room; a group too large for both small sides is for training.
    With three groups or more, each requested side has room for at least one clip.

    >>> sides = assign({f"take {i}": 10 for i in range(10)}, val=0.2, test=0.1, seed=0)
    >>> [list(sides.values()).count(split) for split in SPLITS]
    [7, 2, 1]
    """
    if not (0 <= val and 0 <= test and val + test < 1):
        raise ValueError(
            f"val {val} and test {test}: expected shares of at least 0 that leave some to train"
        )
    total = sum(clips.values())
    least = 1 if len(clips) >= len(SPLITS) else 0
    shares: dict[Split, float] = {"test": test, "val": val}
    room = {
        side: max(least, round(share * total)) if share else 0 for side, share in shares.items()
    }
    sides: dict[str, Split] = {}
    for group in sorted(clips, key=lambda group: _place(group, seed)):
        sides[group] = "train"
        for side in room:
            if clips[group] <= room[side]:
                room[side] -= clips[group]
                sides[group] = side
                break
    return sides


def _place(group: str, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed}/split/{group}".encode(), digest_size=16).digest()


def read_table(path: Path | str, *, column: str) -> dict[str, str]:
    """The values of `column` by clip, from a CSV file with the columns `clip` and `column`.

    An optional column `person` distinguishes the people of a clip; keys are then `clip#person`.
    One `ValueError` names all errors.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "groups.csv").write_text("clip,group\\nwalk,day 1\\n")
    ...     read_table(Path(folder, "groups.csv"), column="group")
    {'walk': 'day 1'}
    """
    text = Path(path).read_text(encoding="utf-8-sig")
    reader = csv.DictReader(io.StringIO(text, newline=""))
    found = reader.fieldnames or []
    if missing := [name for name in ("clip", column) if name not in found]:
        raise ValueError(
            f"{path}: no column {', '.join(missing)} among {', '.join(found) or 'none'}; expected "
            f"a CSV file whose first line is clip,{column} or clip,person,{column}"
        )
    table: dict[str, str] = {}
    problems = []
    for number, row in enumerate(reader, start=2):
        clip, person, value = ((row.get(name) or "").strip() for name in ("clip", "person", column))
        key = f"{clip}#{person}" if person else clip
        if not clip:
            problems.append(f"line {number} names no clip")
        elif person and not person.isdecimal():
            problems.append(f"line {number}: person {person!r} is no number")
        elif table.setdefault(key, value) != value:
            problems.append(f"line {number}: {key} has both {table[key]!r} and {value!r}")
    if problems:
        shown = "; ".join(problems[:10]) + ("; ..." if len(problems) > 10 else "")
        raise ValueError(f"{path}: {shown}. Give every clip one line")
    return table
