"""The answers of every rule about many clips, written to a file, or held equal to such a file.

For changes that must not change an answer: write with the old code, compare with the new.

    python benchmarks/answer_snapshot.py facts out/facts.jsonl
    python benchmarks/answer_snapshot.py write out/facts.jsonl out/answers.jsonl
    python benchmarks/answer_snapshot.py compare out/facts.jsonl out/answers.jsonl

`facts` measures 300 synthetic clips and, where the folder exists, recorded ones, in every frame of
reference; some clips are seen only in part. `write` and `compare` ask about facts alone, once all
there is and once drawn. `tests/qagen/test_snapshot.py` holds a small snapshot the same way.
"""

import argparse
import gzip
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from kinematics import facts as facts_of
from kinematics import readers, synthetic
from kinematics.errors import perturb
from kinematics.errors.error_models import PRESETS
from kinematics.facts import Frame, MotionFacts
from kinematics.motion import Motion
from kinematics.movement import measurement
from qagen.rules import generate
from qagen.schema.question import Candidate, Rejection

FRAMES: tuple[Frame, ...] = ("first_heading", "body", "camera")
DRAWN = (2, 6)
"""How many questions of a category are drawn, beside all of them."""


def motions(clips: int, recorded: Path | None) -> Iterator[Motion]:
    """Synthetic clips, every fifth with a tracker's errors and gaps, then recorded ones."""
    for number, performance in enumerate(synthetic.corpus(clips, seed=17)):
        motion = performance.motion
        if number % 5 == 4:
            errors = msgspec.structs.replace(PRESETS["wham_emdb"], gaps_per_min=6.0)
            motion = next(iter(perturb.copies(motion, errors, count=1, seed=number)))
        yield motion
    if recorded is not None:
        for path in readers.find([recorded]):
            try:
                yield from readers.read(path)
            except ValueError:
                continue  # 2D keypoints and tables are no motions


def filmed(motion: Motion) -> Motion:
    """The motion with a camera that stands behind the world's origin and looks along +Z."""
    import equinox as eqx

    return eqx.tree_at(
        lambda one: (one.camera_orientations_wxyz, one.camera_positions_m),
        motion,
        (
            np.tile(np.float32([0.0, 1.0, 0.0, 0.0]), (motion.frames, 1)),
            np.tile(np.float32([0.5, 1.0, -4.0]), (motion.frames, 1)),
        ),
        is_leaf=lambda leaf: leaf is None,
    )


def measured(clips: int, recorded: Path | None) -> Iterator[MotionFacts]:
    """Facts of all motions in every frame of reference."""
    every = [filmed(motion) for motion in motions(clips, recorded)]
    for frame in FRAMES:
        yield from measurement.measure_all(every, frame=frame)


def answer(item: Candidate | Rejection) -> dict[str, Any]:
    """All that a rule says of one ask, as plain data; the ask itself by its fields."""
    row: dict[str, Any] = {
        "ask": msgspec.to_builtins(item.ask),
        "category": item.category,
        "family": item.family,
    }
    if isinstance(item, Rejection):
        return row | {"reason": item.reason}
    return row | {
        "options": [[option.text, option.code] for option in (item.key, *item.distractors)],
        "evidence": msgspec.to_builtins(item.evidence),
        "margin": msgspec.to_builtins(item.margin),
        "words": list(item.words()),
    }


def answers(facts: MotionFacts) -> Iterator[dict[str, Any]]:
    """What is answered about one clip: everything, then what is drawn."""
    found, rejections = generate.candidates(facts, seed=3)
    who = {"clip": facts.clip, "person": facts.person, "frame": facts.frame}
    yield who | {"drawn": 0, "answers": [answer(one) for one in (*found, *rejections)]}
    for wanted in DRAWN:
        drawn = generate.drawn(facts, wanted=wanted, seed=3)
        every = [answer(one) for one in (*drawn.candidates, *drawn.rejections)]
        yield who | {"drawn": wanted, "sound": drawn.sound, "answers": every}


def snapshot(every: Iterable[MotionFacts]) -> Iterator[bytes]:
    """One line for each clip, frame of reference and way of drawing."""
    for facts in every:
        for row in answers(facts):
            yield msgspec.json.encode(row) + b"\n"


def differences(old: bytes, new: bytes) -> Iterator[str]:
    """Where two lines of a snapshot differ, ask by ask."""
    then, now = msgspec.json.decode(old), msgspec.json.decode(new)
    where = f"{then['clip']}, {then['frame']}, drawn {then['drawn']}"
    for one, other in itertools.zip_longest(then["answers"], now["answers"]):
        if one != other:
            yield f"{where}:\n  old {one}\n  new {other}"


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["facts", "write", "compare"])
    parser.add_argument("facts", type=Path)
    parser.add_argument("answers", type=Path, nargs="?")
    parser.add_argument("--clips", type=int, default=300)
    parser.add_argument("--recorded", type=Path, default=None)
    parser.add_argument("--show", type=int, default=5, help="how many differences are printed")
    given = parser.parse_args()
    if given.action == "facts":
        count = facts_of.write(given.facts, measured(given.clips, given.recorded))
        print(f"{given.facts}: {count} facts")
        return
    lines = snapshot(facts_of.read(given.facts))
    if given.action == "write":
        with gzip.open(given.answers, "wb", compresslevel=1) as file:
            print(f"{given.answers}: {sum(bool(file.write(line)) for line in lines)} lines")
        return
    count = different = 0
    with gzip.open(given.answers, "rb") as file:
        for old, new in itertools.zip_longest(file, lines, fillvalue=b"{}"):
            count += 1
            if old == new:
                continue
            different += 1
            if different <= given.show:
                print("\n".join(itertools.islice(differences(old, new), 3)))
    print(f"{count} lines compared, {different} differ")
    raise SystemExit(different > 0)


if __name__ == "__main__":
    main()
