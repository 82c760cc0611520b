"""Feeds every reader damaged files: each must be read soundly, or refused with one `ValueError`.

    python benchmarks/readers_fuzz.py --cases 100000
    python benchmarks/readers_fuzz.py --only BVH --case 1234 --keep out/bad

Every case is a number: format, file, edits and road are drawn from it, so a failure is replayed by
its name and number. Warnings count as failures, and so does a file that takes longer than
`SLOWEST_S` or more memory than `MOST_BYTES`. The exit status is 1 when anything failed.
"""

import argparse
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from _mutations import Edit, drawn, mutated
from _samples import KEYPOINTS, SAMPLES, STORE, reseal
from _walks import FRAMES

from kinematics import readers, store
from kinematics.keypoints import KeypointTrack
from kinematics.motion import Motion
from kinematics.readers import tram
from kinematics.store.values import check_values

SLOWEST_S = 5.0
"""A small file that takes longer is a failure."""

MOST_BYTES = 1 << 30
"""Memory that may be taken beyond what the process has at its start."""

SHOWN = 10
"""Failures whose traceback is printed."""


class TooSlowError(BaseException):
    """No reader catches it."""


class Case(NamedTuple):
    """What happens to one copy of a sound file."""

    sample: Path
    edits: list[Edit]
    inside: bool
    """Within an archive's member, whose checksum is then right."""
    resealed: bool
    """With a store's checksums made right."""
    direct: bool
    """Straight to the format's own reader, past all recognition."""
    file: float
    """Which file of a folder, as a share."""


def draw(samples: Sequence[Path], rng: np.random.Generator) -> Case:
    return Case(
        sample=samples[int(rng.integers(len(samples)))],
        edits=drawn(rng),
        inside=bool(rng.random() < 0.5),
        resealed=bool(rng.random() < 0.7),
        direct=bool(rng.random() < 0.3),
        file=float(rng.random()),
    )


def spoil(case: Case, folder: Path) -> Path:
    """Writes the damaged copy into an empty folder."""
    copy = folder / case.sample.name
    if case.sample.is_dir():
        shutil.copytree(case.sample, copy)
        files = sorted(path for path in copy.rglob("*") if path.is_file() and path.stat().st_size)
        target = files[int(case.file * len(files))]
        target.write_bytes(mutated(target.read_bytes(), case.edits, inside=case.inside))
    else:
        copy.write_bytes(mutated(case.sample.read_bytes(), case.edits, inside=case.inside))
    if case.resealed and store.recognise(copy):
        reseal(copy)
    return copy


Found = list[Motion] | list[KeypointTrack]
"""What a reader gives; both refuse to be made of values that are not sound."""


def reader_of(name: str, *, direct: bool) -> Callable[[Path], Found]:
    """How files of a format are read: by the door for all, or by the format's own function."""
    if name == STORE:
        return _read_store
    if name == KEYPOINTS:
        return _read_keypoints
    if name == "TRAM":
        return partial(_read_tram, direct=direct)
    if direct:
        return next(form.read for form in readers.FORMATS if form.name == name)
    return readers.read


def _read_store(path: Path) -> list[Motion]:
    opened = store.read(path)
    motions = list(opened)
    opened.verify()
    return motions


def _read_keypoints(path: Path) -> list[KeypointTrack]:
    readers.read_keypoints(path)
    return readers.read_keypoints(path, fps=25.0, image_size_px=(1920, 1080))


def _read_tram(path: Path, *, direct: bool) -> list[Motion]:
    """The tracks of a video's folder, or one file."""
    read = tram.read if direct else readers.read
    return [
        motion for file in readers.find([path]) if file.stem != "camera" for motion in read(file)
    ]


def judge(path: Path, read: Callable[[Path], Found]) -> str:
    """`read` or `refused`; raises on anything else that a reader does."""
    try:
        found = read(path)
    except ValueError as error:
        if path.name not in str(error):
            raise AssertionError(f"the error does not name the file: {error}") from error
        return "refused"
    assert found, "nothing in it and no error"
    for one in found:
        try:
            if isinstance(one, KeypointTrack):
                replace(one)  # checks again what it is made of
            else:
                check_values(one)
        except ValueError as error:
            raise AssertionError(f"read, but not sound: {error}") from error
    return "read"


@contextmanager
def watched(seconds: float) -> Iterator[None]:
    """Stops what takes longer."""

    def stop(*_: object) -> None:
        raise TooSlowError(f"more than {seconds:g} s")

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def limit_memory() -> None:
    """Lets the process take `MOST_BYTES` more than it has, where the system tells what it has."""
    status = Path("/proc/self/status")
    if status.is_file():
        has = int(re.search(r"VmSize:\s+(\d+) kB", status.read_text())[1]) * 1024
        resource.setrlimit(resource.RLIMIT_AS, (has + MOST_BYTES, resource.RLIM_INFINITY))


def seed_of(name: str, number: int) -> np.random.Generator:
    return np.random.default_rng([zlib.crc32(name.encode()), number])


def run_case(name: str, number: int, samples: Sequence[Path], folder: Path) -> str:
    """One case from its number; its outcome, or what a reader raised."""
    case = draw(samples, seed_of(name, number))
    path = spoil(case, folder)
    read = reader_of(name, direct=case.direct)
    with watched(SLOWEST_S):
        return judge(path, read)


def fuzz(names: Sequence[str], numbers: Sequence[int]) -> int:
    """Runs the cases in turn and prints the counts; gives the number of failures."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    causes: Counter[str] = Counter()
    slowest = dict.fromkeys(names, 0.0)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as root:
        samples = {}
        for name in names:
            (home := Path(root, "samples", name.replace("/", "_"))).mkdir(parents=True)
            samples[name] = SAMPLES[name](home, FRAMES)
            for sample in samples[name]:
                assert judge(sample, reader_of(name, direct=False)) == "read", sample
        limit_memory()
        folder = Path(root, "case")
        for number in numbers:
            for name in names:
                folder.mkdir()
                began = time.perf_counter()
                try:
                    outcome = run_case(name, number, samples[name], folder)
                except KeyboardInterrupt:
                    raise
                except BaseException as error:
                    outcome = "FAILED"
                    causes[f"{name}: {type(error).__name__}"] += 1
                    print(f"FAILED: --only {name!r} --case {number}: {error!r}"[:400], flush=True)
                    if causes.total() <= SHOWN:
                        traceback.print_exc()
                slowest[name] = max(slowest[name], time.perf_counter() - began)
                counts[name][outcome] += 1
                shutil.rmtree(folder)
            if (done := number - numbers[0] + 1) % 2000 == 0:
                print(f"{done * len(names):,} files", file=sys.stderr, flush=True)
    report(counts, slowest, time.perf_counter() - start)
    return causes.total()


def report(counts: dict[str, Counter[str]], slowest: dict[str, float], seconds: float) -> None:
    print(f"\n{'':<20}{'read':>10}{'refused':>10}{'FAILED':>10}{'slowest ms':>12}")
    for name, count in counts.items():
        cells = "".join(f"{count[word]:>10,}" for word in ("read", "refused", "FAILED"))
        print(f"{name:<20}{cells}{1000 * slowest[name]:>12.1f}")
    total = sum(counts.values(), Counter[str]())
    cells = "".join(f"{total[word]:>10,}" for word in ("read", "refused", "FAILED"))
    print(f"{'all':<20}{cells}{1000 * max(slowest.values()):>12.1f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{total.total():,} files in {seconds:.0f} s; at most {peak:,.0f} MiB of memory")


def replay(name: str, number: int, keep: Path) -> None:
    """Writes the damaged file of one case, says what was done to it, and reads it."""
    keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        case = draw(SAMPLES[name](Path(folder), FRAMES), seed_of(name, number))
        path = spoil(case, keep)
    print(*case, path, sep="\n  ")
    limit_memory()
    print(judge(path, reader_of(name, direct=case.direct)))


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--cases", type=int, default=100_000, help="damaged files in all")
    parser.add_argument("--only", choices=sorted(SAMPLES), help="one format")
    parser.add_argument("--first", type=int, default=0, metavar="NUMBER", help="begin here")
    parser.add_argument("--case", type=int, metavar="NUMBER", help="replay one case (--only)")
    parser.add_argument("--keep", type=Path, default=Path("out/fuzz"), help="where it is kept")
    options = parser.parse_args()
    warnings.simplefilter("error")
    if options.case is not None:
        replay(options.only, options.case, options.keep)
        return
    names = [options.only] if options.only else list(SAMPLES)
    each = range(options.first, options.first + -(-options.cases // len(names)))
    sys.exit(1 if fuzz(names, each) else 0)


if __name__ == "__main__":
    main()
