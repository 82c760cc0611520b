"""Clips of keypoints whose truth is known: synthetic people before the renderer's cameras.

A body's points are projected as the renderer would, trembled as a detector does, and listed in any
order. The background is a floor and things that stand on it, at all distances, followed by a
tracker that slips now and then.
"""

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, get_args

import numpy as np

from kinematics import synthetic
from kinematics.curation.clips import PoseClip
from kinematics.skeleton import COCO_17, POINTS
from kinematics.synthetic import Script, generator
from mllm.render.camera import looking, project, seen_from
from mllm.render.paths import Shot, shoot
from mllm.render.pose import posed

SIZE_PX = 640
FPS = 10.0
SECONDS = 10.0

POINT_NOISE = 0.006
POINT_NOISE_PX = 0.7
"""Standard deviation of a keypoint along each axis: a share of its person's diagonal, because
estimators look at a person at one size, and what the pixels add."""

TRACK_NOISE_PX = 0.4
LOST_POINTS = 0.03
SLIPPED_TRACKS = 0.08
"""Share of the background's tracks that follow something else in a step."""

Case = Literal[
    "still, moving camera",
    "gallery",
    "acting, still camera",
    "acting, moving camera",
    "two, one still",
    "two still, moving camera",
]


class Filmed(NamedTuple):
    """A clip and the truth about it."""

    case: Case
    detail: str
    clip: PoseClip
    acts: bool
    """Whether the clip is worth keeping: somebody acts."""


_ROW = {name: index for index, name in enumerate(POINTS)}
_FACE = {  # of the head's middle: to the left, up, ahead
    "nose": (0.0, 0.0, 0.10),
    "left_eye": (0.03, 0.03, 0.085),
    "right_eye": (-0.03, 0.03, 0.085),
    "left_ear": (0.075, 0.01, 0.0),
    "right_ear": (-0.075, 0.01, 0.0),
}


def body_m(points_m: np.ndarray) -> np.ndarray:
    """The seventeen points of COCO; the face looks where the shoulders do."""
    left = points_m[:, _ROW["left_shoulder"]] - points_m[:, _ROW["right_shoulder"]]
    left /= np.linalg.norm(left, axis=1, keepdims=True)
    up = points_m[:, _ROW["head"]] - points_m[:, _ROW["neck"]]
    up -= (up * left).sum(axis=1, keepdims=True) * left
    up /= np.linalg.norm(up, axis=1, keepdims=True)
    ahead = np.cross(left, up)
    face = {
        name: points_m[:, _ROW["head"]] + a * left + b * up + c * ahead
        for name, (a, b, c) in _FACE.items()
    }
    joints = [face[name] if name in face else points_m[:, _ROW[name]] for name in COCO_17.joints]
    return np.stack(joints, axis=1)


def performer(
    script: Script, draw: np.random.Generator, *, place_m: tuple[float, float] = (0.0, 0.0)
) -> np.ndarray:
    """A person's points at the times of a clip; held at its end."""
    performance = synthetic.perform(
        script,
        fps=50.0,
        seed=int(draw.integers(2**31)),
        start_position_m=(place_m[0], 0.0, place_m[1]),
        start_heading_rad=draw.uniform(-math.pi, math.pi),
    )
    times_s = np.arange(int(SECONDS * FPS)) / FPS
    last_s = float(performance.motion.times_s[-1])
    pose = posed(performance.motion, np.minimum(times_s, last_s))
    return np.asarray(pose.points_m, float)


def swaying(draw: np.random.Generator, *, place_m: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """A person who stands, or is bent or seated, and sways by some millimetres."""
    poses: list[Script] = [
        synthetic.stand(SECONDS),
        synthetic.sit(0.4).then(synthetic.stand(SECONDS + 3)),
        synthetic.lean(math.radians(35), stay=True).then(synthetic.stand(SECONDS + 3)),
    ]
    points_m = performer(poses[draw.integers(3)], draw, place_m=place_m)
    held = np.repeat(points_m[-1:], len(points_m), axis=0)
    angle = 2 * np.pi * (0.3 * np.arange(len(held)) / FPS + draw.random())
    height = held[:, :, 1:2] / 1.7
    held[:, :, 0:1] += 0.006 * height * np.sin(angle)[:, None, None]
    held[:, :, 2:3] += 0.006 * height * np.cos(0.7 * angle)[:, None, None]
    return held


def _action(draw: np.random.Generator, name: str | None = None) -> tuple[str, Script]:
    """Something that nobody would call standing still, at random unless named."""
    side: Literal["left", "right"] = "left" if draw.random() < 0.5 else "right"
    hold = synthetic.pause(draw.uniform(0.3, 1.0))
    actions: dict[str, Callable[[], Script]] = {
        "walk": lambda: synthetic.walk(draw.uniform(4, 8), speed_mps=draw.uniform(0.7, 1.3)),
        "walk and turn": lambda: synthetic.walk(2.0).then(
            synthetic.turn(math.pi * draw.choice([-1, 1])), synthetic.walk(2.0)
        ),
        "wave": lambda: synthetic.wave(
            side=side, cycles=int(draw.integers(6, 12)), rate_hz=draw.uniform(1.0, 2.0)
        ),
        "bow": lambda: synthetic.bow(math.radians(draw.uniform(60, 90))).then(
            hold, synthetic.bow(math.radians(draw.uniform(60, 90)))
        ),
        "crouch": lambda: synthetic.crouch(0.4).then(hold, synthetic.crouch(0.4)),
        "jump": lambda: synthetic.then(*[synthetic.jump(0.35).then(hold) for _ in range(4)]),
        "sidestep": lambda: synthetic.sidestep(1.5, to="left").then(
            hold, synthetic.sidestep(1.5, to="right")
        ),
        "half still": lambda: synthetic.stand(4.5).then(
            synthetic.walk(3.0, speed_mps=1.0), synthetic.turn(math.pi / 2)
        ),
        "sit down": lambda: synthetic.sit(0.4).then(
            synthetic.stand(1.5), synthetic.stand_up(), synthetic.walk(2.0)
        ),
    }
    name = name or sorted(actions)[draw.integers(len(actions))]
    return name, actions[name]()


class _View(NamedTuple):
    """A shot whose focal length may change."""

    shot: Shot
    zoom: np.ndarray

    def of(self, points_m: np.ndarray) -> np.ndarray:
        centre_px = self.shot.lens.centre_px
        flat = project(self.shot.poses, self.shot.lens, points_m)
        zoom = self.zoom.reshape(-1, *(1,) * (flat.ndim - 1))
        return (flat - centre_px) * zoom + centre_px


def _view(kind: str, bodies_m: np.ndarray, draw: np.random.Generator) -> _View:
    """The renderer's cameras, and two that people who film for fun like: pan and zoom."""
    times_s = np.arange(len(bodies_m)) / FPS
    zoom = np.ones(len(times_s))
    if kind in ("static", "orbit", "handheld", "follow"):
        shot = shoot(bodies_m, times_s, kind=kind, size_px=SIZE_PX, draw=draw)  # type: ignore[arg-type]
        return _View(shot, zoom)
    shot = shoot(bodies_m, times_s, kind="static", size_px=SIZE_PX, draw=draw)
    place_m = shot.poses.positions_m
    middle_m = 0.5 * (bodies_m.min(axis=(0, 1)) + bodies_m.max(axis=(0, 1)))
    if kind == "zoom":
        ends = draw.permutation([0.7, 1.05])
        return _View(shot, np.linspace(*ends, len(times_s)))
    reach_m = 0.16 * np.linalg.norm(place_m[0] - middle_m)
    across = np.cross(place_m[0] - middle_m, [0.0, 1.0, 0.0])
    across /= np.linalg.norm(across)
    sweep = np.sin(2 * np.pi * (draw.uniform(0.08, 0.2) * times_s + draw.random()))
    aimed_m = middle_m + reach_m * sweep[:, None] * across
    return _View(Shot(shot.lens, looking(place_m, aimed_m)), 0.85 * zoom)


def _things_m(bodies_m: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """A floor and what stands on it, around the people."""
    middle = bodies_m.mean(axis=(0, 1))
    floor = np.column_stack([draw.uniform(-9, 9, 500), np.zeros(500), draw.uniform(-9, 9, 500)])
    angle, distance = draw.uniform(-np.pi, np.pi, 900), draw.uniform(2.0, 14.0, 900)
    standing = np.column_stack(
        [distance * np.sin(angle), draw.uniform(0, 4.0, 900), distance * np.cos(angle)]
    )
    return np.vstack([floor, standing]) + middle * [1.0, 0.0, 1.0]


def _tracked(view: _View, things_m: np.ndarray, boxes: np.ndarray, draw) -> np.ndarray:  # type: ignore[no-untyped-def]
    """The background as a tracker follows it: not outside the picture, nor behind people."""
    frames = len(view.zoom)
    everywhere = np.broadcast_to(things_m, (frames, *things_m.shape))
    near = seen_from(view.shot.poses, everywhere)[..., 2] < 0.5
    tracks = np.where(near[..., None], np.nan, view.of(everywhere))
    tracks += draw.normal(scale=TRACK_NOISE_PX, size=tracks.shape)
    slips = draw.random(tracks.shape[:2]) < SLIPPED_TRACKS
    tracks += np.where(slips[..., None], draw.normal(scale=25.0, size=tracks.shape), 0)
    outside = ((tracks < 0) | (tracks > SIZE_PX - 1)).any(axis=-1)
    for person in range(boxes.shape[1]):
        low, high = boxes[:, None, person, :2], boxes[:, None, person, 2:]
        outside |= ((tracks > low) & (tracks < high)).all(axis=-1)
    tracks[outside] = np.nan
    often = np.isfinite(tracks[..., 0]).mean(axis=0) > 0.1
    chosen = np.flatnonzero(often)
    return tracks[:, draw.permutation(chosen)[:250]]


def _clip(
    name: str, points_px: np.ndarray, background_px: np.ndarray, draw: np.random.Generator
) -> PoseClip:
    """Trembling, lost points, and people in any order."""
    corners = _corners(points_px)
    sizes_px = np.hypot(*np.moveaxis(corners[..., 2:] - corners[..., :2], -1, 0))
    noise_px = np.hypot(POINT_NOISE * sizes_px, POINT_NOISE_PX)[..., None, None]
    noisy = points_px + noise_px * draw.normal(size=points_px.shape)
    lost = draw.random(points_px.shape[:3]) < LOST_POINTS
    outside = ((noisy < 0) | (noisy > SIZE_PX - 1)).any(axis=-1)
    noisy[lost | outside] = np.nan
    confidence = np.where(lost | outside, 0.0, draw.uniform(0.5, 1.0, lost.shape))
    for row in range(len(noisy)):
        order = draw.permutation(noisy.shape[1])
        noisy[row], confidence[row] = noisy[row, order], confidence[row, order]
    return PoseClip(
        clip=name,
        image_size_px=(SIZE_PX, SIZE_PX),
        times_s=np.arange(len(noisy)) / FPS,
        keypoints_px=noisy,
        confidence=confidence,
        background_px=background_px,
    )


def _corners(points_px: np.ndarray) -> np.ndarray:
    return np.concatenate([np.nanmin(points_px, axis=2), np.nanmax(points_px, axis=2)], axis=-1)


def _scene(
    name: str, people_m: list[np.ndarray], camera: str, draw: np.random.Generator
) -> PoseClip:
    bodies_m = np.stack([body_m(points_m) for points_m in people_m], axis=1)
    around_m = bodies_m.reshape(len(bodies_m), -1, 3)
    view = _view(camera, around_m, draw)
    points_px = view.of(bodies_m)
    tracks = _tracked(view, _things_m(around_m, draw), _corners(points_px), draw)
    return _clip(name, points_px, tracks, draw)


def _photo(draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """One frame of somebody in mid-action, and the background."""
    script = _action(draw)[1] if draw.random() < 0.6 else synthetic.stand(SECONDS)
    points_m = performer(script, draw)
    moment = int(draw.integers(len(points_m)))
    body = body_m(points_m[moment : moment + 1])[:, None]
    view = _view("static", body.reshape(1, -1, 3), draw)
    points_px = view.of(body)
    tracks = _tracked(view, _things_m(body.reshape(1, -1, 3), draw), _corners(points_px), draw)
    return points_px[0], tracks[0]


def _gallery(name: str, draw: np.random.Generator) -> PoseClip:
    """Photos that are panned and zoomed, one after another; a cut loses all tracks."""
    frames = int(SECONDS * FPS)
    photos = int(draw.integers(1, 4))
    bounds = np.linspace(0, frames, photos + 1).astype(int)
    points_px = np.empty((frames, 1, 17, 2))
    parts = []
    for start, end in itertools.pairwise(bounds):
        person, things = _photo(draw)
        share = np.linspace(0, 1, end - start)[:, None, None]
        zoom = np.exp(share * draw.choice([-1, 1]) * draw.uniform(0.02, 0.25))
        middle = SIZE_PX / 2
        pan = share * draw.normal(scale=60.0, size=2)
        points_px[start:end] = ((person - middle) * zoom[..., None] + middle) + pan[:, None]
        moved = (things[None] - middle) * zoom + middle + pan
        moved += draw.normal(scale=TRACK_NOISE_PX, size=moved.shape)
        tracks = np.full((frames, len(things), 2), np.nan)
        tracks[start:end] = moved
        parts.append(tracks)
    return _clip(name, points_px, np.concatenate(parts, axis=1), draw)


MOVING = ("orbit", "handheld", "follow", "pan", "zoom")
CASES: tuple[Case, ...] = get_args(Case)


def film(case: Case, index: int, *, seed: int = 0, action: str | None = None) -> Filmed:
    """One clip of a case; it depends on what is given here alone."""
    draw = generator("filmed", seed, case, index)
    camera = MOVING[index % len(MOVING)]
    name = f"{case} {index}"
    apart_m = (1.4 * math.cos(index), 1.4 * math.sin(index))
    if case == "still, moving camera":
        return Filmed(case, camera, _scene(name, [swaying(draw)], camera, draw), False)
    if case == "gallery":
        return Filmed(case, "photos", _gallery(name, draw), False)
    if case == "two still, moving camera":
        people_m = [swaying(draw), swaying(draw, place_m=apart_m)]
        return Filmed(case, camera, _scene(name, people_m, camera, draw), False)
    action, script = _action(draw, action)
    people_m = [performer(script, draw)]
    if case == "acting, still camera":
        camera = "static"
    if case == "two, one still":
        camera = ("static", *MOVING)[index % 6]
        people_m.append(swaying(draw, place_m=apart_m))
    return Filmed(case, f"{action}, {camera}", _scene(name, people_m, camera, draw), True)


def films(count: int, *, seed: int = 0) -> Iterator[Filmed]:
    """So many clips of every case."""
    for case in CASES:
        for index in range(count):
            yield film(case, index, seed=seed)
