"""The command `render`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kinematics.intake import Intake
from kinematics.terminal import complain, plainly

if TYPE_CHECKING:
    from kinematics.motion import Motion
    from mllm.render.folder import Outcome

Camera = Literal["static", "orbit", "handheld", "follow"]


def render(
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
    questions: Annotated[
        Path | None,
        typer.Option(help="Film only the clips of this data set.", show_default=False),
    ] = None,
    split: Annotated[
        Literal["train", "val", "test", "all"], typer.Option(help="Which side of that data set.")
    ] = "all",
    smplx_model: Annotated[
        Path | None,
        typer.Option(
            help="Model file of the SMPL family (.npz, licensed by its authors), or a folder of "
            "them: files of body parameters are then shown with the body's own surface.",
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Replace videos and tracks of the same names in any folder; other files stay.",
        ),
    ] = False,
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

    [cyan]mllm render corpus videos --questions questions --split test[/cyan]

    [cyan]mllm render amass/ videos --smplx-model models/[/cyan]
    """
    from kinematics import loading

    with plainly():
        files = loading.found(paths)
        from mllm.render import surface
        from mllm.render.folder import Options, check_folder, render_all

        check_folder(out_dir, paths, overwrite=overwrite)

        if smplx_model is not None and not smplx_model.is_dir():
            surface.read(smplx_model)

        options = Options(
            size_px=size, fps=fps, camera=camera, seed=seed, others=people - 1, things=things
        )
        bodies: set[str] = set()
        intake = Intake(
            files=files,
            named=set(paths),
            smplx_model=smplx_model,
            wanted=None if questions is None else _clips(questions, split),
        )
        noted = _noting(intake.motions(), bodies)
        outcomes = render_all(noted, out_dir, options, workers=workers, overwrite=overwrite)
    if smplx_model is not None and not bodies:
        complain(f"no motion holds a body's pose, so {smplx_model} was of no use")
    _report(outcomes, intake, out_dir)


def _noting(motions: Iterator["Motion"], bodies: set[str]) -> Iterator["Motion"]:
    """The motions as they come; the models of those that have a body's pose are noted."""
    for motion in motions:
        if motion.body is not None:
            bodies.add(motion.body.model)
        yield motion


def _report(outcomes: Sequence["Outcome"], intake: Intake, out_dir: Path) -> None:
    intake.complain()
    problems = [outcome.problem for outcome in outcomes if outcome.problem]
    for problem in problems:
        complain(f"error: {problem}")
    made = [outcome for outcome in outcomes if not outcome.problem]
    kept = sum(outcome.kept for outcome in made)
    frames = sum(outcome.frames for outcome in made)
    before = f", {kept} of them from before" if kept else ""
    complain(f"{len(made)} videos{before}, {frames} frames: {out_dir}")
    if problems or intake.failed or not made:
        raise typer.Exit(1)


def _clips(questions: Path, split: str) -> frozenset[str]:
    """The names of a data set's clips on one side of its split."""
    from qagen.dataset import layout

    layout.read_manifest(questions)
    clips = [clip for clip in layout.clips(questions) if split in (clip.split, "all")]
    if not clips:
        raise ValueError(f"{questions}: no clip on the side {split}; name another with --split")
    return frozenset(clip.clip for clip in clips)
