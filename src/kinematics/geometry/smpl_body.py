"""Joints of the SMPL family of bodies from their parameters: shape first, then the chain of bones.

Only the joints of a model are computed, not its surface: the rest pose of a shape is
`J_regressor @ (v_template + shapedirs @ betas)`, which a reader folds into one small table, and a
pose rotates each bone with all its descendants. The pelvis rotates about itself, so its position is
the translation plus the pelvis at rest.
"""

from typing import Literal, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from kinematics.geometry import rotation

Family = Literal["smpl", "smplh", "smplx"]
"""The three body models; shape parameters of one are meaningless for another."""

JOINT_COUNTS: dict[int, Family] = {24: "smpl", 52: "smplh", 55: "smplx"}
"""Models by their number of joints; the first 22 joints are the same in all."""


class BodyModel(eqx.Module):
    """A body's joints at rest, their dependence on shape, the mean pose, and their parents.

    A parent comes before its children; the pelvis, joint 0, has the parent -1.
    """

    rest_m: Float[Array | np.ndarray, "joints 3"]
    shapes_m: Float[Array | np.ndarray, "joints 3 betas"]
    mean_pose_rad: Float[Array | np.ndarray, "joints 3"]
    parents: tuple[int, ...] = eqx.field(static=True)
    family: Family = eqx.field(static=True)
    path: str = eqx.field(default="", static=True)
    """The file that the model was read from."""

    def first(self, count: int) -> "BodyModel":
        """The model of the first `count` joints."""
        return BodyModel(
            rest_m=self.rest_m[:count],
            shapes_m=self.shapes_m[:count],
            mean_pose_rad=self.mean_pose_rad[:count],
            parents=self.parents[:count],
            family=self.family,
            path=self.path,
        )


class Posed(NamedTuple):
    """A body in one frame: orientations of the bones and positions of the joints."""

    orientations_wxyz: Float[Array, "joints 4"]
    joints_m: Float[Array, "joints 3"]


def rest_joints_m(model: BodyModel, betas: Float[Array, " betas"]) -> Float[Array, "joints 3"]:
    """The joints of a shape at rest; missing shape parameters are zero.

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
    """One frame of a body, from each bone's axis-angle relative to its parent.

    The pelvis keeps its position at rest; the caller adds the translation.

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
