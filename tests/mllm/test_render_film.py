"""Films: sides and turns are visible in pixels, landmarks are static, seeds are reproducible."""

import math
from dataclasses import replace
from pathlib import Path

import _made_body
import numpy as np
import pytest

from kinematics import readers, synthetic
from kinematics.motion import Motion
from kinematics.skeleton import POINTS
from mllm.render.bystanders import APART_M
from mllm.render.camera import looking, project
from mllm.render.clothing import clad
from mllm.render.figure import Outfit, dressed, outfit
from mllm.render.film import Film, film
from mllm.render.picture import Picture
from mllm.render.pose import posed
from mllm.render.solids import Solids

GREY = (0.5, 0.5, 0.5)
SIGNALS = Outfit(
    words="", shirt=GREY, trousers=GREY, cap=GREY, left_limbs=(1.0, 0.0, 0.0),
    right_limbs=(0.0, 0.0, 1.0),
    backpack=(0.0, 1.0, 0.0), emblem=(1.0, 1.0, 0.0), skin=(1.0, 0.0, 1.0),
    hair=(0.0, 0.0, 0.0),
)  # fmt: skip
"""Each relevant part in a colour of its own."""

RED, GREEN, BLUE, YELLOW, PINK = range(5)


def walker(**options: object) -> Motion:
    return synthetic.perform(synthetic.walk(2.0), **options).motion


def parts(picture: Picture) -> dict[int, np.ndarray]:
    """Rows and columns of the pixels of each signal colour."""
    red, green, blue = (picture[..., channel].astype(float) + 12 for channel in range(3))
    masks = {
        RED: (red > 2 * green) & (red > 2 * blue),
        GREEN: (green > 2 * red) & (green > 2 * blue),
        BLUE: (blue > 2 * red) & (blue > 2 * green),
        YELLOW: (red > 2 * blue) & (green > 2 * blue),
        PINK: (red > 2 * green) & (blue > 2 * green),
    }
    return {name: np.argwhere(mask) for name, mask in masks.items()}


def seen_from(motion: Motion, away: tuple[float, float, float], *, time_s: float = 0.0) -> Picture:
    """A picture of the motion alone, in signal colours, taken from a direction."""
    made = film([motion], size_px=128, things=0, fps=20.0)
    count = len(made.times_s)
    middle = made.origin_m + np.array([0.0, 0.9, 0.0])
    poses = looking(np.tile(middle + away, (count, 1)), np.tile(middle, (count, 1)))
    solids = dressed(posed(motion, made.times_s).points_m, SIGNALS)
    filmed = replace(
        made, people=(solids.moved(-made.origin_m),), shot=made.shot._replace(poses=poses)
    )
    return list(filmed.frames())[round(time_s * 20)]


FRONT, BACK, LEFT = (0.0, 0.4, 4.0), (0.0, 0.4, -4.0), (4.0, 0.4, 0.0)


def test_sides_of_a_standing_figure() -> None:
    """It faces +Z: seen from there, its left is on the right of the picture, the face visible."""
    standing = synthetic.perform(synthetic.stand(1.0)).motion
    front, back = parts(seen_from(standing, FRONT)), parts(seen_from(standing, BACK))
    assert front[RED][:, 1].min() > front[BLUE][:, 1].max()
    assert back[RED][:, 1].max() < back[BLUE][:, 1].min()
    assert len(front[YELLOW]) > 10
    assert len(back[YELLOW]) == 0
    assert len(back[GREEN]) > 150
    assert len(front[GREEN]) < 0.1 * len(back[GREEN])
    face = [seen[PINK][seen[PINK][:, 0] < 40] for seen in (front, back)]
    assert len(face[0]) > 40
    assert len(face[1]) < 0.4 * len(face[0])  # from behind, only the neck


def test_from_the_left_the_left_limbs_hide_the_right_ones() -> None:
    aside = parts(seen_from(synthetic.perform(synthetic.stand(1.0)).motion, LEFT))
    assert len(aside[RED]) > 10 * max(len(aside[BLUE]), 1)
    # it looks towards +Z, the left of the picture; the backpack is on the right
    assert aside[GREEN][:, 1].mean() > aside[RED][:, 1].mean() + 4


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_turn_shows_the_right_profile(side: float) -> None:
    """After a left turn in front of the camera, it looks to the right of the picture."""
    script = synthetic.turn(side * math.pi / 2).then(synthetic.stand(1.0))
    motion = synthetic.perform(script).motion
    before, after = seen_from(motion, FRONT), seen_from(motion, FRONT, time_s=2.0)
    assert len(parts(before)[YELLOW]) > 10
    turned = parts(after)
    near, far = (BLUE, RED) if side > 0 else (RED, BLUE)
    assert len(turned[near]) > 5 * max(len(turned[far]), 1)
    limbs = turned[near][:, 1].mean()
    assert side * (limbs - turned[GREEN][:, 1].mean()) > 4  # the backpack trails


def test_a_raised_hand_is_where_its_joint_is() -> None:
    script = synthetic.wave(side="left", cycles=4)
    made = film([synthetic.perform(script).motion], size_px=128, things=0)
    at = len(made.times_s) // 2
    points_m = posed(made.motions[0], made.times_s).points_m
    wrist = project(made.shot.poses, made.shot.lens, points_m)[at, POINTS.index("left_wrist")]
    without = replace(made, people=(_handless(made.people[0]),))
    changed = np.argwhere((list(made.frames())[at] != list(without.frames())[at]).any(axis=-1))
    assert np.abs(changed.mean(axis=0)[::-1] - wrist).max() < 6


def _handless(solids: Solids) -> Solids:
    """The figure without the third piece of its left arm, which is the hand."""
    radii = np.column_stack([solids.start_radii_m, solids.end_radii_m]) / solids.start_radii_m[0]
    hands = np.flatnonzero((np.abs(radii - np.array([0.042, 0.040]) / 0.088) < 1e-6).all(axis=1))
    starts_m, ends_m = solids.starts_m.copy(), solids.ends_m.copy()
    starts_m[:, hands[0]] = ends_m[:, hands[0]] = [0.0, -9.0, 0.0]
    return solids._replace(starts_m=starts_m, ends_m=ends_m)


@pytest.mark.parametrize("kind", ["orbit", "handheld", "follow"])
def test_landmarks_are_drawn_where_the_saved_camera_projects_them(kind: str) -> None:
    made = film([walker()], size_px=96, camera=kind, seed=3)
    bare = replace(made, scene=made.scene._replace(landmarks=()), people=(), shown=())
    seen = 0
    for landmark in made.scene.landmarks:
        solids = landmark.solids
        alone = replace(made, scene=made.scene._replace(landmarks=(landmark,)), people=(), shown=())
        pictures = zip(alone.frames(), bare.frames(), strict=True)
        middle_m = 0.5 * (solids.starts_m[-1] + solids.ends_m[-1]) + made.origin_m
        count = len(made.times_s)
        pixels = project(made.shot.poses, made.shot.lens, np.tile(middle_m, (count, 1)))
        for at, (with_it, without) in enumerate(pictures):
            column, row = pixels[at]
            if at % 9 == 0 and 8 < column < 88 and 8 < row < 88:
                pixel = round(row), round(column)
                assert (with_it[pixel] != without[pixel]).any()
                seen += 1
    assert seen >= 4


def test_things_keep_out_of_the_way() -> None:
    for seed in range(6):
        made = film([walker()], size_px=64, seed=seed, things=8)
        ways_m = posed(made.motions[0], made.times_s).points_m[:, :, [0, 2]] - made.origin_m[[0, 2]]
        for landmark in made.scene.landmarks:
            assert np.linalg.norm(ways_m - landmark.place_m, axis=-1).min() > 0.85


def test_same_seed_same_pixels() -> None:
    first, again, reseeded = (
        np.stack(list(film([walker()], size_px=48, seed=seed).frames())[::5]) for seed in (1, 1, 2)
    )
    assert (first == again).all()
    assert (first != reseeded).any()


def test_far_from_the_origin_pictures_are_the_same() -> None:
    """Moving everything moves the camera too, and changes pixels only by rounding."""
    near, far = (
        film([walker(start_position_m=start_m, dtype=np.float64)], size_px=48)
        for start_m in ((0.0, 0.0, 0.0), (400.0, 2.0, -900.0))
    )
    np.testing.assert_allclose(
        far.shot.poses.positions_m - near.shot.poses.positions_m,
        np.tile([400.0, 2.0, -900.0], (len(near.times_s), 1)),
        atol=1e-6,
    )
    for picture, moved in zip(list(near.frames())[::6], list(far.frames())[::6], strict=True):
        assert (np.abs(picture.astype(int) - moved) > 2).mean() < 0.01


def test_a_person_who_was_not_seen_is_not_drawn() -> None:
    motion = walker()
    observed = np.ones(motion.frames, bool)
    observed[20:45] = False  # 0.8 s at 30 frames a second
    made = film([replace(motion, observed=observed)], size_px=64, things=0)
    empty = list(replace(made, people=(), shown=()).frames())
    drawn = [(picture != bare).any() for picture, bare in zip(made.frames(), empty, strict=True)]
    hidden_s = made.times_s[~np.array(drawn)]
    assert hidden_s.min() == pytest.approx(20 / 30, abs=0.07)
    assert hidden_s.max() == pytest.approx(44 / 30, abs=0.07)
    assert len(hidden_s) == pytest.approx(0.83 * 16, abs=1)


def test_nothing_observed_is_an_error() -> None:
    still = Motion.from_arrays(
        orientations_wxyz=np.tile([1.0, 0, 0, 0], (9, 1)),
        positions_m=np.full((9, 3), np.nan),
        fps=30.0,
    )
    with pytest.raises(ValueError, match="no frame was observed"):
        film([still])


# A root without joints


@pytest.mark.parametrize("speed_mps", [0.6, 1.2])
def test_synthetic_feet_do_not_slide(speed_mps: float) -> None:
    """The lower foot of a walker is almost still; the root keeps its speed."""
    script = synthetic.walk(6.0, speed_mps=speed_mps)
    motion = synthetic.perform(script, joints=False).motion
    times_s = np.arange(1.0, motion.duration_s - 1.0, 1 / 60)
    points_m = posed(motion, times_s).points_m
    feet_m = points_m[:, [POINTS.index("left_foot"), POINTS.index("right_foot")]]
    lower = feet_m[:-1, :, 1].argmin(axis=1)
    speeds_mps = 60 * np.linalg.norm(np.diff(feet_m, axis=0)[..., [0, 2]], axis=2)
    planted_mps = speeds_mps[np.arange(len(lower)), lower]
    assert np.median(planted_mps) < 0.15 * speed_mps
    assert speeds_mps.max() > 1.3 * speed_mps  # the other foot swings
    pelvis_mps = 60 * np.linalg.norm(np.diff(points_m[:, 0], axis=0)[:, [0, 2]], axis=1)
    assert np.mean(pelvis_mps) == pytest.approx(speed_mps, rel=0.05)


def test_a_synthetic_body_has_the_root_and_heading_of_the_motion() -> None:
    script = synthetic.walk(2.0).then(synthetic.turn(math.pi / 2), synthetic.stand(0.5))
    motion = synthetic.perform(script, joints=False, start_position_m=(3.0, 1.0, 2.0)).motion
    pose = posed(motion, np.asarray(motion.times_s, np.float64))
    np.testing.assert_allclose(pose.points_m[:, 0], motion.positions_m, atol=0.06)
    assert pose.floor_m == pytest.approx(1.0, abs=0.05)
    hips = pose.points_m[:, POINTS.index("left_hip")] - pose.points_m[:, POINTS.index("right_hip")]
    facing = np.arctan2(-hips[[0, -1], 2], hips[[0, -1], 0])
    np.testing.assert_allclose(facing, [0.0, math.pi / 2], atol=0.1)


def test_a_jump_of_the_root_alone_leaves_the_floor() -> None:
    script = synthetic.stand(1.0).then(synthetic.jump(0.4), synthetic.stand(1.0))
    motion = synthetic.perform(script, joints=False).motion
    pose = posed(motion, np.asarray(motion.times_s, np.float64))
    feet_m = pose.points_m[:, [POINTS.index("left_foot"), POINTS.index("right_foot")], 1]
    assert feet_m.min(axis=1).max() > 0.2
    assert np.median(feet_m) == pytest.approx(0.02, abs=0.03)


# Several people


def test_others_keep_their_distance_and_their_own_clothes() -> None:
    for seed in range(4):
        made = film([walker()], size_px=64, seed=seed, others=3)
        assert len(made.motions) == 4
        assert len({wear.words for wear in made.outfits}) == 4
        ways_m = [np.asarray(motion.positions_m)[:, [0, 2]] for motion in made.motions]
        for index, way_m in enumerate(ways_m):
            for other_m in ways_m[:index]:
                apart_m = np.linalg.norm(way_m[:, None] - other_m, axis=-1)
                assert apart_m.min() > 0.9 * APART_M


def test_no_two_of_six_people_wear_one_shirt() -> None:
    draw = np.random.default_rng(1)
    assert len({outfit(draw, shirt=4 + index).words for index in range(6)}) == 6


def test_a_film_without_joints_and_one_with_others_have_their_frames() -> None:
    made = film([walker(joints=False)], size_px=32, camera="follow", others=1)
    assert isinstance(made, Film)
    assert len(list(made.frames())) == len(made.times_s)


def test_a_walker_is_where_the_body_is_in_every_frame() -> None:
    made = film([walker()], size_px=64, things=0, seed=2)
    points_m = posed(made.motions[0], made.times_s).points_m
    middles = project(made.shot.poses, made.shot.lens, points_m).mean(axis=1)
    assert np.abs(middles[-1] - middles[0]).max() > 8
    empty = replace(made, people=(), shown=()).frames()
    for middle, picture, bare in zip(middles, made.frames(), empty, strict=True):
        drawn = np.argwhere((picture != bare).any(axis=-1))  # includes the shadow at the feet
        top = drawn[drawn[:, 0] < middle[1]]
        assert abs(top[:, 1].mean() - middle[0]) < 3


# Bodies with a surface


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _made_body.model_file(tmp_path_factory.mktemp("model"))


def bodily(folder: Path, model: Path, *, left_arm_rad: float = -1.2) -> Motion:
    """A person who faces +Z, with the right arm down and the left arm at the given angle."""
    values = np.zeros((3, 322))
    values[:, 3 + 3 * 15 + 2], values[:, 3 + 3 * 16 + 2] = left_arm_rad, 1.2
    np.save(folder / "stand.npy", values)
    [motion] = readers.read(folder / "stand.npy", smplx_model=model)
    return motion


def body_seen_from(motion: Motion, away: tuple[float, float, float]) -> Picture:
    """A picture of the body alone, in signal colours, taken from a direction."""
    made = film([motion], size_px=128, things=0)
    count = len(made.times_s)
    middle = np.asarray(motion.positions_m, float)[0]
    poses = looking(np.tile(middle + away, (count, 1)), np.tile(middle, (count, 1)))
    surfaced = {0: clad(made.bodies[0].body, SIGNALS)}
    dressed = replace(made, bodies=surfaced, shot=made.shot._replace(poses=poses))
    return next(dressed.frames())


def test_sides_front_and_back_of_a_surface(tmp_path: Path, model: Path) -> None:
    motion = bodily(tmp_path, model)
    front, back, left = (parts(body_seen_from(motion, away)) for away in (FRONT, BACK, LEFT))
    assert np.median(front[RED][:, 1]) > np.median(front[BLUE][:, 1]) + 8
    assert np.median(back[RED][:, 1]) < np.median(back[BLUE][:, 1]) - 8
    assert len(front[YELLOW]) > 40
    assert len(back[YELLOW]) < 8  # where the red arm and the green backpack share a pixel
    assert len(back[GREEN]) > 150
    assert len(front[GREEN]) < 0.1 * len(back[GREEN])
    face = [len(seen[PINK][seen[PINK][:, 0] < 39]) for seen in (front, back)]
    assert face[0] > 15  # above the neck
    assert face[1] < 0.4 * face[0]
    assert len(left[RED]) > 5 * len(left[BLUE])
    assert left[GREEN][:, 1].mean() > left[RED][:, 1].mean() + 4


def test_the_left_arm_of_a_surface_is_raised(tmp_path: Path, model: Path) -> None:
    raised, hanging = (
        parts(body_seen_from(bodily(tmp_path, model, left_arm_rad=angle), FRONT))
        for angle in (1.2, -1.2)
    )
    assert raised[RED][:, 0].min() < hanging[RED][:, 0].min() - 8
    assert raised[BLUE][:, 0].min() == pytest.approx(hanging[BLUE][:, 0].min(), abs=2)
