"""The command `view`: play a motion in the browser."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kinematics.intake import check_cameras, read
from kinematics.terminal import plainly

if TYPE_CHECKING:
    import kinematics.motion
    import kinematics.show.view

_MOST_NAMED = 10


def view(
    clip: Annotated[Path, typer.Argument(help="A motion file, or a packed store.")],
    name: Annotated[
        str | None,
        typer.Option("--clip", help="Name of the clip in a store.", show_default=False),
    ] = None,
    person: Annotated[int, typer.Option(help="Number of the person in the file.", min=0)] = 0,
    frame: Annotated[
        Literal["first_heading", "camera"],
        typer.Option(
            help="Whose left and forward: the subject's at the start, or the first camera's "
            "(needs camera poses in the file)."
        ),
    ] = "first_heading",
    host: Annotated[
        str, typer.Option(help="Who can connect: localhost this machine, 0.0.0.0 everybody.")
    ] = "localhost",
    port: Annotated[
        int, typer.Option(help="Port to serve; 0 takes any free port.", min=0, max=65535)
    ] = 8080,
) -> None:
    """Play one motion in the browser: figure, path, heading, and its movements on a time line.

    Needs the extra [cyan]view[/cyan]. Prints the address when ready; does not open a browser. Each
    movement has a button that jumps to its start, and current movements are named. Left limbs are
    orange, right limbs blue. Ctrl-C stops the server.

    [b]Examples[/b]

    [cyan]kinematics view walk.npz[/cyan]

    [cyan]kinematics view crowd.npz --person 2 --frame camera --port 9000[/cyan]

    [cyan]kinematics view corpus --clip walk[/cyan]
    """
    from kinematics.show import view as views

    with plainly():
        served = _served(clip, name=name, person=person, frame=frame, host=host, port=port)
    typer.echo(f"{clip}: open {served.address} in a browser; Ctrl-C stops the server")
    try:
        views.run(served, until=threading.Event())
    except KeyboardInterrupt:
        typer.echo("ended")
    finally:
        views.close(served)


def _served(
    clip: Path,
    *,
    name: str | None,
    person: int,
    frame: Literal["first_heading", "camera"],
    host: str,
    port: int,
) -> "kinematics.show.view.View":
    """The measured and served motion; checks all inputs before the work begins."""
    from kinematics.show import view as views

    views.require()
    views.check_address(host, port)
    motion = _chosen(clip, name, person)
    check_cameras(motion, frame, where=clip)
    from kinematics.movement import measurement
    from kinematics.show import playback

    return views.serve(
        playback.prepare(motion, frame=frame),
        playback.movements(measurement.measure(motion, frame=frame)),
        title=f"{motion.source.clip}, person {motion.source.person}",
        host=host,
        port=port,
    )


def _chosen(clip: Path, name: str | None, person: int) -> "kinematics.motion.Motion":
    from kinematics import store

    motions = _stored(clip, name) if store.recognise(clip) else read(clip)
    for motion in motions:
        if motion.source.person == person:
            return motion
    there = ", ".join(str(motion.source.person) for motion in motions)
    raise ValueError(f"{clip}: no person {person}; the clip has {there}")


def _stored(path: Path, name: str | None) -> "list[kinematics.motion.Motion]":
    """The people of a clip of a store; a store with a single clip needs no name."""
    from kinematics import store

    opened = store.read(path)
    names = sorted(set(opened.names))
    if name is None and len(names) == 1:
        name = names[0]
    if name not in names:
        missing = "a store, not a clip" if name is None else f"no clip {name!r}"
        more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
        there = ", ".join(names[:_MOST_NAMED]) or "nothing"
        raise ValueError(f"{path}: {missing}; it holds {there}{more}. Name one with --clip")
    return [opened[number] for number in opened.numbers(name)]
