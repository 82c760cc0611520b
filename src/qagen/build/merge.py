"""Merges finished chunks into a data set: groups, sides, selection, sorted rows, manifest.

Reads the chunks three times. Candidate questions are kept on disk until their task is selected;
memory then holds one byte for each, and some thirty for those of one task. Each clip takes its name
and keys, and in the first pass a track of 0.4 kB, by which recordings of the same motion are found.
The result depends on the contents of the chunks, not on the workers that made them. The three
passes share their data and therefore one file, which is longer than most.
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from kinematics import facts
from qagen.build import chunks, same_motion, select
from qagen.build.chunks import AskedClip, Chunk, Plan
from qagen.build.select import Kind
from qagen.build.tally import Tally
from qagen.dataset import layout, splits
from qagen.dataset.layout import CLIPS, MANIFEST, Blindness, Inputs, Manifest, Recipe, Side
from qagen.dataset.splits import SPLITS, Groups, Split
from qagen.language import phrases
from qagen.schema import record
from qagen.schema.certificates import Yield
from qagen.schema.suite import tasks_of

_ID = re.compile(rb'"id":"[^"]*"')
_START = f'{{"schema_version":{record.SCHEMA_VERSION},"id":"'.encode()
"""The beginning of every row."""
_GROUP = re.compile(rb'"group":"(?:[^"\\]|\\.)*"')
"""No text inside a row can match: its quotes would be escaped."""

ROWS_IN_MEMORY = 10_000
"""Rows that are sorted at a time."""

MOST_LISTED = 100
"""Largest number of unreadable files that the manifest names; all are counted."""

UNWANTED = "more than were wanted of a clip"
UNEVEN = "answer too frequent for its stem, or no room in its clip"
NOT_TOLD_APART = "people not told apart"
KNOWN_BLINDLY = "a model that sees no video would know it"
"""Reasons for leaving out sound questions."""

Progress = Callable[[int], None]


class Thinned(NamedTuple):
    """The rows that remain after others were removed from the files, and why."""

    tally: Tally
    withheld: int
    blind: Blindness | None
    uneven: int = 0
    """Questions removed because answers would not be even."""


Thin = Callable[[Mapping[Split, Path]], Thinned]
"""Removes rows from the files of the sides."""


@dataclass
class _Gathered:
    """The results of the first pass."""

    groups: Groups = field(default_factory=Groups)
    numbers: dict[Kind, int] = field(default_factory=dict)
    clips: int = 0
    crowds: set[str] = field(default_factory=set)
    """Clips that show more than one person."""
    phrases: Counter[tuple[str, str]] = field(default_factory=Counter)
    repeated: set[str] = field(default_factory=set)
    rejections: Counter[str] = field(default_factory=Counter)
    withheld: Counter[str] = field(default_factory=Counter)
    yields: dict[str, Yield] = field(default_factory=dict)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    thresholds: set[str] = field(default_factory=set)
    digest: "hashlib._Hash" = field(default_factory=lambda: hashlib.sha256())
    unreadable_files: int = 0
    others: int = 0
    files: int = 0
    seconds: float = 0.0
    alike: int = 0


def merge(
    out_dir: Path,
    *,
    thin: Thin | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Manifest:
    """Writes the data set of a build from its finished chunks and returns its manifest.

    Raises one `ValueError` when chunks are missing, two clips have the same name, or foreign files
    would be replaced without `overwrite`. `thin` removes rows before publishing; a build with
    `max_blind` needs it. `progress` is called with the number of chunks read, in three passes.
    """
    plan = chunks.read_plan(out_dir)
    chunks.check_folder(out_dir, plan, overwrite=overwrite)
    if plan.recipe.max_blind is not None and thin is None:
        raise ValueError(f"{out_dir}: built with max_blind; expected `pipeline.finish` to merge it")
    work = out_dir / chunks.WORK
    if lacking := chunks.missing(work, plan.chunks):
        raise ValueError(
            f"{out_dir}: {len(lacking)} of {plan.chunks} chunks are not there yet, such as "
            f"number {lacking[0]}; let every shard finish, or run `qagen build` without --shard"
        )
    every = _Every(work, plan.chunks, progress)
    found = _gather(every, plan.recipe)
    sizes = Counter(found.groups.each())
    sides = splits.assign(sizes, val=plan.recipe.val, test=plan.recipe.test, seed=plan.recipe.seed)
    chooser = _Chooser(found, sides, plan.recipe, work)
    for chunk, _ in every:
        chooser.count(chunk)
    thinned = Thinned(_write(out_dir, work, every, chooser), 0, None)
    if thin is not None:
        thinned = thin({side: _partial(out_dir, f"{side}.jsonl") for side in SPLITS})
        chooser.withheld[KNOWN_BLINDLY] += thinned.withheld
        chooser.withheld[UNEVEN] += thinned.uneven
    manifest = _manifest(plan, found, chooser, thinned, out_dir, sides)
    _publish(out_dir, manifest)
    return manifest


@dataclass
class _Every:
    """Iterates over all chunks in order, any number of times."""

    work: Path
    count: int
    progress: Progress | None
    read: int = 0

    def __iter__(self) -> Iterator[tuple[Chunk, Path]]:
        for number in range(self.count):
            path = chunks.path_of(self.work, number)
            yield chunks.read(path), path
            self.read += 1
            if self.progress:
                self.progress(self.read)


def _gather(every: _Every, recipe: Recipe) -> _Gathered:
    found, finder = _Gathered(), same_motion.Finder()
    for chunk, _ in every:
        for kind in chunk.kinds:
            found.numbers.setdefault(kind, len(found.numbers))
        for asked in chunk.clips:
            _gather_clip(found, finder, asked, recipe)
        found.rejections.update(chunk.rejections)
        found.withheld.update(chunk.withheld)
        for task, one in chunk.yields.items():
            found.yields[task] = found.yields.get(task, Yield()) + one
        found.files += len(chunk.files)
        for name, digest in chunk.files:
            found.digest.update(f"{name}\n{digest}\n".encode())
        found.unreadable_files += len(chunk.unreadable)
        found.others += chunk.others
        room = MOST_LISTED - len(found.unreadable)
        found.unreadable += [(one.source, one.reason) for one in chunk.unreadable[:room]]
    known = tasks_of(recipe.suites)
    if strange := sorted({kind.task for kind in found.numbers} - known.keys()):
        raise ValueError(
            f"questions of the tasks {', '.join(strange)}, which no suite of the recipe has; "
            f"expected {', '.join(known)}"
        )
    if found.repeated:
        raise ValueError(_repeated(every, sorted(found.repeated)))
    if not found.clips:
        raise ValueError("nothing could be read, so there is nothing to ask about")
    return found


def _repeated(every: _Every, names: list[str]) -> str:
    """The error message for names that are used twice, with their files."""
    sources: dict[str, list[str]] = {name: [] for name in names[:5]}
    for chunk, _ in every:
        for asked in chunk.clips:
            if asked.clip.name in sources:
                sources[asked.clip.name].append(asked.clip.source)
    shown = "; ".join(f"{name} in {' and '.join(found)}" for name, found in sources.items())
    return (
        f"{len(names)} names are used twice: {shown}. Every person of every clip needs a name of "
        "their own; rename the clips, or leave copies out"
    )


def _gather_clip(
    gathered: _Gathered, finder: same_motion.Finder, asked: AskedClip, recipe: Recipe
) -> None:
    clip, name = asked.clip, asked.clip.name
    if name in gathered.groups:
        gathered.repeated.add(name)
        return
    gathered.clips += 1
    if splits.video(clip.clip) in gathered.groups:
        gathered.crowds.add(clip.clip)
    if named := _named(recipe, clip):
        gathered.phrases[clip.clip, named] += 1
    gathered.seconds += clip.duration_s
    gathered.thresholds.add(clip.thresholds)
    given = recipe.groups.get(name) or recipe.groups.get(clip.clip)
    gathered.groups.add(
        name,
        keys=splits.keys_of(
            given=given or "", subject=clip.subject, take=clip.take, source=clip.source,
            clip=clip.clip,
        ),
    )  # fmt: skip
    if asked.track:
        duration_s, *places = asked.track
        others = finder.add(name, same_motion.Track(duration_s, places))
        gathered.alike += bool(others)
        for other in others:
            gathered.groups.join(name, other)


def _named(recipe: Recipe, clip: chunks.Named) -> str:
    """The phrase for a person in lower case; empty when there is none."""
    words = layout.phrase_of(recipe, clip.clip, clip.person)
    return phrases.subject(words).lower() if words else ""


def evened_later(recipe: Recipe) -> bool:
    """Whether all candidate questions are written and `thin` selects among them."""
    return recipe.max_blind is not None and recipe.balanced and recipe.per_task is not None


class _Chooser:
    """Selects the questions of the data set."""

    def __init__(
        self, gathered: _Gathered, sides: dict[str, Split], recipe: Recipe, work: Path
    ) -> None:
        self.found, self.sides, self.recipe = gathered, sides, recipe
        self.withheld: Counter[str] = Counter(gathered.withheld)
        self.clips: Counter[Split] = Counter()
        self.running = 0
        """Questions counted so far."""
        later = evened_later(recipe)
        self._selection = select.Selection(
            list(gathered.numbers),
            per_task=None if later else recipe.per_task,
            balanced=recipe.balanced and not later,
            folder=work,
        )

    def group(self, asked: AskedClip) -> str:
        return self.found.groups.of(asked.clip.name)

    def side(self, asked: AskedClip) -> Split:
        return self.sides[self.group(asked)]

    def told_apart(self, asked: AskedClip) -> bool:
        """Whether the person's phrase is unique among the people of the clip."""
        clip, found = asked.clip, self.found
        if clip.clip not in found.crowds:
            return True
        phrase = _named(self.recipe, clip)
        return bool(phrase) and found.phrases[clip.clip, phrase] == 1

    def count(self, chunk: Chunk) -> None:
        """Counts every question of a chunk."""
        numbers = [self.found.numbers[kind] for kind in chunk.kinds]
        for asked in chunk.clips:
            side, columns = self.side(asked), asked.columns
            place = self.clips.total()
            self.clips[side] += 1
            if not self.told_apart(asked):
                self.withheld[NOT_TOLD_APART] += len(columns.kinds)
                continue
            self.running += len(columns.kinds)
            for kind, draw in zip(columns.kinds, columns.draws, strict=True):
                self._selection.add(side, clip=place, kind=numbers[kind], draw=draw)

    def settle(self) -> bytearray:
        """For every counted question, in order, whether it is selected."""
        kept = self._selection.settle()
        self.withheld[UNEVEN if self.recipe.balanced else UNWANTED] += len(kept) - sum(kept)
        return kept


def finished_row(row: bytes, *, group: str) -> tuple[str, bytes]:
    """The id, by content, of a row with another group, and the row with both.

    >>> finished_row(b'{"schema_version":1,"id":"","group":""}', group="S1")[1]
    b'{"schema_version":1,"id":"5c52e73883701038","group":"S1"}'
    """
    named = b'"group":' + msgspec.json.encode(group)
    row = _GROUP.sub(lambda _: named, _ID.sub(b'"id":""', row, 1), 1)
    row_id = hashlib.blake2b(row, digest_size=record.ID_BYTES).hexdigest()
    return row_id, _ID.sub(f'"id":"{row_id}"'.encode(), row, 1)


def _write(out_dir: Path, work: Path, every: _Every, chooser: _Chooser) -> Tally:
    """Writes all files but the manifest, under temporary names."""
    kept = chooser.settle()
    digits = 0
    while sum(kept) > ROWS_IN_MEMORY * 16**digits and digits < 2:
        digits += 1
    tally, at = Tally(), 0
    with ExitStack() as stack:
        clips = stack.enter_context(_partial(out_dir, CLIPS).open("wb"))
        piles = _Piles(work, digits, stack)
        for chunk, path in every:
            with chunks.open_rows(path) as rows:
                for asked in chunk.clips:
                    side, group = chooser.side(asked), chooser.group(asked)
                    clips.write(chunks.finished_line(asked, group=group, split=side) + b"\n")
                    counted, columns = chooser.told_apart(asked), asked.columns
                    for place, size in enumerate(columns.sizes):
                        if counted and kept[at]:
                            piles.add(side, *finished_row(rows.take(size), group=group))
                            kind = chunk.kinds[columns.kinds[place]]
                            tally.add(kind, letter=columns.letters[place])
                        else:
                            rows.pass_over(size)
                        at += counted
    for side in SPLITS:
        with _partial(out_dir, f"{side}.jsonl").open("wb") as file:
            piles.empty(side, file)
    return tally


class _Piles:
    """Rows by side and first digits of their ids, so that few have to be sorted at a time."""

    def __init__(self, work: Path, digits: int, stack: ExitStack) -> None:
        self._work, self._digits, self._stack = work, digits, stack
        self._files: defaultdict[Split, dict[str, BinaryIO]] = defaultdict(dict)

    def add(self, side: Split, name: str, line: bytes) -> None:
        digits = name[: self._digits]
        pile = self._files[side].get(digits)
        if pile is None:
            path = self._work / f"{side}-{digits}.pile"
            pile = self._files[side][digits] = self._stack.enter_context(path.open("wb"))
        pile.write(line + b"\n")

    def empty(self, side: Split, out: BinaryIO) -> None:
        """Writes one side's rows in the order of their ids."""
        start = len(_START)
        for _, pile in sorted(self._files[side].items()):
            pile.close()
            path = Path(pile.name)
            out.writelines(
                sorted(path.read_bytes().splitlines(keepends=True), key=lambda row: row[start:])
            )
            path.unlink()


def _partial(out_dir: Path, name: str) -> Path:
    return out_dir / chunks.WORK / f"{name}.partial"


def _manifest(
    plan: Plan,
    gathered: _Gathered,
    chooser: _Chooser,
    thinned: Thinned,
    out_dir: Path,
    sides: dict[str, Split],
) -> Manifest:
    tally = thinned.tally
    rejections: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for name, count in sorted(gathered.rejections.items()):
        task, _, reason = name.partition("/")
        rejections[task][reason] = count
    tasks = tasks_of(plan.recipe.suites)
    families, majority = tally.families(), tally.majority()
    recipe = msgspec.to_builtins(plan.recipe)
    recipe["suites"] = [suite.name for suite in plan.recipe.suites]
    for name in ("descriptors", "groups"):
        recipe[name] = len(recipe[name])
    return Manifest(
        made_with=versions(),
        rules=plan.versions["rules"],
        thresholds=tuple(sorted(gathered.thresholds)),
        seed=plan.recipe.seed,
        recipe=recipe,
        inputs=Inputs(
            clips=gathered.clips,
            minutes=round(gathered.seconds / 60, 4),
            files=gathered.files,
            digest=gathered.digest.hexdigest(),
            unreadable=tuple(gathered.unreadable),
            unreadable_files=gathered.unreadable_files,
            other_files=gathered.others,
        ),
        splits={
            side: _side(_partial(out_dir, f"{side}.jsonl"), chooser.clips[side], group_count)
            for side in SPLITS
            for group_count in [sum(1 for s in sides.values() if s == side)]
        },
        alike=gathered.alike,
        suites=plan.recipe.suites,
        questions={task: families.get(task, {}) for task in tasks},
        withheld={reason: n for reason, n in sorted(chooser.withheld.items()) if n},
        certified={name: gathered.yields[name] for name in tasks if name in gathered.yields},
        rejections=dict(rejections),
        letters=tally.letters(),
        ranks=tally.ranks(),
        answers=tally.answers(),
        majority={task: majority[task] for task in tasks if task in majority},
        clips_sha256=layout.file_sha256(_partial(out_dir, CLIPS)),
        blind=thinned.blind,
        plan=chunks.fingerprint(plan),
    )


def _side(path: Path, clips: int, groups: int) -> Side:
    with path.open("rb") as file:
        questions = sum(1 for _ in file)
    return Side(
        groups=groups,
        clips=clips,
        questions=questions,
        bytes=path.stat().st_size,
        sha256=layout.file_sha256(path),
    )


def versions() -> dict[str, str]:
    """The versions that determine the content of rows.

    >>> sorted(versions())
    ['facts', 'kinematics-qa', 'records']
    """
    try:
        package = metadata.version("kinematics-qa")
    except metadata.PackageNotFoundError:
        package = "not installed"
    return {
        "kinematics-qa": package,
        "facts": str(facts.SCHEMA_VERSION),
        "records": str(record.SCHEMA_VERSION),
    }


def _publish(out_dir: Path, manifest: Manifest) -> None:
    """Moves everything into place, the manifest last, and removes the chunks."""
    data = msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
    _partial(out_dir, MANIFEST).write_bytes(data)
    (out_dir / chunks.WORK / chunks.PUBLISHING).touch()
    (out_dir / MANIFEST).unlink(missing_ok=True)
    for name in (*layout.SIDES, CLIPS):
        _partial(out_dir, name).replace(out_dir / name)
    _partial(out_dir, MANIFEST).replace(out_dir / MANIFEST)
    chunks.drop(out_dir)
