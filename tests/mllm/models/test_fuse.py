"""Fused weights interpolate two models; weights 0 and 1 give the models themselves."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mllm.local import fuse, tiny

WEIGHTS = "model.safetensors"

REASON = "run `pip install 'kinematics-qa[mllm]'` to test models"
torch = pytest.importorskip("torch", reason=REASON)
transformers = pytest.importorskip("transformers", reason=REASON)
safe = pytest.importorskip("safetensors.torch", reason=REASON)

pytestmark = pytest.mark.filterwarnings(
    "ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"  # peft asks for it
)


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory, texts: list[str], size: tiny.Size) -> Path:
    return tiny.build(tmp_path_factory.mktemp("models") / "tuned", texts, size=size, seed=1)


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_the_ends_are_exact(
    weight: float, knows_nothing: Path, tuned: Path, tmp_path: Path
) -> None:
    count = fuse.fuse(knows_nothing, tuned, tmp_path / "fused", weight=weight)
    end = safe.load_file((knows_nothing, tuned)[int(weight)] / WEIGHTS)
    fused = safe.load_file(tmp_path / "fused" / WEIGHTS)
    assert count == len(fused) == len(end)
    assert all(torch.equal(fused[name], end[name]) for name in end)


def test_weights_are_interpolated_linearly(
    knows_nothing: Path, tuned: Path, tmp_path: Path
) -> None:
    fuse.fuse(knows_nothing, tuned, tmp_path / "fused", weight=0.3)
    ours, theirs = safe.load_file(knows_nothing / WEIGHTS), safe.load_file(tuned / WEIGHTS)
    for name, fused in safe.load_file(tmp_path / "fused" / WEIGHTS).items():
        wanted = 0.7 * ours[name].double() + 0.3 * theirs[name].double()
        assert torch.allclose(fused.double(), wanted, atol=1e-6)
    transformers.AutoModelForImageTextToText.from_pretrained(tmp_path / "fused")


@given(st.floats(0, 1, width=32), st.sampled_from(["float32", "bfloat16", "float16"]))
def test_a_tensor_fused_with_itself_is_unchanged(weight: float, kind: str) -> None:
    dtype = getattr(torch, kind)
    tensor = torch.tensor([0.0, -1.5, 3.14159, 60_000.0]).to(dtype)
    fused = fuse.between(torch, tensor, tensor.clone(), weight)
    assert fused.dtype == dtype
    assert torch.equal(fused, tensor)


def test_an_adapter_is_fused_like_its_merged_model(knows_nothing: Path, tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model

    lora = get_peft_model(
        transformers.AutoModelForImageTextToText.from_pretrained(knows_nothing),
        LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False),
    )
    lora.save_pretrained(tmp_path / "adapter")
    merged = lora.merge_and_unload().state_dict()
    for weight in (0.0, 1.0):
        out = tmp_path / f"fused{weight}"
        fuse.fuse(knows_nothing, tmp_path / "adapter", out, weight=weight)
        fused, base = safe.load_file(out / WEIGHTS), safe.load_file(knows_nothing / WEIGHTS)
        for name in base:
            wanted = merged[name] if weight else base[name]
            assert torch.allclose(fused[name], wanted, atol=1e-6), name
        changed = [name for name in base if not torch.equal(base[name], fused[name])]
        assert bool(changed) == bool(weight)
        assert all("q_proj" in name for name in changed)


def test_models_that_differ_are_refused_and_nothing_is_left(
    knows_nothing: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(knows_nothing, other)
    tensors = safe.load_file(other / WEIGHTS)
    first, second, *_ = tensors
    tensors[first] = tensors[first][:1].clone()
    del tensors[second]
    safe.save_file(tensors, other / WEIGHTS)
    with pytest.raises(ValueError, match="cannot be fused") as caught:
        fuse.fuse(knows_nothing, other, tmp_path / "fused", weight=0.5)
    assert first in str(caught.value)
    assert f"{second} is missing in {other}" in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["other"]
    with pytest.raises(ValueError, match="weight: 7"):
        fuse.fuse(knows_nothing, knows_nothing, tmp_path / "fused", weight=7.0)
    with pytest.raises(ValueError, match="already exists"):
        fuse.fuse(knows_nothing, knows_nothing, other, weight=0.5)


def test_damaged_files_are_refused(knows_nothing: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(knows_nothing, broken)
    (broken / WEIGHTS).write_bytes((broken / WEIGHTS).read_bytes()[:100])
    with pytest.raises(ValueError, match="not a safetensors file"):
        fuse.fuse(knows_nothing, broken, tmp_path / "fused", weight=0.5)
