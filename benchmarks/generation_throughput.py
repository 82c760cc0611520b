"""How fast data sets are made: questions and clips a second, where the time goes, how memory grows.

    python benchmarks/generation_throughput.py             # up to 100,000 clips, about half an hour
    python benchmarks/generation_throughput.py --quick     # up to 1,000 clips, a minute or two
    python benchmarks/generation_throughput.py --json out/generation.json

Reports and does not judge. Asking and the peer of `_naive_questions.py` take turns on one core.
Data sets are built by processes of their own, so that their memory and time can be told apart.
Clips beyond the measured ones are copies under other names; since copies are alike, the search for
motions that are alike is timed on paths of its own.
"""

import argparse
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import _clock  # before NumPy and JAX
import _naive_questions
import msgspec

from kinematics import facts, measure, readers, synthetic
from kinematics.facts import MotionFacts
from kinematics.readers import native
from qagen import consistency, dataset, draws, generate, nearby, pipeline, select
from qagen.dataset import Recipe
from qagen.question import CATEGORIES

DISTINCT = 200
"""Clips that are really measured."""

PER_CATEGORY = 2
"""Up to 14 questions a clip."""

MOTION_CLIPS = 512
"""For what includes reading and measuring."""

REACH_QUESTIONS, REACH_CLIPS = 50_000, 5_000


def title(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}")


def measured(count: int) -> list[MotionFacts]:
    """Facts of clips of 4 to 30 seconds with joints."""
    return list(measure.measure_all(one.motion for one in synthetic.corpus(count, seed=0)))


def copies(clips: list[MotionFacts], count: int) -> Iterator[MotionFacts]:
    """So many clips, the given ones over and over under other names."""
    for number in range(count):
        one = clips[number % len(clips)]
        name = f"{one.clip}_{number:06d}"
        yield msgspec.structs.replace(one, clip=name, take=name)


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
    asked = [generate.ask_all(one) for one in clips]
    encode = msgspec.json.Encoder().encode
    kinds = [[select.kind_of_candidate(q) for q in questions] for questions, _ in asked]
    numbers = [[draws.number(0, f"{q.name}/select") for q in qs] for qs, _ in asked]
    kept = [
        select.reserve(k, n, per_category=PER_CATEGORY) for k, n in zip(kinds, numbers, strict=True)
    ]

    def rows() -> None:
        for one, (questions, _), places in zip(clips, asked, kept, strict=True):
            for place in places:
                encode(generate.to_record(questions[place], one))

    stages: dict[str, Callable[[], object]] = {
        "read facts": lambda: [facts.from_line(line) for line in lines],
        "ask": lambda: [generate.ask_all(one) for one in clips],
        "look for contradictions": lambda: [
            consistency.check(questions, one)
            for one, (questions, _) in zip(clips, asked, strict=True)
        ],
        "say what is alike": lambda: [
            [select.kind_of_candidate(q) for q in questions] for questions, _ in asked
        ],
        "draw": lambda: [
            [draws.number(0, f"{q.name}/select") for q in questions] for questions, _ in asked
        ],
        "keep some": lambda: [
            select.reserve(k, n, per_category=PER_CATEGORY)
            for k, n in zip(kinds, numbers, strict=True)
        ],
        "lay out and encode what is kept": rows,
        "track": lambda: [nearby.track_of(one) for one in clips],
    }
    title("Where the time goes, before merging")
    spent = {}
    for name, run in stages.items():
        best = min(_clock.once(run, clock=time.process_time) for _ in range(3))
        spent[name] = best / len(clips) * 1e6
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
        finder = nearby.Finder()

        def add(finder: nearby.Finder = finder, tracks: list[nearby.Track] = tracks) -> None:
            for number, track in enumerate(tracks):
                finder.add(str(number), track)

        found[count] = _clock.once(add, clock=time.process_time) / count * 1e6
        print(f"{count:>9,} motions{found[count]:>9.1f} us each, {finder.laid:,} pairs laid over")
    return found


def _wandering(generator: random.Random) -> nearby.Track:
    heading, left_m, forward_m, places = 0.0, 0.0, 0.0, []
    step_m = generator.uniform(0.1, 1.0)
    for _ in range(nearby.POINTS):
        places += [left_m, 0.0, forward_m]
        heading += generator.gauss(0, 0.6)
        left_m += step_m * math.sin(heading)
        forward_m += step_m * math.cos(heading)
    return nearby.Track(generator.uniform(3, 30), places)


# Whole builds


def built(source: Path, out: Path, *, workers: int) -> dict[str, float]:
    """One build in a process of its own: seconds, peak memory, what came out."""
    command = [sys.executable, __file__, "--build", str(source), str(out), str(workers)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def build_alone(source: Path, out: Path, workers: int) -> None:
    """What `built` starts."""
    recipe = Recipe(categories=CATEGORIES, per_category=PER_CATEGORY)
    stages: Counter[str] = Counter()
    last = time.perf_counter()

    def progress(stage: str, _done: int, _total: int) -> None:
        nonlocal last
        now = time.perf_counter()
        stages[stage] += now - last
        last = now

    start, start_s = time.perf_counter(), time.process_time()
    manifest = pipeline.build(source, out, recipe, workers=workers, progress=progress)
    seconds, processor_s = time.perf_counter() - start, time.process_time() - start_s
    asked = sum(clip.asked for clip in dataset.clips(out))
    print(
        json.dumps(
            {
                "seconds": seconds,
                "merging_s": stages["merging"],
                "clips": manifest.inputs.clips,
                "asked": asked,
                "written": sum(side.questions for side in manifest.splits.values()),
                "processor_s": processor_s,
                "peak_mb": peak_mb(),
            }
        )
    )


def peak_mb() -> float:
    """Most memory that this process ever held, where the system tells."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return math.nan
    (line,) = [one for one in status.read_text().splitlines() if one.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def growth(clips: list[MotionFacts], counts: list[int], folder: Path) -> list[dict[str, float]]:
    """Builds from facts files of growing size."""
    title("Whole builds from facts files")
    print("clips, asked and written a second as time passes; others may use the cores")
    print(f"{'clips':>9}{'workers':>9}{'clips/s':>10}{'asked/s':>11}{'written/s':>11}"
          f"{'merging':>9}{'main us/clip':>14}{'main peak MB':>14}")  # fmt: skip
    rows = []
    for count in counts:
        source = folder / f"{count}.jsonl"
        facts.write(source, copies(clips, count))
        for workers in (1, 2) if count == counts[len(counts) // 2] else (1,):
            one = built(source, folder / f"out{count}_{workers}", workers=workers)
            rows.append({"workers": workers, **one})
            show_build(rows[-1])
        source.unlink()
    alone = [row for row in rows if row["workers"] == 1]
    first, last = alone[0], alone[-1]
    exponent = math.log(last["processor_s"] / first["processor_s"]) / math.log(
        last["clips"] / first["clips"]
    )
    print(f"processor time of one worker grows with the clips to the power of {exponent:.2f}")
    return rows


def show_build(row: dict[str, float]) -> None:
    seconds, clips = row["seconds"], row["clips"]
    print(
        f"{clips:>9,}{row['workers']:>9}{clips / seconds:>10,.0f}"
        f"{row['asked'] / seconds:>11,.0f}{row['written'] / seconds:>11,.0f}"
        f"{row['merging_s'] / seconds:>9.0%}{row['processor_s'] / clips * 1e6:>14,.0f}"
        f"{row['peak_mb']:>14.0f}"
    )


def from_motions(folder: Path, count: int) -> dict[str, float]:
    """Reading, measuring, asking and writing, warm, by one process."""
    title(f"From {count} motions without joints to a data set, one process, warm")
    source = folder / "motions"
    source.mkdir()
    turn, walk = synthetic.turn(math.radians(90)), synthetic.walk(2.0)
    script = synthetic.walk(3.0).then(turn, walk, synthetic.pause(1.0), walk, turn)
    base = synthetic.perform(script, fps=30.0, joints=False).motion
    for number in range(count):
        name = f"clip_{number:05d}"
        native.write(base.renamed(clip=name, take=name), source / f"{name}.npz")
    recipe = Recipe(categories=CATEGORIES, per_category=PER_CATEGORY)
    pipeline.build(source, folder / "warm", recipe)
    start = time.process_time()
    manifest = pipeline.build(source, folder / "cold", recipe)
    seconds = time.process_time() - start
    files = readers.find([source])
    reading = _clock.once(lambda: [readers.read(path) for path in files], clock=time.process_time)
    motions = [readers.read(path)[0] for path in files]
    measuring = _clock.once(lambda: list(measure.measure_all(motions)), clock=time.process_time)
    speed = manifest.inputs.clips / seconds
    print(f"{base.frames} frames a clip: {speed:,.0f} clips/s end to end")
    print(f"of {seconds / count * 1e6:,.0f} us a clip, reading takes {reading / count * 1e6:,.0f} "
          f"and measuring {measuring / count * 1e6:,.0f}")  # fmt: skip
    return {"clips_per_s": speed, "reading_us": reading / count * 1e6,
            "measuring_us": measuring / count * 1e6}  # fmt: skip


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
    clips = measured(DISTINCT)
    turns = 2 if options.quick else 5
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        found = {
            "questions_per_s": asking(clips, turns=turns),
            "us_a_clip": where_time_goes(clips),
            "alike_us": finding_alike(counts),
            "motions": from_motions(Path(folder), MOTION_CLIPS // (4 if options.quick else 1)),
            "builds": growth(clips, counts, Path(folder)),
        }
    title("Reach")
    speed = next(iter(found["questions_per_s"].values()))
    print(f"questions a second a core: {speed:,.0f} of {REACH_QUESTIONS:,}")
    print(f"clips a second end to end: {found['motions']['clips_per_s']:,.0f} of {REACH_CLIPS:,}")
    if options.json is not None:
        content = {"environment": environment, **found}
        options.json.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
