"""Rows of third-party data sets: dictionaries with the usual key names.

Reads a question with a list, a dictionary or lettered columns of options, options embedded in the
question ("A. left"), conversations of a user and an assistant, and answers as letter, text or
position. Anything but a multiple-choice question with an answer gives a reason, which is counted.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from qagen.audit.rows import Row, plain

Item = Mapping[str, Any]

QUESTION = (
    "question", "question_text", "question_stem", "stem", "query", "prompt", "q", "text", "problem",
)  # fmt: skip
OPTIONS = (
    "options", "choices", "candidates", "option", "answer_choices", "mc_options", "answer_options",
    "multi_choice", "possible_answers",
)  # fmt: skip
ANSWER = (
    "answer", "answer_letter", "correct_answer", "ground_truth", "groundtruth", "gt_answer", "gt",
    "correct_option", "correct_choice", "correct", "mc_answer", "label", "target", "solution",
    "answer_text", "answer_index", "answer_idx", "answer_id", "correct_idx", "correct_index",
)  # fmt: skip
CATEGORY = (
    "category", "question_type", "task", "task_type", "type", "task_name", "question_category",
    "dimension", "qtype", "ability",
)  # fmt: skip
FAMILY = ("family", "sub_category", "subcategory", "sub_task", "subtask", "subtype", "template")
CLIP = (
    "clip", "video", "video_id", "videoid", "video_path", "video_name", "videos", "clip_id", "vid",
    "scene_name", "video_idx", "video_file", "media", "path", "image", "images",
)  # fmt: skip
NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id", "question_id", "qid", "uid", "index", "q_uid", "sample_id"),
    "take": ("take", "take_id", "sequence", "scene"),
    "subject": ("subject", "subject_id", "participant", "actor", "performer"),
    "group": ("group", "group_id"),
    "split": ("split", "subset", "fold"),
}
CONVERSATIONS = ("conversations", "conversation", "messages")
ASKS = ("human", "user")
ANSWERS = ("gpt", "assistant", "model", "bot")

MOST_OPTIONS = 26

_LETTERED = re.compile(r"(?:(?<=\s)|^)[(\[]?([A-Z])[.):\]](?:\s+|(?=\S))")
_PREFIX = re.compile(r"^\s*[(\[]?([A-Z])[.):\]]\s*")
_LETTER = re.compile(r"^\s*[(\[]?([A-Za-z])[)\]]?(?:\s*$|\s*[.:)\]]\s*)")
_SAID = re.compile(r"(?:answer|option)(?:\s+is)?\s*[:=]?\s*[(\[]?\b([A-Z])\b", re.IGNORECASE)
_MEDIA = re.compile(r"<(?:video|image|audio)>")
_TAGGED = re.compile(r"<answer>(.*?)</answer>", re.DOTALL | re.IGNORECASE)


def to_row(item: Item, *, split: str = "", number: int = 0) -> Row | str:
    """The row of a dictionary, or the reason why it has none.

    >>> row = to_row({"video": "a.mp4", "question": "Where?\\nA. left\\nB. right", "answer": "B"})
    >>> row.question, row.options, row.answer
    ('Where?', ('left', 'right'), 'right')
    >>> to_row({"question": "How far?", "ground_truth": "2.5"})
    'no options'
    """
    named = {str(key).lower().replace(" ", "_").replace("-", "_"): item[key] for key in item}
    question, answer = _said(named)
    if not question:
        return "no question"
    options = _options(named)
    if not options:
        question, options = _embedded(question)
    if answer is None:
        return "no answer"
    if not options and plain(str(answer)) in ("yes", "no", "true", "false"):
        truth = plain(str(answer)) in ("true", "false")
        options = ("True", "False") if truth else ("Yes", "No")
    if len(options) < 2:
        return "no options"
    if len(options) > MOST_OPTIONS:
        return f"more than {MOST_OPTIONS} options"
    place = _place(answer, options)
    if place is None:
        return "the answer is none of the options"
    task = _name(named, CATEGORY)
    known = {field: _name(named, keys) for field, keys in NAMES.items()}
    known["split"] = known["split"] or split
    return Row(
        clip=_name(named, CLIP) or f"row {number}", task=task,
        family=f"{task}/{_name(named, FAMILY)}", question=question, options=options,
        answer_index=place, **known,
    )  # fmt: skip


def _first(named: Item, keys: Sequence[str]) -> Any:
    return next((named[key] for key in keys if named.get(key) not in (None, "", [])), None)


def _name(named: Item, keys: Sequence[str]) -> str:
    """A name as text: of a list the first entry, of a dictionary the empty string."""
    value = _first(named, keys)
    while isinstance(value, list) and value:
        value = value[0]
    return "" if value is None or isinstance(value, (dict, list)) else str(value)


def _said(named: Item) -> tuple[str, Any]:
    """The question and the answer, from a conversation where there is one."""
    turns = _first(named, CONVERSATIONS)
    if not isinstance(turns, list):
        question = _first(named, QUESTION)
        return _text(question), _first(named, ANSWER)
    said: dict[bool, str] = {}
    for turn in turns:
        if isinstance(turn, dict):
            who = str(turn.get("from", turn.get("role", ""))).lower()
            text = _text(turn.get("value", turn.get("content", "")))
            if who in (*ASKS, *ANSWERS):
                said.setdefault(who in ASKS, text)
    return said.get(True, ""), said.get(False)


def _text(value: Any) -> str:
    """The words of a message, which may be a list of parts."""
    if isinstance(value, list):
        parts = [part.get("text", "") if isinstance(part, dict) else part for part in value]
        value = "\n".join(str(part) for part in parts if part)
    return _MEDIA.sub("", value).strip() if isinstance(value, str) else ""


def _options(named: Item) -> tuple[str, ...]:
    """Options in fields of their own, without their letters."""
    found = _first(named, OPTIONS)
    if isinstance(found, dict):
        found = [found[key] for key in sorted(found, key=str)]
    if isinstance(found, str):
        lettered = _embedded(found)[1]
        found = list(lettered) if lettered else [line for line in found.splitlines() if line]
    if not isinstance(found, list):
        found = []
        for names in ("abcdefgh", "01234567", "12345678"):
            for pattern in ("{}", "option_{}", "option{}", "choice_{}", "a{}"):
                keys = [pattern.format(name) for name in names]
                ones = [named[key] for key in keys if named.get(key) not in (None, "")]
                if len(ones) >= 2 and len(ones) > len(found):
                    found = ones
    texts = [
        str(one.get("text", one.get("value", "")) if isinstance(one, dict) else one).strip()
        for one in found
    ]
    texts = [text for text in texts if text]
    letters = [match[1] if (match := _PREFIX.match(text)) else "" for text in texts]
    if letters == [chr(ord("A") + place) for place in range(len(texts))]:
        texts = [_PREFIX.sub("", text, count=1) for text in texts]
    return tuple(texts)


def _embedded(text: str) -> tuple[str, tuple[str, ...]]:
    """A question and the lettered options that follow it."""
    marks: list[re.Match[str]] = []
    for match in _LETTERED.finditer(text):
        if match[1] == chr(ord("A") + len(marks)):
            marks.append(match)
        elif match[1] == "A":
            marks = [match]
    if len(marks) < 2:
        return text, ()
    ends = [match.start() for match in marks[1:]] + [len(text)]
    options = [text[match.end() : end].strip() for match, end in zip(marks, ends, strict=True)]
    options[-1] = options[-1].partition("\n")[0].strip()  # what follows is an instruction
    stem = re.sub(r"(?:options|choices)\s*:?\s*$", "", text[: marks[0].start()], flags=re.I)
    return stem.strip(), tuple(options)


def _place(answer: Any, options: Sequence[str]) -> int | None:
    """The index of the option that an answer names by text, letter or index from 0."""
    if isinstance(answer, list) and len(answer) == 1:
        answer = answer[0]
    if isinstance(answer, dict):
        answer = answer.get("text", answer.get("label"))
    if isinstance(answer, bool):
        answer = "yes" if answer else "no"
    texts = [plain(option) for option in options]
    text = str(answer).strip()
    if tagged := _TAGGED.search(text):
        text = tagged[1].strip()
    if plain(text) in texts and plain(text):
        return texts.index(plain(text)) if texts.count(plain(text)) == 1 else None
    if isinstance(answer, int):
        return answer if 0 <= answer < len(options) else None
    if letter := _LETTER.match(text):
        return _in_range(letter[1], options)
    said = _SAID.findall(text)
    if said:
        return _in_range(said[-1], options)
    after = plain(text.rpartition(":")[2])
    if texts.count(after) == 1 and after:
        return texts.index(after)
    return int(text) if text.isdecimal() and int(text) < len(options) else None


def _in_range(letter: str, options: Sequence[str]) -> int | None:
    place = ord(letter.upper()) - ord("A")
    return place if place < len(options) else None
