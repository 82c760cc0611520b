"""A reply in words to the letter that it means, or to no answer and why there is none.

What a reply announces as its answer counts before what it merely mentions, and what it says last
before what it says first. Nothing is guessed: two letters without a verdict are no answer. The
words in which answers are announced and refused make the file longer than most.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal, NamedTuple

from qagen.schema.record import LETTERS

How = Literal[
    "letter", "announced", "text", "mentioned",
    "empty", "refusal", "several", "out of range", "unclear",
]  # fmt: skip
"""How the answer was found; the last five mean that there is none."""

MOST_CHARACTERS = 30_000
"""Of longer replies only the end is read."""


class Parsed(NamedTuple):
    """The letter of the shown option, or none."""

    letter: str | None
    how: How


def letter(reply: str, options: Sequence[str]) -> Parsed:
    """The letter that a reply means among the options as they were shown.

    >>> options = ("To the left", "To the right", "Neither")
    >>> letter("(B)", options), letter("First left. Answer: B. To the right", options)
    (Parsed(letter='B', how='letter'), Parsed(letter='B', how='announced'))
    >>> letter("to the left.", options)
    Parsed(letter='A', how='text')
    >>> letter("I cannot see a video.", options), letter("A or B", options)
    (Parsed(letter=None, how='refusal'), Parsed(letter=None, how='several'))
    """
    text = plain(reply)
    if not text:
        return Parsed(None, "empty")
    offered = _Offered([words(option) for option in options])
    rest = _without_list(text)
    none: Parsed | None = None if rest else Parsed(None, "several")
    for step in _STEPS if rest else ():
        found = step(rest, offered)
        if found is not None:
            if found.letter is not None or found.how == "several":
                return found
            none = none or found
    return Parsed(None, "refusal") if _REFUSED.search(rest) else none or Parsed(None, "unclear")


# Texts --------------------------------------------------------------------------------------------

_THOUGHTS = re.compile(
    r"<(think|thinking|thought)>.*?(?:</\1>|\Z)|"
    r"<(reason|reasoning|analysis|reflection|scratchpad|thoughts)>.*?</\2>|"
    r"◁think▷.*?(?:◁/think▷|\Z)|\[THINK\].*?(?:\[/THINK\]|\Z)|"
    r"<\|begin_of_thought\|>.*?(?:<\|end_of_thought\|>|\Z)|"
    r"<\|channel\|>analysis<\|message\|>.*?(?:<\|channel\|>final<\|message\|>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_THOUGHT_BEFORE = re.compile(
    r"\A.*(?:</(?:think|thinking|thought)>|◁/think▷|\[/THINK\]|<\|end_of_thought\|>)",
    re.DOTALL | re.IGNORECASE,
)
_TAGGED = re.compile(r"<answer>(.*?)(?:</answer>|\Z)", re.DOTALL | re.IGNORECASE)
_BOXED = re.compile(r"\\boxed\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
_WRAPPED = re.compile(r"\\(?:text|mathrm|mathbf|textbf|rm)\s*\{([^{}]*)\}")
_MARKUP = re.compile(r"[*_`#$~|]+|</?[a-z][^<>]{1,40}>|\\[()\[\]]", re.IGNORECASE)
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)?|[°%]")


def words(text: str) -> tuple[str, ...]:
    """The words and numbers of a text, whatever their case and punctuation.

    >>> words("About  1.5 m!")
    ('about', '1.5', 'm')
    """
    tokens = _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())
    return tuple(token.replace("’", "'") for token in tokens)


def plain(reply: str) -> str:
    """A reply without thoughts and mark-up, full-width letters as usual ones.

    >>> plain("<think>B?</think> **Ａ**")
    'A'
    """
    text = unicodedata.normalize("NFKC", reply[-MOST_CHARACTERS:])
    text = _THOUGHT_BEFORE.sub(" ", _THOUGHTS.sub(" ", text))
    if tagged := [one.strip() for one in _TAGGED.findall(text) if one.strip()]:
        text = tagged[-1]
    text = _BOXED.sub(r" answer: \1 ", _WRAPPED.sub(r"\1", text))
    return _MARKUP.sub("", text).strip()


class _Offered(NamedTuple):
    """The words of the options."""

    known: list[tuple[str, ...]]

    def place(self, symbol: str, how: How) -> Parsed:
        upper = symbol.upper()
        inside = upper in LETTERS[: len(self.known)]
        return Parsed(upper, how) if inside else Parsed(None, "out of range")

    def leading(self, said: tuple[str, ...]) -> int | None:
        """The longest option that some words begin with."""
        fits = {
            len(one): at for at, one in enumerate(self.known) if one and said[: len(one)] == one
        }
        return fits[max(fits)] if fits else None

    def held(self, said: tuple[str, ...]) -> set[int]:
        """The options that some words hold, whatever the words mean there; not inside others."""
        fits = [at for at, one in enumerate(self.known) if one and _holds(said, one)]
        return {
            at
            for at in fits
            if not any(at != wide and _holds(self.known[wide], self.known[at]) for wide in fits)
        }

    def within(self, said: tuple[str, ...]) -> set[int]:
        """Of those the options whose words mean them wherever they stand."""
        return {at for at in self.held(said) if _telling(self.known[at])}


def _telling(option: tuple[str, ...]) -> bool:
    """Whether the words mean the option wherever they stand; those of "no" and "3" do not."""
    return len(option) > 1 or any(len(word) > 4 for word in option)


def _holds(said: tuple[str, ...], option: tuple[str, ...]) -> bool:
    size = len(option)
    return any(said[at : at + size] == option for at in range(len(said) - size + 1))


# Letters ------------------------------------------------------------------------------------------

_BEFORE = r"[(\[{<\"'“‘«「『【〈《]?\s*"
_AFTER = r"(?:\s*[)\]}>\"'”’»」』】〉》])?"
_SYMBOL = rf"{_BEFORE}(?P<letter>[A-Za-z])(?![0-9A-Za-zÀ-ɏЀ-ӿ]|['’][a-z]){_AFTER}"
_HEAD = r"(?:[(\[{【「](?P<a>[A-Za-z])[)\]}】」]|(?P<b>[A-Za-z])\s?(?:[.):,;、。\]}】–—=]|-\s))"

_ALONE = re.compile(rf"\W*{_SYMBOL}\s*(?:选项|選項)?\W*\Z")
_NAMED = re.compile(_SYMBOL)
_HEADED = re.compile(rf"[\s\-•>]*{_HEAD}(?![A-Za-z]\.)")
_LISTED = re.compile(r"(?:^|[\s(\[])([A-Ha-h])[.):]\s?(?=\S)")
_ENDED = re.compile(rf"[.:;!?。！？\n]\s*{_SYMBOL}[\W]*\Z")
_JOINED = re.compile(
    r"\W*(?:\b(?:or|and|oder|und|ou|et|o|y|или|и)\b|[/&,或和と])\W*(?P<letter>[A-Za-z])(?![^\W_])"
)


def _without_list(text: str) -> str:
    """The reply without the lines in which it only repeats what it was offered."""
    lines = text.splitlines()
    headed = {}
    for number, line in enumerate(lines):
        inline = [symbol.upper() for symbol in _LISTED.findall(line)]
        if len(set(inline)) > 1 and inline[:2] == ["A", "B"]:
            headed[number] = "AB"
        elif (head := _HEADED.match(line)) and not _ALONE.match(line):
            headed[number] = (head["a"] or head["b"]).upper()
    if len(set("".join(headed.values()))) < 2:
        return text
    return "\n".join(line for number, line in enumerate(lines) if number not in headed).strip()


_DENIED = re.compile(
    r"(?:\bnot|n['’]t(?: be)?|\bcannot|unable to|refuse to|decline to|neither|nor|rule out|"
    r"excluded?|eliminated?|unlike|than|anything but|instead of)\W*"
    r"(?:(?:choose|pick|select|answer|say|give|confirm)\s+)?$",
    re.IGNORECASE,
)
_SUPPOSED = re.compile(r"\b(?:if|whether|unless|suppose|supposing)\b[^.!?\n]*$", re.IGNORECASE)
"""What follows in the sentence is no verdict."""

_REFUTED = re.compile(
    r"[^\w.!?\n]*(?:(?:is|are|was|seems|looks|can be|cannot be)\s+(?:\w+\s+){0,2}?(?:wrong|false|"
    r"incorrect|impossible|excluded|eliminated|ruled)|(?:is|was)(?:n['’]t| not)\b|(?:was )?wrong|"
    r"incorrect|cannot|can['’]t)",
    re.IGNORECASE,
)


_GOES_ON = re.compile(r"\s+(?!(?:or|and|is|was|can|cannot|seems|looks)\b)[a-z]")
"""What follows an article, and no letter."""


def _at(text: str, start: int, *, firmly: bool) -> str | None:
    """The letter that a text names from some place on; two of them as `AB`, a denied one as none.

    `firmly` says that an answer comes here, so that a small letter may be one.
    """
    found = _NAMED.match(text, start)
    if found is None:
        return None
    symbol, after = found["letter"], text[found.end() :]
    bracketed = text[found.start() : found.start("letter")].strip() != ""
    if symbol in "AaIio" and not bracketed and _GOES_ON.match(after):
        return None
    if symbol.islower() and not bracketed and re.match(r"\s+\w", after) and not firmly:
        return None
    if _REFUTED.match(after):
        return None
    more = _JOINED.match(after)
    if more and more["letter"].isupper() == symbol.isupper() and more["letter"] != symbol:
        return symbol + more["letter"]
    return symbol


def _taken_back(text: str, start: int) -> bool:
    """Whether the words before some place deny or only suppose what stands there."""
    before = text[max(0, start - 200) : start]
    return bool(_DENIED.search(before[-40:]) or _SUPPOSED.search(before))


def _one_of(symbols: Sequence[str], offered: _Offered, how: How) -> Parsed | None:
    distinct = {symbol.upper() for symbol in "".join(symbols)}
    if len(distinct) > 1:
        return Parsed(None, "several")
    return offered.place(distinct.pop(), how) if distinct else None


# Steps, from the surest to the weakest ------------------------------------------------------------


def _whole(text: str, offered: _Offered) -> Parsed | None:
    """The reply is a letter or an option, and nothing else."""
    if found := _ALONE.match(text):
        return offered.place(found["letter"], "letter")
    said = words(text)
    same = [at for at, one in enumerate(offered.known) if one == said]
    return Parsed(LETTERS[same[0]], "text") if len(same) == 1 else None


_CALLED = re.compile(
    r"(?:\b(?:answers?|ans\.?|letter|verdict|conclusion|(?:correct|right|best|final|my|chosen) "
    r"(?:option|choice)|antwort|lösung|réponse|reponse|respuesta|risposta|resposta|antwoord|svar|"
    r"odpowiedź|cevap|ответ|jawaban|đáp án|उत्तर)\b|"
    r"答案|答え|回答|解答|选择|選択|选(?!项)|選(?!項)|正解|정답|답변|답|الإجابة|الجواب)"
    r"(?:['’]s\b)?(?: (?:correcta|correcte|corretta|correta)\b)?[\"'”’]?[ \t]*"
    r"(?:\([^()\n]{0,20}\)[ \t]*)?"
    r"(?:(?:is|are|was|would be|should be|must be|will be|ist|lautet|est|es|è|é|jest|adalah|là)\b|"
    r"应该是|應該是|应为|是|为|為|は|は、|은|는|이|هي|هو|है)?\s*"
    r"(?:(?:most likely|probably|likely|definitely|clearly|therefore|thus|also|then)\b\s*)?"
    r"(?:[:=\-–—>→]\s*)*(?:(?:option|choice|letter|answer)\b\s*:?\s*)?",
    re.IGNORECASE,
)
"""What an answer is called, up to the answer itself."""

_CHOSEN = re.compile(
    r"\b(?:i(?:['’]d|['’]ll| would| will)? (?:choose|pick|select|guess|say|answer|go with|go for)|"
    r"(?:my|best) (?:guess|choice|pick)(?: is| would be)?|"
    r"(?:so|and|wait,?|no,|actually,?|rather,?|i mean|correction:?) it(?:['’]s| is)|"
    r"actually|correction:|i mean|must be|"
    r"therefore|thus|hence|guess|choose|pick|select|seleccion[oa]|elijo|wähle|choisis|выбираю|"
    r"corresponds to|points to|leaves)\s*[:,]?\s*(?:(?:option|choice|letter|answer)\b\s*:?\s*)?",
    re.IGNORECASE,
)
"""Verdicts without the word answer; only a letter may follow."""

_OPTION = re.compile(
    r"(?:\b(?:option|choice|opción|opção|вариант)\b|选项|選項)[\"'”’]?[ \t]*"
    r"(?:(?:is|was|est|es|è|é)\b\s*)?(?:[:=\-–—>→]\s*)*",
    re.IGNORECASE,
)
"""Something that may be the answer, or one of those that are discussed."""


def _announced(text: str, offered: _Offered) -> Parsed | None:
    """What is announced as the answer, the last time."""
    found: dict[int, Parsed | None] = {}
    for pattern, of_words in ((_CALLED, True), (_CHOSEN, False)):
        for marker in pattern.finditer(text):
            start = marker.end()
            if _taken_back(text, marker.start()):
                continue
            symbol = _at(text, start, firmly=of_words)
            if symbol is not None:
                found[start] = _one_of([symbol], offered, "announced")
            elif of_words and (option := _led(text[start : start + 400], offered, "announced")):
                found[start] = option
    return found[max(found)] if found else None


def _discussed(text: str, offered: _Offered) -> Parsed | None:
    """The only option that is spoken of by its letter and not denied."""
    symbols = []
    for marker in _OPTION.finditer(text):
        if not _taken_back(text, marker.start()):
            symbols.append(_at(text, marker.end(), firmly=True) or "")
    return _one_of(symbols, offered, "announced")


_CLOSED = re.compile(
    r"[ \t\"'”’»)\]}]*(?:\Z|[.,;:!(。，！、\n—–-]|(?:the|they|he|she|it|there|because|since|as|in|"
    r"during|at|after|before|within|throughout|while|times)\b)",
    re.IGNORECASE,
)
"""What may follow a single word that is the answer: "no, they" and "no." but not "no idea"."""

_CHATTER = re.compile(
    r"\b(?:i can (?:help|assist|do|answer|describe|see (?:the|your) (?:video|frame|image|clip))|"
    r"i (?:will|would|understand|am)|let me|let['’]s|please|upload)\b|\bi['’](?:m|ll)\b",
    re.IGNORECASE,
)


def _led(text: str, offered: _Offered, how: How) -> Parsed | None:
    """The option that a text begins with, unless what follows takes it back."""
    option = offered.leading(words(text))
    if option is None:
        return None
    size = len(offered.known[option])
    tokens = list(_TOKEN.finditer(text))
    after = text[tokens[size - 1].end() :]
    following = words(after)
    joined = following[1:] if following[:1] in (("or",), ("and",)) else following
    others = offered.leading(joined)
    if others is not None and others != option:
        return Parsed(None, "several")
    if after.lstrip(" \"'”’»)]}").startswith("?"):
        return None
    unsure = _REFUSED.search(after) or _CHATTER.search(after[:120])
    if size == 1 and (unsure or not _CLOSED.match(after)):
        return None
    return Parsed(LETTERS[option], how)


def _alone(text: str) -> list[str]:
    """Capital letters that have a line for themselves."""
    lines = [_ALONE.match(line) for line in text.splitlines()]
    return [line["letter"] for line in lines if line and line["letter"].isupper()]


def _leading(text: str, offered: _Offered) -> Parsed | None:
    """A letter with a bracket or a stop at the head of a line, or an option that leads."""
    heads = [found for line in text.splitlines() if (found := _HEADED.match(line))]
    symbols = [one["a"] or one["b"] for one in heads if one["a"] or one["b"].isupper()]
    symbols += _alone(text)
    if not symbols and (first := _HEADED.match(text)):
        symbols = [first["b"]]
    if symbols:
        return _one_of([*symbols, _at(text, 0, firmly=False) or ""], offered, "letter")
    led = _led(text, offered, "text")
    if led is None or led.letter is None:
        return led
    others = offered.within(words(text)) - {LETTERS.index(led.letter)}
    return None if others else led


def _ending(text: str, offered: _Offered) -> Parsed | None:
    """Reasoning, and a letter alone at its end."""
    found = _ENDED.search(text)
    if not found or found[0].rstrip().endswith("?"):
        return None
    if not (found["letter"].isupper() or "\n" in found[0]):
        return None
    return _one_of([*_alone(text), found["letter"]], offered, "letter")


_REFUSED = re.compile(
    r"\b(?:can(?:no|['’])t|can not|unable|not able to|impossible|not possible|could(?:n['’]t| not)|"
    r"won['’]t|will not|do(?:n['’]t| not) (?:have|know)|"
    r"not (?:said|stated|enough|sure|shown|clear)|"
    r"do(?:n['’]t| not) see (?:\w+ ){0,3}(?:video|frames?|images?|pictures?|clip)|"
    r"(?:hard|difficult) to (?:say|tell|judge|determine|know)|uncertain|unsure|"
    r"does(?:n['’]t| not) (?:say|mention|specify|tell|show)|insufficient|"
    r"no (?:video|way|answer|idea|clue|comment|information|frames?|images?|pictures?)|"
    r"none of|as an ai|sorry|undetermined|indeterminate|unknown|unclear|refuse|decline|no puedo|"
    r"je ne (?:peux|sais)|kann (?:ich )?nicht|weiß (?:es )?nicht|não (?:posso|sei)|non posso)\b"
    r"|无法|無法|不能|不知道|抱歉|できません|わかりません|"
    r"분석할 수 없|모르|없습니다|не могу|не знаю|"
    r"невозможно|لا أستطيع|لا يمكن",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"\b(?:not|never|nor|neither|rather than|instead of|whether|if|unless|or)\b|n['’]t\b", re.I
)


def _told(text: str, offered: _Offered) -> Parsed | None:
    """The reply, or its last sentence, holds the words of one option only."""
    if _REFUSED.search(text) or _CHATTER.search(text):
        return None
    sentences = [one for one in re.split(r"(?<=[.!?。！？])\s*|\n+", text) if words(one)]
    for part in (text, *sentences[-1:]):
        said = words(part)
        fits = offered.within(said)
        if len(fits) == 1 and fits == offered.held(said) and not _NEGATED.search(part):
            return Parsed(LETTERS[fits.pop()], "text")
    return None


_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight")
_PLACES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_COUNTED = re.compile(
    rf"\b(?:option|choice)\s*(?:number|no\.|#)?\s*(?P<number>[1-8]|{'|'.join(_NUMBERS)})\b|"
    rf"\bthe (?P<place>{'|'.join(_PLACES)}) (?:option|choice)\b",
    re.IGNORECASE,
)


def _counted(text: str, offered: _Offered) -> Parsed | None:
    """The only option that is named by its place, where no option is a number itself."""
    if _REFUSED.search(text):
        return None
    symbols = []
    for one in _COUNTED.finditer(text):
        word = (one["number"] or one["place"]).casefold()
        if any(word in option for option in offered.known):
            return None
        if not (_taken_back(text, one.start()) or _REFUTED.match(text[one.end() :])):
            place = next(
                int(word) - 1 if word.isdigit() else names.index(word)
                for names in (_NUMBERS, _PLACES)
                if word.isdigit() or word in names
            )
            symbols.append(LETTERS[place])
    return _one_of(symbols, offered, "announced")


_MENTIONED = re.compile(r"[(\[【「][A-Za-z][)\]】」]|(?<![\w'’.\-])[A-Z](?![\w'’\-])")
_LEADS_TO = re.compile(
    r"(?:\A|[^\w\s]|\n|\b(?:is|be|it['’]s|was|with|for|say|guess|maybe|perhaps|probably|likely|"
    r"definitely|clearly|certainly|so|thus|hence|therefore|then|means|and|or|than|not|nor|"
    r"that|that['’]s|think|believe|neither|from|between|either|both|es|est|ist|è|é)\b)\s*\Z",
    re.IGNORECASE,
)
"""What may stand before a letter that is an option, and no part of a name such as plan B."""


def _mentioned(text: str, offered: _Offered) -> Parsed | None:
    """The only letter that is mentioned and not denied."""
    if _REFUSED.search(text):
        return None
    found = []
    for one in _MENTIONED.finditer(text):
        named = not one[0][0].isalpha() or _LEADS_TO.search(text[: one.start()][-40:])
        if named and not _taken_back(text, one.start()):
            found.append(_at(text, one.start(), firmly=False) or "")
    return _one_of(found, offered, "mentioned")


_STEPS = (_whole, _announced, _leading, _ending, _discussed, _told, _counted, _mentioned)
