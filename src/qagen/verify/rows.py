"""The rows of a data set checked against the motions, by a second and independent derivation.

`qagen.verify.remeasure` measures the motions; `qagen.verify.rederive` derives answers, margins and
the words of options from the ask of each row.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import msgspec

from kinematics import thresholds
from qagen import processes
from qagen.language.phrases import Speaker
from qagen.schema import record as records
from qagen.schema.certificates import Certification
from qagen.schema.question import Unit
from qagen.schema.record import Record
from qagen.schema.suite import HUMANMOVE
from qagen.verify import copies as copies_of
from qagen.verify import evidence, sentences
from qagen.verify.findings import Finding
from qagen.verify.library import Library
from qagen.verify.moves import Clip
from qagen.verify.rederive import table
from qagen.verify.rederive.kinds import Derivation, Task

SIDES = ("train.jsonl", "val.jsonl", "test.jsonl")
"""The files of a data set that hold rows."""

MANIFEST = "manifest.json"

SAME_TIME_S = 1e-3
"""Durations this close are the same."""


class Difference(NamedTuple):
    """One value of a row, and that of the second derivation."""

    what: str
    recorded: str
    derived: str

    def __str__(self) -> str:
        return f"{self.what}: recorded {self.recorded}; derived {self.derived}"


class Mismatch(NamedTuple):
    """A row that differs from the second derivation."""

    where: str
    """Its file and line."""
    id: str
    clip: str
    asked: str
    differences: tuple[Difference, ...]

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.id} ({self.clip}, {self.asked})"]
        return "\n".join([*lines, *(f"  {difference}" for difference in self.differences)])


class VerifyReport(NamedTuple):
    """The number of rows that agree, and all rows that do not."""

    verified: int
    mismatches: tuple[Mismatch, ...]

    def __str__(self) -> str:
        return f"{self.verified} verified, {len(self.mismatches)} mismatches"


class _Row(NamedTuple):
    where: str
    record: Record
    is_repeated: bool = False
    """Whether an earlier row has the same id."""


class _Job(NamedTuple):
    """The data that a worker needs to check any rows."""

    motions: Path
    policy: Certification | None
    copies: int


def verify_folder(
    out_dir: Path | str, motions_dir: Path | str, *, copies: int = 0, workers: int = 1
) -> VerifyReport:
    """Derive every row of a data set's folder again from the motions that it was built from.

    Certificates are compared with the manifest's policy. `copies` is the number of certifying
    copies of each motion that are made, measured and asked again, each at the cost of a motion.
    The report is the same, line for line, for any number of `workers`. One `ValueError` names all
    that is missing.
    """
    folder, motions = Path(out_dir), Path(motions_dir)
    sides = [folder / name for name in SIDES if (folder / name).is_file()]
    problems = []
    if not sides:
        problems.append(
            f"{folder}: no train.jsonl, val.jsonl or test.jsonl in it; expected a data set that "
            "`qagen build` wrote"
        )
    if not motions.exists():
        problems.append(f"{motions}: no such folder; expected the motions that it was built from")
    if problems:
        raise ValueError("; ".join(problems))
    rows: list[_Row] = []
    mismatches: list[Mismatch] = []
    for side in sides:
        for row in _rows(side):
            if isinstance(row, Mismatch):
                mismatches.append(row)
            else:
                rows.append(row)
    job = _Job(motions, _policy(folder), copies)
    results = _check_all(_in_order(rows), job, workers=workers)
    mismatches += [mismatch for mismatch in results if mismatch is not None]
    return VerifyReport(results.count(None), tuple(mismatches))


def _rows(side: Path) -> Iterator[_Row | Mismatch]:
    """The rows of one file; a line that is not a row is a mismatch by itself."""
    with side.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            where = f"{side.name}, line {number}"
            try:
                yield _Row(where, records.from_line(line))
            except (ValueError, msgspec.DecodeError) as error:
                wrong = Difference("row", str(error), "a row of a data set")
                yield Mismatch(where, "?", "?", "?", (wrong,))


class _Promise(msgspec.Struct):
    """The policy of certificates in a manifest's recipe."""

    certify: Certification | None = None


class _Promised(msgspec.Struct):
    recipe: _Promise


def _policy(folder: Path) -> Certification | None:
    """The policy of the certificates; none without certificates or without a manifest."""
    path = folder / MANIFEST
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Promised).recipe.certify
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: {error}; build the data set again") from error


def _in_order(rows: Iterable[_Row]) -> list[_Row]:
    """The rows sorted by clip, so that every motion is measured once."""
    seen: set[str] = set()
    ordered = []
    for row in sorted(rows, key=lambda row: _motion_of(row.record)):
        ordered.append(row._replace(is_repeated=row.record.id in seen))
        seen.add(row.record.id)
    return ordered


def _check_all(rows: Sequence[_Row], job: _Job, *, workers: int) -> list[Mismatch | None]:
    """One result for each row, in the order of the rows."""
    if workers == 1:
        return _Checker(job).check(rows)
    pieces = [
        # as lines: a row that was pickled is equal, but does not encode to the same bytes
        [(row.where, records.to_line(row.record), row.is_repeated) for row in piece]
        for piece in _pieces(rows, wanted=PIECES_A_WORKER * workers)
    ]
    if not pieces:
        return []
    count = min(workers, len(pieces))
    with processes.workers(count, _start_worker, job) as pool:
        return [result for results in pool.map(_check_own, pieces) for result in results]


PIECES_A_WORKER = 8
"""Enough that all workers finish at about the same time."""


def _pieces(rows: Sequence[_Row], *, wanted: int) -> Iterator[list[_Row]]:
    """The rows in about `wanted` pieces; the rows of one file of motions are never divided."""
    piece: list[_Row] = []
    for _, of_clip in groupby(rows, key=lambda row: (row.record.source, row.record.clip)):
        piece += of_clip
        if len(piece) * wanted >= len(rows):
            yield piece
            piece = []
    if piece:
        yield piece


_checker: "_Checker | None" = None


def _start_worker(job: _Job) -> None:
    global _checker
    _checker = _Checker(job)


def _check_own(lines: Sequence[tuple[str, bytes, bool]]) -> list[Mismatch | None]:
    assert _checker is not None
    return _checker.check(
        [_Row(where, records.from_line(line), is_repeated) for where, line, is_repeated in lines]
    )


class _Checker:
    """Checks rows against a library of motions."""

    def __init__(self, job: _Job) -> None:
        self._library = Library(job.motions)
        self._copies = _Copies(self._library, job.policy, job.copies)

    def check(self, rows: Iterable[_Row]) -> list[Mismatch | None]:
        """One result for each row; none where it agrees."""
        return [self._checked(row) for row in rows]

    def _checked(self, row: _Row) -> Mismatch | None:
        record = row.record
        differences = list(_alone(record, is_repeated=row.is_repeated))
        clip = self._library.clip(record)
        if isinstance(clip, str):
            differences.append(Difference("motion", record.source, clip))
        else:
            differences += verify(record, clip)
            differences += self._copies.differences(record)
        if not differences:
            return None
        return Mismatch(row.where, record.id, record.clip, record.ask.name, tuple(differences))


def _motion_of(record: Record) -> tuple[str, str, int, str]:
    return record.source, record.clip, record.person, record.frame


class _Copies:
    """The copies of the latest motion, made when a certificate needs them."""

    def __init__(self, library: Library, policy: Certification | None, count: int) -> None:
        self._library, self._policy, self._count = library, policy, count
        self._made: tuple[tuple[str, str, int, str], list[Clip]] | None = None

    def differences(self, record: Record) -> list[Difference]:
        """The errors in a record's certificate."""
        wrong = [*copies_of.form(record, self._policy)]
        if self._policy is not None and self._count and record.certificate and not wrong:
            wrong += copies_of.held(record, self._clips(record, self._policy), self._policy)
        return [Difference(*difference) for difference in wrong]

    def _clips(self, record: Record, policy: Certification) -> list[Clip]:
        wanted = _motion_of(record)
        if self._made is None or self._made[0] != wanted:
            motion, clips = self._library.motion(record), []
            if not isinstance(motion, str):
                count = min(self._count, policy.copies)
                clips = copies_of.clips_of(motion, policy, frame=record.frame, copies=count)
            self._made = (wanted, clips)
        return self._made[1]


def _alone(record: Record, *, is_repeated: bool) -> Iterator[Difference]:
    """The differences that show without the motion."""
    if record.id != (expected := records.content_id(record)):
        yield Difference("id", record.id, f"{expected}, the hash of the row")
    if is_repeated:
        yield Difference("id", record.id, "an id that no other row has")
    if record.thresholds != thresholds.fingerprint():
        yield Difference("thresholds", record.thresholds, thresholds.fingerprint())


def verify(record: Record, clip: Clip) -> list[Difference]:
    """The differences between a record and the second derivation from its clip.

    >>> from kinematics import synthetic
    >>> from qagen.rules import generate
    >>> from qagen.verify import moves
    >>> from qagen.verify.remeasure import derive
    >>> derived = derive.derived(synthetic.perform(synthetic.walk(3.0)).motion)
    >>> questions, _ = generate.ask_all(derived.facts)
    >>> rows = [generate.to_record(question, derived.facts) for question in questions]
    >>> [difference for row in rows for difference in verify(row, moves.clip_of(derived))]
    []
    """
    ask = record.ask
    rule = table.RULES.get(ask.rule)
    if rule is None:
        return [Difference("ask", ask.name, "a rule that is known")]
    speaker = sentences.speaker_of(record, lean_of=clip.facts.posture.lean_of)
    try:
        finding = rule.derive(clip, ask)
        stem = sentences.stem(record, speaker)
    except (KeyError, ValueError) as error:
        return [Difference("ask", ask.name, f"nothing that could be asked ({error})")]
    differences = [
        *_form(record, table.TASK_OF[ask.rule]),
        *_answer(record, finding.code),
        *_texts(record, rule, speaker, unit=finding.unit),
        *_margin(record, finding, tolerance=rule.tolerance),
        *(Difference(*problem) for problem in evidence.problems(clip, record)),
    ]
    shown = (record.media, record.people, record.start_s)
    duration_s = clip.facts.duration_s
    if shown != ("video", (), 0.0) or abs(record.end_s - duration_s) > SAME_TIME_S:
        recorded = (
            f"{record.media}, {record.start_s:g} to {record.end_s:g} s, people {record.people}"
        )
        derived = f"the whole video, {duration_s:g} s, of one person"
        differences.append(Difference("shown", recorded, derived))
    if record.question != stem:
        differences.append(Difference("question", record.question, stem))
    return differences


def _form(record: Record, task: Task) -> Iterator[Difference]:
    """Suite, task, number of options and the share that guessing gets right."""
    if (record.suite, record.task) != (HUMANMOVE.name, task.name):
        recorded, derived = f"{record.suite}, {record.task}", f"{HUMANMOVE.name}, {task.name}"
        yield Difference("task", recorded, derived)
    count = len(record.options)
    if not count == len(record.option_codes) == task.choices:
        yield Difference("options", f"{count}", f"{task.choices}")
    if abs(record.chance - 1 / task.choices) > 1e-6:
        yield Difference("chance", f"{record.chance:.4f}", f"{1 / task.choices:.4f}")
    if min(len(set(record.options)), len(set(record.option_codes))) < count:
        yield Difference("options", "; ".join(record.options), "no two alike")


def _answer(record: Record, code: str) -> Iterator[Difference]:
    """The answer is the only option with the derived code."""
    codes, answer = record.option_codes, record.answer_index
    if [index for index, offered in enumerate(codes) if offered == code] != [answer]:
        recorded = codes[answer] if 0 <= answer < len(codes) else f"place {answer}"
        offered = "" if code in codes else ", which is not offered"
        yield Difference("answer", recorded, f"{code or 'nothing clear'}{offered}")


def _texts(
    record: Record, rule: Derivation, speaker: Speaker, *, unit: Unit
) -> Iterator[Difference]:
    """Every option and the last sentence of the reasoning say what the codes mean."""
    for code, text in zip(record.option_codes, record.options, strict=False):
        try:
            expected = rule.text(code, speaker, record, unit)
        except (KeyError, ValueError):
            expected = "a code that means something"
        if text != expected:
            yield Difference(f"option {code}", text, expected)
    if 0 <= record.answer_index < len(record.options):
        last = f"The answer is: {record.options[record.answer_index]}."
        if record.reasoning[-1:] != (last,):
            yield Difference("reasoning", " ".join(record.reasoning[-1:]), last)


def _margin(record: Record, finding: Finding, *, tolerance: float) -> Iterator[Difference]:
    """The margin is that of the facts and not below its band."""
    said, unit = record.margin, finding.unit
    shown = f"{finding.margin:.4f} {unit}, band {finding.band:.4f}"
    alike = evidence.near(said.value, finding.margin, unit, relative=tolerance)
    if said.unit != unit or not alike or abs(said.band - finding.band) > 1e-3:
        yield Difference("margin", f"{said.value:.4f} {said.unit}, band {said.band:.4f}", shown)
    elif said.value < said.band:
        yield Difference("margin", f"{said.value:.4f} {said.unit}", f"at least {said.band:.4f}")
