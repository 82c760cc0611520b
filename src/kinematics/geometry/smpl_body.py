"""Joints of the SMPL family of bodies from their parameters: shape first, then the chain of bones.

Only the joints that a model regresses are made, not its surface: the rest pose of a shape is
`J_regressor @ (v_template + shapedirs @ betas)`, which a reader folds into one small table, and a
pose turns each bone with all that hang from it. The pelvis turns about itself, so that a body
stands at its translation plus its own resting pelvis.
"""

from typing import Literal, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from kinematics.geometry import rotation

Family = Literal["smpl", "smplh", "smplx"]
"""The three bodies whose parameters files hold; shapes of one mean nothing to another."""

JOINT_COUNTS: dict[int, Family] = {24: "smpl", 52: "smplh", 55: "smplx"}
"""A model is known by its number of joints; the first 22 are the same in all."""


class BodyModel(eqx.Module):
    """A body's joints: at rest, how shape moves them, how hands hang, which bone hangs from which.

    A parent comes before its children; the pelvis, joint 0, has the parent -1.
    """

    rest_m: Float[Array | np.ndarray, "joints 3"]
    shapes_m: Float[Array | np.ndarray, "joints 3 betas"]
    mean_pose_rad: Float[Array | np.ndarray, "joints 3"]
    parents: tuple[int, ...] = eqx.field(static=True)
    family: Family = eqx.field(static=True)
    path: str = eqx.field(default="", static=True)
    """The file that it was read from."""

    def first(self, count: int) -> "BodyModel":
        """The model of the first joints alone."""
        return BodyModel(
            rest_m=self.rest_m[:count],
            shapes_m=self.shapes_m[:count],
            mean_pose_rad=self.mean_pose_rad[:count],
            parents=self.parents[:count],
            family=self.family,
            path=self.path,
        )


class Posed(NamedTuple):
    """A body in one frame: every bone's orientation, every joint's place."""

    orientations_wxyz: Float[Array, "joints 4"]
    joints_m: Float[Array, "joints 3"]


def rest_joints_m(model: BodyModel, betas: Float[Array, " betas"]) -> Float[Array, "joints 3"]:
    """The joints of a shape at rest; shape parameters that are left out are zero.

    >>> model = BodyModel(
    ...     rest_m=jnp.zeros((1, 3)), shapes_m=jnp.ones((1, 3, 10)),
    ...     mean_pose_rad=jnp.zeros((1, 3)), parents=(-1,), family="smpl",
    ... )
    >>> rest_joints_m(model, jnp.array([0.5, 0.25])).tolist()
    [[0.75, 0.75, 0.75]]
    """
    shapes = jnp.asarray(model.shapes_m)[..., : betas.shape[0]]
    moved = (shapes * betas[None, None, :]).sum(axis=-1)
    return jnp.asarray(model.rest_m) + moved


def pose(
    rotvecs_rad: Float[Array, "joints 3"],
    rest_m: Float[Array, "joints 3"],
    *,
    parents: tuple[int, ...],
) -> Posed:
    """One frame of a body: each bone's axis-angle, relative to its parent, applied down the chain.

    The pelvis stays where it rests; a translation moves all joints alike.

    >>> arm = jnp.array([[0.0, 0, 0], [1, 0, 0], [2, 0, 0]])
    >>> bent = jnp.zeros((3, 3)).at[1, 2].set(jnp.pi / 2)
    >>> pose(bent, arm, parents=(-1, 0, 1)).joints_m.round(4).tolist()
    [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0]]
    """
    own = rotation.from_rotvec(rotvecs_rad)
    bones, places = [own[0]], [rest_m[0]]
    for joint, parent in enumerate(parents[1:], start=1):
        reach = rotation.rotate(bones[parent], rest_m[joint] - rest_m[parent])
        places.append(places[parent] + reach)
        bones.append(rotation.multiply(bones[parent], own[joint]))
    return Posed(jnp.stack(bones), jnp.stack(places))
