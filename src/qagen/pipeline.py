"""From motions to a data set, in pieces that any number of workers can share.

`make` is the contract: one chunk of the input, to one file, the same bytes whoever makes it and
however often. Engines only decide who makes which chunk: one process, several, the jobs of an array
on a cluster (`shard`), or Ray. `merge` puts the chunks together. All
engines share this file, which is longer than most.
"""

import gc
import multiprocessing
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import msgspec

from kinematics import thresholds
from kinematics.facts import MotionFacts
from qagen import (
    certificates,
    chunks,
    consistency,
    dataset,
    draws,
    generate,
    intake,
    merge,
    nearby,
    select,
    splits,
)
from qagen.certificates import Certification, Yield
from qagen.chunks import AskedClip, Chunk, Columns, Plan
from qagen.dataset import Manifest, Recipe
from qagen.intake import Intake, Measured
from qagen.question import Ask, Candidate, Category
from qagen.record import Certificate
from qagen.select import Kind

Engine = Literal["pool", "ray"]

ENGINES: tuple[Engine, ...] = get_args(Engine)

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NPROC": "1",  # XLA's thread pools
}
"""Set in workers: so many processes as cores do better than processes that share cores."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a worker needs to make any chunk."""

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
    progress: Callable[[str, int, int], None] | None = None,
) -> Manifest:
    """Makes every chunk that is missing and writes the data set; gives its manifest.

    A build that was killed goes on where it was; `restart` throws away what is there of it.
    `progress` is called with the name of the stage, how far it is, and how far it goes.
    """
    job = begin(source, out_dir, recipe, restart=restart)
    _make_all(job, range(job.intake.chunks), workers=workers, engine=engine, progress=progress)
    return finish(out_dir, progress=progress)


def finish(out_dir: Path, *, progress: Callable[[str, int, int], None] | None = None) -> Manifest:
    """Puts the chunks of a build together, and withholds what its recipe bounds.

    Raises one `ValueError` when chunks are missing or two clips have one name.
    """
    plan = chunks.read_plan(out_dir)
    stages = 3 * plan.chunks

    def merging(done: int) -> None:
        if progress:
            progress("merging", done, stages)

    bound = plan.recipe.max_blind
    if bound is None:
        return merge.merge(out_dir, progress=merging)
    from qagen import withhold  # half a second that others need not wait

    def withholding(number: int, rounds: int) -> None:
        if progress:
            progress("withholding", number, rounds)

    thin = partial(
        withhold.thin, max_blind=bound, balanced=plan.recipe.balanced,
        per_category=plan.recipe.per_category, progress=withholding,
    )  # fmt: skip
    return merge.merge(out_dir, thin=thin, progress=merging)


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
    progress: Callable[[str, int, int], None] | None = None,
) -> int:
    """Makes one of `of` shares of a build (`shard` counts from 1); gives the number of chunks.

    Pure and idempotent: what the shares make together does not depend on `of`, and making one
    again changes nothing. `finish` makes the data set when all are done.
    """
    if not 1 <= shard <= of:
        raise ValueError(f"shard {shard} of {of}: expected a number from 1 to {of}")
    job = begin(source, out_dir, recipe, restart=restart)
    numbers = list(intake.parts_of(job.intake, shard=shard, of=of))
    _make_all(job, numbers, workers=workers, engine=engine, progress=progress)
    return len(numbers)


def begin(source: Path, out_dir: Path, recipe: Recipe, *, restart: bool = False) -> Job:
    """Looks the input over and claims the folder for it."""
    _check(recipe)
    looked = intake.look_over(source, frame=recipe.frame)
    if recipe.certify is not None and looked.kind == "facts":
        raise ValueError(
            f"{source}: holds facts, and only motions can be copied with errors; build from the "
            "motions themselves, or leave --certify out"
        )
    if restart:
        chunks.drop(out_dir)
    versions = merge.versions()
    versions |= {"rules": generate.fingerprint(), "thresholds": thresholds.fingerprint()}
    plan = Plan(recipe=recipe, inputs=looked.fingerprint, versions=versions, chunks=looked.chunks)
    return Job(intake=looked, recipe=recipe, work=chunks.claim(out_dir, plan))


def _check(recipe: Recipe) -> None:
    problems = []
    if not (recipe.val >= 0 and recipe.test >= 0 and recipe.val + recipe.test < 1):
        problems.append(
            f"val {recipe.val} and test {recipe.test}: expected shares of at least 0 that leave "
            "some to train"
        )
    if recipe.per_category is not None and recipe.per_category < 1:
        problems.append(f"per_category {recipe.per_category}: expected at least 1")
    if not recipe.categories:
        problems.append("no category: expected at least one")
    if recipe.certify is not None:
        problems += certificates.problems(recipe.certify)
    if problems:
        raise ValueError("; ".join(problems))
    if recipe.max_blind is not None:
        from qagen import withhold

        withhold.check(recipe.max_blind)


# Who makes which chunk


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
    """Runs once in every worker: keeps the job, and ends the worker when its parent is gone."""
    global _job
    _job = job
    os.environ.update({name: os.environ.get(name, value) for name, value in ONE_THREAD.items()})
    parent = multiprocessing.parent_process()
    if parent is not None:

        def follow() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=follow, daemon=True).start()


def _make_own(number: int) -> int:
    assert _job is not None
    return make(_job, number)


def _by_pool(job: Job, pending: Sequence[int], workers: int) -> Iterator[int]:
    """Processes that are started afresh, never forked: JAX does not survive a fork."""
    if not pending:
        return
    pool = ProcessPoolExecutor(
        min(workers, len(pending)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=(job,),
    )
    try:
        for future in as_completed([pool.submit(_make_own, number) for number in pending]):
            yield future.result()
    except BrokenProcessPool as error:
        raise OSError(
            "a worker process died, perhaps because memory ran out; what is done is kept: give "
            "the same command again, with fewer --workers"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _by_ray(job: Job, pending: Sequence[int], workers: int) -> Iterator[int]:
    """Ray Data, on this machine or on the cluster that Ray is connected to.

    All nodes need to see the input and the output folder under the same paths.
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
        os.environ.update(ONE_THREAD)
        return {"chunk": make(job, row["item"])}

    for row in (
        ray.data.from_items(list(pending), override_num_blocks=len(pending))
        .map(make_row)
        .iter_rows()
    ):
        yield int(row["chunk"])


# One chunk


def make(job: Job, number: int) -> int:
    """Makes one chunk and writes it; gives its number. Pure: depends on its arguments alone."""
    taken = intake.take(job.intake, number, with_motions=job.recipe.certify is not None)
    asking = _Asking(job.recipe)
    with _without_cycles():
        clips = [
            asked
            for first in range(0, len(taken.measured), TOGETHER)
            for asked in asking.ask_some(taken.measured[first : first + TOGETHER])
        ]
    chunk = Chunk(
        kinds=list(asking.kinds),
        clips=clips,
        files=taken.files,
        unreadable=taken.unreadable,
        others=taken.others,
        rejections=dict(sorted(asking.rejections.items())),
        withheld=dict(asking.withheld),
        yields=asking.yields,
    )
    chunks.write(chunks.path_of(job.work, number), chunk, b"".join(asking.rows))
    return number


@contextmanager
def _without_cycles() -> Iterator[None]:
    """Keeps Python from looking for cycles: asking makes none, and looking takes a third longer."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


TOGETHER = 16
"""Clips whose copies are measured together: enough to fill batches, few enough for the memory."""


class _Posed(NamedTuple):
    """What could be asked of a clip, and what is asked."""

    candidates: Sequence[Candidate]
    rejected: int
    kept: Sequence[Candidate]
    certificates: Sequence[Certificate | None]
    """Of those that are kept."""


class _Asking:
    """Asks clips one after another and gathers what is to be written."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.kinds: dict[Kind, int] = {}
        self.rows: list[bytes] = []
        self.rejections: Counter[str] = Counter()
        self.withheld: Counter[str] = Counter()
        self.yields: dict[Category, Yield] = {}
        self._encode = msgspec.json.Encoder().encode

    def ask_some(self, some: Sequence[Measured]) -> Iterator[AskedClip]:
        """Several clips, whose certificates are made together."""
        posed = [self._pose(measured) for measured in some]
        if self.recipe.certify is not None:
            posed = self._certified(some, posed, self.recipe.certify)
        for measured, one in zip(some, posed, strict=True):
            yield self._asked(measured, one)

    def _pose(self, measured: Measured) -> _Posed:
        facts, recipe = measured.facts, self.recipe
        candidates, rejections = generate.candidates(
            facts,
            seed=recipe.seed,
            categories=recipe.categories,
            descriptor=dataset.phrase_of(recipe, facts.clip, facts.person),
        )
        _check_consistent(candidates, measured)
        self.rejections.update(f"{one.category}/{one.reason}" for one in rejections)
        return _Posed(candidates, len(rejections), candidates, [None] * len(candidates))

    def _certified(
        self, some: Sequence[Measured], posed: Sequence[_Posed], policy: Certification
    ) -> list[_Posed]:
        """Only the questions whose answers survive."""
        from qagen import certify

        found = certify.certify(
            [
                certify.Asked(measured.motion, measured.facts, one.candidates)
                for measured, one in zip(some, posed, strict=True)
                if measured.motion is not None
            ],
            policy,
        )
        kept = []
        for one, given in zip(posed, found, strict=True):
            for category, counted in certificates.yields(one.candidates, given).items():
                self.yields[category] = self.yields.get(category, Yield()) + counted
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
        phrase = dataset.phrase_of(self.recipe, facts.clip, facts.person)
        identity = splits.identify(clip=facts.clip, take=facts.take, source=measured.source)
        known = msgspec.structs.replace(facts, take=identity.take, path=measured.source)
        columns = self._columns(posed, known, identity.subject, phrase)
        track = nearby.track_of(facts)
        clip = dataset.clip_of(
            facts,
            take=identity.take,
            subject=identity.subject,
            source=measured.source,
            digest=measured.digest,
            asked=len(posed.candidates),
            rejected=posed.rejected,
        )
        return AskedClip(
            clip=clip,
            track=None if track is None else (facts.duration_s, *track.places),
            columns=columns,
        )

    def _columns(self, posed: _Posed, facts: MotionFacts, subject: str, phrase: str) -> Columns:
        """The clip's questions that stay in the running; their rows are kept in `rows`.

        Rows get their ids when they are merged, for until then their group is not known.
        """
        seed, candidates = self.recipe.seed, posed.kept
        kinds = [select.kind_of_candidate(one) for one in candidates]
        numbers = draws.numbers(
            seed,
            f"{facts.clip}#{facts.person}/{facts.frame}/",
            [_selecting(one.ask) for one in candidates],
        )
        places = select.reserve(kinds, numbers, per_category=self.recipe.per_category)
        self.withheld[merge.UNWANTED] += len(candidates) - len(places)
        letters, sizes = [], []
        for place in places:
            record = generate.unnamed_record(
                candidates[place].question(), facts, seed=seed, subject=subject,
                descriptor=phrase, certificate=posed.certificates[place],
            )  # fmt: skip
            row = self._encode(record)
            self.rows.append(row)
            letters.append(record.answer_index)
            sizes.append(len(row))
        return Columns(
            kinds=[self.kinds.setdefault(kinds[place], len(self.kinds)) for place in places],
            draws=[numbers[place] for place in places],
            letters=letters,
            sizes=sizes,
        )


@lru_cache(maxsize=1 << 16)
def _selecting(ask: Ask) -> str:
    """The end of the name that draws whether a question goes in."""
    return f"{ask.name}/select"


def _check_consistent(candidates: Sequence[Candidate], measured: Measured) -> None:
    if contradictions := consistency.check(candidates, measured.facts):
        first = contradictions[0]
        raise ValueError(
            f"{measured.source}: {len(contradictions)} pairs of questions about "
            f"{measured.facts.clip} contradict each other, such as {first}. This is an error of "
            "the rules and not of the motion; please report it with the file"
        )
