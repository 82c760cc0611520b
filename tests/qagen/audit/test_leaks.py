"""Planted leaks are found, and clean questions are not accused."""

import random
from itertools import permutations

import _planted
import msgspec
import numpy as np
import pytest

from qagen.audit import copies, forest, models, report, scores, tables
from qagen.audit.rows import Row

FOUND_BY = {
    "letters": ("numerical", {"row of task", "place in clip"}, "by the place of the row"),
    "middle": ("numerical", {"number", "number in family"}, "of 4 numbers"),
    "throughout": ("existence", {"words"}, "throughout"),
    "prior": ("ordering", {"task", "family", "words"}, "walking"),
    "longest": ("existence", {"length", "words"}, "by length"),
    "siblings": ("ordering", {"siblings", "offered again"}, "question"),
}
"""The task in which a leak must be accused, models that must tell, and words they say."""


def blinds_of(rows: list[Row]) -> tuple[tables.Tables, list[models.Blind]]:
    found = tables.build(rows)
    return found, list(models.try_all(found, models.look(found), with_forest=False))


def accused(rows: list[Row]) -> dict[str, set[str]]:
    """The models that are accused without the forest, and of which tasks."""
    found, blinds = blinds_of(rows)
    groups = scores.groups(found)
    looks = len(blinds) * len(groups)
    names: dict[str, set[str]] = {}
    for blind in blinds:
        for name, among in groups:
            score = scores.measure(
                found, blind.credit, among=among, looks=looks, by_half=blind.by_half
            )
            if score.accused:
                names.setdefault(blind.name, set()).add(name)
    return names


@pytest.fixture
def no_forest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slow model is left out."""
    monkeypatch.setattr(forest, "available", lambda: False)


@pytest.mark.usefixtures("no_forest")
@pytest.mark.parametrize("leak", _planted.LEAKS)
def test_a_planted_leak_is_found_and_told(leak: str) -> None:
    found = report.audit(_planted.rows(3000 if leak == "throughout" else 900, leak=leak))
    task, expected, words = FOUND_BY[leak]
    names = {finding.model for finding in found.accused}
    assert expected <= names
    assert found.best[task].score.accused
    told = [tell.what for finding in found.accused for tell in finding.telling]
    assert any(words in what for what in told)
    for finding in found.accused:
        for tell in finding.telling:
            assert tell.right > tell.expected


@pytest.mark.parametrize("leak", ["letters", "longest"])
def test_a_leak_of_ten_points_is_found(leak: str) -> None:
    names = accused(_planted.rows(4500, leak=leak, strength=0.12))
    assert set(names) & FOUND_BY[leak][1]


def test_clean_questions_are_not_accused() -> None:
    """The rate is at most one in twenty by construction; two hundred larger sets gave two."""
    alarms = sum(bool(accused(_planted.rows(360, seed=seed))) for seed in range(12))
    assert alarms <= 1


def test_what_is_told_of_throughout_is_no() -> None:
    rows = [
        msgspec.structs.replace(row, task="")
        for row in _planted.rows(3000, leak="throughout")
        if row.task == "existence"
    ]
    finding = next(one for one in report.audit(rows).findings if one.model == "words")
    tell = next(tell for tell in finding.telling if tell.what.startswith("throughout → no"))
    true = [row.answer == "No" for row in rows if "throughout" in row.question]
    assert (tell.offered, tell.right) == (len(true), 1.0)
    assert np.mean(true) == 1.0


def test_evened_answers_are_no_leak_upside_down() -> None:
    """In an exactly even data set the rare answer elsewhere is the right one here; nobody who
    has not seen the answers knows that."""
    draw = random.Random(3)
    rows = []
    for stem in range(150):
        answers = [0, 0, 1, 1]
        draw.shuffle(answers)
        rows += [
            Row(clip=f"{stem} {n}", task="ever", question=f"Is it {'ab ' * stem}?",
                options=("Yes", "No"), answer_index=answer)
            for n, answer in enumerate(answers)
        ]  # fmt: skip
    found = report.audit(rows)
    assert not found.accused


@pytest.mark.skipif(not forest.available(), reason="the extra audit is not installed")
def test_the_forest_finds_what_takes_two_looks() -> None:
    """The true number has the rank of its letter; letters and ranks alone tell nothing."""
    draw = random.Random(0)
    rows = []
    for number in range(900):
        place = draw.randrange(4)
        values = draw.choice(
            [
                order
                for order in permutations(range(4))
                if [n for at, n in enumerate(order) if n == at] == [place]
            ]
        )
        first = draw.randrange(5)
        rows.append(
            Row(clip=f"{number}", question="How many times?", answer_index=place,
                options=tuple(str(first + value) for value in values))
        )  # fmt: skip
    found = report.audit(rows)
    assert found.forest
    assert found.best["all"].model == "forest"
    assert found.best["all"].score.points > 50
    again = report.audit(rows)
    assert msgspec.json.encode(found) == msgspec.json.encode(again)


@pytest.mark.usefixtures("no_forest")
def test_the_order_of_questions_matters_only_to_models_of_order() -> None:
    rows = _planted.rows(360, leak="prior")
    turned = list(reversed(rows))
    of_order = {"row", "stretch", "place", "before"}
    one, other = report.best_blind(rows), report.best_blind(turned)
    assert one["ordering"] == other["ordering"]
    for first, second in zip(blinds_of(rows)[1], blinds_of(turned)[1], strict=True):
        if not of_order & set(first.name.split()):
            assert first.credit.sum() == pytest.approx(second.credit.sum())


def test_copies_and_shared_sides_are_counted() -> None:
    row = Row(clip="a", split="train", question="Is the person turning?", options=("Yes", "No"),
              answer_index=0, id="1", take="t", subject="s")  # fmt: skip
    same = msgspec.structs.replace(row, question="is the person  turning", options=("No", "Yes"),
                                   answer_index=1)  # fmt: skip
    other = msgspec.structs.replace(row, answer_index=1, id="2")
    elsewhere = msgspec.structs.replace(row, clip="b", split="test", id="3")
    found = copies.find([row, same, other, elsewhere])
    assert (found.repeated, found.contradicting, found.repeated_ids) == (1, 1, 1)
    assert found.shared == {"clip": 0, "take": 1, "subject": 1, "group": 0, "source": 0}
    assert (found.near, found.near_share) == (1, 1.0)
    assert found.shared_names["take"] == ("t",)


def test_clips_that_answer_alike_are_named() -> None:
    draw = random.Random(1)
    asked = [f"Is the person {action}?" for action in _planted.ACTIONS]
    answers = {clip: [draw.randrange(2) for _ in asked] for clip in "abcdef"}
    answers["f"] = answers["a"]
    rows = [
        Row(clip=clip, split="train" if clip < "d" else "test", question=question,
            options=("Yes", "No"), answer_index=answer)
        for clip, ones in answers.items()
        for question, answer in zip(asked, ones, strict=True)
    ]  # fmt: skip
    assert copies.find(rows).alike == (("a", "f"),)


def test_one_clip_is_not_enough() -> None:
    rows = [Row(clip="a", question="Up?", options=("Yes", "No"), answer_index=0)] * 9
    with pytest.raises(ValueError, match="9 questions about 1 clips in 5 folds: expected at least"):
        report.audit(rows)
