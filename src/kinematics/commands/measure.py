"""The commands `measure`, `show` and `facts`: write facts, draw a motion, print facts."""

import math
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from kinematics.intake import Intake, check_cameras, read
from kinematics.output import whole
from kinematics.terminal import (
    PIPED_WIDTH,
    CacheOption,
    FrameOption,
    MeasuredFrame,
    ModelOption,
    keep_compiled,
    plainly,
    progress,
)

if TYPE_CHECKING:
    import kinematics.facts
    import kinematics.motion


def measure_files(
    paths: Annotated[
        list[Path], typer.Argument(help="Motion files, folders of them, or packed stores.")
    ],
    out: Annotated[Path, typer.Option(help="The facts, one JSON object per line and clip.")],
    frame: FrameOption = "first_heading",
    cache: CacheOption = None,
    smplx_model: ModelOption = None,
) -> None:
    """Measure the motions of files, folders or packed stores; write one line of facts per clip.

    A file that cannot be read is named and does not stop the others; the exit code is then 1.
    Writing is atomic.

    [b]Examples[/b]

    [cyan]kinematics measure walk.npz --out walk.jsonl[/cyan]

    [cyan]kinematics measure motions/ more/*.npy --out facts.jsonl --frame body[/cyan]

    [cyan]kinematics measure motions/ --out facts.jsonl --cache ~/.cache/kinematics[/cyan]
    """
    from kinematics import loading

    keep_compiled(cache)
    with plainly():
        files = loading.found(paths)
    named = {path for path in paths if not path.is_dir()}
    intake = Intake(files=files, named=named, frame=frame, smplx_model=smplx_model)
    with plainly():
        count = measure_to(out, intake)
    intake.report(count, out)
    if intake.failed or not count:
        raise typer.Exit(1)


def measure_to(out: Path, intake: Intake) -> int:
    """Measures the motions of the intake, writes the facts atomically, returns their number."""
    from kinematics import facts
    from kinematics.movement import measurement

    with progress() as bar:
        task = bar.add_task("measuring", total=len(intake.files))

        def advance(measured: int) -> None:
            total = max(len(intake.files), intake.seen.total()) - intake.failed - intake.skipped
            bar.update(task, completed=measured, total=total)

        clips = measurement.measure_all(intake.motions(), frame=intake.frame, progress=advance)
        return facts.write(out, clips)


def show_clip(
    clip: Annotated[Path, typer.Argument(help="A motion file.")],
    out: Annotated[Path, typer.Option(help="The picture: .png, .pdf or .svg.")],
    person: Annotated[int, typer.Option(help="Number of the person in the file.", min=0)] = 0,
    frame: FrameOption = "first_heading",
    cache: CacheOption = None,
) -> None:
    """Draw one motion: its path from above, and every signal with its events.

    [b]Examples[/b]

    [cyan]kinematics show walk.npz --out walk.png[/cyan]

    [cyan]kinematics show crowd.npz --person 2 --frame camera --out second.pdf[/cyan]
    """
    keep_compiled(cache)
    with plainly():
        if out.suffix.lower() not in (".png", ".pdf", ".svg"):
            raise ValueError(f"{out}: expected a picture ending in .png, .pdf or .svg")
        people = {motion.source.person: motion for motion in read(clip)}
        if person not in people:
            there = ", ".join(map(str, sorted(people)))
            raise ValueError(f"{clip}: no person {person}; the file has {there}")
        check_cameras(people[person], frame, where=clip)
    draw(people[person], out, frame)
    typer.echo(out)


def draw(motion: "kinematics.motion.Motion", out: Path, frame: MeasuredFrame) -> None:
    """Saves the picture of one motion."""
    from kinematics.movement import measurement
    from kinematics.show import plot

    figure = plot.overview(
        measurement.trace(motion, frame=frame), measurement.measure(motion, frame=frame)
    )
    with whole(out) as partial:
        figure.savefig(partial)


def print_facts(
    file: Annotated[Path, typer.Argument(help="A facts file (.jsonl) from `measure`.")],
    limit: Annotated[int, typer.Option(help="Print at most this many clips.", min=1)] = 50,
) -> None:
    """Print a facts file as a table: durations, paths, turns, numbers of events.

    [b]Example[/b]

    [cyan]kinematics facts facts.jsonl[/cyan]
    """
    with plainly():
        print_table(file, limit=limit)


def print_table(file: Path, *, limit: int) -> None:
    """Prints the first clips of a facts file as a table, and the totals of all."""
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
    """The cells of one row."""
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
