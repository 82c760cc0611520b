"""The whole road once: motions to certified questions, videos, answers, scores and a report.

Nothing happens here that the commands do not do; each is printed before it runs, so that the demo
is also a list of what to type.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kinematics import output

MARK = "demo.json"
"""Lies in a folder that a demo wrote, which the next one may clear."""

CLIPS = 200
CLEARED = ("motions", "questions", "report", "videos")
"""Folders of a demo that the next one removes, beside the runs of its answerers."""

ANSWERERS = ("chance", "blind", "oracle", "noisy:wham_emdb")
_SHOWN_PATHS = 3


@dataclass(frozen=True, kw_only=True)
class Step:
    """One command, and what it is for."""

    about: str
    command: tuple[str, ...]

    @property
    def line(self) -> str:
        """The command as one would type it; many paths in a row are cut short.

        >>> Step(about="", command=("mllm", "render", "a.npz", "b.npz", "--size", "96")).line
        'mllm render a.npz b.npz --size 96'
        """
        words = list(self.command)
        paths = [place for place, word in enumerate(words) if word.endswith(".npz")]
        if len(paths) > _SHOWN_PATHS:
            words[paths[1] : paths[-1]] = ["..."]
        return shlex.join(words).replace("'...'", "...")


@dataclass(frozen=True, kw_only=True)
class Demo:
    """What is made where."""

    out: Path
    motions: Path | None = None
    """The user's own, a folder or a packed store; none for synthetic ones."""
    clips: int = CLIPS
    copies: int = 64
    size_px: int = 192
    workers: int = 2

    @property
    def source(self) -> Path:
        """The folder or packed store of motions that everything is made from."""
        return self.out / "motions" if self.motions is None else self.motions

    @property
    def questions(self) -> Path:
        """The data set."""
        return self.out / "questions"

    @property
    def report(self) -> Path:
        """The page to open."""
        return self.out / "report" / "index.html"

    @property
    def bars(self) -> Path:
        """The picture of the scores."""
        return self.out / "scores.png"

    @property
    def figure(self) -> Path:
        """The picture of the data set."""
        return self.out / "questions.png"

    def run_of(self, answerer: str) -> Path:
        """The folder of somebody's answers."""
        return self.out / "runs" / answerer.partition(":")[0]

    @property
    def seen(self) -> str:
        """The side of the split that is filmed and asked: all of it when nothing was held back."""
        manifest = json.loads((self.questions / "manifest.json").read_bytes())
        return "test" if manifest["splits"]["test"]["questions"] else "all"


def making(demo: Demo) -> list[Step]:
    """The steps up to the data set and its audit."""
    steps = []
    if demo.motions is None:
        steps.append(
            Step(
                about=f"{demo.clips} motions whose true events are known",
                command=("kinematics", "synth", f"{demo.source}", "--clips", f"{demo.clips}"),
            )
        )
    return [
        *steps,
        Step(
            about="questions whose answers survive a tracker's errors and that need the video",
            command=(
                "qagen", "build", f"{demo.source}", f"{demo.questions}", "--per-task", "2",
                "--certify", "0.95", "--error-model", "prompthmr_emdb",
                "--copies", f"{demo.copies}", "--max-blind", "0.03", "--val", "0.1",
                "--test", "0.2", "--workers", f"{demo.workers}",
            ),
        ),
        Step(
            about="what the data set holds",
            command=("qagen", "stats", f"{demo.questions}", "--out", f"{demo.figure}"),
        ),
        Step(
            about="models that see no video try to answer",
            command=("qagen", "audit", f"{demo.questions}", "--json", f"{demo.out}/audit.json"),
        ),
    ]  # fmt: skip


def answering(demo: Demo) -> list[Step]:
    """The steps from the data set on: videos, answers, scores and the page."""
    seen = demo.seen
    runs = [demo.run_of(answerer) for answerer in ANSWERERS]
    told = [word for run in runs for word in ("--predictions", f"{run}")]
    return [
        Step(
            about=f"videos of the clips that are asked about ({seen})",
            command=(
                "mllm", "render", *_filmed(demo, seen), f"{demo.out}/videos",
                "--size", f"{demo.size_px}", "--workers", f"{demo.workers}",
            ),
        ),
        *(
            Step(
                about=f"answers: {answerer}",
                command=(
                    "mllm", "evaluate", f"{demo.questions}", "--split", seen,
                    "--answerer", answerer, "--motions", f"{demo.source}", "--out", f"{run}",
                ),
            )
            for answerer, run in zip(ANSWERERS, runs, strict=True)
        ),
        Step(
            about="scores",
            command=(
                "mllm", "score", *map(str, runs), "--bars", f"{demo.bars}",
                "--json", f"{demo.out}/scores.json",
            ),
        ),
        Step(
            about="a page to browse all of it",
            command=(
                "qagen", "report", f"{demo.questions}", "--motions", f"{demo.source}",
                "--videos", f"{demo.out}/videos", *told, "--audit", f"{demo.out}/audit.json",
                "--out", f"{demo.report.parent}",
            ),
        ),
    ]  # fmt: skip


def _filmed(demo: Demo, seen: str) -> list[str]:
    """What is filmed: the files of the clips that are asked about, or those clips of a store."""
    from kinematics import store
    from qagen.dataset import layout

    if store.recognise(demo.source):
        return [f"{demo.source}", "--questions", f"{demo.questions}", "--split", seen]
    clips = layout.clips(demo.questions)
    return sorted({str(demo.source / clip.source) for clip in clips if seen in (clip.split, "all")})


def prepare(demo: Demo) -> None:
    """Clears what an earlier demo left; refuses a folder that no demo wrote."""
    out = demo.out
    inputs = [] if demo.motions is None else [demo.motions]
    output.check_folder(out, own=(out / MARK).is_file(), command="mllm demo", inputs=inputs)
    if demo.motions is not None and not demo.motions.is_dir():
        raise ValueError(
            f"{demo.motions}: expected a folder of motion files, or a store of `kinematics pack`"
        )
    for path in (*(out / name for name in CLEARED), *map(demo.run_of, ANSWERERS)):
        shutil.rmtree(path, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    (out / MARK).write_text(json.dumps({"clips": demo.clips, "copies": demo.copies}) + "\n")


def carry_out(
    steps: Sequence[Step], *, cache: Path, say: Callable[[str], None]
) -> list[tuple[Step, float]]:
    """Runs the steps one after another; gives the seconds that each took.

    Compiled code is kept in `cache`, so that no step compiles what another did. Raises `OSError`
    when a command fails; what it said is on the terminal.
    """
    kept = {
        "JAX_COMPILATION_CACHE_DIR": str(cache.absolute()),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    environment = {**kept, **os.environ}
    taken = []
    for step in steps:
        say(f"\n{step.about}\n$ {step.line}")
        began_s = time.monotonic()
        module, *options = step.command
        done = subprocess.run([sys.executable, "-m", module, *options], env=environment)
        taken.append((step, time.monotonic() - began_s))
        if done.returncode:
            raise OSError(f"`{module} {options[0]}` failed with exit code {done.returncode}")
    return taken
