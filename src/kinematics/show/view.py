"""A motion played in the browser with viser (the extra `view`); only this module uses viser.

A single loop draws; the slider and the buttons only set the time to show.
"""

import math
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from kinematics.show import playback
from kinematics.show.playback import Movement, Playback, Rods
from kinematics.skeleton import POINTS

TICK_S = 1 / 30
"""Time between two frames of the view."""

SPEEDS = ("0.25×", "0.5×", "1×", "2×", "4×")

MOST_LISTED = 200
"""Most movements with a button; more would fill the browser."""

LEAST_VIEW_M = 1.6
"""Least half width of the ground in the initial view."""

JOINT_RADIUS_M, BONE_RADIUS_M, PATH_WIDTH_M = 0.045, 0.03, 0.04

_INK, _LEFT, _RIGHT = (34, 34, 34), (213, 94, 0), (0, 114, 178)
_PATH_COLOURS = np.array([[68, 1, 84], [33, 145, 140], [122, 209, 81]])
"""Colours of the path's start, middle and end: viridis without its yellow, as in the pictures."""


@dataclass(frozen=True, kw_only=True)
class View:
    """A served view: the motion, and viser's handles of the parts that change over time."""

    shown: Playback
    movements: tuple[Movement, ...]
    server: Any
    time: Any
    speed: Any
    now: Any
    joints: Any
    bones: Any
    arrow: Any
    playing: threading.Event

    @property
    def address(self) -> str:
        """The URL to open in the browser."""
        host = self.server.get_host()
        shown = "localhost" if host in ("0.0.0.0", "::", "") else host
        return f"http://{f'[{shown}]' if ':' in shown else shown}:{self.server.get_port()}"


def require() -> Any:
    """The module `viser`; raises `ValueError` with the install command if it is missing."""
    try:
        import viser
    except ImportError as error:
        raise ValueError(
            "the live view needs viser, which is not installed; "
            "run `pip install 'kinematics-qa[view]'` and try again"
        ) from error
    return viser


def check_address(host: str, port: int) -> None:
    """Raises `ValueError` for an address that cannot be served; port 0 is any free port."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise ValueError(
            f"{host}, port {port}: cannot be served ({error.strerror or error}); choose another "
            "with --port (0 takes any that is free) or --host"
        ) from error


@contextmanager
def _quietly() -> Iterator[None]:
    """Suppresses viser's own messages on the terminal."""
    with redirect_stdout(StringIO()):
        yield


def serve(
    shown: Playback,
    movements: tuple[Movement, ...],
    *,
    title: str = "motion",
    host: str = "localhost",
    port: int = 8080,
) -> View:
    """Starts a server that shows the start of the motion; `close` stops it."""
    viser = require()
    check_address(host, port)
    with _quietly():
        server = viser.ViserServer(host=host, port=port, label=title, verbose=False)
    server.request_share_url = _keep_private
    server.gui.configure_theme(show_logo=False, show_share_button=False)
    playing = threading.Event()
    with server.atomic():
        _set_stage(server, shown)
        slider, speed, now = _add_controls(server, shown, movements, playing)
        joints, bones, arrow = _add_figure(server, shown)
    view = View(
        shown=shown,
        movements=movements,
        server=server,
        time=slider,
        speed=speed,
        now=now,
        joints=joints,
        bones=bones,
        arrow=arrow,
        playing=playing,
    )
    draw(view, 0.0)
    return view


def draw(view: View, time_s: float) -> None:
    """Shows the figure at a time, and names the current movements."""
    sample = playback.sample_at(view.shown, time_s)
    figure = playback.figure_at(view.shown, sample)
    rods = playback.rods(figure.bones_m)
    under_way = playback.under_way(view.movements, time_s)
    words = " · ".join(movement.words for movement in under_way) or "no movement"
    with view.server.atomic():
        view.joints.batched_positions = figure.joints_m.astype(np.float32)
        view.bones.batched_wxyzs = rods.wxyz.astype(np.float32)
        view.bones.batched_positions = rods.middles_m.astype(np.float32)
        view.bones.batched_scales = _scales(rods)
        view.arrow.points = figure.arrow_m.astype(np.float32)
        view.joints.visible = view.bones.visible = figure.seen
        view.arrow.visible = figure.seen and figure.faces
        view.now.content = f"**Now:** {words if figure.seen else f'not seen · {words}'}"


def run(view: View, *, until: threading.Event) -> None:
    """Plays and draws until the event is set, in wall-clock time however long drawing takes."""
    duration_s = float(view.shown.times_s[-1])
    drawn_s, clock_s, before = -1.0, 0.0, time.monotonic()
    while not until.wait(TICK_S):
        now = time.monotonic()
        wanted_s = float(view.time.value)
        if wanted_s != drawn_s:  # the slider was moved, or a movement chosen
            clock_s = wanted_s
        if view.playing.is_set():
            elapsed_s = (now - before) * float(view.speed.value.rstrip("×"))
            clock_s = playback.advanced(clock_s, elapsed_s, duration_s=duration_s)
            wanted_s = min(round(clock_s, 2), duration_s)
            view.time.value = wanted_s
        if wanted_s != drawn_s:
            draw(view, wanted_s)
            drawn_s = wanted_s
        before = now


def close(view: View) -> None:
    """Stops the server."""
    with _quietly():
        view.server.stop()


def _keep_private() -> None:
    """Replaces viser's tunnel to the public internet, which any page could request."""


def _set_stage(server: Any, shown: Playback) -> None:
    """Adds the floor, the path on it, and a camera behind the start that sees all of the path."""
    steps_m = playback.ground_path(shown)
    places_m = shown.roots_m[shown.observed] if shown.observed.any() else shown.roots_m
    low_m, high_m = places_m.min(axis=0), places_m.max(axis=0)
    middle_m = ((low_m + high_m) / 2).astype(float)
    reach_m = max(float(np.max((high_m - low_m)[[0, 2]])) / 2 + 0.8, LEAST_VIEW_M)
    server.scene.set_up_direction("+y")
    server.scene.add_grid(
        "/floor",
        plane="xz",
        infinite_grid=True,
        cell_size=0.5,
        section_size=1.0,
        cell_color=(222, 222, 222),
        section_color=(190, 190, 190),
        fade_distance=12.0 * reach_m,
        position=(0.0, shown.floor_m, 0.0),
    )
    if len(steps_m):
        server.scene.add_line_segments(
            "/path", steps_m, _path_colours(len(steps_m)), thickness=PATH_WIDTH_M
        )
    server.initial_camera.fov = math.radians(45.0)
    server.initial_camera.look_at = (middle_m[0], shown.floor_m + 0.7, middle_m[2])
    server.initial_camera.position = (
        middle_m[0] - 0.9 * reach_m,
        shown.floor_m + 0.7 + 1.3 * reach_m,
        middle_m[2] - 2.6 * reach_m,
    )


def _add_figure(server: Any, shown: Playback) -> tuple[Any, Any, Any]:
    """Adds balls for joints, rods for bones, and the arrow of the facing direction."""
    from trimesh import creation

    figure = playback.figure_at(shown, 0)
    rods = playback.rods(figure.bones_m)
    ball = creation.icosphere(subdivisions=2, radius=JOINT_RADIUS_M)
    rod = creation.cylinder(radius=BONE_RADIUS_M, height=1.0, sections=16)
    level = np.tile([1.0, 0.0, 0.0, 0.0], (len(figure.joints_m), 1))
    joints = server.scene.add_batched_meshes_simple(
        "/figure/joints",
        ball.vertices,
        ball.faces,
        level,
        figure.joints_m,
        batched_colors=_joint_colours(shown),
    )
    bones = server.scene.add_batched_meshes_simple(
        "/figure/bones",
        rod.vertices,
        rod.faces,
        rods.wxyz,
        rods.middles_m,
        batched_scales=_scales(rods),
        batched_colors=_bone_colours(shown),
        flat_shading=False,
    )
    arrow = server.scene.add_arrows(
        "/heading", figure.arrow_m, _INK, shaft_radius=0.025, head_radius=0.07, head_length=0.18
    )
    return joints, bones, arrow


def _scales(rods: Rods) -> Float[np.ndarray, "bones 3"]:
    ones = np.ones_like(rods.lengths_m)
    return np.stack([ones, ones, rods.lengths_m], axis=1).astype(np.float32)


def _add_controls(
    server: Any, shown: Playback, movements: tuple[Movement, ...], playing: threading.Event
) -> tuple[Any, Any, Any]:
    """Adds the slider, the speed and the current movements, with their buttons."""
    duration_s = float(shown.times_s[-1])
    starts_s = sorted({playback.jump_s(movement, duration_s=duration_s) for movement in movements})
    slider = server.gui.add_slider(
        "time (s)", 0.0, duration_s, 0.01, 0.0, marks=tuple(starts_s[:MOST_LISTED])
    )
    button = server.gui.add_button("Play")
    speed = server.gui.add_dropdown("speed", SPEEDS, initial_value="1×")
    now = server.gui.add_markdown("")

    def switch(_: Any) -> None:
        if playing.is_set():
            playing.clear()
        else:
            playing.set()
        button.label = "Pause" if playing.is_set() else "Play"

    button.on_click(switch)
    with server.gui.add_folder(f"Movements ({len(movements)})"):
        for movement in movements[:MOST_LISTED]:
            _add_jump(server, slider, movement, duration_s)
        if len(movements) > MOST_LISTED:
            server.gui.add_markdown(f"Only the first {MOST_LISTED} are listed.")
    return slider, speed, now


def _add_jump(server: Any, slider: Any, movement: Movement, duration_s: float) -> None:
    hint = f"{movement.words}, from {movement.start_s:.2f} to {movement.end_s:.2f} s"
    button = server.gui.add_button(
        f"{movement.start_s:.2f} s: {movement.words}", color="gray", hint=hint
    )

    def jump(_: Any) -> None:
        slider.value = playback.jump_s(movement, duration_s=duration_s)

    button.on_click(jump)


def _side_colour(point: str) -> tuple[int, int, int]:
    return _LEFT if point.startswith("left_") else _RIGHT if point.startswith("right_") else _INK


def _joint_colours(shown: Playback) -> UInt8[np.ndarray, "joints 3"]:
    points = [_side_colour(POINTS[point]) for point in shown.shown] or [_INK]
    return np.array(points, dtype=np.uint8)


def _bone_colours(shown: Playback) -> UInt8[np.ndarray, "bones 3"]:
    ends = [_side_colour(POINTS[end]) for _, end in shown.bones]
    colours = ends if shown.points_m is not None else [_INK]
    return np.array(colours, dtype=np.uint8).reshape(-1, 3)


def _path_colours(steps: int) -> UInt8[np.ndarray, "steps 2 3"]:
    """Each step's colours, from the first to the last."""
    share: Float[np.ndarray, " places"] = np.linspace(0.0, 2.0, steps + 1)
    mixed = [np.interp(share, [0.0, 1.0, 2.0], channel) for channel in _PATH_COLOURS.T]
    places = np.stack(mixed, axis=1).round().astype(np.uint8)
    return np.stack([places[:-1], places[1:]], axis=1)
