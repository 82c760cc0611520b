"""The command line of mllm. Everything heavy is imported inside the commands."""

from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from mllm import (
    commands_demo,
    commands_evaluate,
    commands_export,
    commands_judge,
    commands_models,
    commands_score,
)

if TYPE_CHECKING:
    from kinematics.motion import Motion
    from mllm.render.folder import Outcome

Camera = Literal["static", "orbit", "handheld", "follow"]

app = typer.Typer(
    name="mllm",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)
app.command("demo")(commands_demo.demo)
app.command("evaluate")(commands_evaluate.evaluate)
app.command("export")(commands_export.export)
app.command("score")(commands_score.score)
app.command("caption")(commands_judge.caption)
app.command("judge")(commands_judge.judge)
app.command("finetune")(commands_models.finetune)
app.command("fuse")(commands_models.fuse)
_errors = Console(stderr=True)


def _print_version(wanted: bool) -> bool:
    if wanted:
        try:
            version = metadata.version("kinematics-qa")
        except metadata.PackageNotFoundError:
            version = "(not installed: running from source)"
        typer.echo(f"mllm {version}")
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
    """Videos of motions, and what multimodal language models make of them.

    [b]Start here:[/b] [cyan]mllm demo out/demo[/cyan] goes the whole road once. Every command
    explains itself with [cyan]--help[/cyan].
    """


@app.command("render")
def render_motions(
    paths: Annotated[
        list[Path], typer.Argument(help="Motion files, folders of them, or packed stores.")
    ],
    out_dir: Annotated[
        Path, typer.Argument(help="Folder for NAME.mp4 and NAME.camera.json of each clip.")
    ],
    size: Annotated[int, typer.Option(help="Edge of the square picture, in pixels.")] = 256,
    fps: Annotated[float, typer.Option(help="Frames a second.")] = 16.0,
    camera: Annotated[
        Camera,
        typer.Option(help="Stands still, goes around, is held in a hand, or goes along."),
    ] = "static",
    seed: Annotated[int, typer.Option(help="The same seed gives the same videos.")] = 0,
    people: Annotated[int, typer.Option(help="Add others until so many are in view.")] = 1,
    things: Annotated[int, typer.Option(help="Landmarks: posts, cones, balls, benches.")] = 6,
    workers: Annotated[int, typer.Option(help="Processes that share the work.", min=1)] = 1,
) -> None:
    """Make videos of motions: a clothed figure on a tiled floor, and where the camera was.

    Its left arm and leg are warm (red, orange, yellow), its right ones cool (blue, teal, green); it
    has a face and an emblem in front and a backpack behind. Videos that are there already from the
    same motions and options are kept. People of one file who share a world are in one video. What
    cannot be read or drawn is named and does not stop the others; the exit code is then 1.

    [b]Examples[/b]

    [cyan]mllm render motions/ videos[/cyan]

    [cyan]mllm render walk.npz videos --camera orbit --size 128 --seed 7[/cyan]

    [cyan]mllm render corpus videos --people 3 --workers 2[/cyan]
    """
    try:
        files = _found(paths)
        from mllm.render.folder import Options, render_all

        options = Options(
            size_px=size, fps=fps, camera=camera, seed=seed, others=people - 1, things=things
        )
        problems: list[str] = []
        motions = _motions(files, named=set(paths), problems=problems)
        outcomes = render_all(motions, out_dir, options, workers=workers)
    except (ValueError, OSError) as error:
        _complain(f"error: {_worded(error)}")
        raise typer.Exit(2) from error
    _report(outcomes, problems, out_dir)


def _report(outcomes: Sequence["Outcome"], problems: list[str], out_dir: Path) -> None:
    problems += [outcome.problem for outcome in outcomes if outcome.problem]
    for problem in problems:
        _complain(f"error: {problem}")
    made = [outcome for outcome in outcomes if not outcome.problem]
    kept = sum(outcome.kept for outcome in made)
    frames = sum(outcome.frames for outcome in made)
    before = f", {kept} of them from before" if kept else ""
    _complain(f"{len(made)} videos{before}, {frames} frames: {out_dir}")
    if problems or not made:
        raise typer.Exit(1)


def _found(paths: Sequence[Path]) -> list[Path]:
    """The motion files and stores that are named or lie in named folders; at least one."""
    from kinematics import readers, store

    stores = store.find([path for path in paths if path.is_dir()])
    files = readers.find(path for path in paths if path not in stores)
    if not (stores or files):
        raise ValueError(f"no motion file or store in {', '.join(map(str, paths))}")
    return sorted([*stores, *files])


def _motions(files: Sequence[Path], *, named: set[Path], problems: list[str]) -> Iterator["Motion"]:
    """The motions of files and stores; what cannot be read is added to the problems."""
    from kinematics import readers, store

    for path in files:
        try:
            if not store.recognise(path):
                yield from readers.read(path)
                continue
            opened = store.read(path)
        except readers.UnknownFormatError as error:
            if path in named:  # folders hold other arrays too
                problems.append(_worded(error))
            continue
        except (ValueError, OSError) as error:
            problems.append(_worded(error))
            continue
        for number in range(len(opened)):
            try:
                yield opened[number]
            except (ValueError, OSError) as error:
                problems.append(_worded(error))


def _worded(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _complain(text: str) -> None:
    _errors.print(text, markup=False, highlight=False, soft_wrap=True)
