"""The commands `synth` and `demo`: motions with known truth, and a demonstration."""

import math
from pathlib import Path
from typing import Annotated

import typer

from kinematics import output
from kinematics.commands.measure import draw, measure_to, print_table
from kinematics.intake import Intake
from kinematics.output import whole
from kinematics.terminal import keep_compiled, plainly

MARK = ".kinematics_demo"
"""An empty file that marks a demo's folder; the next demo replaces its files."""


def synthesise(
    out_dir: Annotated[
        Path, typer.Argument(help="Folder for clip_00000.npz, ... and truth.jsonl.")
    ],
    clips: Annotated[int, typer.Option(help="Number of motions.", min=1, max=99_999)] = 100,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 0,
    fps: Annotated[
        float | None, typer.Option(help="Frames per second; varied by default.", min=1, max=1000)
    ] = None,
    jitter_mm: Annotated[float, typer.Option(help="Tracker noise of positions.", min=0)] = 0.0,
    jitter_deg: Annotated[float, typer.Option(help="Tracker noise of the root.", min=0)] = 0.0,
    joints: Annotated[bool, typer.Option(help="Write 22 body joints, or the root alone.")] = True,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Replace truth.jsonl and clips of these names in any folder; other files stay.",
        ),
    ] = False,
) -> None:
    """Make motions with known events: walks, turns, jumps, bows, pauses and more.

    [b]Examples[/b]

    [cyan]kinematics synth motions --clips 1000 --seed 7[/cyan]

    [cyan]kinematics synth noisy --clips 50 --fps 30 --jitter-mm 10 --jitter-deg 2[/cyan]
    """
    with plainly():
        count = write_corpus(
            out_dir, clips=clips, seed=seed, fps=fps, jitter_m=jitter_mm / 1000,
            jitter_rad=math.radians(jitter_deg), joints=joints,
            overwrite=overwrite,
        )  # fmt: skip
    typer.echo(f"{count} clips and truth.jsonl in {out_dir}")


def demonstrate(
    out_dir: Annotated[Path, typer.Argument(help="Folder for the motions, facts and pictures.")],
    clips: Annotated[int, typer.Option(help="Number of motions.", min=2, max=60)] = 12,
) -> None:
    """Make a dozen motions, measure them, print the facts and draw three pictures.

    Compiled code is cached in the folder: the second run takes seconds.

    [b]Example[/b]

    [cyan]kinematics demo out/demo[/cyan]
    """
    from kinematics import facts, readers
    from kinematics.show import plot

    motions, facts_file = out_dir / "motions", out_dir / "facts.jsonl"
    with plainly():
        output.check_folder(out_dir, own=(out_dir / MARK).is_file(), command="kinematics demo")
        out_dir.mkdir(parents=True, exist_ok=True)
        (out_dir / MARK).touch()
        write_corpus(
            motions, clips=clips, seed=0, fps=None, jitter_m=0.0, jitter_rad=0.0, joints=True
        )
    keep_compiled(out_dir / ".jax_cache")
    files = readers.find([motions])
    measure_to(facts_file, Intake(files=files, named=set(), frame="first_heading"))
    measured = list(facts.read(facts_file))
    pictures = [out_dir / "paths.png"]
    with whole(pictures[0]) as partial:
        plot.paths(measured).savefig(partial)
    busiest = sorted(zip(measured, files, strict=True), key=lambda pair: -len(pair[0].events))
    for _, path in busiest[:2]:
        pictures.append(out_dir / f"{path.stem}.png")
        draw(readers.read(path)[0], pictures[-1], "first_heading")
    print_table(facts_file, limit=clips)
    typer.echo("\nWorth opening:")
    for path in (*pictures, facts_file, motions / "truth.jsonl"):
        typer.echo(f"  {path}")


def _listed(out_dir: Path) -> set[str]:
    """The clips that the truth of a corpus lists; empty without a readable truth."""
    import msgspec

    try:
        lines = (out_dir / "truth.jsonl").read_bytes().splitlines()
        return {
            Path(row["file"]).stem for row in map(msgspec.json.decode, lines) if "events" in row
        }
    except (OSError, ValueError, LookupError, TypeError):
        return set()


def write_corpus(
    out_dir: Path,
    *,
    clips: int,
    seed: int,
    fps: float | None,
    jitter_m: float,
    jitter_rad: float,
    joints: bool,
    overwrite: bool = False,
) -> int:
    """Writes a synthetic corpus and its truth; raises `ValueError` for a longer corpus's folder."""
    import msgspec

    from kinematics import synthetic
    from kinematics.readers import native

    names = [f"clip_{i:05d}" for i in range(clips)]
    there = {path.stem for path in out_dir.glob("clip_?????.npz")}
    listed = _listed(out_dir)
    output.check_folder(
        out_dir, own=bool(listed) and there <= listed, command="kinematics synth",
        overwrite=overwrite, replaced=f"truth.jsonl and {names[0]}.npz to {names[-1]}.npz",
    )  # fmt: skip
    if left_over := sorted(there - set(names)):
        raise ValueError(
            f"{out_dir}: holds {len(left_over)} more clips of an earlier run, such as "
            f"{left_over[0]}.npz; remove them or choose another folder"
        )
    corpus = synthetic.corpus(
        clips, seed=seed, fps=fps, jitter_m=jitter_m, jitter_rad=jitter_rad, joints=joints
    )
    with whole(out_dir / "truth.jsonl") as partial, partial.open("wb") as truth:
        for name, performance in zip(names, corpus, strict=True):
            native.write(performance.motion, partial.with_name(f"{name}.npz"))
            true = performance.truth
            row = {
                "file": f"{name}.npz",
                "clip": performance.motion.source.clip,
                "events": true.events(joints=joints),
                "episodes": true.episodes,
                "kinds": true.kinds,
                "begins_walking": true.begins_walking,
                "ends_walking": true.ends_walking,
            }
            truth.write(msgspec.json.encode(row) + b"\n")
        for name in names:
            partial.with_name(f"{name}.npz").replace(out_dir / f"{name}.npz")
    return clips
