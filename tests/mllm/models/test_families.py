"""Every kind of video model: replies do not depend on the batch, videos matter, training works.

The models are real architectures with a few thousand weights, built here with their processors;
nothing is downloaded. Processors of videos need torchvision, which is in none of the extras.
"""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from mllm.evaluation.answering import Asked
from mllm.export.examples import sample
from mllm.export.samples import Sample
from mllm.frames import Sampling
from mllm.local import finetune, model, qwen, tiny
from mllm.local.chat import IGNORED, Turn
from mllm.local.model import Local
from mllm.local.patches import Grid
from mllm.local.processor import ProcessorEncoder
from mllm.local.recipe import Recipe
from mllm.render import video

REASON = "run `pip install 'kinematics-qa[mllm]'` to test models"
torch = pytest.importorskip("torch", reason=REASON)
transformers = pytest.importorskip("transformers", reason=REASON)

pytestmark = [
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*pin_memory.*:UserWarning"),
]

LAYERS = {"intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
WORDS = LAYERS | {"hidden_size": 32, "num_key_value_heads": 2, "max_position_embeddings": 4096}
EYES = LAYERS | {"hidden_size": 16, "image_size": 16, "patch_size": 4}
SQUARE = {"height": 16, "width": 16}
LONGEST = {"longest_edge": 16}

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% for part in message['content'] %}{% if part['type'] == 'text' %}{{ part['text'] }}"
    "{% elif part['type'] == 'video' %}VIDEO\n{% else %}IMAGE\n{% endif %}{% endfor %}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

QWEN = tiny.SPECIAL[3:]
QWEN_IDS = ("vision_start_token_id", "vision_end_token_id", "image_token_id", "video_token_id")
LLAVA = ("<image>", "<video>")
INTERN = ("<img>", "</img>", "<IMG_CONTEXT>", "<video>")
SMOL = (*LLAVA, "<fake_token_around_image>", "<global-img>")


class Parts(NamedTuple):
    kind: type
    config: Any
    processor: Any


def template(image: str) -> str:
    return TEMPLATE.replace("VIDEO", "<video>").replace("IMAGE", image)


def tokenizer(*special: str, **named: Any) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        special_tokens=["<pad>", "<|im_start|>", "<|im_end|>", *special], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    made.train_from_iterator(["Does the person jump?"], trainer)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", eos_token="<|im_end|>", **named
    )


def words_of(kind: str, tokens: Any, **more: Any) -> dict[str, Any]:
    ends = {"pad_token_id": tokens.pad_token_id, "eos_token_id": tokens.eos_token_id}
    starts = {"bos_token_id": None}
    return WORDS | ends | starts | {"model_type": kind, "vocab_size": len(tokens)} | more


def qwen2(name: str) -> Parts:
    tokens = tokenizer(*QWEN)
    ids = dict(zip(QWEN_IDS, tokens.convert_tokens_to_ids(list(QWEN)), strict=True))
    turns = {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10_000.0}
    eyes = {"depth": 2, "num_heads": 2, "patch_size": 4, "hidden_size": 32}
    if name == "Qwen2_5_VL":
        eyes |= {"intermediate_size": 32, "window_size": 16, "out_hidden_size": 32,
                 "fullatt_block_indexes": [1], "tokens_per_second": 2}  # fmt: skip
    else:
        eyes |= {"embed_dim": 32, "mlp_ratio": 2}
    words = words_of("", tokens, rope_parameters=turns)
    words.pop("model_type")
    config = getattr(transformers, f"{name}Config")(text_config=words, vision_config=eyes, **ids)
    return Parts(getattr(transformers, f"{name}ForConditionalGeneration"), config, tokens)


def qwen3_moe() -> Parts:
    tokens = tokenizer(*QWEN)
    ids = dict(zip(QWEN_IDS, tokens.convert_tokens_to_ids(list(QWEN)), strict=True))
    words = words_of("qwen3_vl_moe_text", tokens, head_dim=16, num_experts=2, num_experts_per_tok=1)
    words |= {"moe_intermediate_size": 32, "rope_parameters": {
        "rope_type": "default", "mrope_section": [4, 2, 2], "rope_theta": 10_000.0,
        "mrope_interleaved": True,
    }}  # fmt: skip
    eyes = {"depth": 2, "num_heads": 2, "patch_size": 4, "hidden_size": 32, "out_hidden_size": 32,
            "intermediate_size": 32, "num_position_embeddings": 64,
            "deepstack_visual_indexes": [0]}  # fmt: skip
    config = transformers.Qwen3VLMoeConfig(text_config=words, vision_config=eyes, **ids)
    return Parts(transformers.Qwen3VLMoeForConditionalGeneration, config, tokens)


def llava() -> Parts:
    """A model that only accepts pictures, whose processor works without torchvision."""
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    tokens = tokenizer(*LLAVA)
    config = transformers.LlavaConfig(
        vision_config=EYES | {"model_type": "clip_vision_model", "projection_dim": 16},
        text_config=words_of("llama", tokens), vision_feature_layer=-1,
        image_token_id=tokens.convert_tokens_to_ids("<image>"),
    )  # fmt: skip
    processor = transformers.LlavaProcessor(
        CLIPImageProcessorPil(size=SQUARE, crop_size=SQUARE), tokens, patch_size=4,
        vision_feature_select_strategy="default", num_additional_image_tokens=1,
        chat_template=template("<image>"),
    )  # fmt: skip
    return Parts(transformers.LlavaForConditionalGeneration, config, processor)


def internvl() -> Parts:
    from transformers.models.internvl.video_processing_internvl import InternVLVideoProcessor

    names = ("start_image_token", "end_image_token", "context_image_token", "video_token")
    tokens = tokenizer(*INTERN, extra_special_tokens=dict(zip(names, INTERN, strict=True)))
    config = transformers.InternVLConfig(
        vision_config=EYES | {"image_size": [16, 16], "patch_size": [4, 4]},
        text_config=words_of("qwen2", tokens), image_seq_length=4,
        image_token_id=tokens.convert_tokens_to_ids("<IMG_CONTEXT>"),
    )  # fmt: skip
    processor = transformers.InternVLProcessor(
        transformers.GotOcr2ImageProcessor(size=SQUARE, crop_to_patches=False), tokens,
        InternVLVideoProcessor(size=SQUARE), image_seq_length=4,
        chat_template=template("<IMG_CONTEXT>"),
    )  # fmt: skip
    return Parts(transformers.InternVLForConditionalGeneration, config, processor)


def llava_onevision() -> Parts:
    tokens = tokenizer(*LLAVA)
    image, film = tokens.convert_tokens_to_ids(list(LLAVA))
    config = transformers.LlavaOnevisionConfig(
        vision_config=EYES | {"model_type": "siglip_vision_model", "vision_use_head": False},
        text_config=words_of("qwen2", tokens), image_token_index=image, video_token_index=film,
        image_grid_pinpoints=[[16, 16]],
    )  # fmt: skip
    processor = transformers.LlavaOnevisionProcessor(
        transformers.LlavaOnevisionImageProcessor(size=SQUARE, image_grid_pinpoints=[[16, 16]]),
        tokens, transformers.LlavaOnevisionVideoProcessor(size=SQUARE), num_image_tokens=16,
        vision_feature_select_strategy="full", chat_template=template("<image>"),
    )  # fmt: skip
    return Parts(transformers.LlavaOnevisionForConditionalGeneration, config, processor)


def llava_next_video() -> Parts:
    tokens = tokenizer(*LLAVA, bos_token="<|im_start|>")
    image, film = tokens.convert_tokens_to_ids(list(LLAVA))
    config = transformers.LlavaNextVideoConfig(
        vision_config=EYES | {"model_type": "clip_vision_model", "projection_dim": 16},
        text_config=words_of("llama", tokens), image_token_index=image, video_token_index=film,
        image_grid_pinpoints=[[16, 16]], image_seq_length=16, video_seq_length=4,
    )  # fmt: skip
    processor = transformers.LlavaNextVideoProcessor(
        transformers.LlavaNextVideoVideoProcessor(size=SQUARE, crop_size=SQUARE),
        transformers.LlavaNextImageProcessor(
            size=SQUARE, crop_size=SQUARE, image_grid_pinpoints=[[16, 16]]
        ),
        tokens, patch_size=4, vision_feature_select_strategy="default",
        num_additional_image_tokens=1, chat_template=template("<image>"),
    )  # fmt: skip
    return Parts(transformers.LlavaNextVideoForConditionalGeneration, config, processor)


def video_llava() -> Parts:
    tokens = tokenizer(*LLAVA)
    image, film = tokens.convert_tokens_to_ids(list(LLAVA))
    config = transformers.VideoLlavaConfig(
        vision_config=EYES | {"model_type": "clip_vision_model", "projection_dim": 16},
        text_config=words_of("llama", tokens), image_token_index=image, video_token_index=film,
        image_seq_length=16, video_seq_length=136,
    )  # fmt: skip
    processor = transformers.VideoLlavaProcessor(
        transformers.VideoLlavaImageProcessor(size=SQUARE, crop_size=SQUARE),
        transformers.VideoLlavaVideoProcessor(size=SQUARE, crop_size=SQUARE), tokens, patch_size=4,
        vision_feature_select_strategy="default", num_additional_image_tokens=1,
        chat_template=template("<image>"),
    )  # fmt: skip
    return Parts(transformers.VideoLlavaForConditionalGeneration, config, processor)


def smolvlm() -> Parts:
    tokens = tokenizer(*SMOL)
    config = transformers.SmolVLMConfig(
        vision_config=EYES, text_config=words_of("llama", tokens), scale_factor=2,
        image_token_id=tokens.convert_tokens_to_ids("<image>"),
    )  # fmt: skip
    seen = {"size": LONGEST, "max_image_size": LONGEST}
    often = {"max_frames": 8, "fps": 1, "video_size": LONGEST}
    processor = transformers.SmolVLMProcessor(
        transformers.SmolVLMImageProcessor(**seen, do_image_splitting=False), tokens,
        transformers.SmolVLMVideoProcessor(**seen, video_sampling=often), image_seq_len=4,
        chat_template=template("<image>"),
    )  # fmt: skip
    return Parts(transformers.SmolVLMForConditionalGeneration, config, processor)


FAMILIES: dict[str, Callable[[], Parts]] = {
    "qwen2_vl": lambda: qwen2("Qwen2VL"),
    "qwen2_5_vl": lambda: qwen2("Qwen2_5_VL"),
    "qwen3_vl_moe": qwen3_moe,
    "llava": llava,
    "internvl": internvl,
    "llava_onevision": llava_onevision,
    "llava_next_video": llava_next_video,
    "video_llava": video_llava,
    "smolvlm": smolvlm,
}

NEEDS = {"llava": (), "smolvlm": ("torchvision", "num2words")}


def available(*packages: str) -> None:
    for package in packages:
        try:
            importlib.import_module(package)
        except (ImportError, RuntimeError):  # RuntimeError: built for another torch
            pytest.skip(f"run `pip install {package}`, in the build that fits torch")


@pytest.fixture(scope="session", params=FAMILIES)
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an untrained checkpoint."""
    name = request.param
    if name not in qwen.MANNERS:
        available(*NEEDS.get(name, ("torchvision",)))
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("families") / name
    parts = FAMILIES[name]()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = parts.kind(parts.config)
        tiny._draw(made)
        # settings of sampling, as in published checkpoints
        made.generation_config.update(do_sample=True, temperature=0.1, top_p=0.5, top_k=1)
        made.save_pretrained(folder)
    parts.processor.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Videos of different lengths."""
    home = tmp_path_factory.mktemp("clips")
    draw = np.random.default_rng(0)
    for index, count in enumerate((4, 4, 6)):
        pictures = draw.integers(0, 256, (count, 32, 32, 4), dtype=np.uint8)
        video.write(home / f"{index}.mp4", list(pictures), fps=4.0)
    return sorted(home.glob("*.mp4"))


def asked(clips: list[Path]) -> list[Asked]:
    questions = [
        Asked(key=clip.stem, text="Jump? " * (index + 1), video=clip, sampling=SEEN)
        for index, clip in enumerate(clips)
    ]
    return [*questions, Asked(key="blind", text="Jump?")]


SEEN = Sampling(max_frames=8)


def test_replies_do_not_depend_on_the_batch(family: Path, clips: list[Path]) -> None:
    replies = [
        {reply.key: reply
            for reply in Local(folder=family, batch=batch, max_tokens=4, device="cpu")
            .replies(asked(clips))}
        for batch in (1, 4)
    ]  # fmt: skip
    assert replies[0] == replies[1]
    assert [replies[0][key].frames for key in ("0", "1", "2", "blind")] == [4, 4, 6, 0]
    assert all(not reply.problem and reply.completion_tokens for reply in replies[0].values())


def test_loss_depends_on_the_video_and_covers_only_replies(family: Path, seen) -> None:
    loaded = model.load(family, device="cpu")
    encoder = loaded.encoder
    turns = [Turn("Jump?", seen(1), "B"), Turn("Jump or walk?", seen(2), "No")]
    with torch.no_grad():
        alone = [loaded.model(**encoder.teaching([turn])).loss.item() for turn in turns]
        both = encoder.teaching(turns)
        together = loaded.model(**both).loss.item()
        changed = loaded.model(**encoder.teaching([turns[0]._replace(seen=seen(3))])).loss.item()
    counts = (both["labels"] != IGNORED).sum(1).tolist()
    assert together == pytest.approx(np.average(alone, weights=counts), rel=1e-4)
    assert abs(changed - alone[0]) > 1e-5
    for row, turn in enumerate(turns):
        said = encoder.tokenizer.decode(both["labels"][row][both["labels"][row] != IGNORED])
        assert said.rstrip() == f"{turn.reply}<|im_end|>"


@pytest.mark.parametrize("name", qwen.MANNERS)
def test_qwen_inputs_equal_those_of_the_published_processors(name: str, seen) -> None:
    """Tokens and vectors are equal for pictures that need no resizing."""
    available("torchvision")
    from transformers.models.qwen2_vl.video_processing_qwen2_vl import Qwen2VLVideoProcessor
    from transformers.models.qwen3_vl.video_processing_qwen3_vl import Qwen3VLVideoProcessor

    manner = qwen.MANNERS[name]
    tokens = tokenizer(*QWEN)
    cut = {"patch_size": 4, "temporal_patch_size": 2, "merge_size": 2}
    limits = {"shortest_edge": 8 * 8, "longest_edge": 64 * 64 * 8}
    if manner.timed:
        film = Qwen3VLVideoProcessor(**cut, size=limits, cap_pixels_per_frame=False)
        kind = transformers.Qwen3VLProcessor
    else:
        film = Qwen2VLVideoProcessor(**cut, size=limits, cap_pixels_per_frame=False)
        kind = transformers.Qwen2_5_VLProcessor if manner.spaced else transformers.Qwen2VLProcessor
    picture = transformers.Qwen2VLImageProcessor(**cut)
    # Qwen3-VL's own releases put the steps of time in the place of all three; later ones of
    # transformers in the place of the middle one
    shown = "<|video_pad|>" if manner.timed else "<|vision_start|><|video_pad|><|vision_end|>"
    published = TEMPLATE.replace("VIDEO\n", shown)
    processor = kind(picture, tokens, film, chat_template=published)
    turn = Turn("Does the person jump?", seen(5, frames=4, height=16, width=24))
    theirs = ProcessorEncoder(processor).asking([turn])
    grid = Grid(patch_px=4)
    ours = qwen.QwenEncoder(
        tokens, grid, tokens.convert_tokens_to_ids("<|video_pad|>"), manner._replace(system="")
    ).asking([turn])
    assert tokens.decode(ours["input_ids"][0]) == tokens.decode(theirs["input_ids"][0])
    assert torch.equal(ours["video_grid_thw"], theirs["video_grid_thw"])
    assert (ours["pixel_values_videos"] - theirs["pixel_values_videos"]).abs().max() < 1e-5
    spaces = [tensors.get("second_per_grid_ts") for tensors in (ours, theirs)]
    assert (spaces[0] is None) == (spaces[1] is None) == (not manner.spaced)
    if manner.spaced:
        assert float(spaces[0][0]) == pytest.approx(float(spaces[1][0]), rel=1e-3)


def test_text_cannot_imitate_video_tokens(family: Path, seen) -> None:
    encoder = model.load(family, device="cpu").encoder
    special = [word for word in (*QWEN, *INTERN, *SMOL) if word in encoder.tokenizer.get_vocab()]
    ids = set(encoder.tokenizer.convert_tokens_to_ids(special))
    for shown in (seen(1), None):
        plain, sly = (
            [token for token in encoder.asking([Turn(text, shown)])["input_ids"][0].tolist()
                if token in ids]
            for text in ("Jump?", f"Jump{''.join(special)}?")
        )  # fmt: skip
        assert plain == sly


def test_two_steps_change_the_reply(family: Path, clips: list[Path], tmp_path: Path) -> None:
    blind = sample()._replace(text="Jump?\nA. Yes\nB. No", reply="A")
    examples: list[Sample] = [blind._replace(video=clip) for clip in clips[:2]]
    recipe = Recipe(rank=2, sampling=SEEN, batch=2, accumulate=1, most_steps=2,
                    rate=0.1, warmup=0.0)  # fmt: skip
    ready = finetune.prepare(family, examples, recipe, device="cpu")
    assert set(ready.whole) == {"language", "vision", "projector"}
    assert set(ready.learning) == {"language", "projector"}
    home = finetune.run(ready, tmp_path / "run")
    before, after = (
        next(iter(Local(folder=family, adapter=adapter, max_tokens=4, device="cpu", precision="f32")
            .replies(asked(clips)[:1])))
        for adapter in (None, home)
    )  # fmt: skip
    assert after.problem == ""
    assert before.text != after.text
