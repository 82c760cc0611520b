"""Pictures: left is on the left, every event is drawn and labelled, nothing overlaps."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.quiver import Quiver
from matplotlib.text import Annotation, Text

from kinematics import facts
from kinematics.movement.measurement import Trace
from kinematics.show import plot

PANELS = ("forward", "left", "up", "start_distance", "heading", "forward_lean", "left_lean")


def event(signal: facts.Signal, start_s: float, end_s: float, amount: float) -> facts.Event:
    return facts.Event(
        signal=signal,
        start_s=start_s,
        end_s=end_s,
        amount=amount,
        peak_speed=1.0,
        mean_speed=0.5,
        coverage=1.0,
        quarter_amounts=(amount, 0.0, 0.0, 0.0),
    )


def trace_of(
    left_m: np.ndarray, forward_m: np.ndarray, heading_rad: np.ndarray, *, fps: float = 30.0
) -> Trace:
    """A trace whose raw and smoothed signals are the same."""
    zero = np.zeros_like(left_m)
    distance_m = np.hypot(left_m, forward_m)
    signals = np.stack([left_m, zero, forward_m, distance_m, heading_rad, zero, zero], axis=1)
    return Trace(
        times_s=np.arange(len(left_m)) / fps,
        signals=signals,
        raw=signals,
        observed=np.ones(len(left_m), bool),
        positions_m=np.stack([left_m, zero, forward_m], axis=1),
        heading_rad=heading_rad,
    )


def facts_of(
    trace: Trace,
    *,
    events: tuple[facts.Event, ...] = (),
    episodes: tuple[facts.VerticalEpisode, ...] = (),
    clip: str = "clip",
) -> facts.MotionFacts:
    end_s = float(trace.times_s[-1])
    positions = trace.positions_m
    away_m = np.hypot(positions[:, 0], positions[:, 2])
    window = dict.fromkeys(facts.WindowFacts.__struct_fields__, 0.0)
    window |= {
        "end_s": end_s,
        "furthest_m": float(away_m.max()),
        "net_left_m": float(positions[-1, 0]),
        "net_forward_m": float(positions[-1, 2]),
    }
    whole = facts.WindowFacts(**window)
    posture = dict.fromkeys(facts.Posture.__struct_fields__, 0.0)
    return facts.MotionFacts(
        clip=clip,
        take="",
        person=0,
        path="",
        shared_world=False,
        notes=(),
        frame="first_heading",
        thresholds="",
        frames=len(trace.times_s),
        duration_s=end_s,
        fps=30.0,
        coverage=float(trace.observed.mean()),
        has_joints=False,
        events=events,
        episodes=episodes,
        whole=whole,
        quarters=(whole,) * 4,
        shape=facts.PathShape(
            straightness=1.0, returns=0, laps=0.0, turning_radius_m=None, extent_m=0.0,
            shape="wandering",
        ),
        posture=facts.Posture(**posture | {"lean_of": "pelvis"}),
        parts=(),
        samples=tuple(
            facts.PathSample(
                time_s=float(t), left_m=float(x), up_m=float(y), forward_m=float(z), heading_rad=0.0
            )
            for t, (x, y, z) in zip(trace.times_s, positions, strict=True)
        ),
    )  # fmt: skip


def left_turn() -> Trace:
    """Two metres ahead, then two metres to the left."""
    ahead, aside = np.linspace(0, 2, 60), np.linspace(0, 2, 60)
    return trace_of(
        np.concatenate([np.zeros(60), aside]),
        np.concatenate([ahead, np.full(60, 2.0)]),
        np.concatenate([np.zeros(60), np.full(60, np.pi / 2)]),
    )


EVENTS = (
    event("forward", 0.0, 2.0, 2.0),
    event("left", 2.0, 3.9, 2.0),
    event("heading", 1.9, 2.1, math.pi / 2),
    event("start_distance", 0.0, 3.9, 2.83),
)


def drawn(figure: Figure, gid: str) -> list[object]:
    return list(figure.findobj(lambda artist: artist.get_gid() == gid))


def paint(figure: Figure) -> FigureCanvasAgg:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return canvas


def on_screen(figure: Figure, gid: str) -> tuple[float, float]:
    """Where a one-point marker lies in the picture, in pixels from the lower left."""
    [marker] = drawn(figure, gid)
    return tuple(marker.axes.transData.transform(marker.get_xydata()[0]))


def test_a_left_turn_bends_to_the_left_of_the_picture() -> None:
    figure = plot.overview(left_turn(), facts_of(left_turn(), events=EVENTS))
    paint(figure)
    start, end = on_screen(figure, "start"), on_screen(figure, "end")
    assert end[0] < start[0] - 50
    assert end[1] > start[1] + 50
    assert end[1] - start[1] == pytest.approx(start[0] - end[0], rel=1e-3)  # equal axes
    axes = figure.axes[0]
    assert axes.xaxis_inverted()
    assert not axes.yaxis_inverted()
    [path] = drawn(figure, "path")
    assert isinstance(path, LineCollection)
    segments = np.array(path.get_segments())
    np.testing.assert_allclose(segments[-1, -1], (2.0, 2.0))  # data are (left, forward)
    colours = path.get_colors()
    np.testing.assert_allclose(colours[0], plot.TIME_COLOURS(0.0))
    np.testing.assert_allclose(colours[-1], plot.TIME_COLOURS(1.0))


def test_heading_arrows_point_where_the_subject_faces() -> None:
    figure = plot.overview(left_turn(), facts_of(left_turn()))
    [arrows] = drawn(figure, "headings")
    assert isinstance(arrows, Quiver)
    facing = np.stack([arrows.U, arrows.V], axis=1)
    facing /= np.linalg.norm(facing, axis=1, keepdims=True)
    np.testing.assert_allclose(facing[0], (0, 1), atol=1e-9)
    np.testing.assert_allclose(facing[-1], (1, 0), atol=1e-9)  # +left, on an inverted axis
    assert 5 <= len(facing) <= 19


def test_every_event_is_shaded_where_it_happens_and_labelled_with_its_amount() -> None:
    figure = plot.overview(left_turn(), facts_of(left_turn(), events=EVENTS))
    for one in EVENTS:
        [span] = drawn(figure, f"event {one.signal}")
        box = span.get_extents().transformed(span.axes.transData.inverted())
        assert (box.x0, box.x1) == pytest.approx((one.start_s, one.end_s))
    labels = sorted(text.get_text() for text in drawn(figure, "amount"))
    assert labels == ["+2.00 m", "+2.00 m", "+2.83 m", "+90°"]
    assert len(drawn(figure, "quarter")) == 3 * len(PANELS)


def test_negative_amounts_have_their_own_colour_and_sign() -> None:
    events = (event("left", 0.2, 1.0, 0.5), event("left", 1.5, 3.0, -1.25))
    figure = plot.overview(left_turn(), facts_of(left_turn(), events=events))
    left, right = drawn(figure, "event left")
    assert left.get_facecolor()[:3] != right.get_facecolor()[:3]
    assert [t.get_text() for t in drawn(figure, "amount")] == ["+0.50 m", "\N{MINUS SIGN}1.25 m"]


def test_panels_with_events_are_taller_and_jumps_are_marked() -> None:
    jump = facts.VerticalEpisode(kind="jump", start_s=1.0, end_s=1.5, height_m=0.31)
    figure = plot.overview(left_turn(), facts_of(left_turn(), events=EVENTS, episodes=(jump,)))
    height = dict(zip(PANELS, (a.get_position().height for a in figure.axes[1:8]), strict=True))
    assert height["up"] > height["heading"] == pytest.approx(height["left"])
    assert height["heading"] > 2 * height["left_lean"]
    [bar] = drawn(figure, "episode jump")
    assert bar.get_xdata().tolist() == [1.0, 1.5]
    assert [t.get_text() for t in drawn(figure, "episode")] == ["▲ jump +0.31 m"]


def test_what_was_not_seen_is_hatched() -> None:
    trace = left_turn()
    observed = trace.observed.copy()
    observed[30:45] = observed[80:90] = False
    trace = trace._replace(observed=observed)
    figure = plot.overview(trace, facts_of(trace))
    spans = drawn(figure, "unobserved")
    assert len(spans) == 2 * len(PANELS)
    box = spans[0].get_extents().transformed(spans[0].axes.transData.inverted())
    assert (box.x0, box.x1) == pytest.approx((1.0, 1.5))
    [path] = drawn(figure, "path")
    assert len(path.get_segments()) == 119 - 16 - 11


@settings(max_examples=15, phases=[Phase.explicit, Phase.generate])  # shrinking would draw for long
@given(
    starts=st.lists(st.floats(0.0, 3.7), min_size=1, max_size=25),
    amounts=st.lists(st.floats(-30, 30), min_size=25, max_size=25),
)
def test_labels_never_overlap_and_stay_inside(starts: list[float], amounts: list[float]) -> None:
    events = tuple(
        event("up", start, start + 0.2, amount)
        for start, amount in zip(sorted(starts), amounts, strict=False)
    )
    figure = plot.overview(left_turn(), facts_of(left_turn(), events=events))
    paint(figure)
    labels = drawn(figure, "amount")
    assert all(isinstance(label, Annotation) for label in labels)
    boxes = [label.get_window_extent() for label in labels]
    assert boxes
    for one, other in itertools.combinations(boxes, 2):
        assert not one.overlaps(other)
    for label, box in zip(labels, boxes, strict=True):
        frame = label.axes.get_window_extent()
        assert frame.x0 - 1 <= box.x0
        assert box.x1 <= frame.x1 + 1
    biggest = max(abs(one.amount) for one in events)
    texts = {label.get_text().lstrip("+\N{MINUS SIGN}") for label in labels}
    assert f"{biggest:.2f} m" in texts


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_the_shortest_clips_can_be_drawn(frames: int) -> None:
    zero = np.zeros(frames)
    trace = trace_of(zero, zero, zero)
    paint(plot.overview(trace, facts_of(trace)))


def test_a_clip_in_which_nobody_was_seen_can_be_drawn() -> None:
    zero = np.zeros(50)
    trace = trace_of(zero, zero, np.full(50, np.nan))
    trace = trace._replace(observed=np.zeros(50, bool), signals=np.full((50, 7), np.nan))
    paint(plot.overview(trace, facts_of(trace)))


def test_names_are_shown_as_they_are_and_long_ones_by_their_end() -> None:
    trace = left_turn()
    formula = r"$\frac$"  # drawn as mathematics, it would raise
    figure = plot.overview(trace, facts_of(trace, clip=formula))
    paint(figure)
    assert formula in [text.get_text() for text in figure.texts]
    paint(plot.paths([facts_of(trace, clip=formula)]))
    figure = plot.paths([facts_of(trace, clip="very/" * 40 + "walk_7")])
    title = figure.axes[0].get_title(loc="left")
    assert title.startswith("…")
    assert title.endswith("walk_7")
    paint(figure)
    widest = max(text.get_window_extent().x1 for text in figure.findobj(Text))
    assert widest <= figure.bbox.x1


def test_many_paths_share_a_page_each_the_right_way_round() -> None:
    clips = [facts_of(left_turn(), clip=f"c{i}") for i in range(6)]
    figure = plot.paths(clips)
    paint(figure)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [f"c{i}" for i in range(6)]
    assert all(axes.xaxis_inverted() for axes in figure.axes)
    assert len({round(axes.get_position().x0, 3) for axes in figure.axes}) == 4
    paint(plot.paths([]))


def test_the_same_motion_gives_the_same_picture() -> None:
    pictures = []
    for _ in range(2):
        figure = plot.overview(left_turn(), facts_of(left_turn(), events=EVENTS))
        pictures.append(bytes(paint(figure).buffer_rgba()))
    assert pictures[0] == pictures[1]
