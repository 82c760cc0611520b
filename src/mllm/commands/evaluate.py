"""The command `evaluate`: its options are most of its length."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

if TYPE_CHECKING:
    from mllm.answerers.remote import Remote
    from mllm.evaluation.answering import Answerer
    from mllm.evaluation.evaluate import Outcome, Settings

errors = Console(stderr=True)

_SERVED = "For a model behind an endpoint"
_LOCAL = "For a model on this machine"


def evaluate(
    dataset: Annotated[Path, typer.Argument(help="The folder of a data set.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The folder of the run.", show_default=False)],
    answerer: Annotated[
        str,
        typer.Option(
            help="chance, majority, blind, oracle, noisy:MODEL (motions that err as a tracker "
            "does), openai (an endpoint), text (the same without the video), local:FOLDER (a "
            "checkpoint or adapter on this machine), or local-text:FOLDER."
        ),
    ],
    videos: Annotated[
        Path | None, typer.Option(help="The folder of CLIP.mp4.", show_default=False)
    ] = None,
    motions: Annotated[
        Path | None,
        typer.Option(help="For oracles: motions, a store, or facts.", show_default=False),
    ] = None,
    split: Annotated[str, typer.Option(help="train, val, test, or all.")] = "test",
    tasks: Annotated[str, typer.Option(help="Some, with commas; empty for all.")] = "",
    limit: Annotated[
        int | None, typer.Option(help="So many questions, drawn by the seed.", show_default=False)
    ] = None,
    circular: Annotated[
        bool, typer.Option("--circular", help="Ask every rotation of the options.")
    ] = False,
    reasoning: Annotated[
        bool, typer.Option("--reasoning", help="Let it reason before it answers.")
    ] = False,
    frames: Annotated[int, typer.Option(help="Pictures of a video, at most.")] = 64,
    fps: Annotated[
        float | None,
        typer.Option(
            help="Pictures a second; without it, spread evenly over the video.", show_default=False
        ),
    ] = None,
    pixels: Annotated[int, typer.Option(help="Pixels of a picture, at most.")] = 65_536,
    seed: Annotated[int, typer.Option(help="For guesses, noise, limits and models.")] = 0,
    name: Annotated[str, typer.Option(help="What to call the data set in tables.")] = "",
    trained_on: Annotated[
        str, typer.Option(help="The data set that the model learned from, for tables.")
    ] = "",
    max_tokens: Annotated[int, typer.Option(help="Of a reply by a model, at most.")] = 512,
    batch: Annotated[
        int, typer.Option(help="Questions that it answers at once.", rich_help_panel=_LOCAL)
    ] = 4,
    device: Annotated[
        str, typer.Option(help="cpu, cuda, or auto.", rich_help_panel=_LOCAL)
    ] = "auto",
    precision: Annotated[
        str,
        typer.Option(
            help="bf16, f32, or auto: bf16 on a GPU that knows it.", rich_help_panel=_LOCAL
        ),
    ] = "auto",
    url: Annotated[
        str, typer.Option(help="Such as http://localhost:8000/v1.", rich_help_panel=_SERVED)
    ] = "",
    model: Annotated[str, typer.Option(help="Its name there.", rich_help_panel=_SERVED)] = "",
    send: Annotated[
        str, typer.Option(help="frames, or the whole file.", rich_help_panel=_SERVED)
    ] = "frames",
    key_name: Annotated[
        str, typer.Option(help="Environment variable with the key.", rich_help_panel=_SERVED)
    ] = "OPENAI_API_KEY",
    temperature: Annotated[float, typer.Option(help="0 is greedy.", rich_help_panel=_SERVED)] = 0.0,
    body: Annotated[
        str, typer.Option(help="More fields of each request, as JSON.", rich_help_panel=_SERVED)
    ] = "{}",
    at_once: Annotated[
        int, typer.Option(help="Requests at the same time.", rich_help_panel=_SERVED)
    ] = 4,
    per_minute: Annotated[
        float | None,
        typer.Option(help="Requests a minute.", rich_help_panel=_SERVED, show_default=False),
    ] = None,
    attempts: Annotated[
        int, typer.Option(help="Of a request, until it is given up.", rich_help_panel=_SERVED)
    ] = 6,
    timeout: Annotated[
        float, typer.Option(help="Seconds for one attempt.", rich_help_panel=_SERVED)
    ] = 120.0,
    prices: Annotated[
        str,
        typer.Option(
            help="What a million tokens cost: of prompts,of replies.", rich_help_panel=_SERVED
        ),
    ] = "0,0",
) -> None:
    """Put the questions of a data set before a model, a guess or an oracle; keep every reply.

    The run is a folder: run.json (the settings), questions.jsonl, predictions.jsonl. Whatever
    interrupts it, the same command goes on where it was; what was replied is not asked again. The
    exit code is 1 while replies are missing. Keys are taken from the environment and never kept.

    [b]Examples[/b]

    [cyan]mllm evaluate questions --answerer chance --out runs/chance[/cyan]

    [cyan]mllm evaluate questions --answerer noisy:wham_emdb --motions motions
    --out runs/noisy[/cyan]

    [cyan]mllm evaluate questions --videos videos --answerer openai --url http://localhost:8000/v1
    --model Qwen/Qwen3-VL-8B-Instruct --frames 32 --out runs/qwen[/cyan]

    [cyan]mllm evaluate questions --answerer text --url http://localhost:8000/v1 --model
    Qwen/Qwen3-VL-8B-Instruct --out runs/qwen_blind[/cyan]

    [cyan]mllm evaluate questions --videos videos --answerer local:tuned --out runs/tuned[/cyan]
    """
    with plainly():
        from mllm.evaluation.evaluate import Settings
        from mllm.evaluation.evaluate import evaluate as run
        from mllm.frames import Sampling

        settings = Settings(
            split=split, limit=limit, seed=seed, circular=circular, dataset=name,
            style="reasoning" if reasoning else "letter", trained_on=trained_on,
            sampling=Sampling(max_frames=frames, fps=fps, max_pixels=pixels),
            **({"tasks": words(tasks)} if tasks else {}),
        )  # fmt: skip
        remote = None
        if url or model:
            remote = served(
                url, model, send=send, key_name=key_name, max_tokens=max_tokens,
                temperature=temperature, seed=seed, body=body, at_once=at_once,
                per_minute=per_minute, attempts=attempts, timeout=timeout, prices=prices,
            )  # fmt: skip
        if precision not in ("auto", "bf16", "f32"):
            raise ValueError(f"--precision {precision}: expected bf16, f32 or auto")
        local = {"max_tokens": max_tokens, "batch": batch, "device": device, "precision": precision}
        chosen = _chosen(answerer, dataset, settings, motions, remote, local=local)
        with bar(chosen.name) as progress:
            outcome = run(
                dataset, out, chosen, settings=settings, videos_dir=videos, progress=progress
            )
    outcome_told(outcome, out)


def _chosen(
    answerer: str,
    dataset: Path,
    settings: "Settings",
    motions: Path | None,
    remote: "Remote | None",
    *,
    local: dict[str, Any],
) -> "Answerer":
    from mllm.answerers import named
    from mllm.evaluation.evaluate import rows
    from qagen.dataset import layout as of_dataset

    learned, judged = [], []
    if answerer in ("majority", "blind"):
        judged = rows(dataset, settings)
        learned = [row for side, row in of_dataset.rows(dataset) if side != settings.split]
        if settings.split == "all":
            learned = []
    return named.find(
        answerer,
        named.Materials(
            learned=learned,
            judged=judged,
            motions=motions,
            remote=remote,
            seed=settings.seed,
            local=local,
        ),
    )


def outcome_told(outcome: "Outcome", out: Path) -> None:
    """Says what came of a run; exit code 1 while replies are missing."""
    before = f", {outcome.kept:,} of them from before" if outcome.kept else ""
    spent = f"; {outcome.tokens:,} tokens" if outcome.tokens else ""
    spent += f", {outcome.cost:.2f} paid" if outcome.cost else ""
    complain(
        f"{outcome.answered:,} answers and {outcome.silent:,} without one, of {outcome.asked:,}"
        f"{before}, in {outcome.seconds:.0f} s{spent}: {out}"
    )
    if outcome.missing:
        complain(
            f"error: {outcome.missing:,} replies are missing: {outcome.problem}\n"
            "What was replied is kept; give the same command again to go on."
        )
        raise typer.Exit(1)


# What the commands share


def served(
    url: str,
    model: str,
    *,
    send: str,
    key_name: str,
    max_tokens: int,
    temperature: float,
    seed: int,
    body: str,
    at_once: int,
    per_minute: float | None,
    attempts: int,
    timeout: float,
    prices: str,
) -> "Remote":
    """The endpoint that options describe."""
    from mllm.answerers.remote import Remote
    from mllm.answerers.wire import Patience

    if send not in ("frames", "file"):
        raise ValueError(f"--send {send}: expected frames or file")
    prompt_price, completion_price = _prices(prices)
    return Remote(
        url=url, model=model, send="file" if send == "file" else "frames", key_name=key_name,
        max_tokens=max_tokens, temperature=temperature, seed=seed, more=_fields(body),
        at_once=at_once, prompt_price=prompt_price, completion_price=completion_price,
        patience=Patience(attempts=attempts, timeout_s=timeout, per_minute=per_minute),
    )  # fmt: skip


def _prices(text: str) -> tuple[float, float]:
    try:
        prompt, completion = (float(one) for one in text.split(","))
    except ValueError:
        raise ValueError(f"--prices {text}: expected two numbers such as 0.5,1.5") from None
    return prompt, completion


def _fields(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ValueError(f"--body: {error}; expected a JSON object") from None
    if not isinstance(found, dict):
        raise ValueError(f"--body {text}: expected a JSON object")
    return found


def words(text: str) -> tuple[str, ...]:
    """Names with commas between them.

    >>> words("a, b,")
    ('a', 'b')
    """
    return tuple(word.strip() for word in text.split(",") if word.strip())


@contextmanager
def plainly() -> Iterator[None]:
    """What the user can mend is said on stderr, with exit code 2 and no traceback."""
    from mllm.evaluation.answering import StoppedError

    try:
        yield
    except (ValueError, OSError, StoppedError) as error:
        worded = str(error)
        if isinstance(error, OSError) and error.filename and error.strerror:
            worded = f"{error.filename}: {error.strerror}"
        complain(f"error: {worded}")
        raise typer.Exit(2) from error


def complain(text: str) -> None:
    """Says something on stderr."""
    errors.print(text, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr; silent where that is no terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (TextColumn(title, markup=False), BarColumn(), MofNCompleteColumn(), Remaining())
    with Progress(*columns, console=errors, disable=not errors.is_terminal) as shown:
        task = shown.add_task(title)

        def show(done: int, total: int) -> None:
            shown.update(task, completed=done, total=total)

        yield show
