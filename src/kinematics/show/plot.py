"""Pictures of measurements: one motion in full, or the paths of many side by side.

Figures are built without `pyplot`, so drawing leaves no global state. Colours are the Okabe-Ito
palette and viridis, which are distinguishable to colour-blind readers and in grey.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patheffects import withStroke
from matplotlib.textpath import TextPath
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from kinematics.facts import ANGULAR_SIGNALS, SIGNALS, MotionFacts, Signal
from kinematics.movement.measurement import Trace

INK, GREY, SOFT, FAINT = "#222222", "#555555", "#8a8a8a", "#e4e4e4"
POSITIVE, NEGATIVE, EPISODE = "#0072B2", "#D55E00", "#009E73"
TIME_COLOURS = ListedColormap(mpl.colormaps["viridis"](np.linspace(0.0, 0.93, 256)), "time")
"""Viridis without its yellow end, which is too pale on white."""

WIDTH_IN: float = 12.8
DPI: int = 125
"""Together 1,600 pixels."""

QUIET_HEIGHT: float = 0.42
"""Height of a panel without events, as a share of one with events."""

EPISODE_HEIGHT: float = 1.5
"""The same for the vertical panel with labels of jumps or crouches below the curve."""

LABEL_PT: float = 8.0
LABEL_ROW_PT: float = 11.0
LABEL_ROWS: int = 2
"""Labels that do not fit into this many rows are left out, the smallest amounts first."""

MARKED_M: float = 0.15
"""The furthest point is marked if it is further than this; less is standing."""

_HALO = [withStroke(linewidth=2.5, foreground="white")]
_MINUS = "\N{MINUS SIGN}"
_STYLE = {
    "font.size": 9.0,
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "axes.linewidth": 0.7,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
}
_SEEN_FROM = {
    "first_heading": "axes of the subject's first heading",
    "first_pose": "axes of the subject's first pose",
    "body": "paced out along the subject's own axes",
    "camera": "axes of the first camera",
}
_EPISODE_MARKS = {"jump": "▲", "crouch": "▼", "lower": "↘", "rise": "↗"}
_ARROW_STEPS_S = (0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 1e9)
_GRID_STEPS_M = (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 1e6)
_METRE_STEPS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 1000, 1e6)
_DEGREE_STEPS = (10, 15, 30, 45, 90, 180, 360, 720, 1440, 3600, 36000)


class _Panel(NamedTuple):
    """The panel of a signal; `least_span` keeps noise from filling it."""

    signal: Signal
    name: str
    least_span: float


_PANELS = (
    _Panel("forward", "forward (m)", 0.4),
    _Panel("left", "left (m)", 0.4),
    _Panel("up", "up (m)", 0.2),
    _Panel("start_distance", "distance\nfrom start (m)", 0.4),
    _Panel("heading", "heading (°)", 30.0),
    _Panel("forward_lean", "lean\nforward (°)", 30.0),
    _Panel("left_lean", "lean\nleft (°)", 30.0),
)


class _Label(NamedTuple):
    """A label of a time panel; for lack of space, labels of less weight are dropped."""

    text: str
    centre_s: float
    weight: float
    colour: str


class _Spot(NamedTuple):
    """The position of a label; row 0 is the outermost."""

    centre_s: float
    row: int


class _View(NamedTuple):
    """The visible part of the ground."""

    span_m: float
    grid_m: float


def overview(trace: Trace, facts: MotionFacts, *, title: str | None = None) -> Figure:
    """One motion in full: the path from above, and every signal over time with its events.

    Forward is up in the picture and left is left. Panels without events are low.

    >>> from kinematics import measure, synthetic
    >>> from kinematics.movement import measurement
    >>> motion = synthetic.perform(synthetic.walk(3.0)).motion
    >>> figure = overview(measurement.trace(motion), measure(motion))
    >>> len(figure.axes)
    9
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH_IN, 7.6))
        outer = figure.add_gridspec(1, 2, width_ratios=(1.0, 1.3), wspace=0.27)
        outer.update(left=0.045, right=0.985, top=0.875, bottom=0.075)
        _write_header(figure, facts, title or facts.clip)
        _draw_path(figure.add_subplot(outer[0]), trace, facts)
        loud = [bool(facts.events_on(panel.signal)) for panel in _PANELS]
        heights = [1.0 if is_loud else QUIET_HEIGHT for is_loud in loud]
        if facts.episodes:
            up = [panel.signal for panel in _PANELS].index("up")
            loud[up], heights[up] = True, EPISODE_HEIGHT
        heights.append(0.02 * sum(heights))
        inner = outer[1].subgridspec(len(heights), 1, height_ratios=heights, hspace=0.14)
        for row, (panel, is_loud) in enumerate(zip(_PANELS, loud, strict=True)):
            axes = figure.add_subplot(inner[row])
            _frame_time(axes, trace, number_quarters=row == 0)
            _draw_signal(axes, panel, trace, facts, loud=is_loud)
        _draw_time_strip(figure.add_subplot(inner[len(_PANELS)]), trace)
        return figure


def paths(clips: Sequence[MotionFacts], *, columns: int = 4) -> Figure:
    """The paths of many motions from above, a small picture each: forward is up, left is left.

    >>> from kinematics import measure, synthetic
    >>> from kinematics.movement import measurement
    >>> motion = synthetic.perform(synthetic.walk(3.0)).motion
    >>> len(paths([measure(motion)] * 3).axes)
    3
    """
    columns = max(1, min(columns, len(clips)))
    rows = max(1, math.ceil(len(clips) / columns))
    height_in = 0.3 + 3.3 * rows
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH_IN, height_in))
        grid = figure.add_gridspec(rows, columns, wspace=0.06, hspace=0.24)
        grid.update(left=0.015, right=0.985, top=1 - 0.5 / height_in, bottom=0.15 / height_in)
        for cell, facts in zip(grid, clips, strict=False):
            _draw_small_path(figure.add_subplot(cell), facts)
        return figure


# Words


def _amount(signal: str, value: float) -> str:
    """A signed amount as text.

    >>> _amount("left", 1.5234), _amount("heading", math.pi / 2), _amount("up", -0.001)
    ('+1.52 m', '+90°', '0.00 m')
    """
    if signal in ANGULAR_SIGNALS:
        text, zero = f"{math.degrees(value):+.0f}°", "0°"
    else:
        text, zero = f"{value:+.2f} m", "0.00 m"
    return zero if text[1:] == zero else text.replace("-", _MINUS)


def _plain_number(value: float, _position: int | None = None) -> str:
    return f"{round(value, 6) + 0.0:g}".replace("-", _MINUS)


def _width_pt(text: str, *, size_pt: float = LABEL_PT, bold: bool = False) -> float:
    """Width of a line of text, measured without a canvas."""
    font = FontProperties(size=size_pt, weight="bold" if bold else "normal")
    path = TextPath((0, 0), text.replace("$", "S"), prop=font)  # "$" would begin a formula
    return float(path.get_extents().width) if text.strip() else 0.0


def _shortened(text: str, *, width_pt: float, size_pt: float) -> str:
    """The bold text, or as much of its end as fits, since clip names differ at their ends."""
    kept = text
    while len(kept) > 1 and _width_pt(kept, size_pt=size_pt, bold=True) > width_pt:
        kept = "…" + kept[1 + max(1, len(kept) // 20) :]
    return kept


def _write_header(figure: Figure, facts: MotionFacts, title: str) -> None:
    whole = facts.whole
    texts = (
        f"{facts.duration_s:.1f} s at {facts.fps:.3g} fps",
        f"path {whole.path_m:.2f} m",
        f"net {math.hypot(whole.net_left_m, whole.net_forward_m):.2f} m",
        f"turned {_amount('heading', whole.net_turn_rad)}",
        f"{len(facts.events)} event{'' if len(facts.events) == 1 else 's'}",
        f"seen {facts.coverage:.0%} of the time",
    )
    key = "grey: as tracked    black: smoothed    shaded: events"
    title = _shortened(title, width_pt=0.95 * WIDTH_IN * 72, size_pt=14.0)
    figure.text(0.018, 0.962, title, size=14, weight="bold", va="center", parse_math=False)
    figure.text(0.018, 0.927, "   ·   ".join(texts), color=GREY, va="center")
    figure.text(0.985, 0.927, key, size=8, color=SOFT, va="center", ha="right")


# Signals over time


def _end_s(trace: Trace) -> float:
    return max(float(trace.times_s[-1]), 1e-3)  # not 0 for a clip of one frame


def _size_pt(axes: Axes) -> tuple[float, float]:
    """Width and height of a panel in points."""
    box, figure = axes.get_position(), axes.figure
    return box.width * figure.get_figwidth() * 72, box.height * figure.get_figheight() * 72


def _spans(flags: Bool[np.ndarray, " samples"]) -> list[tuple[int, int]]:
    """Stretches of true flags as half-open index ranges."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _frame_time(axes: Axes, trace: Trace, *, number_quarters: bool) -> None:
    """Sets the limits of a time panel, and marks quarters and unseen stretches."""
    end_s = _end_s(trace)
    axes.set_xlim(0.0, end_s)
    axes.tick_params(axis="x", length=0, labelbottom=False)
    axes.spines["bottom"].set_visible(False)
    for quarter in (1, 2, 3):
        axes.axvline(end_s * quarter / 4, color="#cfcfcf", lw=0.8, zorder=0.6, gid="quarter")
    if number_quarters:
        for quarter in (1, 2, 3, 4):
            centre = ((quarter - 0.5) / 4, 1.0)
            _write(axes, f"Q{quarter}", centre, (0.0, 3.0), "axes fraction", color=SOFT)
    for start, end in _spans(~trace.observed):
        axes.axvspan(
            trace.times_s[start],
            trace.times_s[min(end, len(trace.times_s) - 1)],
            facecolor="white",
            edgecolor="#b5b5b5",
            hatch="////",
            lw=0,
            alpha=0.85,
            zorder=2.5,
            gid="unobserved",
        )


def _write(
    axes: Axes,
    text: str,
    at: tuple[float, float],
    offset_pt: tuple[float, float],
    coordinates: object,
    **look: object,
) -> None:
    """Writes a small label with a white halo, at an offset in points from a position."""
    settings = {"ha": "center", "fontsize": LABEL_PT, "path_effects": _HALO, "zorder": 5}
    axes.annotate(text, at, offset_pt, coordinates, textcoords="offset points", **(settings | look))


def _draw_signal(
    axes: Axes, panel: _Panel, trace: Trace, facts: MotionFacts, *, loud: bool
) -> None:
    """Draws one signal, raw and smoothed, with its events shaded and labelled."""
    column = SIGNALS.index(panel.signal)
    scale = 180 / math.pi if panel.signal in ANGULAR_SIGNALS else 1.0
    smooth = scale * trace.signals[:, column]
    raw = scale * np.where(trace.observed, trace.raw[:, column], np.nan)
    axes.plot(trace.times_s, raw, color="#b9b9b9", lw=0.8, zorder=2)
    axes.plot(trace.times_s, smooth, color=INK if loud else SOFT, lw=1.3 if loud else 1, zorder=3)
    amounts = []
    for event in facts.events_on(panel.signal):
        colour = POSITIVE if event.amount > 0 else NEGATIVE
        inside = (trace.times_s >= event.start_s) & (trace.times_s <= event.end_s)
        axes.axvspan(event.start_s, event.end_s, color=colour, alpha=0.13, lw=0, zorder=1,
                     gid=f"event {panel.signal}")  # fmt: skip
        axes.plot(trace.times_s[inside], smooth[inside], color=colour, lw=2.4, zorder=3.2)
        text, centre_s = _amount(panel.signal, event.amount), (event.start_s + event.end_s) / 2
        amounts.append(_Label(text, centre_s, abs(event.amount), colour))
    marks = [
        _Label(
            f"{_EPISODE_MARKS[episode.kind]} {episode.kind} {_amount('up', episode.height_m)}",
            (episode.start_s + episode.end_s) / 2,
            abs(episode.height_m),
            EPISODE,
        )
        for episode in (facts.episodes if panel.signal == "up" else ())
    ]
    floor = _fit_height(axes, panel, np.concatenate([raw, smooth]), amounts, marks)
    for episode in facts.episodes if panel.signal == "up" else ():
        axes.plot([episode.start_s, episode.end_s], [floor, floor], color=EPISODE, lw=2.2,
                  solid_capstyle="butt", zorder=4, gid=f"episode {episode.kind}")  # fmt: skip
    look = {"color": INK if loud else SOFT, "fontsize": 8.5}
    axes.set_ylabel(panel.name, rotation=0, ha="right", va="center", **look)
    axes.yaxis.set_label_coords(-0.07, 0.5)
    axes.grid(axis="y", color=FAINT, lw=0.6, zorder=0)


def _fit_height(
    axes: Axes,
    panel: _Panel,
    values: Float[np.ndarray, " values"],
    amounts: Sequence[_Label],
    marks: Sequence[_Label],
) -> float:
    """Writes the labels, and sets limits and ticks with room for them; returns the floor."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
    spare = max(panel.least_span - (high - low), 0.0) / 2
    low, high = low - spare, high + spare
    _, height_pt = _size_pt(axes)
    above_pt = _write_labels(axes, amounts, from_top=True, gid="amount")
    below_pt = _write_labels(axes, marks, from_top=False, gid="episode")
    per_pt = (high - low) / max(height_pt - above_pt - below_pt, 10.0)
    axes.set_ylim(low - below_pt * per_pt, high + above_pt * per_pt)
    count = max(2.0, height_pt / 16) + 0.8
    steps = _DEGREE_STEPS if panel.signal in ANGULAR_SIGNALS else _METRE_STEPS
    shown = (high - low) + (above_pt + below_pt) * per_pt
    step = next((step for step in steps if shown / step <= count), steps[-1])
    axes.yaxis.set_major_locator(MultipleLocator(step))
    axes.yaxis.set_major_formatter(FuncFormatter(_plain_number))
    return low - 2 * per_pt


def _write_labels(axes: Axes, labels: Sequence[_Label], *, from_top: bool, gid: str) -> float:
    """Writes labels in rows at the top or bottom of a panel; returns their height in points."""
    spots = _spots(labels, span_s=axes.get_xlim()[1], width_pt=_size_pt(axes)[0])
    edge, way = (1.0, -1) if from_top else (0.0, 1)
    for label, spot in zip(labels, spots, strict=True):
        if spot is not None:
            at, down_pt = (spot.centre_s, edge), way * (1.5 + LABEL_ROW_PT * spot.row)
            look = {"va": "top" if from_top else "bottom", "color": label.colour, "gid": gid}
            _write(axes, label.text, at, (0.0, down_pt), axes.get_xaxis_transform(), **look)
    return 3.0 + LABEL_ROW_PT * (1 + max((spot.row for spot in spots if spot), default=-1))


def _spots(labels: Sequence[_Label], *, span_s: float, width_pt: float) -> list[_Spot | None]:
    """Positions at which no labels overlap; None for a label without room."""
    taken: list[list[tuple[float, float]]] = [[] for _ in range(LABEL_ROWS)]
    spots: list[_Spot | None] = [None] * len(labels)
    for i in sorted(range(len(labels)), key=lambda i: -labels[i].weight):
        half_s = (_width_pt(labels[i].text) / 2 + 2.5) * span_s / width_pt
        centre_s = min(max(labels[i].centre_s, half_s), max(span_s - half_s, half_s))
        start_s, end_s = centre_s - half_s, centre_s + half_s
        for row, others in enumerate(taken):
            if all(end_s <= start or end <= start_s for start, end in others):
                others.append((start_s, end_s))
                spots[i] = _Spot(centre_s, row)
                break
    return spots


def _draw_time_strip(axes: Axes, trace: Trace) -> None:
    """Draws the time axis of all panels, which is also the colour key of the path."""
    shades, extent = np.linspace(0, 1, 256)[None], (0.0, _end_s(trace), 0.0, 1.0)
    axes.imshow(shades, cmap=TIME_COLOURS, extent=extent, aspect="auto")
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, steps=[1, 2, 5, 10]))
    axes.set_xlabel("time (s), and the colour of the path")


# Paths from above


def _draw_path(axes: Axes, trace: Trace, facts: MotionFacts) -> None:
    """Draws the track from above, with facing directions and the furthest point."""
    places_m = trace.positions_m[:, [0, 2]].astype(np.float64)
    view = _frame_ground(axes, places_m)
    _colour_line(axes, places_m, trace.observed, width_pt=3.2)
    tips_m = _draw_headings(axes, trace, places_m, length_m=0.05 * view.span_m)
    away_m = np.hypot(*(places_m - places_m[0]).T)
    furthest, last = int(np.argmax(away_m)), len(places_m) - 1
    marks = {"start": 0, "end": last}
    if away_m[furthest] > MARKED_M:
        text = f"furthest {facts.whole.furthest_m:.2f} m"
        axes.plot(*places_m[[0, furthest]].T, color=SOFT, lw=0.9, ls=(0, (2, 3)), zorder=1.5)
        if away_m[furthest] - away_m[last] < 0.03 * view.span_m and furthest > 0.9 * last:
            marks = {"start": 0, f"end, {text}": last}
        else:
            marks[text] = furthest
            axes.plot(*places_m[furthest], "o", ms=11, mfc="none", mec=INK, zorder=5)
    _mark_ends(axes, places_m, size_pt=8.0)
    cloud_m = np.concatenate([places_m[:: max(1, last // 400)], tips_m])
    for text, index in marks.items():
        cloud_m = _label_beside(axes, text, places_m[index], cloud_m)
    axes.set_xlabel("← to the left (m)")
    axes.set_ylabel("forward (m) →")
    axes.set_title(f"From above, {_SEEN_FROM[facts.frame]}", fontsize=9, loc="left", pad=5)


def _frame_ground(axes: Axes, places_m: Float[np.ndarray, "places 2"]) -> _View:
    """Sets equal axes around a path, left on the left, with a grid in metres."""
    low, high = places_m.min(axis=0), places_m.max(axis=0)
    size_pt = np.array(_size_pt(axes))
    m_per_pt = max(float(np.max(1.24 * (high - low) / size_pt)), 1.2 / float(size_pt[0]))
    left, ahead = (high + low) / 2
    half_left, half_ahead = m_per_pt * size_pt / 2
    axes.set_xlim(left + half_left, left - half_left)
    axes.set_ylim(ahead - half_ahead, ahead + half_ahead)
    axes.set_aspect("equal", adjustable="datalim")
    span_m = m_per_pt * float(size_pt.max())
    grid_m = next(step for step in _GRID_STEPS_M if span_m / step <= 14)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MultipleLocator(grid_m))
        axis.set_major_formatter(FuncFormatter(_plain_number))
    axes.grid(color=FAINT, lw=0.7, zorder=0)
    axes.tick_params(length=0)
    axes.spines[["left", "bottom"]].set_visible(False)
    return _View(span_m, float(grid_m))


def _colour_line(
    axes: Axes,
    places_m: Float[np.ndarray, "places 2"],
    observed: Bool[np.ndarray, " places"],
    *,
    width_pt: float,
) -> None:
    """Draws a path coloured by time; unseen stretches are thin and dotted."""
    steps_m = np.stack([places_m[:-1], places_m[1:]], axis=1)
    seen = observed[:-1] & observed[1:]
    colours = TIME_COLOURS(np.linspace(0.0, 1.0, len(steps_m)))[seen]
    line = LineCollection(
        list(steps_m[seen]), colors=colours, lw=width_pt, capstyle="round", zorder=3, gid="path"
    )
    gaps = LineCollection(list(steps_m[~seen]), colors=SOFT, lw=1.0, ls=(0, (1, 2)), zorder=2.9)
    for collection in (line, gaps):
        axes.add_collection(collection, autolim=False)


def _draw_headings(
    axes: Axes, trace: Trace, places_m: Float[np.ndarray, "samples 2"], *, length_m: float
) -> Float[np.ndarray, "arrows 2"]:
    """Draws arrows in the facing direction at regular times; returns their tips."""
    times_s, heading_rad = trace.times_s, trace.heading_rad.astype(np.float64)
    step_s = next(step for step in _ARROW_STEPS_S if times_s[-1] / step <= 18)
    index = np.searchsorted(times_s, np.arange(0.0, times_s[-1] + 1e-9, step_s) - 1e-9)
    index = index[trace.observed[index] & np.isfinite(heading_rad[index])]
    facing_m = length_m * np.stack([np.sin(heading_rad[index]), np.cos(heading_rad[index])], 1)
    shape = {"width": 0.018, "headwidth": 5, "headlength": 5, "headaxislength": 4.5}
    data = {"angles": "xy", "scale_units": "xy", "scale": 1, "units": "inches"}
    axes.quiver(
        *places_m[index].T, *facing_m.T, color=INK, zorder=4, gid="headings", **shape, **data
    )
    note = f"an arrow every {step_s:g} s: where the subject faces"
    _write(axes, note, (0.995, 0.0), (0.0, 4.0), "axes fraction", color=SOFT, ha="right")
    return places_m[index] + facing_m


def _mark_ends(axes: Axes, places_m: Float[np.ndarray, "places 2"], *, size_pt: float) -> None:
    """Draws a square at the end and a dot at the start, on top if they coincide."""
    look = {"mec": "white", "mew": 0.16 * size_pt, "zorder": 6}
    end, start = TIME_COLOURS(1.0), TIME_COLOURS(0.0)
    axes.plot(*places_m[-1], "s", ms=1.05 * size_pt, mfc=end, gid="end", **look)
    axes.plot(*places_m[0], "o", ms=0.9 * size_pt, mfc=start, gid="start", **look)


def _label_beside(
    axes: Axes,
    text: str,
    at_m: Float[np.ndarray, "2"],
    cloud_m: Float[np.ndarray, "points 2"],
) -> Float[np.ndarray, "more 2"]:
    """Writes a label where it covers least of a cloud of points; returns cloud and label."""
    pt_per_dot = 72.0 / axes.figure.dpi
    here, cloud = (pt_per_dot * axes.transData.transform(p) for p in (at_m, cloud_m))
    lower, upper = pt_per_dot * axes.transAxes.transform([(0, 0), (1, 1)])
    half = np.array([_width_pt(text, size_pt=9.0) / 2, 4.5])
    turns = np.arange(16) * math.pi / 8
    ways = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    centres = here + ways * (13.0 + half * np.abs(ways))
    beyond = np.maximum(np.abs(cloud - centres[:, None]) - half, 0.0)
    room = np.minimum(np.linalg.norm(beyond, axis=2).min(axis=1), 30.0)
    inside = ((centres - half > lower) & (centres + half < upper)).all(axis=1)
    best = centres[int(np.argmax(np.where(inside, room, room - 100.0)))]
    offset = (float(best[0] - here[0]), float(best[1] - here[1]))
    _write(
        axes,
        text,
        (float(at_m[0]), float(at_m[1])),
        offset,
        "data",
        va="center",
        fontsize=9,
        zorder=7,
    )
    own = (best + half * np.stack([np.linspace(-1, 1, 5), np.zeros(5)], axis=1)) / pt_per_dot
    return np.concatenate([cloud_m, axes.transData.inverted().transform(own)])


def _draw_small_path(axes: Axes, facts: MotionFacts) -> None:
    """Draws one of many paths, titled with its figures, and a bar as long as a grid square."""
    samples = [(sample.left_m, sample.forward_m) for sample in facts.samples] or [(0.0, 0.0)]
    places_m = np.array(samples)
    view = _frame_ground(axes, places_m)
    _colour_line(axes, places_m, np.ones(len(places_m), bool), width_pt=2.4)
    _mark_ends(axes, places_m, size_pt=6.5)
    axes.tick_params(labelbottom=False, labelleft=False)
    name = _shortened(facts.clip, width_pt=_size_pt(axes)[0], size_pt=9.0)
    axes.set_title(name, fontsize=9, fontweight="bold", loc="left", pad=14, parse_math=False)
    whole = facts.whole
    text = (
        f"{facts.duration_s:.1f} s · path {whole.path_m:.1f} m · "
        f"net {math.hypot(whole.net_left_m, whole.net_forward_m):.1f} m · "
        f"turned {_amount('heading', whole.net_turn_rad)}"
    )
    _write(axes, text, (0.0, 1.0), (0.0, 4.0), "axes fraction", color=GREY, ha="left")
    (left, _), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    x, y = left - 0.04 * view.span_m, bottom + 0.04 * (top - bottom)
    axes.plot([x, x - view.grid_m], [y, y], color=INK, lw=2.0, solid_capstyle="butt", zorder=5)
    _write(axes, f"{view.grid_m:g} m", (x - view.grid_m / 2, y), (0.0, 3.0), "data")
