"""The command line: make motions, measure them, read the facts, draw them.

Everything heavy is imported inside the commands, so that `--help` answers at once.
"""

import math
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from kinematics import commands_curate, commands_view

if TYPE_CHECKING:
    import rich.progress

    import kinematics.compare
    import kinematics.facts
    import kinematics.motion
    import kinematics.pairing

MeasuredFrame = Literal["first_heading", "body", "camera"]
"""The frames of reference that whole motions are measured in."""

PIPED_WIDTH: int = 150
"""Columns of the table when it is not printed to a terminal."""

app = typer.Typer(
    name="kinematics",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)
_errors = Console(stderr=True)

FrameOption = Annotated[
    MeasuredFrame,
    typer.Option(
        help="Whose left and forward: the subject's at the start, the subject's own at each "
        "instant, or the first camera's (needs camera poses in the file)."
    ),
]
CacheOption = Annotated[
    Path | None,
    typer.Option(
        envvar="KINEMATICS_CACHE",
        help="Folder that keeps compiled code, so that the next run starts in seconds.",
        show_default=False,
    ),
]


ModelOption = Annotated[
    Path | None,
    typer.Option(
        help="Model file of the SMPL family (.npz, licensed by its authors): with it, files of "
        "body parameters are measured by pelvis and joints, not by the root alone.",
        show_default=False,
    ),
]


def _print_version(wanted: bool) -> bool:
    if wanted:
        try:
            version = metadata.version("kinematics-qa")
        except metadata.PackageNotFoundError:
            version = "(not installed: running from source)"
        typer.echo(f"kinematics {version}")
        raise typer.Exit
    return wanted


@app.callback()
def main(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Measurements of human motion that can be trusted.

    [b]Start here:[/b] [cyan]kinematics demo out/demo[/cyan] makes a dozen motions, measures and
    draws them in under a minute. Every command explains itself with [cyan]--help[/cyan].
    """


@contextmanager
def _plainly() -> Iterator[None]:
    """What the user can mend is said on one stderr line, with exit code 2 and no traceback."""
    try:
        yield
    except (ValueError, OSError) as error:
        _complain(f"error: {_worded(error)}")
        raise typer.Exit(2) from error


def _worded(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _complain(text: str) -> None:
    _errors.print(text, markup=False, highlight=False, soft_wrap=True)


def _keep_compiled(folder: Path | None) -> None:
    """Lets JAX store what it compiles in the folder, unless the environment names another."""
    if folder is None or "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    from jax import config

    for name, value in (
        ("jax_compilation_cache_dir", str(folder.expanduser())),
        ("jax_persistent_cache_min_compile_time_secs", 0.0),  # by default little is kept
    ):
        config.update(name, value)  # type: ignore[no-untyped-call]


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A path to write to in the block; the file moves to `path` when the block succeeds.

    It lives in a folder beside the target, which goes away with all that is in it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=path.parent) as folder:
        partial = Path(folder, path.name)
        yield partial
        partial.replace(path)


def _check_cameras(
    motion: "kinematics.motion.Motion", frame: MeasuredFrame, *, where: Path
) -> None:
    if frame == "camera" and motion.camera_positions_m is None:
        raise ValueError(
            f"{where}: no camera poses, which --frame camera needs; leave the option out, or add "
            "camera_orientations_wxyz and camera_positions_m to the file"
        )


def _found(paths: Sequence[Path]) -> list[Path]:
    """The motion files and stores that are named or lie in named folders; at least one."""
    from kinematics import readers, store

    folders = [path for path in paths if path.is_dir()]
    stores = store.find(folders)
    files = readers.find(path for path in paths if path not in stores)
    if not (stores or files):
        suffixes = ", ".join(sorted(readers.SUFFIXES))
        raise ValueError(f"no motion file ({suffixes}) or store in {', '.join(map(str, paths))}")
    return sorted([*stores, *files])


@dataclass
class _Intake:
    """Reads files and stores one after another and keeps account of what could not be read."""

    files: Sequence[Path]
    named: set[Path]
    frame: MeasuredFrame = "first_heading"
    smplx_model: Path | None = None
    done: int = 0
    failed: int = 0
    skipped: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    stored: int = 0
    """Clips of stores that were asked for, sound or not."""
    held: list[str] | None = None
    """Where complaints wait until the report; None: they are said at once."""

    def fail(self, error: Exception) -> None:
        """Counts a file or clip that could not be read, and says why."""
        self.failed += 1
        self._tell(f"error: {_worded(error)}")

    def _tell(self, text: str) -> None:
        if self.held is None:
            _complain(text)
        else:
            self.held.append(text)

    def motions(self) -> Iterator["kinematics.motion.Motion"]:
        from kinematics import readers, store

        for number, path in enumerate(self.files):
            self.done = number
            if store.recognise(path):
                yield from self._clips(path)
                continue
            try:
                motions = readers.read(path, smplx_model=self.smplx_model)
                for motion in motions:
                    _check_cameras(motion, self.frame, where=path)
            except readers.UnknownFormatError as error:
                if path in self.named:
                    self.fail(error)
                else:  # folders hold other arrays too
                    self.skipped += 1
                    if self.held is not None:
                        self._tell(f"left out: {error}")
            except (ValueError, OSError) as error:
                self.fail(error)
            else:
                self.seen.update(f"{m.source.clip}, person {m.source.person}" for m in motions)
                yield from motions

    def _clips(self, path: Path) -> Iterator["kinematics.motion.Motion"]:
        """The clips of a store; a damaged one does not stop the others."""
        from kinematics import store

        try:
            opened = store.read(path)
        except (ValueError, OSError) as error:
            self.fail(error)
            return
        self.stored += len(opened)
        for number in range(len(opened)):
            try:
                motion = opened[number]
                _check_cameras(motion, self.frame, where=path / motion.source.clip)
            except (ValueError, OSError) as error:
                self.fail(error)
            else:
                self.seen[f"{motion.source.clip}, person {motion.source.person}"] += 1
                yield motion

    def report(self, count: int, out: Path, *, done: str = "measured") -> None:
        """The closing lines, on stderr."""
        for text in self.held or ():
            _complain(text)
        if self.skipped:
            _complain(f"{self.skipped} files of the folders hold no motion and were left out")
        if repeated := [name for name, times in self.seen.items() if times > 1]:
            _complain(f"warning: {len(repeated)} names are used twice, such as {repeated[0]}")
        if self.failed:
            clips = f" and {self.stored} stored clips" if self.stored else ""
            _complain(f"{self.failed} of {len(self.files)} files{clips} could not be {done}")
        _complain(f"{count} clips {done}: {out}")


def _progress() -> "rich.progress.Progress":
    """A bar on the terminal; nothing where stderr is no terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    words = TextColumn("{task.description}")
    columns = (words, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=_errors, disable=not _errors.is_terminal)


def _measure_to(out: Path, intake: _Intake) -> int:
    """Measures what the intake reads and writes it whole; gives the number of clips."""
    from kinematics import facts, measure

    with _progress() as bar:
        task = bar.add_task("measuring", total=len(intake.files))

        def advance(measured: int) -> None:
            total = max(len(intake.files), intake.seen.total()) - intake.failed - intake.skipped
            bar.update(task, completed=measured, total=total)

        with _whole(out) as partial:
            clips = measure.measure_all(intake.motions(), frame=intake.frame, progress=advance)
            return facts.write(partial, clips)


def _draw(motion: "kinematics.motion.Motion", out: Path, frame: MeasuredFrame) -> None:
    from kinematics import measure, plot

    figure = plot.overview(measure.trace(motion, frame=frame), measure.measure(motion, frame=frame))
    with _whole(out) as partial:
        figure.savefig(partial)


@app.command("measure")
def measure_files(
    paths: Annotated[
        list[Path], typer.Argument(help="Motion files, folders of them, or packed stores.")
    ],
    out: Annotated[Path, typer.Option(help="The facts, one JSON object a line and a clip.")],
    frame: FrameOption = "first_heading",
    cache: CacheOption = None,
    smplx_model: ModelOption = None,
) -> None:
    """Measure motions: files, folders or packed stores in, one line of facts a clip out.

    A file that cannot be read is named and does not stop the others; the exit code is then 1.
    The output appears whole or not at all.

    [b]Examples[/b]

    [cyan]kinematics measure walk.npz --out walk.jsonl[/cyan]

    [cyan]kinematics measure motions/ more/*.npy --out facts.jsonl --frame body[/cyan]

    [cyan]kinematics measure motions/ --out facts.jsonl --cache ~/.cache/kinematics[/cyan]
    """
    _keep_compiled(cache)
    with _plainly():
        files = _found(paths)
    named = {path for path in paths if not path.is_dir()}
    intake = _Intake(files=files, named=named, frame=frame, smplx_model=smplx_model)
    count = _measure_to(out, intake)
    intake.report(count, out)
    if intake.failed or not count:
        raise typer.Exit(1)


@app.command("show")
def show_clip(
    clip: Annotated[Path, typer.Argument(help="A motion file.")],
    out: Annotated[Path, typer.Option(help="The picture: .png, .pdf or .svg.")],
    person: Annotated[int, typer.Option(help="Which person of the file.", min=0)] = 0,
    frame: FrameOption = "first_heading",
    cache: CacheOption = None,
) -> None:
    """Draw one motion: its path from above, and every signal with the events that were found.

    [b]Examples[/b]

    [cyan]kinematics show walk.npz --out walk.png[/cyan]

    [cyan]kinematics show crowd.npz --person 2 --frame camera --out second.pdf[/cyan]
    """
    from kinematics import readers

    _keep_compiled(cache)
    with _plainly():
        if out.suffix.lower() not in (".png", ".pdf", ".svg"):
            raise ValueError(f"{out}: expected a picture ending in .png, .pdf or .svg")
        people = {motion.source.person: motion for motion in readers.read(clip)}
        if person not in people:
            there = ", ".join(map(str, sorted(people)))
            raise ValueError(f"{clip}: no person {person}; the file has {there}")
        _check_cameras(people[person], frame, where=clip)
    _draw(people[person], out, frame)
    typer.echo(out)


@app.command("pack")
def pack_files(
    inputs: Annotated[
        list[Path], typer.Argument(help="Motion files, folders of them, or other stores.")
    ],
    out: Annotated[Path, typer.Argument(help="The store: a folder that this command makes.")],
    append: Annotated[
        bool, typer.Option("--append", help="Add to the store if it is there already.")
    ] = False,
) -> None:
    """Pack motions of any known format into one store, which is read many times faster.

    The store, or what is added to it, appears whole or not at all. What cannot be read is listed at
    the end and does not stop the others; the exit code is then 1. [cyan]measure[/cyan] takes the
    store as it takes files, and [cyan]inspect[/cyan] says what is in it.

    [b]Examples[/b]

    [cyan]kinematics pack motions/ corpus[/cyan]

    [cyan]kinematics pack more/*.npz corpus --append[/cyan]

    [cyan]kinematics measure corpus --out facts.jsonl[/cyan]
    """
    with _plainly():
        files = [path for path in _found(inputs) if path.resolve() != out.resolve()]
        named = {path for path in inputs if not path.is_dir()}
        intake = _Intake(files=files, named=named, held=[])
        count = _pack_to(out, intake, append=append)
    intake.report(count, out, done="packed")
    if intake.failed or not count:
        raise typer.Exit(1)


def _pack_to(out: Path, intake: _Intake, *, append: bool) -> int:
    """Packs what the intake reads; gives the number of clips."""
    from kinematics import motion, store

    with _progress() as bar:
        task = bar.add_task("packing", total=len(intake.files))

        def counted() -> Iterator[motion.Motion]:
            for one in intake.motions():
                bar.update(task, completed=intake.done)
                yield one
            bar.update(task, completed=len(intake.files))

        return store.write(counted(), out, append=append, refused=lambda _, why: intake.fail(why))


@app.command("inspect")
def inspect_file(
    path: Annotated[Path, typer.Argument(help="A motion file or a packed store.")],
    verify: Annotated[
        bool, typer.Option("--verify", help="Read and check every clip of a store.")
    ] = False,
) -> None:
    """Say what a motion file or a store holds, and what about it is odd.

    Of a file: its format, axes and units, what reading it keeps and loses, and of each person the
    frames, the share that was seen, joints, camera, notes and warnings. Of a store: clips, minutes,
    size, and which checks it passed.

    [b]Examples[/b]

    [cyan]kinematics inspect walk.npz[/cyan]

    [cyan]kinematics inspect corpus --verify[/cyan]
    """
    from kinematics import inspection, store

    with _plainly():
        if store.recognise(path):
            lines = list(inspection.describe_store(path, verify=verify))
        else:
            lines = list(inspection.describe(path))
    typer.echo(path)
    for name, text in lines:
        typer.echo(f"  {name:<14}{text}".rstrip())


@app.command("compare")
def compare_files(
    estimates: Annotated[Path, typer.Argument(help="The estimate: a file, folder or store.")],
    truths: Annotated[Path, typer.Argument(help="The ground truth: a file, folder or store.")],
    out: Annotated[
        Path | None,
        typer.Option(help="All measures of all clips, as JSON.", show_default=False),
    ] = None,
    on: Annotated[
        Literal["auto", "joints", "root"],
        typer.Option(help="Compare joints, or the root alone; auto: joints where both have them."),
    ] = "auto",
    offset_s: Annotated[float, typer.Option(help="Added to the estimate's times.")] = 0.0,
    smplx_model: ModelOption = None,
) -> None:
    """Compare estimated motions with ground truth: how far off, by the measures papers report.

    Clips are matched by clip and person; one motion on each side is a pair whatever its name. What
    has no partner is named, and the exit code is then 1.

    The table: W and WA are the mean joint errors in mm of stretches of 3.3 s (100 published
    frames) aligned by their first two frames, or as a whole (of the root, where there are no
    joints); ATE and RTE the root's error after one rigid alignment, in m and in percent of the
    path; heading the mean error of the root's heading; drift the error at the end with both put
    together at the start; jitter in 10 m/s³; seen the share of frames in which the estimate has
    the person.

    [b]Examples[/b]

    [cyan]kinematics compare video/hmr4d_results.pt P0_09_data.pkl[/cyan]

    [cyan]kinematics compare estimates/ truths/ --out report.json[/cyan]
    """
    from kinematics import compare

    with _plainly():
        matches, failed = _matched(estimates, truths, smplx_model)
        chosen = None if on == "auto" else on
        clips = [
            compare.compare(one, other, on=chosen, offset_s=offset_s)
            for one, other in matches.pairs
        ]
        pooled = compare.pooled(clips)
        if out is not None:
            import msgspec

            report = compare.Report(
                pooled=pooled,
                clips=tuple(clips),
                only_estimates=matches.only_estimates,
                only_truths=matches.only_truths,
            )
            with _whole(out) as partial:
                partial.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    _print_comparisons(clips, pooled)
    _close(matches, failed)


def _matched(
    estimates: Path, truths: Path, smplx_model: Path | None
) -> "tuple[kinematics.pairing.Matches, int]":
    """The pairs of two files, folders or stores, and how many files could not be read."""
    from kinematics import pairing

    sides, failed = [], 0
    for path in (estimates, truths):
        intake = _Intake(files=_found([path]), named={path}, smplx_model=smplx_model)
        sides.append(list(intake.motions()))
        failed += intake.failed
    matches = pairing.match(*sides)
    if not matches.pairs:
        raise ValueError(
            f"{estimates} and {truths}: no clip and person in common; the estimates have "
            f"{', '.join(matches.only_estimates[:3]) or 'none'}, the truths "
            f"{', '.join(matches.only_truths[:3]) or 'none'}; rename one side"
        )
    return matches, failed


def _close(matches: "kinematics.pairing.Matches", failed: int) -> None:
    """Names what had no partner; the exit code is 1 where anything was left out."""
    lonely = [f"{name}: no ground truth" for name in matches.only_estimates]
    lonely += [f"{name}: no estimate" for name in matches.only_truths]
    for text in lonely:
        _complain(text)
    if failed or lonely:
        raise typer.Exit(1)


def _print_comparisons(
    clips: "Sequence[kinematics.compare.Comparison]", pooled: "kinematics.compare.Comparison"
) -> None:
    """One row a clip, and the means of all of them."""
    from rich import box
    from rich.table import Table

    headings = "clip,seconds,path m,W mm,WA mm,ATE m,RTE %,heading °,drift m,jitter,seen".split(",")
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for name in headings:
        table.add_column(name, justify="left" if name == "clip" else "right", no_wrap=True)
    for clip in clips:
        table.add_row(*_compared_cells(clip))
    if len(clips) > 1:
        table.add_section()
        table.add_row(*_compared_cells(pooled))
    Console(width=None if sys.stdout.isatty() else PIPED_WIDTH).print(table)


def _compared_cells(clip: "kinematics.compare.Comparison") -> tuple[str, ...]:
    from rich.markup import escape

    def number(value: float | None, digits: int, *, scale: float = 1.0) -> str:
        return "–" if value is None else f"{scale * value:.{digits}f}"

    person = f" #{clip.person}" if clip.person else ""
    w_m, wa_m, mark = clip.w_mpjpe_m, clip.wa_mpjpe_m, ""
    if w_m is None:
        w_m, wa_m, mark = clip.w_root_error_m, clip.wa_root_error_m, " root"
    jitter = clip.root_jitter_10mps3 if clip.jitter_10mps3 is None else clip.jitter_10mps3
    heading_rad = clip.heading_error_rad
    return (
        escape(clip.clip + person),
        f"{clip.duration_s:.1f}",
        f"{clip.path_m:.2f}",
        number(w_m, 1, scale=1000.0) + mark,
        number(wa_m, 1, scale=1000.0) + mark,
        number(clip.ate_rmse_m, 3),
        number(clip.rte_percent, 2),
        number(None if heading_rad is None else math.degrees(heading_rad), 1),
        number(clip.end_drift_m, 3),
        number(jitter, 1),
        f"{clip.coverage:.0%}",
    )


@app.command("fit-error")
def fit_error(
    estimates: Annotated[Path, typer.Argument(help="Estimates: a file, folder or store.")],
    truths: Annotated[Path, typer.Argument(help="Their ground truth: a file, folder or store.")],
    out: Annotated[Path, typer.Option(help="The error model, as JSON.")],
    jitter_time_s: Annotated[
        float, typer.Option(help="Jitter is another after this time; given, not fitted.", min=0.01)
    ] = 0.3,
    drift_length_m: Annotated[
        float, typer.Option(help="Drift turns after this path; given, not fitted.", min=0.01)
    ] = 5.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same model.")] = 0,
    smplx_model: ModelOption = None,
) -> None:
    """Fit the error model of a tracker to pairs of its estimates and the ground truth.

    The model says how large drift, jitter, wrong scale and heading are, and how often people are
    lost or their sides exchanged; perturb.copies then lets any motion err like that. Dozens of
    clips are needed: scale and facing are drawn once a clip. Clips are matched as in
    [cyan]compare[/cyan].

    [b]Example[/b]

    [cyan]kinematics fit-error estimates/ truths/ --out model.json[/cyan]
    """
    import msgspec

    from kinematics import error_fit, error_models

    with _plainly():
        matches, failed = _matched(estimates, truths, smplx_model)
        model = error_fit.fit(
            matches.pairs,
            name=out.stem,
            jitter_time_s=jitter_time_s,
            drift_length_m=drift_length_m,
            seed=seed,
        )
        with _whole(out) as partial:
            error_models.save(model, partial)
    for name, value in msgspec.structs.asdict(model).items():
        if isinstance(value, float):
            typer.echo(f"  {name:<28}{value:.4g}")
    typer.echo(f"{len(matches.pairs)} pairs: {out}")
    _close(matches, failed)


app.command("curate")(commands_curate.curate)
app.command("view")(commands_view.view)


@app.command("synth")
def synthesise(
    out_dir: Annotated[
        Path, typer.Argument(help="Folder for clip_00000.npz, ... and truth.jsonl.")
    ],
    clips: Annotated[int, typer.Option(help="How many motions.", min=1, max=99_999)] = 100,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 0,
    fps: Annotated[
        float | None, typer.Option(help="Frames a second; varied when left out.", min=1, max=1000)
    ] = None,
    jitter_mm: Annotated[float, typer.Option(help="Tracker noise of positions.", min=0)] = 0.0,
    jitter_deg: Annotated[float, typer.Option(help="Tracker noise of the root.", min=0)] = 0.0,
    joints: Annotated[bool, typer.Option(help="Write 22 body joints, or the root alone.")] = True,
) -> None:
    """Make motions whose true events are known: walks, turns, jumps, bows, pauses and more.

    [b]Examples[/b]

    [cyan]kinematics synth motions --clips 1000 --seed 7[/cyan]

    [cyan]kinematics synth noisy --clips 50 --fps 30 --jitter-mm 10 --jitter-deg 2[/cyan]
    """
    with _plainly():
        count = _write_corpus(
            out_dir, clips=clips, seed=seed, fps=fps, jitter_m=jitter_mm / 1000,
            jitter_rad=math.radians(jitter_deg), joints=joints,
        )  # fmt: skip
    typer.echo(f"{count} clips and truth.jsonl in {out_dir}")


@app.command("facts")
def print_facts(
    file: Annotated[Path, typer.Argument(help="A facts file (.jsonl) that `measure` wrote.")],
    limit: Annotated[int, typer.Option(help="Print at most this many clips.", min=1)] = 50,
) -> None:
    """Print a facts file as a table: how long, how far, which turns, how many events.

    [b]Example[/b]

    [cyan]kinematics facts facts.jsonl[/cyan]
    """
    with _plainly():
        _print_table(file, limit=limit)


@app.command("demo")
def demonstrate(
    out_dir: Annotated[Path, typer.Argument(help="Folder for the motions, facts and pictures.")],
    clips: Annotated[int, typer.Option(help="How many motions.", min=2, max=60)] = 12,
) -> None:
    """Make a dozen motions, measure them, print the facts and draw three pictures.

    Compiled code is kept in the folder: the second run takes seconds.

    [b]Example[/b]

    [cyan]kinematics demo out/demo[/cyan]
    """
    from kinematics import facts, plot, readers

    motions, facts_file = out_dir / "motions", out_dir / "facts.jsonl"
    with _plainly():
        _write_corpus(
            motions, clips=clips, seed=0, fps=None, jitter_m=0.0, jitter_rad=0.0, joints=True
        )
    _keep_compiled(out_dir / ".jax_cache")
    files = readers.find([motions])
    _measure_to(facts_file, _Intake(files=files, named=set(), frame="first_heading"))
    measured = list(facts.read(facts_file))
    pictures = [out_dir / "paths.png"]
    with _whole(pictures[0]) as partial:
        plot.paths(measured).savefig(partial)
    busiest = sorted(zip(measured, files, strict=True), key=lambda pair: -len(pair[0].events))
    for _, path in busiest[:2]:
        pictures.append(out_dir / f"{path.stem}.png")
        _draw(readers.read(path)[0], pictures[-1], "first_heading")
    _print_table(facts_file, limit=clips)
    typer.echo("\nWorth opening:")
    for path in (*pictures, facts_file, motions / "truth.jsonl"):
        typer.echo(f"  {path}")


def _write_corpus(
    out_dir: Path,
    *,
    clips: int,
    seed: int,
    fps: float | None,
    jitter_m: float,
    jitter_rad: float,
    joints: bool,
) -> int:
    """Writes a synthetic corpus and its truth; refuses a folder with clips of a longer one."""
    import msgspec

    from kinematics import synthetic
    from kinematics.readers import native

    names = [f"clip_{i:05d}" for i in range(clips)]
    left_over = sorted({path.stem for path in out_dir.glob("clip_?????.npz")} - set(names))
    if left_over:
        raise ValueError(
            f"{out_dir}: holds {len(left_over)} more clips of an earlier run, such as "
            f"{left_over[0]}.npz; remove them or choose another folder"
        )
    out_dir.mkdir(parents=True, exist_ok=True)
    corpus = synthetic.corpus(
        clips, seed=seed, fps=fps, jitter_m=jitter_m, jitter_rad=jitter_rad, joints=joints
    )
    with _whole(out_dir / "truth.jsonl") as partial, partial.open("wb") as truth:
        for name, performance in zip(names, corpus, strict=True):
            native.write(performance.motion, out_dir / f"{name}.npz")
            true = performance.truth
            row = {
                "file": f"{name}.npz",
                "clip": performance.motion.source.clip,
                "events": true.events(joints=joints),
                "episodes": true.episodes,
                "kinds": true.kinds,
                "begins_walking": true.begins_walking,
                "ends_walking": true.ends_walking,
            }
            truth.write(msgspec.json.encode(row) + b"\n")
    return clips


def _print_table(file: Path, *, limit: int) -> None:
    """The first clips of a facts file as a table, and the totals of all."""
    from rich import box
    from rich.table import Table

    from kinematics import facts

    headings = ("clip", "seconds", "path m", "net m", "shape", "left", "right", "events", "seen")
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for name in headings:
        words = name in ("clip", "shape", "events")
        table.add_column(name, justify="left" if words else "right", no_wrap=name != "events")
    clips, seconds, events = 0, 0.0, 0
    for clip in facts.read(file):
        clips, seconds, events = clips + 1, seconds + clip.duration_s, events + len(clip.events)
        if clips <= limit:
            table.add_row(*_cells(clip))
    console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)
    console.print(table)
    more = f", {clips - limit} not shown" if clips > limit else ""
    typer.echo(f"{clips} clips{more}, {seconds:.1f} s, {events} events")


def _cells(clip: "kinematics.facts.MotionFacts") -> tuple[str, ...]:
    """One row of the table, as plain text."""
    from rich.markup import escape

    whole, posture = clip.whole, clip.posture
    counts = Counter(event.signal.replace("_", " ") for event in clip.events)
    counts.update(Counter(episode.kind for episode in clip.episodes))
    person = f" #{clip.person}" if clip.person else ""
    return (
        escape(clip.clip + person),
        f"{clip.duration_s:.1f}",
        f"{whole.path_m:.2f}",
        f"{math.hypot(whole.net_left_m, whole.net_forward_m):.2f}",
        clip.shape.shape.replace("_", " "),
        f"{math.degrees(posture.turn_left_rad):.0f}°",
        f"{math.degrees(posture.turn_right_rad):.0f}°",
        ", ".join(f"{n} {name}" for name, n in counts.items()) or "none",
        f"{clip.coverage:.0%}",
    )
