"""The commands `judge` and `caption`: their options are most of their length."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mllm.commands.evaluate import bar, complain, outcome_told, plainly, served
from mllm.commands.score import show

if TYPE_CHECKING:
    from mllm.answerers.remote import Remote
    from mllm.evaluation.judge import Summary

Url = Annotated[str, typer.Option(help="Such as http://localhost:8000/v1.", show_default=False)]
KeyName = Annotated[str, typer.Option(help="Environment variable with the key.")]
AtOnce = Annotated[int, typer.Option(help="Requests at the same time.")]
Attempts = Annotated[int, typer.Option(help="Until a request is given up.")]
Timeout = Annotated[float, typer.Option(help="Seconds for one attempt.")]
PerMinute = Annotated[float | None, typer.Option(help="Requests a minute.", show_default=False)]
Body = Annotated[str, typer.Option(help="More fields of the request, JSON.")]


def judge(
    items: Annotated[
        Path,
        typer.Argument(help="Lines with id, question, right and reply.", show_default=False),
    ],
    out: Annotated[Path, typer.Option(help="The folder of judgements.", show_default=False)],
    url: Url,
    model: Annotated[str, typer.Option(help="The judge, as it is served.", show_default=False)],
    rubric: Annotated[
        Path | None, typer.Option(help="Levels as JSON; else 0 to 5.", show_default=False)
    ] = None,
    repeats: Annotated[int, typer.Option(help="Judgements of each item.")] = 1,
    temperature: Annotated[float, typer.Option(help="0 is greedy.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Each repetition adds 1.")] = 0,
    against: Annotated[
        Path | None,
        typer.Option(help="Another judge's folder, to compare with.", show_default=False),
    ] = None,
    max_tokens: Annotated[int, typer.Option(help="Of a judgement, at most.")] = 512,
    key_name: KeyName = "OPENAI_API_KEY",
    body: Body = "{}",
    at_once: AtOnce = 4,
    per_minute: PerMinute = None,
    attempts: Attempts = 6,
    timeout: Timeout = 120.0,
) -> None:
    """Let a model judge free replies by a rubric, and see how far its judgements agree.

    Levels are named and go from 0 to 5, or are those of --rubric, a JSON object with name, task and
    levels (level, name, meaning). Judgements without a level are counted and are no zeros. With
    --repeats above 1 the kappa between repetitions is reported; sample them with --temperature.

    [b]Example[/b]

    [cyan]mllm judge replies.jsonl --url http://localhost:8000/v1 --model judge --repeats 3
    --temperature 0.7 --out verdicts[/cyan]
    """
    with plainly():
        from mllm.evaluation import judge as of_judges
        from mllm.evaluation import rubric as of_rubrics

        asking = served(
            url, model, send="frames", key_name=key_name, max_tokens=max_tokens,
            temperature=temperature, seed=seed, body=body, at_once=at_once, per_minute=per_minute,
            attempts=attempts, timeout=timeout, prices="0,0",
        ).without_video()  # fmt: skip
        levels = of_rubrics.load(rubric) if rubric else of_rubrics.ANSWERS
        with bar(model) as progress:
            found, problem = of_judges.judge(
                of_judges.read_items(items), out, asking, levels=levels, repeats=repeats,
                progress=progress,
            )  # fmt: skip
        _show(found)
        if against is not None:
            kappa = of_judges.between(of_judges.read(out), of_judges.read(against))
            complain(f"kappa with {against}: {'none' if kappa is None else f'{kappa:.3f}'}")
    if problem:
        complain(
            f"error: judgements are missing: {problem}\n"
            "What was judged is kept; give the same command again to go on."
        )
        raise typer.Exit(1)


def _show(summary: "Summary") -> None:
    def shown(value: float | None) -> str:
        return "–" if value is None else f"{value:.3f}"

    rows = [
        ("items", f"{summary.items:,}"),
        ("judgements", f"{summary.judgements:,}"),
        ("without a level", f"{summary.without:,}"),
        ("mean level", shown(summary.mean)),
        ("share of the highest", shown(summary.share)),
        ("kappa between repetitions", shown(summary.kappa)),
        ("the same level again", shown(summary.same)),
        *((name, f"{count:,}") for name, count in summary.levels.items()),
    ]
    show(f"Judged by {summary.judge}", ("", ""), rows)


def caption(
    dataset: Annotated[Path, typer.Argument(help="The folder of a data set.", show_default=False)],
    videos: Annotated[Path, typer.Option(help="The folder of CLIP.mp4.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The folder of the run.", show_default=False)],
    url: Url,
    model: Annotated[str, typer.Option(help="Who describes the videos.", show_default=False)],
    reader_model: Annotated[
        str, typer.Option(help="Who answers from descriptions; else the same.")
    ] = "",
    reader_url: Annotated[str, typer.Option(help="Where it is served, if elsewhere.")] = "",
    split: Annotated[str, typer.Option(help="train, val, test, or all.")] = "test",
    limit: Annotated[
        int | None, typer.Option(help="So many questions, drawn by the seed.", show_default=False)
    ] = None,
    frames: Annotated[int, typer.Option(help="Pictures of a video, at most.")] = 64,
    fps: Annotated[
        float | None, typer.Option(help="Pictures a second; else spread.", show_default=False)
    ] = None,
    pixels: Annotated[int, typer.Option(help="Pixels of a picture, at most.")] = 65_536,
    send: Annotated[str, typer.Option(help="frames, or the whole file.")] = "frames",
    seed: Annotated[int, typer.Option(help="For limits and models.")] = 0,
    max_tokens: Annotated[int, typer.Option(help="Of a description, at most.")] = 1024,
    key_name: KeyName = "OPENAI_API_KEY",
    body: Body = "{}",
    at_once: AtOnce = 4,
    per_minute: PerMinute = None,
    attempts: Attempts = 6,
    timeout: Timeout = 120.0,
) -> None:
    """Score a model's descriptions of videos by what a reader can answer from them alone.

    The reader never sees the video and has to say when the description is silent, which counts as
    no answer. The folder is a run, so [cyan]mllm score[/cyan] reads it; captions.jsonl holds the
    descriptions. The same command goes on where it was interrupted.

    [b]Example[/b]

    [cyan]mllm caption questions --videos videos --url http://localhost:8000/v1 --model writer
    --reader-model reader --out runs/captions[/cyan]
    """
    with plainly():
        from mllm.evaluation.captions import evaluate_captions
        from mllm.evaluation.evaluate import Settings
        from mllm.frames import Sampling

        settings = Settings(
            split=split, limit=limit, seed=seed,
            sampling=Sampling(max_frames=frames, fps=fps, max_pixels=pixels),
        )  # fmt: skip

        def at(endpoint: str, name: str) -> "Remote":
            return served(
                endpoint, name, send=send, key_name=key_name, max_tokens=max_tokens,
                temperature=0.0, seed=seed, body=body, at_once=at_once, per_minute=per_minute,
                attempts=attempts, timeout=timeout, prices="0,0",
            )  # fmt: skip

        reader = at(reader_url or url, reader_model or model).without_video()
        with bar(model) as progress:
            outcome = evaluate_captions(
                dataset, out, at(url, model), reader, settings=settings, videos_dir=videos,
                progress=progress,
            )  # fmt: skip
    outcome_told(outcome, out)
