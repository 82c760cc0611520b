"""Surfaces of bodies: pixels of triangles, skinning, clothes, and films of them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import _made_body
import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from typer.testing import CliRunner

from kinematics import readers, store
from kinematics.motion import Motion
from mllm.commands.app import app
from mllm.render import raster, surface, triangles
from mllm.render.camera import Lens
from mllm.render.film import Film, film
from mllm.render.folder import Options, recipe
from mllm.render.solids import Solids

FPS = 10.0


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic SMPL-X file."""
    return _made_body.model_file(tmp_path_factory.mktemp("model"))


def limbs(frames: int, **bent: tuple[float, float, float]) -> np.ndarray:
    """Hanging arms, and the given rotations of other joints."""
    pose = np.zeros((frames, 21, 3))
    pose[:, 15], pose[:, 16] = (0, 0, -1.2), (0, 0, 1.2)
    for joint, rotvec in bent.items():
        pose[:, int(joint[1:]) - 1] = rotvec
    return pose


def written(
    path: Path, *, root: np.ndarray | None = None, pose: np.ndarray | None = None, frames: int = 6
) -> Path:
    """A Motion-X file of a person standing at (1, 0.94, 2)."""
    values = np.zeros((frames, 322))
    values[:, :3] = 0 if root is None else root
    values[:, 3:66] = (limbs(frames) if pose is None else pose).reshape(frames, -1)
    values[:, 309:312] = [1.0, 1.29, 2.0]
    np.savez(path, motionx=values, fps=FPS)
    return path


def standing(folder: Path, model: Path, **options: Any) -> Motion:
    [motion] = readers.read(written(folder / "stand.npz", **options), smplx_model=model)
    return motion


# Pixels


def met_by_rays(corners: np.ndarray, rays: np.ndarray) -> np.ndarray:
    """Depths at which rays hit the nearest triangle, after Möller and Trumbore, or infinity."""
    depths = np.full(len(rays), np.inf)
    for first, second, third in corners:
        edge, base = second - first, third - first
        across = np.cross(rays, base)
        volume = across @ edge
        with np.errstate(divide="ignore", invalid="ignore"):
            u = (across @ -first) / volume
            turned = np.cross(-first, edge)
            v = rays @ turned / volume
            depth = (base @ turned) / volume
        seen = (u >= 0) & (v >= 0) & (u + v <= 1) & (depth > 0.2) & (volume < 0)
        depths[seen] = np.minimum(depths[seen], depth[seen])
    return depths


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 30))
def test_a_ray_hits_the_nearest_face(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    vertices = random.uniform([-1, -1, 1.5], [1, 1, 4], (3 * count, 3))
    faces = np.arange(3 * count).reshape(-1, 3)
    lens = Lens(40, 40.0)
    seen = triangles.hits(vertices, vertices, faces, lens)
    rays = raster.rays_of(np.arange(40 * 40), lens).T.astype(float)
    # in this sign convention, counter-clockwise from outside is a negative volume
    expected = met_by_rays(vertices[faces][:, [0, 2, 1]], rays)
    depths = np.full(40 * 40, np.inf)
    depths[seen.pixels] = seen.depths_m
    agree = np.isclose(depths, expected, rtol=1e-4) | (np.isinf(depths) & np.isinf(expected))
    assert (~agree).sum() <= 3 * count  # pixels on an edge may fall to either side
    assert agree.mean() > 0.97


def test_a_ball_of_triangles_looks_like_a_ball() -> None:
    ball = trimesh.creation.icosphere(subdivisions=4, radius=0.5)
    lens, middle = Lens(64, 64.0), np.array([0.2, -0.1, 2.0])
    outward = surface.normals(np.asarray(ball.vertices), np.asarray(ball.faces))
    np.testing.assert_allclose(outward, ball.vertex_normals, atol=0.02)
    seen = triangles.hits(ball.vertices + middle, outward, np.asarray(ball.faces), lens)
    radius, centre = np.full(1, 0.5, np.float32), middle.astype(np.float32)[None]
    colour = np.ones((1, 3), np.float32)
    sphere = Solids(centre, centre, radius, radius, colour, colour, np.ones(1, int))
    solid = raster.hits(sphere, lens)
    both, ours, theirs = np.intersect1d(seen.pixels, solid.pixels, return_indices=True)
    assert len(both) > 0.97 * len(solid.pixels)
    inner = solid.normals[2, theirs] < -0.5
    np.testing.assert_allclose(
        seen.depths_m[ours][inner], solid.depths_m[theirs][inner], atol=0.005
    )
    np.testing.assert_allclose(
        seen.normals[:, ours][:, inner], solid.normals[:, theirs][:, inner], atol=0.03
    )


def test_faces_seen_from_behind_and_faces_behind_the_camera_are_not_drawn() -> None:
    corners = np.array([[-1.0, 1.0, 4.0], [1.0, 1.0, 4.0], [0.0, -1.0, 4.0]])
    lens, up = Lens(32, 32.0), np.tile([0.0, 0.0, -1.0], (3, 1))
    assert len(triangles.hits(corners, up, np.array([[0, 1, 2]]), lens).pixels) > 50
    assert not len(triangles.hits(corners, up, np.array([[0, 2, 1]]), lens).pixels)
    for moved in (corners * [1, 1, -1], corners * [1, 1, 0.01], corners + np.array([40.0, 0, 0])):
        assert not len(triangles.hits(moved, up, np.array([[0, 1, 2]]), lens).pixels)


# Skinning


def by_matrices(
    arrays: dict[str, np.ndarray], root: np.ndarray, pose: np.ndarray, position: np.ndarray
) -> np.ndarray:
    """Vertices of a frame by chains of 4 by 4 matrices, as in the paper on SMPL."""
    parents = arrays["kintree_table"][0].astype(np.int64)
    hands = np.concatenate([arrays["hands_meanl"], arrays["hands_meanr"]]).reshape(-1, 3)
    rotvecs = np.concatenate([root[None], pose, np.zeros((3, 3)), hands])
    turns = Rotation.from_rotvec(rotvecs).as_matrix()
    feature = (turns[1:] - np.eye(3)).ravel()
    vertices = arrays["v_template"] + arrays["posedirs"].astype(float) @ feature
    joints = arrays["J_regressor"] @ arrays["v_template"]
    chains: list[np.ndarray] = []
    for joint, turn in enumerate(turns):
        own = np.eye(4)
        own[:3, :3] = turn
        own[:3, 3] = joints[joint] - (joints[parents[joint]] if joint else 0)
        chains.append(own if not joint else chains[parents[joint]] @ own)
    moved = []
    for chain, joint in zip(chains, joints, strict=True):
        back = np.eye(4)
        back[:3, 3] = -joint
        moved.append(chain @ back)
    blended = np.einsum("vj,jab->vab", arrays["weights"], np.stack(moved))
    whole = np.concatenate([vertices, np.ones((len(vertices), 1))], axis=1)
    posed = np.einsum("vab,vb->va", blended, whole)[:, :3]
    return posed - joints[0] + position


def test_skinning_agrees_with_chains_of_matrices(tmp_path: Path, model: Path) -> None:
    random = np.random.default_rng(2)
    root, pose = random.normal(size=(3, 3)), 0.5 * random.normal(size=(3, 21, 3))
    motion = standing(tmp_path, model, root=root, pose=pose, frames=3)
    body = surface.body(motion, np.asarray(motion.times_s, float))
    assert body is not None
    with np.load(model) as held:
        arrays = dict(held)
    for frame, posed in enumerate(surface.posed(body)):
        position = np.asarray(motion.positions_m)[frame]
        expected = by_matrices(arrays, root[frame], pose[frame], position)
        np.testing.assert_allclose(posed.vertices_m, expected, atol=3e-5)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("joints", [24, 55])
def test_skinning_agrees_with_the_smplx_package(joints: int, tmp_path: Path) -> None:
    lbs = pytest.importorskip("smplx.lbs", reason="`pip install smplx`: not free, so not installed")
    torch = pytest.importorskip("torch")
    path = _made_body.model_file(tmp_path, joints=joints, hands_meanl=None, hands_meanr=None)
    random = np.random.default_rng(2)
    root, pose = random.normal(size=(3, 3)), 0.5 * random.normal(size=(3, 21, 3))
    betas = random.normal(size=10)
    rest = np.zeros((3, 3 * (joints - 22)))
    poses = np.concatenate([root, pose.reshape(3, -1), rest], axis=1)
    shift = random.normal(size=(3, 3))
    file = tmp_path / "walk.npz"
    np.savez(file, poses=poses, trans=shift, betas=betas, mocap_framerate=FPS)
    [motion] = readers.amass.read(file, smplx_model=path, up="y")
    body = surface.body(motion, np.asarray(motion.times_s, float))
    assert body is not None
    with np.load(path) as held:
        tensors = {name: torch.tensor(held[name].astype(float)) for name in _made_body.FLOATS}
        parents = torch.tensor(held["kintree_table"][0].astype(np.int64))
    correctives = tensors["posedirs"].reshape(-1, tensors["posedirs"].shape[-1]).T
    theirs, _ = lbs.lbs(
        torch.tensor(np.tile(betas, (3, 1))), torch.tensor(poses), tensors["v_template"],
        tensors["shapedirs"], correctives, tensors["J_regressor"], parents, tensors["weights"],
    )  # fmt: skip
    ours = np.stack([posed.vertices_m for posed in surface.posed(body)])
    np.testing.assert_allclose(ours, theirs.numpy() + shift[:, None], atol=3e-5)


@settings(max_examples=5, deadline=None)
@given(turn_rad=st.floats(-3, 3), share=st.floats(0, 1))
def test_the_surface_moves_as_the_root_does(
    turn_rad: float, share: float, tmp_path_factory: pytest.TempPathFactory, model: Path
) -> None:
    """Between two frames the pelvis turns at a constant rate, and the body is rigid."""
    root = np.array([[0.0, 0, 0], [0.0, turn_rad, 0]])
    motion = standing(tmp_path_factory.mktemp("turn"), model, root=root, frames=2)
    body = surface.body(motion, np.array([0.0, share / FPS]))
    assert body is not None
    first, then = (posed.vertices_m for posed in surface.posed(body))
    pelvis = np.asarray(motion.positions_m, float)[0]
    across, back = (np.arctan2(*(vertices - pelvis).T[[0, 2]]) for vertices in (first, then))
    far = np.hypot(*(first - pelvis).T[[0, 2]]) > 0.1
    turned = np.angle(np.exp(1j * (back - across)))[far]
    np.testing.assert_allclose(np.abs(turned - share * turn_rad), 0, atol=0.09)
    np.testing.assert_allclose(turned, turned[0], atol=2e-3)
    np.testing.assert_allclose(first[:, 1], then[:, 1], atol=2e-4)


def test_shape_parameters_make_the_body_larger(tmp_path: Path, model: Path) -> None:
    values = np.load(written(tmp_path / "a.npz"))["motionx"]
    values[:, 312] = 2.0
    np.savez(tmp_path / "large.npz", motionx=values, fps=FPS)
    heights = []
    for name in ("a.npz", "large.npz"):
        [motion] = readers.read(tmp_path / name, smplx_model=model)
        body = surface.body(motion, np.zeros(1))
        assert body is not None
        [posed] = surface.posed(body)
        heights.append(np.ptp(posed.vertices_m[:, 1]))
    assert heights[1] == pytest.approx(1.1 * heights[0], rel=1e-3)


# Films


def test_the_body_stands_on_the_floor(tmp_path: Path, model: Path) -> None:
    made = film([standing(tmp_path, model)], size_px=64)
    lowest = min(posed.vertices_m[:, 1].min() for posed in surface.posed(made.bodies[0].body))
    assert lowest - made.origin_m[1] == pytest.approx(0.0, abs=1e-3)
    assert made.motions[0].joints_m is not None
    ankles = np.asarray(made.motions[0].joints_m)[:, [7, 8], 1]
    assert 0.05 < float(ankles.mean() - made.origin_m[1]) < 0.15


def frames(made: Film) -> np.ndarray:
    return np.stack(list(made.frames()))


def test_films_of_bodies_with_bystanders_are_reproducible(tmp_path: Path, model: Path) -> None:
    motion = standing(tmp_path, model, frames=3)
    options: dict[str, Any] = {"size_px": 64, "fps": FPS, "others": 1, "seed": 3}
    made = film([motion], **options)
    assert (len(made.people), list(made.bodies)) == (2, [0])
    assert np.array_equal(frames(made), frames(film([motion], **options)))
    unseen = replace(made, shown=(np.zeros(3, bool), made.shown[1]))
    assert (frames(unseen) != frames(made)).any(axis=(1, 2, 3)).all()


def test_a_gap_in_the_track_hides_the_body(tmp_path: Path, model: Path) -> None:
    path = written(tmp_path / "gap.npz", frames=30)
    values = np.load(path)["motionx"]
    values[10:20] = np.nan
    np.savez(path, motionx=values, fps=FPS)
    [motion] = readers.read(path, smplx_model=model)
    made = film([motion], size_px=64, fps=FPS, things=0)
    empty = replace(made, people=(), bodies={}, shown=())
    changed = (frames(made) != frames(empty)).any(axis=(1, 2, 3))
    assert changed[:10].all()
    assert not changed[10:20].any()
    assert changed[21:].all()


# Model files


def bad(**changes: Any) -> dict[str, Any]:
    return changes


BAD_MODELS = {
    "no weights": (bad(weights=None), "no weights, so it has no surface"),
    "no faces": (bad(f=None), "no f, so"),
    "too few rows": (bad(weights=np.zeros((9, 55))), "weights: shape (9, 55); expected ("),
    "other correctives": (bad(posedirs=np.zeros((9, 3, 207))), "posedirs: shape (9, 3, 207)"),
    "quads": (bad(f=np.zeros((5, 4), int)), "f: shape (5, 4); expected (faces, 3)"),
    "faces of nothing": (bad(f=np.full((5, 3), 10**6)), "f: vertices 1000000 to 1000000; expected"),
    "faces that are not integers": (bad(f=np.zeros((5, 3))), "f: dtype float64"),
}


@pytest.mark.parametrize("name", BAD_MODELS)
def test_a_file_without_a_proper_surface_is_refused(name: str, tmp_path: Path) -> None:
    changes, message = BAD_MODELS[name]
    path = _made_body.model_file(tmp_path, **changes)
    with pytest.raises(ValueError, match=r"SMPLX_NEUTRAL\.npz") as caught:
        surface.read(path)
    assert message in str(caught.value)
    assert "Use the original .npz model file" in str(caught.value)


def test_all_problems_of_a_surface_are_named_at_once(tmp_path: Path) -> None:
    arrays = _made_body.arrays()
    weights, correctives = 3 * arrays["weights"], arrays["posedirs"].copy()
    correctives[4, 1, 2] = np.nan
    path = _made_body.model_file(tmp_path, weights=weights, posedirs=correctives)
    with pytest.raises(ValueError, match=r"posedirs: 1 values.*\n.*weights: rows are not shares"):
        surface.read(path)


def test_a_model_turned_inside_out_is_turned_back(tmp_path: Path, model: Path) -> None:
    swapped = _made_body.arrays()["f"][:, ::-1]
    path = _made_body.model_file(tmp_path, f=swapped)
    assert np.array_equal(surface.read(path).faces, surface.read(model).faces)


# The command


def run(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["render", *map(str, arguments)])
    return done.exit_code, done.output


def test_the_command_films_bodies_with_a_file_or_a_folder_of_models(
    tmp_path: Path, model: Path
) -> None:
    pytest.importorskip("av", reason="`pip install av`")
    path, out = written(tmp_path / "walk.npz", frames=4), tmp_path / "videos"
    options = ("--size", "64", "--fps", "10")
    for named, said in ((model, ""), (model.parent, ", 1 of them from before")):
        code, told = run(path, out, *options, "--smplx-model", named)
        assert (code, f"1 videos{said}, 4 frames" in told) == (0, True), told
    surfaced = (out / "walk.mp4").read_bytes()
    code, told = run(path, out, *options)
    assert code == 0
    assert (out / "walk.mp4").read_bytes() != surfaced  # a different recipe without a model


def test_a_useless_model_option_is_reported(tmp_path: Path, model: Path) -> None:
    pytest.importorskip("av", reason="`pip install av`")
    standing(tmp_path, model).save(tmp_path / "plain.npz")
    asked = (tmp_path / "plain.npz", tmp_path / "videos", "--size", "32", "--smplx-model")
    code, told = run(*asked, model)
    assert (code, "no motion holds a body's pose" in told.replace("\n", " ")) == (0, True), told
    store.write([standing(tmp_path, model)], tmp_path / "corpus")
    assert store.read(tmp_path / "corpus")[0].body is None
    (tmp_path / "empty").mkdir()
    path = written(tmp_path / "walk.npz")
    for named in ("plain.npz", "empty"):
        code, told = run(path, *asked[1:], tmp_path / named)
        assert code != 0
        assert named in told
        assert "Traceback" not in told


def test_a_recipe_depends_on_pose_shape_and_model(tmp_path: Path, model: Path) -> None:
    motion = standing(tmp_path, model)
    assert motion.body is not None
    rigid = _made_body.model_file(tmp_path, posedirs=0 * _made_body.arrays()["posedirs"])
    bodies = [
        motion.body,
        replace(motion.body, rotvecs_rad=motion.body.rotvecs_rad + np.float32(0.1)),
        replace(motion.body, betas=motion.body.betas + np.float32(0.1)),
        replace(motion.body, model=str(rigid)),
        None,
    ]
    recipes = {recipe([replace(motion, body=body)], Options()) for body in bodies}
    assert len(recipes) == 5
