"""Counts of clips that passed each stage, and reasons of the others."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from kinematics.curation.records import STAGES, Check, ClipReport, Stage


@dataclass(kw_only=True)
class Layer:
    """A stage of the funnel."""

    stage: Stage
    reached: int = 0
    kept: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    """First reasons of the refused clips."""


@dataclass(kw_only=True)
class Funnel:
    """Results of many clips by stage."""

    layers: tuple[Layer, ...]
    errors: int
    """Inputs that could not be read."""
    checks: dict[str, list[Check]]
    """All measured values, by stage and name."""


def tally(reports: Iterable[ClipReport]) -> Funnel:
    """Counts clips by stage and reason, and collects measured values.

    >>> from kinematics.curation.records import Verdict
    >>> short = Check(name="scene_s", value=2.0, least=5.0)
    >>> report = ClipReport(
    ...     clip="a", path="a.json", verdicts=(Verdict(stage="scene", checks=(short,)),)
    ... )
    >>> layer = tally([report]).layers[1]
    >>> layer.reached, layer.kept, dict(layer.reasons)
    (1, 0, {'scene_s too small': 1})
    """
    layers = {stage: Layer(stage=stage) for stage in STAGES}
    funnel = Funnel(layers=tuple(layers.values()), errors=0, checks={})
    for report in reports:
        funnel.errors += report.error is not None
        for verdict in report.verdicts:
            layer = layers[verdict.stage]
            layer.reached += 1
            if (reason := verdict.reason) is None:
                layer.kept += 1
            else:
                layer.reasons[reason] += 1
            for check in verdict.checks:
                if check.value is not None:
                    bound = "least" if check.most is None else "most"
                    both = check.least is not None and check.most is not None
                    name = check.name if both else f"{check.name}, {bound}"
                    funnel.checks.setdefault(f"{verdict.stage}: {name}", []).append(check)
    return funnel


def rows(funnel: Funnel) -> list[tuple[str, str, str, str]]:
    """Rows of the printed table: stage, clips reached, clips kept, reasons of the others.

    >>> [row[0] for row in rows(tally([]))]
    ['metadata', 'scene', 'people', 'action', 'camera']
    """
    return [
        (
            layer.stage,
            f"{layer.reached:,}",
            f"{layer.kept:,}",
            ", ".join(f"{reason}: {count:,}" for reason, count in layer.reasons.most_common()),
        )
        for layer in funnel.layers
    ]
