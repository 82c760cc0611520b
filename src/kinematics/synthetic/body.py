"""The figure: a skeleton of 1.7 m that walks, bends and waves, with the sway of its gait."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from kinematics.skeleton import SMPL_22
from kinematics.synthetic.ramps import eased
from kinematics.synthetic.timeline import HEEL_RISE_M, Column, runs, stride_hz

STANDING_M = 0.93
"""Height of the root of a standing figure of 1.7 m."""

Vectors = Float[np.ndarray, "frames 3"]
Series = Float[np.ndarray, " frames"]


@dataclass(frozen=True, kw_only=True)
class Gait:
    """The sway of a walker, peak to peak, with defaults measured from real walks.

    Sway fades in and out with speed: a standing figure does not sway.
    """

    pelvis_yaw_rad: float = math.radians(16)
    """At stride rate; 5 to 34 degrees are ordinary."""
    shoulder_share: float = 0.8
    """Counter-rotation of the shoulders, as a share of the pelvis's yaw."""
    roll_rad: float = math.radians(7)
    """Pelvis sideways, at stride rate."""
    pitch_rad: float = math.radians(3)
    """Pelvis forward and backward, at step rate."""
    bob_m: float = 0.04
    """Up and down at step rate when walking."""
    run_bob_m: float = 0.145
    """Up and down at step rate when running."""
    sway_m: float = 0.04
    """Sideways at stride rate."""
    arm_swing_rad: float = math.radians(45)
    slip: float = 0.0
    """Drift to the left per metre covered; it is real, so it is part of the truth."""


STIFF = Gait(pelvis_yaw_rad=0.0, roll_rad=0.0, pitch_rad=0.0, bob_m=0.0, run_bob_m=0.0, sway_m=0.0)
"""A gait that moves only the limbs: root and pelvis glide."""


class Figure(NamedTuple):
    """The root's track and all joints of `skeleton.SMPL_22`."""

    positions_m: Vectors
    orientations_wxyz: Float[np.ndarray, "frames 4"]
    joints_m: Float[np.ndarray, "frames joints 3"] | None


class _Sway(NamedTuple):
    """The motion that gait adds to the timeline."""

    aside_m: Series
    up_m: Series
    yaw_rad: Series
    roll_rad: Series
    pitch_rad: Series
    run_share: Series
    amplitude: Series


_SPINE_M = (0.11, 0.13, 0.06, 0.21)  # pelvis to spine1, spine2, spine3, neck
_BEND = np.array([0.0, 0.3, 0.6, 1.0])  # share of the back's bend at each of these bones
_HIP = (0.09, -0.07, 0.0)  # offsets of the left side; x changes sign on the right
_COLLAR = (0.07, 0.11, 0.0)
_SHOULDER = (0.10, 0.03, -0.01)
_UPPER_ARM_M, _FOREARM_M, _HEAD_M = 0.26, 0.25, 0.11
_THIGH_M, _SHIN_M = 0.398, 0.397
_ANKLE_M = 0.07  # height of a standing ankle
_TOE_M = 0.02  # height of the ball of the foot
_FOOT_M = 0.16  # ankle to the ball of the foot
_FIRM = 0.98  # a leg reaches its target exactly up to this share of its length
_STANCE_M = 0.10  # half the distance between standing feet
_JOINT = {name: index for index, name in enumerate(SMPL_22.joints)}


def _axes(heading_rad: Series) -> tuple[Vectors, Vectors]:
    """The left and the forward direction of a heading."""
    sine, cosine, zero = np.sin(heading_rad), np.cos(heading_rad), np.zeros_like(heading_rad)
    return np.stack([cosine, zero, -sine], axis=1), np.stack([sine, zero, cosine], axis=1)


def _tilted(heading_rad: Series, forward_rad: Series | float, left_rad: Series | float) -> Rotation:
    """Heading, then lean: the tilt is the length of (forward, left)."""
    yaw, swing = np.zeros((2, len(heading_rad), 3))
    yaw[:, 1] = heading_rad
    swing[:, 0], swing[:, 2] = forward_rad, -np.asarray(left_rad)
    return Rotation.from_rotvec(yaw) * Rotation.from_rotvec(swing)


def _sway(rows: Float[np.ndarray, "frames columns"], gait: Gait, phase: Series) -> _Sway:
    """The sway at each row; phase 0 is the left heel strike, 0.3 the body over the left foot."""
    speed_mps = np.hypot(rows[:, Column.FORWARD_SPEED], rows[:, Column.LEFT_SPEED])
    amplitude, run_share = eased(speed_mps / 0.4), runs(speed_mps)
    angle = 2 * np.pi * phase
    over_left = np.cos(angle - 0.6 * np.pi)
    walking = (1 - run_share) * gait.bob_m * np.cos(2 * angle - 1.2 * np.pi)
    running = run_share * gait.run_bob_m * np.cos(2 * angle - 1.7 * np.pi)
    return _Sway(
        aside_m=0.5 * gait.sway_m * amplitude * over_left,
        up_m=0.5 * amplitude * (walking + running),
        yaw_rad=-0.5 * gait.pelvis_yaw_rad * amplitude * np.cos(angle),
        roll_rad=-0.5 * gait.roll_rad * amplitude * over_left,
        pitch_rad=0.5 * gait.pitch_rad * amplitude * np.cos(2 * angle),
        run_share=run_share,
        amplitude=amplitude,
    )


def figure(
    rows: Float[np.ndarray, "frames columns"],
    gait: Gait,
    *,
    start_phase: float = 0.0,
    floor_m: float = 0.0,
    joints: bool = True,
) -> Figure:
    """The figure at each row of the timeline.

    >>> from kinematics.synthetic import lay_out, stand
    >>> standing = figure(lay_out(stand(1.0)).at(np.array([0.5])), Gait())
    >>> standing.positions_m.tolist(), standing.joints_m.shape
    ([[0.0, 0.93, 0.0]], (1, 22, 3))
    """
    phase = rows[:, Column.PHASE] + start_phase
    sway = _sway(rows, gait, phase)
    left, _ = _axes(rows[:, Column.HEADING])
    ground_m = rows[:, [Column.X, Column.RISE, Column.Z]] * [1.0, 0.0, 1.0]
    ground_m[:, 1] += floor_m
    root_m = ground_m + left * sway.aside_m[:, None]
    root_m[:, 1] += STANDING_M + rows[:, Column.RISE] + sway.up_m
    pelvis = _tilted(
        rows[:, Column.HEADING] + sway.yaw_rad,
        rows[:, Column.PELVIS_FORWARD] + sway.pitch_rad,
        rows[:, Column.PELVIS_LEFT] + sway.roll_rad,
    )
    joints_m = None
    if joints:
        joints_m = np.empty((len(rows), len(_JOINT), 3))
        joints_m[:, _JOINT["pelvis"]] = root_m
        chest_rad = _place_trunk(joints_m, rows, sway, pelvis)
        _place_arms(joints_m, rows, gait, sway, phase, chest_rad)
        _place_legs(joints_m, rows, sway, phase, pelvis, ground_m)
    return Figure(root_m, pelvis.as_quat(scalar_first=True), joints_m)


def _directions(leans_rad: Float[np.ndarray, "frames ... 2"]) -> Float[np.ndarray, "frames ... 3"]:
    """Unit vectors (left, up, forward) tilted by (forward, left) leans."""
    tilt = np.hypot(leans_rad[..., 0], leans_rad[..., 1])
    per_rad = np.sinc(tilt / np.pi)
    return np.stack([leans_rad[..., 1] * per_rad, np.cos(tilt), leans_rad[..., 0] * per_rad], -1)


def _spine_leans(
    pelvis_rad: Float[np.ndarray, "frames 2"], trunk_rad: Float[np.ndarray, "frames 2"]
) -> Float[np.ndarray, "frames 4 2"]:
    """Leans of the four bones of the back for which the line from pelvis to neck leans as asked."""
    lengths = np.array(_SPINE_M)
    gain = lengths.sum() / (lengths @ _BEND)
    bend = (trunk_rad - pelvis_rad) * gain
    for _ in range(4):
        leans = pelvis_rad[:, None] + bend[:, None] * _BEND[:, None]
        x, y, z = np.moveaxis(lengths @ _directions(leans), -1, 0)
        level = np.hypot(x, z)
        tilt = np.arctan2(level, y) / np.where(level > 0, level, 1.0)
        bend = bend + (trunk_rad - np.stack([z * tilt, x * tilt], axis=1)) * gain
    return pelvis_rad[:, None] + bend[:, None] * _BEND[:, None]


def _place_trunk(
    joints_m: np.ndarray, rows: np.ndarray, sway: _Sway, pelvis: Rotation
) -> Float[np.ndarray, "frames 2"]:
    """Places spine, neck and head; returns the lean of the chest."""
    steadied = 0.4 * np.stack([sway.pitch_rad, sway.roll_rad], axis=1)  # the back reduces sway
    leans = steadied[:, None] + _spine_leans(
        rows[:, [Column.PELVIS_FORWARD, Column.PELVIS_LEFT]],
        rows[:, [Column.TRUNK_FORWARD, Column.TRUNK_LEFT]],
    )
    left, ahead = _axes(rows[:, Column.HEADING])
    bones = _directions(leans)
    joint_m = joints_m[:, _JOINT["pelvis"]]
    for index, name in enumerate(("spine1", "spine2", "spine3", "neck")):
        x, y, z = bones[:, index].T[:, :, None]
        bone = left * x + ahead * z + y * [0.0, 1.0, 0.0]
        if name == "spine1":
            bone = pelvis.apply([0.0, 1.0, 0.0])
        joint_m = joint_m + _SPINE_M[index] * bone
        joints_m[:, _JOINT[name]] = joint_m
    chest_rad = leans[:, -1]
    head = _tilted(rows[:, Column.HEADING], *(0.7 * chest_rad.T))
    joints_m[:, _JOINT["head"]] = joint_m + head.apply([0.0, _HEAD_M, 0.03])
    return chest_rad


def _place_arms(
    joints_m: np.ndarray,
    rows: np.ndarray,
    gait: Gait,
    sway: _Sway,
    phase: Series,
    chest_rad: Float[np.ndarray, "frames 2"],
) -> None:
    """Places arms that hang, swing against the legs, bend in a run and wave."""
    shoulders_rad = rows[:, Column.HEADING] - gait.shoulder_share * sway.yaw_rad
    chest = _tilted(shoulders_rad, *chest_rad.T)
    hanging = _tilted(shoulders_rad, *(0.25 * chest_rad.T))
    stride = np.cos(2 * np.pi * phase)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        mirror = np.array([sign, 1.0, 1.0])
        collar = joints_m[:, _JOINT["spine3"]] + chest.apply(_COLLAR * mirror)
        shoulder = collar + chest.apply(_SHOULDER * mirror)
        swing = -sign * 0.5 * gait.arm_swing_rad * sway.amplitude * stride
        raised = rows[:, Column.RAISED_LEFT if sign > 0 else Column.RAISED_RIGHT]
        stroke = rows[:, Column.WAVE] * (raised > 0)
        bent = swing + 0.25 + (0.15 + 1.0 * sway.run_share) * sway.amplitude
        upper = _arm(sign, swing * (1 - raised), 0.14 + 1.3 * raised)
        lower = _arm(sign, bent * (1 - raised), 0.1 + 2.8 * raised + 0.45 * stroke)
        elbow = shoulder + _UPPER_ARM_M * hanging.apply(upper)
        joints_m[:, _JOINT[f"{side}_collar"]] = collar
        joints_m[:, _JOINT[f"{side}_shoulder"]] = shoulder
        joints_m[:, _JOINT[f"{side}_elbow"]] = elbow
        joints_m[:, _JOINT[f"{side}_wrist"]] = elbow + _FOREARM_M * hanging.apply(lower)


def _arm(sign: float, forward_rad: Series, outward_rad: Series) -> Vectors:
    """Direction of an arm bone: down, swung forward, lifted outwards."""
    down = np.cos(outward_rad)
    return np.stack(
        [sign * np.sin(outward_rad), -np.cos(forward_rad) * down, np.sin(forward_rad) * down], 1
    )


def _step(phase: Series, duty: Series) -> tuple[Series, Series]:
    """The distance of a foot ahead of the body, in strides, and the height of its swing, 0 to 1."""
    cycle = phase % 1.0
    swung = np.clip((cycle - duty) / (1 - duty), 0.0, 1.0)
    # a cubic from (-duty/2, slope -1) to (duty/2, slope -1), which joins stance to stance
    slope = duty - 1
    forth = duty * swung * swung * (3 - 2 * swung) + slope * swung * (1 - swung) * (1 - 2 * swung)
    ahead = np.where(cycle < duty, 0.5 * duty - cycle, forth - 0.5 * duty)
    return ahead, np.sin(np.pi * swung) ** 2


def _place_legs(
    joints_m: np.ndarray,
    rows: np.ndarray,
    sway: _Sway,
    phase: Series,
    pelvis: Rotation,
    ground_m: Vectors,
) -> None:
    """Places the feet as the gait requires and bends the knees to reach them."""
    heading, turn_rps = rows[:, Column.HEADING], rows[:, Column.TURN_SPEED]
    speeds_mps = rows[:, [Column.FORWARD_SPEED, Column.LEFT_SPEED]]
    strides_hz = stride_hz(rows)
    # a foot is on the floor for 62 % of the stride in a walk, 28 % in a run
    duty = np.interp(np.hypot(*speeds_mps.T), [1.0, 3.0], [0.62, 0.28])
    stride_forward_m, stride_left_m = (speeds_mps / strides_hz[:, None]).T
    stepping = np.maximum(sway.amplitude, eased(np.abs(turn_rps) / 0.6))
    lift_m = stepping * (0.07 + 0.12 * sway.run_share)
    rise_m = np.maximum(rows[:, Column.RISE], 0.0)
    airborne_m = np.maximum(rise_m - HEEL_RISE_M, 0.0)
    left, ahead = _axes(heading)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        shift, swing = _step(phase + (0.0 if sign > 0 else 0.5), duty)
        toes_left, toes_ahead = _axes(heading + turn_rps / strides_hz * shift)
        aside_m = sign * (_STANCE_M + 0.175 * np.abs(stride_left_m))
        wanted = ground_m + toes_left * aside_m[:, None]
        wanted += ahead * (stride_forward_m * shift)[:, None]
        wanted += left * (stride_left_m * shift)[:, None]
        wanted[:, 1] += _ANKLE_M + rise_m + lift_m * swing
        hip = joints_m[:, _JOINT["pelvis"]] + pelvis.apply(_HIP * np.array([sign, 1.0, 1.0]))
        knee, ankle = _bent_leg(hip, wanted, toes_ahead)
        # behind the body the heel rises first, while the toes stay on the floor
        heel_m = np.where(shift * stride_forward_m > 0, ankle[:, 1] - wanted[:, 1], 0.0)
        toe_height_m = ground_m[:, 1] + _TOE_M + airborne_m + lift_m * swing + heel_m
        drop_m = np.clip(ankle[:, 1] - toe_height_m, -0.5 * _FOOT_M, 0.98 * _FOOT_M)
        foot = ankle + toes_ahead * np.sqrt(_FOOT_M**2 - drop_m**2)[:, None]
        foot[:, 1] -= drop_m
        for name, joint_m in (("hip", hip), ("knee", knee), ("ankle", ankle), ("foot", foot)):
            joints_m[:, _JOINT[f"{side}_{name}"]] = joint_m


def _bent_leg(hip: Vectors, wanted: Vectors, toes_ahead: Vectors) -> tuple[Vectors, Vectors]:
    """Knee and ankle of a leg that reaches for the wanted ankle with the knee bent forward."""
    reach = wanted - hip
    wanted_m = np.sqrt((reach * reach).sum(axis=1))
    # an overextended leg straightens smoothly, so that the knee does not snap
    firm_m, most_m = _FIRM * (_THIGH_M + _SHIN_M), 0.9995 * (_THIGH_M + _SHIN_M)
    over_m = np.maximum(wanted_m - firm_m, 0.0) / (most_m - firm_m)
    length_m = np.where(
        over_m > 0, most_m - (most_m - firm_m) * np.exp(-over_m), np.maximum(wanted_m, 0.1)
    )
    along = reach / wanted_m[:, None]
    across = toes_ahead - along * (toes_ahead * along).sum(axis=1)[:, None]
    across /= np.sqrt((across * across).sum(axis=1))[:, None]
    down_m = (_THIGH_M**2 - _SHIN_M**2 + length_m**2) / (2 * length_m)
    out_m = np.sqrt(np.maximum(_THIGH_M**2 - down_m**2, 0.0))
    knee = hip + along * down_m[:, None] + across * out_m[:, None]
    return knee, hip + along * length_m[:, None]
