"""Replies to letters: shapes that models really give, in tables, and laws about all replies."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mllm.evaluation.parse import letter

OPTIONS = ("To the left", "To the right", "Both about the same", "Neither")
YES_NO = ("Yes", "No")
COUNTS = ("Never", "Once", "Twice", "3 times")
SIDES = ("Left", "Right")
NUMBERS = ("About 1.5 m", "About 2 m", "About 2.6 m", "About 15 m")

SHAPES = r"""{x}
{y}
({x})
({y})
[{x}]
{x}.
{x})
{y})
{x}:
  {x}
**{x}**
*{x}*
`{x}`
"{x}"
'{x}'
“{x}”
<{x}>
{{{x}}}
{x}!
- {x}
> {x}
# {x}
$\boxed{{{x}}}$
\boxed{{\text{{{x}}}}}
\boxed{{{x}. {option}}}
<answer>{x}</answer>
<answer>({x}) {option}</answer>
<answer>\n{x}\n</answer>
<think>It could be A, B, C or D.</think>{x}
<think>A? No, D.</think>\n\n{x}. {option}
A? Perhaps D.</think> {x}
{{"answer": "{x}"}}
{{"reason": "It turns.", "answer": "{x}"}}
```json\n{{"answer": "{x}"}}\n```
{x}. {option}
{x}) {option}
({x}) {option}
{x}: {option}
{x} - {option}
{x} – {option}
{x}, {option}
**{x}. {option}**
Answer: {x}
Answer: {y}
answer: {x}
ANSWER: {x}
Answer:{x}
Answer = {x}
Answer - {x}
Answer: ({x})
Answer: {x}.
Answer: {x}. {option}
Answer: {option}
**Answer:** {x}
**Answer: {x}**
### Answer: {x}
Answer: **{x}**
Answer: "{x}"
Answer is {x}
The answer is {x}
The answer is {x}.
The answer is ({x}).
The answer is: {x}
The answer is option {x}.
The answer is **{x}. {option}**.
The answer would be {x}.
The correct answer is {x}.
The correct option is {x}.
The right answer is therefore {x}.
The best choice is {x}.
The answer is clearly {x}.
The answer is "{option}".
The correct answer is {option}.
Final answer: {x}
Final Answer - {x}
Final answer ({x})
My answer: {x}
My answer is {x}, because of the turn.
So the answer is {x}.
Option {x}
Option {x}.
option {y}
Option {x}: {option}
Option ({x})
Choice {x}
I choose {x}.
I would choose {x}.
I'd go with {x}
I would say {x}.
I pick ({x}).
I select option {x}.
I'll go with {x}.
My best guess is {x}.
I cannot be sure, but my guess is {x}.
As an AI I cannot see videos well, but I would guess {x}.
It must be {x}.
Therefore, {x}.
Thus, option {x}.
{option}
{option}.
"{option}"
**{option}**
The person moves around a lot.\nAnswer: {x}
The person starts off slowly. Then it changes.\n\nAnswer: {x}
The person starts off slowly.\n\n{x}
The person starts off slowly.\n\n**{x}**
The person starts off slowly. {x}
The person starts off slowly.\n\n({x}) {option}
Reasoning: first this, then that. So it's {x}.
{x}\n\nExplanation: the person starts off slowly.
{x}. {option}\n\nThe person starts off slowly.
({x}) because the person starts off slowly.
{x}, since that is what is seen.
Let us see. In the first quarter nothing happens; later it does. The answer is {x}.
Answer: {x}\nExplanation: it is what happens in seconds 2 to 5.
A. To the left\nB. To the right\nC. Both about the same\nD. Neither\n\nAnswer: {x}
A. To the left\nB. To the right\nC. Both about the same\nD. Neither\n\n{x}
(A) To the left (B) To the right (C) Both about the same (D) Neither\nThe answer is ({x}).
答案：{x}
答案:{x}
答案是{x}。
正确答案是{x}
正确答案是：{x}。
选{x}
我选择{x}。
选项{x}
答えは{x}です。
答え：{x}
正解は{x}です
（{x}）
【{x}】
「{x}」
{x}。
{x}、{option}
정답: {x}
정답은 {x}입니다.
답: {x}
Antwort: {x}
Die Antwort ist {x}.
Die richtige Antwort lautet {x}.
Réponse : {x}
La réponse est {x}.
Respuesta: {x}
La respuesta correcta es {x}.
La respuesta es la opción {x}.
Risposta: {x}
La risposta è {x}.
Resposta: {x}
Ответ: {x}
Правильный ответ: {x}.
Правильный ответ — {x}
الإجابة: {x}
الإجابة هي {x}
उत्तर: {x}
Cevap: {x}
«{x}»
{x}选项
Ans: {y}
{{'answer': '{x}'}}
{{"answer": "{x}", "explanation": "not the others, the person goes somewhere else first"}}
{{"choice": "{x}"}}
The final answer is $\boxed{{{x}}}$.
\(\boxed{{\textbf{{({x})}}}}\)
***{x}***
__{x}__
<reasoning>Answer: D, or B</reasoning>{x}
<analysis>The answer is C.</analysis> {x}
[THINK]The answer is A[/THINK]{x}
◁think▷A, B◁/think▷{x}
<|begin_of_thought|>B<|end_of_thought|>{x}
<|channel|>analysis<|message|>Answer: A<|end|><|channel|>final<|message|>{x}
{x}<|im_end|>
ASSISTANT: {x}
{x}\n{x}
I think {x}.
It seems that {x} is correct.
{x} is the correct answer.
Actually, {x}.
The answer is A. Wait, it's {x}.
{x}\n\nThe other ones are wrong since the person goes elsewhere. That is not possible.
Answer: {x}\n(Option A is for walking left, option D for standing)
The correct answer is {x}. Option A describes the left, option C both.
Answer: {x}. The options A, B, C and D were read with care.
I cannot see all of it, but the answer is probably {x}."""


# what a reply says, whether the letter is shown in it, and for which options
TOLD = [
    ("Yes", YES_NO, "A"),
    ("No.", YES_NO, "B"),
    ("no", YES_NO, "B"),
    ("No, the person never jumps.", YES_NO, "B"),
    ("Yes, the person does jump.", YES_NO, "A"),
    ("Answer: No", YES_NO, "B"),
    ("The answer is yes.", YES_NO, "A"),
    ("A. Yes", YES_NO, "A"),
    ("B", YES_NO, "B"),
    ("The person does not jump at all.\nAnswer: No", YES_NO, "B"),
    ("Never", COUNTS, "A"),
    ("Twice.", COUNTS, "C"),
    ("3 times", COUNTS, "D"),
    ("The person turns 3 times.", COUNTS, "D"),
    ("It happens once, at the beginning.", COUNTS, None),
    ("Answer: 3 times", COUNTS, "D"),
    ("About 2 m", NUMBERS, "B"),
    ("about 2.6 m", NUMBERS, "C"),
    ("About 1.5 m.", NUMBERS, "A"),
    ("The way is about 15 m long.", NUMBERS, "D"),
    ("Answer: about 1.5 m", NUMBERS, "A"),
    ("about 20 m", NUMBERS, None),
    ("A person walks to the right.", OPTIONS, "B"),
    ("The person mostly goes to the left.", OPTIONS, "A"),
    ("First to the left.\nThen, in the end, it is mostly to the right.", OPTIONS, "B"),
    ("It is both about the same.", OPTIONS, "C"),
    ("It is not A, so it is B.", OPTIONS, "B"),
    ("A is wrong. B is right.", OPTIONS, "B"),
    ("A is incorrect, C is incorrect, D is wrong: (B)", OPTIONS, "B"),
    ("The answer is not A. The answer is C.", OPTIONS, "C"),
    ("Answer: A. No, wait.\nAnswer: D", OPTIONS, "D"),
    ("At first I thought the answer is A, but the answer is B.", OPTIONS, "B"),
    ("The answer is a turn to the left", OPTIONS, "A"),
    ("B: To the right, because A is wrong", OPTIONS, "B"),
    ("The man (in red) turns, which is option C.", OPTIONS, "C"),
    ("Person A walks to the left", OPTIONS, "A"),
    ("Without the video I can't say. My guess: B", OPTIONS, "B"),
    ("B, not A.", OPTIONS, "B"),
    ("Sorry, the answer is B.", OPTIONS, "B"),
    ("option two", OPTIONS, "B"),
    ("The second option.", OPTIONS, "B"),
    ("Option 3", OPTIONS, "C"),
    ("The first option is wrong, the second option is right.", OPTIONS, "B"),
    ("Option 3", COUNTS, None),  # the third one, or the one of three times?
    ("2 times", ("0", "1", "2", "3"), "C"),
    ("yes it does", YES_NO, "A"),
    ("No they don't", YES_NO, "B"),
    ("No, I don't see the person jump.", YES_NO, "B"),
    ("Yes (at 2 s)", YES_NO, "A"),
    ("Sure! The answer is yes.", YES_NO, "A"),
    ("**Answer: No** – the person stays", YES_NO, "B"),
    ("Right, so the answer is Left", SIDES, "A"),
]

MISLEADING = [
    *((reply, YES_NO) for reply in (
        "No idea", "No idea.", "No clue", "No comment", "No answer", "No video was provided.",
        "No information", "No way to tell", "No one jumps.", "No person is visible in the video.",
        "No, I cannot tell.", "Yes and no", "Yes or no?", "Yes/No", "Yes, no",
        "Neither yes nor no", "Yes, I can help with that! But I see no video.",
        "Yes, I can see the video.", "Yes, I understand.", "Yes, but I cannot see the video",
        "No problem! Please upload the video.", "No worries, send the video", "Not yes",
        "Yes. No. I don't know.", "I don't know, yes?", "Answer: Yes/No", "Answer: Yes or No",
        "Answer: No idea", "Answer: No information is given", "The answer is no one knows",
    )),
    *((reply, SIDES) for reply in (
        "I can't tell if it is Left or Right", "left or right", "Left? Not sure.",
        "Not sure if left.", "Right, let me look at the video.", "Left to the reader",
    )),
    *((reply, COUNTS) for reply in (
        "Never mind, I cannot see it.", "Once I see the video I can answer.", "Once upon a time",
        "Never seen such a video", "None of the above.",
    )),
    *((reply, OPTIONS) for reply in (
        "I am not sure whether it is to the left or to the right.",
        "I'm not sure if it is to the left.", "I don't think it is to the left.",
        "It is hard to say whether the person moves to the left.",
        "None", "None of these options", "All of the above", "N/A", "n/a", "NA", "Answer: N/A",
        "Answer: none", "Answer: None of the above", "Answer: I don't know",
        "Neither A nor B", "Neither option is correct", "Neither of the options.",
        "Answer: Neither of the above", "Both A and B", "Maybe A, maybe B", "A? I'm not sure",
        "A turn happens.", "A man", "I", "I see.", "I cannot", "Not A", "Anything but B",
        "Plan B", "Point A to point B", "The person in video B jumps.", "Camera C",
        "a) left b) right", "A\nB", "ABCD", "Final answer: none of A, B, C, D",
        "As an AI language model, I can't watch videos. Options: A. To the left",
        "I refuse to answer B", "I can't answer A.", "I don't know if the answer is A.",
        "I'm unable to view the video, so I can't choose option A.",
        "It cannot be determined whether the answer is A.", "I do not know the answer. A?",
        "Sorry, I can't tell which option (A, B, C or D) is right.",
        "If the person turns left, the answer is A. If right, the answer is B.",
        "If the person moves to the left, choose A.", "Option B or option C",
        "<think>I think A", '{"answer": null}', '{"A": 0.1, "B": 0.7, "C": 0.1, "D": 0.1}',
        "A - incorrect\nB - correct\nC - incorrect\nD - incorrect", "不是A", "A和B",
    )),
]  # fmt: skip
"""Replies that hold an option or its letter and do not say it."""

NONE = [
    ("", "empty"),
    ("  \n ", "empty"),
    ("<think>I think it is B", "empty"),
    ("**", "empty"),
    ("E", "out of range"),
    ("Z.", "out of range"),
    ("Answer: E", "out of range"),
    ("The answer is (H).", "out of range"),
    ("A or B", "several"),
    ("A and B", "several"),
    ("(A) or (B)", "several"),
    ("A/B", "several"),
    ("A, B", "several"),
    ("Answer: A or B", "several"),
    ("Answer: (A) and (C)", "several"),
    ("The answer is A or C.", "several"),
    ("It is B or C", "several"),
    ("It could be (A). It could be (B).", "several"),
    ("A. To the left\nB. To the right\nC. Both about the same\nD. Neither", "several"),
    ("A. To the left B. To the right C. Both about the same D. Neither", "several"),
    ("A: no\nB: perhaps\nC: perhaps", "several"),
    ("I cannot see the video.", "refusal"),
    ("I can't see any video here.", "refusal"),
    ("I can’t answer that.", "refusal"),
    ("Sorry, I can't help with that.", "refusal"),
    ("I'm sorry, but I am unable to view videos.", "refusal"),
    ("As an AI, I have no eyes.", "refusal"),
    ("It is impossible to tell.", "refusal"),
    ("There is not enough information.", "refusal"),
    ("Not said", "refusal"),
    ("Not said.", "refusal"),
    ("The description does not say whether they go to the left.", "refusal"),
    ("None of the above.", "refusal"),
    ("There is no video, so I do not know.", "refusal"),
    ("I won't guess.", "refusal"),
    ("无法确定。", "refusal"),
    ("抱歉，我看不到视频。", "refusal"),
    ("申し訳ありませんが、わかりません。", "refusal"),
    ("Не могу ответить.", "refusal"),
    ("No puedo ver el vídeo.", "refusal"),
    ("The person walks.", "unclear"),
    ("A person walks.", "unclear"),
    ("I think a person moves.", "unclear"),
    ("A", None),
    ("42", "unclear"),
    ("🙂", "unclear"),
    ("To the left, then to the right.", None),
    ("the the the the the", "unclear"),
    ("Answer:", "unclear"),
    ("The answer is", "unclear"),
    ("Question: which way? Options follow.", "unclear"),
]


def shapes() -> list[str]:
    return [line.replace("\\n", "\n") for line in SHAPES.splitlines()]


@pytest.mark.parametrize("shape", shapes())
def test_every_shape_gives_its_letter(shape: str) -> None:
    for place, symbol in enumerate("ABCD"):
        reply = shape.format(x=symbol, y=symbol.lower(), option=OPTIONS[place])
        assert letter(reply, OPTIONS).letter == symbol, reply


@pytest.mark.parametrize(("reply", "options", "wanted"), TOLD)
def test_words_are_understood(reply: str, options: tuple[str, ...], wanted: str | None) -> None:
    assert letter(reply, options).letter == wanted


@pytest.mark.parametrize(("reply", "options"), MISLEADING)
def test_what_only_looks_like_an_answer_is_none(reply: str, options: tuple[str, ...]) -> None:
    assert letter(reply, options).letter is None


@pytest.mark.parametrize(("reply", "how"), [one for one in NONE if one[1]])
def test_no_answer_says_why(reply: str, how: str) -> None:
    assert letter(reply, OPTIONS) == (None, how)


def test_there_are_a_few_hundred_shapes() -> None:
    assert 4 * len(shapes()) + len(TOLD) + len(NONE) > 400


@given(st.text(max_size=300), st.lists(st.text(max_size=12), min_size=2, max_size=8))
def test_any_reply_is_a_letter_that_was_offered_or_none(reply: str, options: list[str]) -> None:
    found = letter(reply, options)
    assert found.letter is None or found.letter in "ABCDEFGH"[: len(options)]
    none = found.how in ("empty", "refusal", "several", "out of range", "unclear")
    assert (found.letter is None) == none


@given(st.sampled_from("ABCD"), st.sampled_from(["", " ", "\n", "\t\n  "]), st.booleans())
def test_space_around_a_reply_means_nothing(symbol: str, space: str, worded: bool) -> None:
    reply = f"Answer: {symbol}" if worded else f"({symbol})"
    assert letter(f"{space}{reply}{space}", OPTIONS).letter == symbol


@given(st.integers(0, 3), st.permutations(OPTIONS))
def test_an_option_in_words_means_itself_in_any_order(place: int, order: list[str]) -> None:
    assert letter(order[place], order).letter == "ABCD"[place]


EIGHT = (
    "Forwards", "Backwards", "To their left", "To their right", "Upwards", "Downwards",
    "Neither: staying in place", "Turning in place",
)  # fmt: skip
QUARTERS = tuple(f"The {name} quarter" for name in ("first", "second", "third", "fourth"))
ANGLES = ("About 45°", "About 90°", "About 180°")

ANNOUNCED = """Answer: {x}
The answer is {x}.
The answer is {x} because the person moves that way.
Final answer: {x}) {option}
La respuesta correcta es {x}.
La respuesta correcta es la {x}.
La bonne réponse est la {x}.
La réponse correcte est la {x}
A resposta correta é a {x}.
La risposta corretta è la {x}.
Die Antwort ist {x}
Die richtige Antwort ist {x}, weil die Person geht.
Het antwoord is {x}.
Svaret är {x}.
Odpowiedź: {x}
Doğru cevap: {x}
Jawaban yang benar adalah {x}
Đáp án là {x}
सही उत्तर {x} है
Правильный ответ: {x}
答案是{x}
答えは{x}です
정답은 {x}입니다
الإجابة الصحيحة هي {x}""".splitlines()

BEFORE = (
    "", "Sure! ", "The person walks around and then stops. ", "**Analysis**: the person moves.\n\n",
    "1. The person stands.\n2. The person walks.\n\n", "Option A is wrong because nothing turns. ",
    "I cannot be certain, but ", "Hmm, if it were A, the person would stop. ",
    "<think>Maybe C. Answer: C</think>", "视频中的人在走。", "El video muestra a una persona. ",
)  # fmt: skip
AFTER = (
    "", "\n", "\n\nExplanation: that is how the person moves.", "\nConfidence: 0.8", "</s>",
    "<|im_end|>",
    "\n\nThe other options are wrong.", "\n\nLet me know if you have questions.",
)  # fmt: skip

HINTED = [
    ("2 m", NUMBERS, "B"),
    ("About 2.6 metres", NUMBERS, "C"),
    ("It is approximately 15 meters.", NUMBERS, "D"),
    ("Answer: 2.6", NUMBERS, "C"),
    ("2", NUMBERS, "B"),
    ("180 degrees", ANGLES, "C"),
    ("90°", ANGLES, "B"),
    ("3", COUNTS, "D"),
    ("2 s", NUMBERS, None),  # another unit
    ("20 m", NUMBERS, None),
    ("2 or 3 m", NUMBERS, None),
    ("more than 2 m", NUMBERS, None),
    ("not 2 m", NUMBERS, None),
    ("third", QUARTERS, "C"),
    ("In the third quarter.", QUARTERS, "C"),
    ("Answer: the fourth", QUARTERS, "D"),
    ("Neither", EIGHT, "G"),
    ("The answer is neither.", EIGHT, "G"),
    ("Turning", EIGHT, "H"),
    ("To their", EIGHT, None),  # two options begin so
    ("To", OPTIONS, None),
    ("I'd say no.", YES_NO, "B"),
    ("It's a Left turn", ("Right", "Left"), None),
    ("The person is turning left.", ("Turning", "Turning left"), "B"),
    ("Therefore, left", ("Therefore, right", "Therefore, left"), "B"),
]


@pytest.mark.parametrize("shape", ANNOUNCED)
def test_announced_letters_are_read_in_every_language_up_to_h(shape: str) -> None:
    for mark, option in zip("ABCDEFGH", EIGHT, strict=True):
        reply = shape.format(x=mark, option=option.lower())
        assert letter(reply, EIGHT) == (mark, "announced"), reply


@given(
    st.sampled_from(ANNOUNCED), st.sampled_from(BEFORE), st.sampled_from(AFTER),
    st.integers(2, 8), st.integers(0, 7),
)  # fmt: skip
def test_what_is_around_an_announced_letter_means_nothing(
    shape: str, before: str, after: str, count: int, at: int
) -> None:
    mark, options = "ABCDEFGH"[at % count], EIGHT[:count]
    reply = before + shape.format(x=mark, option=options[at % count]) + after
    assert letter(reply, options).letter == mark


@given(
    st.permutations(EIGHT), st.integers(0, 7), st.sampled_from(BEFORE[:5]), st.sampled_from(AFTER),
    st.sampled_from(["Answer: {0}", "The answer is {0}.", "My choice: {0}", "It must be {0}"]),
)  # fmt: skip
def test_an_announced_option_in_words_means_itself_in_any_order(
    order: list[str], at: int, before: str, after: str, shape: str
) -> None:
    assert letter(before + shape.format(order[at]) + after, order).letter == "ABCDEFGH"[at]


@given(
    st.integers(2, 8), st.integers(0, 7), st.sampled_from(["{}", "({})", "{}.", "**{}**", "{}:"])
)
def test_letters_beyond_the_options_are_out_of_range(count: int, at: int, shape: str) -> None:
    found = letter(shape.format("ABCDEFGH"[at]), EIGHT[:count])
    assert found == (("ABCDEFGH"[at], "letter") if at < count else (None, "out of range"))


@pytest.mark.parametrize(
    "reply",
    ["{x}. {o}", "({x}) {o}", "Answer: {x}. {o}", "{x}\n{o}", "The answer is {x}: {o}",
     "I'd say {x}, {o}.", "{o}. {x}"],
)  # fmt: skip
@pytest.mark.parametrize("options", [OPTIONS, YES_NO, COUNTS, NUMBERS, QUARTERS, ANGLES, EIGHT])
def test_a_letter_that_contradicts_its_own_text_is_no_answer(
    reply: str, options: tuple[str, ...]
) -> None:
    for at, mark in enumerate("ABCDEFGH"[: len(options)]):
        for other, option in enumerate(options):
            found = letter(reply.format(x=mark, o=option), options)
            assert found.letter == (mark if at == other else None), (mark, option)
            assert (found.how == "several") == (at != other)


@pytest.mark.parametrize(("reply", "options", "wanted"), HINTED)
def test_the_beginning_or_number_of_one_option_only_means_it(
    reply: str, options: tuple[str, ...], wanted: str | None
) -> None:
    assert letter(reply, options).letter == wanted


@given(st.permutations(range(5)), st.integers(0, 4))
def test_options_may_be_integers(order: list[int], at: int) -> None:
    assert letter(f"Answer: {order[at]}", order).letter == "ABCDE"[at]
    assert letter(f" {order[at]}. ", order).letter == "ABCDE"[at]
    assert letter("E", order).letter == "E"
    assert letter("17", order).letter is None


@pytest.mark.parametrize(("begin", "end"), [
    ("<think>", "</think>"), ("<Thinking>", "</Thinking>"), ("<reasoning>", "</reasoning>"),
    ("◁think▷", "◁/think▷"), ("[THINK]", "[/THINK]"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
])  # fmt: skip
def test_thoughts_are_no_answer_however_long_they_are(begin: str, end: str) -> None:
    thought = "It turns. The answer is C.\n" * 4_000
    assert letter(f"{begin}{thought}", OPTIONS) == (None, "empty")
    assert letter(f"B{begin}{thought}", OPTIONS) == ("B", "letter")
    assert letter(f"{begin}{thought}{end}B", OPTIONS) == ("B", "letter")
    assert letter(f"{thought}{end}B", OPTIONS) == ("B", "letter")  # the template began the thought
    assert letter(f"{begin}{thought}{begin}D{end}{thought}{end}B", OPTIONS) == ("B", "letter")


HOSTILE = (
    "A or ", "Answer: ", "(", "<think>", "</think>", "<think></think>", "<reason>", "<answer>",
    "not ", "B. ", "\\boxed{", "the answer is ", "if ", "if answer: ", "option ", "option 2 ",
    "A\n", "[THINK]", "no, it's ", "A A A ", "A,", ",", "\n", " ", "\u0315\u0300", "选", "A is    ",
    "to the left. ", "neither, ", "<a", "1 ",
)  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_replies_of_a_million_characters_are_read_at_once(piece: str) -> None:
    start = time.process_time()
    reply = f"A. {piece * (1_000_000 // len(piece))} B"
    assert letter(reply, OPTIONS).letter in (None, *"ABCD")
    assert time.process_time() - start < 20
