"""Frames of reference: what must change nothing, and what the first instants must not spoil."""

import math
from dataclasses import replace
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from kinematics import synthetic
from kinematics.geometry import anchor, rotation
from kinematics.motion import AnchoredMotion, Motion, Source
from kinematics.skeleton import SMPL_22
from kinematics.synthetic import Gait, perform

FRAMES, FPS = 61, 30.0
TIMES_S = np.arange(FRAMES) / FPS
UPRIGHT = np.tile([1.0, 0, 0, 0], (FRAMES, 1))
UP = np.array([0.0, 1.0, 0.0])
TO = {
    "first_heading": anchor.to_first_heading,
    "first_pose": anchor.to_first_pose,
    "body": anchor.to_body,
    "camera": anchor.to_camera,
}
SCRIPTS = {
    "walk": (synthetic.walk(5.0), (1.2, 0.0)),
    "turn": (synthetic.turn(3.0).then(synthetic.stand(2.0)), (0.4, 0.0)),
    "arc": (synthetic.arc(1.0, -5.0), (0.8, 0.0)),
    "sidestep": (synthetic.sidestep(1.0, to="left").then(synthetic.stand(1.0)), (0.0, 0.0)),
    "bow": (synthetic.bow(math.radians(110)), (0.3, 0.0)),
    "jump": (synthetic.jump(0.3, forward_m=0.4).then(synthetic.stand(2.0)), (0.1, 0.0)),
    "stand": (synthetic.stand(3.0), (0.0, 0.0)),
}

DIRECTIONS = st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: np.linalg.norm(v) > 0.1)


def headings_deg(motion: Motion | AnchoredMotion) -> np.ndarray:
    """Heading of every frame, from SciPy's matrices."""
    matrix = Rotation.from_quat(motion.orientations_wxyz, scalar_first=True).as_matrix()
    sine, cosine = matrix[:, 0, 2] - matrix[:, 2, 0], matrix[:, 0, 0] + matrix[:, 2, 2]
    return np.degrees(np.arctan2(sine, cosine))


def degrees_apart(angle_deg: np.ndarray, other_deg: np.ndarray | float) -> float:
    return np.abs((angle_deg - other_deg + 180) % 360 - 180).max()


def camera_pose(place_m, toward_m) -> tuple[np.ndarray, np.ndarray]:
    """An OpenCV camera held level: +X right in the image, +Y down, +Z into the scene."""
    ahead = np.asarray(toward_m, float) - place_m
    ahead /= np.linalg.norm(ahead)
    right = np.cross(ahead, UP)
    right /= np.linalg.norm(right)
    down = np.cross(ahead, right)
    axes = Rotation.from_matrix(np.stack([right, down, ahead], axis=1))
    return axes.as_quat(scalar_first=True), np.asarray(place_m, float)


@cache
def performed(name: str, *, seed: int = 0, jitter_m: float = 0.0) -> Motion:
    """Two seconds of a script in double precision, filmed by a camera, begun in mid-movement."""
    script, cut_s = SCRIPTS[name]
    jitter = {"jitter_m": jitter_m, "jitter_rad": math.radians(100 * jitter_m)}
    motion = perform(script, seed=seed, cut_s=cut_s, dtype=np.float64, **jitter).motion
    wxyz, place_m = camera_pose([2.0, 1.5, 4.0], [0.0, 0.8, 0.0])
    return Motion.from_arrays(
        orientations_wxyz=motion.orientations_wxyz[:FRAMES],
        positions_m=motion.positions_m[:FRAMES],
        joints_m=motion.joints_m[:FRAMES],
        times_s=motion.times_s[:FRAMES],
        camera_orientations_wxyz=np.tile(wxyz, (FRAMES, 1)),
        camera_positions_m=np.tile(place_m, (FRAMES, 1)),
        skeleton=SMPL_22,
    )


def root_only(wxyz: np.ndarray, positions_m: np.ndarray, **more) -> Motion:
    return Motion.from_arrays(
        orientations_wxyz=wxyz, positions_m=positions_m, times_s=TIMES_S, **more
    )


def facing(heading_rad: np.ndarray) -> np.ndarray:
    return Rotation.from_rotvec(np.asarray(heading_rad)[:, None] * UP).as_quat(scalar_first=True)


def assert_same(one: AnchoredMotion, other: AnchoredMotion, *, atol: float) -> None:
    np.testing.assert_allclose(one.positions_m, other.positions_m, rtol=0, atol=atol)
    np.testing.assert_allclose(one.joints_m, other.joints_m, rtol=0, atol=atol)
    wxyz, other_wxyz = np.asarray(one.orientations_wxyz), np.asarray(other.orientations_wxyz)
    signs = np.sign(np.sum(wxyz * other_wxyz, axis=1))[:, None]  # q and -q are one rotation
    np.testing.assert_allclose(wxyz, signs * other_wxyz, rtol=0, atol=atol)


# Laws --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frame", TO)
@settings(max_examples=25)
@given(
    name=st.sampled_from(sorted(SCRIPTS)),
    seed=st.integers(0, 2),
    turn_rad=st.floats(-10, 10),
    far_m=st.sampled_from([0.0, 1.0, 1000.0]),
    way_rad=st.floats(-4, 4),
    up_m=st.floats(-100, 100),
)
def test_moving_the_world_rigidly_about_the_vertical_changes_nothing(
    frame, name, seed, turn_rad, far_m, way_rad, up_m
):
    motion = performed(name, seed=seed, jitter_m=0.005)
    shift_m = (far_m * math.sin(way_rad), up_m, far_m * math.cos(way_rad))
    moved = synthetic.moved(motion, turn_rad=turn_rad, shift_m=shift_m)
    assert_same(TO[frame](moved), TO[frame](motion), atol=1e-5)


@pytest.mark.parametrize("frame", ["first_heading", "first_pose", "camera"])
@pytest.mark.parametrize("name", SCRIPTS)
def test_anchoring_moves_the_body_as_one_piece(name, frame):
    """Joints seen from the root, in the root's own axes, do not notice the anchor."""
    motion = performed(name)
    anchored = TO[frame](motion)

    def own(track: Motion | AnchoredMotion) -> np.ndarray:
        axes = Rotation.from_quat(track.orientations_wxyz, scalar_first=True).inv()
        arms_m = np.asarray(track.joints_m, float) - np.asarray(track.positions_m)[:, None]
        return np.stack([axes.apply(arms_m[:, joint]) for joint in range(22)])

    np.testing.assert_allclose(own(anchored), own(motion), rtol=0, atol=3e-6)
    steps_m = [np.linalg.norm(np.diff(t.positions_m, axis=0), axis=1) for t in (motion, anchored)]
    np.testing.assert_allclose(*steps_m, rtol=0, atol=1e-6)
    assert anchored.frame == frame
    assert anchored.skeleton == motion.skeleton


@pytest.mark.parametrize("frame", ["first_heading", "first_pose"])
@pytest.mark.parametrize("name", SCRIPTS)
def test_anchoring_twice_is_anchoring_once(name, frame):
    once = TO[frame](synthetic.moved(performed(name, jitter_m=0.005), turn_rad=2.5))
    again = Motion.from_arrays(
        orientations_wxyz=np.asarray(once.orientations_wxyz),
        positions_m=np.asarray(once.positions_m),
        joints_m=np.asarray(once.joints_m),
        times_s=np.asarray(once.times_s),
        skeleton=SMPL_22,
    )
    assert_same(TO[frame](again), once, atol=1e-5)


@pytest.mark.parametrize("name", SCRIPTS)
def test_first_heading_keeps_gravity_and_the_first_pose_does_not(name):
    motion = performed(name)

    def tilts_deg(track: Motion | AnchoredMotion) -> np.ndarray:
        up = Rotation.from_quat(track.orientations_wxyz, scalar_first=True).apply(UP)
        return np.degrees(np.arctan2(np.hypot(up[:, 0], up[:, 2]), up[:, 1]))

    level = anchor.to_first_heading(motion)
    np.testing.assert_allclose(tilts_deg(level), tilts_deg(motion), rtol=0, atol=1e-3)
    heights_m = motion.positions_m[:, 1] - motion.positions_m[0, 1]
    lift_m = np.asarray(level.positions_m[:, 1]) - heights_m
    assert np.ptp(lift_m) < 1e-6
    assert abs(lift_m[0]) < 0.02
    posed = anchor.to_first_pose(motion)
    angle_rad = Rotation.from_quat(posed.orientations_wxyz[0], scalar_first=True).magnitude()
    assert math.degrees(angle_rad) < 1.5  # to how straight the first quarter second is


def test_first_pose_of_a_steady_screw_is_the_identity():
    """Constant speed about a tilted axis: the robust line passes through the first pose exactly."""
    tilted = Rotation.from_rotvec([0.9, 0.4, -0.3])
    turned = tilted * Rotation.from_rotvec(TIMES_S[:, None] * np.array([0.3, 0.8, 0.1]))
    motion = root_only(turned.as_quat(scalar_first=True), 3 + TIMES_S[:, None] * [0.4, 0.1, -1.0])
    anchored = anchor.to_first_pose(motion)
    np.testing.assert_allclose(anchored.orientations_wxyz[0], [1, 0, 0, 0], atol=1e-5)
    np.testing.assert_allclose(anchored.positions_m[0], 0, atol=1e-5)
    velocity = tilted.inv().apply([0.4, 0.1, -1.0])
    np.testing.assert_allclose(anchored.positions_m[-1], 2 * velocity, atol=1e-4)


@settings(max_examples=50)
@given(rotvec=st.tuples(*[st.floats(-3, 3)] * 3), origin_m=st.tuples(*[st.floats(-9, 9)] * 3))
def test_relative_to_is_the_inverse_rigid_transform(rotvec, origin_m):
    pose = Rotation.from_rotvec(rotvec)
    reference = anchor.Reference(
        orientation_wxyz=jnp.asarray(pose.as_quat(scalar_first=True), jnp.float32),
        origin_m=jnp.asarray(origin_m, jnp.float32),
    )
    motion = performed("jump")
    track = anchor.relative_to(
        anchor.Track(
            *(jnp.asarray(x, jnp.float32) for x in (motion.orientations_wxyz, motion.positions_m)),
            joints_m=None,
        ),
        reference,
    )
    expected_m = pose.inv().apply(motion.positions_m - np.asarray(origin_m))
    np.testing.assert_allclose(track.positions_m, expected_m, rtol=0, atol=2e-5)
    expected = pose.inv() * Rotation.from_quat(motion.orientations_wxyz, scalar_first=True)
    found = Rotation.from_quat(track.orientations_wxyz, scalar_first=True)
    assert (found.inv() * expected).magnitude().max() < 1e-5


# The first instants ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "within_m", "within_deg"),
    [
        (("stand", "turn", "bow", "jump"), 0.005, 1.0),
        # steps bob and sway by centimetres within the quarter second that is looked at
        (("walk", "arc", "sidestep"), 0.015, 1.5),
    ],
    ids=["in place", "in mid-stride"],
)
@settings(max_examples=40)
@given(data=st.data())
def test_one_bad_first_frame_hardly_moves_the_anchor(names, within_m, within_deg, data):
    """5 cm and 40 degrees off, in any direction."""
    motion = performed(data.draw(st.sampled_from(names)))
    aside, axis = (np.asarray(data.draw(DIRECTIONS)) for _ in range(2))
    positions_m, wxyz = motion.positions_m.copy(), motion.orientations_wxyz.copy()
    positions_m[0] += 0.05 * aside / np.linalg.norm(aside)
    slip = Rotation.from_rotvec(math.radians(40) * axis / np.linalg.norm(axis))
    wxyz[0] = (slip * Rotation.from_quat(wxyz[0], scalar_first=True)).as_quat(scalar_first=True)
    spoilt = replace(motion, positions_m=positions_m, orientations_wxyz=wxyz)
    clean, noisy = anchor.to_first_heading(motion), anchor.to_first_heading(spoilt)
    assert degrees_apart(headings_deg(clean)[1:], headings_deg(noisy)[1:]) < within_deg
    moved_m = np.asarray(clean.positions_m)[1] - np.asarray(noisy.positions_m)[1]
    assert np.linalg.norm(moved_m) < within_m


@pytest.mark.parametrize("speed_mps", [0.0, 1.0])
@pytest.mark.parametrize("rate_deg", [180.0, -180.0, 90.0])
def test_who_is_turning_already_keeps_the_heading_of_the_first_instant(rate_deg, speed_mps):
    heading_rad = 2.0 + math.radians(rate_deg) * TIMES_S
    steps_m = speed_mps / FPS * np.stack([np.sin(heading_rad), 0 * TIMES_S, np.cos(heading_rad)], 1)
    anchored = anchor.to_first_heading(root_only(facing(heading_rad), np.cumsum(steps_m, axis=0)))
    assert degrees_apart(headings_deg(anchored), rate_deg * TIMES_S) < 2


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("cut_s", [0.6, 0.75, 0.9, 1.05, 1.2, 1.35, 1.5])
def test_a_walker_cut_in_mid_stride_is_anchored_to_where_they_face(cut_s, seed):
    """The pelvis yaws 30 degrees peak to peak; the walk goes straight ahead."""
    sway = Gait(pelvis_yaw_rad=math.radians(30))
    script = synthetic.walk(6.0)
    walk = perform(script, gait=sway, cut_s=(cut_s, 0.0), seed=seed, start_heading_rad=1.0)
    arrays = (walk.motion.orientations_wxyz[:FRAMES], walk.motion.positions_m[:FRAMES])
    anchored = anchor.to_first_heading(root_only(*arrays))
    facing_deg = headings_deg(walk.motion)[:FRAMES] - headings_deg(anchored)
    assert degrees_apart(facing_deg, math.degrees(1.0)) < 6
    left_m, _, forward_m = np.asarray(anchored.positions_m)[-1]
    assert forward_m > 1.8
    assert abs(math.degrees(math.atan2(left_m, forward_m))) < 6


@pytest.mark.parametrize("cut_s", [0.7, 0.95, 1.2, 1.45])
@pytest.mark.parametrize("radius_m", [6.0, 10.0])
def test_a_walker_on_a_gentle_curve_is_anchored_to_the_first_instant(radius_m, cut_s):
    """Not to where they face on average over the first strides."""
    script = synthetic.arc(radius_m, 6 / radius_m)
    swaying, gliding = (
        perform(script, gait=gait, cut_s=(cut_s, 0.0), joints=False).motion
        for gait in (Gait(pelvis_yaw_rad=math.radians(20)), None)
    )
    span = slice(0, 76)  # two strides and a little
    anchored = anchor.to_first_heading(
        Motion.from_arrays(
            orientations_wxyz=swaying.orientations_wxyz[span],
            positions_m=swaying.positions_m[span],
            times_s=swaying.times_s[span],
        )
    )
    facing_deg = headings_deg(swaying)[0] - headings_deg(anchored)[0]
    assert degrees_apart(facing_deg, headings_deg(gliding)[0]) < 3


@pytest.mark.parametrize("name", ["turn", "stand", "bow"])
def test_who_does_not_travel_is_anchored_to_the_pelvis(name):
    motion = performed(name)
    arrays = (motion.orientations_wxyz, motion.positions_m, motion.times_s)
    arrays = tuple(jnp.asarray(x, jnp.float32) for x in arrays)
    seen = jnp.ones(FRAMES, bool)
    start = jax.jit(anchor.first_pose)(*arrays, seen)
    assert float(jax.jit(anchor.steady_heading)(*arrays, seen, reference=start)) == 0


def test_the_origin_is_the_first_observed_frame():
    motion = performed("walk")
    observed = TIMES_S >= 0.5
    wxyz, positions_m = motion.orientations_wxyz.copy(), motion.positions_m.copy()
    wxyz[~observed], positions_m[~observed] = [0, 1, 0, 0], 77.0
    late = replace(motion, orientations_wxyz=wxyz, positions_m=positions_m, observed=observed)
    anchored = anchor.to_first_heading(late)
    first = int(np.argmax(observed))
    assert np.linalg.norm(anchored.positions_m[first]) < 0.01
    assert np.isfinite(anchored.positions_m).all()
    assert anchored.positions_m[-1, 2] == pytest.approx(1.2 * (2 - 0.5), abs=0.05)
    np.testing.assert_array_equal(anchored.observed, observed)
    np.testing.assert_allclose(anchored.times_s, TIMES_S, atol=1e-6)


@pytest.mark.parametrize("frame", ["first_heading", "first_pose"])
def test_unseen_frames_near_the_start_have_no_say(frame):
    observed = ~np.isin(np.arange(FRAMES), [2, 3, 5, 30])
    motion = replace(performed("walk"), observed=observed)
    wxyz, positions_m = motion.orientations_wxyz.copy(), motion.positions_m.copy()
    wxyz[~observed], positions_m[~observed] = [0.6, 0.0, 0.8, 0.0], 77.0
    spoilt = TO[frame](replace(motion, orientations_wxyz=wxyz, positions_m=positions_m))
    clean = TO[frame](motion)
    for found, expected in (
        (spoilt.positions_m, clean.positions_m),
        (spoilt.orientations_wxyz, clean.orientations_wxyz),
    ):
        seen = (np.asarray(found)[observed], np.asarray(expected)[observed])
        np.testing.assert_allclose(*seen, rtol=0, atol=1e-6)


@pytest.mark.parametrize("frame", TO)
def test_what_was_never_seen_is_still_finite(frame):
    unseen = replace(performed("walk"), observed=np.zeros(FRAMES, bool))
    anchored = TO[frame](unseen)
    for array in (anchored.orientations_wxyz, anchored.positions_m, anchored.joints_m):
        assert np.isfinite(array).all()


@pytest.mark.parametrize("frames", [1, 2])
def test_the_shortest_clips_are_anchored(frames):
    motion = Motion.from_arrays(
        orientations_wxyz=facing(np.full(frames, 2.0)),
        positions_m=np.full((frames, 3), 5.0),
        fps=30.0,
    )
    anchored = anchor.to_first_heading(motion)
    np.testing.assert_allclose(anchored.orientations_wxyz[0], [1, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(anchored.positions_m, 0, atol=1e-6)


# The camera --------------------------------------------------------------------------------------


@pytest.mark.parametrize("heading_deg", [0, 75, 180, -100])
@pytest.mark.parametrize("pitch_deg", [0, 15, -35])
def test_camera_plus_x_is_the_viewers_left(heading_deg, pitch_deg):
    """Someone 4 m away, 0.7 m to the viewer's left, 0.6 m below, who walks out to the left."""
    turn = Rotation.from_rotvec(math.radians(heading_deg) * UP)
    look = turn.apply([0, -math.sin(math.radians(pitch_deg)), math.cos(math.radians(pitch_deg))])
    place_m = np.array([10.0, 1.6, -3.0])
    camera_wxyz, _ = camera_pose(place_m, place_m + look)
    # the viewer's left is minus the image's x axis
    image_right = Rotation.from_quat(camera_wxyz, scalar_first=True).apply([1.0, 0, 0])
    np.testing.assert_allclose(image_right, turn.apply([-1.0, 0, 0]), atol=1e-9)
    start_m = place_m + turn.apply([0.7, -0.6, 4.0])
    positions_m = start_m - TIMES_S[:, None] * image_right
    motion = root_only(
        facing(np.full(FRAMES, math.radians(heading_deg) + math.pi)),
        positions_m,
        camera_orientations_wxyz=np.tile(camera_wxyz, (FRAMES, 1)),
        camera_positions_m=np.tile(place_m, (FRAMES, 1)),
    )
    anchored = anchor.to_camera(motion)
    np.testing.assert_allclose(anchored.positions_m[0], [0.7, -0.6, 4.0], atol=1e-5)
    np.testing.assert_allclose(anchored.positions_m[-1], [2.7, -0.6, 4.0], atol=1e-5)
    assert degrees_apart(headings_deg(anchored), 180) < 1e-3  # they look at the viewer
    own_left = Rotation.from_quat(anchored.orientations_wxyz[0], scalar_first=True).apply([1, 0, 0])
    np.testing.assert_allclose(own_left, [-1, 0, 0], atol=1e-5)


def test_only_the_first_camera_counts():
    motion = performed("walk")
    panned = motion.camera_positions_m + TIMES_S[:, None] * [1.0, 0, 0]
    assert_same(
        anchor.to_camera(replace(motion, camera_positions_m=panned)),
        anchor.to_camera(motion),
        atol=1e-6,
    )


@pytest.mark.parametrize(
    "door", [anchor.to_camera, lambda motion: anchor.anchor(motion, frame="camera")]
)
def test_without_a_camera_the_error_says_what_to_do(door):
    motion = root_only(UPRIGHT, np.zeros((FRAMES, 3)), source=Source(clip="kitchen_7"))
    cure = "kitchen_7: no camera poses.*camera_orientations_wxyz.*or use first_heading"
    with pytest.raises(ValueError, match=cure):
        door(motion)


# The body at each instant ------------------------------------------------------------------------


@pytest.mark.parametrize("side", [1, -1])
def test_a_full_circle_is_all_forward(side):
    heading_rad = 0.4 + side * math.pi * TIMES_S
    circle_m = side * np.stack([-np.cos(heading_rad), 0 * TIMES_S, np.sin(heading_rad)], axis=1)
    anchored = anchor.to_body(root_only(facing(heading_rad), circle_m))
    left_m, up_m, forward_m = np.asarray(anchored.positions_m).T
    assert forward_m[-1] == pytest.approx(2 * math.pi, rel=3e-3)
    assert (np.diff(forward_m) > 0).all()
    assert np.abs(left_m).max() < 1e-4
    assert np.abs(up_m).max() < 1e-6
    assert degrees_apart(headings_deg(anchored), side * 180 * TIMES_S) < 2  # turns stay visible


@pytest.mark.parametrize("rate_rad", [0.0, math.pi])
def test_a_sidestep_is_all_left_on_a_line_and_round_a_pole(rate_rad):
    heading_rad = -2.0 + rate_rad * TIMES_S
    own_left = np.stack([np.cos(heading_rad), 0 * TIMES_S, -np.sin(heading_rad)], axis=1)
    steps_m = 0.5 * (own_left[1:] + own_left[:-1]) * 0.8 / FPS
    positions_m = np.concatenate([np.zeros((1, 3)), np.cumsum(steps_m, axis=0)])
    anchored = anchor.to_body(root_only(facing(heading_rad), positions_m))
    left_m, _, forward_m = np.asarray(anchored.positions_m).T
    assert left_m[-1] == pytest.approx(0.8 * 2, rel=3e-3)
    assert np.abs(forward_m).max() < 1e-4


def test_body_points_are_seen_from_the_pelvis():
    motion = performed("arc")
    from_heading = np.asarray(anchor.body_points(anchor.to_first_heading(motion)))
    np.testing.assert_allclose(from_heading[:, 0], 0, atol=1e-6)
    np.testing.assert_allclose(anchor.body_points(anchor.to_body(motion)), from_heading, atol=1e-5)
    # by hand: joints minus the root, the heading turned away
    twist = Rotation.from_rotvec(-np.radians(headings_deg(motion))[:, None] * UP)
    arms_m = motion.joints_m - motion.positions_m[:, None]
    expected_m = np.stack([twist.apply(arms_m[:, joint]) for joint in range(22)], axis=1)
    np.testing.assert_allclose(from_heading, expected_m, rtol=0, atol=1e-5)
    assert (from_heading[:, SMPL_22.joints.index("left_shoulder"), 0] > 0.1).all()


def test_without_joints_body_points_say_so():
    anchored = anchor.to_first_heading(root_only(UPRIGHT, np.zeros((FRAMES, 3))))
    with pytest.raises(ValueError, match="no joints"):
        anchor.body_points(anchored)


def test_upside_down_the_axes_stay_finite():
    """No heading exists there: nothing is turned, and nothing breaks."""
    hanging = np.tile([0.0, 1, 0, 0], (FRAMES, 1))
    anchored = anchor.to_body(root_only(hanging, TIMES_S[:, None] * [0.0, 0, 1]))
    assert np.isfinite(anchored.positions_m).all()
    np.testing.assert_allclose(anchored.positions_m[-1], [0, 0, 2], atol=1e-5)
    assert float(rotation.heading(jnp.asarray(anchored.orientations_wxyz[0]))) == 0


@pytest.mark.parametrize("roll_deg", [0.0, 10.0, -90.0, 180.0])
@pytest.mark.parametrize("pitch_deg", [0.0, 20.0, 60.0])
@pytest.mark.parametrize("yaw_deg", [0.0, 130.0])
def test_a_camera_held_askew_looks_where_its_axis_points(roll_deg, pitch_deg, yaw_deg):
    """Portrait, upside down or tilted: ahead is along the optical axis, over the ground."""
    level = Rotation.from_euler("Z", 180, degrees=True)  # OpenCV's axes, looking along world +Z
    aim = Rotation.from_euler("YX", [yaw_deg, pitch_deg], degrees=True)
    held = aim * level * Rotation.from_euler("Z", roll_deg, degrees=True)
    motion = performed("walk")
    seen = replace(
        motion,
        camera_orientations_wxyz=np.tile(held.as_quat(scalar_first=True), (motion.frames, 1)),
        camera_positions_m=np.zeros((motion.frames, 3)),
    )
    anchored = anchor.to_camera(seen)
    ahead = held.apply([0.0, 0.0, 1.0])
    yaw = Rotation.from_euler("Y", math.atan2(ahead[0], ahead[2]))
    expected_m = yaw.inv().apply(np.array(motion.positions_m, dtype=np.float64))
    np.testing.assert_allclose(anchored.positions_m, expected_m, atol=1e-4)
