"""The command `captions`: kept clips in, their standard captions out."""

import json
from pathlib import Path
from typing import Annotated

import typer

from kinematics.output import whole
from kinematics.terminal import plainly


def write_captions(
    kept: Annotated[Path, typer.Argument(help="Clips that `kinematics curate` kept (.jsonl).")],
    out: Annotated[Path, typer.Option(help="Their captions, one JSON object a line.")],
) -> None:
    """Write the standard caption of every kept clip: who is there and what each does, in order.

    Each line has clip, path, start_s, end_s and caption. Only what was measured is said, and the
    attributes that were given to [cyan]kinematics curate[/cyan].

    [b]Example[/b]

    [cyan]qagen captions kept.jsonl --out captions.jsonl[/cyan]
    """
    from kinematics.curation import records
    from qagen.study import captions

    with plainly(), whole(out) as partial, partial.open("w", encoding="utf-8") as file:
        count = 0
        for report in records.read(kept):
            row = {
                "clip": report.clip,
                "path": report.path,
                "start_s": report.start_s,
                "end_s": report.end_s,
                "caption": captions.caption(report),
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    typer.echo(f"{count} captions: {out}")
