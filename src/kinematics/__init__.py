"""Measurements of human motion that can be trusted.

    import kinematics

    facts = kinematics.measure("walk.bvh")

The names in `__all__` are imported on first use. Importing the package imports no array library.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "AnchoredMotion",
    "Motion",
    "MotionFacts",
    "__version__",
    "anchor",
    "descriptors",
    "events",
    "measure",
    "measure_all",
    "orientation",
    "read",
    "residual",
    "synthetic",
    "to_frame",
    "to_rows",
    "trajectory",
]

if TYPE_CHECKING:  # the names below, for type checkers and editors
    from kinematics import synthetic
    from kinematics.facts import MotionFacts
    from kinematics.geometry import anchor, orientation, residual
    from kinematics.motion import AnchoredMotion, Motion
    from kinematics.movement import descriptors, events, trajectory
    from kinematics.movement.measurement import measure, measure_all
    from kinematics.readers import read
    from kinematics.tables import to_frame, to_rows
else:
    _HOMES = {
        "AnchoredMotion": "motion",
        "Motion": "motion",
        "MotionFacts": "facts",
        "anchor": "geometry",
        "descriptors": "movement",
        "events": "movement",
        "measure": "movement.measurement",
        "measure_all": "movement.measurement",
        "orientation": "geometry",
        "read": "readers",
        "residual": "geometry",
        "synthetic": "",
        "to_frame": "tables",
        "to_rows": "tables",
        "trajectory": "movement",
    }

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        home = f"{__name__}.{_HOMES[name]}".rstrip(".")
        if name in _MODULES:
            return import_module(f"{home}.{name}")
        value = getattr(import_module(home), name)
        globals()[name] = value  # skips this function the next time
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})

    _MODULES = {"anchor", "descriptors", "events", "orientation"}
    _MODULES |= {"residual", "synthetic", "trajectory"}
