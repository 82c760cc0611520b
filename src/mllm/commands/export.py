"""The command `mllm export`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from mllm.commands.evaluate import plainly

Shape = Literal[
    "llamafactory", "trl", "hf", "lmms-eval", "vlmevalkit", "humanmovevqa", "openai-batch"
]


def export(
    data: Annotated[
        Path, typer.Argument(metavar="DATASET", help="A folder that `qagen build` has finished.")
    ],
    to: Annotated[Shape, typer.Option(help="Whose shape.", show_default=False)],
    out: Annotated[
        Path, typer.Option(help="The folder to write; not there yet.", show_default=False)
    ],
    videos: Annotated[
        Path | None,
        typer.Option(help="Where the videos are.", show_default="DATASET/videos"),
    ] = None,
    reasoning: Annotated[
        bool, typer.Option(help="Replies say first what is observed; the letter alone otherwise.")
    ] = False,
    frames: Annotated[
        int, typer.Option(help="Pictures of a video, where the shape holds any.", min=1)
    ] = 64,
    pixels: Annotated[int, typer.Option(help="Of one picture, at most.", min=16)] = 65_536,
    model: Annotated[str, typer.Option(help="Whom a batch of requests is for.")] = "model",
    show: Annotated[
        Literal["frames", "video"],
        typer.Option(help="What a request holds: pictures, or the place of the file."),
    ] = "frames",
) -> None:
    """Write a data set, with its videos, in the shape that another tool reads.

    [cyan]llamafactory[/cyan] conversations and dataset_info.json · [cyan]trl[/cyan] conversations
    with frames, for SFTTrainer · [cyan]hf[/cyan] Parquet for load_dataset · [cyan]lmms-eval[/cyan]
    a task for --include_path · [cyan]vlmevalkit[/cyan] a TSV and its class ·
    [cyan]humanmovevqa[/cyan] the layout of the published benchmark · [cyan]openai-batch[/cyan]
    requests for an endpoint. The folder holds links to the videos, or copies.

    [b]Examples[/b]

    [cyan]mllm export questions --to llamafactory --videos videos --out sft[/cyan]

    [cyan]mllm export questions --to lmms-eval --videos videos --out task[/cyan]
    """
    with plainly():
        from mllm.export.folder import Wish, write
        from mllm.frames import Sampling

        made = write(
            data,
            videos or data / "videos",
            out,
            Wish(
                shape=to,
                style="reasoning" if reasoning else "letter",
                sampling=Sampling(max_frames=frames, max_pixels=pixels),
                model=model,
                show=show,
            ),
        )
        if made.texts_left_out:
            typer.echo(
                f"{made.texts_left_out:,} questions for free text left out: {to} scores letters"
            )
        typer.echo(f"{made.rows:,} questions, {made.videos:,} videos: {out}")
