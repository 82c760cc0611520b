"""Histograms of the measured values at each stage, with bounds. Does not use `pyplot`."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kinematics.curation.funnel import Funnel

KEPT, REFUSED, BOUND = "#0072B2", "#D55E00", "#222222"
COLUMNS = 3
BINS = 40


def draw(funnel: Funnel) -> Figure:
    """A panel per check: histograms of its kept and refused values, and its bounds."""
    count = max(len(funnel.checks), 1)
    lines = math.ceil(count / COLUMNS)
    figure = Figure(figsize=(12.8, 2.6 * lines), dpi=125, layout="constrained")
    panels = figure.subplots(lines, min(COLUMNS, count), squeeze=False).ravel()
    if not funnel.checks:
        panels[0].set_title("nothing was measured", loc="left", fontsize=9)
    for name, panel in zip(funnel.checks, panels, strict=False):
        _panel(panel, name, funnel)
    for panel in panels[len(funnel.checks) :] if funnel.checks else ():
        panel.remove()
    return figure


def _panel(panel: Axes, name: str, funnel: Funnel) -> None:
    checks = funnel.checks[name]
    kept = [check.value for check in checks if check.problem is None]
    refused = [check.value for check in checks if check.problem is not None]
    bounds = {bound for check in checks for bound in (check.least, check.most) if bound is not None}
    values = [value for value in (*kept, *refused, *bounds) if value is not None]
    positive = all(value > 0 for value in values)
    if positive and max(values) > 100 * min(values):
        panel.set_xscale("log")
        low, high = math.log10(min(values)), math.log10(max(values))
        edges = [10 ** (low + (high - low) * i / BINS) for i in range(BINS + 1)]
        edges[0], edges[-1] = min(values), max(values)
    else:
        low, high = min(values), max(values)
        high = high if high > low else low + 1
        edges = [low + (high - low) * i / BINS for i in range(BINS + 1)]
    panel.hist([kept, refused], bins=edges, stacked=True, color=[KEPT, REFUSED])
    for bound in sorted(bounds):
        panel.axvline(bound, color=BOUND, linewidth=1.0, linestyle="--")
        panel.annotate(
            f"{bound:g}",
            (bound, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(3, -9),
            textcoords="offset points",
            fontsize=7.5,
        )
    panel.set_title(f"{name}  ({len(kept)} kept, {len(refused)} refused)", loc="left", fontsize=9)
    panel.tick_params(labelsize=8)
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)
