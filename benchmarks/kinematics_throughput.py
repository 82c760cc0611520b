"""How fast the kinematics core is, beside SciPy, NumPy and the per-frame loops of research code.

    python benchmarks/kinematics_throughput.py [--quick] [--json FILE]

`README.md` beside this file says what is measured, and how. It reports: the exit status is 0, below
a gate too. Only a peer that measures something else stops it, for there is nothing to compare then.
"""

import _clock  # decides the number of threads, so it comes before NumPy and JAX

# isort: split
import argparse
import json
import math
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import _cases
import _peers
import jax
import numpy as np
from _cases import CLIP_FRAMES, FPS, PRIMITIVES, Primitive, Stages, batched, row

from kinematics import assemble, batch, facts, measure
from kinematics.motion import Motion

CLIP_COUNTS = (1, 64, 4096)
LONG_FRAMES = (1_000, 10_000, 100_000, 1_000_000)
RAGGED_FRAMES = (30, 3000)

WALL = jax.default_backend() != "cpu"
"""On another device, time as it passes counts; on a processor, the time that it spends."""

SAMPLED_CLIPS = 8
"""Clips that the one-clip-at-a-time peers are timed on."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A figure with the least (or, for costs, the most) that must hold and that is reached for."""

    name: str
    value: float
    gate: float
    reach: float
    at_most: bool = False

    @property
    def verdict(self) -> str:
        sign = -1 if self.at_most else 1
        if sign * self.value < sign * self.gate:
            return "BELOW GATE"
        return "reached" if sign * self.value >= sign * self.reach else "PASS"


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

    def line(self) -> str:
        def cell(value: float | None, form: str) -> str:
            return "" if value is None else format(value, form)

        cells = (
            f"{self.name:<16}{self.clips:>6}{self.frames:>9}",
            f"{self.frames_per_s / 1e6:>10.3f}",
            f"{1e9 / self.frames_per_s:>10.1f}",
            f"{cell(self.over_clip, '.1f'):>9}",
            f"{cell(self.over_frame, '.0f'):>9}",
            f"{cell(self.over_batch, '.2f'):>9}",
            f"{cell(self.memory_share, '.3f'):>8}",
            f"{cell(self.double_over_single, '.2f'):>9}",
            f"{cell(self.compile_s, '.2f'):>10}",
        )
        return "".join(cells)


HEADER = (
    f"{'':<16}{'clips':>6}{'frames':>9}{'Mframe/s':>10}{'ns/frame':>10}{'x clip':>9}{'x frame':>9}"
    f"{'x batch':>9}{'memory':>8}{'f64/f32':>9}{'compile s':>10}"
)


def title(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}", flush=True)


def bytes_moved(step: Callable[..., Any], inputs: tuple) -> int:
    """Bytes of one batch that have to be read and written: inputs that count, and all outputs."""
    traced = jax.make_jaxpr(jax.vmap(step))(*inputs)
    read = {id(variable) for equation in traced.jaxpr.eqns for variable in equation.invars}
    used = [variable.aval for variable in traced.jaxpr.invars if id(variable) in read]
    return sum(a.size * a.dtype.itemsize for a in (*used, *traced.out_avals))


# ------------------------------------------------------------------------------------- primitives


def check(primitive: Primitive, stages: Stages, ours: Any, by: dict[str, Callable]) -> None:
    """Stops the benchmark when a peer does not measure the same thing."""
    for name, run in by.items():
        theirs = run(stages)
        if isinstance(theirs, list):
            if Counter(theirs) != Counter(ours):
                raise SystemExit(f"{primitive.name}, {name}: {theirs} instead of {ours}")
            continue
        names = getattr(theirs, "_fields", range(len(theirs)))
        for field, one, other in zip(names, theirs, ours, strict=True):
            one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
            if one.shape[-1:] == (4,) and primitive.name.endswith("anchor"):
                one = one * np.sign((one * other).sum(axis=-1, keepdims=True))  # q and -q are one
            error = np.max(np.abs(one - other) / (1 + np.abs(other)), initial=0)
            if not error <= primitive.tolerance:
                raise SystemExit(
                    f"{primitive.name}, {name}, {field}: differs by {error:.2g} from the library; "
                    f"expected at most {primitive.tolerance:g}. The peer measures something else"
                )


def stages_by_chunk(clips: int, primitive: Primitive, *, dtype: str) -> Iterator[Stages]:
    motions = _cases.corpus(clips, joints=primitive.joints)
    size = _cases.rows_of(CLIP_FRAMES, joints=primitive.joints)
    for first in range(0, clips, size):
        yield _cases.stages_of(motions[first : first + size], joints=primitive.joints, dtype=dtype)


class Peers(NamedTuple):
    """A primitive's peers, each with the number of clips it does in one call."""

    runs: dict[str, Callable[[], object]]
    clips: dict[str, int]


def peers_of(primitive: Primitive, stages: Stages) -> Peers:
    """Checked against the library on every sampled clip, and ready to run."""
    sampled = [row(stages, place) for place in range(SAMPLED_CLIPS)]
    times_s = np.arange(CLIP_FRAMES) / FPS
    by_clip = {"clip": lambda one: primitive.by_clip(one, times_s)}
    by_frame = {"frame": lambda one: primitive.by_frame(one, times_s)}
    single = jax.jit(primitive.step)
    for place, one in enumerate(sampled):
        ours = primitive.finish(single(*primitive.inputs(one)))
        check(primitive, one, ours, by_clip if place else {**by_clip, **by_frame})
    runs: dict[str, Callable[[], object]] = {
        "clip": lambda: [primitive.by_clip(one, times_s) for one in sampled],
        "frame": lambda: primitive.by_frame(sampled[0], times_s),
    }
    clips = {"clip": SAMPLED_CLIPS, "frame": 1}
    if primitive.by_batch is not None:
        by_batch, times_s32 = primitive.by_batch, times_s.astype(np.float32)
        whole = jax.tree.map(np.asarray, stages)
        ours = primitive.finish(batched(primitive.step)(*primitive.inputs(stages)))
        check(primitive, whole, ours, {"batch": lambda all_of: by_batch(all_of, times_s32)})
        runs["batch"], clips["batch"] = lambda: by_batch(whole, times_s32), len(whole.wxyz)
    return Peers(runs, clips)


def primitive_rows(
    primitive: Primitive, counts: Sequence[int], *, copy_bps: float, turns: int
) -> list[Row]:
    """One row for each number of clips."""
    step, rows = batched(primitive.step), []
    first = next(stages_by_chunk(64, primitive, dtype="float32"))
    inputs = primitive.inputs(first)
    anew = jax.jit(jax.vmap(partial(primitive.step)))  # not the one that is compiled already
    compile_s = _clock.once(lambda: anew.lower(*inputs).compile())
    moved = bytes_moved(primitive.step, inputs) / len(first.wxyz)
    double = primitive.inputs(next(stages_by_chunk(64, primitive, dtype="float64")))
    precision = _clock.race(
        {
            "double": lambda: jax.block_until_ready(step(*double)),
            "single": lambda: jax.block_until_ready(step(*inputs)),
        },
        turns=turns,
        wall=WALL,
    )
    peers = peers_of(primitive, first)
    for clips in counts:
        if clips == 1:
            single, one = jax.jit(primitive.step), primitive.inputs(row(first, 0))

            def ours(single: Any = single, one: tuple = one) -> object:
                return jax.device_get(primitive.finish(single(*one)))
        else:
            stages = stages_by_chunk(clips, primitive, dtype="float32")
            chunks = [primitive.inputs(at) for at in stages]

            def ours(chunks: list[tuple] = chunks) -> object:
                return [primitive.finish(step(*chunk)) and None for chunk in chunks]

        contestants = {"ours": ours, **peers.runs}
        best = _clock.race(contestants, turns=turns, wall=WALL or clips == 1)
        ours_s = best["ours"] / clips
        over = {name: best[name] / peers.clips[name] / ours_s for name in peers.runs}
        rows.append(
            Row(
                name=primitive.name,
                clips=clips,
                frames=CLIP_FRAMES,
                seconds=best["ours"],
                over_clip=over["clip"],
                over_frame=over["frame"],
                over_batch=over.get("batch"),
                memory_share=moved / ours_s / copy_bps,
                compile_s=compile_s if clips > 1 else None,
                double_over_single=precision["double"] / precision["single"] if clips > 1 else None,
            )
        )
        print(rows[-1].line(), flush=True)
    return rows


def long_row(primitive: Primitive, *, frames: int, copy_bps: float) -> Row:
    """One clip of very many frames."""
    motion = _cases.long_motion(frames, joints=primitive.joints)
    inputs = primitive.inputs(_cases.stages_of([motion], joints=primitive.joints, rows=1))
    step = batched(primitive.step)

    def run() -> object:
        return primitive.finish(step(*inputs))

    first_s = _clock.once(run)
    seconds = _clock.race({"ours": run}, turns=2, wall=WALL)["ours"]
    share = bytes_moved(primitive.step, inputs) / seconds / copy_bps
    return Row(
        name=primitive.name,
        clips=1,
        frames=frames,
        seconds=seconds,
        memory_share=share,
        compile_s=first_s - seconds,
    )


def primitive_claims(rows: Sequence[Row]) -> Iterator[Claim]:
    """What the table of targets says of the largest number of clips, and of one clip."""
    most = max(one.clips for one in rows)
    for one in rows:
        target = TARGETS[one.name]
        if one.clips == most and one.clips > 1:
            figures = (
                ("per-frame loop", one.over_frame, target.frame),
                ("per-clip SciPy/NumPy", one.over_clip, target.clip),
                ("batched NumPy", one.over_batch, target.batch),
                ("share of memory speed", one.memory_share, target.memory),
            )
            for what, value, bounds in figures:
                if value is not None and bounds is not None:
                    yield Claim(
                        name=f"{one.name}: {what}", value=value, gate=bounds[0], reach=bounds[1]
                    )
            if one.double_over_single is not None:
                yield Claim(
                    name=f"{one.name}: f64 time over f32",
                    value=one.double_over_single,
                    gate=3.5,
                    reach=2.0,
                    at_most=True,
                )
        elif one.clips == 1 and one.frames == CLIP_FRAMES and one.over_clip is not None:
            yield Claim(
                name=f"{one.name}: one warm clip, us",
                value=one.seconds * 1e6,
                gate=150,
                reach=60,
                at_most=True,
            )
            yield Claim(
                name=f"{one.name}: one warm clip over SciPy", value=one.over_clip, gate=1, reach=2
            )


# --------------------------------------------------------------------------------- all of measure


def measured(motions: Sequence[Motion], dtype: str = "float32") -> list[facts.MotionFacts]:
    return list(measure.measure_all(motions, dtype=dtype))


def check_facts(motions: Sequence[Motion]) -> None:
    """The peers' facts of the first clips are the library's."""
    for motion, ours in zip(motions, measured(motions), strict=True):
        theirs = _peers.facts_by_clip(_cases.track_of(motion))
        mine = [(e.signal, e.start_s, e.end_s, e.amount) for e in ours.events]
        same = len(mine) == len(theirs.events) and all(
            a[0] == b[0] and np.allclose(a[1:], b[1:4], atol=2e-3)
            for a, b in zip(mine, theirs.events, strict=True)
        )
        path_m = [window.path_m for window in ours.quarters]
        if not same or not np.allclose(path_m, theirs.travelled["path_m"], atol=2e-3):
            raise SystemExit(f"facts of {motion.source.clip}: {theirs.events} instead of {mine}")


def bytes_of(motion: Motion) -> int:
    arrays = (motion.orientations_wxyz, motion.positions_m, motion.joints_m, motion.observed)
    told = facts.to_line(measure.measure(motion))
    return sum(np.asarray(a).nbytes for a in arrays if a is not None) + len(told)


def measure_rows(
    counts: Sequence[int], *, joints: bool, copy_bps: float, turns: int, double: bool
) -> list[Row]:
    """`measure` of one clip, `measure_all` of many."""
    import _loops

    motions, rows = _cases.corpus(max(counts), joints=joints), []
    sampled = motions[:SAMPLED_CLIPS]
    first_s = _clock.once(lambda: measured(motions[:1]))
    check_facts(sampled)
    peers = {
        "clip": lambda: [_peers.facts_by_clip(_cases.track_of(one)) for one in sampled],
        "frame": lambda: _loops.facts(_cases.track_of(sampled[0])),
    }
    ratio = None
    if double:
        some = motions[: _cases.rows_of(512, joints=joints)]
        best = _clock.race(
            {name: partial(measured, some, name) for name in ("float32", "float64")},
            turns=turns,
            wall=WALL,
        )
        ratio = best["float64"] / best["float32"]
    for clips in counts:
        ours = partial(measured, motions[:clips])
        best = _clock.race({"ours": ours, **peers}, turns=turns, wall=WALL or clips == 1)
        ours_s = best["ours"] / clips
        rows.append(
            Row(
                name="measure, joints" if joints else "measure, root",
                clips=clips,
                frames=CLIP_FRAMES,
                seconds=best["ours"],
                over_clip=best["clip"] / SAMPLED_CLIPS / ours_s,
                over_frame=best["frame"] / ours_s,
                memory_share=bytes_of(motions[0]) / ours_s / copy_bps,
                compile_s=first_s if clips == counts[-1] else None,
                double_over_single=ratio if clips == counts[-1] else None,
            )
        )
        print(rows[-1].line(), flush=True)
    return rows


@contextmanager
def watched() -> Iterator[Counter[str]]:
    """Seconds spent in each part of `measure_all` while it runs inside."""
    spent: Counter[str] = Counter()

    def timed(name: str, run: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            result = None

            def work() -> None:
                nonlocal result
                result = run(*args, **options)
                result = list(result) if isinstance(result, Iterator) else result
                jax.block_until_ready(result)

            spent[name] += _clock.once(work, clock=_clock.clock(wall=WALL))
            return result

        return call

    compiled = measure._batched

    def step_of(step: Callable[..., Any], *frame: Any) -> Callable[..., Any]:
        return timed(
            f"kernel {step.__module__.split('.')[-1]}.{step.__name__}", compiled(step, *frame)
        )

    with ExitStack() as stack:
        stack.enter_context(patch.object(measure, "_batched", step_of))
        for module, name in ((batch, "prepare"), (batch, "stack"), (assemble, "all_facts")):
            run = timed(f"host {module.__name__.split('.')[-1]}.{name}", getattr(module, name))
            stack.enter_context(patch.object(module, name, run))
        yield spent


def show_parts(*, joints: bool, clips: int) -> dict[str, float]:
    """Where the time of `measure_all` goes, in nanoseconds a frame."""
    motions = _cases.corpus(clips, joints=joints)
    measured(motions)
    best: dict[str, float] = {}
    for _ in range(3):
        with watched() as spent:
            spent["whole"] = _clock.once(lambda: measured(motions), clock=_clock.clock(wall=WALL))
        if not best or spent["whole"] < best["whole"]:
            best = dict(spent)
    whole = best.pop("whole")
    per_frame = {name: 1e9 * s / (clips * CLIP_FRAMES) for name, s in best.items()}
    per_frame["everything else"] = 1e9 * (whole - sum(best.values())) / (clips * CLIP_FRAMES)
    for name, value in sorted(per_frame.items(), key=lambda item: -item[1]):
        print(
            f"  {name:<36}{value:>8.1f} ns/frame{1e-7 * value * clips * CLIP_FRAMES / whole:>7.1f} %"
        )
    return per_frame


# ------------------------------------------------------------- growth, ragged corpus, processes


def growth(sizes: Sequence[int], *, turns: int) -> tuple[list[Row], float]:
    """`measure` of ever longer clips, and the exponent with which its cost grows."""
    rows = []
    for frames in sizes:
        motion = _cases.long_motion(frames, joints=False)
        run = partial(measure.measure, motion)
        first_s = _clock.once(run)
        seconds = _clock.race({"ours": run}, turns=turns, wall=WALL)["ours"]
        rows.append(
            Row(
                name="measure, root",
                clips=1,
                frames=frames,
                seconds=seconds,
                compile_s=first_s - seconds,
            )
        )
        print(rows[-1].line(), flush=True)
    slope = math.log(rows[-1].seconds / rows[0].seconds) / math.log(sizes[-1] / sizes[0])
    return rows, slope


def ragged(clips: int, *, turns: int) -> tuple[dict[str, float], list[Claim]]:
    """A corpus of any lengths: compilations, padding, and the ratio to NumPy clip by clip."""
    random = np.random.default_rng(1)
    lengths = random.integers(*RAGGED_FRAMES, size=clips, endpoint=True).tolist()
    motions = [_cases.long_motion(frames, joints=False) for frames in lengths]
    shapes = {
        batch.shape_of(batch.prepare(one), frame="first_heading", dtype="float32")
        for one in motions
    }
    padded = sum(batch.padded_frames(frames) for frames in lengths)
    measure._batched.cache_clear()
    jax.clear_caches()
    compiled: list[float] = []

    def count(event: str, seconds: float, **_: Any) -> None:
        if event == "/jax/core/compile/backend_compile_duration":
            compiled.append(seconds)

    jax.monitoring.register_event_duration_secs_listener(count)
    first_s = _clock.once(lambda: measured(motions))
    jax.monitoring.unregister_event_duration_listener(count)
    sampled = motions[:: max(1, clips // 32)]
    best = _clock.race(
        {
            "ours": lambda: measured(motions),
            "clip": lambda: [_peers.facts_by_clip(_cases.track_of(one)) for one in sampled],
        },
        turns=turns,
        wall=WALL,
    )
    per_frame = best["clip"] / sum(one.frames for one in sampled)
    figures = {
        "clips": clips,
        "frames": sum(lengths),
        "shapes": len(shapes),
        "compilations": len(compiled),
        "padding": padded / sum(lengths),
        "first_pass_s": first_s,
        "seconds": best["ours"],
        "over_clip": per_frame * sum(lengths) / best["ours"],
    }
    print(
        f"  {clips} clips of {RAGGED_FRAMES[0]} to {RAGGED_FRAMES[1]} frames: {len(shapes)} shapes, "
        f"{len(compiled)} kernels compiled ({sum(compiled):.1f} s; first pass {first_s:.1f} s),\n"
        f"  {figures['frames'] / best['ours'] / 1e6:.2f} Mframe/s warm, "
        f"padded {figures['padding']:.2f} times, {figures['over_clip']:.1f} times NumPy by clip"
    )
    return figures, [
        Claim(name="ragged: shapes compiled", value=len(shapes), gate=10, reach=8, at_most=True),
        Claim(name="ragged: padding", value=figures["padding"], gate=1.6, reach=1.35, at_most=True),
        Claim(name="ragged: per-clip NumPy", value=figures["over_clip"], gate=3, reach=6),
    ]


WORKER_CLIPS = 512


def work(core: int) -> None:
    """One worker: says when it is ready, then measures its corpus whenever it is told to."""
    _clock.pin(core)
    motions = _cases.corpus(WORKER_CLIPS, joints=False)
    measured(motions)
    print("ready", flush=True)
    for _ in sys.stdin:
        print(min(_clock.once(lambda: measured(motions)) for _ in range(3)), flush=True)


def two_processes(cores: Sequence[int], *, turns: int) -> float:
    """How many times the throughput of one process two have, each with a core of its own."""
    with ExitStack() as stack:
        workers = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, __file__, "--worker", str(core)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for core in cores[:2]
        ]
        for worker in workers:
            stack.callback(worker.stdin.close)
            worker.stdout.readline()

        def seconds(those: Sequence[subprocess.Popen]) -> float:
            for worker in those:
                print("go", file=worker.stdin, flush=True)
            return max(float(worker.stdout.readline()) for worker in those)

        alone, together = math.inf, math.inf
        for _ in range(turns):
            alone = min(alone, seconds(workers[:1]))
            together = min(together, seconds(workers))
    return 2 * alone / together


# ----------------------------------------------------------------------------------------- report


def show_claims(claims: Sequence[Claim]) -> None:
    title("Claims")
    print(f"{'':<44}{'measured':>10}{'gate':>9}{'reach':>9}")
    for claim in claims:
        sign = "<=" if claim.at_most else ">="
        print(
            f"{claim.name:<44}{claim.value:>10.3g}{sign + format(claim.gate, 'g'):>9}"
            f"{sign + format(claim.reach, 'g'):>9}  {claim.verdict}"
        )
    counts = Counter(claim.verdict for claim in claims)
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer clips, under a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here too")
    parser.add_argument("--worker", type=int, metavar="CORE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    jax.config.update("jax_enable_compilation_cache", False)  # compile times are to be seen
    if options.worker is not None:
        work(options.worker)
        return
    report(quick=options.quick, json_file=options.json)


def report(*, quick: bool, json_file: Path | None) -> None:
    """Runs every section, prints it, and writes the figures."""
    cores = _clock.cores()
    _clock.pin(cores[-1] if cores else None)
    environment = _clock.environment()
    on_cpu = jax.default_backend() == "cpu"
    copy_bps = _clock.bytes_per_second(on_cpu=on_cpu)
    environment["memory"] = f"{copy_bps / 1e9:.1f} GB/s, reading plus writing one large copy"
    environment["pinned"] = f"to core {cores[-1]}, one thread" if cores else "no"
    for name, value in environment.items():
        print(f"{name:<12}{value}")
    counts = (1, 64) if quick else CLIP_COUNTS
    turns = 3 if quick else 5
    rows: list[Row] = []
    claims: list[Claim] = []

    title("Primitives")
    print(HEADER)
    with jax.enable_x64(True):
        for primitive in PRIMITIVES:
            some = primitive_rows(primitive, counts, copy_bps=copy_bps, turns=turns)
            claims += primitive_claims(some)
            rows += some
            if not quick:
                long = [
                    long_row(primitive, frames=n, copy_bps=copy_bps) for n in (1_000, 1_000_000)
                ]
                print(long[-1].line(), flush=True)
                rows += long
    batched.cache_clear()
    jax.clear_caches()

    title("All of measure")
    print(HEADER)
    for joints in (False,) if quick else (False, True):
        some = measure_rows(counts, joints=joints, copy_bps=copy_bps, turns=turns, double=not quick)
        rows += some
        name = some[-1].name
        claims += [
            Claim(name=f"{name}: per-frame loop", value=some[-1].over_frame, gate=250, reach=1000),
            Claim(
                name=f"{name}: per-clip SciPy/NumPy", value=some[-1].over_clip, gate=12, reach=35
            ),
        ]
    parts = {}
    for joints in (False,) if quick else (False, True):
        title(f"Where the time of measure_all goes, {'with joints' if joints else 'root only'}")
        parts["joints" if joints else "root"] = show_parts(
            joints=joints, clips=64 if quick else 512
        )

    figures: dict[str, Any] = {}
    if not quick:
        title("One clip of many frames")
        print(HEADER)
        some, slope = growth(LONG_FRAMES, turns=2)
        rows += some
        claims.append(
            Claim(
                name="growth exponent, 10^3 to 10^6", value=slope, gate=1.1, reach=1.0, at_most=True
            )
        )
        title("Ragged corpus")
        figures["ragged"], more = ragged(1024, turns=3)
        claims += more
        if len(cores) > 1:
            figures["two_processes"] = two_processes(cores, turns=3)
            claims.append(
                Claim(
                    name="two processes over one", value=figures["two_processes"], gate=1, reach=1.9
                )
            )
    show_claims(claims)
    if json_file is not None:
        content = {
            "environment": environment,
            "rows": [{**asdict(one), "frames_per_s": one.frames_per_s} for one in rows],
            "parts_ns_per_frame": parts,
            **figures,
            "claims": [{**asdict(claim), "verdict": claim.verdict} for claim in claims],
        }
        json_file.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
