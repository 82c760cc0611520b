"""BVH: any rig of one movement gives the same motion; broken files are refused with reasons."""

import csv
import io
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from kinematics import readers, synthetic
from kinematics.motion import Motion
from kinematics.movement import measurement
from kinematics.readers import bvh, bvh_text, rigs, stance
from kinematics.skeleton import POINTS, SMPL_22, from_names

ORDERS = ("XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")
PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)
"""The tree of SMPL's 22 joints."""

LAFAN = (
    "Hips LeftUpLeg RightUpLeg Spine LeftLeg RightLeg Spine1 LeftFoot RightFoot Spine2 LeftToe "
    "RightToe Neck LeftShoulder RightShoulder Head LeftArm RightArm LeftForeArm RightForeArm "
    "LeftHand RightHand"
).split()
BANDAI = (
    "Hips UpperLeg_L UpperLeg_R Waist LowerLeg_L LowerLeg_R Spine Foot_L Foot_R Chest Toes_L "
    "Toes_R Neck Shoulder_L Shoulder_R Head UpperArm_L UpperArm_R LowerArm_L LowerArm_R Hand_L "
    "Hand_R"
).split()
XSENS = (
    "Hips LeftHip RightHip Chest LeftKnee RightKnee Chest2 LeftAnkle RightAnkle Chest3 LeftToe "
    "RightToe Neck LeftCollar RightCollar Head LeftShoulder RightShoulder LeftElbow RightElbow "
    "LeftWrist RightWrist"
).split()
STYLES = {
    "lafan": LAFAN,
    "mixamo": [f"mixamorig:{name}" for name in LAFAN],
    "studio": [f"Character1_{name}" for name in LAFAN],
    "bandai": BANDAI,
    "xsens": XSENS,
    "smpl": list(SMPL_22.joints),
}
FILE_FROM_WORLD = {  # rows: the axes of the file in our axes
    "y": np.eye(3),
    "z": np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
    "x": np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]]),
    "-y": np.diag([1.0, -1.0, -1.0]),
}


def written(
    motion: Motion,
    *,
    seed: int = 0,
    names: list[str] | None = None,
    up: str = "y",
    unit_m: float = 0.01,
    root_from_body: Rotation | None = None,
    wild: bool = True,
    pose_first: bool = False,
) -> str:
    """The motion as a rig with rotated joints, computed without the reader's code.

    Every joint is rotated at random and moved by position channels, in any channel order. The rest
    pose is that of a standing body, in the axes of the root.
    """
    random = np.random.default_rng(seed)
    names = names or list(SMPL_22.joints)
    frames = motion.frames
    turn = Rotation.from_matrix(FILE_FROM_WORLD[up])
    root_from_body = root_from_body or Rotation.identity()
    body = Rotation.from_quat(motion.orientations_wxyz, scalar_first=True)
    joints = turn.apply(np.array(motion.joints_m).reshape(-1, 3)).reshape(frames, -1, 3) / unit_m
    globally = [turn * body * root_from_body.inv()]
    for _ in names[1:]:
        wander = np.cumsum(random.normal(0, 0.1 if wild else 0.0, (frames, 3)), axis=0)
        globally.append(Rotation.from_rotvec(wander + random.normal(0, 1.0 if wild else 0.0, 3)))
    stand = synthetic.perform(synthetic.stand(1.0), gait=None, dtype=np.float64).motion
    first = Rotation.from_quat(stand.orientations_wxyz[0], scalar_first=True)
    rest = root_from_body.apply(first.inv().apply(stand.joints_m[0] - stand.positions_m[0]))

    columns, lines = [], ["HIERARCHY"]
    children: dict[int, list[int]] = {}
    for joint, parent in enumerate(PARENTS):
        children.setdefault(parent, []).append(joint)

    def visit(joint: int) -> None:
        parent = PARENTS[joint]
        base = Rotation.identity() if parent < 0 else globally[parent]
        step = joints[:, joint] - (0.0 if parent < 0 else joints[:, parent])
        order = ORDERS[random.integers(6)] if wild else "ZXY"
        with warnings.catch_warnings(action="ignore"):  # gimbal lock, where any angles will do
            angles = (base.inv() * globally[joint]).as_euler(order, degrees=True)
        channels = {f"{axis}rotation": angles[:, i] for i, axis in enumerate(order)}
        moved = base.inv().apply(step)
        offset = rest[joint] - (0.0 if parent < 0 else rest[parent])
        shuffled = list(range(3))
        random.shuffle(shuffled)
        position = {f"{'XYZ'[i]}position": moved[:, i] for i in shuffled}
        both = [position, channels] if random.random() < 0.5 else [channels, position]
        listed = [(name, column) for part in both for name, column in part.items()]
        lines.append(f"{'ROOT' if parent < 0 else 'JOINT'} {names[joint]}")
        lines.append("{")
        lines.append("\tOFFSET " + " ".join(f"{v / unit_m:.6f}" for v in offset))
        lines.append(f"\tCHANNELS {len(listed)} " + " ".join(name for name, _ in listed))
        columns.extend(column for _, column in listed)
        for child in children.get(joint, []):
            visit(child)
        if joint not in children:
            lines.extend(["End Site", "{", "OFFSET 0 0 0", "}"])
        lines.append("}")

    visit(0)
    table = np.stack(columns, axis=1)
    if pose_first:
        flat = np.zeros((1, table.shape[1]))
        flat[0, :3] = table[0, :3]
        table = np.concatenate([flat, table])
    frame_s = float(np.diff(motion.times_s).mean())
    lines += ["MOTION", f"Frames: {len(table)}", f"Frame Time: {frame_s:.9f}"]
    text = io.StringIO()
    np.savetxt(text, table, fmt="%.9f")
    return "\n".join(lines) + "\n" + text.getvalue()


def save(folder: Path, text: str, name: str = "take.bvh") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def in_order(motion: Motion, names: list[str]) -> np.ndarray:
    return np.asarray(motion.joints_m)[:, [motion.skeleton.joints.index(name) for name in names]]


def with_joints(motion: Motion, joints_m: np.ndarray) -> Motion:
    return Motion.from_arrays(
        orientations_wxyz=np.array(motion.orientations_wxyz),
        positions_m=np.array(motion.positions_m),
        times_s=np.array(motion.times_s),
        joints_m=joints_m,
        skeleton=SMPL_22 if joints_m.shape[1] == 22 else from_names(SMPL_22.joints[1:]),
    )


def arms_out(motion: Motion) -> np.ndarray:
    """The joints of the first frame with the arms stretched out to the sides."""
    body = Rotation.from_quat(np.array(motion.orientations_wxyz[0]), scalar_first=True)
    pose = np.array(motion.joints_m[0])
    for side, sign in (("left", 1.0), ("right", -1.0)):
        out = body.apply([sign, 0.0, 0.0])
        shoulder = pose[SMPL_22.joints.index(f"{side}_shoulder")]
        pose[SMPL_22.joints.index(f"{side}_elbow")] = shoulder + 0.26 * out
        pose[SMPL_22.joints.index(f"{side}_wrist")] = shoulder + 0.51 * out
    return pose


# One movement, many rigs


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    style=st.sampled_from(sorted(STYLES)),
    up=st.sampled_from(sorted(FILE_FROM_WORLD)),
    unit=st.sampled_from(sorted(stance.UNITS_M)),
    turned_deg=st.sampled_from([0.0, 25.0, 90.0, 180.0, -90.0]),
)
def test_any_rig_of_one_movement_gives_that_movement(
    seed: int,
    style: str,
    up: str,
    unit: str,
    turned_deg: float,
    performed: Motion,
    folder: Path,
    apart_rad,
) -> None:
    names = STYLES[style]
    facing = Rotation.from_matrix(FILE_FROM_WORLD[up]) * Rotation.from_euler(
        "Y", turned_deg, degrees=True
    )
    unit_m = stance.UNITS_M[unit]
    text = written(performed, seed=seed, names=names, up=up, unit_m=unit_m, root_from_body=facing)
    [back] = readers.read(save(folder, text))
    assert unit in back.source.notes[1]
    assert back.source.notes[2].startswith(f"{up.upper()} up")
    np.testing.assert_allclose(back.positions_m, performed.positions_m, atol=2e-6)
    np.testing.assert_allclose(in_order(back, names), performed.joints_m, atol=2e-6)
    assert apart_rad(back.orientations_wxyz, performed.orientations_wxyz) < 1e-5
    np.testing.assert_allclose(back.times_s, performed.times_s, atol=1e-6)
    assert back.skeleton.missing == ()


def test_facts_do_not_depend_on_the_file(performed: Motion, folder: Path, same_story) -> None:
    files = {
        "z_up_metres.bvh": written(performed, up="z", unit_m=1.0),
        "inches_mixamo.bvh": written(performed, names=STYLES["mixamo"], unit_m=0.0254, seed=3),
    }
    bvh.write(performed, folder / "own.bvh")
    motions = [performed]
    motions += [readers.read(save(folder, text, name))[0] for name, text in files.items()]
    motions += readers.read(folder / "own.bvh")
    original, *copies = measurement.measure_all(motions)
    for facts in copies:
        same_story(facts, original)


@pytest.mark.parametrize("fps", [24.0, 120.0])
def test_other_frame_rates_give_the_same(performed: Motion, folder: Path, fps: float) -> None:
    fast = synthetic.resampled(performed, fps)
    [back] = readers.read(save(folder, written(fast)))
    assert 1 / np.diff(back.times_s).mean() == pytest.approx(fps, rel=1e-5)
    np.testing.assert_allclose(in_order(back, list(SMPL_22.joints)), fast.joints_m, atol=2e-6)


def test_bones_along_one_axis_show_the_body_by_hips_and_spine(folder: Path) -> None:
    """Rigs whose bones all run along X, hips apart along Z and the first spine bone backwards."""
    lines = ["HIERARCHY"]
    tree = {
        "Hips": ["Spine", "LeftUpLeg", "RightUpLeg"],
        "Spine": ["Neck"],
        "Neck": ["Head", "LeftArm", "RightArm"],
        **{f"{side}UpLeg": [f"{side}Leg"] for side in ("Left", "Right")},
        **{f"{side}Leg": [f"{side}Foot"] for side in ("Left", "Right")},
    }
    offsets = {"Spine": (7, -3, 0), "Neck": (43, 0, 0), "Head": (12, 0, 0)}
    offsets |= {"LeftUpLeg": (0, 2, 10.5), "RightUpLeg": (0, 2, -10.5)}
    offsets |= {
        f"{side}{name}": (42, 0, 0) for side in ("Left", "Right") for name in ("Leg", "Foot")
    }
    offsets |= {"LeftArm": (0, 0, 18), "RightArm": (0, 0, -18)}
    count = 0

    def visit(name: str) -> None:
        nonlocal count
        count += 1
        lines.append(("ROOT " if name == "Hips" else "JOINT ") + name + " {")
        lines.append("OFFSET {} {} {}".format(*offsets.get(name, (0, 0, 0))))
        position = "Xposition Yposition Zposition " if name == "Hips" else ""
        lines.append(f"CHANNELS {6 if position else 3} {position}Zrotation Yrotation Xrotation")
        for child in tree.get(name, []):
            visit(child)
        lines.append("}")

    visit("Hips")
    # upright: the root's X points up, and the legs are turned by half a turn to point down
    row = {"Hips": "0 90 0 90 0 90", "LeftUpLeg": "180 0 0", "RightUpLeg": "180 0 0"}
    order = [line.split()[1] for line in lines if line.split()[0] in ("ROOT", "JOINT")]
    values = " ".join(row.get(name, "0 0 0") for name in order)
    lines += ["MOTION", "Frames: 4", "Frame Time: 0.04", *[values] * 4]
    [motion] = bvh.read(save(folder, "\n".join(lines)))
    axes = Rotation.from_quat(motion.orientations_wxyz[0], scalar_first=True).as_matrix()
    hips = in_order(motion, ["LeftUpLeg", "RightUpLeg"])[0]
    left = (hips[0] - hips[1]) / np.linalg.norm(hips[0] - hips[1])
    np.testing.assert_allclose(axes[:, 0], left, atol=1e-6)
    np.testing.assert_allclose(axes[:, 1], [0, 1, 0], atol=1e-6)
    assert motion.source.notes[2].startswith("Y up")


def test_options_override_the_axes_of_the_body(performed: Motion, folder: Path) -> None:
    path = save(folder, written(performed, up="z", unit_m=0.01, wild=False))
    [told] = bvh.read(path, up="y", unit_m=0.02, dtype=np.float64)
    file_m = performed.positions_m @ FILE_FROM_WORLD["z"].T
    np.testing.assert_allclose(told.positions_m, 2 * file_m, atol=1e-7)
    assert told.source.notes[1:3] == ("lengths in units of 0.02 m, as told", "Y up, as told")


def test_a_lying_body_is_oriented_by_its_rest_pose(folder: Path, apart_rad) -> None:
    stand = synthetic.perform(synthetic.stand(1.0), dtype=np.float64).motion
    lying = Rotation.from_euler("X", 90, degrees=True)
    body = Rotation.from_quat(stand.orientations_wxyz, scalar_first=True)
    flat = Motion.from_arrays(
        orientations_wxyz=(lying * body).as_quat(scalar_first=True),
        positions_m=np.add(lying.apply(np.array(stand.positions_m)), [0.0, 0.2, -3.0]),
        times_s=np.array(stand.times_s),
        joints_m=np.add(
            lying.apply(np.array(stand.joints_m).reshape(-1, 3)).reshape(-1, 22, 3),
            [0.0, 0.2, -3.0],
        ),
        skeleton=SMPL_22,
    )
    [back] = bvh.read(save(folder, written(flat, wild=False)))
    assert back.source.notes[2] == "Y up: the axis of its rest pose; the body lies along z"
    assert apart_rad(back.orientations_wxyz, flat.orientations_wxyz) < 1e-5


@pytest.mark.parametrize("first", ["zeros", "arms out", "moving"])
def test_a_pose_before_the_motion_is_left_out(performed: Motion, folder: Path, first: str) -> None:
    joints = np.array(performed.joints_m)
    if first == "arms out":
        joints[0] = arms_out(performed)
    changed = with_joints(performed, joints)
    path = save(folder, written(changed, wild=False, pose_first=first == "zeros"))
    [back] = bvh.read(path)
    [kept] = bvh.read(path, keep_first=True)
    dropped = first != "moving"
    assert kept.frames - back.frames == int(dropped)
    assert back.times_s[0] == pytest.approx(dropped / 30, abs=1e-6)
    assert any("left out" in note for note in back.source.notes) == dropped


def in_t_pose(motion: Motion, steps_m: list[float]) -> Motion:
    """The first frame's body with its arms out, and a head that rises by these steps."""
    joints = np.repeat(arms_out(motion)[None], len(steps_m) + 1, axis=0)
    joints[1:, SMPL_22.joints.index("head"), 1] += np.cumsum(steps_m)
    return Motion.from_arrays(
        orientations_wxyz=np.repeat(motion.orientations_wxyz[:1], len(joints), axis=0),
        positions_m=np.repeat(motion.positions_m[:1], len(joints), axis=0),
        fps=30.0,
        joints_m=joints,
        skeleton=SMPL_22,
    )


@pytest.mark.parametrize(
    ("steps_m", "left_out"),
    [
        ([0.3, 0.01, -0.01, 0.01], True),
        ([0.1, 0.01, -0.01, 0.01], False),  # no jump
        ([0.3, -0.2, 0.2, -0.2], False),  # no greater than what follows
    ],
)
def test_only_a_jump_out_of_a_t_pose_leaves_it_out(
    performed: Motion, folder: Path, steps_m: list[float], left_out: bool
) -> None:
    bvh.write(in_t_pose(performed, steps_m), folder / "t.bvh")
    [back] = bvh.read(folder / "t.bvh")
    assert back.frames == len(steps_m) + 1 - left_out


@pytest.mark.parametrize(("later", "left_out"), [("0 70 0 0 0 0", True), ("0 0 0 0 70 0", False)])
def test_a_rest_pose_is_left_out_when_joints_jump_from_it(
    folder: Path, later: str, left_out: bool
) -> None:
    """A turn of the hips carries the chest away; a turn of the chest leaves it where it is."""
    head = GOOD.replace("Frames: 2", "Frames: 5").split("0 90 0 0")[0]
    rows = ["0 90 0 0 0 0 0 0 0", *[f"0 90 0 {later}"] * 4]
    [back] = bvh.read(save(folder, head + "\n".join(rows)), unit_m=0.01)
    assert back.frames == 5 - left_out


def test_a_left_handed_rig_is_noted(performed: Motion, folder: Path) -> None:
    text = written(performed, names=LAFAN, wild=False)
    swapped = text.replace("Left", "left_").replace("Right", "Left").replace("left_", "Right")
    [motion] = bvh.read(save(folder, swapped))
    assert motion.source.notes[3].startswith("the toes point backwards")


def test_two_roots_are_two_people_in_one_world(performed: Motion, folder: Path) -> None:
    head, table = written(performed, wild=False).split("MOTION")
    counts, _, rows = table.partition("Frame Time")
    first, *rows = rows.split("\n")
    doubled = [f"{row} {row}" if row else row for row in rows]
    text = head + head.removeprefix("HIERARCHY\n") + "MOTION" + counts + "Frame Time" + first + "\n"
    motions = bvh.read(save(folder, text + "\n".join(doubled), "pair.bvh"))
    assert [(m.source.clip, m.source.person) for m in motions] == [("pair_0", 0), ("pair_1", 1)]
    assert all(m.source.shared_world for m in motions)
    np.testing.assert_array_equal(motions[0].joints_m, motions[1].joints_m)


# Laws of the arithmetic


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), joints=st.integers(1, 9), frames=st.integers(1, 4))
def test_forward_kinematics_agree_with_products_of_matrices(
    seed: int, joints: int, frames: int
) -> None:
    random = np.random.default_rng(seed)
    parents = [-1, *(int(random.integers(i)) for i in range(1, joints))]
    offsets = random.normal(size=(joints, 3))
    channels, steps, columns = [], [], []
    for _ in range(joints):
        axes = list(random.permutation(list("XYZ"))[: random.integers(4)])
        moved = list(random.permutation(list("XYZ"))[: random.integers(4)])
        names = [f"{axis}rotation" for axis in axes] + [f"{axis}position" for axis in moved]
        names = [names[i] for i in random.permutation(len(names))]
        channels.append(tuple(names))
        values = random.uniform(-200, 200, (len(names), frames))
        columns.extend(values)
        steps.append(dict(zip(names, values, strict=True)))
    rig = rigs.Rig(
        names=tuple("abcdefghi"[:joints]),
        parents=tuple(parents),
        offsets=offsets,
        channels=tuple(channels),
    )
    table = np.array(columns).T.reshape(frames, -1)
    posed = rigs.pose(rig, table)
    for frame in range(frames):
        worlds: list[np.ndarray] = []
        for joint, parent in enumerate(parents):
            local = np.eye(4)
            local[:3, 3] = offsets[joint]
            for name in channels[joint]:
                value = steps[joint][name][frame]
                if name.endswith("position"):
                    local[:3, 3]["XYZ".index(name[0])] = value
                else:
                    turn = Rotation.from_euler(name[0], value, degrees=True).as_matrix()
                    local[:3, :3] = local[:3, :3] @ turn
            worlds.append(local if parent < 0 else worlds[parent] @ local)
            np.testing.assert_allclose(posed.positions[frame, joint], worlds[-1][:3, 3], atol=1e-9)
            turned = Rotation.from_quat(posed.orientations_wxyz[:, joint, frame], scalar_first=True)
            np.testing.assert_allclose(turned.as_matrix(), worlds[-1][:3, :3], atol=1e-9)


SMALL = from_names(["Hips", "Kopf ü", "l knee"])


@st.composite
def holdable(draw: st.DrawFn) -> dict[str, object]:
    """Any motion that BVH can hold, at gimbal lock too."""
    frames = draw(st.integers(2, 6))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    root_m = random.uniform(-50, 50, (frames, 3))
    skeleton = draw(st.sampled_from([SMPL_22, SMALL, None]))
    joints_m = None
    if skeleton:
        joints_m = root_m[:, None] + random.uniform(-2, 2, (frames, len(skeleton.joints), 3))
        joints_m[:, 0] = root_m
    turns = Rotation.random(frames, rng=random)
    if draw(st.booleans()):
        locked = Rotation.from_euler("ZXY", [[30, 90, 10]] * frames, degrees=True)
        nudge = Rotation.from_rotvec(
            random.normal(0, 1, (frames, 3)) * 10.0 ** draw(st.integers(-9, -3))
        )
        turns = locked * nudge
    return {
        "orientations_wxyz": turns.as_quat(scalar_first=True),
        "positions_m": root_m,
        "times_s": np.arange(frames) / draw(st.sampled_from([24.0, 29.97, 240.0])),
        "joints_m": joints_m,
        "skeleton": skeleton,
    }


@settings(max_examples=60)
@given(parts=holdable())
def test_a_written_motion_is_read_back(parts: dict[str, object], folder: Path, apart_rad) -> None:
    motion = Motion.from_arrays(**parts)
    path = folder / "round.bvh"
    bvh.write(motion, path)
    [back] = bvh.read(path, up="y", unit_m=0.01, keep_first=True, dtype=np.float64)
    np.testing.assert_allclose(back.positions_m, motion.positions_m, atol=1e-7)
    np.testing.assert_allclose(back.times_s, motion.times_s, atol=1e-9)
    assert apart_rad(back.orientations_wxyz, motion.orientations_wxyz) < 1e-7
    assert (back.joints_m is None) == (motion.joints_m is None)
    if motion.skeleton:
        assert sorted(back.skeleton.joints) == sorted(motion.skeleton.joints)
        np.testing.assert_allclose(
            in_order(back, list(motion.skeleton.joints)), motion.joints_m, atol=2e-7
        )


def test_a_body_without_pelvis_joint_is_written_under_a_root_of_its_own(
    folder: Path, apart_rad
) -> None:
    walk = synthetic.perform(synthetic.walk(2.0), dtype=np.float64).motion
    without = with_joints(walk, np.array(walk.joints_m)[:, 1:])
    bvh.write(without, folder / "no_pelvis.bvh")
    [back] = bvh.read(folder / "no_pelvis.bvh", dtype=np.float64)
    rest = list(SMPL_22.joints[1:])
    assert set(back.skeleton.joints) == set(rest)
    np.testing.assert_allclose(back.positions_m, walk.positions_m, atol=1e-7)
    np.testing.assert_allclose(in_order(back, rest), without.joints_m, atol=2e-7)
    assert apart_rad(back.orientations_wxyz, walk.orientations_wxyz) < 1e-6


def test_motions_that_bvh_cannot_hold_are_refused_with_all_reasons(folder: Path) -> None:
    seen = np.ones(4, bool)
    seen[1] = False
    names = from_names(["Hips", "a{b"])
    odd = Motion.from_arrays(
        orientations_wxyz=np.tile([1.0, 0, 0, 0], (4, 1)),
        positions_m=np.zeros((4, 3)),
        times_s=np.array([0.0, 0.1, 0.2, 0.9]),
        observed=seen,
        joints_m=np.ones((4, 2, 3)),
        skeleton=names,
    )
    with pytest.raises(ValueError, match=r"odd\.bvh") as caught:
        bvh.write(odd, folder / "odd.bvh")
    for cause in ("1 frames were not observed", "uneven", "'a{b'", "1 m from the root", "native"):
        assert cause in str(caught.value)
    assert not (folder / "odd.bvh").exists()


# Broken files

GOOD = """HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Chest
  {
    OFFSET 0 50 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {
      OFFSET 0 20 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.033333
0 90 0 0 0 0 0 0 0
1 90 0 0 0 0 0 0 0
"""
BROKEN = {
    "empty": ("", ["no line MOTION", "no ROOT"]),
    "no motion": (GOOD.split("MOTION")[0], ["no line MOTION"]),
    "no frame time": (GOOD.split("Frame Time")[0], ["'Frame Time: ...'"]),
    "cut in the table": (GOOD[:-12], ["2 of 9 numbers are announced, but the file has"]),
    "no table": (GOOD[: GOOD.index("0 90 0")], ["the file has 0 numbers"]),
    "one number too many": (GOOD + "5\n", ["the file has 19 numbers"]),
    "huge claim": (GOOD.replace("Frames: 2", f"Frames: {10**12}"), ["1,000,000,000,000 of 9"]),
    "claim past 64 bits": (GOOD.replace("Frames: 2", f"Frames: {10**30}"), ["at least one"]),
    "no frames": (GOOD.replace("Frames: 2", "Frames: 0"), ["at least one"]),
    "negative frames": (GOOD.replace("Frames: 2", "Frames: -2"), ["Frames: '-2'"]),
    "NaN": (GOOD.replace("1 90 0", "1 nan 0"), ["line 20: 'nan' is not finite"]),
    "infinite": (GOOD.replace("1 90 0", "1 1e999 0"), ["line 20: '1e999' is not finite"]),
    "a word in the table": (GOOD.replace("1 90 0", "1 ninety 0"), ["line 20: 'ninety'"]),
    "decimal commas": (GOOD.replace("1 90 0", "1 90,5 0"), ["line 20: '90,5' is no number"]),
    "time of nothing": (GOOD.replace("0.033333", "0"), ["Frame Time: '0'"]),
    "time not a number": (GOOD.replace("0.033333", "nan"), ["Frame Time: 'nan'"]),
    "time in milliseconds": (GOOD.replace("0.033333", "33.3"), ["between 0.001 and 10"]),
    "offset of two": (GOOD.replace("OFFSET 0 50 0", "OFFSET 0 50"), ["line 8: OFFSET '0 50'"]),
    "offset infinite": (GOOD.replace("OFFSET 0 50 0", "OFFSET 0 inf 0"), ["three numbers"]),
    "no offset": (GOOD.replace("    OFFSET 0 50 0\n", ""), ["'Chest' has no OFFSET"]),
    "channels miscounted": (GOOD.replace("CHANNELS 3", "CHANNELS 4"), ["'4' with 3 names"]),
    "channel unknown": (GOOD.replace("3 Zrotation", "3 Zscale"), ["channels 'Zscale'"]),
    "channel twice": (GOOD.replace("3 Zrotation X", "3 Xrotation X"), ["is listed twice"]),
    "brace missing": (GOOD.replace("}\nMOTION", "MOTION"), ["1 braces are not closed"]),
    "brace too many": (GOOD.replace("}\nMOTION", "}\n}\nMOTION"), ["'}' without '{'"]),
    "brace of no joint": (GOOD.replace("JOINT Chest\n", ""), ["'{' without a joint"]),
    "keyword unknown": (GOOD.replace("JOINT", "LIMB"), ["'LIMB Chest'"]),
    "joint outside": (GOOD.replace("ROOT", "JOINT"), ["JOINT outside ROOT"]),
    "root inside": (GOOD.replace("JOINT", "ROOT"), ["ROOT inside another joint"]),
    "nameless": (GOOD.replace("ROOT Hips", "ROOT"), ["ROOT without a name"]),
    "nothing moves": (
        re.sub(r"\s*CHANNELS.*", "", GOOD.split("Frames")[0]) + "Frames: 1\nFrame Time: 0.1\n",
        ["not the size of a person"],
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_error_with_the_cause(name: str, tmp_path: Path) -> None:
    text, causes = BROKEN[name]
    with pytest.raises(ValueError, match=r"bad_file\.bvh") as caught:
        readers.read(save(tmp_path, text, "bad_file.bvh"))
    for cause in causes:
        assert cause in str(caught.value)


def test_every_problem_of_a_file_is_named_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("OFFSET 0 50 0", "OFFSET x").replace("0.033333", "-1")
    text = text.replace("CHANNELS 6", "CHANNELS 7").replace("1 90 0", "1 x 0")
    with pytest.raises(ValueError, match="expected a BVH file") as caught:
        readers.read(save(tmp_path, text))
    for cause in ("line 8: OFFSET", "'-1'", "CHANNELS '7'", "'x' is no number", "Export or copy"):
        assert cause in str(caught.value)


def test_hostile_nesting_is_refused_without_recursion(tmp_path: Path) -> None:
    deep = "".join(f"JOINT j{i}\n{{\nOFFSET 0 0 0\n" for i in range(5000))
    text = f"HIERARCHY\nROOT Hips\n{{\nOFFSET 0 0 0\n{deep}MOTION\nFrames: 1\nFrame Time: 1\n"
    with pytest.raises(ValueError, match="more than 2000 joints"):
        readers.read(save(tmp_path, text))
    with pytest.raises(ValueError, match="more than 2000 joints"):
        readers.read(save(tmp_path, "HIERARCHY\n" + "{\n" * 5000 + "MOTION\n"))


def test_deep_rigs_of_a_plausible_size_are_read(tmp_path: Path) -> None:
    deep = "".join(f"JOINT j{i}\n{{\nOFFSET 0 1 0\nCHANNELS 1 Zrotation\n" for i in range(1500))
    text = f"HIERARCHY\nROOT Hips\n{{\nOFFSET 0 0 0\n{deep}{'}' * 1501}\n"
    text += "MOTION\nFrames: 1\nFrame Time: 1\n" + "0 " * 1500
    [motion] = bvh.read(save(tmp_path, text), unit_m=0.001)
    assert motion.joints_m[0, -1].tolist() == pytest.approx([0.0, 1.5, 0.0])


@settings(max_examples=150)
@given(data=st.data())
def test_damage_anywhere_is_harmless_or_refused(
    data: st.DataObject, folder: Path, read_damaged
) -> None:
    for motion in read_damaged(data, GOOD.encode(), folder / "mutated.bvh", readers.read):
        assert motion.joints_m is None or np.isfinite(motion.joints_m).all()


def test_files_in_other_encodings_are_refused_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "latin.bvh"
    path.write_bytes(GOOD.replace("Chest", "Brüst").encode("latin-1"))
    with pytest.raises(ValueError, match="line 6: byte 0xfc is not UTF-8"):
        bvh.read(path)
    path.write_bytes(
        b"\xef\xbb\xbf" + GOOD.replace("Chest", "Brüst").replace("\n", "\r\n").encode()
    )
    assert bvh.read(path, unit_m=0.01)[0].skeleton.joints == ("Hips", "Brüst")


def test_a_body_of_no_size_asks_for_its_unit(tmp_path: Path) -> None:
    path = save(tmp_path, GOOD)
    with pytest.raises(ValueError, match="Give unit_m"):
        bvh.read(path)
    [motion] = bvh.read(path, unit_m=0.01)
    assert motion.joints_m[0].tolist() == [[0, pytest.approx(0.9), 0], [0, pytest.approx(1.4), 0]]


def test_formats_are_recognised_by_their_contents(tmp_path: Path) -> None:
    assert bvh.recognise(save(tmp_path, "\n hierarchy\n", "a.txt"))
    assert bvh.recognise(save(tmp_path, "junk", "a.BVH"))
    assert not bvh.recognise(save(tmp_path, "junk", "a.txt"))
    with pytest.raises(ValueError, match=r"big\.bvh: .* expected at most 10"):
        readers.border.load(save(tmp_path, GOOD, "big.bvh"), most_bytes=10)


# Recorded clips


def test_published_files_are_the_clips_that_were_converted_from_them(
    real_motions: Path, apart_rad
) -> None:
    with (real_motions / "index.csv").open() as file:
        known = {row["name"] for row in csv.DictReader(file)}
    for take, name in (("02_01", "cmu_02_01_walk"), ("131_03", "cmu_131_03_start_hop_stop")):
        assert name in known
        [motion] = readers.read(real_motions / "bvh" / f"{take}.bvh")
        [root] = readers.read(real_motions / "mocap" / f"{name}.npz")
        fourth = slice(0, 4 * root.frames, 4)
        assert motion.source.notes[1:3] == (
            "lengths in CMU units",
            "Y up: the axis the body stands along",
        )
        assert motion.frames in range(4 * root.frames - 3, 4 * root.frames + 1)
        np.testing.assert_allclose(motion.positions_m[fourth], root.positions_m, atol=1e-5)
        assert apart_rad(motion.orientations_wxyz[fourth], root.orientations_wxyz) < 1e-3
        np.testing.assert_allclose(motion.times_s[fourth], root.times_s, atol=2e-3)
        with np.load(real_motions / "mocap" / f"{name}_joints.npz") as arrays:
            index = {str(joint): i for i, joint in enumerate(arrays["names"])}
            theirs = arrays["positions"][:, [index[joint] for joint in motion.skeleton.joints]]
        np.testing.assert_allclose(motion.joints_m[fourth], theirs, atol=1e-5)
        assert motion.skeleton.missing == ()


def test_units_have_their_lengths() -> None:
    known_m = {"metres": 1.0, "centimetres": 0.01, "millimetres": 0.001, "inches": 0.0254}
    assert stance.UNITS_M == known_m | {"CMU units": pytest.approx(0.0564444, abs=1e-7)}


def test_the_points_of_every_style_are_the_same_joints() -> None:
    expected = dict(zip(POINTS, SMPL_22.points, strict=True))
    for style, names in STYLES.items():
        points = dict(zip(POINTS, from_names(names).points, strict=True))
        assert points == expected, style
    assert bvh_text.MAX_JOINTS > 1000


@pytest.mark.parametrize("joint", ["left_hip", "head"])
def test_a_joint_that_overflows_leaves_the_roots_axes(performed: Motion, joint: str) -> None:
    rest = np.array(performed.joints_m[0], np.float64)
    names = list(SMPL_22.joints)
    rest[names.index(joint)] = [1e200, 1e200, 0.0]
    rest[names.index("left_shoulder")] = rest[names.index("right_shoulder")]
    with np.errstate(over="ignore"):
        axes, _ = stance.body_axes(rest, SMPL_22, names.index("pelvis"))
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-6)
    assert np.linalg.det(axes) == pytest.approx(1.0)
