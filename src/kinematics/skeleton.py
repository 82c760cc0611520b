"""Joint names, body points and parts, mirror pairs. Plain data: imports no array library.

Files name joints in many ways. All measurements use the eighteen `POINTS` below; a `Skeleton` maps
the joints of a file to these points.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

POINTS: tuple[str, ...] = (
    "pelvis",
    "chest",
    "neck",
    "head",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
    "left_foot",
    "right_foot",
)
"""The body points, in the order of arrays of points."""

PART_GROUPS: tuple[str, ...] = (
    "body",
    "head",
    "upper_limb",
    "lower_limb",
    "body_hand",
    "head_hand",
    "leg_hand",
)
"""The seven part groups of the micro-action literature."""


def mirrored(name: str) -> str:
    """The name of the corresponding joint or part on the other side of the body.

    >>> mirrored("left_wrist"), mirrored("right_upper_limb"), mirrored("head")
    ('right_wrist', 'left_upper_limb', 'head')
    """
    for side, opposite in (("left_", "right_"), ("right_", "left_")):
        if name.startswith(side):
            return opposite + name.removeprefix(side)
    return name


POINT_MIRROR: tuple[int, ...] = tuple(POINTS.index(mirrored(name)) for name in POINTS)
"""`points[:, POINT_MIRROR]` swaps left and right."""


@dataclass(frozen=True, kw_only=True)
class Skeleton:
    """A named list of joints, and for each of `POINTS` the joints whose mean it is (maybe none)."""

    name: str
    joints: tuple[str, ...]
    points: tuple[tuple[int, ...], ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """The body points that this skeleton lacks."""
        return tuple(name for name, joints in zip(POINTS, self.points, strict=True) if not joints)


# The words that name each point in files, best first; below, the points whose mean replaces it.
_SYNONYMS: dict[str, tuple[str, ...]] = {
    "pelvis": ("pelvis", "hips", "midhip", "root", "hip"),
    "chest": (
        *("spine3", "spine2", "chest3", "chest2"),
        *("chest", "upperchest", "spine1", "thorax", "spine", "torso"),
    ),
    "neck": ("neck", "neck1", "upperneck"),
    "head": ("head", "headtop", "topofhead"),
    "shoulder": (
        "upperarm",
        "uparm",
        "arm",
        "shoulder",
    ),  # "shoulder" is the collar in rigs that also have an arm
    "elbow": ("elbow", "lowerarm", "forearm", "lowarm"),
    "wrist": ("wrist", "hand"),
    "hip": ("hip", "upperleg", "upleg", "thigh"),
    "knee": ("knee", "lowerleg", "lowleg", "leg", "shin"),
    "ankle": ("ankle", "foot"),
    "foot": ("foot", "bigtoe", "toebase", "toe", "toes"),
}
_STAND_INS: dict[str, tuple[tuple[str, ...], ...]] = {
    "pelvis": (("left_hip", "right_hip"),),
    "neck": (("left_shoulder", "right_shoulder"),),
    "chest": (("pelvis", "neck"),),
    "head": (),
    "left_foot": (("left_ankle",),),
    "right_foot": (("right_ankle",),),
}
_FACE = ("leftear", "rightear", "lefteye", "righteye", "nose")


_RIG_PREFIX = re.compile(r"^(.*:|(mixamorig\d*|character\d+|model|bip\d+)[_ ](?=.))", re.IGNORECASE)


def _plain(name: str) -> str:
    """A joint's name in lower case, side first: `UpLeg_L`, `mixamorig:LeftUpLeg` -> `leftupleg`."""
    name = _RIG_PREFIX.sub("", name)
    if last_side := re.search(r"[_. ]([lrLR])$", name):
        name = {"l": "left", "r": "right"}[last_side[1].lower()] + name[: last_side.start()]
    if short_side := re.match(r"[lrLR](?=[A-Z_ ])", name):
        name = {"l": "left", "r": "right"}[short_side[0].lower()] + name[1:]
    name = re.sub(r"[^a-z0-9]", "", name.lower())
    for side in ("left", "right"):
        if name.endswith(side) and not name.startswith(side):
            name = side + name.removesuffix(side)
    return name


def from_names(joints: Sequence[str], *, name: str = "named") -> Skeleton:
    """A skeleton from a file's own joint names in any usual style.

    >>> cmu = from_names(["Hips", "Spine", "LeftUpLeg", "LeftLeg", "LeftFoot", "LeftToeBase"])
    >>> dict(zip(POINTS, cmu.points, strict=True))["left_knee"]
    (3,)
    """
    index: dict[str, int] = {}
    for i, joint in enumerate(joints):
        index.setdefault(_plain(joint), i)
    points: dict[str, tuple[int, ...]] = {}
    for point in POINTS:
        side, _, bare = point.rpartition("_")
        for word in _SYNONYMS[bare]:
            if side + word in index:
                points[point] = (index[side + word],)
                break
    # Some rigs call the toe base "foot" and the ankle "ankle"; others the ankle "foot".
    for side in ("left", "right"):
        ankle, foot = f"{side}_ankle", f"{side}_foot"
        if points.get(ankle) == points.get(foot) and ankle in points:
            toes = [index[side + word] for word in _SYNONYMS["foot"][1:] if side + word in index]
            points[foot] = (toes[0],) if toes else ()
    face = tuple(index[word] for word in _FACE if word in index)
    if "head" not in points and face:
        points["head"] = face[:2] if len(face) > 1 else face
    for point, stand_ins in _STAND_INS.items():
        for sources in stand_ins:
            if not points.get(point) and all(points.get(source) for source in sources):
                points[point] = tuple(i for source in sources for i in points[source])
    return Skeleton(
        name=name,
        joints=tuple(joints),
        points=tuple(points.get(point, ()) for point in POINTS),
    )


def mirror_pairs(joints: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Index pairs of corresponding left and right joints, with names in any usual style.

    >>> mirror_pairs(["Hips", "LeftFoot", "RightFoot", "l_hand", "R_Hand"])
    ((1, 2), (3, 4))
    """
    indices = {_plain(joint): index for index, joint in enumerate(joints)}
    return tuple(
        (index, indices["right" + name.removeprefix("left")])
        for name, index in indices.items()
        if name.startswith("left") and "right" + name.removeprefix("left") in indices
    )


_SMPL_22_NAMES = (
    "pelvis left_hip right_hip spine1 left_knee right_knee spine2 left_ankle right_ankle spine3 "
    "left_foot right_foot neck left_collar right_collar head left_shoulder right_shoulder "
    "left_elbow right_elbow left_wrist right_wrist"
).split()
_COCO_17_NAMES = (
    "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow "
    "right_elbow left_wrist right_wrist left_hip right_hip left_knee right_knee left_ankle "
    "right_ankle"
).split()
_BODY_25_NAMES = (
    "nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist mid_hip "
    "right_hip right_knee right_ankle left_hip left_knee left_ankle right_eye left_eye right_ear "
    "left_ear left_big_toe left_small_toe left_heel right_big_toe right_small_toe right_heel"
).split()
_HALPE_26_NAMES = [
    *_COCO_17_NAMES,
    *(
        "head neck hip left_big_toe right_big_toe left_small_toe right_small_toe left_heel "
        "right_heel"
    ).split(),
]

SMPL_22 = from_names(_SMPL_22_NAMES, name="smpl_22")
SMPL_24 = from_names([*_SMPL_22_NAMES, "left_hand", "right_hand"], name="smpl_24")
COCO_17 = from_names(_COCO_17_NAMES, name="coco_17")
BODY_25 = from_names(_BODY_25_NAMES, name="body_25")
HALPE_26 = from_names(_HALPE_26_NAMES, name="halpe_26")
CANONICAL = from_names(POINTS, name="points")

KNOWN: dict[str, Skeleton] = {
    skeleton.name: skeleton
    for skeleton in (SMPL_22, SMPL_24, COCO_17, BODY_25, HALPE_26, CANONICAL)
}
"""The known skeletons by name."""
