"""The command `demo`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from mllm import demo as of_demo
from mllm.commands.evaluate import complain, plainly


def demo(
    out: Annotated[Path, typer.Argument(help="Folder for everything that is made.")],
    motions: Annotated[
        Path | None,
        typer.Option(
            help="Your own: a folder of motion files, or a packed store.", show_default=False
        ),
    ] = None,
    clips: Annotated[
        int, typer.Option(help="How many synthetic motions.", min=10, max=99_999)
    ] = of_demo.CLIPS,
    copies: Annotated[
        int, typer.Option(help="Perturbed copies of each motion that answers must survive.", min=59)
    ] = 64,
    size: Annotated[int, typer.Option(help="Edge of the videos, in pixels.")] = 192,
    workers: Annotated[
        int, typer.Option(help="Processes that share the work; 0 for one a core.", min=0)
    ] = 0,
) -> None:
    """Motions to certified questions, videos, answers, scores and a page to browse it all.

    Prints each command before it runs it, so that you can go on from there by hand. Of an
    earlier demo in the folder, motions, questions, videos, report and its four runs are removed
    first; other files stay.

    [b]Examples[/b]

    [cyan]mllm demo out/demo[/cyan]

    [cyan]mllm demo out/mine --motions my_motions/[/cyan]
    """
    made = of_demo.Demo(
        out=out, motions=motions, clips=clips, copies=copies, size_px=size,
        workers=workers or os.cpu_count() or 1,
    )  # fmt: skip
    cache = out / ".jax_cache"
    with plainly():
        of_demo.prepare(made)
        taken = of_demo.carry_out(of_demo.making(made), cache=cache, say=complain)
        taken += of_demo.carry_out(of_demo.answering(made), cache=cache, say=complain)
    complain(f"\n{sum(seconds for _, seconds in taken):.0f} s in all:")
    for step, seconds in taken:
        complain(f"{seconds:6.1f} s  {step.about}")
    typer.echo("\nWorth opening:")
    for path in (made.report, made.bars, made.figure):
        typer.echo(f"  {path}")
