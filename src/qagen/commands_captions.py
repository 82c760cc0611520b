"""The command `captions`: kept clips in, their standard captions out."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer


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
    from qagen import captions

    partial = out.with_name(f".{os.getpid()}.{out.name}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("w", encoding="utf-8") as file:
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
        partial.replace(out)
    except (ValueError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    finally:
        partial.unlink(missing_ok=True)
    typer.echo(f"{count} captions: {out}")
