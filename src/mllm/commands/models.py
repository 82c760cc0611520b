"""The commands `mllm finetune` and `mllm fuse`."""

from pathlib import Path
from typing import Annotated

import typer

from mllm.commands.evaluate import complain, plainly


def finetune(
    data: Annotated[
        Path, typer.Argument(metavar="DATASET", help="A folder that `qagen build` has finished.")
    ],
    model: Annotated[Path, typer.Option(help="The folder of a checkpoint.", show_default=False)],
    out: Annotated[
        Path,
        typer.Option(help="Folder for recipe, checkpoints, curve and result.", show_default=False),
    ],
    videos: Annotated[
        Path | None, typer.Option(help="Where the videos are.", show_default="DATASET/videos")
    ] = None,
    parts: Annotated[
        str, typer.Option(help="What learns: language, vision, projector, or all.")
    ] = "language,projector",
    reasoning: Annotated[
        bool, typer.Option(help="Learn to say first what is observed; else the letter alone.")
    ] = False,
    frames: Annotated[int, typer.Option(help="Of a video, spread evenly.", min=1)] = 64,
    pixels: Annotated[int, typer.Option(help="Of a frame, at most.", min=16)] = 65_536,
    rank: Annotated[
        int, typer.Option(help="Of the updates; 0 trains the weights themselves.")
    ] = 16,
    epochs: Annotated[float, typer.Option(help="How often each question is seen.")] = 5.0,
    steps: Annotated[int, typer.Option(help="Stop there; -1 for the last epoch's end.")] = -1,
    rate: Annotated[float, typer.Option(help="The highest learning rate.")] = 5e-5,
    batch: Annotated[int, typer.Option(help="Questions at once, on each device.")] = 2,
    accumulate: Annotated[int, typer.Option(help="Batches that make one step.")] = 2,
    recompute: Annotated[bool, typer.Option(help="Slower, with a fraction of the memory.")] = False,
    seed: Annotated[int, typer.Option(help="The same seed gives the same training.")] = 0,
    device: Annotated[str, typer.Option(help="cpu, cuda, or auto.")] = "auto",
    resume: Annotated[bool, typer.Option(help="Go on where it was stopped.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Say what would be trained, and stop.")] = False,
) -> None:
    """Fine-tune a model on the train side of a data set, by the published recipe of the field.

    It says what will learn and how much memory that should take before it starts. One device, or
    many: [cyan]torchrun --nproc-per-node 8 -m mllm finetune ...[/cyan]

    [b]Examples[/b]

    [cyan]mllm finetune questions --videos videos --model Qwen3-VL-8B --out run --dry-run[/cyan]

    [cyan]mllm finetune questions --model Qwen3-VL-8B --out run --parts all --resume[/cyan]
    """
    with plainly():
        from mllm.local import model as models

        models.require()
        from mllm.export import samples
        from mllm.frames import Sampling
        from mllm.local import finetune as training
        from mllm.local.recipe import PARTS, Recipe

        wanted = {part.strip() for part in parts.split(",")}
        if unknown := sorted(wanted - {*PARTS, "all"}):
            raise ValueError(
                f"parts: {', '.join(unknown)}; expected some of {', '.join(PARTS)}, all"
            )
        recipe = Recipe(
            parts=tuple(part for part in PARTS if part in wanted or "all" in wanted),
            rank=rank, sampling=Sampling(max_frames=frames, max_pixels=pixels),
            style="reasoning" if reasoning else "letter", epochs=epochs, most_steps=steps,
            rate=rate, batch=batch, accumulate=accumulate, recompute=recompute, seed=seed,
        )  # fmt: skip
        read = samples.read(data, videos or data / "videos", style=recipe.style)
        ones = [sample for sample in read if sample.split == "train"]
        ready = training.prepare(model, ones, recipe, device=device)
        if training.first_process():
            typer.echo(training.told(ready))
        if not dry_run:
            home = training.run(ready, out, resume=resume)
            if training.first_process():
                _draw(out / training.CURVE)
                typer.echo(f"done: {home}")


def _draw(curve: Path) -> None:
    """The curve as a picture beside it, where there is something to draw with."""
    try:
        from mllm.scores import figures
    except ImportError:
        complain("no picture of the curve: run `pip install 'kinematics-qa[viz]'`")
        return
    figures.save(figures.learning(curve), curve.with_suffix(".png"))


def fuse(
    base: Annotated[Path, typer.Argument(help="The folder of a checkpoint.")],
    tuned: Annotated[Path, typer.Argument(help="What came of it: a checkpoint or an adapter.")],
    out: Annotated[
        Path, typer.Option(help="The folder to write; not there yet.", show_default=False)
    ],
    weight: Annotated[
        float, typer.Option(help="0 is the base, 1 the tuned model.", min=-1, max=2)
    ] = 0.5,
) -> None:
    """Write a model between two: each weight a weighted mean of the base's and the tuned one's.

    [b]Example[/b]

    [cyan]mllm fuse Qwen3-VL-8B run/adapter --weight 0.7 --out fused[/cyan]
    """
    with plainly():
        from mllm.local import fuse as fusion

        count = fusion.fuse(base, tuned, out, weight=weight)
        typer.echo(f"{count:,} tensors: {out}")
