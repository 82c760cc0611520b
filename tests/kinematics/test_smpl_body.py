"""Bodies of the SMPL family: laws of the chain of bones, two references, damaged model files."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from kinematics.geometry import smpl_body
from kinematics.geometry.smpl_body import JOINT_COUNTS, BodyModel
from kinematics.readers import body_model
from kinematics.readers.smpl import BODY_JOINTS, Parameters, place

BODY_PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)
"""Which bone hangs from which in the first 22 joints of every model of the family."""

COUNTS = {family: count for count, family in JOINT_COUNTS.items()}


def parents_of(joints: int) -> np.ndarray:
    """The body's own parents; fingers and face hang from wrists and head, one after another."""
    rest = [20, 21] if joints == 24 else [15] * (joints - 22)
    return np.array([*BODY_PARENTS, *rest[: joints - 22]])


def model_arrays(family: str, *, vertices: int = 60, shapes: int = 10) -> dict[str, np.ndarray]:
    """A made-up model file of the family: a different body, the same layout."""
    joints = COUNTS[family]
    random = np.random.default_rng(joints)
    arrays = {
        "v_template": random.normal(size=(vertices, 3)),
        "shapedirs": 0.05 * random.normal(size=(vertices, 3, shapes)),
        "J_regressor": random.dirichlet(np.ones(vertices), joints),
        "kintree_table": np.stack([parents_of(joints) % 2**32, np.arange(joints)]),
    }
    if family != "smpl":
        arrays |= {name: 0.3 * random.normal(size=45) for name in ("hands_meanl", "hands_meanr")}
    return arrays


@pytest.fixture(scope="module", params=sorted(COUNTS))
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> BodyModel:
    path = tmp_path_factory.mktemp("models") / f"{request.param.upper()}_NEUTRAL.npz"
    np.savez(path, **model_arrays(request.param))
    return body_model.read(path)


def reference_m(
    arrays: dict[str, np.ndarray], rotvecs: np.ndarray, betas: np.ndarray, trans: np.ndarray
) -> np.ndarray:
    """One frame's joints by 4 x 4 matrices down the chain, in float64 NumPy: written anew."""
    shaped = arrays["v_template"] + arrays["shapedirs"][:, :, : len(betas)] @ betas
    rest = arrays["J_regressor"] @ shaped
    parents = arrays["kintree_table"][0]
    world = np.zeros((len(rest), 4, 4))
    for joint in range(len(rest)):
        local = np.eye(4)
        local[:3, :3] = Rotation.from_rotvec(rotvecs[joint]).as_matrix()
        local[:3, 3] = rest[joint] - (rest[parents[joint]] if joint else 0)
        world[joint] = local if joint == 0 else world[parents[joint]] @ local
    return world[:, :3, 3] + trans


POSE = jax.jit(smpl_body.pose, static_argnames="parents")


def posed(model: BodyModel, rotvecs: np.ndarray, betas: np.ndarray) -> np.ndarray:
    with jax.enable_x64(True):
        rest = smpl_body.rest_joints_m(model, jnp.asarray(betas))
        return np.asarray(POSE(jnp.asarray(rotvecs), rest, parents=model.parents).joints_m)


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), spread=st.sampled_from([0.0, 1e-9, 1e-3, 0.5, 3.0, 9.0]))
def test_joints_agree_with_matrices_down_the_chain(
    model: BodyModel, seed: int, spread: float
) -> None:
    random = np.random.default_rng(seed)
    joints = len(model.parents)
    rotvecs = spread * random.normal(size=(joints, 3))
    betas, trans = random.normal(size=10), random.normal(size=3)
    expected = reference_m(model_arrays(model.family), rotvecs, betas, trans)
    np.testing.assert_allclose(posed(model, rotvecs, betas) + trans, expected, atol=1e-12)


def test_tracks_of_any_length_agree_with_the_reference(model: BodyModel) -> None:
    random = np.random.default_rng(5)
    for frames in (1, 3, 300):
        rotvecs = random.normal(size=(frames, BODY_JOINTS, 3))
        rotvecs[0, 3] = np.nan if frames == 3 else 0
        trans, betas = random.normal(size=(frames, 3)), random.normal(size=10)
        placed = place(
            Parameters(
                root_rotvecs_rad=rotvecs[:, 0],
                translations_m=trans,
                body_rotvecs_rad=rotvecs[:, 1:].reshape(frames, -1),
                betas=betas,
            ),
            model=model,
        )
        assert placed.joints_m is not None
        frame = frames - 1
        full = np.zeros((len(model.parents), 3))
        full[:BODY_JOINTS] = rotvecs[frame]
        expected = reference_m(model_arrays(model.family), full, betas, trans[frame])
        np.testing.assert_allclose(placed.joints_m[frame], expected[:BODY_JOINTS], atol=1e-12)
        np.testing.assert_array_equal(placed.positions_m[frame], placed.joints_m[frame, 0])


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_root_turns_the_body_about_its_pelvis(model: BodyModel, seed: int) -> None:
    random = np.random.default_rng(seed)
    rotvecs, betas = random.normal(size=(len(model.parents), 3)), random.normal(size=10)
    turn = Rotation.random(rng=random)
    turned = rotvecs.copy()
    turned[0] = (turn * Rotation.from_rotvec(rotvecs[0])).as_rotvec()
    before, after = posed(model, rotvecs, betas), posed(model, turned, betas)
    np.testing.assert_allclose(after - after[0], turn.apply(before - before[0]), atol=1e-12)
    np.testing.assert_allclose(after[0], before[0], atol=1e-12)


def test_bones_keep_their_lengths_and_rest_is_rest(model: BodyModel) -> None:
    random = np.random.default_rng(1)
    betas = random.normal(size=10)
    rest = posed(model, np.zeros((len(model.parents), 3)), betas)
    moved = posed(model, random.normal(size=(len(model.parents), 3)), betas)
    parents = list(model.parents[1:])
    for joints in (rest, moved):
        lengths = np.linalg.norm(joints[1:] - joints[parents], axis=1)
        np.testing.assert_allclose(lengths, np.linalg.norm(rest[1:] - rest[parents], axis=1))
    expected = np.asarray(model.rest_m) + np.asarray(model.shapes_m)[..., :10] @ betas
    np.testing.assert_allclose(rest, expected, atol=1e-12)


def test_gradients_are_right_at_rest_and_elsewhere(model: BodyModel) -> None:
    model = model.first(8)

    def squares(rotvecs: jax.Array) -> jax.Array:
        return (smpl_body.pose(rotvecs, rest, parents=model.parents).joints_m ** 2).sum()

    random = np.random.default_rng(2)
    with jax.enable_x64(True):
        rest = smpl_body.rest_joints_m(model, jnp.zeros(10))
        slope, height = jax.jit(jax.grad(squares)), jax.jit(squares)
        for rotvecs in (np.zeros((len(model.parents), 3)), random.normal(size=rest.shape)):
            direction = random.normal(size=rest.shape)
            ahead, behind = (
                float(height(jnp.asarray(rotvecs + step * direction))) for step in (1e-5, -1e-5)
            )
            found = float((slope(jnp.asarray(rotvecs)) * direction).sum())
            assert found == pytest.approx((ahead - behind) / 2e-5, rel=1e-6)


def smplx_file(folder: Path) -> dict[str, np.ndarray]:
    """A made-up SMPL-X file with everything that the smplx package asks for."""
    random = np.random.default_rng(0)
    vertices = 10_475
    arrays = model_arrays("smplx", vertices=vertices, shapes=20)
    extra = {
        "posedirs": np.zeros((vertices, 3, 486)),
        "weights": random.dirichlet(np.ones(55), vertices),
        "f": np.zeros((4, 3), np.int64),
        "hands_componentsl": np.eye(45),
        "hands_componentsr": np.eye(45),
        "lmk_faces_idx": np.zeros(51, np.int64),
        "lmk_bary_coords": np.full((51, 3), 1 / 3),
        "dynamic_lmk_faces_idx": np.zeros((79, 17), np.int64),
        "dynamic_lmk_bary_coords": np.full((79, 17, 3), 1 / 3),
    }
    (folder / "smplx").mkdir()
    np.savez(folder / "smplx" / "SMPLX_NEUTRAL.npz", **arrays, **extra)
    return arrays


@pytest.mark.parametrize("flat_hands", [True, False])
@pytest.mark.filterwarnings("ignore")
def test_joints_agree_with_the_smplx_package(flat_hands: bool, tmp_path: Path) -> None:
    smplx = pytest.importorskip("smplx", reason="licensed for non-commercial use: not installed")
    torch = pytest.importorskip("torch")
    smplx_file(tmp_path)
    theirs = smplx.create(
        str(tmp_path), model_type="smplx", ext="npz", use_pca=False, flat_hand_mean=flat_hands
    ).double()
    random = np.random.default_rng(3)
    rotvecs = random.normal(size=(55, 3))
    betas, trans = random.normal(size=10), random.normal(size=3)
    names = ("global_orient", "body_pose", "jaw_pose", "leye_pose", "reye_pose",
             "left_hand_pose", "right_hand_pose")  # fmt: skip
    cuts = np.split(rotvecs, [1, 22, 23, 24, 25, 40])
    asked: dict[str, Any] = {
        name: torch.tensor(cut.reshape(1, -1)) for name, cut in zip(names, cuts, strict=True)
    }
    out = theirs(
        **asked,
        betas=torch.tensor(betas[None]),
        transl=torch.tensor(trans[None]),
        expression=torch.zeros((1, 10), dtype=torch.float64),
    )
    ours = body_model.read(tmp_path / "smplx" / "SMPLX_NEUTRAL.npz")
    pose = rotvecs if flat_hands else rotvecs + np.asarray(ours.mean_pose_rad)
    found = posed(ours, pose, betas) + trans
    np.testing.assert_allclose(found, out.joints[0, :55].detach().numpy(), atol=2e-6)


# Model files


def changed(**changes: Any) -> dict[str, np.ndarray]:
    arrays = model_arrays("smplx") | changes
    return {name: value for name, value in arrays.items() if value is not None}


NAN = np.full((60, 3), np.nan)
BAD_MODELS = {
    "no shapes": (changed(shapedirs=None), "no shapedirs; it holds J_regressor"),
    "other joints": (changed(J_regressor=np.zeros((17, 60))), "17 joints; expected one of"),
    "other vertices": (changed(v_template=np.zeros((59, 3))), "expected (59, 3, 10)"),
    "text": (changed(v_template=np.full((60, 3), "a")), "dtype <U1; expected numbers"),
    "not a tree": (changed(kintree_table=np.full((2, 55), 7)), "a joint comes before its parent"),
    "no table": (changed(kintree_table=np.zeros(5)), "expected (2, 55)"),
    "hands of another size": (changed(hands_meanl=np.zeros(12)), "hands_meanl: shape (12,)"),
    "not finite": (changed(v_template=NAN), "v_template: 180 values are not finite"),
    "a number": (changed(v_template=np.float64(1.0)), "v_template: shape ()"),
}


@pytest.mark.parametrize("name", BAD_MODELS)
def test_a_bad_model_is_one_value_error_that_names_it(name: str, tmp_path: Path) -> None:
    arrays, cause = BAD_MODELS[name]
    np.savez(tmp_path / "bad_model.npz", **arrays)
    with pytest.raises(ValueError, match="bad_model") as caught:
        body_model.read(tmp_path / "bad_model.npz")
    assert cause in str(caught.value)
    assert "SMPL-X" in str(caught.value)


def test_a_model_of_python_objects_is_refused(tmp_path: Path) -> None:
    arrays = model_arrays("smpl")
    sparse = np.array({"like": "scipy.sparse"}, dtype=object)
    np.savez(tmp_path / "old_model.npz", **(arrays | {"J_regressor": sparse}))
    with pytest.raises(ValueError, match=r"old_model.*objects in a file can run code"):
        body_model.read(tmp_path / "old_model.npz")


def test_members_that_are_not_needed_may_be_anything(tmp_path: Path) -> None:
    odd = {"part2num": np.array({"a": 1}, dtype=object)}
    np.savez(tmp_path / "model.npz", **model_arrays("smplh"), **odd)
    assert body_model.read(tmp_path / "model.npz").family == "smplh"


def test_a_model_that_was_replaced_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    np.savez(path, **model_arrays("smpl"))
    assert body_model.read(path).family == "smpl"
    np.savez(path, **model_arrays("smplx"))
    assert body_model.read(path).family == "smplx"


def test_shapes_of_smplx_end_where_expressions_begin(tmp_path: Path) -> None:
    for shapes, kept in ((20, 10), (400, 300)):
        np.savez(tmp_path / f"{shapes}.npz", **model_arrays("smplx", shapes=shapes))
        assert body_model.read(tmp_path / f"{shapes}.npz").shapes_m.shape[-1] == kept
    np.savez(tmp_path / "h.npz", **model_arrays("smplh", shapes=16))
    assert body_model.read(tmp_path / "h.npz").shapes_m.shape[-1] == 16
