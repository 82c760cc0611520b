"""How many true events are found, how many are invented, and how far off amounts and times are.

Measures seeded synthetic corpora whose events are known by construction, at several frame rates and
under several amounts of tracker noise, and prints one row a kind of event and condition.

    python benchmarks/event_accuracy.py --clips 200
    python benchmarks/event_accuracy.py --clips 50 --joints --fps 30 --noise 0 0 --noise 5 1
"""

import argparse
import math

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from kinematics import synthetic
from kinematics.facts import ANGULAR_SIGNALS
from kinematics.movement import measurement
from kinematics.synthetic.score import Tally, tally

FRAME_RATES = (10.0, 20.0, 30.0, 60.0, 120.0)
NOISE_MM_DEG = ((0.0, 0.0), (5.0, 1.0), (10.0, 2.0), (20.0, 4.0))


def tallies(
    *, clips: int, seed: int, fps: float | None, jitter_mm: float, jitter_deg: float, joints: bool
) -> dict[str, Tally]:
    """What a corpus under one condition adds up to, by kind of event."""
    performances = list(
        synthetic.corpus(
            clips,
            seed=seed,
            fps=fps,
            jitter_m=jitter_mm / 1000,
            jitter_rad=math.radians(jitter_deg),
            joints=joints,
        )
    )
    counts: dict[str, Tally] = {}
    measured = measurement.measure_all(performance.motion for performance in performances)
    for performance, facts in zip(performances, measured, strict=True):
        tally(performance.truth, facts, into=counts)
    return counts


def row(kind: str, one: Tally) -> list[str]:
    """A table row: counts, shares, and quantiles of the errors in centimetres or degrees."""
    to_unit, unit = (math.degrees(1), "deg") if kind in ANGULAR_SIGNALS else (100.0, "cm")
    amounts = np.abs(one.amount_errors or [math.nan]) * to_unit
    times_s = np.abs(one.time_errors_s or [math.nan])
    return [
        kind,
        str(one.found + one.missed),
        f"{one.precision:.4f}",
        f"{one.recall:.4f}",
        f"{np.median(amounts):.2f} / {np.quantile(amounts, 0.95):.2f} {unit}",
        f"{np.median(times_s):.2f} / {np.quantile(times_s, 0.95):.2f} s",
    ]


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=100, help="clips a condition (100)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the corpora (0)")
    parser.add_argument("--joints", action="store_true", help="with joints, not the root alone")
    parser.add_argument("--fps", type=float, nargs="*", default=list(FRAME_RATES))
    parser.add_argument(
        "--noise",
        type=float,
        nargs=2,
        action="append",
        metavar=("MM", "DEG"),
        help="standard deviation of the jitter; may be given several times",
    )
    options = parser.parse_args()
    noise = [tuple(pair) for pair in options.noise] if options.noise else NOISE_MM_DEG
    conditions = [(fps, mm, deg) for mm, deg in noise for fps in options.fps]
    console = Console(width=110)
    for fps, jitter_mm, jitter_deg in track(
        conditions, "measuring", console=Console(stderr=True), transient=True
    ):
        counts = tallies(
            clips=options.clips,
            seed=options.seed,
            fps=fps,
            jitter_mm=jitter_mm,
            jitter_deg=jitter_deg,
            joints=options.joints,
        )
        table = Table(
            "kind",
            "true",
            "precision",
            "recall",
            "amount: median / 95 %",
            "start and end: median / 95 %",
            title=f"{fps:g} frames/s, jitter {jitter_mm:g} mm and {jitter_deg:g} deg, "
            f"{'joints' if options.joints else 'root only'}, {options.clips} clips",
            title_justify="left",
        )
        for kind in sorted(counts):
            table.add_row(*row(kind, counts[kind]))
        console.print(table)


if __name__ == "__main__":
    main()
