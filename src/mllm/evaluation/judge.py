"""Free text judged by a model, several times, and the agreement of the judgements.

Any answerer can judge. It chooses a level of a rubric; a judgement without a level is counted
separately, not as zero. Agreement is Cohen's kappa with squared weights: 1 is always the same, 0 is
chance.
"""

import hashlib
import itertools
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from jaxtyping import Float, Int

from kinematics import output
from mllm.evaluation import journal, rubric
from mllm.evaluation.answering import Answerer, Asked, Reply, Setting
from mllm.evaluation.collecting import Progress, collect
from mllm.evaluation.journal import Journal
from mllm.evaluation.rubric import ANSWERS, Rubric

JUDGE, VERDICTS = "judge.json", "verdicts.jsonl"

MOST_REPEATS = 100


class Item(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A reply to judge."""

    id: str
    question: str
    right: str
    """The right answer, in words."""
    reply: str


class Judged(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One judgement."""

    id: str
    draw: int
    level: int | None
    how: str
    reply: str
    problem: str = ""


class Judge(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that determines the judgements in a folder."""

    judge: str
    settings: dict[str, Setting]
    rubric: Rubric
    rubric_version: int
    repeats: int
    items_sha256: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Counts, levels and agreement of judgements."""

    judge: str
    items: int
    judgements: int
    missing: int
    without: int
    """Judgements without a level."""
    mean: float | None
    """The mean of the items' mean levels, in levels."""
    share: float | None
    """The same as a share of the highest level."""
    levels: dict[str, int]
    kappa: float | None
    """Agreement of two repetitions, averaged over all pairs; none where it is undefined."""
    same: float | None
    """Share of pairs of judgements of an item that are the same."""


def read_items(path: Path | str) -> list[Item]:
    """The items of a `.jsonl` file: id, question, right, reply.

    >>> read_items("/dev/null")
    Traceback (most recent call last):
    ...
    ValueError: /dev/null: nothing to judge; expected lines with id, question, right and reply
    """
    items = journal.decoded(Path(path).read_bytes(), Item, path=Path(path))
    twice = [name for name, count in Counter(one.id for one in items).items() if count > 1]
    if twice:
        raise ValueError(f"{path}: {len(twice)} ids stand there twice, such as {twice[0]}")
    if not items:
        raise ValueError(f"{path}: nothing to judge; expected lines with id, question, right and "
                         "reply")  # fmt: skip
    return items


def judge(
    items: Sequence[Item],
    out_dir: Path,
    answerer: Answerer,
    *,
    levels: Rubric = ANSWERS,
    repeats: int = 1,
    progress: Progress | None = None,
) -> tuple[Summary, str]:
    """Judges every item `repeats` times; returns the summary and the last transient error.

    Resumable like a run, and never mixed with other settings.
    """
    if not 1 <= repeats <= MOST_REPEATS:
        raise ValueError(f"repeats: {repeats}; expected 1 to {MOST_REPEATS}")
    asked = [
        Asked(
            key=f"{one.id}/{draw}",
            text=rubric.prompt(levels, question=one.question, right=one.right, reply=one.reply),
            draw=draw,
        )
        for one in items
        for draw in range(repeats)
    ]
    output.check_folder(out_dir, own=(out_dir / JUDGE).is_file(), command="mllm judge")
    journal.settle(out_dir / JUDGE, _what(items, answerer, levels, repeats), of="judgements")

    def line(request: Asked, reply: Reply) -> Judged:
        found = rubric.verdict(reply.text, levels)
        return Judged(
            id=request.key.rpartition("/")[0], draw=request.draw, level=found.level, how=found.how,
            reply=reply.text, problem=reply.problem,
        )  # fmt: skip

    with Journal(out_dir / VERDICTS, Judged) as kept:
        before = list(kept.lines)
        done = collect(
            asked, answerer, kept, line=line, key=lambda judged: f"{judged.id}/{judged.draw}",
            progress=progress,
        )  # fmt: skip
        if not done.missing and kept.lines != before:
            journal.write(out_dir / VERDICTS, kept.lines)
        return summary(read(out_dir)), done.problem


def _what(items: Sequence[Item], answerer: Answerer, levels: Rubric, repeats: int) -> Judge:
    encoder = msgspec.json.Encoder()
    digest = hashlib.sha256(b"\n".join(encoder.encode(one) for one in items)).hexdigest()
    return Judge(
        judge=answerer.name, settings=dict(answerer.settings), rubric=levels,
        rubric_version=rubric.VERSION, repeats=repeats, items_sha256=digest,
    )  # fmt: skip


def _decoded(path: Path) -> Judge:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Judge)
    except (msgspec.DecodeError, ValueError) as error:
        raise ValueError(f"{path}: {error}; expected what `mllm judge` wrote") from error


class Loaded(NamedTuple):
    """The judgements in a folder and their settings."""

    what: Judge
    judged: list[Judged]


def read(folder: Path | str) -> Loaded:
    """The judgements in a folder, without an incomplete last line.

    >>> read("/nowhere")
    Traceback (most recent call last):
    ...
    ValueError: /nowhere: no judge.json; expected a folder that `mllm judge --out` has begun
    """
    folder = Path(folder)
    if not (folder / JUDGE).is_file():
        raise ValueError(
            f"{folder}: no {JUDGE}; expected a folder that `mllm judge --out` has begun"
        )
    path = folder / VERDICTS
    data = path.read_bytes() if path.is_file() else b""
    lines = journal.decoded(data[: data.rfind(b"\n") + 1], Judged, path=path)
    return Loaded(_decoded(folder / JUDGE), lines)


def summary(loaded: Loaded) -> Summary:
    """Levels and agreement; every item counts once, whatever the number of its judgements.

    >>> what = Judge(judge="j", settings={}, rubric=ANSWERS, rubric_version=1, repeats=1,
    ...              items_sha256="")
    >>> one = Judged(id="a", draw=0, level=4, how="score", reply="Score: 4")
    >>> summary(Loaded(what, [one])).share
    0.8
    """
    levels = len(loaded.what.rubric.levels)
    by_item: dict[str, dict[int, int | None]] = {}
    for one in loaded.judged:
        by_item.setdefault(one.id, {})[one.draw] = one.level
    means = [
        float(np.mean(known))
        for draws in by_item.values()
        if (known := [level for level in draws.values() if level is not None])
    ]
    kappas, same, pairs = [], 0, 0
    for early, late in itertools.combinations(range(loaded.what.repeats), 2):
        both = [
            (first, second)
            for draws in by_item.values()
            for first, second in [(draws.get(early), draws.get(late))]
            if first is not None and second is not None
        ]
        pairs += len(both)
        same += sum(first == second for first, second in both)
        kappas.append(_kappa(both, levels))
    known_kappas = [one for one in kappas if one is not None]
    mean = float(np.mean(means)) if means else None
    counts = Counter(one.level for one in loaded.judged)
    return Summary(
        judge=loaded.what.judge,
        items=len(by_item),
        judgements=len(loaded.judged),
        missing=0 if not by_item else len(by_item) * loaded.what.repeats - len(loaded.judged),
        without=counts[None],
        mean=None if mean is None else round(mean, 4),
        share=None if mean is None else round(mean / (levels - 1), 4),
        levels={f"{one.level} {one.name}": counts[one.level] for one in loaded.what.rubric.levels},
        kappa=round(float(np.mean(known_kappas)), 4) if known_kappas else None,
        same=round(same / pairs, 4) if pairs else None,
    )


def between(first: Loaded, second: Loaded) -> float | None:
    """Kappa of two judges on the items that both judged, by their first judgements with a level."""
    if len(first.what.rubric.levels) != len(second.what.rubric.levels):
        raise ValueError("the two judges had rubrics with different numbers of levels")
    levels, others = _first(first), _first(second)
    both = [(levels[name], others[name]) for name in levels if name in others]
    return _kappa(both, len(first.what.rubric.levels))


def _first(loaded: Loaded) -> dict[str, int]:
    levels: dict[str, int] = {}
    for one in sorted(loaded.judged, key=lambda judged: judged.draw):
        if one.level is not None:
            levels.setdefault(one.id, one.level)
    return levels


def _kappa(pairs: Sequence[tuple[int, int]], levels: int) -> float | None:
    if not pairs:
        return None
    first, second = np.array(pairs, dtype=np.int64).T
    return kappa(first, second, levels=levels)


def kappa(
    first: Int[np.ndarray, " items"], second: Int[np.ndarray, " items"], *, levels: int
) -> float | None:
    """Cohen's kappa with squared weights; none when both judges gave every item the same one level.

    >>> kappa(np.array([0, 1, 2]), np.array([0, 1, 2]), levels=3)
    1.0
    >>> kappa(np.array([0, 0]), np.array([0, 0]), levels=3) is None
    True
    """
    seen: Float[np.ndarray, "levels levels"] = np.zeros((levels, levels))
    np.add.at(seen, (first, second), 1 / len(first))
    apart = (np.arange(levels)[:, None] - np.arange(levels)[None, :]) ** 2
    by_luck = float((apart * np.outer(seen.sum(axis=1), seen.sum(axis=0))).sum())
    if by_luck == 0:
        return None
    return 1 - float((apart * seen).sum()) / by_luck
