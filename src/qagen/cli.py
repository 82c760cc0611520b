"""The command line: build data sets, look at them, check them.

Everything heavy is imported inside the commands, so that `--help` answers at once. Most of the
length is what `--help` says.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from kinematics.terminal import complain, errors, plainly, printed_version
from qagen import commands_captions, commands_report

if TYPE_CHECKING:
    from qagen.audit.show import Table as AuditTable
    from qagen.certificates import Certification
    from qagen.dataset import Manifest, Recipe
    from qagen.stats import Table

AskedFrame = Literal["first_heading", "body", "camera"]
"""The frames of reference that questions are asked in."""

EngineName = Literal["pool", "ray"]

PIPED_WIDTH: int = 120
"""Columns of a table when it is not printed to a terminal."""

PICTURES = (".png", ".pdf", ".svg")

app = typer.Typer(
    name="qagen",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)

OutDir = Annotated[Path, typer.Argument(help="The folder of a data set.", show_default=False)]
Picture = Annotated[
    Path | None, typer.Option(help="Draw it too: .png, .pdf or .svg.", show_default=False)
]


@app.callback()
def main(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=printed_version("qagen"), is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Questions about human motion whose answers follow from measurements.

    [b]Start here:[/b] [cyan]kinematics synth motions[/cyan], then
    [cyan]qagen build motions questions[/cyan] and [cyan]qagen stats questions[/cyan]. Every
    command explains itself with [cyan]--help[/cyan].
    """


@contextmanager
def _bar() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on stderr; silent where that is no terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=errors, disable=not errors.is_terminal) as bar:
        task = bar.add_task("looking")

        def show(stage: str, done: int, total: int) -> None:
            bar.update(task, description=stage, completed=done, total=total)

        yield show


def _shares(shard: str) -> tuple[int, int]:
    """`3/8` as numbers."""
    first, _, last = shard.partition("/")
    if not (first.isdecimal() and last.isdecimal()):
        raise ValueError(f"--shard {shard}: expected two numbers such as 3/8")
    return int(first), int(last)


def _recipe(
    *,
    seed: int,
    categories: str,
    frame: AskedFrame,
    per_category: int | None,
    balanced: bool,
    max_blind: float | None,
    val: float,
    test: float,
    descriptors: Path | None,
    groups: Path | None,
    certify: "Certification | None",
) -> "Recipe":
    from qagen import splits
    from qagen.dataset import Recipe
    from qagen.question import CATEGORIES

    wanted = [name.strip() for name in categories.split(",") if name.strip()]
    if unknown := [name for name in wanted if name not in CATEGORIES]:
        raise ValueError(
            f"--categories {', '.join(unknown)}: expected names from {', '.join(CATEGORIES)}"
        )
    return Recipe(
        seed=seed,
        categories=tuple(c for c in CATEGORIES if not wanted or c in wanted),
        frame=frame,
        per_category=per_category,
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
    from qagen import certificates

    model = certificates.model_of(error_model)
    return certificates.Certification(model=model, copies=copies, least=least, seed=seed)


@app.command("build")
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
    per_category: Annotated[
        int | None,
        typer.Option(help="Questions a clip and category, at most.", min=1, show_default=False),
    ] = None,
    categories: Annotated[
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
            "a category than this share, such as 0.03; needs the extra audit.",
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
) -> None:
    """Build a data set: motions in, questions with answers, evidence and splits out.

    A build that was stopped, even by force, goes on where it was when the same command is given
    again. The result does not depend on workers, shards or interruptions. Files that cannot be
    read are named and do not stop the others; the exit code is then 1.

    [b]Examples[/b]

    [cyan]qagen build motions/ questions --per-category 2 --workers 4[/cyan]

    [cyan]qagen build facts.jsonl questions --categories ordering,trajectory --seed 7[/cyan]

    [cyan]qagen build motions/ questions --per-category 2 --max-blind 0.03[/cyan]

    [cyan]qagen build corpus.store questions --shard 3/8[/cyan]

    [cyan]qagen build motions/ questions --certify 0.95 --error-model wham_emdb[/cyan]
    """
    from qagen import pipeline

    with plainly():
        recipe = _recipe(
            seed=seed, categories=categories, frame=frame, per_category=per_category,
            balanced=balance, max_blind=max_blind, val=val, test=test, descriptors=descriptors,
            groups=groups,
            certify=_certification(certify, error_model=error_model, copies=copies, seed=seed),
        )  # fmt: skip
        with _bar() as progress:
            if shard:
                first, last = _shares(shard)
                made = pipeline.process_shard(
                    source, out_dir, recipe, shard=first, of=last, workers=workers,
                    engine=engine, restart=restart, progress=progress,
                )  # fmt: skip
                typer.echo(f"shard {shard}: {made} chunks in {out_dir}")
                return
            manifest = pipeline.build(
                source, out_dir, recipe, workers=workers, engine=engine, restart=restart,
                progress=progress,
            )  # fmt: skip
    _report(manifest, out_dir)


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
        from qagen.merge import KNOWN_BLINDLY

        best = max(blind.after[name].points for name in blind.kept)
        typer.echo(
            f"without the video: at most {best:.1f} points above chance in a category; "
            f"{manifest.withheld.get(KNOWN_BLINDLY, 0):,} questions withheld for that"
        )
        for name, why in {**blind.unsure, **blind.unreachable}.items():
            complain(f"{name}: {why}")
    if inputs.other_files:
        complain(f"{inputs.other_files} files of the folder hold no motion and were left out")
    if inputs.unreadable_files:
        complain(f"{inputs.unreadable_files} files could not be read")
        raise typer.Exit(1)


@app.command("merge")
def merge_shards(out_dir: OutDir) -> None:
    """Put the shares of `build --shard` together, when all of them are there.

    [b]Example[/b]

    [cyan]qagen merge questions[/cyan]
    """
    from qagen import pipeline

    with plainly(), _bar() as progress:
        manifest = pipeline.finish(out_dir, progress=progress)
    _report(manifest, out_dir)


@app.command("stats")
def print_statistics(out_dir: OutDir, out: Picture = None) -> None:
    """Count a data set: splits, categories, balance with its tests, motions, what was left out.

    [b]Examples[/b]

    [cyan]qagen stats questions[/cyan]

    [cyan]qagen stats questions --out statistics.pdf[/cyan]
    """
    from qagen import stats

    with plainly():
        _check_picture(out)
        found = stats.of(out_dir)
    console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)
    typer.echo(stats.summary(found))
    for table in stats.tables(found):
        _print_table(console, table)
    if out is not None:
        from qagen import figures

        _save(figures.statistics(found), out)


@app.command("audit")
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
            help="Exit with 1 when a model is surely above chance in a category, by more points.",
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

    with plainly(), _bar() as progress:
        found = show.audited(path, folds=folds, split=split, progress=lambda n: progress(n, 0, 1))
        if json is not None:
            show.write(found, json)
    console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)
    typer.echo(show.summary(found))
    for table in show.tables_of(found):
        _print_table(console, table)
    for line in show.remarks(found):
        typer.echo(line)
    if at_most is not None and (above := show.above(found, at_most)):
        complain(f"more than {at_most:g} points above chance: {', '.join(above)}")
        raise typer.Exit(1)


@app.command("survive")
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
    """Which answers survive a tracker's errors, by category and margin, and which certification.

    Asks about the true motions, certifies, and answers every question again on the estimates, or on
    copies that nobody certified with. Writes a table, a page and a picture.

    [b]Examples[/b]

    [cyan]qagen survive truths/ estimates/ --error-model model.json --out report[/cyan]

    [cyan]qagen survive motions/ --error-model wham_emdb[/cyan]
    """
    with plainly(), _bar() as progress:
        from qagen import certificates, survival, survive

        wanted = survive.Study(
            policy=certificates.Certification(
                model=certificates.model_of(error_model), copies=copies, least=certify, seed=seed
            ),
            frame=frame,
            tried=certificates.model_of(tried) if tried else None,
            tries=tries,
        )
        found = survive.study(truths, estimates, wanted, progress=progress)
        written = survival.write(found, out)
    console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)
    typer.echo(survival.summary(found))
    for table in survival.tables(found):
        _print_table(console, table)
    for path in written:
        typer.echo(path)
    from qagen import figures

    _save(figures.survival(found), out / "survive.png")


@app.command("verify")
def verify_dataset(
    out_dir: OutDir,
    motions: Annotated[
        Path, typer.Option(help="The motions that it was built from.", show_default=False)
    ],
    copies: Annotated[
        int,
        typer.Option(
            help="Make so many of the copies that certified, and ask them again; 0 looks only at "
            "what certificates say.",
            min=0,
        ),
    ] = 0,
    workers: Annotated[int, typer.Option(help="Processes.", min=1)] = 1,
) -> None:
    """Derive every answer again from the motions, by a second and independent implementation.

    Prints every row that does not agree; the exit code is then 1.

    [b]Examples[/b]

    [cyan]qagen verify questions --motions motions/[/cyan]

    [cyan]qagen verify questions --motions motions/ --copies 16[/cyan]
    """
    with plainly():
        from qagen import verify

        report = verify.verify_folder(out_dir, motions, copies=copies, workers=workers)
    for mismatch in report.mismatches:
        typer.echo(str(mismatch))
    typer.echo(str(report))
    if report.mismatches:
        raise typer.Exit(1)


app.command("captions")(commands_captions.write_captions)


@app.command("explain")
def explain_row(
    out_dir: OutDir,
    row_id: Annotated[str, typer.Argument(metavar="ID", help="The id of a row, or how it begins.")],
    out: Picture = None,
) -> None:
    """Show one question, why its answer is right, and what was measured.

    [b]Examples[/b]

    [cyan]qagen explain questions 3f2a[/cyan]

    [cyan]qagen explain questions 3f2a --out why.png[/cyan]
    """
    from qagen import explain

    with plainly():
        _check_picture(out)
        row, clip = explain.find(out_dir, row_id)
    typer.echo(explain.text(row, clip))
    if out is not None:
        from qagen import figures

        _save(figures.explained(row, clip), out)


@app.command("examples")
def write_examples(
    readme: Annotated[
        Path | None,
        typer.Option(help="Write them into this file, between its markers.", show_default=False),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether the file is up to date.")
    ] = False,
) -> None:
    """Ask one question of each category about a motion that is made on the spot.

    [b]Example[/b]

    [cyan]qagen examples --readme README.md[/cyan]
    """
    from qagen import examples

    with plainly():
        there = examples.written(readme) if readme else ""
        text = examples.section()
        if readme is None:
            typer.echo(text)
        elif check:
            if there != text:
                raise ValueError(f"{readme}: out of date; run `qagen examples --readme {readme}`")
        else:
            examples.write(readme, text)


commands_report.register(app, plainly=plainly, bar=_bar)


def _check_picture(out: Path | None) -> None:
    if out is not None and out.suffix.lower() not in PICTURES:
        raise ValueError(f"{out}: expected a picture ending in {', '.join(PICTURES)}")


def _save(figure: object, out: Path) -> None:
    """Writes a picture whole or not at all."""
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{os.getpid()}.partial{out.suffix}")
    try:
        figure.savefig(partial)  # type: ignore[attr-defined]
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    typer.echo(out)


def _print_table(console: Console, table: "Table | AuditTable") -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table as RichTable

    shown = RichTable(
        title=table.title, title_justify="left", box=box.SIMPLE_HEAD, header_style="bold",
        pad_edge=False,
    )  # fmt: skip
    for place, heading in enumerate(table.headings):
        shown.add_column(heading, justify="right" if place else "left")
    for row in table.rows:
        shown.add_row(*map(escape, row))
    console.print(shown)
