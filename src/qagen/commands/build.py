"""The commands `build` and `merge`: motions in, a data set out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kinematics.terminal import complain, plainly
from qagen.commands.terminal import AskedFrame, OutDir, bar

if TYPE_CHECKING:
    from qagen.dataset.layout import Manifest, Recipe
    from qagen.schema.certificates import Certification

EngineName = Literal["pool", "ray"]

Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite",
        help="Replace train.jsonl, val.jsonl, test.jsonl, clips.jsonl and manifest.json of "
        "another build; other files of the folder stay.",
    ),
]


def build_dataset(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT",
            help="A folder of motions, a packed store, or a facts file (.jsonl).",
            show_default=False,
        ),
    ],
    out_dir: Annotated[
        Path, typer.Argument(help="The folder for the data set.", show_default=False)
    ],
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 0,
    per_task: Annotated[
        int | None,
        typer.Option(help="Questions a clip and task, at most.", min=1, show_default=False),
    ] = None,
    tasks: Annotated[
        str,
        typer.Option(help="Only these, with commas between; all seven when left out."),
    ] = "",
    frame: Annotated[
        AskedFrame,
        typer.Option(
            help="Whose left and forward: the subject's at the start, the subject's own at each "
            "instant, or the first camera's."
        ),
    ] = "first_heading",
    val: Annotated[float, typer.Option(help="Share of the clips for validation.")] = 0.1,
    test: Annotated[float, typer.Option(help="Share of the clips for testing.")] = 0.1,
    balance: Annotated[
        bool,
        typer.Option(
            "--balance/--no-balance",
            help="Leave questions out until no stem has an answer that is likelier than a guess.",
        ),
    ] = True,
    max_blind: Annotated[
        float | None,
        typer.Option(
            help="Withhold questions until no model without the video is further above chance in "
            "a task than this share, such as 0.03; needs the extra audit.",
            show_default=False,
        ),
    ] = None,
    descriptors: Annotated[
        Path | None,
        typer.Option(
            help="CSV file clip,person,descriptor: words that tell people apart.",
            show_default=False,
        ),
    ] = None,
    groups: Annotated[
        Path | None,
        typer.Option(
            help="CSV file clip,group: what a split must not cut, where names do not tell.",
            show_default=False,
        ),
    ] = None,
    certify: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Ask only what so large a share of copies with a tracker's errors answers alike, "
            "as a lower bound at 95 % confidence; such as 0.95.",
            show_default=False,
        ),
    ] = None,
    error_model: Annotated[
        str, typer.Option(help="Whose errors: a preset, or a file of `kinematics fit-error`.")
    ] = "prompthmr_emdb",
    copies: Annotated[int, typer.Option(help="Copies of every motion.", min=1)] = 64,
    workers: Annotated[int, typer.Option(help="Processes, one thread each.", min=1)] = 1,
    engine: Annotated[
        EngineName, typer.Option(help="Who runs the workers; `ray` needs the extra ray.")
    ] = "pool",
    shard: Annotated[
        str,
        typer.Option(
            metavar="I/N",
            help="Do only the I-th of N shares, for job arrays; `qagen merge` ends the build.",
        ),
    ] = "",
    restart: Annotated[
        bool, typer.Option("--restart", help="Throw away what an unfinished build has left.")
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """Build a data set: motions in, questions with answers, evidence and splits out.

    A build that was stopped, even by force, goes on where it was when the same command is given
    again. A folder that holds anything else is refused. The result does not depend on workers,
    shards or interruptions. Files that cannot be read are named and do not stop the others; the
    exit code is then 1.

    [b]Examples[/b]

    [cyan]qagen build motions/ questions --per-task 2 --workers 4[/cyan]

    [cyan]qagen build facts.jsonl questions --tasks ordering,trajectory --seed 7[/cyan]

    [cyan]qagen build motions/ questions --per-task 2 --max-blind 0.03[/cyan]

    [cyan]qagen build corpus.store questions --shard 3/8[/cyan]

    [cyan]qagen build motions/ questions --certify 0.95 --error-model wham_emdb[/cyan]
    """
    from qagen.build import pipeline

    with plainly():
        recipe = _recipe(
            seed=seed, tasks=tasks, frame=frame, per_task=per_task,
            balanced=balance, max_blind=max_blind, val=val, test=test, descriptors=descriptors,
            groups=groups,
            certify=_certification(certify, error_model=error_model, copies=copies, seed=seed),
        )  # fmt: skip
        with bar() as progress:
            if shard:
                first, last = _shares(shard)
                made = pipeline.process_shard(
                    source, out_dir, recipe, shard=first, of=last, workers=workers,
                    engine=engine, restart=restart, overwrite=overwrite, progress=progress,
                )  # fmt: skip
                typer.echo(f"shard {shard}: {made} chunks in {out_dir}")
                return
            manifest = pipeline.build(
                source, out_dir, recipe, workers=workers, engine=engine, restart=restart,
                overwrite=overwrite, progress=progress,
            )  # fmt: skip
    _report(manifest, out_dir)


def merge_shards(out_dir: OutDir, overwrite: Overwrite = False) -> None:
    """Put the shares of `build --shard` together, when all of them are there.

    [b]Example[/b]

    [cyan]qagen merge questions[/cyan]
    """
    from qagen.build import pipeline

    with plainly(), bar() as progress:
        manifest = pipeline.finish(out_dir, overwrite=overwrite, progress=progress)
    _report(manifest, out_dir)


def _shares(shard: str) -> tuple[int, int]:
    """`3/8` as numbers."""
    first, _, last = shard.partition("/")
    if not (first.isdecimal() and last.isdecimal()):
        raise ValueError(f"--shard {shard}: expected two numbers such as 3/8")
    return int(first), int(last)


def _recipe(
    *,
    seed: int,
    tasks: str,
    frame: AskedFrame,
    per_task: int | None,
    balanced: bool,
    max_blind: float | None,
    val: float,
    test: float,
    descriptors: Path | None,
    groups: Path | None,
    certify: "Certification | None",
) -> "Recipe":
    from qagen.dataset import splits
    from qagen.dataset.layout import Recipe
    from qagen.schema.suite import HUMANMOVE, SUITES, tasks_of

    wanted = [name.strip() for name in tasks.split(",") if name.strip()]
    known = tasks_of(SUITES.values())
    if unknown := [name for name in wanted if name not in known]:
        raise ValueError(f"--tasks {', '.join(unknown)}: expected names from {', '.join(known)}")
    suites = tuple(
        suite for suite in SUITES.values() if any(task.name in wanted for task in suite.tasks)
    ) or (HUMANMOVE,)
    return Recipe(
        seed=seed,
        suites=suites,
        tasks=tuple(name for name in tasks_of(suites) if not wanted or name in wanted),
        frame=frame,
        per_task=per_task,
        balanced=balanced,
        max_blind=max_blind,
        val=val,
        test=test,
        descriptors=splits.read_table(descriptors, column="descriptor") if descriptors else {},
        groups=splits.read_table(groups, column="group") if groups else {},
        certify=certify,
    )


def _certification(
    least: float | None, *, error_model: str, copies: int, seed: int
) -> "Certification | None":
    if least is None:
        return None
    from qagen.schema import certificates

    model = certificates.model_of(error_model)
    return certificates.Certification(model=model, copies=copies, least=least, seed=seed)


def _report(manifest: "Manifest", out_dir: Path) -> None:
    """The closing lines; exit code 1 when files could not be read."""
    for name, reason in manifest.inputs.unreadable:
        complain(f"error: {reason if name in reason else f'{name}: {reason}'}")
    sides = ", ".join(f"{side.questions:,} {name}" for name, side in manifest.splits.items())
    total = sum(side.questions for side in manifest.splits.values())
    inputs = manifest.inputs
    if manifest.certified:
        sound = sum(one.asked for one in manifest.certified.values())
        certified = sum(one.certified for one in manifest.certified.values())
        typer.echo(f"{certified:,} of {sound:,} sound questions were certified")
    typer.echo(
        f"{total:,} questions ({sides}) about {inputs.clips:,} clips, {inputs.minutes:,.1f} "
        f"minutes: {out_dir}"
    )
    if (blind := manifest.blind) is not None:
        from qagen.build.merge import KNOWN_BLINDLY

        best = max(blind.after[name].points for name in blind.kept)
        typer.echo(
            f"without the video: at most {best:.1f} points above chance in a task; "
            f"{manifest.withheld.get(KNOWN_BLINDLY, 0):,} questions withheld for that"
        )
        for name, why in {**blind.unsure, **blind.unreachable}.items():
            complain(f"{name}: {why}")
    if inputs.other_files:
        complain(f"{inputs.other_files} files of the folder hold no motion and were left out")
    if inputs.unreadable_files:
        complain(f"{inputs.unreadable_files} files could not be read")
        raise typer.Exit(1)
