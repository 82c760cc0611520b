"""Curation of many inputs by any number of processes, resumable with the same output.

Each finished input is a line of a log beside the output, with a fingerprint of the input and the
options. A resumed run skips inputs with a line; the output is written atomically at the end, in the
order of the inputs.
"""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from kinematics.curation import describe, intake, records, stages, verbs
from kinematics.curation.clips import PoseClip
from kinematics.curation.intake import Item
from kinematics.curation.judge import Judged, Rule, judge
from kinematics.curation.limits import Limits
from kinematics.curation.records import ClipReport, Verdict
from kinematics.output import whole
from kinematics.terminal import reading

CHUNK = 16
"""Inputs per task of a worker; their clips are measured together."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """How inputs are read and judged."""

    rule: Rule = "auto"
    limits: Limits = field(default_factory=Limits)
    fps: float | None = None
    size_px: tuple[int, int] | None = None
    detector: Path | None = None
    """Weights of YOLOX (.onnx), for videos."""
    pose: Path | None = None
    """Weights of RTMPose (.onnx), for videos."""


class _Line(msgspec.Struct, frozen=True):
    """A finished input in the log."""

    key: str
    reports: tuple[ClipReport, ...]


_line = msgspec.json.Decoder(_Line)


def log_of(out: Path) -> Path:
    """The log beside an output.

    >>> log_of(Path("kept.jsonl")).name
    'kept.log.jsonl'
    """
    return out.with_name(f"{out.stem}.log.jsonl")


def curate(
    items: Sequence[Item],
    out: Path,
    *,
    options: Options,
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
) -> list[ClipReport]:
    """The reports of all inputs in order; writes those of kept clips to `out`, atomically.

    `progress` receives the number of finished inputs. Inputs in the log are not repeated.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     broken = Path(folder, "a.json")
    ...     _ = broken.write_text("[")
    ...     options = Options(fps=25.0, size_px=(640, 480))
    ...     items = intake.find([broken], {})
    ...     [report] = curate(items, Path(folder, "kept.jsonl"), options=options)
    >>> report.kept, "a.json: expected 2D keypoints" in report.error
    (False, True)
    """
    _check_files(items, out)
    out.parent.mkdir(parents=True, exist_ok=True)
    settings = repr(options)
    keys = [intake.fingerprint(item, settings) for item in items]
    done = dict(_logged(log_of(out)))
    waiting = [index for index, key in enumerate(keys) if key not in done]
    finished = len(items) - len(waiting)
    if progress:
        progress(finished)
    chunks = [waiting[start : start + CHUNK] for start in range(0, len(waiting), CHUNK)]
    with log_of(out).open("ab") as log:
        for chunk, results in _results(items, chunks, options, workers):
            for index, reports in zip(chunk, results, strict=True):
                done[keys[index]] = reports
                log.write(msgspec.json.encode(_Line(keys[index], reports)) + b"\n")
            log.flush()
            finished += len(chunk)
            if progress:
                progress(finished)
    every = [report for key in keys for report in done[key]]
    with whole(out) as partial:
        records.write(partial, (report for report in every if report.kept))
    return every


def _check_files(items: Sequence[Item], out: Path) -> None:
    """Refuses to overwrite an input, or a file that is not a log of curation."""
    for item in items:
        if item.path.resolve() in (out.resolve(), log_of(out).resolve()):
            raise ValueError(f"{item.path}: is an input; name another output")
    log = log_of(out)
    if log.is_file():
        with log.open("rb") as file:
            first = file.readline()
        try:
            if first and (first.endswith(b"\n") or not first.startswith(b'{"key"')):
                _line.decode(first)  # an incomplete line of a log is removed later
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ValueError(
                f"{log}: no log of `kinematics curate`; name another output, or move it away"
            ) from error


def _logged(log: Path) -> Iterator[tuple[str, tuple[ClipReport, ...]]]:
    """The valid lines of a log; an incomplete last line is removed."""
    if not log.exists():
        return
    whole = 0
    with log.open("rb") as file:
        for line in file:
            try:
                record = _line.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                break
            if not line.endswith(b"\n"):
                break
            whole += len(line)
            yield record.key, record.reports
    with log.open("r+b") as file:
        file.truncate(whole)


Results = list[tuple[ClipReport, ...]]


def _results(
    items: Sequence[Item], chunks: Sequence[list[int]], options: Options, workers: int
) -> Iterator[tuple[list[int], Results]]:
    """Chunks with their results, as they finish."""
    if workers == 1 or len(chunks) < 2:
        for chunk in chunks:
            yield chunk, curate_some([items[index] for index in chunk], options)
        return
    context = multiprocessing.get_context("spawn")  # forking would copy JAX's threads
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        running: dict[Future[Results], list[int]] = {}
        remaining = iter(chunks)
        while True:
            for chunk in remaining:
                inputs = [items[index] for index in chunk]
                running[pool.submit(curate_some, inputs, options)] = chunk
                if len(running) >= 2 * workers:
                    break
            if not running:
                return
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                yield running.pop(future), future.result()


def curate_some(items: Iterable[Item], options: Options) -> Results:
    """The reports of each input; an unreadable input has a single report with the error."""
    limits, count = options.limits, verbs.counter()
    reports: list[list[ClipReport]] = []
    clips: list[tuple[int, ClipReport, PoseClip]] = []
    for index, item in enumerate(items):
        caption, attributes = item.about.caption, item.about.attributes
        first = ClipReport(
            clip=item.path.stem, path=str(item.path), caption=caption, attributes=attributes
        )
        verb_count = None if caption is None else count(caption)
        reports.append([])
        try:
            with reading(item.path):
                for verdicts, report, clip in _scenes(item, first, verb_count, options):
                    report = msgspec.structs.replace(report, verdicts=verdicts)
                    if clip is None or not verdicts[-1].kept:
                        reports[index].append(report)
                    else:
                        clips.append((index, report, clip))
        except (ValueError, OSError) as error:
            reports[index] = [msgspec.structs.replace(first, error=str(error))]
            clips = [entry for entry in clips if entry[0] != index]
    judged = judge([clip for _, _, clip in clips], rule=options.rule, limits=limits)
    for (index, report, clip), result in zip(clips, judged, strict=True):
        reports[index].append(_completed(report, clip, result, limits))
    return [tuple(sorted(some, key=lambda report: report.start_s)) for some in reports]


def _completed(report: ClipReport, clip: PoseClip, judged: Judged, limits: Limits) -> ClipReport:
    verdicts = (*report.verdicts, *judged.verdicts)
    whole = msgspec.structs.replace(report, verdicts=verdicts, rule=judged.rule)
    if not whole.kept:
        return whole
    return msgspec.structs.replace(whole, people=describe.people(clip, judged, limits=limits))


def _scenes(
    item: Item, first: ClipReport, verb_count: int | None, options: Options
) -> Iterator[tuple[tuple[Verdict, ...], ClipReport, PoseClip | None]]:
    """The scenes of an input with early verdicts; no clip for scenes that are already refused."""
    if item.is_video:
        from kinematics.curation import videos

        weights = {"detector": options.detector, "pose": options.pose}
        yield from videos.scenes(item, first, verb_count, limits=options.limits, **weights)
        return
    clip = intake.read_clip(item, fps=options.fps, size_px=options.size_px)
    width_px, height_px = clip.image_size_px
    verdict = stages.metadata(
        width_px=width_px,
        height_px=height_px,
        duration_s=item.about.duration_s or clip.duration_s,
        verbs=verb_count,
        limits=options.limits,
    )
    end_s = float(clip.times_s[0]) + clip.duration_s if len(clip.times_s) else 0.0
    yield (verdict,), msgspec.structs.replace(first, end_s=round(end_s, 3)), clip
