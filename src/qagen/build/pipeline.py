"""Builds a data set from motions in chunks that any number of workers can share.

`make` is the contract: it turns one chunk of the input into one file with the same bytes, whichever
worker runs it and however often. Engines only distribute the chunks: one process, several, the jobs
of a cluster's array (`shard`), or Ray. `merge` combines the chunks. All engines share this file,
which is longer than most.
"""

import gc
import os
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import IO, Literal, NamedTuple, get_args

import msgspec

from kinematics import thresholds
from kinematics.facts import MotionFacts
from qagen import draws, processes
from qagen.build import chunks, intake, merge, same_motion, select
from qagen.build.chunks import AskedClip, Chunk, Columns, Plan
from qagen.build.intake import Intake, Measured
from qagen.build.select import Kind
from qagen.dataset import layout, splits
from qagen.dataset.layout import Manifest, Recipe
from qagen.rules import consistency, generate
from qagen.schema import certificates
from qagen.schema.certificates import Certification, Yield
from qagen.schema.question import Ask, Candidate
from qagen.schema.record import Certificate
from qagen.schema.suite import tasks_of

Engine = Literal["pool", "ray"]

ENGINES: tuple[Engine, ...] = get_args(Engine)


@dataclass(frozen=True, kw_only=True)
class Job:
    """The data that a worker needs to make any chunk."""

    intake: Intake
    recipe: Recipe
    work: Path


def build(
    source: Path,
    out_dir: Path,
    recipe: Recipe,
    *,
    workers: int = 1,
    engine: Engine = "pool",
    restart: bool = False,
    overwrite: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> Manifest:
    """Makes every missing chunk, writes the data set and returns its manifest.

    A build that was killed resumes; `restart` discards its chunks. Raises `ValueError` when the
    folder holds anything but a build of the same recipe and input; `overwrite` allows replacing
    the files of a data set there, and no others. `progress` is called with the name of the stage,
    the steps done and the number of steps.
    """
    job = begin(source, out_dir, recipe, restart=restart, overwrite=overwrite)
    _make_all(job, range(job.intake.chunks), workers=workers, engine=engine, progress=progress)
    return finish(out_dir, overwrite=overwrite, progress=progress)


def finish(
    out_dir: Path,
    *,
    overwrite: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> Manifest:
    """Combines the chunks of a build and withholds questions as its recipe bounds them.

    Raises one `ValueError` when chunks are missing or two clips have the same name.
    """
    plan = chunks.read_plan(out_dir)
    stages = 3 * plan.chunks

    def merging(done: int) -> None:
        if progress:
            progress("merging", done, stages)

    bound = plan.recipe.max_blind
    if bound is None:
        return merge.merge(out_dir, overwrite=overwrite, progress=merging)
    from qagen.build.blind import bounded  # half a second that other builds save

    def withholding(number: int, rounds: int) -> None:
        if progress:
            progress("withholding", number, rounds)

    thin = partial(
        bounded.thin, max_blind=bound, balanced=plan.recipe.balanced,
        per_task=plan.recipe.per_task, progress=withholding,
    )  # fmt: skip
    return merge.merge(out_dir, thin=thin, overwrite=overwrite, progress=merging)


def process_shard(
    source: Path,
    out_dir: Path,
    recipe: Recipe,
    *,
    shard: int,
    of: int,
    workers: int = 1,
    engine: Engine = "pool",
    restart: bool = False,
    overwrite: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> int:
    """Makes one of `of` shards of a build (`shard` counts from 1); returns the number of chunks.

    Pure and idempotent: the chunks do not depend on `of`, and making a shard again changes
    nothing. `finish` writes the data set when all are done.
    """
    if not 1 <= shard <= of:
        raise ValueError(f"shard {shard} of {of}: expected a number from 1 to {of}")
    job = begin(source, out_dir, recipe, restart=restart, overwrite=overwrite)
    numbers = list(intake.parts_of(job.intake, shard=shard, of=of))
    _make_all(job, numbers, workers=workers, engine=engine, progress=progress)
    return len(numbers)


def begin(
    source: Path,
    out_dir: Path,
    recipe: Recipe,
    *,
    restart: bool = False,
    overwrite: bool = False,
) -> Job:
    """Scans the input and claims the folder for it."""
    _check(recipe)
    # certified motions are measured with their copies, which alone fill batches
    together = intake.MEASURED_TOGETHER if recipe.certify is None else intake.LEAST_CHUNK
    looked = intake.look_over(source, frame=recipe.frame, together=together)
    if recipe.certify is not None and looked.kind == "facts":
        raise ValueError(
            f"{source}: holds facts, and only motions can be copied with errors; build from the "
            "motions themselves, or leave --certify out"
        )
    versions = merge.versions()
    versions |= {"rules": generate.fingerprint(), "thresholds": thresholds.fingerprint()}
    plan = Plan(recipe=recipe, inputs=looked.fingerprint, versions=versions, chunks=looked.chunks)
    chunks.check_folder(out_dir, plan, inputs=[source], overwrite=overwrite)
    if restart:
        chunks.drop(out_dir)
    return Job(intake=looked, recipe=recipe, work=chunks.claim(out_dir, plan))


def _check(recipe: Recipe) -> None:
    problems = []
    if not (recipe.val >= 0 and recipe.test >= 0 and recipe.val + recipe.test < 1):
        problems.append(
            f"val {recipe.val} and test {recipe.test}: expected shares of at least 0 that leave "
            "some to train"
        )
    if recipe.per_task is not None and recipe.per_task < 1:
        problems.append(f"per_task {recipe.per_task}: expected at least 1")
    known = tasks_of(recipe.suites)
    if unknown := [name for name in recipe.tasks if name not in known]:
        problems.append(f"tasks {', '.join(unknown)}: expected names from {', '.join(known)}")
    if recipe.certify is not None:
        problems += certificates.problems(recipe.certify)
    if problems:
        raise ValueError("; ".join(problems))
    if recipe.max_blind is not None:
        from qagen.build.blind import bounded

        bounded.check(recipe.max_blind)


# Engines


def _make_all(
    job: Job,
    numbers: Sequence[int],
    *,
    workers: int,
    engine: Engine,
    progress: Callable[[str, int, int], None] | None,
) -> None:
    pending = [n for n in numbers if not chunks.path_of(job.work, n).is_file()]
    done = len(numbers) - len(pending)
    run = _by_ray if engine == "ray" else _by_pool if workers > 1 else _one_by_one
    for _ in run(job, pending, workers):
        done += 1
        if progress:
            progress("asking", done, len(numbers))


def _one_by_one(job: Job, pending: Sequence[int], _workers: int) -> Iterator[int]:
    for number in pending:
        yield make(job, number)


_job: Job | None = None


def _start_worker(job: Job) -> None:
    global _job
    _job = job


def _make_own(number: int) -> int:
    assert _job is not None
    return make(_job, number)


def _by_pool(job: Job, pending: Sequence[int], workers: int) -> Iterator[int]:
    """Makes chunks in this process and others, `workers` in all.

    A worker's first chunk takes long, since it loads the measurement code. Until one is done, each
    worker has a single chunk, and this process works from the other end.
    """
    others = min(workers, len(pending)) - 1
    if others < 1:
        yield from _one_by_one(job, pending, workers)
        return
    waiting, given, each = deque(pending), set[Future[int]](), 1
    with processes.workers(others, _start_worker, job, kept="what is done is kept: ") as pool:
        while waiting or given:
            for future in wait(given, None if not waiting else 0, FIRST_COMPLETED).done:
                given.remove(future)
                each = 2  # one to work on, one that waits
                yield future.result()
            while waiting and len(given) < each * others:
                given.add(pool.submit(_make_own, waiting.popleft()))
            if waiting:
                yield make(job, waiting.pop())


def _by_ray(job: Job, pending: Sequence[int], workers: int) -> Iterator[int]:
    """Makes chunks with Ray Data, on this machine or the cluster that Ray is connected to.

    All nodes need the input and the output folder under the same paths.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ValueError(
            "--engine ray needs Ray, which is not installed: pip install 'kinematics-qa[ray]', "
            "or leave the option out"
        ) from error
    if not pending:
        return
    if not ray.is_initialized():
        ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False)

    def make_row(row: dict[str, int]) -> dict[str, int]:
        os.environ.update(processes.ONE_THREAD)
        return {"chunk": make(job, row["item"])}

    for row in (
        ray.data.from_items(list(pending), override_num_blocks=len(pending))
        .map(make_row)
        .iter_rows()
    ):
        yield int(row["chunk"])


# One chunk


def make(job: Job, number: int) -> int:
    """Makes and writes one chunk and returns its number; depends on its arguments alone."""
    taken = intake.take(job.intake, number, with_motions=job.recipe.certify is not None)
    path = chunks.path_of(job.work, number)
    with chunks.waiting_rows(path) as rows:
        chunks.write(path, _asked_of(taken, _Asking(job.recipe, rows)), rows)
    return number


def _asked_of(taken: intake.Taken, asking: "_Asking") -> Chunk:
    """The chunk of questions about all measured units; the rows themselves are in their buffer."""
    with _without_cycles():
        clips = [
            asked
            for first in range(0, len(taken.measured), TOGETHER)
            for asked in asking.ask_some(taken.measured[first : first + TOGETHER])
        ]
    return Chunk(
        kinds=list(asking.kinds),
        clips=clips,
        files=taken.files,
        unreadable=taken.unreadable,
        others=taken.others,
        rejections=dict(sorted(asking.rejections.items())),
        withheld=dict(asking.withheld),
        yields=asking.yields,
    )


@contextmanager
def _without_cycles() -> Iterator[None]:
    """Disables the collection of cycles: asking makes none, and collection takes a third longer."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


TOGETHER = 16
"""Clips whose copies are measured together: enough to fill batches, few enough for memory."""


class _Posed(NamedTuple):
    """The possible and the selected questions about a clip."""

    candidates: Sequence[Candidate]
    sound: int
    """Number of tried questions that are sound; some of them are left out at once."""
    rejected: int
    kept: Sequence[Candidate]
    certificates: Sequence[Certificate | None]
    """Of the kept questions."""


CERTIFIED_OF = 2
"""Factor by which more questions are drawn where certification removes some."""


class _Asking:
    """Asks about clips one after another and collects the rows to write."""

    def __init__(self, recipe: Recipe, rows: IO[bytes]) -> None:
        self.recipe, self.rows = recipe, rows
        self.kinds: dict[Kind, int] = {}
        self.rejections: Counter[str] = Counter()
        self.withheld: Counter[str] = Counter()
        self.yields: dict[str, Yield] = {}
        self.tried = select.RESERVE * (1 if recipe.certify is None else CERTIFIED_OF)
        """Multiple of the wanted number of questions that is drawn for a clip and task."""
        self._encode = msgspec.json.Encoder().encode

    def ask_some(self, some: Sequence[Measured]) -> Iterator[AskedClip]:
        """Asks about several clips, whose certificates are made together."""
        posed = [self._pose(measured) for measured in some]
        if self.recipe.certify is not None:
            posed = self._certified(some, posed, self.recipe.certify)
        for measured, one in zip(some, posed, strict=True):
            yield self._asked(measured, one)

    def _pose(self, measured: Measured) -> _Posed:
        facts, recipe = measured.facts, self.recipe
        phrase = layout.phrase_of(recipe, facts.clip, facts.person)
        if recipe.per_task is None:
            candidates, rejections = generate.candidates(
                facts, seed=recipe.seed, categories=recipe.tasks, descriptor=phrase
            )
            sound = len(candidates)
        else:
            candidates, sound, rejections = generate.drawn(
                facts,
                wanted=self.tried * recipe.per_task,
                seed=recipe.seed,
                categories=recipe.tasks,
                descriptor=phrase,
            )
        _check_consistent(candidates, measured)
        self.rejections.update([f"{one.category}/{one.reason}" for one in rejections])
        return _Posed(candidates, sound, len(rejections), candidates, [None] * len(candidates))

    def _certified(
        self, some: Sequence[Measured], posed: Sequence[_Posed], policy: Certification
    ) -> list[_Posed]:
        """Keeps only the questions whose answers survive."""
        from qagen.certify import trials

        found = trials.certify(
            [
                trials.Asked(measured.motion, measured.facts, one.candidates)
                for measured, one in zip(some, posed, strict=True)
                if measured.motion is not None
            ],
            policy,
        )
        kept = []
        for one, given in zip(posed, found, strict=True):
            for task, counted in certificates.yields(one.candidates, given).items():
                self.yields[task] = self.yields.get(task, Yield()) + counted
                self.withheld[certificates.UNCERTIFIED] += counted.asked - counted.certified
            sure = [place for place, certificate in enumerate(given) if certificate is not None]
            kept.append(
                one._replace(
                    kept=[one.candidates[place] for place in sure],
                    certificates=[given[place] for place in sure],
                )
            )
        return kept

    def _asked(self, measured: Measured, posed: _Posed) -> AskedClip:
        facts = measured.facts
        phrase = layout.phrase_of(self.recipe, facts.clip, facts.person)
        identity = splits.identify(clip=facts.clip, take=facts.take, source=measured.source)
        known = msgspec.structs.replace(facts, take=identity.take, path=measured.source)
        columns = self._columns(posed, known, identity.subject, phrase)
        track = same_motion.track_of(facts)
        clip = layout.clip_of(
            facts,
            take=identity.take,
            subject=identity.subject,
            source=measured.source,
            digest=measured.digest,
            asked=posed.sound,
            rejected=posed.rejected,
        )
        return chunks.asked_clip(
            clip,
            track=None if track is None else (facts.duration_s, *track.places),
            columns=columns,
        )

    def _columns(self, posed: _Posed, facts: MotionFacts, subject: str, phrase: str) -> Columns:
        """The clip's candidate questions; their rows are written to `rows`.

        Rows get their ids in the merge, since their group is not known before.
        """
        seed, candidates = self.recipe.seed, posed.kept
        kinds = [select.kind_of_candidate(one) for one in candidates]
        numbers = draws.numbers(
            seed,
            f"{facts.clip}#{facts.person}/{facts.frame}/",
            [_selecting(one.ask) for one in candidates],
        )
        places = self._in_the_running(kinds, numbers)
        drawn = len(posed.candidates)
        self.withheld[merge.UNWANTED] += posed.sound - drawn + len(candidates) - len(places)
        letters, sizes = [], []
        for place in places:
            record = generate.unnamed_record(
                candidates[place].question(), facts, seed=seed, subject=subject,
                descriptor=phrase, certificate=posed.certificates[place],
            )  # fmt: skip
            row = self._encode(record)
            self.rows.write(row)
            letters.append(record.answer_index)
            sizes.append(len(row))
        return Columns(
            kinds=[self.kinds.setdefault(kinds[place], len(self.kinds)) for place in places],
            draws=[numbers[place] for place in places],
            letters=letters,
            sizes=sizes,
        )

    def _in_the_running(self, kinds: Sequence[Kind], numbers: Sequence[int]) -> list[int]:
        """The questions of a clip that remain candidates; more may be certified than wanted."""
        if self.recipe.certify is None:
            return list(range(len(kinds)))
        return select.reserve(kinds, numbers, per_task=self.recipe.per_task)


@lru_cache(maxsize=1 << 16)
def _selecting(ask: Ask) -> str:
    """The suffix of the name whose hash draws whether a question is selected."""
    return f"{ask.name}/select"


def _check_consistent(candidates: Sequence[Candidate], measured: Measured) -> None:
    if contradictions := consistency.check(candidates, measured.facts):
        first = contradictions[0]
        raise ValueError(
            f"{measured.source}: {len(contradictions)} pairs of questions about "
            f"{measured.facts.clip} contradict each other, such as {first}. This is an error of "
            "the rules and not of the motion; please report it with the file"
        )
