"""A suite that only tests know: seven options, and free text, beside a task of `humanmove`.

Its questions are made by hand and go through chunks and `merge` as those of any rule do.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from kinematics import synthetic
from kinematics.facts import MotionFacts
from qagen import draws
from qagen.build import chunks, merge, select
from qagen.build.chunks import Chunk, Columns, Plan
from qagen.build.select import Kind
from qagen.dataset import layout
from qagen.dataset.layout import Recipe
from qagen.rules import generate
from qagen.schema.question import Ask, Evidence, Margin
from qagen.schema.record import NO_OPTION, Record
from qagen.schema.suite import HUMANMOVE, Suite, Task
from qagen.verify.remeasure import derive

TOY = Suite(
    name="toy",
    tasks=(
        Task(name="limb", options=7, title="Which limb"),
        Task(name="story", options=0, scoring="text"),
    ),
)

LIMBS = ("left arm", "right arm", "left leg", "right leg", "head", "trunk", "left hand")

CLIPS = 42

STORY_EVERY = 3


@pytest.fixture(scope="session")
def suite() -> Suite:
    return TOY


@pytest.fixture(scope="session")
def measured() -> list[MotionFacts]:
    """The same walk under many names; nobody compares the tracks of these clips."""
    walk = derive.facts_of(synthetic.perform(synthetic.walk(3.0)).motion)
    names = [f"c{number:02}" for number in range(CLIPS)]
    return [msgspec.structs.replace(walk, clip=name, take=name, path="") for name in names]


def _row(facts: MotionFacts, ask: Ask, **fields: object) -> Record:
    made = {
        "clip": facts.clip, "person": facts.person, "take": facts.take, "subject": "", "group": "",
        "source": "", "descriptor": "", "suite": TOY.name, "frame": facts.frame,
        "end_s": facts.duration_s, "ask": ask, "margin": Margin(value=2.0, unit="m", band=0.5),
        "evidence": (Evidence(what="made", value=2.0, unit="m", start_s=0.0, end_s=1.0),),
        "thresholds": facts.thresholds, "rules": "",
    }  # fmt: skip
    return Record(**(made | fields))  # type: ignore[arg-type]


def _questions(facts: MotionFacts, number: int) -> Iterator[Record]:
    """One about limbs, a story now and then, and whether the person jumps."""
    right = number % len(LIMBS)
    turn = number % 5  # which letter is right
    order = [(place + turn) % len(LIMBS) for place in range(len(LIMBS))]
    yield _row(
        facts, Ask(rule="toy_limb"), task="limb", family="amount",
        question="Which limb does the person move most?",
        options=tuple(LIMBS[place] for place in order),
        option_codes=tuple(LIMBS[place].replace(" ", "_") for place in order),
        answer_index=order.index(right), chance=1 / 7, reasoning=(f"It is the {LIMBS[right]}.",),
    )  # fmt: skip
    if number % STORY_EVERY == 0:
        yield _row(
            facts, Ask(rule="toy_story"), task="story", family="whole",
            question="What does the person do?", options=(), option_codes=(),
            answer_index=NO_OPTION, chance=0.0, reasoning=(), people=(0, 1),
            reference=f"The person moves the {LIMBS[right]}.",
            claims=(f"moves the {LIMBS[right]}", "one person moves"),
        )  # fmt: skip
    asked, _ = generate.ask_all(facts, categories=("existence",))
    yield msgspec.structs.replace(generate.to_record(asked[0], facts), id="", group="")


def write(folder: Path, measured: list[MotionFacts], recipe: Recipe) -> None:
    """The data set of all these questions, by way of one chunk."""
    work = chunks.claim(folder, Plan(recipe=recipe, inputs="", versions={"rules": ""}, chunks=1))
    path = chunks.path_of(work, 0)
    kinds: dict[Kind, int] = {}
    clips = []
    with chunks.waiting_rows(path) as rows:
        for number, facts in enumerate(measured):
            asked = list(_questions(facts, number))
            lines = [msgspec.json.encode(record) for record in asked]
            rows.writelines(lines)
            columns = Columns(
                kinds=[kinds.setdefault(select.kind_of(one), len(kinds)) for one in asked],
                draws=[draws.number(0, f"{facts.clip}/{one.ask.name}") for one in asked],
                letters=[one.answer_index for one in asked],
                sizes=[len(line) for line in lines],
            )
            clip = layout.clip_of(
                facts, take=facts.take, subject="", source="", digest="", asked=len(asked),
                rejected=0,
            )  # fmt: skip
            clips.append(chunks.asked_clip(clip, track=None, columns=columns))
        made = Chunk(
            kinds=list(kinds), clips=clips, files=[], unreadable=[], others=0,
            rejections={"limb/tie": 3}, withheld={}, yields={},
        )  # fmt: skip
        chunks.write(path, made, rows)
    merge.merge(folder)


@pytest.fixture(scope="session")
def folder(measured: list[MotionFacts], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data set of both suites."""
    out = tmp_path_factory.mktemp("toy") / "questions"
    write(out, measured, Recipe(suites=(HUMANMOVE, TOY), val=0.0, test=0.5, balanced=False))
    return out


@pytest.fixture(scope="session")
def videos(measured: list[MotionFacts], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files that nobody opens."""
    home = tmp_path_factory.mktemp("videos")
    for facts in measured:
        (home / f"{facts.clip}.mp4").write_bytes(b"")
    return home


@pytest.fixture(scope="session")
def write_toy() -> Callable[[Path, list[MotionFacts], Recipe], None]:
    """`write`, for tests."""
    return write
