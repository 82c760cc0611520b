"""Does a model learn from the videos? Trained on synthetic clips, asked about clips never seen.

    python benchmarks/learning.py                          # a small video encoder, on one thread
    python benchmarks/learning.py --quick                  # fewer clips and steps: a smoke test
    python benchmarks/learning.py --learner tiny           # a tiny Qwen3-VL, by `mllm finetune`
    python benchmarks/learning.py --json out/learning.json

What was learned is put beside what it could be without the video: the same learner untrained, one
that learned without pictures (blind), and the trained one before footage that does not show what is
asked about: frames in another order, the first frame alone, another clip. Once for clips filmed as
those it learned from, once for a camera that goes around, which it has never met. Scores are those
of `mllm score`: points above chance, their mean over tasks, intervals over clips. Everything
lies in `--folder` and is made once; a run that was stopped goes on. The exit status is 1 when the
trained learner is not surely better than blind.
"""

import argparse
import json
import os
import random
import time
from collections.abc import Sequence
from pathlib import Path

import _lessons
import msgspec
import torch
from _lessons import CONTROLS, Lesson
from _watcher import Plan, Watcher, Watching, learn
from safetensors.torch import load_file, save_file

from mllm.evaluation import evaluate, prompt, runs
from mllm.evaluation.answering import Answerer, Asked
from mllm.evaluation.evaluate import Settings
from mllm.export import samples
from mllm.export.samples import Sample
from mllm.frames import Sampling
from mllm.local import finetune, tiny
from mllm.local.model import Local
from mllm.local.recipe import PARTS, Recipe
from mllm.scores import score
from mllm.scores.score import Score
from qagen.dataset import layout
from qagen.schema.suite import HUMANMOVE, tasks_of

TASKS = tuple(tasks_of([HUMANMOVE]))

FULL = (1000, 160, 6000, 10_000)
QUICK = (48, 24, 60, 200)
"""Clips to learn from, clips to be asked about, steps, questions."""

SEEN = Sampling(max_frames=8, max_pixels=4096)
"""What the tiny model sees."""


def lessons(clips: int, tested: int) -> tuple[Lesson, Lesson, Lesson]:
    """To learn from; the same kind of film with other takes, rooms and clothes; another camera."""
    return (
        Lesson(name="train", clips=clips, seed=1),
        Lesson(name="test", clips=tested, seed=2),
        Lesson(name="orbit", clips=tested, seed=3, camera="orbit"),
    )


def asked(home: Path) -> list[Asked]:
    """All questions of a lesson."""
    return [
        Asked(
            key=row.id, text=prompt.ask(row).text, options=row.options, record=row,
            video=home / "videos" / f"{row.clip}.mp4",
        )
        for _, row in layout.rows(home / "questions")
    ]  # fmt: skip


def watchers(home: Path, folder: Path, steps: int) -> dict[str, Watching]:
    """The small video encoder: untrained, blind, trained."""
    found = {}
    for name, plan in {
        "untrained": Plan(steps=0), "blind": Plan(steps=steps, blind=True),
        "trained": Plan(steps=steps),
    }.items():  # fmt: skip
        path = folder / f"watcher-{name}-{plan.steps}.safetensors"
        if path.is_file():
            watcher = Watcher(plan)
            watcher.load_state_dict(load_file(path))
            watcher.eval()
        else:
            print(f"{name}: {plan.steps} steps", flush=True)
            watcher = learn(asked(home) if plan.steps else [], plan)
            save_file(watcher.state_dict(), path)
        found[name] = Watching(watcher=watcher, plan=plan, name=name)
    return found


def open_ended(one: Sample) -> Sample:
    """The question alone, and the right option's words: easier to learn first than letters."""
    words = one.record.options[one.record.answer_index]
    return one._replace(text=f"Question: {one.record.question}", reply=words)


def tuned(home: Path, folder: Path, steps: int, *, lesson: int = 4000) -> dict[str, Local]:
    """A tiny Qwen3-VL: untrained, blind (trained, without the video), trained in two stages."""
    size = tiny.Size(width=96, layers=3, vision_width=96, words=1536)
    if torch.cuda.is_available():
        size = tiny.Size(width=384, layers=8, heads=6, vision_width=384, vision_layers=6)
    read = list(samples.read(home / "questions", home / "videos", style="letter"))
    rows = [one for one in read if one.record.ask.window == "whole" and not one.record.ask.negated]
    rows = random.Random(0).sample(rows, min(lesson, len(rows)))
    start = folder / "tiny-untrained"
    if not start.is_dir():
        tiny.build(start, [one.text for one in rows[:2000]], size=size)
    stages = [("open", [open_ended(one) for one in rows]), ("letter", rows)]
    now = start
    for name, ones in stages:
        recipe = Recipe(
            parts=PARTS, rank=0, sampling=SEEN, rate=2e-3, batch=16, accumulate=1,
            most_steps=steps // 2,
        )  # fmt: skip
        out = folder / f"tiny-{name}-{steps}"
        if not (out / "model").is_dir():
            ready = finetune.prepare(now, ones, recipe)
            print(finetune.told(ready), flush=True)
            finetune.run(ready, out, resume=(out / finetune.RECIPE).is_file())
        now = out / "model"
    return {
        "untrained": Local(folder=start, name="untrained", max_tokens=2, batch=16),
        "blind": Local(folder=now, name="blind", sees="text", max_tokens=2, batch=16),
        "trained": Local(folder=now, name="trained", max_tokens=2, batch=16),
    }


def results(
    learners: dict[str, Answerer], homes: Sequence[Path], folder: Path, questions: int
) -> dict[str, Score]:
    """The scores of everybody, on the right footage and on some that does not show it."""
    found = {}
    for home in homes:
        shown = {"": home / "videos"}
        shown |= {name: _lessons.footage(home / "videos", home / name, name) for name in CONTROLS}
        for name, learner in learners.items():
            for control, videos in shown.items():
                if control and name != "trained":
                    continue
                title = f"{home.name}: {name}{f', {control} video' if control else ''}"
                out = folder / "runs" / title.replace(": ", "-").replace(", ", "-")
                settings = Settings(split="all", limit=questions, sampling=SEEN, dataset=home.name)
                evaluate.evaluate(
                    home / "questions", out, learner, settings=settings, videos_dir=videos
                )
                found[title] = score.score(runs.read(out))
                print(line(title, found[title]), flush=True)
    return found


def line(title: str, one: Score) -> str:
    """Points and their interval, then the points of each task."""
    parts = [one.tasks.get(name) for name in TASKS]
    each = "".join(f"{part.points:>12.1f}" if part else f"{'–':>12}" for part in parts)
    return f"{title:<32}{one.points:>7.1f} [{one.points_low:>5.1f}, {one.points_high:>5.1f}]{each}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path("out/learning"))
    parser.add_argument("--learner", choices=("watcher", "tiny"), default="watcher")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--steps", type=int, help="instead of the usual number")
    parser.add_argument("--questions", type=int, help="asked of each lesson and learner, at most")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    started_s = time.perf_counter()

    clips, tested, steps, questions = QUICK if options.quick else FULL
    steps, questions = options.steps or steps, options.questions or questions
    taught, *homes = (_lessons.make(one, options.folder) for one in lessons(clips, tested))
    make = tuned if options.learner == "tiny" else watchers
    learners = make(taught, options.folder, steps)
    print(f"{'':<32}{'points':>7} {'95 %':<16}" + "".join(f"{name:>12}" for name in TASKS))
    found = results(learners, homes, options.folder / f"{options.learner}-{steps}", questions)
    better = {
        home.name: found[f"{home.name}: trained"].points_low
        > found[f"{home.name}: blind"].points_high
        for home in homes
    }
    print(f"{time.perf_counter() - started_s:.0f} s, processor {time.process_time():.0f} s, "
          f"load {os.getloadavg()[0]:.1f}")  # fmt: skip
    for name, yes in better.items():
        print(f"{name}: trained is {'surely' if yes else 'NOT surely'} better than blind")
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        content = {"steps": steps, "clips": clips, "scores": msgspec.to_builtins(found)}
        options.json.write_text(json.dumps(content, indent=1) + "\n")
    raise SystemExit(0 if better["test"] else 1)


if __name__ == "__main__":
    main()
