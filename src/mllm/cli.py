"""The command line of mllm. Everything heavy is imported inside the commands."""

import typer

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
def main() -> None:
    """Videos of motions, and what multimodal language models make of them."""
