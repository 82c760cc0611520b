"""Scores equal what a pencil gives; laws hold for any run; intervals hold what they should."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mllm.evaluation import runs
from mllm.evaluation.runs import Asked, Loaded, Prediction
from mllm.scores import intervals, score, tables
from qagen.schema.record import LETTERS
from qagen.schema.suite import HUMANMOVE, tasks_of

TASKS = tuple(tasks_of([HUMANMOVE]))

CHOICES = dict(zip(TASKS, (4, 3, 3, 4, 4, 4, 2), strict=True))


def asked(number: int, task: str, *, clip: str = "", answer: str = "A") -> Asked:
    count = CHOICES[task]
    return Asked(
        id=f"{number:04}", clip=clip or f"c{number}", task=task, family="f",
        options=count, answer=answer, chance=1 / count, sureness=1.0 + number % 4,
    )  # fmt: skip


def reply(one: Asked, answer: str | None, *, shift: int = 0, frames: int = 0) -> Prediction:
    shown = None
    if answer is not None:
        shown = LETTERS[(LETTERS.index(answer) - shift) % one.options]
    return Prediction(
        id=one.id, shift=shift, answer=answer, shown=shown, reply="", frames=frames,
        how="letter" if answer else "refusal",
    )  # fmt: skip


def loaded(
    questions: list[Asked], predictions: list[Prediction], *, circular: bool = False,
    sees: str = "video", name: str = "run",
) -> Loaded:  # fmt: skip
    run = runs.Run(
        answerer=name, sees=sees, settings={}, dataset="d", manifest_sha256="0", split="test",
        questions=len(questions), questions_sha256="", circular=circular, prompt_version=1,
        style="letter", sampling=None,
    )  # fmt: skip
    return Loaded(name, run, questions, predictions)


def test_scores_are_those_of_a_pencil() -> None:
    """Numerical: 3 of 4 right, chance 1/4: 100 (3/4 - 1/4) / (3/4) = 66.667. Existence: 1 of 4
    right, chance 1/2: -50. Comparative: 1 of 3 right, chance 1/3: 0. Mean 5.556."""
    questions = [asked(n, "numerical") for n in range(4)]
    questions += [asked(n, "existence") for n in range(4, 8)]
    questions += [asked(n, "comparative") for n in range(8, 11)]
    answers = ["A", "A", "A", "B", "A", "B", "B", None, "A", "C", "B"]
    found = score.score(
        loaded(questions, [reply(q, a) for q, a in zip(questions, answers, strict=True)])
    )
    points = {name: part.points for name, part in found.tasks.items()}
    assert points == {"numerical": 66.667, "comparative": 0.0, "existence": -50.0}
    assert found.points == 5.556
    assert found.accuracy == round(5 / 11, 5)
    assert (found.silent_share, found.silences) == (round(1 / 11, 5), {"refusal": 1})
    numerical = found.tasks["numerical"]
    assert (numerical.right, numerical.replies) == (3, 4)
    assert (numerical.low, numerical.high) == pytest.approx((0.30064, 0.95441), abs=1e-4)  # Wilson
    assert {name: part.replies for name, part in found.sureness.items()} == {
        "1 to 1.5 bands": 3, "1.5 to 3 bands": 3, "3 bands and more": 5,
    }  # fmt: skip


def test_what_is_missing_is_counted_and_left_out() -> None:
    questions = [asked(n, "existence") for n in range(4)]
    found = score.score(loaded(questions, [reply(questions[0], "A")]))
    assert (found.missing, found.points, found.questions) == (3, 100.0, 1)
    with pytest.raises(ValueError, match="no replies in it yet"):
        score.score(loaded(questions, []))


def test_frames_are_grouped() -> None:
    questions = [asked(n, "existence") for n in range(5)]
    seen = [0, 8, 9, 64, 1000]
    replies = [reply(q, "A", frames=count) for q, count in zip(questions, seen, strict=True)]
    found = score.score(loaded(questions, replies))
    assert list(found.frames) == ["none", "1 to 8", "9 to 16", "33 to 64", "65 and more"]


def test_letters_and_rotations() -> None:
    """Who always says A is right once in each question's rotations, and knows nothing."""
    questions = [asked(n, "numerical", answer="ABCD"[n % 4]) for n in range(8)]
    always = [
        reply(q, LETTERS[shift % 4], shift=shift) for q in questions for shift in range(4)
    ]  # the letter shown is A
    found = score.score(loaded(questions, always, circular=True))
    assert found.points == 0.0
    assert found.letters[0].said == {"A": 32, "B": 0, "C": 0, "D": 0}
    assert found.letters[0].right == {"A": 8, "B": 8, "C": 8, "D": 8}
    assert found.letters[0].bias == 0.75
    assert found.circular_points == round(100 * -(0.25**4) / (1 - 0.25**4), 3)
    knows = [reply(q, q.answer, shift=shift) for q in questions for shift in range(4)]
    best = score.score(loaded(questions, knows, circular=True))
    assert (best.points, best.circular_points, best.letters[0].bias) == (100.0, 100.0, 0.0)
    once_wrong = [reply(questions[0], "B", shift=0), *knows[1:]]
    almost = score.score(loaded(questions, once_wrong, circular=True))
    assert almost.circular_points == pytest.approx(
        100 * (7 / 8 - 0.25**4) / (1 - 0.25**4), abs=1e-3
    )


def test_the_right_letter_is_the_one_that_was_shown() -> None:
    """Rotated by one, the first of four options is shown last."""
    questions = [asked(n, "numerical", answer="A") for n in range(3)]
    run = loaded(questions, [reply(q, "B", shift=1) for q in questions], circular=True)
    (letters,) = score.score(run).letters
    assert letters.right == {"A": 0, "B": 0, "C": 0, "D": 3}
    assert letters.said == {"A": 3, "B": 0, "C": 0, "D": 0}


def test_questions_of_two_to_eight_options_are_scored_and_shown_by_their_own_chance() -> None:
    """Who is right about the first and the last letter of 2 to 8 options, and never else."""
    questions = [
        msgspec.structs.replace(
            asked(10 * count + at, "numerical"), options=count, answer=LETTERS[at], chance=1 / count
        )
        for count in range(2, 9)
        for at in range(count)
    ]
    says = {one.id: "A" if one.answer == "A" else LETTERS[one.options - 1] for one in questions}
    run = loaded(questions, [reply(one, says[one.id]) for one in questions])
    found = score.score(run)
    assert found.accuracy == round(14 / 35, 5)
    assert found.tasks["numerical"].chance == 0.2  # 7 questions of 35 by chance
    assert found.points == pytest.approx(100 * (14 / 35 - 0.2) / 0.8, abs=1e-3)
    assert [one.options for one in found.letters] == list(range(2, 9))
    (table,) = [one for one in tables.of(score.report([run])) if one.title.startswith("letters")]
    assert table.headings == ("options", *LETTERS, "bias")
    for one, row in zip(found.letters, table.rows, strict=True):
        count = one.options
        cells = ["1 / 1", *["0 / 1"] * (count - 2), f"{count - 1} / 1"]
        assert row == (f"{count}", *cells, *[""] * (8 - count), f"{(count - 2) / count:.1%}")
    few = loaded(questions[:5], [reply(one, "A") for one in questions[:5]])
    (table,) = [one for one in tables.of(score.report([few])) if one.title.startswith("letters")]
    assert table.headings == ("options", "A", "B", "C", "bias")


answers = st.lists(
    st.tuples(st.sampled_from(TASKS), st.integers(0, 5), st.sampled_from("AB-")),
    min_size=1,
    max_size=40,
)


def made(rows: list[tuple[str, int, str]], *, name: str = "run") -> Loaded:
    questions = [asked(n, task, clip=f"c{clip}") for n, (task, clip, _) in enumerate(rows)]
    replies = [
        reply(q, None if answer == "-" else answer)
        for q, (_, _, answer) in zip(questions, rows, strict=True)
    ]
    return loaded(questions, replies, name=name)


@settings(max_examples=25)
@given(answers)
def test_the_score_is_the_mean_of_its_tasks_and_inside_its_bounds(
    rows: list[tuple[str, int, str]],
) -> None:
    found = score.score(made(rows))
    parts = [part.points for part in found.tasks.values()]
    assert math.isclose(found.points, np.mean(parts), abs_tol=2e-3)
    assert -100 <= found.points_low <= found.points_high <= 100
    assert sum(part.right for part in found.tasks.values()) == round(found.accuracy * len(rows))
    assert sum(part.replies for part in found.families.values()) == len(rows)


@settings(max_examples=25)
@given(answers, st.randoms())
def test_the_order_of_replies_means_nothing(
    rows: list[tuple[str, int, str]], random: object
) -> None:
    run = made(rows)
    mixed = list(run.predictions)
    random.shuffle(mixed)
    assert score.score(run) == score.score(run._replace(predictions=mixed))


@settings(max_examples=25)
@given(answers)
def test_a_run_is_not_ahead_of_itself_and_comparing_has_two_signs(
    rows: list[tuple[str, int, str]],
) -> None:
    run = made(rows)
    same = score.compare(run, run)
    assert (same.points, same.points_low, same.points_high, same.only_first) == (0, 0, 0, 0)
    right = [msgspec.structs.replace(one, answer="A", shown="A") for one in run.predictions]
    better = run._replace(predictions=right)
    ahead, behind = score.compare(better, run), score.compare(run, better)
    assert ahead.points == -behind.points >= 0
    assert ahead.only_first == behind.only_other


def test_comparing_pairs_what_both_replied_to() -> None:
    questions = [asked(n, "existence", clip=f"c{n % 5}") for n in range(20)]
    one = loaded(questions, [reply(q, "A") for q in questions[:15]], name="one")
    two = loaded(questions, [reply(q, "B") for q in questions[10:]], name="two", sees="text")
    pair = score.compare(one, two)
    assert (pair.replies, pair.points, pair.only_first) == (5, 200.0, 5)
    report = score.report([one, two])
    assert report.baseline == "two"  # it sees no video
    assert [(p.name, p.other) for p in report.pairs] == [("one", "two")]
    other = two._replace(run=msgspec.structs.replace(two.run, manifest_sha256="1"))
    with pytest.raises(ValueError, match="different data sets"):
        score.compare(one, other)


def test_intervals_by_clip_hold_the_truth_as_often_as_they_say() -> None:
    """Clips that are wholly right or wrong by a coin: 40 clips of 10 questions, true score 0."""
    generator = np.random.default_rng(0)
    inside, naive = 0, 0
    for trial in range(200):
        good = generator.integers(0, 2, 40).repeat(10).astype(float)
        clip = np.arange(40).repeat(10)
        sums = intervals.summed(
            good, np.full(400, 0.5), clip, np.zeros(400, np.int64), clips=40, tasks=1
        )
        drawn = intervals.resampled(sums, seed=trial, resamplings=300)[:, 0]
        low, high = intervals.of(drawn)
        inside += low <= 0 <= high
        from qagen.audit.scores import wilson

        bounds = wilson(float(good.sum()), 400)
        naive += bounds[0] <= 0.5 <= bounds[1]
    assert 180 <= inside <= 198
    assert naive < 120  # which is why clips are resampled


def test_points_without_rows_are_not_a_number_and_not_in_the_mean() -> None:
    sums = intervals.Sums(np.array([[1.0, 0.0]]), np.array([[0.5, 0.0]]), np.array([[1.0, 0.0]]))
    found = intervals.points(sums)
    assert found[0] == 100.0
    assert np.isnan(found[1])
    assert intervals.mean(found) == 100.0
