"""How fast videos are made, beside the stick figures that matplotlib draws.

    python benchmarks/render_throughput.py [--quick] [--json FILE]

All contestants of a table take turns on one pinned core and are timed by processor time. Then two
processes film at once, one on each core. Like `kinematics_throughput.py` it reports and does not
judge.
"""

import _clock  # decides the number of threads, so it comes before NumPy and JAX

# isort: split
import argparse
import json
import math
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import _made_body
import numpy as np
from kinematics_throughput import Claim, show_claims, title
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from kinematics import readers, synthetic
from kinematics.motion import Motion
from mllm.render import video
from mllm.render.film import film
from mllm.render.paths import KINDS, CameraKind

SECONDS = 4.0
SIZE_PX = 256
FPS = 16.0
TURNS, QUICK_TURNS = 5, 1
GATE_FPS = 300
GATE_SURFACE_FPS = 30
PEER_FRAMES = 12
MODEL_FINENESS = 19
"""Of the made-up body: about as many faces as SMPL-X has, 20,908."""

BONES = (
    (0, 3, 6, 9, 12, 15), (0, 1, 4, 7, 10), (0, 2, 5, 8, 11),
    (9, 13, 16, 18, 20), (9, 14, 17, 19, 21),
)  # fmt: skip
"""Chains of joints of the 22 of SMPL."""


class Row(NamedTuple):
    """Processor time of one way to make frames."""

    name: str
    frames: int
    seconds: float

    @property
    def frames_per_second(self) -> float:
        return self.frames / self.seconds

    def show(self) -> "Row":
        milliseconds = 1e3 * self.seconds / self.frames
        print(f"{self.name:<40}{milliseconds:>10.2f}{self.frames_per_second:>12.1f}", flush=True)
        return self


def subject() -> Motion:
    script = synthetic.walk(2.0).then(synthetic.turn(math.pi / 2), synthetic.stand(SECONDS))
    return synthetic.perform(script, cut_s=(0.0, 0.0)).motion


def bodily(folder: Path) -> Motion:
    """Somebody who turns about, with a made-up model of as many faces as SMPL-X."""
    model = _made_body.model_file(folder, fine=MODEL_FINENESS)
    frames = round(SECONDS * 30)
    values = np.zeros((frames, 322))
    values[:, 1] = np.linspace(0, 2 * math.pi, frames)
    values[:, 3:66] = 0.3 * np.sin(np.linspace(0, 20, frames))[:, None]
    np.save(folder / "turn.npy", values)
    [motion] = readers.read(folder / "turn.npy", smplx_model=model)
    return motion


def stick_figures(motion: Motion, count: int) -> list[np.ndarray]:
    """A floor and five lines: what scripts of the field draw, to pictures in memory."""
    joints_m = np.asarray(motion.joints_m)
    figure = Figure(figsize=(SIZE_PX / 100, SIZE_PX / 100), dpi=100)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot(projection="3d")
    pictures = []
    for index in np.linspace(0, len(joints_m) - 1, count).astype(int):
        axes.clear()
        axes.set(xlim=(-1.5, 1.5), ylim=(-1.0, 2.5), zlim=(0.0, 2.0))
        floor = np.meshgrid([-1.5, 1.5], [-1.0, 2.5])
        axes.plot_surface(*floor, np.zeros((2, 2)), color="0.8")
        for chain in BONES:
            x, y, z = joints_m[index, list(chain)].T
            axes.plot(x, z, y, linewidth=3.0)
        canvas.draw()
        pictures.append(np.asarray(canvas.buffer_rgba()).copy())
    return pictures


def filmed(motion: Motion, kind: CameraKind, *, size_px: int = SIZE_PX, others: int = 0) -> int:
    made = film([motion], size_px=size_px, fps=FPS, camera=kind, others=others)
    return sum(1 for _ in made.frames())


def written(motion: Motion, kind: CameraKind, path: Path) -> int:
    made = film([motion], size_px=SIZE_PX, fps=FPS, camera=kind)
    return video.write(path, made.frames(), fps=FPS)


def row(name: str, run: Callable[[], int], *, turns: int) -> Row:
    counted: list[int] = []
    times_s = _clock.race({name: lambda: counted.append(run())}, turns=turns, wall=False)
    return Row(name, counted[0], times_s[name]).show()


def one_core(motion: Motion, folder: Path, *, turns: int) -> list[Row]:
    title(f"One core, {SIZE_PX} pixels a side, with scene and camera")
    print(f"{'':<40}{'ms/frame':>10}{'frames/s':>12}")
    path = folder / "clip.mp4"
    rows = [
        row(f"pictures, {kind}", lambda kind=kind: filmed(motion, kind), turns=turns)
        for kind in KINDS
    ]
    rows += [
        row(f"video, {kind}", lambda kind=kind: written(motion, kind, path), turns=turns)
        for kind in KINDS
    ]
    rows.append(
        row("pictures, orbit, 3 people", lambda: filmed(motion, "orbit", others=2), turns=turns)
    )
    rows.append(
        row(
            "pictures, orbit, 128 pixels", lambda: filmed(motion, "orbit", size_px=128), turns=turns
        )
    )
    surfaced = bodily(folder)
    for size_px in (SIZE_PX, 128):
        name = f"pictures, static, a body's surface, {size_px}"
        rows.append(
            row(name, lambda px=size_px: filmed(surfaced, "static", size_px=px), turns=turns)
        )
    peer = "matplotlib: five lines on a floor"
    rows.append(row(peer, lambda: len(stick_figures(motion, PEER_FRAMES)), turns=turns))
    return rows


class Shift(NamedTuple):
    """What one of two processes did."""

    frames: int
    processor_s: float
    start_s: float
    end_s: float


def work(core: int | None, clips: int) -> Shift:
    """Videos of every kind of camera, after one that warms up."""
    _clock.pin(core)
    motion = subject()
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "clip.mp4")
        written(motion, "static", path)
        start_s, processor_s = time.time(), time.process_time()
        frames = sum(written(motion, KINDS[i % len(KINDS)], path) for i in range(clips))
    return Shift(frames, time.process_time() - processor_s, start_s, time.time())


def two_cores(*, clips: int) -> dict[str, float]:
    """Frames a second of two processes that write videos side by side."""
    cores = _clock.cores()[-2:] or [None, None]
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(2) as pool:
        shifts = pool.starmap(work, [(core, clips) for core in (cores * 2)[:2]], chunksize=1)
    span_s = max(shift.end_s for shift in shifts) - min(shift.start_s for shift in shifts)
    figures = {
        "by processor time": sum(shift.frames / shift.processor_s for shift in shifts),
        "by the clock on the wall": sum(shift.frames for shift in shifts) / span_s,
    }
    title("Two processes on two cores, every camera in turn, frames a second with encoding")
    for name, figure in figures.items():
        print(f"{name:<40}{figure:>22.1f}")
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few turns, about half a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here too")
    options = parser.parse_args()
    cores = _clock.cores()
    environment = _clock.environment()
    print("\n".join(f"{name:<12}{value}" for name, value in environment.items()))
    both = two_cores(clips=4 if options.quick else 16)
    _clock.pin(cores[-1] if cores else None)
    with tempfile.TemporaryDirectory() as name:
        turns = QUICK_TURNS if options.quick else TURNS
        rows = one_core(subject(), Path(name), turns=turns)
    slowest = min(rows[: len(KINDS)], key=lambda one: one.frames_per_second)
    ratio = slowest.frames_per_second / rows[-1].frames_per_second
    claims = [
        Claim(
            name="videos on two cores, frames a second",
            value=both["by processor time"], gate=GATE_FPS, reach=1.5 * GATE_FPS,
        ),
        Claim(
            name="pictures of a body's surface, frames a second on one core",
            value=rows[-3].frames_per_second, gate=GATE_SURFACE_FPS, reach=60,
        ),
        Claim(name="slowest pictures over matplotlib's", value=ratio, gate=1, reach=5),
    ]  # fmt: skip
    show_claims(claims)
    if options.json is not None:
        content = {
            "environment": environment,
            "two_cores": both,
            "rows": [one._asdict() for one in rows],
            "claims": [{**asdict(claim), "verdict": claim.verdict} for claim in claims],
        }
        options.json.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
