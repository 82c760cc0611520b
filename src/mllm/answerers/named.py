"""Answerers by name, for command lines: `chance`, `oracle`, `noisy:wham_emdb`, `local:FOLDER`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kinematics.errors import error_models
from mllm.answerers import blind, oracles
from mllm.answerers.remote import Remote
from mllm.evaluation.answering import Answerer, Sees
from mllm.local import model as models
from qagen.schema.record import Record

NAMES = (
    "chance", "majority", "blind", "oracle", "noisy:MODEL", "openai", "text",
    "local:FOLDER", "local-text:FOLDER",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Materials:
    """The inputs from which answerers are made; each uses those that it needs."""

    learned: Sequence[Record] = field(default=(), repr=False)
    judged: Sequence[Record] = field(default=(), repr=False)
    motions: Path | None = None
    remote: Remote | None = None
    """The endpoint, with video."""
    local: Mapping[str, Any] = field(default_factory=dict)
    """Options of `mllm.local.model.Local`, for a model on this machine."""
    seed: int = 0


def find(name: str, materials: Materials) -> Answerer:
    """The answerer of a name; a `ValueError` lists the names or says what is missing.

    >>> find("chance", Materials()).name
    'chance'
    >>> find("dice", Materials())  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: answerer: 'dice'; expected chance, majority, blind, oracle, noisy:MODEL, openai, ...
    """
    kind, _, more = name.partition(":")
    seed = materials.seed
    if more and kind not in ("noisy", "local", "local-text"):
        kind = ""
    if kind == "chance":
        return blind.Chance(seed=seed)
    if kind == "majority":
        return blind.Majority(learned=materials.learned, seed=seed)
    if kind == "blind":
        return blind.Blind(learned=materials.learned, judged=materials.judged, seed=seed)
    if kind in ("oracle", "noisy"):
        if materials.motions is None:
            raise ValueError(f"{kind}: needs the motions; give --motions and their folder")
        model = _error_model(more) if kind == "noisy" else None
        shown = f"oracle ({model.name})" if model else "oracle"
        return oracles.Oracle(motions=materials.motions, model=model, seed=seed, name=shown)
    if kind in ("openai", "text"):
        if materials.remote is None:
            raise ValueError(f"{kind}: needs an endpoint and a model; give --url and --model")
        return materials.remote if kind == "openai" else materials.remote.without_video()
    if kind in ("local", "local-text") and more:
        sees: Sees = "video" if kind == "local" else "text"
        return models.at(Path(more), sees=sees, **materials.local)
    raise ValueError(f"answerer: {name!r}; expected {', '.join(NAMES)}")


def _error_model(name: str) -> error_models.ErrorModel:
    """A preset, or the model in a file."""
    if name in error_models.PRESETS:
        return error_models.PRESETS[name]
    if Path(name).is_file():
        return error_models.load(name)
    raise ValueError(
        f"noisy:{name}: no such error model; expected a file that `kinematics fit-error` wrote, or "
        f"one of {', '.join(sorted(error_models.PRESETS))}"
    )
