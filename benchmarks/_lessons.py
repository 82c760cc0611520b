"""Short motions, their videos and the questions about them, for a model that learns from nothing.

One or two movements a clip, each 3 to 7 s long, so that few frames show everything. Learners and
examiners never share a performance, a seed, an outfit, a scene or a place of the camera.
"""

import math
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kinematics import synthetic
from kinematics.motion import Motion
from kinematics.readers import native
from kinematics.synthetic import Script, generator
from mllm.render import video
from mllm.render.folder import Options, render_all
from mllm.render.paths import CameraKind

SIZE_PX = 64

FPS = 4.0

CONTROLS = ("shuffled", "still", "wrong")


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """One set of clips with its videos and questions."""

    name: str
    clips: int
    seed: int
    camera: CameraKind = "static"


def _side(draw: np.random.Generator) -> float:
    return 1.0 if draw.random() < 0.5 else -1.0


_KINDS: tuple[Callable[[np.random.Generator], Script], ...] = (
    lambda draw: synthetic.walk(draw.uniform(1.2, 3.0), speed_mps=draw.uniform(0.8, 1.4)),
    lambda draw: synthetic.walk_backward(draw.uniform(1.0, 2.0), speed_mps=draw.uniform(0.6, 1.0)),
    lambda draw: synthetic.sidestep(draw.uniform(0.8, 1.6), to="left", speed_mps=0.7),
    lambda draw: synthetic.sidestep(draw.uniform(0.8, 1.6), to="right", speed_mps=0.7),
    lambda draw: synthetic.turn(_side(draw) * math.radians(draw.choice([90, 135, 180]))),
    lambda draw: synthetic.jump(draw.uniform(0.25, 0.45)),
    lambda draw: synthetic.crouch(draw.uniform(0.3, 0.45), hold_s=0.5),
    lambda draw: synthetic.bow(math.radians(draw.uniform(50, 80)), hold_s=0.6),
)


def motions(lesson: Lesson) -> Iterator[Motion]:
    """The clips of a lesson; clip `i` depends on the seed and `i` alone."""
    for index in range(lesson.clips):
        draw = generator("lessons", lesson.seed, index)
        parts = [_KINDS[index % len(_KINDS)](draw)]
        if draw.random() < 0.6:
            parts.append(_KINDS[draw.integers(len(_KINDS))](draw))
            if draw.random() < 0.5:
                parts.reverse()
        script = synthetic.stand(draw.uniform(0.3, 0.6))
        for part in parts:
            script = script.then(part, synthetic.pause(draw.uniform(0.6, 0.9)))
        yield synthetic.perform(
            script,
            fps=20.0,
            seed=int(draw.integers(2**31)),
            start_heading_rad=draw.uniform(-math.pi, math.pi),
            clip=f"{lesson.name}_{index:05d}",
        ).motion


def make(lesson: Lesson, folder: Path) -> Path:
    """Writes `motions`, `videos` and `questions` of a lesson; what is there is kept."""
    home = folder / lesson.name
    made = home / "motions"
    if not (home / "done").is_file():
        made.mkdir(parents=True, exist_ok=True)
        everyone = list(motions(lesson))
        for motion in everyone:
            native.write(motion, made / f"{motion.source.clip}.npz")
        ask(made, home / "questions")
        options = Options(
            size_px=SIZE_PX, fps=FPS, camera=lesson.camera, seed=lesson.seed, things=2
        )
        lost = [
            one.problem for one in render_all(everyone, home / "videos", options) if one.problem
        ]
        if lost:
            raise RuntimeError("; ".join(lost[:3]))
        (home / "done").touch()
    return home


def ask(motions: Path, out: Path) -> None:
    """Builds the questions as anybody would; a lesson is one side as a whole."""
    command = [sys.executable, "-m", "qagen", "build", str(motions), str(out)]
    subprocess.run([*command, "--val", "0", "--test", "0"], check=True)


def footage(videos: Path, out: Path, control: str) -> Path:
    """Videos of the same names that do not show what is asked about; what is there is kept.

    `shuffled` has the frames in another order, `still` the first frame alone, `wrong` shows
    another clip.
    """
    names = sorted(path.name for path in videos.glob("*.mp4"))
    ring = generator("wrong", videos.parent.name).permutation(names).tolist()
    next_of = dict(zip(ring, ring[1:] + ring[:1], strict=True))  # kinds follow one another in names
    out.mkdir(parents=True, exist_ok=True)
    for name in names:
        if (out / name).exists():
            continue
        if control == "wrong":
            shutil.copyfile(videos / next_of[name], out / name)
            continue
        pictures = video.read(videos / name)
        if control == "shuffled":
            order = generator("shuffled", name).permutation(len(pictures))
        else:
            order = np.zeros(len(pictures), dtype=int)
        solid = np.full((*pictures.shape[:3], 1), 255, np.uint8)
        video.write(out / name, list(np.concatenate([pictures, solid], axis=3)[order]), fps=FPS)
    return out
