"""Evaluates an answerer on a data set: every question once, every reply saved, resumable.

Replies are written as they arrive and sorted at the end, so that equal runs give equal bytes.
Permanent errors count as "no answer"; transient ones are retried on the next run.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from kinematics import output
from mllm import videos
from mllm.evaluation import answering, parse, prompt, runs
from mllm.evaluation.answering import Answerer, Reply
from mllm.evaluation.collecting import Progress, collect
from mllm.evaluation.journal import Journal, write
from mllm.evaluation.runs import Prediction, Run
from mllm.frames import Sampling, Stretch
from qagen import draws
from qagen.dataset import layout
from qagen.dataset.splits import SPLITS
from qagen.schema.record import Record
from qagen.schema.suite import tasks_of


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Which questions are asked and how; a `ValueError` lists all invalid settings."""

    split: str = "test"
    """`train`, `val`, `test`, or `all`."""
    tasks: tuple[str, ...] = ()
    """Names from the suites of the data set; empty for all."""
    limit: int | None = None
    """Number of questions, drawn by the seed; none for all."""
    seed: int = 0
    circular: bool = False
    style: prompt.Style = "letter"
    sampling: Sampling = Sampling()
    dataset: str = ""
    trained_on: str = ""

    def __post_init__(self) -> None:
        problems = []
        if self.split not in (*SPLITS, "all"):
            problems.append(f"split: {self.split!r}; expected {', '.join(SPLITS)} or all")
        if self.limit is not None and self.limit < 1:
            problems.append(f"limit: {self.limit}; expected at least 1")
        if problems:
            raise ValueError("; ".join(problems))


class Outcome(NamedTuple):
    """Counts and costs of a run."""

    asked: int
    """Replies of a complete run."""
    kept: int
    """Replies that existed before."""
    answered: int
    """Replies with a letter or a free text, kept ones included."""
    silent: int
    """Replies without either, kept ones included."""
    missing: int
    """Questions without a reply; asked when the run is continued."""
    problem: str
    """The last transient error or the reason for stopping; empty when there was neither."""
    cost: float
    tokens: int
    seconds: float


def rows(folder: Path | str, settings: Settings) -> list[Record]:
    """The rows of a data set that `settings` select, in the order of the folder.

    >>> rows("/nowhere", Settings())  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: /nowhere: no manifest.json...
    """
    manifest = layout.read_manifest(folder)
    layout.check_files(folder, manifest)
    known = tasks_of(manifest.suites)
    if unknown := [name for name in settings.tasks if name not in known]:
        raise ValueError(
            f"{folder}: tasks {', '.join(unknown)}; expected names from {', '.join(known)}"
        )
    wanted_tasks = settings.tasks or tuple(known)
    found = [
        row
        for side, row in layout.rows(folder)
        if settings.split in (side, "all") and row.task in wanted_tasks
    ]
    if settings.limit is not None and settings.limit < len(found):
        drawn = sorted(found, key=lambda row: draws.number(settings.seed, f"{row.id}/limit"))
        wanted = {row.id for row in drawn[: settings.limit]}
        found = [row for row in found if row.id in wanted]
    if not found:
        raise ValueError(
            f"{folder}: no question of split {settings.split} in these tasks; choose "
            "another --split, or --split all"
        )
    return found


def evaluate(
    folder: Path | str,
    out_dir: Path | str,
    answerer: Answerer,
    *,
    settings: Settings = Settings(),  # noqa: B008
    videos_dir: Path | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Asks all questions that have no reply in the run in `out_dir` yet.

    A complete run is left as it is. Raises `ValueError` for input that has to be corrected first,
    and `OSError` when the disk is full; replies received until then are kept.

    >>> from mllm.answerers.blind import Chance
    >>> evaluate("/nowhere", "/nowhere/run", Chance())  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: /nowhere: no manifest.json...
    """
    inputs = [folder] if videos_dir is None else [folder, videos_dir]
    own = Path(out_dir, runs.RUN).is_file()
    output.check_folder(Path(out_dir), own=own, command="mllm evaluate", inputs=map(Path, inputs))
    records = rows(folder, settings)
    asked = list(_asked(records, Path(folder), settings, answerer, videos_dir))
    run = run_of(folder, records, answerer, settings)
    return carry_out(run, records, asked, answerer, Path(out_dir), progress=progress)


def carry_out(
    run: Run,
    records: Sequence[Record],
    asked: Sequence[answering.Asked],
    answerer: Answerer,
    out_dir: Path,
    *,
    progress: Progress | None = None,
) -> Outcome:
    """Begins or continues a run; sorts its replies when none is missing."""
    started_s = time.monotonic()
    runs.begin(out_dir, run, [runs.asked_of(record) for record in records])
    with Journal(out_dir / runs.PREDICTIONS, Prediction) as journal:
        before = list(journal.lines)
        done = collect(asked, answerer, journal, line=predicted, key=_key_of, progress=progress)
        predictions = journal.lines
        if not done.missing and predictions != before:  # equal runs, equal bytes
            write(out_dir / runs.PREDICTIONS, predictions)
    answered = sum(one.answer is not None or one.how == "text" for one in predictions)
    return Outcome(
        asked=len(asked), kept=done.kept, answered=answered, silent=len(predictions) - answered,
        missing=done.missing, problem=done.problem,
        cost=sum(one.cost for one in predictions),
        tokens=sum(one.prompt_tokens + one.completion_tokens for one in predictions),
        seconds=time.monotonic() - started_s,
    )  # fmt: skip


def key_of(question: str, shift: int) -> str:
    """The key of a question and its rotation within a run.

    >>> key_of("0123456789abcdef", 2)
    '0123456789abcdef/2'
    """
    return f"{question}/{shift}"


def _key_of(prediction: Prediction) -> str:
    return key_of(prediction.id, prediction.shift)


def _asked(
    records: Sequence[Record],
    folder: Path,
    settings: Settings,
    answerer: Answerer,
    videos_dir: Path | None,
) -> Iterator[answering.Asked]:
    """Every question with every requested rotation."""
    looks = answerer.sees == "video"
    if looks and videos_dir is None:
        raise ValueError(f"{answerer.name} looks at videos; give --videos and their folder")
    people = {(row.clip, row.person) for row in records}
    shown = videos.find(videos_dir, people) if looks and videos_dir else {}
    if looks:
        check_media(records)
    durations_s = {(one.clip, one.person): one.duration_s for one in layout.clips(folder)}
    for record in records:
        who = record.clip, record.person
        for shift in range(runs.rotations(len(record.options), circular=settings.circular)):
            text = prompt.ask(
                record,
                shift=shift,
                style=settings.style,
                sight="video" if looks else "nothing",
                duration_s=record.end_s - record.start_s,
            )
            yield answering.Asked(
                key=key_of(record.id, shift), text=text.text, options=text.options,
                video=shown.get(who), stretch=stretch_of(record, durations_s[who]),
                sampling=settings.sampling, record=record, shift=shift,
            )  # fmt: skip


def check_media(records: Iterable[Record]) -> None:
    """Raises `ValueError` if a question needs media other than a video."""
    counts = Counter(record.media for record in records)
    if others := [f"{counts[name]:,} with {name}" for name in sorted(counts) if name != "video"]:
        raise ValueError(
            f"questions that cannot be shown yet: {', '.join(others)}; choose other --tasks"
        )


def stretch_of(record: Record, duration_s: float) -> Stretch | None:
    """The part of a clip's video that a question is about; none for the whole video.

    >>> from mllm.evaluation.prompt import _example
    >>> stretch_of(_example(), 8.0), stretch_of(_example(), 9.0)
    (None, Stretch(start_s=0.0, end_s=8.0))
    """
    whole = record.start_s <= 0 and record.end_s >= duration_s
    return None if whole else Stretch(record.start_s, record.end_s)


def check_whole(folder: Path | str, records: Iterable[Record]) -> None:
    """Raises `ValueError` if a question needs other media, or only a part of a video."""
    records = list(records)
    check_media(records)
    durations_s = {(one.clip, one.person): one.duration_s for one in layout.clips(folder)}
    for record in records:
        if stretch := stretch_of(record, durations_s[record.clip, record.person]):
            raise ValueError(
                f"{folder}: row {record.id} is about {stretch.start_s:g} to {stretch.end_s:g} s of "
                f"{record.clip}, and only whole videos are shown here; cut the clips first"
            )


def run_of(
    folder: Path | str, records: Sequence[Record], answerer: Answerer, settings: Settings
) -> Run:
    """The settings of a run of these rows."""
    questions = [runs.asked_of(record) for record in records]
    folder = Path(folder)
    return Run(
        answerer=answerer.name,
        sees=answerer.sees,
        settings=dict(answerer.settings),
        trained_on=settings.trained_on,
        dataset=settings.dataset or folder.resolve().name,
        manifest_sha256=layout.file_sha256(folder / layout.MANIFEST),
        suites=layout.read_manifest(folder).suites,
        split=settings.split,
        questions=len(questions),
        questions_sha256=runs.sha256(runs.questions_bytes(questions)),
        circular=settings.circular,
        prompt_version=prompt.VERSION,
        style=settings.style,
        sampling=settings.sampling if answerer.sees == "video" else None,
    )


def predicted(asked: answering.Asked, reply: Reply) -> Prediction:
    """The prediction that a reply is parsed as.

    >>> asked = answering.Asked(key="a/1", text="", options=("No", "Yes"), shift=1)
    >>> found = predicted(asked, Reply(key="a/1", text="Answer: B"))
    >>> found.shown, found.answer
    ('B', 'A')
    """
    answer: str | None = None
    shown: str | None = None
    how: parse.How | Literal["text"]
    if asked.options:
        shown, how = parse.letter(reply.text, asked.options)
        if shown is not None:
            answer = prompt.letter_recorded(shown, shift=asked.shift, options=len(asked.options))
    else:
        how = "text" if reply.text.strip() else "empty"
    return Prediction(
        id=asked.key.rpartition("/")[0], shift=asked.shift, answer=answer, shown=shown,
        how=how, reply=reply.text, problem=reply.problem, frames=reply.frames,
        prompt_tokens=reply.prompt_tokens, completion_tokens=reply.completion_tokens,
        cost=reply.cost,
    )  # fmt: skip
