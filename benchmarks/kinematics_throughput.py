"""How fast the kinematics core is, beside SciPy, NumPy and the per-frame loops of research code.

    python benchmarks/kinematics_throughput.py [--quick] [--json FILE]

`README.md` beside this file says what is measured, and how. It reports: the exit status is 0, below
a gate too. Only a peer that measures something else stops it, for there is nothing to compare then.
"""

import _clock  # decides the number of threads, so it comes before NumPy and JAX

# isort: split
import argparse
import gc
import json
import math
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import _cases
import _loops
import _peers
import jax
import numpy as np
from _cases import CLIP_FRAMES, FPS, PRIMITIVES, Primitive, Stages, batched, row

from kinematics import facts
from kinematics.motion import Motion
from kinematics.movement import assemble, batch, measurement

CORES = _clock.cores()
CLIP_COUNTS = (1, 64, 4096)
QUICK_CLIP_COUNTS = (1, 64)
LONG_FRAMES = (1_000, 10_000, 100_000, 1_000_000)
LONG_ENDS = (LONG_FRAMES[0], LONG_FRAMES[-1])
RAGGED_FRAMES = (30, 3000)
RAGGED_CLIPS = 1024
PROFILED_CLIPS = 256
WORKER_CLIPS = 512

SAMPLED_CLIPS = 8
"""Clips that the one-clip-at-a-time peers are timed on."""


# ---------------------------------------------------------------------------- figures and claims


@dataclass(frozen=True, kw_only=True)
class Conduct:
    """How figures are taken."""

    turns: int
    copy_bps: float
    """Bytes read plus written a second when the device copies one large array."""
    wall: bool
    """Time as it passes, for devices that are waited for; else the time that a processor spends."""

    def race(
        self, contestants: dict[str, _clock.Run], *, latency: bool = False
    ) -> dict[str, float]:
        """Best seconds of each; `latency` asks for time as it passes."""
        return _clock.race(contestants, turns=self.turns, wall=self.wall or latency)

    def once(self, run: _clock.Run) -> float:
        """Seconds of one call."""
        return _clock.once(run, clock=_clock.clock(wall=self.wall))


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A figure with what must hold, and what is reached for."""

    name: str
    value: float
    gate: float
    reach: float
    at_most: bool = False

    @property
    def verdict(self) -> str:
        sign = -1 if self.at_most else 1
        if not sign * self.value >= sign * self.gate:
            return "BELOW GATE"
        return "REACHED" if sign * self.value >= sign * self.reach else "PASS"


class Target(NamedTuple):
    """Gate and reach of one primitive, against each peer and against the memory."""

    frame: tuple[float, float]
    clip: tuple[float, float]
    batch: tuple[float, float] | None
    memory: tuple[float, float]


TARGETS = {
    "anchor": Target((400, 1500), (8, 25), (1.5, 3), (0.20, 0.6)),
    "joints anchor": Target((20, 60), (2, 6), (1.0, 2.5), (0.25, 0.6)),
    "trajectory": Target((250, 1000), (8, 25), (1.0, 2), (0.04, 0.2)),
    "orientation": Target((800, 2500), (20, 60), (1.5, 4), (0.04, 0.12)),
    "affine residual": Target((150, 500), (12, 35), (1.5, 4), (0.10, 0.3)),
    "parts": Target((200, 600), (5, 12), (1.0, 2), (0.10, 0.3)),
    "events": Target((20, 50), (4, 12), None, (0.04, 0.15)),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the tables: a thing, how many clips of how many frames, and its speeds."""

    name: str
    clips: int
    frames: int
    seconds: float
    over_clip: float | None = None
    """How many times faster than one clip at a time with SciPy and NumPy."""
    over_frame: float | None = None
    """... than one frame at a time."""
    over_batch: float | None = None
    """... than many clips at once in NumPy."""
    memory_share: float | None = None
    """Bytes in and out a second over what the memory can copy."""
    compile_s: float | None = None
    double_over_single: float | None = None

    @property
    def frames_per_s(self) -> float:
        return self.clips * self.frames / self.seconds

    def show(self) -> "Row":
        """Prints the line."""

        def cell(value: float | None, form: str, width: int) -> str:
            return f"{'' if value is None else format(value, form):>{width}}"

        print(
            f"{self.name:<16}{self.clips:>6}{self.frames:>9}{self.frames_per_s / 1e6:>10.3f}"
            f"{1e9 / self.frames_per_s:>10.1f}",
            cell(self.over_clip, ".1f", 8),
            cell(self.over_frame, ".0f", 8),
            cell(self.over_batch, ".2f", 8),
            cell(self.memory_share, ".3f", 7),
            cell(self.double_over_single, ".2f", 8),
            cell(self.compile_s, ".2f", 9),
            flush=True,
        )
        return self


@dataclass(frozen=True, kw_only=True)
class Section:
    """What one part of the benchmark found."""

    rows: list[Row] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)


def title(text: str, *, table: bool = False) -> None:
    print(f"\n{text}\n{'-' * len(text)}", flush=True)
    if table:
        columns = ("x clip", "x frame", "x batch", "memory", "f64/f32", "compile s")
        widths = (9, 9, 9, 8, 9, 10)
        cells = "".join(f"{name:>{width}}" for name, width in zip(columns, widths, strict=True))
        print(f"{'':<16}{'clips':>6}{'frames':>9}{'Mframe/s':>10}{'ns/frame':>10}{cells}")


# ------------------------------------------------------------------------------------- primitives


def bytes_moved(step: Callable[..., Any], inputs: tuple[Any, ...]) -> int:
    """Bytes of one batch that have to be read and written: inputs that count, and all outputs."""
    traced = jax.make_jaxpr(jax.vmap(step))(*inputs)
    read = {id(variable) for equation in traced.jaxpr.eqns for variable in equation.invars}
    used = [variable.aval for variable in traced.jaxpr.invars if id(variable) in read]
    return sum(array.size * array.dtype.itemsize for array in (*used, *traced.out_avals))


def check(primitive: Primitive, peer: str, theirs: Any, ours: Any) -> None:
    """Stops the benchmark when a peer does not measure the same thing."""
    if isinstance(theirs, list):
        if Counter(theirs) != Counter(ours):
            raise SystemExit(f"{primitive.name}, by {peer}: {theirs} instead of {ours}")
        return
    for name, one, other in zip(
        getattr(theirs, "_fields", range(len(theirs))), theirs, ours, strict=True
    ):
        one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
        if one.shape[-1:] == (4,) and primitive.name.endswith("anchor"):
            one = one * np.sign((one * other).sum(axis=-1, keepdims=True))  # q and -q are one
        error = np.max(np.abs(one - other) / (1 + np.abs(other)), initial=0)
        if not error <= primitive.tolerance:
            raise SystemExit(
                f"{primitive.name}, by {peer}, {name}: differs by {error:.2g} from the library; "
                f"expected at most {primitive.tolerance:g}. The peer measures something else"
            )


def stages_by_call(primitive: Primitive, clips: int, *, dtype: str = "float32") -> Iterator[Stages]:
    """As many clips a call as the engine takes."""
    motions = _cases.corpus(clips, joints=primitive.joints)
    size = _cases.rows_of(CLIP_FRAMES, joints=primitive.joints, dtype=dtype)
    for first in range(0, clips, size):
        yield _cases.stages_of(motions[first : first + size], joints=primitive.joints, dtype=dtype)


class Peers(NamedTuple):
    """A primitive's peers, each with the number of clips that one call does."""

    runs: dict[str, _clock.Run]
    clips: dict[str, int]


def peers_of(primitive: Primitive, stages: Stages) -> Peers:
    """Checked against the library on every sampled clip, and ready to run."""
    sampled = [row(stages, place) for place in range(SAMPLED_CLIPS)]
    times_s = np.arange(CLIP_FRAMES) / FPS
    single = jax.jit(primitive.step)
    for one in sampled:
        ours = primitive.finish(single(*primitive.inputs(one)))
        check(primitive, "clip", primitive.by_clip(one, times_s), ours)
        check(primitive, "frame", primitive.by_frame(one, times_s), ours)
    runs: dict[str, _clock.Run] = {
        "clip": lambda: [primitive.by_clip(one, times_s) for one in sampled],
        "frame": lambda: primitive.by_frame(sampled[0], times_s),
    }
    clips = {"clip": SAMPLED_CLIPS, "frame": 1}
    if primitive.by_batch is not None:
        whole = jax.tree.map(np.asarray, stages)
        by_batch = partial(primitive.by_batch, whole, times_s.astype(np.float32))
        ours = primitive.finish(
            batched(primitive.step, work=primitive.work)(*primitive.inputs(stages))
        )
        check(primitive, "batch", by_batch(), ours)
        runs["batch"], clips["batch"] = by_batch, len(whole.wxyz)
    return Peers(runs, clips)


def ours_of(primitive: Primitive, clips: int, first: Stages) -> _clock.Run:
    """The library on so many clips: one alone from NumPy to NumPy, many call by call."""
    if clips == 1:
        single, one = jax.jit(primitive.step), primitive.inputs(row(first, 0))
        return lambda: primitive.fetch(single(*one))
    step = batched(primitive.step, work=primitive.work)
    calls = [primitive.inputs(stages) for stages in stages_by_call(primitive, clips)]

    def run() -> None:
        for inputs in calls:
            primitive.finish(step(*inputs))

    return run


def primitive_rows(primitive: Primitive, counts: Sequence[int], conduct: Conduct) -> Iterator[Row]:
    """One row for each number of clips."""
    first = next(stages_by_call(primitive, 64))
    wide = next(stages_by_call(primitive, 64, dtype="float64"))
    double = primitive.inputs(wide)
    inputs, step = primitive.inputs(first), batched(primitive.step, work=primitive.work)
    first_s = _clock.once(lambda: jax.block_until_ready(step(*inputs)))
    precision = conduct.race(
        {
            "double": lambda: jax.block_until_ready(step(*double)),
            "single": lambda: jax.block_until_ready(step(*inputs)),
        }
    )
    slower = precision["double"] / len(wide.wxyz) / (precision["single"] / len(first.wxyz))
    moved = bytes_moved(primitive.step, inputs) / len(first.wxyz)
    peers = peers_of(primitive, first)
    for clips in counts:
        contestants = {"ours": ours_of(primitive, clips, first), **peers.runs}
        best = conduct.race(contestants, latency=clips == 1)
        ours_s = best["ours"] / clips
        over = {name: best[name] / peers.clips[name] / ours_s for name in peers.runs}
        many = clips > 1
        yield Row(
            name=primitive.name,
            clips=clips,
            frames=CLIP_FRAMES,
            seconds=best["ours"],
            over_clip=over["clip"],
            over_frame=over["frame"],
            over_batch=over.get("batch") if many else None,
            memory_share=moved / ours_s / conduct.copy_bps,
            compile_s=first_s - precision["single"] if many else None,
            double_over_single=slower if many else None,
        )


def long_row(primitive: Primitive, frames: int, conduct: Conduct) -> Row:
    """One clip of very many frames."""
    motion = _cases.long_motion(frames, joints=primitive.joints)
    inputs = primitive.inputs(_cases.stages_of([motion], joints=primitive.joints, rows=1))
    step = batched(primitive.step, work=primitive.work)

    def run() -> object:
        return primitive.finish(step(*inputs))

    first_s = _clock.once(run)
    seconds = conduct.race({"ours": run})["ours"]
    return Row(
        name=primitive.name,
        clips=1,
        frames=frames,
        seconds=seconds,
        memory_share=bytes_moved(primitive.step, inputs) / seconds / conduct.copy_bps,
        compile_s=first_s - seconds,
    )


def many_claims(one: Row) -> Iterator[Claim]:
    """What the table of targets says of many clips."""
    target = TARGETS[one.name]
    figures = (
        ("per-frame loop", one.over_frame, target.frame),
        ("per-clip SciPy/NumPy", one.over_clip, target.clip),
        ("batched NumPy", one.over_batch, target.batch),
        ("share of memory speed", one.memory_share, target.memory),
    )
    for what, value, bounds in figures:
        if value is not None and bounds is not None:
            gate, reach = bounds
            yield Claim(name=f"{one.name}: {what}", value=value, gate=gate, reach=reach)
    yield Claim(
        name=f"{one.name}: f64 time over f32",
        value=one.double_over_single or math.nan,
        gate=3.5,
        reach=2.0,
        at_most=True,
    )


def single_claims(one: Row) -> Iterator[Claim]:
    """What it says of one warm clip."""
    yield Claim(
        name=f"{one.name}: one warm clip, microseconds",
        value=one.seconds * 1e6,
        gate=150,
        reach=60,
        at_most=True,
    )
    over_clip = one.over_clip or math.nan
    yield Claim(name=f"{one.name}: one warm clip over SciPy", value=over_clip, gate=1, reach=2)


def primitives(counts: Sequence[int], conduct: Conduct, *, long: bool) -> Section:
    """Every primitive against its peers."""
    title("Primitives", table=True)
    section = Section()
    with jax.enable_x64(True):
        for primitive in PRIMITIVES:
            rows = [one.show() for one in primitive_rows(primitive, counts, conduct)]
            section.claims.extend([*single_claims(rows[0]), *many_claims(rows[-1])])
            if long:
                ends = [long_row(primitive, frames, conduct).show() for frames in LONG_ENDS]
                section.claims.append(growth_claim(primitive.name, ends))
                rows.extend(ends)
            section.rows.extend(rows)
            gc.collect()
    batched.cache_clear()
    jax.clear_caches()
    return section


# --------------------------------------------------------------------------------- all of measure


def measured(motions: Sequence[Motion], dtype: str = "float32") -> list[facts.MotionFacts]:
    return list(measurement.measure_all(motions, dtype=dtype))


def check_facts(motions: Sequence[Motion], told: Callable[[_peers.Track], _peers.Facts]) -> None:
    """Stops the benchmark when a peer's facts are not the library's."""
    for motion, ours in zip(motions, measured(motions), strict=True):
        theirs = told(_cases.track_of(motion))
        events = [(one.signal, one.start_s, one.end_s, one.amount) for one in ours.events]
        same = [one.signal for one in ours.events] == [signal for signal, *_ in theirs.events]
        if same and events:
            numbers = [one[1:] for one in events], [one[1:4] for one in theirs.events]
            same = np.allclose(*numbers, atol=2e-3)
        path_m = [window.path_m for window in ours.quarters]
        if not same or not np.allclose(path_m, theirs.travelled["path_m"], atol=2e-3):
            raise SystemExit(f"facts of {motion.source.clip}: {theirs.events} instead of {events}")


def bytes_of(motion: Motion) -> int:
    """What is read of a motion, and its facts as JSON."""
    arrays = (motion.orientations_wxyz, motion.positions_m, motion.joints_m, motion.observed)
    told = facts.to_line(measurement.measure(motion))
    return sum(np.asarray(array).nbytes for array in arrays if array is not None) + len(told)


def measure_rows(
    counts: Sequence[int], conduct: Conduct, *, joints: bool, double: bool
) -> Iterator[Row]:
    """`measure` of one clip, `measure_all` of many."""
    motions = _cases.corpus(max(counts), joints=joints)
    sampled = motions[:SAMPLED_CLIPS]
    compile_s = _clock.once(lambda: measured(motions[:1]))
    check_facts(sampled, _peers.facts_by_clip)
    check_facts(sampled[:2], _loops.facts)
    peers: dict[str, _clock.Run] = {
        "clip": lambda: [_peers.facts_by_clip(_cases.track_of(one)) for one in sampled],
        "frame": lambda: _loops.facts(_cases.track_of(sampled[0])),
    }
    for clips in counts:
        ours = {"ours": partial(measured, motions[:clips])}
        if double and clips == 64:
            ours["double"] = partial(measured, motions[:clips], "float64")
        best = conduct.race({**ours, **peers}, latency=clips == 1)
        ours_s = best["ours"] / clips
        yield Row(
            name="measure, joints" if joints else "measure, root",
            clips=clips,
            frames=CLIP_FRAMES,
            seconds=best["ours"],
            over_clip=best["clip"] / SAMPLED_CLIPS / ours_s,
            over_frame=best["frame"] / ours_s,
            memory_share=bytes_of(motions[0]) / ours_s / conduct.copy_bps,
            compile_s=compile_s if clips == counts[-1] else None,
            double_over_single=best["double"] / best["ours"] if "double" in best else None,
        )


def whole(counts: Sequence[int], conduct: Conduct, *, quick: bool) -> Section:
    """`measure_all`, from motions to facts; without joints and double precision if quick."""
    title("All of measure", table=True)
    section = Section()
    for joints in (False,) if quick else (False, True):
        lines = measure_rows(counts, conduct, joints=joints, double=not quick)
        rows = [one.show() for one in lines]
        last = rows[-1]
        section.rows.extend(rows)
        for what, value, gate, reach in (
            ("per-frame loop", last.over_frame, 250, 1000),
            ("per-clip SciPy/NumPy", last.over_clip, 12, 35),
        ):
            name = f"{last.name}: {what}"
            section.claims.append(Claim(name=name, value=value or math.nan, gate=gate, reach=reach))
    return section


@contextmanager
def watched(conduct: Conduct) -> Iterator[Counter[str]]:
    """Seconds spent in each part of `measure_all` while it runs inside."""
    spent: Counter[str] = Counter()

    def timed(run: Callable[..., Any], name: str) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            results = []

            def work() -> None:
                result = run(*args, **options)
                results.append(list(result) if isinstance(result, Iterator) else result)
                jax.block_until_ready(results)

            spent[name] += conduct.once(work)
            return results[0]

        return call

    compiled = measurement._batched

    def batched_step(step: Callable[..., Any], *frame: Any) -> Callable[..., Any]:
        module = step.__module__.rpartition(".")[2]
        return timed(compiled(step, *frame), f"kernel {module}.{step.__name__}")

    with ExitStack() as stack:
        stack.enter_context(patch.object(measure, "_batched", batched_step))
        for module, name in ((batch, "prepare"), (batch, "stack"), (assemble, "all_facts")):
            host = f"host {module.__name__.rpartition('.')[2]}.{name}"
            stack.enter_context(patch.object(module, name, timed(getattr(module, name), host)))
        yield spent


def where_time_goes(conduct: Conduct, *, joints: bool) -> Section:
    """Nanoseconds a frame in each kernel and on the host, the least of several runs."""
    kind = "joints" if joints else "root"
    title(f"Where the time of measure_all goes ({kind}, {PROFILED_CLIPS} clips)")
    motions = _cases.corpus(PROFILED_CLIPS, joints=joints)
    measured(motions)
    least: dict[str, float] = {}
    for _ in range(conduct.turns):
        with watched(conduct) as spent:
            total = conduct.once(partial(measured, motions))
        spent["everything else"] = total - sum(spent.values())
        least = {name: min(least.get(name, math.inf), value) for name, value in spent.items()}
    total, frames = sum(least.values()), PROFILED_CLIPS * CLIP_FRAMES
    for name, value in sorted(least.items(), key=lambda item: -item[1]):
        print(f"  {name:<36}{1e9 * value / frames:>8.1f} ns/frame{100 * value / total:>6.1f} %")
    return Section(
        figures={f"ns_per_frame_{kind}": {k: 1e9 * v / frames for k, v in least.items()}}
    )


# ------------------------------------------------------------- growth, ragged corpus, processes


def growth_claim(name: str, rows: Sequence[Row]) -> Claim:
    """The exponent with which the cost grows from the shortest clip to the longest."""
    times, longer = rows[-1].seconds / rows[0].seconds, rows[-1].frames / rows[0].frames
    return Claim(
        name=f"{name}: growth exponent, 10^3 to 10^6",
        value=math.log(times) / math.log(longer),
        gate=1.1,
        reach=1.0,
        at_most=True,
    )


def growth(conduct: Conduct) -> Section:
    """`measure` of ever longer clips."""
    title("One clip of many frames", table=True)
    rows = []
    for frames in LONG_FRAMES:
        run = partial(measurement.measure, _cases.long_motion(frames, joints=False))
        first_s = _clock.once(run)
        seconds = conduct.race({"ours": run})["ours"]
        name, compile_s = "measure, root", first_s - seconds
        rows.append(
            Row(name=name, clips=1, frames=frames, seconds=seconds, compile_s=compile_s).show()
        )
    return Section(rows=rows, claims=[growth_claim("measure, root", rows)])


@contextmanager
def compilations() -> Iterator[list[float]]:
    """Seconds of everything that XLA compiles meanwhile."""
    seconds: list[float] = []

    def note(event: str, duration_s: float, **_: Any) -> None:
        if event == "/jax/core/compile/backend_compile_duration":
            seconds.append(duration_s)

    measurement._batched.cache_clear()
    jax.clear_caches()
    jax.monitoring.register_event_duration_secs_listener(note)
    yield seconds
    jax.monitoring.unregister_event_duration_listener(note)


def ragged(conduct: Conduct) -> Section:
    """A corpus of any lengths: compilations, padding, and the ratio to NumPy clip by clip."""
    title("Ragged corpus")
    random = np.random.default_rng(1)
    lengths = random.integers(*RAGGED_FRAMES, size=RAGGED_CLIPS, endpoint=True).tolist()
    motions = [_cases.long_motion(frames, joints=False) for frames in lengths]
    padded = [batch.padded_frames(frames) for frames in lengths]
    with compilations() as compiled:
        first_s = _clock.once(lambda: measured(motions))
    sampled = motions[:: RAGGED_CLIPS // 32]
    best = conduct.race(
        {
            "ours": lambda: measured(motions),
            "clip": lambda: [_peers.facts_by_clip(_cases.track_of(one)) for one in sampled],
        }
    )
    clip_s = best["clip"] * sum(lengths) / sum(one.frames for one in sampled)
    shapes, padding, over = len(set(padded)), sum(padded) / sum(lengths), clip_s / best["ours"]
    low, high = RAGGED_FRAMES
    print(
        f"{RAGGED_CLIPS} clips of {low} to {high} frames, {sum(lengths)} in all: {shapes} shapes, "
        f"{len(compiled)} kernels\ncompiled in {sum(compiled):.1f} s (first pass {first_s:.1f} s); "
        f"warm {sum(lengths) / best['ours'] / 1e6:.2f} Mframe/s; padded {padding:.2f} times; "
        f"{over:.1f} times NumPy by clip"
    )
    claims = [
        Claim(name="ragged: shapes compiled", value=shapes, gate=10, reach=8, at_most=True),
        Claim(name="ragged: padding", value=padding, gate=1.6, reach=1.35, at_most=True),
        Claim(name="ragged: per-clip NumPy", value=over, gate=3, reach=6),
    ]
    figures = {
        "clips": RAGGED_CLIPS,
        "frames": sum(lengths),
        "kernels_compiled": len(compiled),
        "compile_s": sum(compiled),
        "first_pass_s": first_s,
        "seconds": best["ours"],
    }
    return Section(claims=claims, figures={"ragged": figures})


def work(core: int) -> None:
    """One worker: says when it is ready, then measures its corpus whenever it is told to."""
    _clock.pin(core)
    motions = _cases.corpus(WORKER_CLIPS, joints=False)
    measured(motions)
    print("ready", flush=True)
    for _ in sys.stdin:
        print(min(_clock.once(lambda: measured(motions)) for _ in range(3)), flush=True)


def two_processes(conduct: Conduct) -> Section:
    """How many times the throughput of one process two have, each with a core of its own."""
    title("Two processes")
    command = [sys.executable, __file__, "--worker"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with ExitStack() as stack:
        workers = [
            stack.enter_context(subprocess.Popen([*command, str(core)], **pipes))
            for core in CORES[:2]
        ]
        for worker in workers:
            stack.callback(worker.stdin.close)
            worker.stdout.readline()

        def seconds(those: Sequence[subprocess.Popen]) -> float:
            for worker in those:
                print("go", file=worker.stdin, flush=True)
            return max(float(worker.stdout.readline()) for worker in those)

        turns = [(seconds(workers[:1]), seconds(workers)) for _ in range(conduct.turns)]
    alone, together = (min(column) for column in zip(*turns, strict=True))
    gain = 2 * alone / together
    print(f"{gain:.2f} times the throughput of one (time as it passes; others may use the cores)")
    claim = Claim(name="two processes over one", value=gain, gate=1, reach=1.9)
    return Section(claims=[claim], figures={"two_processes": gain})


# ----------------------------------------------------------------------------------------- report


def show_claims(claims: Sequence[Claim]) -> None:
    title("Claims")
    print(f"{'':<46}{'measured':>10}{'gate':>9}{'reach':>9}")
    for claim in claims:
        sign = "<=" if claim.at_most else ">="
        print(
            f"{claim.name:<46}{claim.value:>10.3g}{sign + format(claim.gate, 'g'):>9}"
            f"{sign + format(claim.reach, 'g'):>9}  {claim.verdict}"
        )
    counts = Counter(claim.verdict for claim in claims)
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()))


def sections(conduct: Conduct, *, quick: bool) -> Iterator[Section]:
    """Everything that is measured, in order."""
    counts = QUICK_CLIP_COUNTS if quick else CLIP_COUNTS
    yield primitives(counts, conduct, long=not quick)
    yield whole(counts, conduct, quick=quick)
    if quick:
        return
    for joints in (False, True):
        yield where_time_goes(conduct, joints=joints)
    yield growth(conduct)
    yield ragged(conduct)
    if len(CORES) > 1:
        yield two_processes(conduct)


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few clips, about a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here too")
    parser.add_argument("--worker", type=int, metavar="CORE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    jax.config.update("jax_enable_compilation_cache", False)  # compile times are to be seen
    if options.worker is not None:
        work(options.worker)
        return
    _clock.pin(CORES[-1] if CORES else None)
    on_cpu = jax.default_backend() == "cpu"
    copy_bps = _clock.bytes_per_second(on_cpu=on_cpu)
    conduct = Conduct(turns=2 if options.quick else 3, copy_bps=copy_bps, wall=not on_cpu)
    environment = _clock.environment() | {
        "memory": f"{copy_bps / 1e9:.1f} GB/s, reading plus writing one large copy",
        "pinned": f"to core {CORES[-1]}, one thread" if CORES else "no",
    }
    print("\n".join(f"{name:<12}{value}" for name, value in environment.items()))
    found = list(sections(conduct, quick=options.quick))
    claims = [claim for section in found for claim in section.claims]
    show_claims(claims)
    if options.json is not None:
        rows = [one for section in found for one in section.rows]
        content = {
            "environment": environment,
            "rows": [{**asdict(one), "frames_per_s": one.frames_per_s} for one in rows],
            "figures": {key: v for section in found for key, v in section.figures.items()},
            "claims": [{**asdict(claim), "verdict": claim.verdict} for claim in claims],
        }
        options.json.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
