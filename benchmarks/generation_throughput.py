"""How fast data sets are made: questions and clips a second, where the time goes, how memory grows.

    python benchmarks/generation_throughput.py             # up to 100,000 clips, half an hour
    python benchmarks/generation_throughput.py --quick     # up to 1,000 clips, a minute or two
    python benchmarks/generation_throughput.py --json out/generation.json

Reports and does not judge. Asking and the peer of `_naive_questions.py` take turns on one core.
Data sets are built from packed stores, by processes of their own, so that their memory and time can
be told apart. Clips beyond the first few hundred are those with other lengths and other speeds, so
that no two are alike and each is read, measured and asked about.
"""

import argparse
import gc
import json
import math
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import _clock  # before NumPy and JAX
import _naive_questions
import equinox as eqx
import msgspec
import numpy as np

from kinematics import facts, store, synthetic
from kinematics.facts import MotionFacts
from kinematics.motion import Motion
from kinematics.movement import measurement
from qagen import draws
from qagen.build import pipeline, same_motion, select
from qagen.dataset import layout
from qagen.dataset.layout import Recipe
from qagen.rules import consistency, generate

DISTINCT = 200
"""Clips with joints that are asked about over and over."""

PERFORMED = 300
"""Motions that large corpora are varied from."""

PER_TASK = 3
"""At most 21 questions a clip; about ten are left when the answers to every stem are even."""

MOTION_CLIPS = 512
"""For the shares of reading and measuring."""

REACH_QUESTIONS, REACH_CLIPS = 50_000, 5_000


def title(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}")


def measured(count: int) -> list[MotionFacts]:
    """Facts of clips of 4 to 30 seconds with joints."""
    return list(measurement.measure_all(one.motion for one in synthetic.corpus(count, seed=0)))


def performed(count: int) -> list[Motion]:
    """Motions of about ten seconds at 30 frames a second, without joints."""
    return [one.motion for one in synthetic.corpus(count, seed=1, joints=False, fps=30.0)]


def varied(motions: list[Motion], count: int) -> Iterator[Motion]:
    """So many motions: the given ones, each time a little longer or shorter, quicker or slower."""
    generator = random.Random(0)
    for number in range(count):
        one = motions[number % len(motions)]
        length, time_share = generator.uniform(0.75, 1.3), generator.uniform(0.85, 1.2)
        scaled = one.positions_m * np.array([length, 1.0, length], one.positions_m.dtype)
        times_s = (one.times_s * time_share).astype(one.times_s.dtype)
        name = f"varied_{number:06d}"
        yield eqx.tree_at(
            lambda motion: (motion.positions_m, motion.times_s), one, (scaled, times_s)
        ).renamed(clip=name, take=name)


# One core


def asking(clips: list[MotionFacts], *, turns: int) -> dict[str, float]:
    """Questions a second: ours with evidence and as rows, and the peer's."""
    encode = msgspec.json.Encoder().encode

    def ours() -> int:
        return sum(len(generate.ask_all(one)[0]) for one in clips)

    def rows() -> int:
        asked = [(one, generate.ask_all(one)[0]) for one in clips]
        return sum(len([encode(generate.to_record(q, one)) for q in all_]) for one, all_ in asked)

    def naive() -> int:
        return sum(len(_naive_questions.ask(one)) for one in clips)

    runs: dict[str, Callable[[], int]] = {
        "asked, with evidence, margin and reasoning": ours,
        "asked, laid out, and written as rows": rows,
        "naive peer, as rows": naive,
    }
    counts = {name: run() for name, run in runs.items()}
    best = _clock.race(runs, turns=turns, wall=False)
    title("Questions a second, one core")
    speeds = {name: counts[name] / best[name] for name in runs}
    for name, speed in speeds.items():
        print(f"{name:<46}{speed:>10,.0f}/s{counts[name] / len(clips):>8.0f} a clip")
    ours_rows, peer = list(speeds.values())[1:]
    print(f"{'rows, ours over the peer':<46}{ours_rows / peer:>10.2f}x")
    return speeds


def where_time_goes(clips: list[MotionFacts]) -> dict[str, float]:
    """Microseconds a clip of every stage before merging."""
    lines = [facts.to_line(one) for one in clips]
    gc.disable()  # as builds do
    wanted = select.RESERVE * PER_TASK
    asked = [generate.drawn(one, wanted=wanted).candidates for one in clips]
    encode = msgspec.json.Encoder().encode
    names = [[f"{one.ask.name}/select" for one in candidates] for candidates in asked]

    def rows() -> None:
        for one, questions in zip(clips, asked, strict=True):
            for question in questions:
                encode(generate.unnamed_record(question.question(), one))

    stages: dict[str, Callable[[], object]] = {
        "read facts": lambda: [facts.from_line(line) for line in lines],
        "decide what is asked": lambda: [
            len(generate.drawn(one, wanted=wanted).candidates) for one in clips
        ],
        "look for contradictions": lambda: [
            consistency.check(questions, one) for one, questions in zip(clips, asked, strict=True)
        ],
        "say what is alike": lambda: [
            [select.kind_of_candidate(q) for q in questions] for questions in asked
        ],
        "draw": lambda: [draws.numbers(0, "", ones) for ones in names],
        "put it into words": rows,
        "track": lambda: [same_motion.track_of(one) for one in clips],
    }
    title("Where the time goes, before merging")
    spent = {}
    for name, run in stages.items():
        best = min(_clock.once(run, clock=time.process_time) for _ in range(3))
        spent[name] = best / len(clips) * 1e6
    gc.enable()
    total = sum(spent.values())
    for name, microseconds in spent.items():
        print(f"{name:<34}{microseconds:>9.0f} us a clip{microseconds / total:>8.1%}")
    print(f"{'together':<34}{total:>9.0f} us a clip, {1e6 / total:,.0f} clips/s")
    return spent


def finding_alike(counts: list[int]) -> dict[int, float]:
    """Microseconds a motion of the search for those that are alike."""
    title("Looking for motions that are alike")
    found = {}
    for count in counts:
        generator = random.Random(count)
        tracks = [_wandering(generator) for _ in range(count)]
        finder = same_motion.Finder()

        def add(
            finder: same_motion.Finder = finder, tracks: list[same_motion.Track] = tracks
        ) -> None:
            for number, track in enumerate(tracks):
                finder.add(str(number), track)

        found[count] = _clock.once(add, clock=time.process_time) / count * 1e6
        print(f"{count:>9,} motions{found[count]:>9.1f} us each, {finder.laid:,} pairs laid over")
    return found


def _wandering(generator: random.Random) -> same_motion.Track:
    heading, left_m, forward_m, places = 0.0, 0.0, 0.0, []
    step_m = generator.uniform(0.1, 1.0)
    for _ in range(same_motion.POINTS):
        places += [left_m, 0.0, forward_m]
        heading += generator.gauss(0, 0.6)
        left_m += step_m * math.sin(heading)
        forward_m += step_m * math.cos(heading)
    return same_motion.Track(generator.uniform(3, 30), places)


# Whole builds


def built(source: Path, out: Path, *, workers: int) -> dict[str, float]:
    """One build in a process of its own: seconds, peak memory, what came out."""
    command = [sys.executable, __file__, "--build", str(source), str(out), str(workers)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def build_alone(source: Path, out: Path, workers: int) -> None:
    """What `built` starts; with one worker a small build comes first, so that nothing compiles."""
    recipe = Recipe(per_task=PER_TASK)
    stages: Counter[str] = Counter()
    list(
        measurement.measure_all(
            one for one, _ in zip(store.read(source), range(WARM), strict=False)
        )
    )
    started_mb = peak_mb()
    last = time.perf_counter()

    def progress(stage: str, _done: int, _total: int) -> None:
        nonlocal last
        now = time.perf_counter()
        stages[stage] += now - last
        last = now

    start, start_s = time.perf_counter(), time.process_time()
    manifest = pipeline.build(source, out, recipe, workers=workers, progress=progress)
    seconds, processor_s = time.perf_counter() - start, time.process_time() - start_s
    print(
        json.dumps(
            {
                "seconds": seconds,
                "merging_s": stages["merging"],
                "clips": manifest.inputs.clips,
                "asked": sum(clip.asked for clip in layout.clips(out)),
                "written": sum(side.questions for side in manifest.splits.values()),
                "processor_s": processor_s + children_s(),
                "started_mb": started_mb,
                "peak_mb": peak_mb(),
                "worker_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
            }
        )
    )


WARM = 300
"""Clips measured before the clock starts: every length that occurs is compiled."""


def children_s() -> float:
    """Processor time of workers that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def peak_mb() -> float:
    """Most memory that this process ever held, where the system tells."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return math.nan
    (line,) = [one for one in status.read_text().splitlines() if one.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def growth(motions: list[Motion], counts: list[int], folder: Path) -> list[dict[str, float]]:
    """Builds from packed stores of growing size, with one worker and with two."""
    title("From packed stores to data sets: reading, measuring, asking, selecting, writing")
    print("a second as time passes, others may use the cores; the first build compiles for all")
    os.environ.update(_compiled_once(folder / "compiled"))
    print(f"{'clips':>9}{'workers':>9}{'clips/s':>10}{'asked/s':>11}{'written/s':>11}"
          f"{'a clip':>8}{'merging':>9}{'all us/clip':>13}{'main MB':>9}{'of it grown':>13}"
          f"{'worker MB':>11}")  # fmt: skip
    rows = []
    for count in counts:
        source = folder / f"store{count}"
        store.write(varied(motions, count), source)
        for workers in (1, 2):
            one = built(source, folder / f"out{count}_{workers}", workers=workers)
            rows.append({"workers": workers, **one})
            show_build(rows[-1])
            shutil.rmtree(folder / f"out{count}_{workers}")
        shutil.rmtree(source)
    alone = [row for row in rows if row["workers"] == 1]
    first, last = alone[0], alone[-1]
    exponent = math.log(last["processor_s"] / first["processor_s"]) / math.log(
        last["clips"] / first["clips"]
    )
    print(f"processor time of one worker grows with the clips to the power of {exponent:.2f}")
    if len(alone) > 2:
        before = alone[-2]
        grown = (last["peak_mb"] - before["peak_mb"]) / (last["clips"] - before["clips"]) * 2**20
        print(f"memory grows by {grown:,.0f} bytes a clip between the last two")
    return rows


def _compiled_once(folder: Path) -> dict[str, str]:
    """What makes processes that are started from now on keep what they compile, and share it."""
    return {
        "JAX_COMPILATION_CACHE_DIR": str(folder),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }


def show_build(row: dict[str, float]) -> None:
    seconds, clips = row["seconds"], row["clips"]
    print(
        f"{clips:>9,}{row['workers']:>9}{clips / seconds:>10,.0f}"
        f"{row['asked'] / seconds:>11,.0f}{row['written'] / seconds:>11,.0f}"
        f"{row['written'] / clips:>8.1f}{row['merging_s'] / seconds:>9.0%}"
        f"{row['processor_s'] / clips * 1e6:>13,.0f}{row['peak_mb']:>9.0f}"
        f"{row['peak_mb'] - row['started_mb']:>13.0f}{row['worker_mb']:>11.0f}"
    )


def end_to_end(motions: list[Motion], folder: Path, count: int) -> dict[str, float]:
    """Reading, measuring, asking and writing by one warm process, ours and the peer's in turns."""
    title(f"From {count} packed motions without joints to questions, one warm process")
    source = folder / "packed"
    store.write(varied(motions, count), source)
    recipe = Recipe(per_task=PER_TASK)
    packed = store.read(source)
    clips = list(measurement.measure_all(packed))
    asking = {"built": 0}

    def ours() -> None:
        asking["built"] += 1
        pipeline.build(source, folder / f"built{asking['built']}", recipe)

    def naive() -> None:
        with (folder / "naive.jsonl").open("w", encoding="utf-8") as file:
            for one in measurement.measure_all(packed):
                file.writelines(f"{line}\n" for line in _naive_questions.ask(one))

    runs: dict[str, Callable[[], object]] = {
        "reading": lambda: [motion.positions_m.sum() for motion in packed],
        "reading and measuring": lambda: list(measurement.measure_all(packed)),
        "ours, the whole build": ours,
        "the peer, measured as ours": naive,
    }
    best = _clock.race(runs, turns=2, wall=False)
    frames = sum(one.frames for one in clips) / count
    print(f"{frames:.0f} frames a clip")
    for name, seconds in best.items():
        print(f"{name:<34}{seconds / count * 1e6:>9.0f} us a clip{count / seconds:>10,.0f} clips/s")
    measuring = best["reading and measuring"]
    print(f"reading and measuring alone bound a core to {count / measuring:,.0f} clips/s")
    return {name: count / seconds for name, seconds in best.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="up to 1,000 clips")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here too")
    parser.add_argument("--most", type=int, help="clips of the largest build (100,000)")
    parser.add_argument("--build", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.build is not None:
        source, out, workers = options.build
        build_alone(Path(source), Path(out), int(workers))
        return
    environment = _clock.environment()
    print("\n".join(f"{name:<12}{value}" for name, value in environment.items()))
    most = options.most or (1_000 if options.quick else 100_000)
    counts = [count for count in (100, 1_000, 10_000, 100_000) if count <= most]
    shorter = 4 if options.quick else 1
    clips, motions = measured(DISTINCT // shorter), performed(PERFORMED // shorter)
    turns = 2 if options.quick else 5
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        found = {
            "questions_per_s": asking(clips, turns=turns),
            "us_a_clip": where_time_goes(clips),
            "alike_us": finding_alike(counts),
            "clips_per_s": end_to_end(motions, Path(folder), MOTION_CLIPS // shorter),
            "builds": growth(motions, counts, Path(folder)),
        }
    title("Reach")
    speed = next(iter(found["questions_per_s"].values()))
    print(f"questions a second a core: {speed:,.0f} of {REACH_QUESTIONS:,}")
    ours = found["clips_per_s"]["ours, the whole build"]
    print(f"clips a second end to end, one core: {ours:,.0f} of {REACH_CLIPS:,}")
    if options.json is not None:
        content = {"environment": environment, **found}
        options.json.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
