"""Fine-tuning: it learns from videos, resumes exactly, and estimates its memory."""

import errno
import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from mllm.commands import models
from mllm.commands.app import app
from mllm.evaluation.answering import Asked
from mllm.export.examples import sample
from mllm.export.samples import Sample
from mllm.frames import Sampling
from mllm.local import finetune, model, recipe
from mllm.local.model import Local
from mllm.local.recipe import Extent, Recipe
from mllm.render import video

REASON = "run `pip install 'kinematics-qa[mllm]'` to test models"
torch = pytest.importorskip("torch", reason=REASON)
transformers = pytest.importorskip("transformers", reason=REASON)
pytest.importorskip("peft", reason=REASON)
safe = pytest.importorskip("safetensors.torch", reason=REASON)

pytestmark = [
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*pin_memory.*:UserWarning"),
]

SEEN = Sampling(max_frames=2)

OPEN = Recipe(
    parts=("language", "vision", "projector"), rank=0, sampling=SEEN, rate=3e-3, batch=4,
    accumulate=1, most_steps=30,
)  # fmt: skip


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    """The same question about dark and light videos: the answer depends only on the pictures."""
    home = tmp_path_factory.mktemp("shades")
    made = []
    for index, (grey, reply) in enumerate([(10, "A"), (240, "B"), (30, "A"), (220, "B")]):
        path = home / f"{index}.mp4"
        video.write(path, [np.full((16, 16, 4), grey, np.uint8)] * 2, fps=2.0)
        made.append(sample()._replace(text="Jump?\nA. Yes\nB. No", reply=reply, video=path))
    return made


def answers(folder: Path, examples: list[Sample], **more: object) -> list[str]:
    asked = [
        Asked(key=str(index), text=example.text, video=example.video, sampling=SEEN)
        for index, example in enumerate(examples)
    ]
    local = Local(folder=folder, max_tokens=2, batch=4, device="cpu", **more)
    return [reply.text for reply in local.replies(asked)]


def losses(out: Path) -> list[float]:
    rows = [json.loads(line) for line in (out / finetune.CURVE).read_text().splitlines()]
    return [row["loss"] for row in rows if "loss" in row]


def test_it_learns_answers_from_the_video(
    knows_nothing: Path, examples: list[Sample], tmp_path: Path
) -> None:
    ready = finetune.prepare(knows_nothing, examples, OPEN, device="cpu")
    home = finetune.run(ready, tmp_path / "run")
    curve = losses(tmp_path / "run")
    assert len(curve) == OPEN.most_steps
    assert curve[-1] < 0.1 * curve[0]
    models._draw(tmp_path / "run" / finetune.CURVE)
    assert (tmp_path / "run" / "curve.png").read_bytes().startswith(b"\x89PNG")
    right = [example.reply for example in examples]
    assert answers(home, examples) == right
    assert answers(knows_nothing, examples) != right
    swapped = [
        example._replace(video=following.video)
        for example, following in zip(examples, examples[1:] + examples[:1], strict=True)
    ]
    assert answers(home, swapped) == right[1:] + right[:1]


def test_a_resumed_training_equals_an_uninterrupted_one(
    knows_nothing: Path, examples: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = msgspec.structs.replace(OPEN, most_steps=10, batch=2)
    ready = finetune.prepare(knows_nothing, examples, short, device="cpu")
    whole = finetune.run(ready, tmp_path / "whole")

    class PulledError(Exception):
        """A simulated power failure."""

    ready = finetune.prepare(knows_nothing, examples, short, device="cpu")
    batches = []
    collator = finetune._collator

    def failing(ready: finetune.Ready):
        collate = collator(ready)

        def until_pulled(batch: list[Sample]):
            batches.append(batch)
            if len(batches) == 8:
                raise PulledError
            return collate(batch)

        return until_pulled

    monkeypatch.setattr(finetune, "_collator", failing)
    with pytest.raises(PulledError):
        finetune.run(ready, tmp_path / "pulled")
    assert not (tmp_path / "pulled" / "model").exists()
    cut = tmp_path / "pulled" / finetune.CHECKPOINTS / "checkpoint-9"
    cut.mkdir()  # as after a full disk or a killed process
    (cut / "optimizer.pt").write_bytes(b"PK")
    again = finetune.prepare(knows_nothing, examples, short, device="cpu")
    resumed = finetune.run(again, tmp_path / "pulled", resume=True)
    assert 8 < len(batches) < 8 + short.most_steps, "resumed, not restarted"
    first = safe.load_file(whole / "model.safetensors")
    second = safe.load_file(resumed / "model.safetensors")
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert losses(tmp_path / "whole") == losses(tmp_path / "pulled")
    reseeded = msgspec.structs.replace(short, seed=1)
    with pytest.raises(ValueError, match="another recipe"):
        finetune.run(again._replace(recipe=reseeded), tmp_path / "pulled", resume=True)
    with pytest.raises(ValueError, match="continue with --resume"):
        finetune.run(again, tmp_path / "pulled")


def test_a_full_disk_or_memory_is_reported_with_the_cure(
    knows_nothing: Path, examples: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")

    def raising(error: Exception):
        def fail(*_: object, **__: object) -> None:
            raise error

        return fail

    short = msgspec.structs.replace(OPEN, most_steps=1, batch=1)
    ready = finetune.prepare(knows_nothing, examples, short, device="cpu")
    for where, name, error, words in (
        (torch, "save", RuntimeError("[fail at inline_container.cc:672]"), "free disk space"),
        (transformers.Trainer, "save_model", safe_error("I/O error: No space"), "free disk space"),
        (transformers.Trainer, "save_model", full, "free disk space and use --resume"),
        (transformers.Trainer, "training_step", torch.OutOfMemoryError("CUDA"), "smaller --batch"),
        (finetune, "_keep", full, "free disk space"),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(where, name, raising(error))
            with pytest.raises(ValueError, match=words):
                finetune.run(ready, tmp_path / "run", resume=True)
    bug = RuntimeError("a bug of ours")
    monkeypatch.setattr(transformers.Trainer, "training_step", raising(bug))
    with pytest.raises(RuntimeError, match="ours"):
        finetune.run(ready, tmp_path / "other")


def safe_error(words: str) -> Exception:
    from safetensors import SafetensorError

    return SafetensorError(words)


def test_an_adapter_leaves_the_base_alone(
    knows_nothing: Path, examples: list[Sample], tmp_path: Path
) -> None:
    before = (knows_nothing / "model.safetensors").read_bytes()
    low = msgspec.structs.replace(OPEN, rank=4, rate=2e-2, most_steps=20)
    ready = finetune.prepare(knows_nothing, examples, low, device="cpu")
    home = finetune.run(ready, tmp_path / "run")
    assert home.name == "adapter"
    assert (knows_nothing / "model.safetensors").read_bytes() == before
    curve = losses(tmp_path / "run")
    assert curve[-1] < 0.5 * curve[0]
    assert answers(knows_nothing, examples, adapter=home) == [example.reply for example in examples]


@pytest.mark.parametrize("part", recipe.PARTS)
def test_only_the_chosen_part_is_open(part: str, knows_nothing: Path, examples: list) -> None:
    whole = msgspec.structs.replace(OPEN, parts=(part,))
    ready = finetune.prepare(knows_nothing, examples, whole, device="cpu")
    assert ready.learning == {part: ready.whole[part]}
    weights = dict(ready.loaded.model.named_parameters())
    assert sum(ready.whole.values()) == sum(weight.numel() for weight in weights.values())
    opened = {name for name, weight in weights.items() if weight.requires_grad}
    expected = {
        "language": lambda name: "language_model" in name or "lm_head" in name,
        "vision": lambda name: "visual" in name and "merger" not in name,
        "projector": lambda name: "merger" in name,
    }[part]
    assert opened == {name for name in weights if expected(name)}


def test_updates_have_the_rank_of_the_recipe(knows_nothing: Path, examples: list) -> None:
    low = msgspec.structs.replace(OPEN, parts=("language", "projector"), rank=3)
    loaded = model.load(knows_nothing, device="cpu").model
    linear = [
        module for name, module in loaded.named_modules()
        if isinstance(module, torch.nn.Linear) and "language_model" in name
    ]  # fmt: skip
    ready = finetune.prepare(knows_nothing, examples, low, device="cpu")
    wanted = sum(3 * (module.in_features + module.out_features) for module in linear)
    assert ready.learning == {"language": wanted, "projector": ready.whole["projector"]}
    text = finetune.told(ready)
    assert f"trained by updates ({wanted:,})" in text
    assert "frozen" in text
    assert ready.memory.weights == 4 * sum(ready.whole.values())


@pytest.mark.parametrize("rank", [0, 2])
def test_small_steps_are_not_lost_in_a_model_of_half_precision(
    rank: int, knows_nothing: Path, examples: list[Sample], tmp_path: Path
) -> None:
    base = tmp_path / "base"
    base.mkdir()
    for path in knows_nothing.iterdir():
        (base / path.name).write_bytes(path.read_bytes())
    (base / "preprocessor_config.json").write_text("{}")
    slow = msgspec.structs.replace(OPEN, rank=rank, rate=1e-5, most_steps=1, warmup=0.0)
    ready = finetune.prepare(base, examples, slow, device="cpu", precision="bf16")
    weights = dict(ready.loaded.model.named_parameters())
    learning = {name: weight for name, weight in weights.items() if weight.requires_grad}
    assert {weight.dtype for weight in learning.values()} == {torch.float32}
    size = 2 * sum(ready.whole.values()) + 2 * sum(ready.learning.values())
    assert ready.memory.weights == size
    if rank:
        still = {weight.dtype for name, weight in weights.items() if name not in learning}
        assert still == {torch.bfloat16}
    before = {name: weight.detach().clone() for name, weight in learning.items()}
    home = finetune.run(ready, tmp_path / "run")
    moved = sum(not torch.equal(weight.float(), before[name]) for name, weight in learning.items())
    if rank:
        assert moved > len(learning) / 3  # the other halves of the updates start at zero
        return
    saved = safe.load_file(home / "model.safetensors")
    assert {weight.dtype for weight in saved.values()} == {torch.bfloat16}, "as the base"
    assert (home / "preprocessor_config.json").is_file()


sizes = st.integers(1, 10**3)
extents = st.builds(
    Extent, st.integers(1, 10**9), st.sampled_from([2, 4]), st.integers(1, 10**9), *[sizes] * 7
)


@given(extents, st.integers(1, 64), st.booleans())
def test_more_of_anything_takes_no_less_memory(extent: Extent, batch: int, again: bool) -> None:
    total = recipe.footprint(extent, Recipe(batch=batch, recompute=again)).total
    assert recipe.footprint(extent, Recipe(batch=batch + 1, recompute=again)).total > total
    for name in ("weights", "learning", "layers", "width", "tokens"):
        larger = extent._replace(**{name: getattr(extent, name) + 1})
        assert recipe.footprint(larger, Recipe(batch=batch, recompute=again)).total > total


def test_all_problems_are_reported_at_once(knows_nothing: Path) -> None:
    with pytest.raises(ValueError, match=r"parts.*rank.*epochs.*rate.*batch"):
        Recipe(parts=(), rank=-1, epochs=0.0, rate=2.0, batch=0)
    with pytest.raises(ValueError, match="no examples"):
        finetune.prepare(knows_nothing, [], OPEN)


def test_the_commands_report_results_and_errors(knows_nothing: Path, tmp_path: Path) -> None:
    run = CliRunner().invoke
    out = str(tmp_path / "out")
    lost = run(app, ["finetune", str(tmp_path), "--model", str(knows_nothing), "--out", out])
    assert lost.exit_code == 2
    assert "no manifest.json" in lost.output
    fuse = ["fuse", str(knows_nothing), str(knows_nothing), "--out", out]
    fused = run(app, [*fuse, "--weight", "0.5"])
    assert fused.exit_code == 0
    assert "tensors" in fused.output
    again = run(app, fuse)
    assert again.exit_code == 2
    assert "already exists" in again.output
