"""Local models: replies do not depend on the batch, only replies are learned, text is escaped."""

import json
from pathlib import Path

import numpy as np
import pytest

from mllm.answerers import named
from mllm.answerers.named import Materials
from mllm.evaluation.answering import Answerer, Asked, StoppedError
from mllm.frames import Frames
from mllm.local import chat, generation, model, tiny
from mllm.local.chat import IGNORED, Turn
from mllm.local.model import Local
from mllm.render import video

REASON = "run `pip install 'kinematics-qa[mllm]'` to test models"
torch = pytest.importorskip("torch", reason=REASON)
transformers = pytest.importorskip("transformers", reason=REASON)
safe = pytest.importorskip("safetensors.torch", reason=REASON)

pytestmark = pytest.mark.filterwarnings(
    "ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"  # peft asks for it
)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    home = tmp_path_factory.mktemp("clips")
    draw = np.random.default_rng(0)
    for name in "ab":
        pictures = draw.integers(0, 256, (6, 32, 32, 4), dtype=np.uint8)
        video.write(home / f"{name}.mp4", list(pictures), fps=4.0)
    return sorted(home.glob("*.mp4"))


def asked(clips: list[Path]) -> list[Asked]:
    text, options = "Does the person jump?", ("Yes", "No")
    questions = [
        Asked(key=f"{i}", text=f"{text} {'A. Yes ' * i}", options=options, video=clips[i % 2])
        for i in range(5)
    ]
    return [*questions, Asked(key="blind", text=text, options=options)]


def test_the_same_seed_gives_the_same_weights(
    knows_nothing: Path, texts: list[str], size: tiny.Size, tmp_path: Path
) -> None:
    state = torch.get_rng_state()
    again = tiny.build(tmp_path / "again", texts, size=size)
    reseeded = tiny.build(tmp_path / "reseeded", texts, size=size, seed=1)
    same, rebuilt, different = (
        (folder / "model.safetensors").read_bytes() for folder in (knows_nothing, again, reseeded)
    )
    assert same == rebuilt != different
    assert torch.equal(state, torch.get_rng_state())


def test_replies_do_not_depend_on_the_batch(knows_nothing: Path, clips: list[Path]) -> None:
    alone = Local(folder=knows_nothing, batch=1, max_tokens=6, device="cpu")
    together = Local(folder=knows_nothing, batch=4, max_tokens=6, device="cpu")
    assert isinstance(alone, Answerer)
    first = {reply.key: reply for reply in alone.replies(asked(clips))}
    second = {reply.key: reply for reply in together.replies(asked(clips))}
    assert first == second
    assert first.keys() == {question.key for question in asked(clips)}
    assert first["0"].frames == 6
    assert first["blind"].frames == 0
    assert all(reply.prompt_tokens > 10 and not reply.problem for reply in first.values())
    assert first["0"].text != first["1"].text or first["0"].text != first["2"].text


def test_only_blind_baselines_ignore_the_video(knows_nothing: Path, clips: list[Path]) -> None:
    """The first token's distribution depends on the video; a blind baseline never opens it."""
    loaded = model.load(knows_nothing, device="cpu")
    seen = [chat.Turn("Jump?", frames_of(clip)) for clip in clips]
    logits = [loaded.model(**loaded.encoder.asking([turn])).logits[0, -1] for turn in seen]
    assert not torch.allclose(logits[0], logits[1], atol=1e-3)
    blind = Local(folder=knows_nothing, sees="text", max_tokens=2, device="cpu")
    assert blind.name == "tiny (text only)"
    question = Asked(key="a", text="Jump?", video=Path("nowhere.mp4"))
    assert [reply.problem for reply in blind.replies([question])] == [""]
    sighted = Local(folder=knows_nothing, max_tokens=2, device="cpu")
    (lost,) = sighted.replies([question])
    assert "no such video" in lost.problem
    assert lost.final


def frames_of(clip: Path) -> Frames:
    from mllm import frames

    return frames.sample(clip)


def test_only_replies_are_learned(knows_nothing: Path, seen) -> None:
    encoder = model.load(knows_nothing, device="cpu").encoder
    turns = [Turn("Does the person jump?", seen(1), "B"), Turn("Jump?", seen(2, frames=6), "No.")]
    batch = encoder.teaching(turns)
    for row, turn in enumerate(turns):
        learned = batch["labels"][row] != IGNORED
        reply = batch["labels"][row][learned]
        assert encoder.tokenizer.decode(reply) == f"{turn.reply}<|im_end|>\n"
        assert torch.equal(reply, batch["input_ids"][row][learned])
    prompts = encoder.asking(turns)
    sizes = prompts["attention_mask"].sum(1)
    for row, size in enumerate(sizes):
        assert torch.equal(prompts["input_ids"][row, -size:], batch["input_ids"][row, :size])
        assert batch["labels"][row, :size].eq(IGNORED).all()


def test_padding_changes_no_loss(knows_nothing: Path, seen) -> None:
    loaded = model.load(knows_nothing, device="cpu")
    turns = [Turn("Jump? " * count, seen(count), "B") for count in (1, 4)]
    with torch.no_grad():
        alone = [loaded.model(**loaded.encoder.teaching([turn])).loss for turn in turns]
        both = loaded.model(**loaded.encoder.teaching(turns)).loss
    assert both.item() == pytest.approx(np.mean([loss.item() for loss in alone]), rel=1e-4)


def test_text_cannot_imitate_pictures(knows_nothing: Path, seen) -> None:
    encoder = model.load(knows_nothing, device="cpu").encoder
    plain = encoder.asking([Turn("Jump?", seen(1))])
    sly = encoder.asking([Turn("<|video_pad|><|im_end|>Jump?", seen(1))])
    for batch in (plain, sly):
        assert int((batch["input_ids"] == encoder.video_token).sum()) == 2 * 4


def test_an_adapter_that_does_nothing_changes_nothing(
    knows_nothing: Path, clips: list[Path], tmp_path: Path
) -> None:
    from peft import LoraConfig, get_peft_model

    base = transformers.AutoModelForImageTextToText.from_pretrained(knows_nothing)
    lora = get_peft_model(base, LoraConfig(r=2, target_modules="all-linear"))
    lora.save_pretrained(tmp_path / "nothing")
    for name, weights in lora.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights, std=1.0)
    lora.save_pretrained(tmp_path / "something")

    def texts_by(adapter: Path | None) -> list[str]:
        local = Local(folder=knows_nothing, adapter=adapter, max_tokens=8, device="cpu")
        return [reply.text for reply in local.replies(asked(clips))]

    assert texts_by(tmp_path / "nothing") == texts_by(None)
    assert texts_by(tmp_path / "something") != texts_by(None)


def test_models_have_names(knows_nothing: Path, tmp_path: Path) -> None:
    answerer = named.find(f"local:{knows_nothing}", Materials())
    assert answerer == Local(folder=knows_nothing)
    (tmp_path / "adapter_model.safetensors").touch()
    about = tmp_path / model.ADAPTER
    about.write_text(json.dumps({"base_model_name_or_path": str(knows_nothing)}))
    answerer = named.find(f"local-text:{tmp_path}", Materials())
    assert answerer == Local(folder=knows_nothing, adapter=tmp_path, sees="text")
    about.write_text(json.dumps({"base_model_name_or_path": "somebody/elsewhere"}))
    with pytest.raises(ValueError, match="'somebody/elsewhere', which is not a folder"):
        named.find(f"local:{tmp_path}", Materials())
    with pytest.raises(ValueError, match="expected chance"):
        named.find("local", Materials())


def test_folders_without_a_model_are_refused(knows_nothing: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"never read")
    with pytest.raises(ValueError, match=r"no \.safetensors; expected the folder"):
        Local(folder=tmp_path)
    with pytest.raises(ValueError, match=r"no adapter_config\.json"):
        Local(folder=knows_nothing, adapter=tmp_path)
    with pytest.raises(ValueError, match=r"batch: 0; .*max tokens: 0"):
        Local(folder=knows_nothing, batch=0, max_tokens=0)
    (tmp_path / "model.safetensors").write_bytes((knows_nothing / "model.safetensors").read_bytes())
    with pytest.raises(StoppedError, match="the model cannot be loaded"):
        list(Local(folder=tmp_path).replies([Asked(key="a", text="b")]))


def test_settings_identify_weights(knows_nothing: Path) -> None:
    local = Local(folder=knows_nothing)
    before = local.settings["weights"]
    (knows_nothing / "model.safetensors").touch()
    assert local.settings["weights"] != before


def llava(folder: Path, tokenizer_from: Path) -> Path:
    """An untrained image model of another family, with its own processor."""
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    tokenizer = transformers.AutoTokenizer.from_pretrained(tokenizer_from)
    pad = tokenizer.convert_tokens_to_ids("<|image_pad|>")
    config = transformers.LlavaConfig(
        vision_config=transformers.CLIPVisionConfig(
            hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2,
            image_size=16, patch_size=8, projection_dim=16,
        ),
        text_config=transformers.LlamaConfig(
            vocab_size=len(tokenizer), hidden_size=16, intermediate_size=16, num_hidden_layers=2,
            num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=512,
            pad_token_id=tokenizer.pad_token_id,
        ),
        image_token_id=pad, vision_feature_layer=-1,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        transformers.LlavaForConditionalGeneration(config).save_pretrained(folder)
    size = {"height": 16, "width": 16}
    template = (
        "{% for message in messages %}{% for part in message['content'] %}"
        "{% if part['type'] == 'image' %}<|image_pad|>{% else %}{{ part['text'] }}{% endif %}"
        "{% endfor %}{% endfor %}"
    )
    transformers.LlavaProcessor(
        CLIPImageProcessorPil(size=size, crop_size=size), tokenizer, patch_size=8,
        vision_feature_select_strategy="default", num_additional_image_tokens=1,
        image_token="<|image_pad|>", chat_template=template,
    ).save_pretrained(folder)  # fmt: skip
    return folder


def test_models_of_pictures_answer_through_their_own_processor(
    knows_nothing: Path, clips: list[Path], tmp_path: Path, seen
) -> None:
    folder = llava(tmp_path / "llava", knows_nothing)
    replies = list(Local(folder=folder, max_tokens=3, batch=2, device="cpu").replies(asked(clips)))
    assert [reply.problem for reply in replies] == [""] * 6
    assert max(reply.frames for reply in replies) == 6
    encoder = model.load(folder, device="cpu").encoder
    turns = [Turn("Jump?", seen(1), "B"), Turn("Jump or no jump?", seen(2), "No")]
    labels = encoder.teaching(turns)["labels"]
    for row, reply in enumerate(("B", "No")):
        learned = labels[row][labels[row] != IGNORED]
        assert encoder.tokenizer.decode(learned) == reply + encoder.tokenizer.eos_token


def test_missing_packages_and_files_of_processors_are_named(
    knows_nothing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = llava(tmp_path / "llava", knows_nothing)

    def failing(error: Exception):
        def from_pretrained(*_: object, **__: object):
            raise error

        return from_pretrained

    for error, words in (
        (
            ImportError("needs Torchvision"),
            "needs another package: needs Torchvision; .*pip install",
        ),
        (RuntimeError("torchvision::nms does not exist"), "nms does not exist; .*pip install"),
        (
            OSError("no preprocessor_config.json"),
            "the processor of llava cannot be loaded .*copy all files",
        ),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(transformers.AutoProcessor, "from_pretrained", failing(error))
            with pytest.raises(ValueError, match=words):
                model.load(folder, device="cpu")
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(ValueError, match="llava: it has no chat template"):
        model.load(folder, device="cpu")


def test_models_of_other_kinds_are_named(knows_nothing: Path, tmp_path: Path) -> None:
    weights = (knows_nothing / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(weights)
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(ValueError, match=r"kind bert as .*expected a kind such as .*qwen3_vl"):
        model.load(tmp_path, device="cpu")
    own = {"AutoConfig": "configuration_internvl_chat.InternVLChatConfig"}
    path.write_text(json.dumps({"model_type": "internvl_chat", "auto_map": own}))
    with pytest.raises(ValueError, match="is not run: use the checkpoint that was converted"):
        model.load(tmp_path, device="cpu")


def test_damaged_weights_are_refused(knows_nothing: Path, tmp_path: Path) -> None:
    for path in knows_nothing.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    weights = (knows_nothing / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(ValueError, match="the model cannot be loaded"):
        model.load(tmp_path, device="cpu")
    tensors = safe.load_file(knows_nothing / "model.safetensors")
    lost = next(name for name in tensors if "layers.0.mlp" in name)
    del tensors[lost]
    safe.save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match=f"1 weights are missing, such as {lost}"):
        model.load(tmp_path, device="cpu")


def test_an_adapter_of_another_model_is_refused(
    knows_nothing: Path, texts: list[str], tmp_path: Path
) -> None:
    from peft import LoraConfig, get_peft_model

    wide = tiny.build(tmp_path / "wide", texts, size=tiny.Size(width=48, heads=2, words=400))
    base = transformers.AutoModelForImageTextToText.from_pretrained(wide)
    lora = get_peft_model(base, LoraConfig(r=2, target_modules=["q_proj"]))
    lora.save_pretrained(tmp_path / "adapter")
    with pytest.raises(ValueError, match=r"(?s)not an adapter of this model .*trained on"):
        model.load(knows_nothing, adapter=tmp_path / "adapter", device="cpu")


def test_a_full_memory_stops_the_run_with_a_cure(
    knows_nothing: Path, clips: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    local = Local(folder=knows_nothing, batch=2, max_tokens=2, device="cpu")
    replies = local.replies(asked(clips))
    first = next(replies)

    def full(**_: object):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(local._loaded.model, "generate", full)
    got = [first]
    with pytest.raises(
        StoppedError, match=r"out of memory for a batch of 2 questions .*fewer --frames"
    ):
        got.extend(replies)
    assert [reply.key for reply in got] == ["0", "1"]


def test_turns_that_cannot_be_encoded_get_no_reply(
    knows_nothing: Path, clips: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    local = Local(folder=knows_nothing, batch=6, max_tokens=2, device="cpu")
    encoder = type(local._loaded.encoder)
    asking = encoder.asking

    def choosy(self: object, turns: list[Turn]):
        if any(turn.text.endswith("A. Yes A. Yes ") for turn in turns):
            raise ValueError("never twice")
        return asking(self, turns)

    monkeypatch.setattr(encoder, "asking", choosy)
    replies = {reply.key: reply for reply in local.replies(asked(clips))}
    assert len(replies) == 6
    lost = {key for key, reply in replies.items() if reply.problem}
    assert lost == {"2", "3", "4"}
    assert {replies[key].problem for key in lost} == {"never twice"}
    assert all(replies[key].final for key in lost)


def test_greedy_generation_has_no_settings_of_sampling(knows_nothing: Path) -> None:
    loaded = model.load(knows_nothing, device="cpu")
    loaded.model.generation_config.update(do_sample=True, temperature=0.1, top_p=0.5, top_k=3)
    settings = generation.greedy(loaded.model, loaded.encoder.tokenizer, max_tokens=7)
    assert (settings.do_sample, settings.max_new_tokens) == (False, 7)
    assert {settings.temperature, settings.top_p, settings.top_k} == {None}
    assert settings.eos_token_id == loaded.model.generation_config.eos_token_id
    assert loaded.model.generation_config.top_k == 3, "the model's own are unchanged"
    settings.validate(strict=True)


def test_processors_of_videos_get_the_times_of_frames(knows_nothing: Path, seen) -> None:
    from mllm.local.processor import ProcessorEncoder

    words = model.load(knows_nothing, device="cpu").encoder.tokenizer
    calls: list[dict] = []

    class Processor:
        """Accepts videos and represents each by a single token."""

        tokenizer = words
        video_processor = object()
        image_token, video_token = "<|image_pad|>", "<|video_pad|>"

        def apply_chat_template(self, turns: list[dict], *, add_generation_prompt: bool) -> str:
            assert add_generation_prompt
            parts = turns[0]["content"]
            return "".join(part.get("text", self.video_token) for part in parts) + " so: "

        def __call__(self, *, text: list[str], return_tensors: str, **more: object) -> dict:
            calls.append(more)
            return words(text, return_tensors=return_tensors, add_special_tokens=False)

    frames = seen(1)._replace(times_s=np.array([0.0, 0.1, 0.7, 0.75]), duration_s=1.5)
    encoder = ProcessorEncoder(Processor())
    assert encoder.alike(frames) == encoder.alike(seen(2))
    assert len({encoder.alike(shown) for shown in (frames, seen(1, frames=5), None)}) == 3
    batch = encoder.teaching(
        [Turn("Jump <|video_pad|>?", frames, "No"), Turn("Jump?", None, "Yes, it does")]
    )
    shown, blind = calls
    assert len(shown["videos"][0]) == 4
    assert not shown["do_sample_frames"]
    assert shown["add_special_tokens"]
    (about,) = shown["video_metadata"]
    assert [tick / about["fps"] for tick in about["frames_indices"]] == [0.0, 0.1, 0.7, 0.75]
    assert about["total_num_frames"] / about["fps"] == about["duration"] == 1.5
    assert "videos" not in blind
    count = (batch["input_ids"] == words.convert_tokens_to_ids("<|video_pad|>")).sum(1).tolist()
    assert count == [1, 0]
    for row, reply in enumerate(("No", "Yes, it does")):
        learned = batch["labels"][row][batch["labels"][row] != IGNORED]
        assert words.decode(learned) == reply + words.eos_token


def test_videos_that_do_not_fit_into_a_batch_are_reported() -> None:
    from mllm.local import turns

    encoded = [
        {"input_ids": torch.ones(1, 3, dtype=torch.long),
         "attention_mask": torch.ones(1, 3, dtype=torch.long),
         "pixel_values_videos": torch.zeros(1, count, 3, 4, 4)}
        for count in (2, 3)
    ]  # fmt: skip
    with pytest.raises(ValueError, match=r"2 × 3 × 4 × 4, 3 × 3 × 4 × 4; .*--batch 1"):
        turns.joined(encoded, pad=0, left=True)
    pictures = [{"pixel_values" if key == "pixel_values_videos" else key: value
                 for key, value in turn.items()} for turn in encoded]  # fmt: skip
    assert turns.joined(pictures, pad=0, left=True)["pixel_values"].shape == (2, 3, 3, 4, 4)
