"""Greedy replies of a loaded model to a batch of turns; needs torch and transformers."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mllm.local.chat import Encoder, Turn


class FullMemoryError(Exception):
    """A batch does not fit into the device's memory."""


class Written(NamedTuple):
    """A reply, with its numbers of tokens."""

    text: str
    prompt_tokens: int
    completion_tokens: int


def write(model: Any, encoder: Encoder, turns: Sequence[Turn], *, max_tokens: int) -> list[Written]:
    """Replies to the turns of a batch, in order."""
    import torch

    tensors = placed(encoder.asking(turns), model)
    settings = greedy(model, encoder.tokenizer, max_tokens=max_tokens)
    try:
        with torch.inference_mode():
            tokens = model.generate(**tensors, generation_config=settings)
    except torch.OutOfMemoryError as error:
        raise FullMemoryError(
            f"out of memory for a batch of {len(turns)} questions on {model.device}; "
            "use fewer --frames, fewer --pixels or a smaller --batch"
        ) from error
    replies = tokens[:, tensors["input_ids"].shape[1] :]
    prompts = tensors["attention_mask"].sum(dim=1).tolist()
    lengths = (replies != settings.pad_token_id).sum(dim=1).tolist()
    texts = encoder.tokenizer.batch_decode(replies, skip_special_tokens=True)
    return list(map(Written, texts, prompts, lengths))


def greedy(model: Any, tokenizer: Any, *, max_tokens: int) -> Any:
    """The checkpoint's generation settings, without those of sampling."""
    settings = copy.deepcopy(model.generation_config)
    settings.update(
        do_sample=False, num_beams=1, max_new_tokens=max_tokens, max_length=None,
        temperature=None, top_p=None, top_k=None, min_p=None, typical_p=None,
    )  # fmt: skip
    if settings.eos_token_id is None:
        settings.eos_token_id = tokenizer.eos_token_id
    if settings.pad_token_id is None:
        pad = tokenizer.pad_token_id
        settings.pad_token_id = tokenizer.eos_token_id if pad is None else pad
    return settings


def placed(tensors: Mapping[str, Any], model: Any) -> dict[str, Any]:
    """Tensors on the model's device, pictures in its precision."""
    return {
        key: value.to(model.device, model.dtype if key.startswith("pixel_values") else None)
        for key, value in tensors.items()
        if value is not None
    }
