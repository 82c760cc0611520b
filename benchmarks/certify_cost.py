"""What certification costs: a build with 64 copies of every clip beside a plain one, and the yield.

    python benchmarks/certify_cost.py                     # 60 clips, a few minutes
    python benchmarks/certify_cost.py --clips 200
    python benchmarks/certify_cost.py --json out/trials.json

Reports and does not judge. Builds take turns in one process on one core; everything is compiled
before. The same clips are then tried on copies that nobody certified with.
"""

import argparse
import json
import tempfile
from pathlib import Path

import _clock  # before NumPy and JAX

from kinematics import synthetic
from kinematics.errors import error_models, perturb
from kinematics.movement import batch, measurement
from qagen.build import pipeline
from qagen.certify import trials
from qagen.dataset.layout import Manifest, Recipe
from qagen.rules import generate
from qagen.schema import certificates
from qagen.schema.certificates import Certification
from qagen.study import flip_report, flips

REACH = 10
"""A certified build should take no longer than so many plain ones; 64 would be the naive way."""

STAGE_CLIPS = 12


def title(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}")


def builds(folder: Path, *, clips: int, preset: str, turns: int) -> dict[str, float]:
    """Seconds of a plain build and of a certified one."""
    policy = Certification(model=error_models.PRESETS[preset])
    recipes = {
        "plain": Recipe(),
        "certified": Recipe(certify=policy),
    }
    made: dict[str, Manifest] = {}

    def build(name: str) -> None:
        made[name] = pipeline.build(folder / "motions", folder / name, recipes[name])

    for name in recipes:
        build(name)  # compiles
    runs = {name: (lambda name=name: build(name)) for name in recipes}
    best = _clock.race(runs, turns=turns, wall=False)
    title(f"One core, {clips} clips with joints, {policy.copies} copies of each, {preset}")
    for name, seconds in best.items():
        rows = sum(side.questions for side in made[name].splits.values())
        print(f"{name:<12}{1e3 * seconds / clips:>9.1f} ms a clip{rows:>9,} questions")
    ratio = best["certified"] / best["plain"]
    print(f"{'ratio':<12}{ratio:>9.1f}x   reach for {REACH}x; {policy.copies} builds would be 64x")
    title("Yield: sound questions that are certified")
    for task, one in made["certified"].certified.items():
        share = one.certified / one.asked if one.asked else 0.0
        margin = f"{one.by_margin:>6,} by margin"
        print(f"{task:<12}{one.asked:>8,}{one.certified:>8,}{share:>8.1%}{margin}")
    return {"plain_s": best["plain"], "certified_s": best["certified"], "ratio": ratio}


def stages(preset: str, *, turns: int) -> dict[str, float]:
    """Milliseconds a clip of what certification does."""
    model = error_models.PRESETS[preset]
    motions = [one.motion for one in synthetic.corpus(STAGE_CLIPS, seed=0)]
    sampled = [batch.sampled(motion) for motion in motions]
    facts = list(measurement.measure_all(motions))
    asked = [generate.ask_all(one)[0] for one in facts]
    copies = [copy for one in sampled for copy in perturb.copies(one, model)]
    measured = list(measurement.measure_all(copies))
    read = [trials.clip_of(one) for one in measured]
    of_clip = [(read[64 * n : 64 * n + 64], questions) for n, questions in enumerate(asked)]
    runs = {
        "64 copies made": lambda: [perturb.copies(one, model) for one in sampled],
        "64 copies measured": lambda: list(measurement.measure_all(copies)),
        "their movements read": lambda: [trials.clip_of(one) for one in measured],
        "all questions asked of all": lambda: [
            [trials.answers_of(some, one) for one in questions] for some, questions in of_clip
        ],
    }
    best = _clock.race(runs, turns=turns, wall=False)
    title("Milliseconds a clip, nothing left out early")
    for name, seconds in best.items():
        print(f"{name:<28}{1e3 * seconds / STAGE_CLIPS:>8.1f}")
    return best


def held_back(folder: Path, preset: str) -> dict[str, float]:
    """How many answers flip on copies with other seeds, before and after certification."""
    policy = Certification(model=error_models.PRESETS[preset])
    found = flips.study(folder / "motions", None, flips.Study(policy=policy))
    title(f"Answers that flip under {found.errors}")
    print(f"{'':<12}{'all':>8}{'95 % to':>9}{'certified':>11}{'95 % to':>9}{'kept':>7}")
    for row in (*found.tasks, found.total):
        both = f"{row.all.share:>8.2%}{row.all.high:>9.2%}{row.certified.share:>11.2%}"
        print(f"{row.name:<12}{both}{row.certified.high:>9.2%}{row.kept:>7.0%}")
    worst = max(row.certified.share for row in found.tasks)
    bound = certificates.lower_bound(policy.copies, policy.copies)
    print(f"none of {policy.copies} copies may flip, which promises {bound:.1%} at 95 % confidence")
    flip_report.write(found, folder / "report")
    return {"all": found.total.all.share, "certified": found.total.certified.share, "worst": worst}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=60)
    parser.add_argument("--preset", default="prompthmr_emdb", choices=error_models.PRESETS)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    _clock.pin(_clock.cores()[-1] if _clock.cores() else None)
    report: dict[str, object] = {"environment": _clock.environment()}
    for name, value in report["environment"].items():  # type: ignore[attr-defined]
        print(f"{name:<10} {value}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "motions").mkdir()
        for one in synthetic.corpus(arguments.clips, seed=0):
            one.motion.save(folder / "motions" / f"{one.motion.source.clip}.npz")
        report["builds"] = builds(
            folder, clips=arguments.clips, preset=arguments.preset, turns=arguments.turns
        )
        report["stages"] = stages(arguments.preset, turns=arguments.turns)
        report["held_back"] = held_back(folder, arguments.preset)
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
