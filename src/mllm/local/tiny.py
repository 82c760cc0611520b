"""A small, untrained video model of the Qwen3-VL architecture, built without a download.

It is for tests, and for trying a training on a laptop. `build` writes a complete checkpoint:
configuration, weights, tokenizer and chat template. Initial weights are scaled by each unit's
number of inputs: at this width, the usual standard deviation of 0.02 stays at chance for hundreds
of steps.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SPECIAL = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>",
    "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip

CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}{% if part['type'] == 'text' %}{{ part['text'] }}"
    "{% else %}<|vision_start|><|video_pad|><|vision_end|>{% endif %}{% endfor %}{% endif %}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

EMBEDDING_SPREAD = 0.05


@dataclass(frozen=True, kw_only=True)
class Size:
    """Sizes of the model."""

    width: int = 64
    layers: int = 2
    heads: int = 4
    vision_width: int = 64
    vision_layers: int = 2
    patch_px: int = 8
    """A token has two patches along each side."""
    words: int = 1024
    """Tokens of the vocabulary."""


def build(folder: Path, texts: Iterable[str], *, size: Size = Size(), seed: int = 0) -> Path:
    """Writes an untrained model; the tokenizer depends on the texts, the weights on the seed."""
    import torch
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer(texts, size)
    config = Qwen3VLConfig(**_settings(tokenizer, size))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Qwen3VLForConditionalGeneration(config)
        _draw(model)
    ends = [tokenizer.convert_tokens_to_ids(name) for name in ("<|im_end|>", "<|endoftext|>")]
    model.generation_config.eos_token_id = ends
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _tokenizer(texts: Iterable[str], size: Size) -> Any:
    """A byte-pair tokenizer trained on the texts."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False),
    ])  # fmt: skip
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size.words,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="<|endoftext|>",
        eos_token="<|im_end|>",
        chat_template=CHAT_TEMPLATE,
    )


def _settings(tokenizer: Any, size: Size) -> dict[str, Any]:
    head = size.width // size.heads
    third = head // 6  # height and width get a third of the rotary angles each, time the rest
    number = tokenizer.convert_tokens_to_ids
    return {
        "text_config": {
            "vocab_size": max(size.words, len(tokenizer)),
            "hidden_size": size.width,
            "intermediate_size": 3 * size.width,
            "num_hidden_layers": size.layers,
            "num_attention_heads": size.heads,
            "num_key_value_heads": size.heads,
            "head_dim": head,
            "max_position_embeddings": 8192,
            "pad_token_id": tokenizer.pad_token_id,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10_000.0,
                "mrope_section": [head // 2 - 2 * third, third, third],
                "mrope_interleaved": True,
            },
        },
        "vision_config": {
            "depth": size.vision_layers,
            "hidden_size": size.vision_width,
            "intermediate_size": 3 * size.vision_width,
            "num_heads": size.heads,
            "patch_size": size.patch_px,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "out_hidden_size": size.width,
            "num_position_embeddings": 64,
            "deepstack_visual_indexes": [0],
        },
        "image_token_id": number("<|image_pad|>"),
        "video_token_id": number("<|video_pad|>"),
        "vision_start_token_id": number("<|vision_start|>"),
        "vision_end_token_id": number("<|vision_end|>"),
        "tie_word_embeddings": True,
    }


def _draw(model: Any) -> None:
    """Draws weights scaled by each unit's number of inputs, and small embeddings."""
    import torch
    from torch import nn

    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Linear | nn.Conv3d):
                module.weight.normal_(std=module.weight[0].numel() ** -0.5)
                if module.bias is not None:
                    module.bias.zero_()
            elif isinstance(module, nn.Embedding):
                module.weight.normal_(std=EMBEDDING_SPREAD)
    model.tie_weights()
