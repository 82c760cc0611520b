"""One sample, for the doctests of the other modules."""

from pathlib import Path

from mllm.evaluation import prompt
from mllm.evaluation.prompt import Style
from mllm.export.samples import Sample
from qagen.dataset.splits import Split
from qagen.schema.question import Ask, Evidence, Margin
from qagen.schema.record import Record, named


def sample(*, split: Split = "test", style: Style = "letter") -> Sample:
    """A question about a person who does not jump.

    >>> sample().record.answer, sample().place
    ('B', 'videos/walk.mp4')
    """
    record = named(
        Record(
            clip="walk",
            person=0,
            take="",
            subject="",
            group="walk",
            source="walk.npz",
            descriptor="",
            suite="humanmove",
            task="existence",
            family="movement",
            frame="first_heading",
            end_s=8.0,
            question="Does the person jump?",
            options=("Yes", "No"),
            option_codes=("yes", "no"),
            answer_index=1,
            chance=0.5,
            ask=Ask(rule="ever", movements=("jump",)),
            evidence=(Evidence(what="jump", value=0.0, unit="m", start_s=0.0, end_s=8.0),),
            margin=Margin(value=0.1, unit="m", band=0.02),
            thresholds="",
            rules="",
            reasoning=("The person stays on the ground.", "The answer is: No."),
        )
    )
    text = prompt.ask(record, style=style, duration_s=8.0).text
    return Sample(split, record, text, prompt.target(record, style=style), Path("walk.mp4"), 8.0)
