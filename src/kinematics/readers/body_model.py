"""The joints of SMPL-family model files (`.npz`).

The files are licensed for research and may not be distributed, so users name their own:
`SMPLX_NEUTRAL.npz` and the like, SMPL-H as AMASS publishes it, or SMPL converted to `.npz`. The
reader takes `v_template`, `shapedirs`, `J_regressor`, `kintree_table` and, if present,
`hands_meanl` and `hands_meanr`; surface, texture and pose correctives stay unread.
"""

import re
from functools import lru_cache
from pathlib import Path

import numpy as np

from kinematics.geometry.smpl_body import JOINT_COUNTS, BodyModel, Family
from kinematics.readers.native import layouts, load_arrays

_NEEDED = ("v_template", "shapedirs", "J_regressor", "kintree_table")
_HANDS = ("hands_meanl", "hands_meanr")
_HAND_JOINTS = 15
_SHAPES_WITH_EXPRESSIONS = 400  # SMPL-X: 300 shapes and 100 expressions, or 10 and 10
_CURE = (
    "Name an .npz model file of SMPL, SMPL-H or SMPL-X; a .pkl of the first release holds Python "
    "objects and has to be converted"
)


def read(path: Path | str) -> BodyModel:
    """The joints of a model file; the last four files are cached.

    Raises one `ValueError` that names the file and all its problems.

    >>> import tempfile
    >>> tiny = {
    ...     "v_template": np.zeros((30, 3)), "shapedirs": np.zeros((30, 3, 10)),
    ...     "J_regressor": np.full((24, 30), 1 / 30), "kintree_table": np.arange(-1, 23)[None],
    ... }
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(Path(folder, "SMPL_NEUTRAL.npz"), **tiny)
    ...     read(Path(folder, "SMPL_NEUTRAL.npz")).family
    'smpl'
    """
    path = Path(path)
    stat = path.stat()
    return _read(path, stat.st_size, stat.st_mtime_ns)


def choose(folder: Path, family: Family | None, *, gender: str = "") -> Path:
    """The model file for a body from a folder, by the usual names of the files of its family.

    The gender's own model is preferred, then the neutral model, then the only model of the family.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("SMPLX_FEMALE.npz", "SMPLX_MALE.npz", "SMPL_NEUTRAL.npz"):
    ...         Path(folder, name).touch()
    ...     choose(Path(folder), "smplx", gender="male").name, choose(Path(folder), "smpl").name
    ('SMPLX_MALE.npz', 'SMPL_NEUTRAL.npz')
    """
    files = sorted(folder.rglob("*.npz"))
    words = {path: str(path.relative_to(folder)).lower() for path in files}
    ours = [path for path in files if family in (None, _family_of(words[path]))]
    single_family = len({_family_of(words[path]) for path in ours}) == 1
    for wanted in (gender, "neutral"):
        matches = [p for p in ours if _gender_of(words[p]) == wanted]
        if wanted and matches and single_family:
            return matches[0]
    if len(ours) == 1:
        return ours[0]
    there = ", ".join(str(path.relative_to(folder)) for path in files) or "no .npz file"
    raise ValueError(
        f"{folder}: no single model file for {family or 'a body that its file does not name'}"
        f"{f', {gender}' if gender else ''}; it holds {there}. Expected a name such as "
        f"{(family or 'smplx').upper()}_NEUTRAL.npz; name the model file itself"
    )


def _family_of(words: str) -> str:
    """The last family in a path."""
    families = re.findall(r"smpl[-_]?[hx]?(?![a-z])", words)
    return re.sub("[-_]", "", families[-1]) if families else ""


def _gender_of(words: str) -> str:
    return next((gender for gender in ("neutral", "female", "male") if gender in words), "")


@lru_cache(maxsize=4)
def _read(path: Path, _size: int, _changed_ns: int) -> BodyModel:
    arrays = load_arrays(path, names=(*_NEEDED, *_HANDS))
    if missing := [name for name in _NEEDED if name not in arrays]:
        there = ", ".join(sorted(layouts(path, objects=True))) or "nothing"
        raise ValueError(f"{path}: no {', '.join(missing)}; it holds {there}. {_CURE}")
    if problems := _problems(arrays):
        listed = "\n".join(f"  - {problem}" for problem in problems)
        raise ValueError(f"{path}: not a body model. {_CURE}\n{listed}")
    template, shapes = (arrays[name].astype(np.float64) for name in ("v_template", "shapedirs"))
    regressor = arrays["J_regressor"].astype(np.float64)
    joints = len(regressor)
    family = JOINT_COUNTS[joints]
    if family == "smplx" and shapes.shape[-1] < _SHAPES_WITH_EXPRESSIONS:
        shapes = shapes[..., :10]
    elif family == "smplx":
        shapes = shapes[..., :300]
    mean_pose = np.zeros((joints, 3))
    if family != "smpl" and all(name in arrays for name in _HANDS):
        hands = [arrays[name].astype(np.float64).reshape(_HAND_JOINTS, 3) for name in _HANDS]
        mean_pose[-2 * _HAND_JOINTS :] = np.concatenate(hands)
    parents = arrays["kintree_table"][0].astype(np.int64)
    return BodyModel(
        rest_m=regressor @ template,
        shapes_m=np.einsum("jv,vck->jck", regressor, shapes, optimize=True),
        mean_pose_rad=mean_pose,
        parents=(-1, *parents[1:].tolist()),
        family=family,
        path=str(path),
    )


def _problems(arrays: dict[str, np.ndarray]) -> list[str]:
    """The reasons why the arrays are not a body model."""
    template, shapes, regressor, tree = (arrays[name] for name in _NEEDED)
    problems = [
        f"{name}: dtype {array.dtype}; expected numbers"
        for name, array in arrays.items()
        if array.dtype.kind not in "fiu"
    ]
    vertices = len(template) if template.ndim else 0
    joints = len(regressor) if regressor.ndim else 0
    if joints not in JOINT_COUNTS:
        problems.append(f"J_regressor: {joints} joints; expected one of {sorted(JOINT_COUNTS)}")
    wanted = {
        "v_template": (template, (vertices, 3)),
        "shapedirs": (shapes, (vertices, 3, shapes.shape[-1] if shapes.ndim == 3 else "shapes")),
        "J_regressor": (regressor, (joints, vertices)),
        **{n: (arrays[n], (3 * _HAND_JOINTS,)) for n in _HANDS if n in arrays},
    }
    problems += [
        f"{name}: shape {array.shape}; expected {shape}"
        for name, (array, shape) in wanted.items()
        if array.shape != shape
    ]
    if tree.ndim != 2 or tree.shape[1] != joints:
        problems.append(f"kintree_table: shape {tree.shape}; expected (2, {joints})")
    elif not problems:
        parents = tree[0, 1:].astype(np.int64)
        if not ((parents >= 0) & (parents < np.arange(1, joints))).all():
            problems.append("kintree_table: a joint comes before its parent")
    if not problems:
        problems += [
            f"{name}: {int((~np.isfinite(array)).sum()):,} values are not finite"
            for name, array in arrays.items()
            if not np.isfinite(array).all()
        ]
    return problems
