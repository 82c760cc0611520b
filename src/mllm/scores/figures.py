"""Figures of scores and of training: bars by task, trained on × tested on, curves.

Figures are built without `pyplot`, so that drawing leaves no global state behind. The colours are
the Okabe-Ito palette, which colour-blind readers can tell apart.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import matplotlib as mpl
import msgspec
import numpy as np
from matplotlib.figure import Figure

from kinematics.output import whole
from mllm.scores.score import Report, Score

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#B8A800", "#555555")
GREY, FAINT = "#8a8a8a", "#e4e4e4"

By = Literal["frames", "pixels"]

_STYLE = {
    "font.size": 9.0,
    "axes.edgecolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "svg.hashsalt": "scores",  # equal figures, equal bytes
}


def bars(report: Report) -> Figure:
    """Points above chance of each run, by task and on average, with intervals over clips."""
    names = report.tasks
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(9.6, 4.2), layout="constrained")
        axes = figure.add_subplot()
        width = 0.8 / len(report.scores)
        for number, one in enumerate(report.scores):
            known = [(place, part) for place, name in enumerate(names, start=1)
                     if (part := one.tasks.get(name))]  # fmt: skip
            points = [one.points, *(part.points for _, part in known)]
            lows = [one.points_low, *(part.points_low for _, part in known)]
            highs = [one.points_high, *(part.points_high for _, part in known)]
            at = np.array([0.0, *(float(place) for place, _ in known)])
            at += (number - (len(report.scores) - 1) / 2) * width
            colour = COLOURS[number % len(COLOURS)]
            axes.bar(at, points, width=0.92 * width, color=colour, label=one.name)
            for x, low, high in zip(at, lows, highs, strict=True):
                axes.plot([x, x], [low, high], color="black", linewidth=0.8)
        axes.axhline(0.0, color=GREY, linewidth=0.8)
        axes.axvline(0.5, color=FAINT, linewidth=0.8)
        axes.set_xticks(range(len(names) + 1), ["mean", *names])
        axes.tick_params(axis="x", length=0)
        axes.grid(axis="y", color=FAINT, linewidth=0.7)
        axes.set_ylabel("points above chance")
        axes.set_title("0 is guessing, 100 all right; lines are 95 % intervals over clips")
        axes.legend(frameon=False, fontsize=8, ncols=min(4, len(report.scores)))
        return figure


def across(report: Report) -> Figure:
    """The mean score by training and test data set; `ValueError` if two runs share a cell."""
    trained = list(dict.fromkeys(one.trained_on or one.answerer for one in report.scores))
    tested = list(dict.fromkeys(one.dataset for one in report.scores))
    values = np.full((len(trained), len(tested)), np.nan)
    for one in report.scores:
        place = trained.index(one.trained_on or one.answerer), tested.index(one.dataset)
        if not np.isnan(values[place]):
            raise ValueError(
                f"{one.name}: a second run of {trained[place[0]]} on {tested[place[1]]}; a heat "
                "map has room for one, so give each run its own --trained-on or --name"
            )
        values[place] = one.points
    with mpl.rc_context(_STYLE):
        size = 2.6 + 0.9 * len(tested), 1.4 + 0.6 * len(trained)
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.add_subplot()
        shown = axes.imshow(values, cmap="viridis", vmin=0.0, vmax=100.0, aspect="auto")
        axes.set_xticks(range(len(tested)), tested)
        axes.set_yticks(range(len(trained)), trained)
        axes.set_xlabel("asked")
        axes.set_ylabel("learned from")
        for (row, column), value in np.ndenumerate(values):
            if not np.isnan(value):
                colour = "black" if value > 60 else "white"
                axes.text(column, row, f"{value:.1f}", ha="center", va="center", color=colour)
        figure.colorbar(shown, label="points above chance")
        return figure


def curve(report: Report, *, by: By) -> Figure:
    """The mean score over the number of frames, or pixels per frame; one line per answerer."""
    lines: defaultdict[str, list[tuple[int, Score]]] = defaultdict(list)
    for one in report.scores:
        seen = one.max_frames if by == "frames" else one.max_pixels
        if seen is not None:
            lines[one.answerer].append((seen, one))
    if not lines:
        raise ValueError("no run looked at frames; a curve needs runs that were given --videos")
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(6.4, 4.0), layout="constrained")
        axes = figure.add_subplot()
        for number, (name, found) in enumerate(lines.items()):
            found.sort(key=lambda pair: pair[0])
            at = [seen for seen, _ in found]
            colour = COLOURS[number % len(COLOURS)]
            axes.plot(at, [one.points for _, one in found], "o-", color=colour, label=name)
            low, high = (
                [one.points_low for _, one in found],
                [one.points_high for _, one in found],
            )
            axes.fill_between(at, low, high, color=colour, alpha=0.15, linewidth=0)
        axes.axhline(0.0, color=GREY, linewidth=0.8)
        axes.set_xscale("log", base=2)
        axes.set_xlabel("frames, at most" if by == "frames" else "pixels of a frame, at most")
        axes.set_ylabel("points above chance")
        axes.grid(color=FAINT, linewidth=0.7)
        axes.legend(frameon=False, fontsize=8)
        return figure


def learning(history: Path) -> Figure:
    """Loss and learning rate over the steps of a training, from the log of `finetune`."""
    rows = [msgspec.json.decode(line) for line in history.read_bytes().splitlines()]
    rows = [row for row in rows if "loss" in row]
    if not rows:
        raise ValueError(f"{history}: no loss in it; expected the curve of a training")
    steps = [row["step"] for row in rows]
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(6.4, 4.0), layout="constrained")
        loss, rate = figure.subplots(2, sharex=True, height_ratios=(3, 1))
        loss.plot(steps, [row["loss"] for row in rows], color=COLOURS[0])
        rate.plot(steps, [row.get("learning_rate", np.nan) for row in rows], color=COLOURS[1])
        loss.set_ylabel("loss")
        loss.set_ylim(bottom=0.0)
        rate.set_ylabel("learning rate")
        rate.set_xlabel("step")
        for axes in (loss, rate):
            axes.grid(color=FAINT, linewidth=0.7)
        return figure


def save(figure: Figure, path: Path) -> None:
    """Writes a figure atomically as `.png`, `.pdf` or `.svg`, the same bytes every time."""
    ending = path.suffix.lower()
    if ending not in (".png", ".pdf", ".svg"):
        raise ValueError(f"{path}: expected a name that ends in .png, .pdf or .svg")
    clock: Sequence[str] = {".png": ("Software",), ".pdf": ("CreationDate",), ".svg": ("Date",)}[
        ending
    ]
    with mpl.rc_context(_STYLE), whole(path) as partial:
        figure.savefig(partial, format=ending[1:], dpi=125, metadata=dict.fromkeys(clock))
