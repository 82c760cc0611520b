"""How fast files and packed stores are read, beside what NumPy needs to load the same bytes.

    python benchmarks/readers_throughput.py [--quick] [--json FILE]

All contestants of a table take turns on one pinned core, files are in the system's cache, and the
best of all calls counts. Like `kinematics_throughput.py` it reports and does not judge.
"""

import _clock  # decides the number of threads, so it comes before NumPy and JAX

# isort: split
import argparse
import importlib.util
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import _cases
import numpy as np
from _samples import KEYPOINTS, SAMPLES, STORE
from kinematics_throughput import Claim, show_claims, title
from readers_fuzz import reader_of

from kinematics import readers, store
from kinematics.motion import Motion
from kinematics.movement import measurement
from kinematics.readers import archives, bvh, bvh_text, native

FRAMES = 300
STORED_CLIPS = 4096
QUICK_CLIPS = 512
TURNS = 7
QUICK_TURNS = 2


@dataclass(frozen=True, kw_only=True)
class Row:
    """One kind of file: how long it takes to read one, and NumPy to load its bytes."""

    name: str
    size_bytes: int
    seconds: float
    loaded_s: float
    """`np.load` of every array where NumPy can open the file, else `np.fromfile` of its bytes."""

    def show(self) -> "Row":
        print(
            f"{self.name:<28}{self.size_bytes / 1e3:>9.1f}{self.seconds * 1e6:>11.1f}"
            f"{self.size_bytes / self.seconds / 1e6:>9.1f}{self.loaded_s * 1e6:>11.1f}"
            f"{self.loaded_s / self.seconds:>8.2f}",
            flush=True,
        )
        return self


def files_of(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())


def loaded(path: Path) -> list[np.ndarray]:
    """The bytes of a file or folder as NumPy loads them."""
    arrays = []
    for file in files_of(path):
        try:
            held = np.load(file, allow_pickle=False)
        except (ValueError, EOFError, OSError):
            arrays.append(np.fromfile(file, np.uint8))
        else:
            if isinstance(held, np.ndarray):
                arrays.append(held)
            else:
                with held:
                    arrays += [held[name] for name in held.files]
    return arrays


def raw(path: Path) -> Callable[[], object]:
    """How NumPy loads the path, decided beforehand: a failed attempt is not its time."""
    numpy_files = (b"PK\3\4", b"\x93NUM")
    if all(file.read_bytes()[:4] in numpy_files for file in files_of(path)):
        return partial(loaded, path)
    return lambda: [np.fromfile(file, np.uint8) for file in files_of(path)]


def each_format(folder: Path, *, turns: int) -> list[Row]:
    """A table of all formats, one 300-frame sample of each kind of file after another."""
    title(f"One file of {FRAMES} frames, through readers.read")
    print(f"{'':<28}{'kB':>9}{'us':>11}{'MB/s':>9}{'NumPy us':>11}{'ratio':>8}")
    rows = []
    for name, make in SAMPLES.items():
        if name == STORE:
            continue
        read = readers.read_keypoints if name == KEYPOINTS else reader_of(name, direct=False)
        (home := folder / "formats" / name.replace("/", "_")).mkdir(parents=True)
        for path in make(home, FRAMES):
            best = _clock.race(
                {"ours": partial(read, path), "NumPy": raw(path)}, turns=turns, wall=False
            )
            size = sum(file.stat().st_size for file in files_of(path))
            kind = path.suffix or "folder"
            row = Row(
                name=f"{name} ({kind})", size_bytes=size, seconds=best["ours"],
                loaded_s=best["NumPy"],
            )  # fmt: skip
            rows.append(row.show())
    return rows


def rigs(folder: Path, *, turns: int) -> tuple[list[Claim], dict]:
    """A BVH file: its text, the whole motion, and the text through the public parser `bvh`."""
    title(f"One BVH file of {FRAMES} frames")
    if importlib.util.find_spec("bvh") is None:
        print("no peer: pip install bvh==0.3")
        return [], {}
    import bvh as peer

    (home := folder / "rigs").mkdir()
    path = SAMPLES["BVH"](home, FRAMES)[0]
    best = _clock.race(
        {
            "bvh 0.3, the text": lambda: peer.Bvh(path.read_text()),
            "bvh_text.parse, the text": lambda: bvh_text.parse(path),
            "bvh.read, a checked Motion": partial(bvh.read, path),
        },
        turns=turns,
        wall=False,
    )
    reference_s = best["bvh 0.3, the text"]
    for name, seconds in best.items():
        print(f"{name:<34}{seconds * 1e6:>9.1f} us{reference_s / seconds:>8.2f} x bvh")
    over = reference_s / best["bvh_text.parse, the text"]
    return [Claim(name="BVH: text over the parser bvh", value=over, gate=5, reach=8)], best


def small_archives(folder: Path, motion: Motion, *, turns: int) -> tuple[list[Claim], dict]:
    """A stored archive of one clip: its arrays, the checked motion, and the store beside it."""
    title(f"One root-only clip of {FRAMES} frames in a stored .npz")
    path = folder / "clip.npz"
    motion.save(path)
    names = tuple(archives.layouts(path))
    best = _clock.race(
        {
            "np.load, every array": partial(loaded, path),
            "archives.load_arrays": partial(archives.load_arrays, path, names=names),
            "native.read, a checked Motion": partial(native.read, path),
            "readers.read, with recognition": partial(readers.read, path),
            "Motion.from_arrays alone": lambda: Motion.from_arrays(
                orientations_wxyz=motion.orientations_wxyz,
                positions_m=motion.positions_m,
                times_s=motion.times_s,
                observed=motion.observed,
            ),
        },
        turns=turns,
        wall=False,
    )
    reference_s = best["np.load, every array"]
    for name, seconds in best.items():
        print(f"{name:<34}{seconds * 1e6:>9.1f} us{reference_s / seconds:>8.2f} x np.load")
    claims = [
        Claim(
            name="stored npz: arrays over np.load",
            value=reference_s / best["archives.load_arrays"], gate=4, reach=8,
        ),
        Claim(
            name="stored npz: checked motion over np.load",
            value=reference_s / best["native.read, a checked Motion"], gate=1, reach=2,
        ),
    ]  # fmt: skip
    return claims, best


def packed(folder: Path, motions: Sequence[Motion], *, turns: int) -> tuple[list[Claim], dict]:
    """Clips of a store: read for the first time, again, and beside `np.load` of as many files."""
    title(f"{len(motions)} root-only clips of {FRAMES} frames in a packed store")
    path = folder / "corpus"
    written_s = _clock.once(lambda: store.write(motions, path)) / len(motions)
    few = motions[:64]
    for number, motion in enumerate(few):
        motion.save(folder / f"{number}.npz")
    opened, clips = store.read(path), len(motions)

    def first() -> None:
        for _ in store.read(path):
            pass

    def again() -> None:
        for number in range(clips):
            opened[number]

    again()
    best = _clock.race(
        {
            "open": lambda: store.read(path),
            "first": first,
            "again": again,
            "np.load": lambda: [loaded(folder / f"{number}.npz") for number in range(len(few))],
            "verify": lambda: store.read(path).verify(),
        },
        turns=turns,
        wall=False,
    )
    best["first"] = (best["first"] - best["open"]) / clips
    best |= {"again": best["again"] / clips, "verify": best["verify"] / clips}
    best |= {"np.load": best["np.load"] / len(few), "write": written_s}
    size = store.read(path).size_bytes / clips
    print(f"{size:,.0f} bytes a clip; the store opens in {best['open'] * 1e3:.2f} ms")
    for name, seconds in best.items():
        if name != "open":
            print(f"{name:<10}{seconds * 1e6:>9.2f} us a clip")
    claims = [
        Claim(
            name="store: us a clip, checksum included", value=best["first"] * 1e6, gate=10,
            reach=5, at_most=True,
        ),
        Claim(
            name="store: us a clip, read again", value=best["again"] * 1e6, gate=10, reach=5,
            at_most=True,
        ),
        Claim(
            name="store: first read over np.load", value=best["np.load"] / best["first"], gate=20,
            reach=40,
        ),
    ]  # fmt: skip
    return claims, best


def end_to_end(folder: Path, motions: Sequence[Motion], *, turns: int) -> tuple[list[Claim], dict]:
    """`measure_all` of a store, of the same motions in memory, and of as many files."""
    title(f"measure_all of {len(motions)} clips, root only")
    store.write(motions, folder / "measured")
    (folder / "files").mkdir()
    paths = [folder / "files" / f"{number:05d}.npz" for number in range(len(motions))]
    for path, motion in zip(paths, motions, strict=True):
        motion.save(path)

    def run(source: Callable[[], object]) -> Callable[[], object]:
        return lambda: sum(1 for _ in measurement.measure_all(source()))

    best = _clock.race(
        {
            "in memory": run(lambda: motions),
            "from the store": run(lambda: store.read(folder / "measured")),
            "from files": run(lambda: (m for path in paths for m in readers.read(path))),
        },
        turns=turns,
        wall=False,
    )
    for name, seconds in best.items():
        print(
            f"{name:<16}{len(motions) / seconds:>9,.0f} clips/s"
            f"{seconds / len(motions) * 1e6:>9.1f} us a clip"
        )
    share = best["in memory"] / best["from the store"]
    gain = best["from files"] / best["from the store"]
    claims = [
        Claim(name="measure_all: store over in memory", value=share, gate=0.85, reach=0.95),
        Claim(name="measure_all: store over npz files", value=gain, gate=1.5, reach=3),
    ]
    return claims, best


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few clips, well under a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here too")
    options = parser.parse_args()
    cores = _clock.cores()
    _clock.pin(cores[-1] if cores else None)
    environment = _clock.environment()
    print("\n".join(f"{name:<12}{value}" for name, value in environment.items()))
    turns = QUICK_TURNS if options.quick else TURNS
    clips = QUICK_CLIPS if options.quick else STORED_CLIPS
    motions = [
        replace(motion, observed=np.array(motion.observed))
        for motion in _cases.corpus(clips, joints=False)
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = each_format(folder, turns=turns)
        parts = {
            "rigs": rigs(folder, turns=turns),
            "small_archives": small_archives(folder, motions[0], turns=turns),
            "packed": packed(folder, motions, turns=turns),
            "end_to_end": end_to_end(folder, motions[: max(clips // 4, 512)], turns=turns),
        }
    claims = [claim for found, _ in parts.values() for claim in found]
    show_claims(claims)
    if options.json is not None:
        content = {
            "environment": environment,
            "rows": [asdict(row) for row in rows],
            "figures": {key: figures for key, (_, figures) in parts.items()},
            "claims": [{**asdict(claim), "verdict": claim.verdict} for claim in claims],
        }
        options.json.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
