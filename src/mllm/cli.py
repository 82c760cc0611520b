"""The command line of mllm. Everything heavy is imported inside the commands."""

from typing import Annotated

import typer

from kinematics.terminal import printed_version
from mllm import (
    commands_demo,
    commands_evaluate,
    commands_export,
    commands_judge,
    commands_models,
    commands_render,
    commands_score,
)

app = typer.Typer(
    name="mllm",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)
app.command("demo")(commands_demo.demo)
app.command("render")(commands_render.render)
app.command("evaluate")(commands_evaluate.evaluate)
app.command("export")(commands_export.export)
app.command("score")(commands_score.score)
app.command("caption")(commands_judge.caption)
app.command("judge")(commands_judge.judge)
app.command("finetune")(commands_models.finetune)
app.command("fuse")(commands_models.fuse)


@app.callback()
def main(
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=printed_version("mllm"),
            is_eager=True,
            help="Print the version.",
        ),
    ] = False,
) -> None:
    """Videos of motions, and what multimodal language models make of them.

    [b]Start here:[/b] [cyan]mllm demo out/demo[/cyan] goes the whole road once. Every command
    explains itself with [cyan]--help[/cyan].
    """
