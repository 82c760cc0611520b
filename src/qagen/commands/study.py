"""The commands `stats`, `audit` and `survive`: what a data set is like, and what it gives away."""

from pathlib import Path
from typing import Annotated

import typer

from kinematics.terminal import complain, plainly
from qagen.commands.terminal import (
    AskedFrame,
    OutDir,
    Picture,
    bar,
    check_picture,
    print_table,
    save,
)


def print_statistics(out_dir: OutDir, out: Picture = None) -> None:
    """Count a data set: splits, tasks, balance with its tests, motions, what was left out.

    [b]Examples[/b]

    [cyan]qagen stats questions[/cyan]

    [cyan]qagen stats questions --out statistics.pdf[/cyan]
    """
    from qagen.study import stats

    with plainly():
        check_picture(out)
        found = stats.of(out_dir)
    typer.echo(stats.summary(found))
    for table in stats.tables(found):
        print_table(table)
    if out is not None:
        from qagen.study import figures

        save(figures.statistics(found), out)


def audit_questions(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="OUT_DIR",
            help="The folder of a data set, or a file or folder of other people's questions.",
            show_default=False,
        ),
    ],
    json: Annotated[
        Path | None, typer.Option(help="Write the whole report as JSON.", show_default=False)
    ] = None,
    folds: Annotated[
        int, typer.Option(help="What is learned on the other folds is tried on one.", min=2, max=50)
    ] = 5,
    split: Annotated[
        str, typer.Option(help="Only this side, such as test; all when left out.")
    ] = "",
    at_most: Annotated[
        float | None,
        typer.Option(
            help="Exit with 1 when a model is surely above chance in a task, by more points.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Try to answer the questions without the video, and say what gives answers away.

    Two dozen blind models learn from some clips and are tried on others: letters, row numbers,
    lengths, ranks of numbers, most frequent answers, words, the clip's other questions, and with
    the extra `audit` a random forest. A score is 0 for guessing and 100 for all right. Copies and
    sides of a split that share a clip, a take or a subject are counted too.

    [b]Examples[/b]

    [cyan]qagen audit questions --json audit.json[/cyan]

    [cyan]qagen audit vsibench/test.jsonl --folds 10[/cyan]

    [cyan]qagen audit questions --split test --at-most 3[/cyan]
    """
    from qagen.audit import show

    with plainly(), bar() as progress:
        found = show.audited(path, folds=folds, split=split, progress=lambda n: progress(n, 0, 1))
        if json is not None:
            show.write(found, json)
    typer.echo(show.summary(found))
    for table in show.tables_of(found):
        print_table(table)
    for line in show.remarks(found):
        typer.echo(line)
    if at_most is not None and (above := show.above(found, at_most)):
        complain(f"more than {at_most:g} points above chance: {', '.join(above)}")
        raise typer.Exit(1)


def study_survival(
    truths: Annotated[
        Path,
        typer.Argument(
            metavar="GT_DIR", help="True motions: a folder, a file or a store.", show_default=False
        ),
    ],
    estimates: Annotated[
        Path | None,
        typer.Argument(
            metavar="[EST_DIR]",
            help="A tracker's estimates of the same clips, by the same names; copies of the truth "
            "with a model's errors when left out.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder for the report.")] = Path("report"),
    certify: Annotated[float, typer.Option(help="As in [cyan]qagen build[/cyan].")] = 0.95,
    error_model: Annotated[
        str, typer.Option(help="Certified for: a preset, or a file of `kinematics fit-error`.")
    ] = "prompthmr_emdb",
    tried: Annotated[
        str,
        typer.Option(help="Without EST_DIR: whose errors, when others than it is certified for."),
    ] = "",
    copies: Annotated[int, typer.Option(help="Copies that certify.", min=1)] = 64,
    tries: Annotated[int, typer.Option(help="Held-back copies without EST_DIR.", min=1)] = 16,
    frame: Annotated[AskedFrame, typer.Option(help="As in `build`.")] = "first_heading",
    seed: Annotated[int, typer.Option(help="The same seed gives the same report.")] = 0,
) -> None:
    """Which answers survive a tracker's errors, by task and margin, and which certification.

    Asks about the true motions, certifies, and answers every question again on the estimates, or on
    copies that nobody certified with. Writes a table, a page and a picture.

    [b]Examples[/b]

    [cyan]qagen survive truths/ estimates/ --error-model model.json --out report[/cyan]

    [cyan]qagen survive motions/ --error-model wham_emdb[/cyan]
    """
    with plainly(), bar() as progress:
        from qagen.schema import certificates
        from qagen.study import flip_report, flips

        flip_report.check_folder(out, [truths] if estimates is None else [truths, estimates])
        wanted = flips.Study(
            policy=certificates.Certification(
                model=certificates.model_of(error_model), copies=copies, least=certify, seed=seed
            ),
            frame=frame,
            tried=certificates.model_of(tried) if tried else None,
            tries=tries,
        )
        found = flips.study(truths, estimates, wanted, progress=progress)
        written = flip_report.write(found, out)
    typer.echo(flip_report.summary(found))
    for table in flip_report.tables(found):
        print_table(table)
    for path in written:
        typer.echo(path)
    from qagen.study import figures

    save(figures.survival(found), out / "survive.png")
