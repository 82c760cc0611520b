"""The command `curate`: selects the clips of videos or keypoint files that show people acting."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from kinematics.output import whole
from kinematics.terminal import PIPED_WIDTH, complain, plainly, progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kinematics.curation.funnel import Funnel
    from kinematics.curation.intake import Item
    from kinematics.curation.records import ClipReport
    from kinematics.curation.run import Options


def curate(
    inputs: Annotated[
        list[Path],
        typer.Argument(help="Videos, keypoint files (.json), folders of them or of OpenPose."),
    ],
    out: Annotated[Path, typer.Option(help="The kept clips, one JSON object per line.")],
    captions: Annotated[
        Path | None,
        typer.Option(help="Metadata of the clips, one JSON object per line.", show_default=False),
    ] = None,
    rule: Annotated[
        Literal["auto", "background", "paper"],
        typer.Option(
            help="Estimate the camera's motion from the background, or from the people alone; "
            "auto: from the background if points of it are given."
        ),
    ] = "auto",
    fps: Annotated[
        float | None, typer.Option(help="Frames per second of keypoint files.", show_default=False)
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(help="Image size of keypoint files, such as 1280x720.", show_default=False),
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(help="A threshold, such as travel=0.1; may be repeated.", show_default=False),
    ] = None,
    detector: Annotated[
        Path | None, typer.Option(help="YOLOX weights (.onnx), for videos.", show_default=False)
    ] = None,
    pose: Annotated[
        Path | None, typer.Option(help="RTMPose weights (.onnx), for videos.", show_default=False)
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(help="Output picture of all values against their bounds.", show_default=False),
    ] = None,
    workers: Annotated[int, typer.Option(help="Number of processes.", min=1, max=256)] = 1,
) -> None:
    """Keep the clips in which people act: by metadata, scene, people, action and camera.

    An interrupted run resumes: a log beside the output records finished inputs. Inputs that cannot
    be read are named and do not stop the others; the exit code is then 1. The table at the end
    shows the number of clips after each stage, and why the others were dropped.

    Each line of [cyan]--captions[/cyan] names a clip by its file and may have caption, fps,
    width_px, height_px, duration_s and attributes. Points of the background, as
    walk.background.npy beside walk.json, separate the camera's motion from the people's.

    [b]Examples[/b]

    [cyan]kinematics curate keypoints/ --out kept.jsonl --fps 25 --size 1280x720[/cyan]

    [cyan]kinematics curate keypoints/ --out kept.jsonl --captions captions.jsonl --workers 4[/cyan]

    [cyan]kinematics curate videos/ --out kept.jsonl --detector det.onnx --pose pose.onnx[/cyan]
    """
    from kinematics.curation import funnel, intake, run
    from kinematics.curation.limits import Limits, changed

    with plainly():
        options = run.Options(
            rule=rule,
            limits=changed(Limits(), _numbers(limit or [])),
            fps=fps,
            size_px=None if size is None else intake.size_of(size),
            detector=detector,
            pose=pose,
        )
        items = intake.find(inputs, intake.read_captions(captions) if captions else {})
        reports = _watched(items, out, options, workers)
    for report in reports:
        if report.error is not None:
            complain(f"error: {report.error}")
    counts = funnel.tally(reports)
    _print_funnel(funnel.rows(counts))
    kept = sum(report.kept for report in reports)
    if plot is not None:
        _draw(counts, plot)
    typer.echo(f"{kept} of {len(reports) - counts.errors} clips kept: {out}")
    if counts.errors:
        complain(f"{counts.errors} of {len(items)} inputs could not be read")
        raise typer.Exit(1)


def _numbers(limits: list[str]) -> dict[str, float]:
    values = {}
    for words in limits:
        name, _, number = words.partition("=")
        try:
            values[name] = float(number)
        except ValueError as error:
            raise ValueError(
                f"--limit {words}: expected a name and a number, as in travel=0.1"
            ) from error
    return values


def _watched(
    items: "Sequence[Item]", out: Path, options: "Options", workers: int
) -> "list[ClipReport]":
    """The reports of a run, which shows a progress bar on a terminal."""
    from kinematics.curation import run

    with progress() as bar:
        task = bar.add_task("curating", total=len(items))
        return run.curate(
            items,
            out,
            options=options,
            workers=workers,
            progress=lambda done: bar.update(task, completed=done),
        )


def _print_funnel(rows: list[tuple[str, str, str, str]]) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for name in ("stage", "clips", "left", "why the others went"):
        table.add_column(name, justify="right" if name in ("clips", "left") else "left")
    for row in rows:
        table.add_row(*map(escape, row))
    Console(width=None if sys.stdout.isatty() else PIPED_WIDTH).print(table)


def _draw(counts: "Funnel", plot: Path) -> None:
    from kinematics.curation import picture

    with whole(plot) as partial:
        picture.draw(counts).savefig(partial)
