"""A report as a folder: the page, its data in pieces, and copies of the videos.

    index.html  page.css  *.js         the page, equal for all data sets
    data/overview.js                   counts, balance, audit, certificates, rejections
    data/list/000.js ...               the list of all questions, a thousand per piece
    data/questions/000.js ...          the questions, several per piece
    data/clips/000.js ...              the clips, several per piece
    videos/00000.mp4 ...               copies of the given videos

The same input gives the same bytes. A report is written atomically.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from importlib import resources
from itertools import chain, repeat
from pathlib import Path
from typing import NamedTuple

import msgspec

from kinematics import output
from qagen.audit.report import Report
from qagen.dataset import layout
from qagen.dataset.layout import Clip
from qagen.dataset.splits import SPLITS
from qagen.report import audits, clips, motions, overview, pieces, predictions, rows, videos
from qagen.report.lanes import LANES
from qagen.report.overview import Overview, Tallies
from qagen.report.predictions import Predictions
from qagen.report.videos import Copies, Video
from qagen.schema.question import CATEGORIES
from qagen.study import stats
from qagen.study.stats import Statistics

PAGE = "index.html"

STATIC = ("page.html", "page.css", "start.js", "chart.js", "list.js", "overview.js", "question.js")
"""Files of the page, in loading order; the first becomes `index.html`."""

LISTED = 1000
"""Questions per piece of the list."""

TOGETHER = 50
"""Most questions or clips per piece."""

Progress = Callable[[str, int, int], None]
"""Called with the name of the stage, the number of finished items, and their total."""


class Made(NamedTuple):
    """Numbers of the written report."""

    questions: int
    clips: int
    videos: int
    bytes: int
    """Of the whole folder."""
    without_motion: int
    """Clips without a motion; 0 if no motions were given."""


def write(
    folder: Path,
    out: Path,
    *,
    motions_dir: Path | None = None,
    videos_dir: Path | None = None,
    prediction_files: Sequence[Path] = (),
    audit_file: Path | None = None,
    progress: Progress | None = None,
) -> Made:
    """Writes the report of a data set, replacing an earlier report.

    Raises `ValueError` if the data set was changed, if the file or folder of an option does not
    exist, and if `out` contains anything except a report, or one of the inputs.
    """
    given = (folder, motions_dir, videos_dir, audit_file, *prediction_files)
    _check_out(out, [path for path in given if path is not None])
    statistics = stats.of(folder)
    models = predictions.read_all(prediction_files)
    if models:
        options = {row.id: len(row.options) for _, row in layout.rows(folder)}
        predictions.check(models, options)
    audit = audits.read(audit_file) if audit_file else None
    moving = list(layout.clips(folder))
    films = videos.find(videos_dir, moving) if videos_dir else {}
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        writing = _Writing(folder, partial, moving, progress or _silent)
        made = writing.write(
            statistics, models=models, audit=audit, films=films, motions_dir=motions_dir
        )
        _replace(partial, out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return made


def _silent(_stage: str, _done: int, _total: int) -> None:
    """Reports no progress."""


_OWN = re.compile(
    r"index\.html|page\.css|[a-z]+\.js|data/overview\.js|data/(list|questions|clips)/\d+\.js"
    r"|videos/\d{5,}\.\w+"
)
"""The files of a report, all of which the next report replaces."""


def _check_out(out: Path, inputs: Sequence[Path]) -> None:
    """Refuses to replace anything except an earlier report."""
    files = [path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir()]
    strange = sorted(name for name in files if not _OWN.fullmatch(name))
    own = (out / pieces.DATA / "overview.js").is_file()
    if own and strange:
        raise ValueError(
            f"{out}: a report that also holds {strange[0]}, which would be lost; name a new "
            "folder, or take it out"
        )
    output.check_folder(out, own=own, command="qagen report", inputs=inputs)


def _replace(partial: Path, out: Path) -> None:
    old = out.with_name(f".{out.name}.{os.getpid()}.old")
    if out.exists():
        out.rename(old)
    partial.rename(out)
    shutil.rmtree(old, ignore_errors=True)


class _Writing:
    """Writes a report."""

    def __init__(self, folder: Path, out: Path, moving: Sequence[Clip], progress: Progress) -> None:
        self._folder, self._out, self._progress = folder, out, progress
        self._clips = moving
        self._numbers = {clip.name: number for number, clip in enumerate(moving)}

    def write(
        self,
        statistics: Statistics,
        *,
        models: Sequence[Predictions],
        audit: Report | None,
        films: dict[str, Video],
        motions_dir: Path | None,
    ) -> Made:
        """Writes all files, the overview last, since it lists where each piece begins."""
        copies = Copies(self._out)
        clip_starts, missing = self._write_clips(films, copies, motions_dir)
        tallies = Tallies(models)
        families = sorted({name for counts in statistics.families.values() for name in counts})
        list_starts, question_starts = self._write_rows(statistics.total, models, tallies, families)
        inputs = statistics.manifest.inputs
        manifest = msgspec.to_builtins(statistics.manifest)
        content = Overview(
            title=self._folder.resolve().name,
            total=statistics.total,
            clips=len(self._clips),
            minutes=round(inputs.minutes, 1),
            groups=statistics.groups,
            splits=list(SPLITS),
            sides=[
                (name, side.groups, side.clips, side.questions)
                for name, side in statistics.manifest.splits.items()
            ],
            categories=overview.categories(statistics),
            families=families,
            margins=rows.MARGINS,
            letters=overview.letters(statistics.letters),
            ranks=overview.ranks(statistics.ranks),
            answers=overview.answers(statistics.answers),
            motions=overview.motions(statistics),
            movements=list(statistics.movements.items()),
            withheld=list(statistics.manifest.withheld.items()),
            unreadable=inputs.unreadable_files,
            audit=audit,
            blind=overview.blind(manifest),
            error_models=tallies.error_models,
            certificates=tallies.certificates(overview.tried(manifest)),
            models=tallies.models(),
            made=overview.made(statistics),
            list_starts=list_starts,
            question_starts=question_starts,
            clip_starts=clip_starts,
            clip_names=[clip.name.removesuffix("#0") for clip in self._clips],
            lanes=LANES,
            has_videos=bool(films),
        )
        pieces.write(self._out, "overview", content)
        self._write_page()
        size = sum(path.stat().st_size for path in self._out.rglob("*") if path.is_file())
        return Made(statistics.total, len(self._clips), len(copies), size, missing)

    def _write_clips(
        self, films: dict[str, Video], copies: Copies, motions_dir: Path | None
    ) -> tuple[list[int], int]:
        series = pieces.Series(self._out, "clips", most=TOGETHER)
        again: Iterator[motions.Moved | None] = (
            repeat(None, len(self._clips))
            if motions_dir is None
            else motions.moved(motions_dir, self._clips)
        )
        missing = 0
        for number, (clip, moved) in enumerate(zip(self._clips, again, strict=True)):
            missing += motions_dir is not None and moved is None
            film = films.get(clip.name)
            copy = copies.add(film.path) if film else ""
            words = film.words if film else ""
            shown = clips.shown(clip, moved=moved, video=copy, people=words)
            series.add(shown, size=len(msgspec.json.encode(shown)))
            self._progress("clips", number + 1, len(self._clips))
        if missing and missing == len(self._clips):
            raise ValueError(
                f"{motions_dir}: contains none of the clips; expected the motions that the "
                "data set was built from"
            )
        return series.close(), missing

    def _write_rows(
        self, total: int, models: Sequence[Predictions], tallies: Tallies, families: list[str]
    ) -> tuple[list[int], list[int]]:
        listed = pieces.Series(self._out, "list", most=LISTED, pack=rows.columns)
        asked = pieces.Series(self._out, "questions", most=TOGETHER)
        family_numbers = {name: number for number, name in enumerate(families)}
        for number, (split, row) in enumerate(layout.rows(self._folder)):
            shown = rows.shown(row, models)
            asked.add(shown, size=len(msgspec.json.encode(shown)))
            listed.add(
                rows.Listed(
                    id=row.id,
                    stem=row.question,
                    clip=self._numbers[f"{row.clip}#{row.person}"],
                    category=CATEGORIES.index(row.category),
                    family=family_numbers[row.family],
                    split=SPLITS.index(split),
                    margin=shown.times,
                    models=tallies.add(row),
                )
            )
            self._progress("questions", number + 1, total)
        return listed.close(), asked.close()

    def _write_page(self) -> None:
        source = resources.files("qagen.report") / "page"
        for name, target in chain([(STATIC[0], PAGE)], ((name, name) for name in STATIC[1:])):
            (self._out / target).write_bytes((source / name).read_bytes())
