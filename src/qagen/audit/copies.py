"""Duplicated questions, and overlap between the sides of a split."""

from collections import defaultdict
from collections.abc import Sequence

import msgspec
import numpy as np
from scipy import sparse

from qagen.audit.rows import Row, plain, words
from qagen.audit.tables import numbered

LEAST_SHARED = 6
"""Clips with fewer common questions are not compared."""

ALIKE = 0.9
"""Clips that give this share of their common questions the same answer are alike."""

MOST_NAMED = 5

CLIPS_AT_ONCE = 200

MOST_CLIPS = 20_000
"""Only the first so many clips of each side are compared."""


class Copies(msgspec.Struct, frozen=True, kw_only=True):
    """Duplicates and overlap. Lists of names hold the first few."""

    repeated_ids: int
    repeated: int
    """Rows that ask the same about the same clip as an earlier one, with the same answer."""
    contradicting: int
    """The same with another answer."""
    contradictions: tuple[str, ...]
    near: int
    """Rows of the smaller sides whose words and answer, apart from case, order of options and
    numbers, are also in the largest side."""
    near_share: float
    shared: dict[str, int]
    """Clips, takes, subjects, groups and files that are on more than one side of the split."""
    shared_names: dict[str, tuple[str, ...]]
    clips_alike: int
    """Clips on different sides that answer the same questions the same way: perhaps one motion."""
    alike: tuple[tuple[str, str], ...]


def find(rows: Sequence[Row]) -> Copies:
    """Duplicates among rows and overlap between the sides of their split.

    >>> row = Row(clip="a", split="train", question="Up?", options=("Yes", "No"), answer_index=0)
    >>> other = msgspec.structs.replace(row, split="test")
    >>> found = find([row, other])
    >>> found.repeated, found.shared["clip"]
    (1, 1)
    """
    ids = [row.id for row in rows if row.id]
    seen: dict[tuple[str, str, tuple[str, ...]], str] = {}
    repeated, contradicting = 0, []
    for row in rows:
        name = row.clip, plain(row.question), tuple(sorted(map(plain, row.options)))
        if name not in seen:
            seen[name] = plain(row.answer)
        elif seen[name] == plain(row.answer):
            repeated += 1
        else:
            contradicting.append(f"{row.clip}: {row.question}")
    near, of = _near(rows)
    shared = {kind: _shared(rows, kind) for kind in ("clip", "take", "subject", "group", "source")}
    alike = _alike(rows)
    return Copies(
        repeated_ids=len(ids) - len(set(ids)),
        repeated=repeated,
        contradicting=len(contradicting),
        contradictions=tuple(contradicting[:MOST_NAMED]),
        near=near,
        near_share=round(near / of, 4) if of else 0.0,
        shared={kind: len(names) for kind, names in shared.items()},
        shared_names={kind: tuple(names[:MOST_NAMED]) for kind, names in shared.items() if names},
        clips_alike=len(alike),
        alike=tuple(alike[:MOST_NAMED]),
    )


def _shared(rows: Sequence[Row], kind: str) -> list[str]:
    sides: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        if name := getattr(row, kind):
            sides[name].add(row.split)
    return sorted(name for name, where in sides.items() if len(where) > 1)


def _near(rows: Sequence[Row]) -> tuple[int, int]:
    """Counts the rows of the smaller sides: those with a near copy in the largest, and all."""
    sides: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        sides[row.split].append(row)
    if len(sides) < 2:
        return 0, 0
    largest = max(sorted(sides), key=lambda side: len(sides[side]))
    known = {_blurred(row) for row in sides[largest]}
    others = [row for side, ones in sides.items() if side != largest for row in ones]
    return sum(_blurred(row) in known for row in others), len(others)


def _blurred(row: Row) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    asked = tuple(sorted(word for word in words(row.question) if not word[0].isdigit()))
    return asked, tuple(sorted(map(plain, row.options))), plain(row.answer)


def _alike(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Pairs of clips on different sides that answer alike."""
    sides: dict[str, str] = {}
    for row in rows:
        sides.setdefault(row.clip, row.split)
    if len(set(sides.values())) < 2:
        return []
    names = list(sides)
    number = {name: at for at, name in enumerate(names)}
    clip = np.array([number[row.clip] for row in rows])
    asked = numbered((plain(row.question), tuple(sorted(map(plain, row.options)))) for row in rows)
    answered = numbered(
        (question, plain(row.answer)) for question, row in zip(asked.tolist(), rows, strict=True)
    )
    questions, answers = _incidence(clip, asked, len(names)), _incidence(clip, answered, len(names))
    of_side = [
        np.flatnonzero([sides[name] == side for name in names])[:MOST_CLIPS]
        for side in sorted(set(sides.values()))
    ]
    found = []
    for place, one in enumerate(of_side):
        for other in of_side[place + 1 :]:
            for first in range(0, len(one), CLIPS_AT_ONCE):
                chunk = one[first : first + CLIPS_AT_ONCE]
                same = (answers[chunk] @ answers[other].T).tocoo()
                both = (questions[chunk] @ questions[other].T).toarray()
                enough = same.data >= max(1, round(ALIKE * LEAST_SHARED))
                ones, others = same.row[enough], same.col[enough]
                common = both[ones, others]
                alike = (common >= LEAST_SHARED) & (same.data[enough] >= ALIKE * common)
                found += [
                    (min(names[chunk[a]], names[other[b]]), max(names[chunk[a]], names[other[b]]))
                    for a, b in zip(ones[alike], others[alike], strict=True)
                ]
    return sorted(found)


def _incidence(
    clip: np.ndarray, what: np.ndarray, clips: int
) -> sparse.csr_array:  # 1 where a clip has it, however often
    shape = clips, int(what.max()) + 1
    found = sparse.csr_array((np.ones(len(clip)), (clip, what)), shape=shape)
    found.data[:] = 1.0
    return found
