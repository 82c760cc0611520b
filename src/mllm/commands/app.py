"""The command line of mllm. Everything heavy is imported inside the commands."""

from typing import Annotated

import typer

from kinematics import __version__
from kinematics.terminal import printed_version
from mllm.commands import demo, evaluate, export, judge, models, render, score

app = typer.Typer(
    name="mllm",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)
app.command("demo")(demo.demo)
app.command("render")(render.render)
app.command("evaluate")(evaluate.evaluate)
app.command("export")(export.export)
app.command("score")(score.score)
app.command("caption")(judge.caption)
app.command("judge")(judge.judge)
app.command("finetune")(models.finetune)
app.command("fuse")(models.fuse)


@app.callback()
def main(
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=printed_version("mllm", __version__),
            is_eager=True,
            help="Print the version.",
        ),
    ] = False,
) -> None:
    """Videos of motions, and what multimodal language models make of them.

    [b]Start here:[/b] [cyan]mllm demo out/demo[/cyan] goes the whole road once. Every command
    explains itself with [cyan]--help[/cyan].
    """
