"""`Film`: people filmed in a scene, frame by frame, and the camera that filmed them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from kinematics.motion import Motion
from kinematics.synthetic import generator
from mllm.render import surface
from mllm.render.bystanders import company
from mllm.render.clothing import Clad, clad, figures
from mllm.render.figure import Outfit, dressed, outfit
from mllm.render.paths import CameraKind, Shot, shoot
from mllm.render.picture import Painter, Picture, View
from mllm.render.pose import Pose, posed
from mllm.render.scene import SIGHT_M, Scene, from_sight, scene
from mllm.render.solids import Solids
from mllm.render.surface import Body

THINGS = 6
"""Landmarks of a scene; they make movement of people distinguishable from the camera's."""

HEAD_ROOM_M = 0.24
"""Cap and hair reach this far above the head's joint."""

SOLE_M = 0.06
"""Shoes reach this far below the joints of the feet."""

ATTEMPTS = 8
"""Cameras that are tried to find a view in which nobody hides the first person."""

_UP = np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True, kw_only=True)
class Film:
    """Everything that determines the pictures; `frames` paints them."""

    motions: tuple[Motion, ...]
    """Everybody in the film, the subjects first."""
    camera: CameraKind
    seed: int
    fps: float
    times_s: Float[np.ndarray, " frames"]
    shot: Shot
    """Poses in the world of the motions."""
    scene: Scene
    outfits: tuple[Outfit, ...]
    people: tuple[Solids, ...]
    shown: tuple[np.ndarray, ...]
    origin_m: Float[np.ndarray, "3"]
    """The scene's origin, on the floor, in the world of the motions."""
    bodies: Mapping[int, Clad]
    """People with a surface, by index in `motions`; their solids only cast the shadow."""

    def frames(self) -> Iterator[Picture]:
        """The pictures in temporal order."""
        painter = Painter(self.scene, self.shot.lens)
        cameras_m = self.shot.poses.positions_m - self.origin_m
        surfaces = [
            figures(body, self.people[index], shown=self.shown[index], origin_m=self.origin_m)
            for index, body in self.bodies.items()
        ]
        for i, *drawn in zip(range(len(self.times_s)), *surfaces, strict=True):
            people = [
                solids.at(i)
                for index, solids in enumerate(self.people)
                if self.shown[index][i] and index not in self.bodies
            ]
            view = View(cameras_m[i], self.shot.poses.world_from_camera[i])
            seen = [figure for figure in drawn if figure is not None]
            yield painter.paint(people, view, figures=seen)


def video_times(motion: Motion, *, fps: float) -> Float[np.ndarray, " frames"]:
    """Times of video frames from a motion's first frame to its last.

    >>> from kinematics import synthetic
    >>> len(video_times(synthetic.perform(synthetic.stand(2.0)).motion, fps=16.0))
    33
    """
    start_s = float(motion.times_s[0])
    return start_s + np.arange(math.floor(motion.duration_s * fps + 1e-3) + 1) / fps


def film(
    motions: Sequence[Motion],
    *,
    size_px: int = 256,
    fps: float = 16.0,
    camera: CameraKind = "static",
    seed: int = 0,
    others: int = 0,
    things: int = THINGS,
) -> Film:
    """A film of people whose motions share one world; the first motion sets the video's times.

    `others` is the number of added bystanders, `things` the number of landmarks.

    >>> from kinematics import synthetic
    >>> performance = synthetic.perform(synthetic.walk(1.0))
    >>> next(film([performance.motion], size_px=64).frames()).shape
    (64, 64, 4)
    """
    first = motions[0]
    times_s = video_times(first, fps=fps)
    bodies = [surface.body(motion, times_s) for motion in motions]
    poses = [
        _standing(posed(motion, times_s), body)
        for motion, body in zip(motions, bodies, strict=True)
    ]
    draw = generator("render", seed, first.source.clip, first.source.person)
    floor_m = min(pose.floor_m for pose in poses)
    joining = company(motions, count=others, draw=draw, floor_m=floor_m)
    poses += [posed(motion, times_s) for motion in joining]
    origin_m = _origin(poses, floor_m)
    points_m = np.stack([pose.points_m for pose in poses], axis=1) - origin_m
    shirt = int(draw.integers(2**31))
    clothes = tuple(outfit(draw, shirt=shirt + index) for index in range(len(poses)))
    shot = _clearest(points_m, times_s, kind=camera, size_px=size_px, draw=draw)
    floor = [0, 2]
    made = scene(
        draw,
        ways_m=points_m[::4][..., floor].reshape(-1, 2),
        cameras_m=shot.poses.positions_m[::4, floor],
        targets_m=points_m[::4, 0, 0][:, floor],
        things=things,
    )
    people = tuple(
        dressed(pose.points_m, wear).moved(-origin_m)
        for pose, wear in zip(poses, clothes, strict=True)
    )
    moved = shot.poses._replace(positions_m=shot.poses.positions_m + origin_m)
    return Film(
        motions=(*motions, *joining),
        camera=camera,
        seed=seed,
        fps=fps,
        times_s=times_s,
        shot=shot._replace(poses=moved),
        scene=made,
        outfits=clothes,
        people=people,
        shown=tuple(pose.shown for pose in poses),
        origin_m=origin_m,
        bodies={
            index: clad(body, clothes[index])
            for index, body in enumerate(bodies)
            if body is not None
        },
    )


def _standing(pose: Pose, body: Body | None) -> Pose:
    """The pose with the floor under its surface, if it has a surface."""
    return pose if body is None else pose._replace(floor_m=surface.floor_m(body))


def _clearest(
    points_m: Float[np.ndarray, "frames people points 3"],
    times_s: np.ndarray,
    *,
    kind: CameraKind,
    size_px: int,
    draw: np.random.Generator,
) -> Shot:
    """A shot in which nobody hides the first person, or in which it happens least."""
    frames, people, points, _ = points_m.shape
    extents_m = _extents(points_m.reshape(frames, people * points, 3))
    shots = []
    for _ in range(ATTEMPTS if people > 1 else 1):
        shot = shoot(extents_m, times_s, kind=kind, size_px=size_px, draw=draw)
        shots.append((_hidden(shot, points_m[:, :, 0]), shot))
        if not shots[-1][0]:
            break
    return min(shots, key=lambda pair: pair[0])[1]


def _hidden(shot: Shot, pelves_m: Float[np.ndarray, "frames people 3"]) -> float:
    """Share of the frames in which somebody stands between the camera and the first person."""
    cameras_m, people_m = shot.poses.positions_m[:, [0, 2]], pelves_m[..., [0, 2]]
    apart_m = [
        from_sight(people_m[:, index], cameras_m, people_m[:, 0])
        for index in range(1, people_m.shape[1])
    ]
    return float(np.mean(np.min(apart_m, axis=0) < SIGHT_M)) if apart_m else 0.0


def _origin(poses: Sequence[Pose], floor_m: float) -> Float[np.ndarray, "3"]:
    """The point of the floor amid the people."""
    pelves = np.concatenate([pose.points_m[:, 0] for pose in poses])
    middle = 0.5 * (pelves.min(axis=0) + pelves.max(axis=0))
    middle[1] = floor_m
    return middle


def _extents(points_m: Float[np.ndarray, "frames points 3"]) -> np.ndarray:
    """The points, and how far clothes reach above and below them."""
    above, below = points_m + HEAD_ROOM_M * _UP, points_m - SOLE_M * _UP
    return np.concatenate([points_m, above, below], axis=1)
