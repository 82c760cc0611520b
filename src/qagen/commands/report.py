"""The command `report`: a data set as a page to look at."""

from pathlib import Path
from typing import Annotated

import typer

from kinematics.terminal import plainly
from qagen.commands.terminal import bar


def write_report(
    out_dir: Annotated[Path, typer.Argument(help="The folder of a data set.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The folder for the report.", show_default=False)],
    motions: Annotated[
        Path | None,
        typer.Option(
            help="The motions that it was built from: adds leans, movements and gaps to the "
            "timelines.",
            show_default=False,
        ),
    ] = None,
    videos: Annotated[
        Path | None,
        typer.Option(
            help="Videos of the clips, such as `mllm render` makes; they are copied.",
            show_default=False,
        ),
    ] = None,
    predictions: Annotated[
        list[Path] | None,
        typer.Option(
            help="What a model answered: JSON lines of id and answer, or a folder with "
            "predictions.jsonl. May be given several times.",
            show_default=False,
        ),
    ] = None,
    audit: Annotated[
        Path | None,
        typer.Option(help="What `qagen audit --json` wrote.", show_default=False),
    ] = None,
) -> None:
    """Make a page to look at a data set with: open index.html, no server is needed.

    Counts, balance, audit, certificates and rejections first; then every question, to be
    filtered, searched and leafed through, with its video, the path from above, the signals
    over time with the evidence, and what models answered. The folder can be moved or sent as
    it is. An earlier report of the same name is replaced.

    [b]Examples[/b]

    [cyan]qagen report questions --out report[/cyan]

    [cyan]qagen report questions --motions motions --videos videos --predictions run1
    --predictions run2 --audit audit.json --out report[/cyan]
    """
    from qagen.report import folder

    with plainly(), bar() as progress:
        made = folder.write(
            out_dir,
            out,
            motions_dir=motions,
            videos_dir=videos,
            prediction_files=predictions or (),
            audit_file=audit,
            progress=progress,
        )
    typer.echo(
        f"{made.questions:,} questions, {made.clips:,} clips, {made.videos:,} videos, "
        f"{made.bytes / 1e6:,.1f} MB: {out / folder.PAGE}"
    )
    if made.without_motion:
        typer.echo(f"{made.without_motion:,} clips were not found in {motions}", err=True)
