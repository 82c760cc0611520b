"""How well movement events agree with motions whose events are known: the full report.

    python benchmarks/event_accuracy.py --clips 200
    python benchmarks/event_accuracy.py --clips 100 --joints --fps 30

Precision and recall by kind, frame rate and tracker jitter, then the errors of amounts and times.
True events near a threshold count neither way (see `kinematics.synthetic.truth`).
"""

import argparse
import itertools
import math
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import jax
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from kinematics import measure, synthetic
from kinematics.facts import ANGULAR_SIGNALS, SIGNALS
from kinematics.motion import Motion
from kinematics.synthetic.score import Tally, tally

RATES: tuple[float, ...] = (10.0, 20.0, 30.0, 60.0, 120.0)
"""Frames a second."""

JITTERS: tuple[tuple[float, float], ...] = (
    (0.0, 0.0),
    (0.005, math.radians(1)),
    (0.010, math.radians(2)),
    (0.020, math.radians(4)),
)
"""Standard deviation on every frame: metres along each axis, radians about each axis."""

KINDS: tuple[str, ...] = (*SIGNALS, "jump", "crouch", "lower", "rise")
"""The signals of events, then the vertical episodes: the rows of every table."""

WIDTH: int = 100
"""Columns of the report where it goes to a file."""


class Setting(NamedTuple):
    """What the tracker sees."""

    fps: float
    jitter_m: float
    jitter_rad: float

    @property
    def jitter(self) -> str:
        """The jitter in the words of the report."""
        return f"{1000 * self.jitter_m:g} mm, {math.degrees(self.jitter_rad):g}°"


def tallies_of(
    setting: Setting, *, clips: int, seed: int, joints: bool, progress: Progress
) -> dict[str, Tally]:
    """Agreement over a corpus, by kind. The same seed gives the same movements in every setting."""
    task = progress.add_task(f"{setting.fps:g} fps, {setting.jitter}", total=clips)
    shown: deque[synthetic.Performance] = deque()

    def motions() -> Iterator[Motion]:
        corpus = synthetic.corpus(clips, seed=seed, joints=joints, **setting._asdict())
        for performance in corpus:
            shown.append(performance)
            yield performance.motion

    tallies: dict[str, Tally] = {}
    for facts in measure.measure_all(motions()):
        tally(shown.popleft().truth, facts, into=tallies)
        progress.advance(task)
    progress.remove_task(task)
    return tallies


def merged(tallies: Sequence[Tally]) -> Tally:
    """Several tallies of one kind as one."""
    return Tally(
        found=sum(one.found for one in tallies),
        missed=sum(one.missed for one in tallies),
        invented=sum(one.invented for one in tallies),
        amount_errors=[error for one in tallies for error in one.amount_errors],
        time_errors_s=[error for one in tallies for error in one.time_errors_s],
    )


def _share(share: float) -> str:
    return "[green]  1  [/]" if share == 1 else f"[yellow]{share:.3f}[/]"


def agreement_table(found: dict[Setting, dict[str, Tally]], jitter: str) -> Table:
    """Precision and recall by kind and frame rate, at one jitter."""
    settings = [setting for setting in found if setting.jitter == jitter]
    table = Table(title=f"Precision and recall, jitter {jitter}", title_justify="left")
    table.add_column("kind")
    table.add_column("true events", justify="right")
    for setting in settings:
        table.add_column(f"{setting.fps:g} fps", justify="center")
    for kind in KINDS:
        tallies = [found[setting].get(kind, Tally()) for setting in settings]
        cells = [f"{_share(one.precision)} {_share(one.recall)}" for one in tallies]
        table.add_row(kind, str(max(one.found + one.missed for one in tallies)), *cells)
    every = [merged(list(found[setting].values())) for setting in settings]
    table.add_section()
    table.add_row(
        "all",
        str(max(one.found + one.missed for one in every)),
        *(f"{_share(one.precision)} {_share(one.recall)}" for one in every),
    )
    return table


def _quantiles(errors: Sequence[float], scale: float, digits: int) -> list[str]:
    if not errors:
        return ["-"] * 3
    sizes = scale * np.abs(errors)
    values = (*np.quantile(sizes, [0.5, 0.95]), sizes.max())
    return [f"{value:.{digits}f}" for value in values]


def error_table(found: dict[Setting, dict[str, Tally]], jitter: str) -> Table:
    """Errors of amounts and times by kind, all frame rates together, at one jitter."""
    table = Table(title=f"Errors of what was found, jitter {jitter}", title_justify="left")
    table.add_column("kind")
    for heading in ("amount: median", "95 %", "most"):
        table.add_column(heading, justify="right")
    table.add_column("unit")
    for heading in ("start and end: median", "95 %", "most"):
        table.add_column(heading, justify="right")
    table.add_column("unit")
    for kind in KINDS:
        angular = kind in ANGULAR_SIGNALS
        one = merged(
            [
                tallies.get(kind, Tally())
                for setting, tallies in found.items()
                if setting.jitter == jitter
            ]
        )
        amounts = _quantiles(one.amount_errors, math.degrees(1) if angular else 100, 2)
        times = _quantiles(one.time_errors_s, 1, 2)
        table.add_row(kind, *amounts, "degrees" if angular else "cm", *times, "s")
    return table


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=200, help="clips in every setting")
    parser.add_argument("--joints", action="store_true", help="measure 22 joints, not the root")
    parser.add_argument("--fps", type=float, nargs="+", default=RATES, help="frame rates")
    parser.add_argument("--seed", type=int, default=0, help="which corpus")
    arguments = parser.parse_args()
    if arguments.clips < 1 or min(arguments.fps) <= 0:
        parser.error("expected at least one clip and frame rates above zero")
    return arguments


def main() -> None:
    """Measures every setting and prints the report."""
    arguments = parsed()
    out, aside = Console(), Console(stderr=True)
    if not out.is_terminal:
        out = Console(width=WIDTH)
    settings = [Setting(fps, *jitter) for jitter, fps in itertools.product(JITTERS, arguments.fps)]
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    found: dict[Setting, dict[str, Tally]] = {}
    with Progress(*columns, console=aside, transient=True) as progress:
        whole = progress.add_task("all settings", total=len(settings))
        for setting in settings:
            found[setting] = tallies_of(
                setting,
                clips=arguments.clips,
                seed=arguments.seed,
                joints=arguments.joints,
                progress=progress,
            )
            progress.advance(whole)
    out.print(
        f"{arguments.clips} clips in every setting, seed {arguments.seed}, "
        f"{'22 joints' if arguments.joints else 'root only'}; "
        f"jax {jax.__version__} on {jax.devices()[0].device_kind}"
    )
    for jitter in dict.fromkeys(setting.jitter for setting in settings):
        out.print()
        out.print(agreement_table(found, jitter))
    for jitter in dict.fromkeys(setting.jitter for setting in settings):
        out.print()
        out.print(error_table(found, jitter))


if __name__ == "__main__":
    main()
