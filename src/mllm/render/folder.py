"""Folders of videos, one per clip, with camera tracks; finished videos are kept."""

import hashlib
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from scipy.spatial.transform import Rotation

from kinematics import output
from kinematics.motion import ARRAYS, Motion
from mllm import videos
from mllm.render import surface, track, video
from mllm.render.film import THINGS, Film, film
from mllm.render.paths import KINDS, CameraKind
from mllm.render.track import CameraTrack, Filmed, Thing

VERSION = 2
"""Increases whenever the same motion and options give different pixels."""

SIZES_PX = (32, 2048)
"""Smallest and largest edge of a video."""

MOST_FRAMES = 200_000
"""Longer videos are refused; at 16 frames a second this is more than three hours."""

_WAITING = 4  # clips queued per worker


@dataclass(frozen=True, kw_only=True)
class Options:
    """Settings of videos; a `ValueError` names every invalid setting."""

    size_px: int = 256
    fps: float = 16.0
    camera: CameraKind = "static"
    seed: int = 0
    others: int = 0
    things: int = THINGS

    def __post_init__(self) -> None:
        low, high = SIZES_PX
        even = low <= self.size_px <= high and self.size_px % 2 == 0
        checks = {
            f"size: {self.size_px}; expected an even number, {low} to {high}": even,
            f"fps: {self.fps:g}; expected 1 to 240": 1 <= self.fps <= 240,
            f"camera: {self.camera!r}; expected one of {', '.join(KINDS)}": self.camera in KINDS,
            f"people: {self.others + 1}; expected 1 to 6": 0 <= self.others <= 5,
            f"things: {self.things}; expected 0 to 12": 0 <= self.things <= 12,
        }
        if problems := [problem for problem, holds in checks.items() if not holds]:
            raise ValueError("; ".join(problems))


class Outcome(NamedTuple):
    """The result for one video."""

    name: str
    frames: int
    problem: str = ""
    """Why there is no video; empty on success."""
    kept: bool = False
    """The video existed already."""


def scenes(motions: Iterable[Motion]) -> Iterator[list[Motion]]:
    """Groups of consecutive motions that share a world and a clip; other motions alone.

    >>> from kinematics import synthetic
    >>> first = synthetic.perform(synthetic.stand(1.0)).motion
    >>> [len(scene) for scene in scenes([first, first.renamed(person=1), first.renamed(clip="b")])]
    [2, 1]
    """
    together: list[Motion] = []
    for motion in motions:
        if together and not _share(together, motion):
            yield together
            together = []
        together.append(motion)
    if together:
        yield together


def _share(together: Sequence[Motion], motion: Motion) -> bool:
    first, source = together[0].source, motion.source
    return (
        first.shared_world
        and source.shared_world
        and source.person not in {earlier.source.person for earlier in together}
        and (first.clip, first.path) == (source.clip, source.path)
    )


def name_of(people: Sequence[Motion]) -> str:
    """The video's name, which is a valid file name.

    >>> from kinematics import synthetic
    >>> walk = synthetic.perform(synthetic.walk(1.0), clip="a/b c").motion
    >>> name_of([walk]), name_of([walk.renamed(person=2)])
    ('a_b_c', 'a_b_c_person2')
    """
    return videos.stem(people[0].source.clip, people[0].source.person)


def recipe(people: Sequence[Motion], options: Options) -> str:
    """A fingerprint of all inputs of a video.

    >>> from kinematics import synthetic
    >>> walk = synthetic.perform(synthetic.walk(1.0)).motion
    >>> recipe([walk], Options()) == recipe([walk], Options(seed=1))
    False
    """
    digest = hashlib.blake2b(digest_size=16)
    settings = [VERSION, video.QUALITY, video.SPEED, asdict(options)]
    digest.update(msgspec.json.encode(settings))
    for motion in people:
        identity = (motion.source.clip, motion.source.person, motion.skeleton)
        digest.update(msgspec.json.encode(identity))
        for name in (*ARRAYS, "joints_m"):
            value = getattr(motion, name)
            if value is not None:
                array = np.ascontiguousarray(value)
                digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
                digest.update(array.tobytes())
        if motion.body is not None:
            digest.update(surface.read(motion.body.model).digest.encode())
            digest.update(np.ascontiguousarray(motion.body.rotvecs_rad).tobytes())
            digest.update(np.ascontiguousarray(motion.body.betas).tobytes())
    return digest.hexdigest()


def told(made: Film, *, name: str = "video.mp4", fingerprint: str = "") -> CameraTrack:
    """The camera track of a film.

    >>> from kinematics import synthetic
    >>> made = film([synthetic.perform(synthetic.walk(1.0)).motion])
    >>> told(made).people[0].words.startswith("the person in the")
    True
    """
    poses = made.shot.poses
    turns = Rotation.from_matrix(poses.world_from_camera).as_quat(scalar_first=True)
    people = (
        Filmed(clip=motion.source.clip, person=motion.source.person, words=wear.words)
        for motion, wear in zip(made.motions, made.outfits, strict=True)
    )
    things = (
        Thing(words=thing.words, position_m=_three(made.origin_m + np.insert(thing.place_m, 1, 0)))
        for thing in made.scene.landmarks
    )
    return CameraTrack(
        video=name,
        camera=made.camera,
        seed=made.seed,
        size_px=made.shot.lens.size_px,
        focal_px=float(made.shot.lens.focal_px),
        centre_px=made.shot.lens.centre_px,
        fps=made.fps,
        floor_m=float(made.origin_m[1]),
        people=tuple(people),
        things=tuple(things),
        recipe=fingerprint,
        times_s=tuple(made.times_s.tolist()),
        positions_m=tuple(map(_three, poses.positions_m)),
        orientations_wxyz=tuple(tuple(turn.tolist()) for turn in turns),
    )


def _three(vector: np.ndarray) -> tuple[float, float, float]:
    x, y, z = vector.tolist()
    return x, y, z


def _track(path: Path) -> CameraTrack | None:
    try:
        return track.read(path)
    except (ValueError, OSError):
        return None


def check_folder(out_dir: Path, inputs: Iterable[Path], *, overwrite: bool = False) -> None:
    """Raises `ValueError` unless a folder is new, empty, or contains videos with their tracks."""
    own = any(_track(path) is not None for path in out_dir.glob("*.camera.json"))
    output.check_folder(
        out_dir, own=own, command="mllm render", inputs=inputs, overwrite=overwrite,
        replaced="videos and tracks of the same names",
    )  # fmt: skip


def render(
    people: Sequence[Motion], out_dir: Path, options: Options, *, overwrite: bool = False
) -> Outcome:
    """Writes `NAME.mp4` and `NAME.camera.json`, unless both exist with the same recipe.

    A video without a track was made by something else and stays, unless `overwrite` is given.
    The outcome reports invalid motions and disk errors.
    """
    name = name_of(people)
    film_path, track_path = out_dir / f"{name}.mp4", out_dir / f"{name}.camera.json"
    try:
        fingerprint = recipe(people, options)
    except (ValueError, OSError) as error:  # from the body's model file
        return Outcome(name, 0, problem=str(error))
    old = _track(track_path)
    if film_path.is_file() and old is not None and old.recipe == fingerprint:
        return Outcome(name, len(old.times_s), kept=True)
    if film_path.exists() and not track_path.exists() and not overwrite:
        problem = f"{film_path}: not of `mllm render`; name another folder, or give --overwrite"
        return Outcome(name, 0, problem=problem)
    fresh = film_path.with_name(f"{output.PARTIAL}{film_path.name}.new")
    try:
        if people[0].duration_s * options.fps > MOST_FRAMES:
            raise ValueError(
                f"{name}: {people[0].duration_s:.0f} s give more than {MOST_FRAMES} frames; "
                "cut the motion into clips, or lower --fps"
            )
        made = film(people, **asdict(options))
        frames = video.write(fresh, made.frames(), fps=options.fps)
        film_path.unlink(missing_ok=True)  # no video is ever beside the track of another
        track.write(track_path, told(made, name=film_path.name, fingerprint=fingerprint))
        fresh.replace(film_path)
    except (ValueError, OSError) as error:
        return Outcome(name, 0, problem=str(error))
    finally:
        fresh.unlink(missing_ok=True)
    return Outcome(name, frames)


def render_all(
    motions: Iterable[Motion],
    out_dir: Path,
    options: Options,
    *,
    workers: int = 1,
    overwrite: bool = False,
    progress: Callable[[Outcome], None] | None = None,
) -> list[Outcome]:
    """Renders all motions, in their order; the bytes do not depend on the number of workers.

    If two clips have the same name, only the first is rendered; the other is reported as a problem.
    """
    video.require()
    out_dir.mkdir(parents=True, exist_ok=True)
    outcomes = []
    for outcome in _rendered(_once(scenes(motions)), out_dir, options, workers, overwrite):
        outcomes.append(outcome)
        if progress is not None:
            progress(outcome)
    return outcomes


def _once(groups: Iterable[list[Motion]]) -> Iterator[list[Motion] | Outcome]:
    names: set[str] = set()
    for people in groups:
        name = name_of(people)
        if name in names:
            yield Outcome(name, 0, problem=f"{name}: a second clip of this name; rename it")
        else:
            names.add(name)
            yield people


def _rendered(
    jobs: Iterable[list[Motion] | Outcome],
    out_dir: Path,
    options: Options,
    workers: int,
    overwrite: bool,
) -> Iterator[Outcome]:
    make = partial(render, out_dir=out_dir, options=options, overwrite=overwrite)
    if workers <= 1:
        for job in jobs:
            yield job if isinstance(job, Outcome) else make(job)
        return
    spawn = multiprocessing.get_context("spawn")  # forking after JAX has started may hang
    with ProcessPoolExecutor(workers, mp_context=spawn) as pool:
        waiting: list[Future[Outcome] | Outcome] = []
        for job in jobs:
            future = job if isinstance(job, Outcome) else pool.submit(make, job)
            waiting.append(future)
            if len(waiting) > _WAITING * workers:
                yield _result(waiting.pop(0))
        yield from map(_result, waiting)


def _result(future: "Future[Outcome] | Outcome") -> Outcome:
    return future if isinstance(future, Outcome) else future.result()
