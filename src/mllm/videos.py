"""Which file of a folder shows a clip."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

ENDINGS = (".mp4", ".webm", ".mov", ".mkv", ".avi", ".m4v")

MOST_NAMED = 10


def stem(clip: str, person: int) -> str:
    """The name of a clip's video without its ending, safe for a file.

    >>> stem("a/b c", 0), stem("a/b c", 2)
    ('a_b_c', 'a_b_c_person2')
    """
    safe = re.sub(r"[^\w.-]+", "_", clip).strip("._") or "clip"
    return safe[:120] + (f"_person{person}" if person else "")


def find(folder: Path, people: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Path]:
    """The video of each clip and person: `CLIP_person2.mp4`, or `CLIP.mp4` for all of them.

    One `ValueError` names the clips that have none.

    >>> find(Path("/nowhere"), [("walk", 0)])
    Traceback (most recent call last):
    ...
    ValueError: /nowhere: no video of 1 of 1 clips: walk; expected files such as walk.mp4
    """
    wanted = sorted(set(people))
    found: dict[tuple[str, int], Path] = {}
    for clip, person in wanted:
        if path := next(
            (path for path in _candidates(folder, clip, person) if path.is_file()), None
        ):
            found[clip, person] = path
    if missing := [clip for clip, person in wanted if (clip, person) not in found]:
        named = ", ".join(dict.fromkeys(missing[:MOST_NAMED]))
        more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
        raise ValueError(
            f"{folder}: no video of {len(missing)} of {len(wanted)} clips: {named}{more}; "
            f"expected files such as {stem(missing[0], 0)}.mp4"
        )
    return found


def _candidates(folder: Path, clip: str, person: int) -> Iterator[Path]:
    inside = folder.resolve()
    for name in (stem(clip, person), clip, stem(clip, 0)):
        for ending in ENDINGS:
            path = folder / f"{name}{ending}"
            if path.resolve().is_relative_to(inside):  # a clip's name leads nowhere else
                yield path
