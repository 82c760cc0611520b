"""The commands `compare` and `fit-error`: errors of trackers against ground truth."""

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from kinematics import output
from kinematics.intake import Intake
from kinematics.terminal import PIPED_WIDTH, ModelOption, complain, plainly

if TYPE_CHECKING:
    import kinematics.errors.compare
    import kinematics.errors.pairing


def compare_files(
    estimates: Annotated[Path, typer.Argument(help="The estimate: a file, folder or store.")],
    truths: Annotated[Path, typer.Argument(help="The ground truth: a file, folder or store.")],
    out: Annotated[
        Path | None,
        typer.Option(help="All measures of all clips, as JSON.", show_default=False),
    ] = None,
    on: Annotated[
        Literal["auto", "joints", "root"],
        typer.Option(help="Compare joints, or the root alone; auto: joints if both have them."),
    ] = "auto",
    offset_s: Annotated[float, typer.Option(help="Added to the estimate's times.")] = 0.0,
    smplx_model: ModelOption = None,
) -> None:
    """Compare estimated motions with ground truth by the measures that papers report.

    Motions are matched by clip and person; a single motion on each side is a pair, whatever the
    names. Motions without a partner are listed, and the exit code is then 1.

    The table: W and WA are the mean joint errors in mm of stretches of 3.3 s (100 published
    frames) aligned by their first two frames, or as a whole (errors of the root without joints);
    ATE and RTE the root's error after one rigid alignment, in m and in percent of the path; heading
    the mean error of the root's heading; drift the error at the end with both aligned at the start;
    jitter in 10 m/s³; seen the share of frames in which the estimate has the person.

    [b]Examples[/b]

    [cyan]kinematics compare video/hmr4d_results.pt P0_09_data.pkl[/cyan]

    [cyan]kinematics compare estimates/ truths/ --out report.json[/cyan]
    """
    from kinematics.errors import compare

    with plainly():
        matches, failed = _matched(estimates, truths, smplx_model)
        chosen = None if on == "auto" else on
        clips = [
            compare.compare(estimate, truth, on=chosen, offset_s=offset_s)
            for estimate, truth in matches.pairs
        ]
        pooled = compare.pooled(clips)
        if out is not None:
            import msgspec

            report = compare.Report(
                pooled=pooled,
                clips=tuple(clips),
                only_estimates=matches.only_estimates,
                only_truths=matches.only_truths,
            )
            output.write_bytes(out, msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    _print_comparisons(clips, pooled)
    _close(matches, failed)


def fit_error(
    estimates: Annotated[Path, typer.Argument(help="Estimates: a file, folder or store.")],
    truths: Annotated[Path, typer.Argument(help="Their ground truth: a file, folder or store.")],
    out: Annotated[Path, typer.Option(help="The error model, as JSON.")],
    jitter_time_s: Annotated[
        float, typer.Option(help="Time over which jitter changes; given, not fitted.", min=0.01)
    ] = 0.3,
    drift_length_m: Annotated[
        float, typer.Option(help="Path over which drift turns; given, not fitted.", min=0.01)
    ] = 5.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same model.")] = 0,
    smplx_model: ModelOption = None,
) -> None:
    """Fit the error model of a tracker to pairs of its estimates and the ground truth.

    The model holds the sizes of drift, jitter, and errors of scale and heading, and the rates at
    which people are lost or their sides exchanged; perturb.copies applies such errors to any
    motion. Needs dozens of clips, because scale and heading errors are drawn once per clip. Motions
    are matched as in [cyan]compare[/cyan].

    [b]Example[/b]

    [cyan]kinematics fit-error estimates/ truths/ --out model.json[/cyan]
    """
    import msgspec

    from kinematics.errors import error_fit, error_models

    with plainly():
        matches, failed = _matched(estimates, truths, smplx_model)
        model = error_fit.fit(
            matches.pairs,
            name=out.stem,
            jitter_time_s=jitter_time_s,
            drift_length_m=drift_length_m,
            seed=seed,
        )
        error_models.save(model, out)
    for name, value in msgspec.structs.asdict(model).items():
        if isinstance(value, float):
            typer.echo(f"  {name:<28}{value:.4g}")
    typer.echo(f"{len(matches.pairs)} pairs: {out}")
    _close(matches, failed)


def _matched(
    estimates: Path, truths: Path, smplx_model: Path | None
) -> "tuple[kinematics.errors.pairing.Matches, int]":
    """The pairs of two files, folders or stores, and the number of unreadable files."""
    from kinematics import loading
    from kinematics.errors import pairing

    sides, failed = [], 0
    for path in (estimates, truths):
        intake = Intake(files=loading.found([path]), named={path}, smplx_model=smplx_model)
        sides.append(list(intake.motions()))
        intake.complain()
        failed += intake.failed
    matches = pairing.match(*sides)
    if not matches.pairs:
        raise ValueError(
            f"{estimates} and {truths}: no clip and person in common; the estimates have "
            f"{', '.join(matches.only_estimates[:3]) or 'none'}, the truths "
            f"{', '.join(matches.only_truths[:3]) or 'none'}; rename one side"
        )
    return matches, failed


def _close(matches: "kinematics.errors.pairing.Matches", failed: int) -> None:
    """Lists motions without a partner; exits with 1 if anything was left out."""
    lonely = [f"{name}: no ground truth" for name in matches.only_estimates]
    lonely += [f"{name}: no estimate" for name in matches.only_truths]
    for text in lonely:
        complain(text)
    if failed or lonely:
        raise typer.Exit(1)


def _print_comparisons(
    clips: "Sequence[kinematics.errors.compare.Comparison]",
    pooled: "kinematics.errors.compare.Comparison",
) -> None:
    """Prints one row per clip, and the means of all of them."""
    from rich import box
    from rich.table import Table

    headings = "clip,seconds,path m,W mm,WA mm,ATE m,RTE %,heading °,drift m,jitter,seen".split(",")
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for name in headings:
        table.add_column(name, justify="left" if name == "clip" else "right", no_wrap=True)
    for clip in clips:
        table.add_row(*_compared_cells(clip))
    if len(clips) > 1:
        table.add_section()
        table.add_row(*_compared_cells(pooled))
    Console(width=None if sys.stdout.isatty() else PIPED_WIDTH).print(table)


def _compared_cells(clip: "kinematics.errors.compare.Comparison") -> tuple[str, ...]:
    from rich.markup import escape

    def number(value: float | None, digits: int, *, scale: float = 1.0) -> str:
        return "–" if value is None else f"{scale * value:.{digits}f}"

    person = f" #{clip.person}" if clip.person else ""
    w_m, wa_m, mark = clip.w_mpjpe_m, clip.wa_mpjpe_m, ""
    if w_m is None:
        w_m, wa_m, mark = clip.w_root_error_m, clip.wa_root_error_m, " root"
    jitter = clip.root_jitter_10mps3 if clip.jitter_10mps3 is None else clip.jitter_10mps3
    heading_rad = clip.heading_error_rad
    return (
        escape(clip.clip + person),
        f"{clip.duration_s:.1f}",
        f"{clip.path_m:.2f}",
        number(w_m, 1, scale=1000.0) + mark,
        number(wa_m, 1, scale=1000.0) + mark,
        number(clip.ate_rmse_m, 3),
        number(clip.rte_percent, 2),
        number(None if heading_rad is None else math.degrees(heading_rad), 1),
        number(clip.end_drift_m, 3),
        number(jitter, 1),
        f"{clip.coverage:.0%}",
    )
