"""The layout of a data set: rows by split, one line for each clip, and a manifest.

    train.jsonl  val.jsonl  test.jsonl    records, sorted by id
    clips.jsonl                           the clips with questions, and their movements
    manifest.json                         provenance, omissions with reasons, balance

Nothing in the folder depends on the machine, the number of workers or the time of day. Fields take
up most of this file.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from kinematics.facts import Frame, MotionFacts, PathSample
from qagen.dataset.balance import Evenness
from qagen.dataset.splits import SPLITS, Split
from qagen.language import phrases
from qagen.schema import record
from qagen.schema.certificates import Certification, Yield
from qagen.schema.record import Record
from qagen.schema.suite import HUMANMOVE, Suite, tasks_of

SCHEMA_VERSION = 2

MANIFEST = "manifest.json"
CLIPS = "clips.jsonl"

SIDES: tuple[str, ...] = tuple(f"{split}.jsonl" for split in SPLITS)
"""The files of rows."""


class Clip(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One person of one clip: identity, side of the split, and movements."""

    clip: str
    person: int
    take: str
    subject: str
    group: str = ""
    split: Split = "train"
    source: str
    """The motion file, relative to the folder that was built from."""
    digest: str
    """A hash of the bytes that were read."""
    frame: Frame
    thresholds: str
    duration_s: float
    fps: float
    coverage: float
    has_joints: bool
    path_m: float
    extent_m: float
    turn_rad: float
    """The sum of left and right turns."""
    shape: str
    movements: dict[str, int]
    """Counts of movements by `+signal` and `-signal`, and of vertical episodes."""
    asked: int
    """Tried questions that are sound, before any selection."""
    rejected: int
    """Tried questions that are not sound."""
    samples: tuple[PathSample, ...]
    """The anchored track, at five samples per second."""

    @property
    def name(self) -> str:
        """A name that is unique among clips and persons."""
        return f"{self.clip}#{self.person}"


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that determines a data set, apart from the motions."""

    seed: int = 0
    suites: tuple[Suite, ...] = (HUMANMOVE,)
    """Suites whose tasks may be asked."""
    tasks: tuple[str, ...] = ()
    """Tasks that are asked; empty for all tasks of the suites."""
    frame: Frame = "first_heading"
    per_task: int | None = None
    """Largest number of questions for each clip and task."""
    balanced: bool = True
    """Whether answers are balanced by selection."""
    max_blind: float | None = None
    """Bound on the best blind model, as a share of the way from chance to all right."""
    val: float = 0.1
    test: float = 0.1
    descriptors: dict[str, str] = {}
    """Phrases that identify people, by clip or `clip#person`."""
    groups: dict[str, str] = {}
    """User-defined groups, by clip or `clip#person`."""
    certify: Certification | None = None
    """Errors that answers have to survive; None for no certification."""

    def __post_init__(self) -> None:
        if not self.tasks:
            msgspec.structs.force_setattr(self, "tasks", tuple(tasks_of(self.suites)))


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """The input of a build."""

    clips: int
    minutes: float
    files: int
    digest: str
    """A hash of the names and bytes of everything that was read."""
    unreadable: tuple[tuple[str, str], ...]
    """Files that could not be read, with reasons; the first hundred."""
    unreadable_files: int
    other_files: int
    """Files in the folder without a motion of a known format."""


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One side of the split."""

    groups: int
    clips: int
    questions: int
    bytes: int
    sha256: str


class BlindScore(msgspec.Struct, frozen=True, kw_only=True):
    """The score of the best model that sees no video."""

    model: str
    questions: int
    points: float
    """0 for guessing, 100 for all right."""


class Blindness(msgspec.Struct, frozen=True, kw_only=True):
    """How well questions could be answered without the video, before and after withholding."""

    max_blind: float
    """The bound, as a share: 0.03 for three points."""
    before: dict[str, BlindScore]
    """By task; `all` for all questions together, which has no bound."""
    after: dict[str, BlindScore]
    kept: dict[str, float]
    """Share of each task's questions that stay."""
    unreachable: dict[str, str]
    """Tasks that could not meet the bound and were left as they are, and why."""
    unsure: dict[str, str]
    """Tasks with so few questions that a gain above the bound may be luck."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of a data set and their provenance."""

    schema_version: int = SCHEMA_VERSION
    made_with: dict[str, str]
    """Versions: of the package, the record schema, the facts schema."""
    rules: str
    """Fingerprint of the vocabulary, the wordings and the rules."""
    thresholds: tuple[str, ...]
    """Fingerprints of the thresholds used to measure the facts; several in a mixed data set."""
    seed: int
    recipe: dict[str, Any]
    inputs: Inputs
    splits: dict[Split, Side]
    alike: int
    """Clips identified as another recording of an earlier clip's motion."""
    suites: tuple[Suite, ...]
    """The tables of the tasks that rows may name."""
    questions: dict[str, dict[str, int]]
    """By task and family."""
    withheld: dict[str, int]
    """Sound questions that were left out, by reason."""
    certified: dict[str, Yield] = {}
    """Sound questions and how many of them were certified; empty without certification."""
    rejections: dict[str, dict[str, int]]
    """Tried questions that are not sound, by task and reason."""
    letters: dict[str, Evenness]
    """How often each letter is right, by number of options."""
    ranks: dict[str, Evenness]
    """How often the right number is the lowest, second, ... of those offered."""
    answers: dict[str, dict[str, int]]
    """How often each answer is right, by rule."""
    majority: dict[str, float]
    """Accuracy from the stem alone, by task: the share of each stem's most frequent answer."""
    clips_sha256: str
    blind: Blindness | None = None
    """Scores of blind models, where the recipe bounds them."""
    plan: str = ""
    """Fingerprint of recipe, input and versions: a build of the same plan may replace it."""


class _SchemaOnly(msgspec.Struct):
    schema_version: int = 0


def clip_of(facts: MotionFacts, **identity: Any) -> Clip:
    """The clip of some facts; `identity` gives the fields that facts do not hold.

    >>> from kinematics import measure, synthetic
    >>> facts = measure(synthetic.perform(synthetic.walk(3.0)).motion)
    >>> clip = clip_of(
    ...     facts, take="", subject="", source="", digest="", asked=0, rejected=0
    ... )
    >>> clip.movements, round(clip.path_m)
    ({'+forward': 1, '+start_distance': 1}, 3)
    """
    movements: dict[str, int] = {}
    for event in facts.events:
        name = ("+" if event.amount > 0 else "-") + event.signal
        movements[name] = movements.get(name, 0) + 1
    for episode in facts.episodes:
        movements[episode.kind] = movements.get(episode.kind, 0) + 1
    return Clip(
        clip=facts.clip,
        person=facts.person,
        frame=facts.frame,
        thresholds=facts.thresholds,
        duration_s=facts.duration_s,
        fps=facts.fps,
        coverage=facts.coverage,
        has_joints=facts.has_joints,
        path_m=facts.whole.path_m,
        extent_m=facts.shape.extent_m,
        turn_rad=facts.posture.turn_left_rad + facts.posture.turn_right_rad,
        shape=facts.shape.shape,
        movements=movements,
        samples=facts.samples,
        **identity,
    )


def phrase_of(recipe: Recipe, clip: str, person: int) -> str:
    """The phrase that identifies a person, or an empty string.

    >>> recipe = Recipe(descriptors={"a#1": "the woman in red", "a#2": "unknown"})
    >>> phrase_of(recipe, "a", 1), phrase_of(recipe, "a", 2)
    ('the woman in red', '')
    """
    words = recipe.descriptors.get(f"{clip}#{person}") or recipe.descriptors.get(clip, "")
    return "" if phrases.subject(words) == phrases.subject("") else words


def read_manifest(folder: Path | str) -> Manifest:
    """The manifest of a data set; raises `ValueError` when it is missing or of another version.

    >>> read_manifest("/nowhere")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: /nowhere: no manifest.json; expected a folder that `qagen build` has finished...
    """
    path = Path(folder, MANIFEST)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ValueError(
            f"{folder}: no {MANIFEST}; expected a folder that `qagen build` has finished. If it "
            "was interrupted, give the same command again"
        ) from None
    try:
        version = msgspec.json.decode(data, type=_SchemaOnly).schema_version
        if version != SCHEMA_VERSION:
            raise ValueError(
                f"a manifest of schema version {version}, expected {SCHEMA_VERSION}: build the "
                "data set again with this release, or read it with the release that wrote it"
            )
        return msgspec.json.decode(data, type=Manifest)
    except (ValueError, msgspec.DecodeError) as error:
        raise ValueError(f"{path}: {error}") from error


def check_files(folder: Path | str, manifest: Manifest) -> None:
    """Raises one `ValueError` that names every file that differs from the manifest.

    >>> check_files("/nowhere", read_manifest("/nowhere"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: /nowhere: no manifest.json...
    """
    expected = {f"{split}.jsonl": side.sha256 for split, side in manifest.splits.items()}
    expected[CLIPS] = manifest.clips_sha256
    problems = []
    for name, digest in expected.items():
        path = Path(folder, name)
        if not path.is_file():
            problems.append(f"{name} is missing")
        elif file_sha256(path) != digest:
            problems.append(f"{name} was changed")
    if problems:
        raise ValueError(
            f"{folder}: {'; '.join(problems)} since {MANIFEST} was written. Build it again, or "
            "copy the whole folder again"
        )


def file_sha256(path: Path | str) -> str:
    """The SHA-256 of a file, as hexadecimal digits.

    >>> file_sha256("/dev/null")[:8]
    'e3b0c442'
    """
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def rows(folder: Path | str) -> Iterator[tuple[Split, Record]]:
    """All rows of a data set, each with its side of the split.

    >>> list(rows("/nowhere"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    FileNotFoundError: ...
    """
    for split in SPLITS:
        for row in record.read(Path(folder, f"{split}.jsonl")):
            yield split, row


def clips(folder: Path | str) -> Iterator[Clip]:
    """The clips of a data set, in the order in which they were read.

    >>> list(clips("/nowhere"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    FileNotFoundError: ...
    """
    path = Path(folder, CLIPS)
    decoder = msgspec.json.Decoder(Clip)
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield decoder.decode(line)
            except msgspec.DecodeError as error:
                raise ValueError(f"{path}, line {number}: {error}") from error
