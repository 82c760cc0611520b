"""Captions scored by the questions that can be answered from them.

A model that sees the video writes a description; a reader that sees only the description answers
the questions, and must say so when the description is silent. The folder is a run, which `score`
reads, with the descriptions beside it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from kinematics import output
from mllm import videos
from mllm.evaluation import answering, evaluate, journal, prompt, runs
from mllm.evaluation.answering import Answerer, Asked, Reply, Sees, Setting
from mllm.evaluation.collecting import Collected, Progress, collect
from mllm.evaluation.evaluate import Outcome, Settings
from mllm.evaluation.journal import Journal
from qagen.schema.record import Record

CAPTIONS = "captions.jsonl"

WRITER = "captions.json"
"""Everything that the descriptions depend on; another writer never continues them."""


class Caption(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The description of one person in one clip."""

    clip: str
    person: int
    text: str
    problem: str = ""
    """Why there is no description."""
    frames: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A writer and a reader of its descriptions, combined into one answerer."""

    writer: Answerer
    reader: Answerer
    captions: Mapping[tuple[str, int], Caption]

    @property
    def name(self) -> str:
        """The names of writer and reader."""
        return f"{self.writer.name}, read by {self.reader.name}"

    @property
    def sees(self) -> Sees:
        """The input of the writer."""
        return self.writer.sees

    @property
    def settings(self) -> Mapping[str, Setting]:
        """The settings of both."""
        both = {"writer": self.writer, "reader": self.reader}
        return {
            f"{role}.{name}": value
            for role, one in both.items()
            for name, value in {"name": one.name, **one.settings}.items()
        }

    def replies(self, asked: Iterable[Asked]) -> Iterator[Reply]:
        """The replies of the reader, which is not asked where there is no description."""
        written = []
        for one in asked:
            caption = self.captions.get(_who(one.record)) if one.record else None
            if caption is None or caption.problem or not caption.text.strip():
                why = caption.problem if caption else ""
                yield Reply(key=one.key, problem=f"no description: {why or 'it is empty'}")
            else:
                written.append(one)
        yield from self.reader.replies(written)


def _who(record: Record) -> tuple[str, int]:
    return record.clip, record.person


def evaluate_captions(
    folder: Path | str,
    out_dir: Path | str,
    writer: Answerer,
    reader: Answerer,
    *,
    settings: Settings = Settings(),  # noqa: B008
    videos_dir: Path | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Writes the missing descriptions, then asks the questions that have no reply yet.

    >>> from mllm.answerers.blind import Chance
    >>> evaluate_captions("/nowhere", "/nowhere", Chance(), Chance())  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: /nowhere: no manifest.json...
    """
    if reader.sees != "text":
        raise ValueError(
            f"{reader.name}: a reader sees the description alone, not the {reader.sees}"
        )
    records = evaluate.rows(folder, settings)
    evaluate.check_whole(folder, records)
    out_dir = Path(out_dir)
    made, done = _describe(records, out_dir, writer, settings, videos_dir, progress)
    if done.missing:
        return Outcome(
            asked=len(records), kept=0, answered=0, silent=0, missing=len(records),
            problem=f"{done.missing} descriptions are missing: {done.problem}",
            cost=sum(one.cost for one in made.values()), tokens=0, seconds=0.0,
        )  # fmt: skip
    both = Reading(writer=writer, reader=reader, captions=made)
    run = evaluate.run_of(folder, records, both, settings)
    asked = [one for record in records for one in _asked(record, made[_who(record)].text, settings)]
    return evaluate.carry_out(run, records, asked, both, out_dir, progress=progress)


def _asked(record: Record, description: str, settings: Settings) -> Iterator[Asked]:
    for shift in range(runs.rotations(len(record.options), circular=settings.circular)):
        shown = prompt.ask(
            record, shift=shift, style=settings.style, sight="description", description=description
        )
        yield Asked(
            key=evaluate.key_of(record.id, shift), text=shown.text, options=shown.options,
            record=record, shift=shift,
        )  # fmt: skip


def _describe(
    records: Sequence[Record],
    out_dir: Path,
    writer: Answerer,
    settings: Settings,
    videos_dir: Path | None,
    progress: Progress | None,
) -> tuple[dict[tuple[str, int], Caption], Collected]:
    """The descriptions by clip and person, and how many are missing."""
    looks = writer.sees == "video"
    if looks and videos_dir is None:
        raise ValueError(f"{writer.name} looks at videos; give --videos and their folder")
    people = {_who(record): record for record in records}
    shown = videos.find(videos_dir, people) if looks and videos_dir else {}
    asked = [
        answering.Asked(
            key=f"{clip}#{person}", text=prompt.caption(record), record=record,
            video=shown.get((clip, person)), sampling=settings.sampling,
        )
        for (clip, person), record in sorted(people.items())
    ]  # fmt: skip
    output.check_folder(out_dir, own=(out_dir / WRITER).is_file(), command="mllm caption")
    journal.settle(out_dir / WRITER, _written(writer, settings, records), of="descriptions")
    by_key = {f"{clip}#{person}": (clip, person) for clip, person in people}

    def line(request: Asked, reply: Reply) -> Caption:
        clip, person = by_key[request.key]
        return Caption(
            clip=clip, person=person, text=reply.text, problem=reply.problem, frames=reply.frames,
            prompt_tokens=reply.prompt_tokens, completion_tokens=reply.completion_tokens,
            cost=reply.cost,
        )  # fmt: skip

    with Journal(out_dir / CAPTIONS, Caption) as kept:
        before = list(kept.lines)
        done = collect(
            asked, writer, kept, line=line, key=lambda caption: f"{caption.clip}#{caption.person}",
            progress=progress,
        )  # fmt: skip
        if not done.missing and kept.lines != before:
            journal.write(out_dir / CAPTIONS, kept.lines)
        return {(one.clip, one.person): one for one in kept.lines}, done


class _Written(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the descriptions depend on."""

    writer: str
    settings: dict[str, Setting]
    prompt_version: int
    sampling: dict[str, Setting]
    people_sha256: str


def _written(writer: Answerer, settings: Settings, records: Sequence[Record]) -> _Written:
    people = sorted({f"{one.clip}#{one.person}" for one in records})
    return _Written(
        writer=writer.name, settings=dict(writer.settings), prompt_version=prompt.VERSION,
        sampling=msgspec.structs.asdict(settings.sampling),
        people_sha256=runs.sha256("\n".join(people)),
    )  # fmt: skip
