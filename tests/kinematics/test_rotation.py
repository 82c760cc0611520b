"""Rotations against independent ones, easy and nasty, in both precisions; gradients everywhere."""

import math

import jax
import jax.numpy as jnp
import jaxlie
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax.test_util import check_grads
from scipy.spatial.transform import Rotation

from kinematics.geometry import rotation

UP = np.array([0.0, 1.0, 0.0])
ROUNDING = {"float32": 2e-6, "float64": 1e-14}
"""Greatest error of an angle or of a unit vector's component, away from hanging head down."""


def turned(heading_deg: float, forward_deg: float = 0.0, left_deg: float = 0.0) -> np.ndarray:
    """A lean of the given direction and size in the heading frame, then the heading (wxyz)."""
    swing = Rotation.from_rotvec(np.radians([forward_deg, 0.0, -left_deg]))
    twist = Rotation.from_rotvec(np.radians([0.0, heading_deg, 0.0]))
    return (twist * swing).as_quat(scalar_first=True)


NASTY = {
    "identity": turned(0),
    "minus identity": -turned(0),
    "hair's breadth": turned(1e-6),
    "hair's breadth of lean": turned(0, 1e-6),
    "about-turn": turned(180),
    "about-turn the other way": -turned(180),
    "almost about-turn": turned(180 - 1e-3),
    "just beyond about-turn": turned(180 + 1e-3),
    "lying on the back": turned(30, -90),
    "lying on the left side": turned(-120, 0, 90),
    "bow of 100 degrees": turned(45, 100),
    "bow of 130 degrees, facing away": turned(180, 130),
    "bent over sideways and forward": turned(-170, 80, 70),
    "169 degrees over": turned(100, 169),
}
UPSIDE_DOWN = {
    "half turn about x": np.array([0.0, 1, 0, 0]),
    "half turn about z": np.array([0.0, 0, 0, 1]),
    "half turn about a diagonal": np.array([0.0, 1, 0, 1]) / math.sqrt(2),
    "almost head down": turned(20, 180 - 1e-3),
    "a little beyond head down": turned(20, 180 + 1e-3),
}
ORDINARY = Rotation.random(400, rng=np.random.default_rng(7)).as_quat(scalar_first=True)


def head_up(wxyz: np.ndarray) -> np.ndarray:
    """The rotations more than 10 degrees away from hanging head down, where a heading exists."""
    cosine = Rotation.from_quat(wxyz, scalar_first=True).apply(UP)[:, 1]
    return wxyz[cosine > -math.cos(math.radians(10))]


DEFINED = np.concatenate([np.stack(list(NASTY.values())), head_up(ORDINARY)])
ANY = np.concatenate([DEFINED, np.stack(list(UPSIDE_DOWN.values())), ORDINARY])


# compiled once a shape and precision, not operation by operation
heading, tilt, lean, about_up, wrapped, sincos, atan2, norm = map(
    jax.jit,
    (
        rotation.heading,
        rotation.tilt,
        rotation.lean,
        rotation.about_up,
        rotation.wrapped,
        rotation.sincos,
        rotation.atan2,
        rotation.norm,
    ),
)
multiply, conjugate, rotate = map(jax.jit, (rotation.multiply, rotation.conjugate, rotation.rotate))


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    with jax.enable_x64(request.param == "float64"):
        yield request.param


def rotations_of(wxyz: np.ndarray, dtype: str) -> tuple[jax.Array, Rotation]:
    """The same rotations for us and for SciPy, which gets what is left after the cast."""
    cast = wxyz.astype(dtype)
    return jnp.asarray(cast), Rotation.from_quat(cast.astype(float), scalar_first=True)


def apart(angle_rad: np.ndarray, other_rad: np.ndarray) -> float:
    """Greatest difference between angles, the short way round."""
    difference = np.asarray(angle_rad, float) - other_rad
    return np.abs((difference + math.pi) % (2 * math.pi) - math.pi).max()


def heading_by_matrix(reference: Rotation) -> np.ndarray:
    """Twist about the vertical from the rotation matrix: no quaternion is looked at."""
    matrix = reference.as_matrix()
    return np.arctan2(matrix[:, 0, 2] - matrix[:, 2, 0], matrix[:, 0, 0] + matrix[:, 2, 2])


# Angles ------------------------------------------------------------------------------------------


def test_heading_is_the_twist_of_the_swing_twist_split(dtype):
    ours, scipy = rotations_of(DEFINED, dtype)
    heading_rad = np.asarray(heading(ours))
    assert heading_rad.dtype == dtype
    assert np.abs(heading_rad).max() <= math.pi + 1e-6
    bound = 10 * ROUNDING[dtype]  # near head down a heading magnifies rounding up to elevenfold
    assert apart(heading_rad, heading_by_matrix(scipy)) < bound
    # what is left without it is a turn about a level axis
    twist = Rotation.from_rotvec(heading_rad[:, None].astype(float) * UP)
    for swing in (scipy * twist.inv(), twist.inv() * scipy):
        assert np.abs(swing.as_quat()[:, 1]).max() < bound


def test_tilt_is_the_angle_between_the_two_ups(dtype):
    ours, scipy = rotations_of(ANY, dtype)
    up = scipy.apply(UP)
    expected_rad = np.arctan2(np.hypot(up[:, 0], up[:, 2]), up[:, 1])
    assert np.abs(tilt(ours) - expected_rad).max() < ROUNDING[dtype]


def test_lean_is_the_tilt_laid_out_in_the_heading_frame(dtype):
    ours, scipy = rotations_of(DEFINED, dtype)
    forward_rad, left_rad = (np.asarray(x, float) for x in lean(ours))
    twist = Rotation.from_rotvec(heading_by_matrix(scipy)[:, None] * UP)
    left, up, ahead = twist.inv().apply(scipy.apply(UP)).T
    tilt_rad, way_rad = np.arctan2(np.hypot(left, ahead), up), np.arctan2(left, ahead)
    bound = 20 * ROUNDING[dtype]  # its direction is as uncertain as the heading
    assert np.abs(forward_rad - tilt_rad * np.cos(way_rad)).max() < bound
    assert np.abs(left_rad - tilt_rad * np.sin(way_rad)).max() < bound


def test_lean_is_as_long_as_the_tilt_even_head_down(dtype):
    ours, _ = rotations_of(ANY, dtype)
    length_rad = np.hypot(*(np.asarray(x, float) for x in lean(ours)))
    hangs = np.isclose(norm(ours[:, 0], ours[:, 2]), 0, atol=1e-12)
    assert np.abs(length_rad - tilt(ours))[~hangs].max() < 4 * ROUNDING[dtype]
    assert np.isfinite(length_rad).all()


@pytest.mark.parametrize(
    ("forward_deg", "left_deg"), [(0, 0), (20, 0), (-30, 0), (0, 15), (100, 0), (-60, 80), (12, -9)]
)
@pytest.mark.parametrize("heading_deg", [0, 90, 180, -135])
def test_heading_and_lean_are_read_back(heading_deg, forward_deg, left_deg):
    """By construction: forward is where the body faces, left its own left, whatever the heading."""
    wxyz = jnp.asarray(turned(heading_deg, forward_deg, left_deg), jnp.float32)
    leans_rad = np.array(lean(wxyz), float)
    assert leans_rad == pytest.approx(np.radians([forward_deg, left_deg]), abs=3e-6)
    assert apart(heading(wxyz), math.radians(heading_deg)) < 3e-6


def test_a_quaternion_and_its_negative_are_one_rotation(dtype):
    ours, _ = rotations_of(DEFINED, dtype)
    for one, other in zip(
        (heading(ours), tilt(ours), *lean(ours)),
        (heading(-ours), tilt(-ours), *lean(-ours)),
        strict=True,
    ):
        assert apart(one, np.asarray(other, float)) < 1e-6


@given(
    heading_rad=st.floats(-10, 10),
    forward_rad=st.floats(-1.5, 1.5),
    left_rad=st.floats(-1.5, 1.5),
    turn_rad=st.floats(-10, 10),
)
def test_turning_the_world_adds_to_the_heading_and_leaves_the_lean(
    heading_rad, forward_rad, left_rad, turn_rad
):
    before = turned(*np.degrees([heading_rad, forward_rad, left_rad])).astype(np.float32)
    turn = about_up(jnp.float32(turn_rad))
    after = multiply(turn, jnp.asarray(before))
    expected_rad = float(heading(jnp.asarray(before))) + turn_rad
    assert apart(heading(after), expected_rad) < 1e-5
    leans_before, leans_after = (np.array(lean(x)) for x in (jnp.asarray(before), after))
    assert leans_after == pytest.approx(leans_before, abs=1e-5)


# Algebra -----------------------------------------------------------------------------------------


def test_products_inverses_and_turned_vectors(dtype):
    ours, scipy = rotations_of(ANY, dtype)
    others, scipy_others = rotations_of(ANY[::-1].copy(), dtype)
    vectors = np.random.default_rng(1).normal(size=(len(ANY), 3)).astype(dtype)
    bound = 5 * ROUNDING[dtype]

    def gap(wxyz: jax.Array, expected: Rotation) -> float:
        expected_wxyz = expected.as_quat(scalar_first=True)
        wxyz = np.asarray(wxyz, float)
        wxyz = wxyz * np.where((wxyz * expected_wxyz).sum(axis=1, keepdims=True) < 0, -1, 1)
        return np.abs(wxyz - expected_wxyz).max()

    assert gap(multiply(ours, others), scipy * scipy_others) < bound
    assert gap(conjugate(ours), scipy.inv()) < bound
    moved = np.asarray(rotate(ours, jnp.asarray(vectors)))
    assert moved.dtype == dtype
    assert np.abs(moved - scipy.apply(vectors)).max() < bound


def test_agreement_with_jaxlie():
    ours = jnp.asarray(ANY, jnp.float32)
    others, vectors = ours[::-1], ours[:, 1:]
    angle_rad = jnp.linspace(-3.0, 3.0, len(ANY))

    @jax.jit
    @jax.vmap
    def by_jaxlie(wxyz, other_wxyz, vector, angle_rad):
        one, other = jaxlie.SO3(wxyz), jaxlie.SO3(other_wxyz)
        about_up = jaxlie.SO3.from_y_radians(angle_rad)
        return (one @ other).wxyz, one.inverse().wxyz, one @ vector, about_up.wxyz

    found = (
        multiply(ours, others),
        conjugate(ours),
        rotate(ours, vectors),
        about_up(angle_rad),
    )
    for mine, theirs in zip(found, by_jaxlie(ours, others, vectors, angle_rad), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=2e-6)


def test_agreement_with_pytorch3d():
    transforms = pytest.importorskip("pytorch3d.transforms")
    torch = pytest.importorskip("torch")
    ours, theirs = ANY.astype(np.float32), torch.tensor(ANY.astype(np.float32))
    vectors = np.random.default_rng(2).normal(size=(len(ANY), 3)).astype(np.float32)
    product = transforms.quaternion_raw_multiply(theirs, theirs.flip(0))
    close = {"rtol": 0, "atol": 5e-6}
    np.testing.assert_allclose(
        multiply(jnp.asarray(ours), jnp.asarray(ours[::-1].copy())), product, **close
    )
    np.testing.assert_allclose(
        rotate(jnp.asarray(ours), jnp.asarray(vectors)),
        transforms.quaternion_apply(theirs, torch.tensor(vectors)),
        **close,
    )
    up = transforms.quaternion_to_matrix(theirs)[:, :, 1].numpy()
    tilt_rad = np.arctan2(np.hypot(up[:, 0], up[:, 2]), up[:, 1])
    np.testing.assert_allclose(tilt(jnp.asarray(ours)), tilt_rad, **close)


@given(angle_rad=st.floats(-6000, 6000, width=32))
def test_about_up_and_heading_undo_each_other(angle_rad):
    wxyz = about_up(jnp.float32(angle_rad))
    assert float(jnp.sum(wxyz * wxyz)) == pytest.approx(1, abs=5e-7)
    assert apart(heading(wxyz), angle_rad) < 1e-6 + 1e-7 * abs(angle_rad)
    assert float(tilt(wxyz)) == 0


# Functions that XLA's own are too slow for -------------------------------------------------------


def test_atan2_is_as_accurate_as_it_says(dtype):
    angle_rad = np.linspace(-math.pi, math.pi, 20_001)
    size = np.random.default_rng(3).uniform(-12, 12, angle_rad.shape)
    y, x = (np.asarray(f(angle_rad) * 10**size, dtype) for f in (np.sin, np.cos))
    corners = np.array([0, 1, -1, 1e-30, -1e-30, 1e30, -1e30, 5, -5], dtype)
    y, x = (
        np.concatenate([a, b.ravel()])
        for a, b in zip((y, x), np.meshgrid(corners, corners), strict=True)
    )
    ours = np.asarray(atan2(jnp.asarray(y), jnp.asarray(x)))
    assert ours.dtype == dtype
    expected_rad = np.arctan2(y.astype(np.longdouble), x.astype(np.longdouble))
    # a negative angle that the format cannot tell from a half turn may come out as either
    assert apart(ours, expected_rad.astype(float)) < {"float32": 3e-7, "float64": 1e-15}[dtype]


def test_atan2_knows_no_signed_zeros():
    zeros = [(y, x) for y in (0.0, -0.0) for x in (0.0, -0.0)]
    assert [float(atan2(jnp.float32(y), jnp.float32(x))) for y, x in zeros] == [0] * 4
    for zero in (0.0, -0.0):
        half_turn = float(atan2(jnp.float32(zero), jnp.float32(-1)))
        assert half_turn == pytest.approx(math.pi, abs=3e-7)


def test_sincos_is_as_accurate_as_it_says(dtype):
    """In float64 pi itself, in float64, costs less than the angle's own rounding."""
    for widest_rad in (7.0, 2 * math.pi * 2000):
        angle_rad = np.linspace(-widest_rad, widest_rad, 20_001).astype(dtype)
        sine, cosine = (np.asarray(x) for x in sincos(jnp.asarray(angle_rad)))
        assert sine.dtype == cosine.dtype == dtype
        exact_rad = angle_rad.astype(np.longdouble)
        bound = 2e-7 if dtype == "float32" else 3e-16 + 5e-17 * np.abs(angle_rad)
        assert (np.abs(sine - np.sin(exact_rad)) < bound).all()
        assert (np.abs(cosine - np.cos(exact_rad)) < bound).all()


@given(angle_rad=st.floats(-1000, 1000, width=32))
def test_wrapped_takes_off_whole_turns(angle_rad):
    wrapped_rad = float(wrapped(jnp.float32(angle_rad)))
    assert abs(wrapped_rad) <= math.pi + 2e-4  # half a unit in the last place of 1000, and more
    turns = (angle_rad - wrapped_rad) / (2 * math.pi)
    assert turns == pytest.approx(round(turns), abs=3e-5)


@given(parts=st.tuples(*[st.sampled_from([0, 1, -3.5]) | st.floats(1e-12, 1e12)] * 3))
def test_norm_is_the_length(parts):
    length = float(norm(*(jnp.float32(part) for part in parts)))
    assert length == pytest.approx(math.hypot(*parts), rel=1e-6)


def test_sqrt_forgives_rounding_below_zero():
    roots = rotation.sqrt(jnp.array([-1e-9, 0.0, 2.25]))
    assert roots.tolist() == [0, 0, 1.5]


# Gradients ---------------------------------------------------------------------------------------

OF_ROTATIONS = {
    "heading": rotation.heading,
    "tilt": rotation.tilt,
    "lean": rotation.lean,
    "conjugate": rotation.conjugate,
    "multiply": lambda wxyz: rotation.multiply(wxyz, wxyz),
    "rotate": lambda wxyz: rotation.rotate(wxyz, wxyz[..., 1:]),
}


@pytest.mark.parametrize("name", OF_ROTATIONS)
def test_gradients_are_finite_at_every_rotation(name, dtype):
    def total(wxyz: jax.Array) -> jax.Array:
        return sum(jnp.sum(leaf) for leaf in jax.tree.leaves(OF_ROTATIONS[name](wxyz)))

    gradient = np.asarray(jax.jit(jax.grad(total))(jnp.asarray(ANY, dtype)))
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() > 0


@pytest.mark.parametrize("name", OF_ROTATIONS)
def test_gradients_are_those_of_finite_differences(name):
    with jax.enable_x64(True):
        generic = jnp.asarray(np.stack([turned(30, 40, -20), turned(-150, 100, 5), turned(179, 9)]))
        check_grads(jax.jit(OF_ROTATIONS[name]), (generic,), order=1, modes=("fwd", "rev"))


def test_heading_has_its_gradient_where_the_angle_jumps():
    """Turning on at a half turn still turns: one radian of heading a radian, on both sides."""
    facing_slope = jax.jit(jax.grad(lambda a: rotation.heading(rotation.about_up(a))))
    for angle_rad in (0.0, math.pi - 1e-6, math.pi, math.pi + 1e-6, -math.pi):
        slope = facing_slope(jnp.float32(angle_rad))
        assert float(slope) == pytest.approx(1, abs=1e-5)


def test_lean_has_its_gradient_where_there_is_none_to_see():
    def leaned(rotvec: jax.Array) -> jax.Array:
        half = 0.5 * rotvec
        wxyz = jnp.stack([jnp.ones_like(half[0]), half[0], jnp.zeros_like(half[0]), half[1]])
        return jnp.stack(rotation.lean(wxyz))

    jacobian = np.asarray(jax.jit(jax.jacobian(leaned))(jnp.zeros(2)))
    assert jacobian == pytest.approx(np.array([[1, 0], [0, -1]]), abs=1e-6)


@pytest.mark.parametrize(
    ("function", "point"),
    [
        (rotation.sqrt, (0.0,)),
        (rotation.sqrt, (-1.0,)),
        (rotation.norm, (0.0, 0.0, 0.0)),
        (rotation.atan2, (0.0, 0.0)),
        (rotation.atan2, (0.0, -1.0)),
        (rotation.atan2, (1e-30, 1e-30)),
        (rotation.sincos, (0.0,)),
        (rotation.wrapped, (math.pi,)),
        (rotation.about_up, (0.0,)),
    ],
)
def test_gradients_are_finite_at_the_edges(function, point):
    def total(*arguments: jax.Array) -> jax.Array:
        return sum(jnp.sum(leaf) for leaf in jax.tree.leaves(function(*arguments)))

    arguments = tuple(range(len(point)))
    gradient = jax.jit(jax.grad(total, argnums=arguments))(*(jnp.float32(x) for x in point))
    assert np.isfinite(gradient).all()


def test_sincos_and_atan2_have_the_gradients_of_the_real_ones():
    with jax.enable_x64(True):
        angle_rad = jnp.linspace(-8.0, 8.0, 33)
        check_grads(sincos, (angle_rad,), order=1, modes=("fwd", "rev"))
        y, x = jnp.sin(angle_rad), 1.5 * jnp.cos(angle_rad)
        check_grads(atan2, (y, x), order=1, modes=("fwd", "rev"))
