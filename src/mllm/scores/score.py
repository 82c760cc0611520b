"""The scores of runs: points above chance by task, their mean, and breakdowns.

A reply without a letter is wrong. A task's points are 100 (accuracy - chance) / (1 - chance);
the score of a run is the mean of its tasks. Intervals resample clips. With rotated options each
rotation counts, and `circular_points` counts a question as right only if all its rotations are.
Free text has no letter: `texts` scores it, and it counts in no other figure.
The types of a report make up half of the file, which is therefore longer than most.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from jaxtyping import Bool, Float

from mllm.evaluation.runs import Asked, Loaded, Prediction
from mllm.scores import intervals, texts
from mllm.scores.intervals import Interval, Sums
from mllm.scores.texts import Scorer, TextPart
from qagen.audit.scores import wilson
from qagen.schema.record import LETTERS
from qagen.schema.suite import Suite, tasks_of

SURENESS = ((1.0, "1 to 1.5 bands"), (1.5, "1.5 to 3 bands"), (3.0, "3 bands and more"))
"""Classes of the margin, in tie bands of the rule, by their lower bounds."""

FRAMES = (
    (0.0, "none"),
    (1.0, "1 to 8"),
    (9.0, "9 to 16"),
    (17.0, "17 to 32"),
    (33.0, "33 to 64"),
    (65.0, "65 and more"),
)
"""Classes of the number of frames shown, by their lower bounds."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """The score of some replies."""

    replies: int
    right: int
    silent: int
    accuracy: float
    low: float
    """Wilson's 95 % interval of the accuracy, as if all replies were independent."""
    high: float
    chance: float
    points: float
    points_low: float | None = None
    """95 % interval of the points, over clips; none without resampling."""
    points_high: float | None = None


class SuiteScore(msgspec.Struct, frozen=True, kw_only=True):
    """The score of a suite: the mean over its tasks that have replies."""

    tasks: int
    replies: int
    accuracy: float
    """Over all replies together."""
    points: float
    points_low: float
    points_high: float


class Letters(msgspec.Struct, frozen=True, kw_only=True):
    """How often each letter is said and right, for questions with so many options."""

    options: int
    said: dict[str, int]
    right: dict[str, int]
    bias: float
    """The share of the replies with a letter that would have to change for each letter to be said
    as often as it is right; near 0 for unbiased guesses."""


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """The scores of a run."""

    name: str
    answerer: str
    sees: str
    dataset: str
    trained_on: str
    max_frames: int | None
    max_pixels: int | None
    clips: int
    questions: int
    missing: int
    """Replies that a complete run would have in addition."""
    points: float
    """From here on for questions with options only; NaN if there are none."""
    points_low: float
    points_high: float
    accuracy: float
    accuracy_answered: float | None
    """Accuracy among the replies with a letter."""
    silent_share: float
    silences: dict[str, int]
    """Replies without a letter, by reason."""
    circular_points: float | None
    """The same score with a question right only if every rotation is; its chance is the chance of
    one rotation to the power of the number of options."""
    suites: dict[str, SuiteScore]
    tasks: dict[str, Part]
    texts: dict[str, TextPart]
    """Free text, by task."""
    families: dict[str, Part]
    sureness: dict[str, Part]
    frames: dict[str, Part]
    letters: tuple[Letters, ...]
    tokens: int
    cost: float


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """One run compared with another, on the questions that both replied to."""

    name: str
    other: str
    replies: int
    points: float
    """Points of the first minus points of the other: the mean over tasks."""
    points_low: float
    points_high: float
    only_first: int
    """Replies that only the first has right."""
    only_other: int
    tasks: dict[str, float]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Scores of runs, and comparisons with the first blind run or else the first run."""

    tasks: tuple[str, ...]
    """Tasks with options that have replies in any run, in the order of the suites."""
    scores: tuple[Score, ...]
    pairs: tuple[Pair, ...]
    baseline: str
    """The run that the others are compared with; empty for a single run."""


class _Rows(NamedTuple):
    """Replies of a run, aligned with their questions."""

    asked: list[Asked]
    predictions: list[Prediction]
    right: Bool[np.ndarray, " rows"]
    tasks: tuple[str, ...]
    """All tasks of the run's suites, in their order."""

    def chosen(self, places: Sequence[int]) -> "_Rows":
        return _Rows(
            [self.asked[at] for at in places],
            [self.predictions[at] for at in places],
            self.right[list(places)],
            self.tasks,
        )


def _rows(run: Loaded) -> _Rows:
    """The replies to questions with options."""
    asked = {one.id: one for one in run.asked if one.options}
    predictions = [one for one in run.predictions if one.id in asked]
    beside = [asked[one.id] for one in predictions]
    right = [one.answer == of.answer for one, of in zip(predictions, beside, strict=True)]
    return _Rows(beside, predictions, np.array(right, dtype=bool), tuple(tasks_of(run.run.suites)))


def _sums(rows: _Rows, clips: Sequence[str]) -> Sums:
    place = {clip: at for at, clip in enumerate(clips)}
    return intervals.summed(
        rows.right.astype(float),
        np.array([one.chance for one in rows.asked], dtype=float),
        np.array([place[one.clip] for one in rows.asked], dtype=np.int64),
        np.array([rows.tasks.index(one.task) for one in rows.asked], dtype=np.int64),
        clips=len(clips),
        tasks=len(rows.tasks),
    )


def _clips(rows: _Rows) -> list[str]:
    return sorted({one.clip for one in rows.asked})


def score(run: Loaded, *, seed: int = 0, scorers: Mapping[str, Scorer] | None = None) -> Score:
    """The score of a run; missing replies are counted and left out.

    `scorers` score free text, by task; without a scorer it is counted as not scored.

    >>> score(_example()).points, score(_example()).silences
    (55.556, {'refusal': 1})
    """
    rows = _rows(run)
    if not run.predictions:
        raise ValueError(f"{run.name}: no replies in it yet; go on with `mllm evaluate`")
    sums = _sums(rows, _clips(rows))
    drawn = intervals.resampled(sums, seed=seed)
    whole = intervals.of(intervals.mean(drawn))
    by_task = {
        name: _part(rows.chosen(places), intervals.of(drawn[:, rows.tasks.index(name)]))
        for name, places in _grouped(rows, lambda asked, _: asked.task, rows.tasks).items()
    }
    silent = [one for one in rows.predictions if one.answer is None]
    answered = len(rows.asked) - len(silent)
    sampling = run.run.sampling
    ids = {one.id for one in run.predictions}
    return Score(
        name=run.name,
        answerer=run.run.answerer,
        sees=run.run.sees,
        dataset=run.run.dataset,
        trained_on=run.run.trained_on,
        max_frames=sampling.max_frames if sampling else None,
        max_pixels=sampling.max_pixels if sampling else None,
        clips=len({one.clip for one in run.asked if one.id in ids}),
        questions=len(ids),
        missing=run.expected - len(run.predictions),
        points=_number(intervals.mean(intervals.points(sums))),
        points_low=_number(whole.low),
        points_high=_number(whole.high),
        accuracy=_accuracy(rows),
        accuracy_answered=round(int(rows.right.sum()) / answered, 5) if answered else None,
        silent_share=round(len(silent) / max(1, len(rows.asked)), 5),
        silences=dict(sorted(Counter(map(_silence, silent)).items())),
        circular_points=_circular(rows) if run.run.circular else None,
        suites={
            suite.name: _suite(rows, suite, sums, drawn)
            for suite in run.run.suites
            if any(name in by_task for name in tasks_of([suite]))
        },
        tasks=by_task,
        texts=texts.score(run, scorers or {}),
        families=_parts(rows, lambda asked, _: f"{asked.task}/{asked.family}", ()),
        sureness=_parts(
            rows, lambda asked, _: _class(asked.sureness, SURENESS), [name for _, name in SURENESS]
        ),
        frames=_parts(
            rows, lambda _, reply: _class(float(reply.frames), FRAMES), [name for _, name in FRAMES]
        ),
        letters=tuple(_letters(rows)),
        tokens=sum(one.prompt_tokens + one.completion_tokens for one in run.predictions),
        cost=round(sum(one.cost for one in run.predictions), 6),
    )


def _accuracy(rows: _Rows) -> float:
    return round(float(rows.right.mean()), 5) if rows.asked else float("nan")


def _suite(
    rows: _Rows, suite: Suite, sums: Sums, drawn: Float[np.ndarray, "resamplings tasks"]
) -> SuiteScore:
    names = tasks_of([suite])
    columns = [place for place, name in enumerate(rows.tasks) if name in names]
    mine = rows.chosen([place for place, one in enumerate(rows.asked) if one.task in names])
    low, high = intervals.of(intervals.mean(drawn[:, columns]))
    return SuiteScore(
        tasks=len({one.task for one in mine.asked}),
        replies=len(mine.asked),
        accuracy=_accuracy(mine),
        points=_number(intervals.mean(intervals.points(sums)[columns])),
        points_low=_number(low),
        points_high=_number(high),
    )


def _number(value: "float | Float[np.ndarray, '']") -> float:
    return round(float(value), 3)


def _silence(prediction: Prediction) -> str:
    return "no reply" if prediction.problem else prediction.how


def _class(value: float, classes: Sequence[tuple[float, str]]) -> str:
    return [name for least, name in classes if value >= least or least == classes[0][0]][-1]


def _grouped(
    rows: _Rows, group: Callable[[Asked, Prediction], str], order: Sequence[str]
) -> dict[str, list[int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for place, (asked, reply) in enumerate(zip(rows.asked, rows.predictions, strict=True)):
        found[group(asked, reply)].append(place)
    names = [*(name for name in order if name in found), *sorted(set(found) - set(order))]
    return {name: found[name] for name in names}


def _parts(
    rows: _Rows, group: Callable[[Asked, Prediction], str], order: Sequence[str]
) -> dict[str, Part]:
    return {
        name: _part(rows.chosen(places)) for name, places in _grouped(rows, group, order).items()
    }


def _part(rows: _Rows, interval: Interval | None = None) -> Part:
    count, right = len(rows.asked), int(rows.right.sum())
    low, high = wilson(float(right), count)
    chance = sum(one.chance for one in rows.asked) / count
    return Part(
        replies=count, right=right, silent=sum(one.answer is None for one in rows.predictions),
        accuracy=round(right / count, 5), low=round(low, 5), high=round(high, 5),
        chance=round(chance, 5), points=round(100 * (right / count - chance) / (1 - chance), 3),
        points_low=_number(interval.low) if interval else None,
        points_high=_number(interval.high) if interval else None,
    )  # fmt: skip


def _circular(rows: _Rows) -> float:
    """Circular points over the questions that have replies to all rotations."""
    right: defaultdict[str, list[bool]] = defaultdict(list)
    of: dict[str, Asked] = {}
    for asked, good in zip(rows.asked, rows.right.tolist(), strict=True):
        right[asked.id].append(good)
        of[asked.id] = asked
    whole = [one for key, one in of.items() if len(right[key]) == one.options]
    lucky = [msgspec.structs.replace(one, chance=one.chance**one.options) for one in whole]
    every = np.array([all(right[one.id]) for one in whole], dtype=bool)
    found = _Rows(lucky, [], every, rows.tasks)
    return _number(intervals.mean(intervals.points(_sums(found, _clips(found)))))


def _letters(rows: _Rows) -> list[Letters]:
    found = []
    for count in sorted({one.options for one in rows.asked}):
        names = LETTERS[:count]
        said: Counter[str] = Counter()
        right: Counter[str] = Counter()
        for asked, reply in zip(rows.asked, rows.predictions, strict=True):
            if asked.options == count and reply.shown is not None:
                said[reply.shown] += 1
                right[names[(names.index(asked.answer) - reply.shift) % count]] += 1
        total = max(1, said.total())
        bias = sum(abs(said[name] - right[name]) for name in names) / 2 / total
        found.append(
            Letters(
                options=count, bias=round(bias, 5),
                said={name: said[name] for name in names},
                right={name: right[name] for name in names},
            )
        )  # fmt: skip
    return found


def compare(run: Loaded, other: Loaded, *, seed: int = 0) -> Pair:
    """The lead of a run over another, question by question; clips are resampled jointly.

    >>> compare(_example(), _example()).points
    0.0
    """
    if run.run.manifest_sha256 != other.run.manifest_sha256:
        raise ValueError(f"{run.name} and {other.name}: are runs of different data sets")
    first, second = _rows(run), _rows(other)
    places = {(one.id, one.shift): at for at, one in enumerate(second.predictions)}
    both = [
        (at, places[one.id, one.shift])
        for at, one in enumerate(first.predictions)
        if (one.id, one.shift) in places
    ]
    if not both:
        raise ValueError(f"{run.name} and {other.name}: have no reply to the same question")
    first, second = first.chosen([at for at, _ in both]), second.chosen([at for _, at in both])
    clips = _clips(first)
    one, two = _sums(first, clips), _sums(second, clips)
    drawn = intervals.mean(intervals.resampled(one, seed=seed)) - intervals.mean(
        intervals.resampled(two, seed=seed)
    )
    low, high = intervals.of(drawn)
    ahead = intervals.points(one) - intervals.points(two)
    return Pair(
        name=run.name,
        other=other.name,
        replies=len(both),
        points=_number(intervals.mean(ahead)),
        points_low=_number(low),
        points_high=_number(high),
        only_first=int((first.right & ~second.right).sum()),
        only_other=int((second.right & ~first.right).sum()),
        tasks={
            name: _number(value)
            for name, value in zip(first.tasks, ahead, strict=True)
            if not np.isnan(value)
        },
    )


def report(
    runs: Sequence[Loaded], *, seed: int = 0, scorers: Mapping[str, Scorer] | None = None
) -> Report:
    """The scores of all runs, each compared with the first text-only run or else the first run.

    Only runs of the same data set are compared.

    >>> report([_example()]).pairs
    ()
    """
    scores = tuple(score(run, seed=seed, scorers=scorers) for run in runs)
    base = next((run for run in runs if run.run.sees == "text"), runs[0])
    with_options = {one.task for one in _rows(base).asked}
    pairs = tuple(
        compare(run, base, seed=seed)
        for run, one in zip(runs, scores, strict=True)
        if run is not base
        and run.run.manifest_sha256 == base.run.manifest_sha256
        and one.tasks.keys() & with_options
    )
    known = dict.fromkeys(name for run in runs for name in tasks_of(run.run.suites))
    return Report(
        tasks=tuple(name for name in known if any(name in one.tasks for one in scores)),
        scores=scores,
        pairs=pairs,
        baseline=base.name if len(runs) > 1 else "",
    )


def _example() -> Loaded:
    """Three questions of four options: one right, one right, one refused."""
    from mllm.evaluation.runs import Run

    asked = [
        Asked(id=f"{n}", clip=f"{n}", task="numerical", family="count", options=4, answer="A",
              chance=0.25, sureness=2.0)
        for n in range(3)
    ]  # fmt: skip
    replies = [
        Prediction(id="0", shift=0, answer="A", shown="A", how="letter", reply="A"),
        Prediction(id="1", shift=0, answer="A", shown="A", how="letter", reply="(A)"),
        Prediction(id="2", shift=0, answer=None, shown=None, how="refusal", reply="I cannot."),
    ]
    run = Run(
        answerer="example", sees="video", settings={}, dataset="example", manifest_sha256="",
        split="test", questions=3, questions_sha256="", circular=False, prompt_version=1,
        style="letter", sampling=None,
    )  # fmt: skip
    return Loaded("example", run, asked, replies)
