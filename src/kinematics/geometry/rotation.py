"""Rotations about the vertical and away from it: heading, tilt and lean of unit quaternions.

Quaternions are scalar first and rotate column vectors. Computed on components, with polynomials
for inverse tangent and sine, because XLA's own cost 13 to 57 ns per element on a CPU. Every
function has finite gradients everywhere, also at rest and at zero rotation.
"""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

_TAN_PI_8 = math.sqrt(2) - 1

# Cephes' coefficients: atan on [-tan(pi/8), tan(pi/8)], sine and cosine on [-pi/4, pi/4].
_ATAN_32 = (8.05374449538e-2, -1.38776856032e-1, 1.99777106478e-1, -3.33329491539e-1)
_ATAN_64_TOP = (
    -8.750608600031904122785e-1,
    -1.615753718733365076637e1,
    -7.500855792314704667340e1,
    -1.228866684490136173410e2,
    -6.485021904942025371773e1,
)
_ATAN_64_BOTTOM = (
    1.0,
    2.485846490142306297962e1,
    1.650270098316988542046e2,
    4.328810604912902668951e2,
    4.853903996359136964868e2,
    1.945506571482613964425e2,
)
_SIN_32 = (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
_COS_32 = (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
_SIN_64 = (
    1.58962301576546568060e-10,
    -2.50507477628578072866e-8,
    2.75573136213857245213e-6,
    -1.98412698295895385996e-4,
    8.33333333332211858878e-3,
    -1.66666666666666307295e-1,
)
_COS_64 = (
    -1.13585365213876817300e-11,
    2.08757008419747316778e-9,
    -2.75573141792967388112e-7,
    2.48015872888517045348e-5,
    -1.38888888888730564116e-3,
    4.16666666666665929218e-2,
)


def _polynomial(coefficients: tuple[float, ...], x: Float[Array, "..."]) -> Float[Array, "..."]:
    value = jnp.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        value = value * x + coefficient
    return value


def sqrt(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """Square root with gradient 0, not infinity, at 0; negative rounding noise counts as 0.

    >>> float(sqrt(jnp.array(4.0))), float(jax.grad(sqrt)(0.0))
    (2.0, 0.0)
    """
    positive = x > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, x, 1)), 0)


def norm(*components: Float[Array, "..."]) -> Float[Array, "..."]:
    """Length of a vector given by its components; gradient 0 at the zero vector.

    >>> float(norm(jnp.array(3.0), jnp.array(4.0)))
    5.0
    """
    return sqrt(sum(component * component for component in components))  # type: ignore[arg-type]


@jax.custom_jvp
def atan2(y: Float[Array, "..."], x: Float[Array, "..."]) -> Float[Array, "..."]:
    """Angle of the point (x, y) in (-pi, pi], within 3e-7 (float32) or 1e-15 (float64).

    Unlike `jnp.arctan2`, it is 0 with gradient 0 at the origin, and ignores the sign of zeros
    (`atan2(-0.0, -1.0)` is +pi).

    >>> round(float(atan2(jnp.array(1.0), jnp.array(-1.0))), 6)
    2.356194
    """
    across, along = jnp.abs(y), jnp.abs(x)
    small, large = jnp.minimum(across, along), jnp.maximum(across, along)
    upper = small > _TAN_PI_8 * large
    bottom = jnp.where(upper, small + large, large)
    ratio = jnp.where(upper, small - large, small) / jnp.where(bottom > 0, bottom, 1)
    square = ratio * ratio
    if ratio.dtype == jnp.float64:
        bend = _polynomial(_ATAN_64_TOP, square) / _polynomial(_ATAN_64_BOTTOM, square)
    else:
        bend = _polynomial(_ATAN_32, square)
    angle = ratio + ratio * square * bend + jnp.where(upper, math.pi / 4, 0.0)
    angle = jnp.where(across > along, math.pi / 2 - angle, angle)
    angle = jnp.where(x < 0, math.pi - angle, angle)
    return jnp.where(y < 0, -angle, angle)


@atan2.defjvp
def _atan2_jvp(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    (y, x), (dy, dx) = primals, tangents
    square = x * x + y * y
    at_origin = square == 0
    slope = (x * dy - y * dx) / jnp.where(at_origin, 1, square)
    return atan2(y, x), jnp.where(at_origin, 0, slope)


def sincos(angle_rad: Float[Array, "..."]) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Sine and cosine for up to some thousand turns; error within 2e-7 (float32) near zero turns.

    >>> sine, cosine = sincos(jnp.array(math.pi / 6))
    >>> round(float(sine), 6), round(float(cosine), 6)
    (0.5, 0.866025)
    """
    wide = angle_rad.dtype == jnp.float64
    quarter = jax.lax.stop_gradient(jnp.round(angle_rad * (2 / math.pi)))
    # pi/2 in two parts, the first exact in float32 products with small integers
    rest = (angle_rad - quarter * 1.5703125) - quarter * (math.pi / 2 - 1.5703125)
    square = rest * rest
    sine = rest + rest * square * _polynomial(_SIN_64 if wide else _SIN_32, square)
    cosine = 1 - 0.5 * square + square * square * _polynomial(_COS_64 if wide else _COS_32, square)
    turn = quarter - 4 * jnp.floor(quarter * 0.25)
    odd = (turn == 1) | (turn == 3)
    sine_out, cosine_out = jnp.where(odd, cosine, sine), jnp.where(odd, sine, cosine)
    return (
        jnp.where(turn >= 2, -sine_out, sine_out),
        jnp.where((turn == 1) | (turn == 2), -cosine_out, cosine_out),
    )


def wrapped(angle_rad: Float[Array, "..."]) -> Float[Array, "..."]:
    """The same angle in [-pi, pi].

    >>> round(float(wrapped(jnp.array(3 * math.pi / 2))), 6)
    -1.570796
    """
    turns = jax.lax.stop_gradient(jnp.round(angle_rad * (0.5 / math.pi)))
    return angle_rad - turns * (2 * math.pi)


def product(
    first_wxyz: Float[Array, "*#batch 4"], second_wxyz: Float[Array, "*#batch 4"]
) -> tuple[Float[Array, "*batch"], ...]:
    """The four components of `multiply` as separate arrays.

    >>> turned = product(jnp.array([0.0, 1, 0, 0]), jnp.array([0.0, 0, 1, 0]))
    >>> [float(part) for part in turned]
    [0.0, 0.0, 0.0, 1.0]
    """
    aw, ax, ay, az = (first_wxyz[..., i] for i in range(4))
    bw, bx, by, bz = (second_wxyz[..., i] for i in range(4))
    return (
        aw * bw - ax * bx - ay * by - az * bz,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
    )


def multiply(
    first_wxyz: Float[Array, "*batch 4"], second_wxyz: Float[Array, "*batch 4"]
) -> Float[Array, "*batch 4"]:
    """Hamilton product: the rotation that applies `second` and then `first`.

    >>> half = math.sqrt(0.5)
    >>> multiply(jnp.array([half, 0, half, 0]), jnp.array([half, 0, half, 0])).round(6).tolist()
    [0.0, 0.0, 1.0, 0.0]
    """
    return jnp.stack(product(first_wxyz, second_wxyz), axis=-1)


def conjugate(wxyz: Float[Array, "*batch 4"]) -> Float[Array, "*batch 4"]:
    """The inverse rotation of a unit quaternion.

    >>> conjugate(jnp.array([0.5, 0.5, 0.5, 0.5])).tolist()
    [0.5, -0.5, -0.5, -0.5]
    """
    return jnp.stack([wxyz[..., 0], -wxyz[..., 1], -wxyz[..., 2], -wxyz[..., 3]], axis=-1)


def rotate(
    wxyz: Float[Array, "*batch 4"], vectors: Float[Array, "*batch 3"]
) -> Float[Array, "*batch 3"]:
    """The vectors rotated by unit quaternions.

    >>> half = math.sqrt(0.5)
    >>> ahead = jnp.array([0.0, 0, 1])
    >>> rotate(jnp.array([half, 0, half, 0]), ahead).round(6).tolist()
    [1.0, 0.0, 0.0]
    """
    w, x, y, z = (wxyz[..., i] for i in range(4))
    vx, vy, vz = (vectors[..., i] for i in range(3))
    tx, ty, tz = 2 * (y * vz - z * vy), 2 * (z * vx - x * vz), 2 * (x * vy - y * vx)
    return jnp.stack(
        [
            vx + w * tx + y * tz - z * ty,
            vy + w * ty + z * tx - x * tz,
            vz + w * tz + x * ty - y * tx,
        ],
        axis=-1,
    )


def from_rotvec(rotvec_rad: Float[Array, "*batch 3"]) -> Float[Array, "*batch 4"]:
    """The quaternion of a rotation vector: along the axis, as long as the angle in radians.

    >>> [round(part, 4) for part in from_rotvec(jnp.array([0.0, math.pi / 2, 0.0])).tolist()]
    [0.7071, 0.0, 0.7071, 0.0]
    """
    x, y, z = (rotvec_rad[..., i] for i in range(3))
    square = x * x + y * y + z * z
    small = square < 1e-6  # two terms of the series suffice
    angle = jnp.sqrt(jnp.where(small, 1, square))
    sine, cosine = sincos(0.5 * angle)
    per_unit = jnp.where(small, 0.5 - square * (1 / 48), sine / angle)
    real = jnp.where(small, 1 - square * (1 / 8) + square * square * (1 / 384), cosine)
    return jnp.stack([real, x * per_unit, y * per_unit, z * per_unit], axis=-1)


def about_up(angle_rad: Float[Array, "*batch"]) -> Float[Array, "*batch 4"]:
    """The quaternion of a turn to the left (counter-clockwise from above) by an angle.

    >>> [round(part, 4) for part in about_up(jnp.array(math.pi / 2)).tolist()]
    [0.7071, 0.0, 0.7071, 0.0]
    """
    sine, cosine = sincos(0.5 * angle_rad)
    zero = jnp.zeros_like(sine)
    return jnp.stack([cosine, zero, sine, zero], axis=-1)


def heading(wxyz: Float[Array, "*batch 4"]) -> Float[Array, "*batch"]:
    """Twist of a rotation about the vertical, in [-pi, pi]; positive is a turn to the left.

    Undefined upside down, where it is 0 with gradient 0.

    >>> round(float(heading(jnp.array([math.cos(0.5), 0.0, math.sin(0.5), 0.0]))), 6)
    1.0
    """
    w, y = wxyz[..., 0], wxyz[..., 2]
    flip = jnp.where(w < 0, -1, 1).astype(wxyz.dtype)  # q and -q are one rotation
    return 2 * atan2(y * flip, w * flip)


def tilt(wxyz: Float[Array, "*batch 4"]) -> Float[Array, "*batch"]:
    """Angle between the body's up and the world's up, in [0, pi].

    >>> round(float(tilt(jnp.array([math.cos(0.5), math.sin(0.5), 0.0, 0.0]))), 6)
    1.0
    """
    w, x, y, z = (wxyz[..., i] for i in range(4))
    return 2 * atan2(norm(x, z), norm(w, y))


def lean(wxyz: Float[Array, "*batch 4"]) -> tuple[Float[Array, "*batch"], Float[Array, "*batch"]]:
    """Forward and left components of the tilt in the heading frame.

    They form a vector whose length is the tilt, so a bow of 100 degrees is a forward lean of 100
    degrees. Backward and right are negative.

    >>> forward, left = lean(jnp.array([math.cos(0.5), math.sin(0.5), 0.0, 0.0]))
    >>> round(float(forward), 6), abs(round(float(left), 6))
    (1.0, 0.0)
    """
    w, x, y, z = (wxyz[..., i] for i in range(4))
    upright = norm(w, y)
    safe_upright = jnp.where(upright > 0, upright, 1)
    # the swing in the heading frame is (upright, about_left, 0, about_ahead)
    about_left = (w * x - y * z) / safe_upright
    about_ahead = (w * z + x * y) / safe_upright
    swing = norm(x, z)
    level = swing < 1e-6
    per_unit = jnp.where(
        level, 2 / safe_upright, 2 * atan2(swing, upright) / jnp.where(level, 1, swing)
    )
    return about_left * per_unit, -about_ahead * per_unit
