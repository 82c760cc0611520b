"""How fast clips are judged by what their people do, and how well, on clips whose truth is known.

Speed: tracklets, travel and affine residual (stages action and camera) of many clips in batches,
beside a loop of `numpy.linalg.lstsq`, one fit a step, on the same core. Quality: precision and
recall of the paper's rule and of the rule that knows the background.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

import _clock
import _filmed
import numpy as np

from kinematics.curation import judge, movement
from kinematics.curation.limits import Limits
from kinematics.curation.movement import Scene

FRAMES, TURNS = 16, 5
PEOPLE = (1, 2, 5)
DETECTIONS = 200_000


def scenes(count: int, people: int, *, seed: int = 0) -> list[Scene]:
    """People who walk about, far enough apart to be told from each other."""
    draw = np.random.default_rng(seed)
    pose = draw.uniform(0, [0.12, 0.5], (count, 1, people, 17, 2))
    places = (np.arange(people)[:, None] + 0.2) / people * [1.0, 0.0] + [0.0, 0.2]
    wander = draw.normal(scale=0.01, size=(count, FRAMES, people, 1, 2)).cumsum(axis=1)
    swing = draw.normal(scale=0.02, size=(count, FRAMES, people, 17, 2))
    points = (pose + places[:, None] + wander + swing).astype(np.float32)
    boxes = np.concatenate([points.min(axis=3), points.max(axis=3)], axis=-1)
    return [Scene(*pair) for pair in zip(points, boxes, strict=True)]


def one_at_a_time(scene: Scene, least_overlap: float) -> tuple[np.ndarray, np.ndarray]:
    """Travel and residual as a script writes them: boxes in a loop, one least squares a step."""
    frames, people = scene.boxes.shape[:2]
    travel, residual = np.zeros((frames, people)), np.zeros((frames, people))
    for frame in range(1, frames):
        pairs = sorted(
            (
                (-_overlap(before, after), i, j)
                for i, before in enumerate(scene.boxes[frame - 1])
                for j, after in enumerate(scene.boxes[frame])
            )
        )
        taken: tuple[set[int], set[int]] = set(), set()
        for overlap, i, j in pairs:
            if -overlap < least_overlap or i in taken[0] or j in taken[1]:
                continue
            taken[0].add(i)
            taken[1].add(j)
            source, target = scene.keypoints[frame - 1, i], scene.keypoints[frame, j]
            rows = np.hstack([source, np.ones((17, 1))])
            left = np.linalg.lstsq(rows, target, rcond=None)[1]
            travel[frame, j] = np.abs(target - source).sum()
            residual[frame, j] = left.sum()
    return travel, residual


def fits_alone(scene: Scene) -> float:
    """Only the fits, as short as they can be written: each person keeps the place in the list."""
    total = 0.0
    for frame in range(1, len(scene.boxes)):
        for person in range(scene.boxes.shape[1]):
            rows = np.hstack([scene.keypoints[frame - 1, person], np.ones((17, 1), np.float32)])
            left = np.linalg.lstsq(rows, scene.keypoints[frame, person], rcond=None)[1]
            total += float(left.sum())
    return total


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    both = max(width, 0.0) * max(height, 0.0)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return float(both / (areas - both)) if both else 0.0


def speed(detections: int) -> list[dict[str, float]]:
    """One row for each number of people."""
    limits, rows = Limits(), []
    for people in PEOPLE:
        many = scenes(max(1, detections // (FRAMES * people)), people)
        few = many[: max(1, 640 // (FRAMES * people))]
        for scene, found in zip(few, movement.steps(few, limits=limits), strict=True):
            travel, residual = one_at_a_time(scene, limits.least_overlap)
            np.testing.assert_allclose(found.travel, travel, rtol=1e-4, atol=1e-5)
            np.testing.assert_allclose(found.residual, residual, rtol=1e-3, atol=1e-6)
        stacked = Scene(
            np.stack([one.keypoints for one in many]), np.stack([one.boxes for one in many])
        )
        runs = {
            "batch": lambda stacked=stacked: movement.steps_of_batch(stacked, limits=limits),
            "clips": lambda many=many: movement.steps(many, limits=limits),
            "script": lambda few=few: [one_at_a_time(one, limits.least_overlap) for one in few],
            "lstsq": lambda few=few: [fits_alone(one) for one in few],
        }
        best = _clock.race(runs, turns=TURNS, wall=False)
        ours, clips = (len(many) * FRAMES * people / best[name] for name in ("batch", "clips"))
        script, alone = (len(few) * FRAMES * people / best[name] for name in ("script", "lstsq"))
        rows.append(
            {
                "people": people,
                "keypoint_frames": len(many) * FRAMES * people,
                "million_per_s": ours / 1e6,
                "million_per_s_from_clips": clips / 1e6,
                "times_script": ours / script,
                "times_lstsq": ours / alone,
            }
        )
    return rows


def quality(count: int, *, seed: int = 0) -> dict[str, object]:
    """Precision, recall and what was kept of each case, by both rules."""
    # Some of the renderer's cameras stand far off; how large people are is not asked here.
    limits = Limits(least_box_share=0.0)
    filmed = list(_filmed.films(count, seed=seed))
    report: dict[str, object] = {}
    for rule in ("paper", "background"):
        judged = judge.judge([one.clip for one in filmed], rule=rule, limits=limits)
        kept = [one.verdicts[-1].kept and len(one.verdicts) == 4 for one in judged]
        right = sum(k and one.acts for k, one in zip(kept, filmed, strict=True))
        cases = Counter(one.case for k, one in zip(kept, filmed, strict=True) if k)
        report[rule] = {
            "precision": right / max(sum(kept), 1),
            "recall": right / sum(one.acts for one in filmed),
            "kept": {case: cases[case] / count for case in _filmed.CASES},
        }
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer clips")
    parser.add_argument("--seed", type=int, default=0, help="other clips for the quality")
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    options = parser.parse_args()
    allowed = _clock.cores()
    _clock.pin(allowed[0] if allowed else None)
    import jax

    jax.config.update("jax_enable_compilation_cache", False)
    report = {
        "environment": _clock.environment(),
        "speed": speed(DETECTIONS // (4 if options.quick else 1)),
        "quality": quality(10 if options.quick else 60, seed=options.seed),
    }
    print("people  M keypoint frames/s  from clips  x script  x lstsq alone")
    for row in report["speed"]:
        print(
            f"{row['people']:6.0f}  {row['million_per_s']:19.2f}"
            f"  {row['million_per_s_from_clips']:10.2f}  {row['times_script']:8.0f}"
            f"  {row['times_lstsq']:14.0f}"
        )
    for rule, figures in report["quality"].items():
        print(f"\n{rule}: precision {figures['precision']:.3f}, recall {figures['recall']:.3f}")
        for case, share in figures["kept"].items():
            print(f"  kept of {case:<26}{share:6.0%}")
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
