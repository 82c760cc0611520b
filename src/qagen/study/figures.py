"""Figures of a data set, a question and a study; the only file of this package that draws.

Figures are built without `pyplot`, which avoids global state. The colours are the Okabe-Ito
palette, which is safe for colour-blind readers. The three figures share this file, which is
therefore longer than most.
"""

import math
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import matplotlib as mpl
import matplotlib.ticker
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qagen.dataset.balance import Evenness
from qagen.dataset.layout import Clip
from qagen.dataset.splits import SPLITS
from qagen.schema.question import Evidence
from qagen.schema.record import LETTERS, Record
from qagen.study.explain import in_words
from qagen.study.flip_report import Rate, Report, Row
from qagen.study.flip_report import summary as survival_summary
from qagen.study.stats import Statistics, summary

INK, GREY, SOFT, FAINT = "#222222", "#555555", "#8a8a8a", "#e4e4e4"
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#B8A800")
"""One for each split, option or piece of evidence."""

DPI: int = 125
WIDTH_IN: float = 12.8
"""Together 1,600 pixels."""

MOST_BARS: int = 12
"""Longer lists are cut off."""

MOST_EVIDENCE: int = 14
"""Largest number of pieces of evidence drawn; the text names all."""

_STYLE = {
    "font.size": 9.0,
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "axes.linewidth": 0.7,
    "axes.labelcolor": INK,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
}


class _Line(NamedTuple):
    """One quantity over time."""

    name: str
    values: list[float]
    least_span: float


# The data set


def statistics(stats: Statistics) -> Figure:
    """A data set at a glance: tasks and splits, balance, motions, omissions."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH_IN, 8.2))
        grid = figure.add_gridspec(2, 3, wspace=0.42, hspace=0.36)
        grid.update(left=0.09, right=0.97, top=0.88, bottom=0.07)
        figure.text(0.012, 0.955, summary(stats), fontsize=10.5, weight="bold")
        axes = [figure.add_subplot(cell) for cell in grid]
        _draw_tasks(axes[0], stats)
        _draw_evenness(axes[1], stats.letters | stats.ranks)
        _draw_majority(axes[2], stats)
        _draw_movements(axes[3], stats.movements)
        _draw_spread(axes[4], {"duration (s)": stats.durations_s, "path (m)": stats.paths_m})
        _draw_left_out(axes[5], stats)
        return figure


def _bars(
    axes: Axes, names: Sequence[str], values: Sequence[int] | Sequence[float], **style: object
) -> None:
    """Horizontal bars, the first on top."""
    axes.barh(range(len(names)), values, height=0.72, **style)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=FAINT, linewidth=0.7)


def _draw_tasks(axes: Axes, stats: Statistics) -> None:
    names = list(stats.questions)
    ends = [0] * len(names)
    for split, colour in zip(SPLITS, COLOURS, strict=False):
        counts = [stats.questions[task][split] for task in names]
        _bars(axes, names, counts, left=list(ends), color=colour, label=split)
        ends = [end + count for end, count in zip(ends, counts, strict=True)]
    axes.set_title("Questions by task and split")
    axes.set_xlim(0, 1.3 * max(*ends, 1))
    axes.legend(frameon=False, loc="center right", fontsize=8)


def _draw_evenness(axes: Axes, groups: Mapping[str, Evenness]) -> None:
    """Shares of letters and ranks, with a dash at the even share."""
    ticks, names, at = [], [], 0.0
    for number, (name, even) in enumerate(groups.items()):
        total = max(1, sum(even.counts))
        highest = max(count / total for count in even.counts)
        label = "rank" if "numbers" in name else "letter"
        for place, count in enumerate(even.counts):
            axes.bar(at, count / total, width=0.85, color=COLOURS[number % len(COLOURS)])
            ticks.append(at)
            names.append(str(place + 1) if label == "rank" else LETTERS[place])
            at += 1
        size = len(even.counts)
        axes.hlines(
            1 / size, at - size - 0.5, at - 0.5, color=INK, linewidth=1, linestyle=(0, (4, 3))
        )
        axes.text(
            at - size / 2 - 0.5, max(1 / size, highest) + 0.02, f"{label}\np = {even.p:.2f}",
            ha="center", fontsize=8,
        )  # fmt: skip
        at += 0.8
    axes.set_xticks(ticks, names)
    axes.tick_params(axis="x", length=0)
    axes.set_ylim(0, 0.7)
    axes.set_ylabel("share of right answers")
    axes.set_title("Where the right answer stands")


def _draw_majority(axes: Axes, stats: Statistics) -> None:
    names = list(stats.majority)
    _bars(axes, names, [stats.majority[name] for name in names], color=COLOURS[5])
    for place, name in enumerate(names):
        axes.vlines(stats.chance[name], place - 0.42, place + 0.42, color=INK, linewidth=1.4)
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of questions; black lines: by guessing")
    axes.set_title("Right by knowing the stem alone")


def _draw_movements(axes: Axes, movements: Mapping[str, int]) -> None:
    names = list(movements)[:MOST_BARS]
    labels = [name.replace("_", " ").replace("-", "\N{MINUS SIGN}") for name in names]
    _bars(axes, labels, [movements[name] for name in names], color=COLOURS[2])
    axes.set_title("Movements in the clips")


def _draw_spread(axes: Axes, quantities: Mapping[str, Sequence[float]]) -> None:
    for (name, values), colour in zip(quantities.items(), COLOURS, strict=False):
        axes.hist(values, bins=30, histtype="step", linewidth=1.5, color=colour, label=name)
    axes.set_ylabel("clips")
    axes.grid(axis="y", color=FAINT, linewidth=0.7)
    axes.legend(frameon=False, fontsize=8)
    axes.set_title("Length of clips and paths")


def _draw_left_out(axes: Axes, stats: Statistics) -> None:
    reasons: Counter[str] = Counter()
    for counts in stats.manifest.rejections.values():
        reasons.update(counts)
    withheld = stats.manifest.withheld
    rows = [(reason, count, COLOURS[3]) for reason, count in reasons.most_common(8)]
    rows += [(reason, count, COLOURS[4]) for reason, count in withheld.items()]
    names = [textwrap.fill(reason, 24) for reason, _, _ in rows]
    _bars(axes, names, [n for _, n, _ in rows], color=[colour for _, _, colour in rows])
    axes.tick_params(axis="y", labelsize=7.5)
    axes.set_xlabel("questions")
    axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(4))
    axes.set_title("Rejected (red) and withheld (pink)")


# One question


def explained(row: Record, clip: Clip) -> Figure:
    """One question: its options, the path from above, and the times of its evidence."""
    evidence = row.evidence[:MOST_EVIDENCE]
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH_IN, 8.0))
        lines = _header(row)
        figure.text(0.02, 0.975, "\n".join(lines), va="top", fontsize=9.5, linespacing=1.45)
        top = 0.955 - 0.0245 * len(lines)
        outer = figure.add_gridspec(1, 2, width_ratios=(1.0, 1.35), wspace=0.2)
        outer.update(left=0.05, right=0.985, top=top, bottom=0.065)
        _draw_path(figure.add_subplot(outer[0]), clip, evidence)
        shown = _lines(clip)
        heights = [1.0] * len(shown) + [0.5 + 0.32 * max(1, len(evidence))]
        inner = outer[1].subgridspec(len(heights), 1, height_ratios=heights, hspace=0.22)
        times_s = [sample.time_s for sample in clip.samples]
        for place, line in enumerate(shown):
            axes = figure.add_subplot(inner[place])
            _draw_line(axes, times_s, line, evidence)
            _frame_time(axes, clip, number=place == 0)
        axes = figure.add_subplot(inner[len(shown)])
        _draw_evidence(axes, evidence)
        _frame_time(axes, clip, number=False)
        axes.tick_params(axis="x", labelbottom=True)
        axes.set_xlabel("seconds")
        return figure


def _header(row: Record) -> list[str]:
    """Question, options and the last sentence of the reasoning, wrapped."""
    lines = textwrap.wrap(_plain(row.question), 150)
    for place, (letter, option) in enumerate(zip(LETTERS, row.options, strict=False)):
        mark = "✔" if place == row.answer_index else "   "
        lines += textwrap.wrap(f"{mark} {letter}. {_plain(option)}", 150)
    for sentence in row.reasoning:
        lines += textwrap.wrap(_plain(sentence), 165)
    return lines


def _plain(text: str) -> str:
    """Text with characters escaped that would begin a formula."""
    return text.replace("$", r"\$")


def _lines(clip: Clip) -> list[_Line]:
    samples = clip.samples
    distances = [math.hypot(sample.left_m, sample.forward_m) for sample in samples]
    return [
        _Line("forward (m)", [sample.forward_m for sample in samples], 0.4),
        _Line("left (m)", [sample.left_m for sample in samples], 0.4),
        _Line("up (m)", [sample.up_m for sample in samples], 0.2),
        _Line("from start (m)", distances, 0.4),
        _Line("heading (°)", [math.degrees(sample.heading_rad) for sample in samples], 30.0),
    ]


def _frame_time(axes: Axes, clip: Clip, *, number: bool) -> None:
    """The clip's time span, with its quarters."""
    end_s = max(clip.duration_s, 1e-3)
    axes.set_xlim(0, end_s)
    axes.tick_params(axis="x", labelbottom=False)
    for quarter in range(4):
        if quarter:
            axes.axvline(quarter * end_s / 4, color=SOFT, linewidth=0.7, linestyle=(0, (2, 3)))
        if number:
            axes.text(
                (quarter + 0.5) * end_s / 4, 1.04, f"quarter {quarter + 1}", ha="center",
                fontsize=8, color=GREY, transform=axes.get_xaxis_transform(),
            )  # fmt: skip


def _draw_line(
    axes: Axes, times_s: Sequence[float], line: _Line, evidence: Sequence[Evidence]
) -> None:
    axes.plot(times_s, line.values, color=INK, linewidth=1.1)
    low, high = min(line.values, default=0.0), max(line.values, default=0.0)
    spare = max(0.0, line.least_span - (high - low)) / 2 + 0.06 * max(high - low, line.least_span)
    axes.set_ylim(low - spare, high + spare)
    axes.set_ylabel(line.name, rotation=0, ha="right", va="center", fontsize=8)
    axes.tick_params(axis="y", labelsize=7)
    axes.yaxis.set_major_locator(mpl.ticker.MaxNLocator(3))
    axes.grid(axis="y", color=FAINT, linewidth=0.7)
    for place, one in enumerate(evidence):
        if line.name.startswith(_signal_of(one.what)):
            axes.axvspan(
                one.start_s, one.end_s, color=COLOURS[place % len(COLOURS)], alpha=0.16, lw=0
            )


def _signal_of(what: str) -> str:
    """The prefix of the name of the line that shows a piece of evidence."""
    for words, name in (
        (("forward", "backward"), "forward"),
        (("left", "right"), "left"),
        (("up", "down", "jump", "crouch", "lower", "rise"), "up"),
        (("away", "towards", "furthest", "closest", "start"), "from start"),
        (("turn", "heading"), "heading"),
    ):
        if what.split("_")[0] in words:
            return name
    return "no line"


def _draw_evidence(axes: Axes, evidence: Sequence[Evidence]) -> None:
    """A bar for each piece of evidence, with its value."""
    for place, one in enumerate(evidence):
        colour = COLOURS[place % len(COLOURS)]
        axes.plot(
            [one.start_s, one.end_s], [place, place], color=colour, linewidth=5,
            solid_capstyle="butt", marker="|", markersize=8,
        )  # fmt: skip
        words = f"{one.what.replace('_', ' ')} {in_words(one.value, one.unit)}"
        axes.text(
            0.004, place - 0.33, words, fontsize=7.5, va="bottom",
            transform=axes.get_yaxis_transform(),
        )  # fmt: skip
    axes.set_ylim(max(len(evidence), 1) - 0.4, -1.0)
    axes.set_yticks([])
    axes.set_ylabel("evidence", rotation=0, ha="right", va="center", fontsize=8)


def _draw_path(axes: Axes, clip: Clip, evidence: Sequence[Evidence]) -> None:
    """The ground from above: forward is up in the picture and left is left."""
    samples = clip.samples
    axes.plot(
        [-sample.left_m for sample in samples], [sample.forward_m for sample in samples],
        color=SOFT, linewidth=1.2,
    )  # fmt: skip
    for place, one in enumerate(evidence):
        during = [s for s in samples if one.start_s <= s.time_s <= one.end_s]
        whole = one.end_s - one.start_s > 0.95 * clip.duration_s
        if during and not whole:
            axes.plot(
                [-sample.left_m for sample in during], [sample.forward_m for sample in during],
                color=COLOURS[place % len(COLOURS)], linewidth=4, alpha=0.75,
                marker="o" if len(during) == 1 else None, solid_capstyle="round",
            )  # fmt: skip
    if samples:
        axes.plot(-samples[0].left_m, samples[0].forward_m, "o", color=INK, markersize=7)
        axes.plot(
            -samples[-1].left_m, samples[-1].forward_m, "s", color="white", markersize=7,
            markeredgecolor=INK,
        )  # fmt: skip
    across = [-sample.left_m for sample in samples] or [0.0]
    along = [sample.forward_m for sample in samples] or [0.0]
    half = max(max(across) - min(across), max(along) - min(along), 1.0) * 0.56
    middle = (max(across) + min(across)) / 2, (max(along) + min(along)) / 2
    axes.set_xlim(middle[0] - half, middle[0] + half)
    axes.set_ylim(middle[1] - half, middle[1] + half)
    axes.set_aspect("equal", adjustable="box")
    axes.xaxis.set_major_formatter(lambda value, _: f"{round(-value, 6) + 0.0:g}")
    axes.set_xlabel("metres to the left")
    axes.set_ylabel("metres forward")
    axes.grid(color=FAINT, linewidth=0.7)
    axes.set_title("From above: ● start, □ end", fontsize=9)


# Answers that survive


def survival(report: Report) -> Figure:
    """Which answers flip: by task and by margin, before and after certification."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH_IN, 8.2))
        grid = figure.add_gridspec(2, 2, wspace=0.24, hspace=0.36)
        grid.update(left=0.09, right=0.97, top=0.87, bottom=0.08)
        said = textwrap.fill(survival_summary(report), 130)
        figure.text(0.012, 0.975, said, fontsize=10.5, weight="bold", va="top")
        axes = [figure.add_subplot(cell) for cell in grid]
        rows = [*report.tasks, report.total]
        _draw_flips(axes[0], rows)
        _bars(
            axes[1], [row.name for row in rows], [100 * row.kept for row in rows], color=COLOURS[2]
        )
        axes[1].set(xlim=(0, 100), xlabel="% of the questions that are sound")
        axes[1].set_title("Certified")
        _draw_margins(axes[2], {"all": report.margins}, certified=True)
        axes[2].set_title("Answers that flip, by margin")
        by_task = report.by_task_and_margin
        _draw_margins(axes[3], by_task, certified=False)
        axes[3].set_title("All questions, by margin and task")
        return figure


def _error_bars(rates: Sequence[Rate]) -> list[list[float]]:
    low = [100 * (one.share - one.low) for one in rates]
    return [low, [100 * (one.high - one.share) for one in rates]]


def _draw_flips(axes: Axes, rows: Sequence[Row]) -> None:
    for shift, sort, colour in ((-0.15, "all", COLOURS[1]), (0.15, "certified", COLOURS[0])):
        placed = [(place, getattr(row, sort)) for place, row in enumerate(rows)]
        placed = [(place, one) for place, one in placed if one.tries]
        rates = [one for _, one in placed]
        axes.errorbar(
            [100 * one.share for one in rates], [place + shift for place, _ in placed],
            xerr=_error_bars(rates), fmt="o", color=colour, label=sort, markersize=5,
        )  # fmt: skip
    axes.set_yticks(range(len(rows)), [row.name for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xscale("symlog", linthresh=1.0)
    axes.set_xlim(0, 100)
    axes.set_xticks(
        [0, 0.5, 1, 2, 5, 10, 20, 50, 100], ["0", "0.5", "1", "2", "5", "10", "20", "50", "100"]
    )
    axes.axvline(1, color=SOFT, linewidth=0.8, linestyle="--")
    axes.set_xlabel("% that flip, with 95 % intervals; even up to 1 %, then logarithmic")
    axes.grid(axis="x", color=FAINT, linewidth=0.7)
    axes.set_title("Answers that flip, by task")
    axes.legend(frameon=False, fontsize=8)


def _draw_margins(axes: Axes, groups: Mapping[str, Sequence[Row]], *, certified: bool) -> None:
    names = [row.name for row in next(iter(groups.values()))]
    lines = [(group, "all", rows) for group, rows in groups.items()]
    lines += [("certified", "certified", rows) for rows in groups.values() if certified]
    colours = (COLOURS[1], COLOURS[0]) if certified else COLOURS
    for (label, sort, rows), colour in zip(lines, colours, strict=False):
        placed = [(place, getattr(row, sort)) for place, row in enumerate(rows)]
        placed = [(place, one) for place, one in placed if one.tries]
        rates = [one for _, one in placed]
        axes.errorbar(
            [place for place, _ in placed], [100 * one.share for one in rates],
            yerr=_error_bars(rates) if certified else None, fmt="o-", color=colour, label=label,
            markersize=4, linewidth=1.2,
        )  # fmt: skip
    axes.set_xticks(range(len(names)), names)
    axes.set_ylim(bottom=0)
    axes.set(xlabel="margin, in tie bands of the rule", ylabel="% that flip")
    axes.grid(axis="y", color=FAINT, linewidth=0.7)
    axes.legend(frameon=False, fontsize=8)
