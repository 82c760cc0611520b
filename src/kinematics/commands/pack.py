"""The commands `pack` and `inspect`: write a store, and describe a file or store."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from kinematics.intake import Intake
from kinematics.terminal import plainly, progress, reading


def pack_files(
    inputs: Annotated[
        list[Path], typer.Argument(help="Motion files, folders of them, or other stores.")
    ],
    out: Annotated[Path, typer.Argument(help="The store: a folder that this command creates.")],
    append: Annotated[bool, typer.Option("--append", help="Add to an existing store.")] = False,
) -> None:
    """Pack motions of any known format into one store, which is read many times faster.

    Writing is atomic. Files that cannot be read are listed at the end and do not stop the others;
    the exit code is then 1. [cyan]measure[/cyan] reads stores like files, and
    [cyan]inspect[/cyan] describes their contents.

    [b]Examples[/b]

    [cyan]kinematics pack motions/ corpus[/cyan]

    [cyan]kinematics pack more/*.npz corpus --append[/cyan]

    [cyan]kinematics measure corpus --out facts.jsonl[/cyan]
    """
    from kinematics import loading

    with plainly():
        files = [path for path in loading.found(inputs) if path.resolve() != out.resolve()]
        named = {path for path in inputs if not path.is_dir()}
        intake = Intake(files=files, named=named)
        count = _pack_to(out, intake, append=append)
    intake.report(count, out, done="packed")
    if intake.failed or not count:
        raise typer.Exit(1)


def _pack_to(out: Path, intake: Intake, *, append: bool) -> int:
    """Packs the motions of the intake; returns the number of clips."""
    from kinematics import motion, store

    with progress() as bar:
        task = bar.add_task("packing", total=len(intake.files))

        def counted() -> Iterator[motion.Motion]:
            for read in intake.motions():
                bar.update(task, completed=intake.done)
                yield read
            bar.update(task, completed=len(intake.files))

        return store.write(counted(), out, append=append, refused=lambda _, why: intake.fail(why))


def inspect_file(
    path: Annotated[Path, typer.Argument(help="A motion file or a packed store.")],
    verify: Annotated[
        bool, typer.Option("--verify", help="Read and check every clip of a store.")
    ] = False,
) -> None:
    """Describe a motion file or a store, with warnings about unusual data.

    For a file: its format, axes and units, the data that reading keeps and loses, and for each
    person the frames, the share that was seen, joints, camera, notes and warnings. For a store:
    clips, minutes, size, and the checks that it passed.

    [b]Examples[/b]

    [cyan]kinematics inspect walk.npz[/cyan]

    [cyan]kinematics inspect corpus --verify[/cyan]
    """
    from kinematics import store
    from kinematics.show import inspection

    with plainly():
        if store.recognise(path):
            with reading(path):
                lines = list(inspection.describe_store(path, verify=verify))
        else:
            with reading(path):
                lines = list(inspection.describe(path))
    typer.echo(path)
    for name, text in lines:
        typer.echo(f"  {name:<14}{text}".rstrip())
