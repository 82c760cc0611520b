"""A reply in words to the letter that it means, or to no answer and why there is none.

What a reply announces as its answer counts before what it merely mentions, and what it says last
before what it says first. Nothing is guessed: two letters without a verdict are no answer.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal, NamedTuple

from qagen.record import LETTERS

How = Literal[
    "letter", "announced", "text", "mentioned",
    "empty", "refusal", "several", "out of range", "unclear",
]  # fmt: skip
"""How the answer was found; the last five mean that there is none."""

MOST_CHARACTERS = 100_000
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
    for step in (_whole, _announced, _leading, _ending, _told, _mentioned) if rest else ():
        found = step(rest, offered)
        if found is not None:
            if found.letter is not None or found.how == "several":
                return found
            none = none or found
    return Parsed(None, "refusal") if _REFUSED.search(rest) else none or Parsed(None, "unclear")


# Texts --------------------------------------------------------------------------------------------

_THOUGHTS = re.compile(r"<(think|thinking|thought)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_THOUGHT_BEFORE = re.compile(r"\A.*</(?:think|thinking|thought)>", re.DOTALL | re.IGNORECASE)
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

    def within(self, said: tuple[str, ...]) -> set[int]:
        """The options that some words hold; those inside a longer one do not count."""
        fits = [at for at, one in enumerate(self.known) if _telling(one) and _holds(said, one)]
        return {
            at
            for at in fits
            if not any(at != wide and _holds(self.known[wide], self.known[at]) for wide in fits)
        }


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

_ALONE = re.compile(rf"\W*{_SYMBOL}\W*\Z")
_NAMED = re.compile(_SYMBOL)
_HEADED = re.compile(rf"[\s\-•>]*{_HEAD}(?![A-Za-z]\.)")
_LISTED = re.compile(r"(?:^|[\s(\[])([A-H])[.):]\s?(?=\S)")
_ENDED = re.compile(rf"[.:;!?。！？\n]\s*{_SYMBOL}[\W]*\Z")
_JOINED = re.compile(
    r"\W*(?:\b(?:or|and|oder|und|ou|et|o|y|или|и)\b|[/&,或和と])\W*(?P<letter>[A-Za-z])(?![^\W_])"
)


def _without_list(text: str) -> str:
    """The reply without the lines in which it only repeats what it was offered."""
    lines = text.splitlines()
    headed = {}
    for number, line in enumerate(lines):
        inline = _LISTED.findall(line)
        if len(set(inline)) > 1 and inline[:2] == ["A", "B"]:
            headed[number] = "AB"
        elif (head := _HEADED.match(line)) and not _ALONE.match(line):
            headed[number] = (head["a"] or head["b"]).upper()
    if len(set("".join(headed.values()))) < 2:
        return text
    return "\n".join(line for number, line in enumerate(lines) if number not in headed).strip()


_DENIED = re.compile(
    r"(?:\bnot|n['’]t(?: be)?|neither|nor|rule out|excluded?|eliminated?|unlike|than)\W*$", re.I
)
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
    r"(?:\b(?:answers?|options?|choices?|letter|verdict|conclusion|antwort|lösung|réponse|reponse|"
    r"respuesta|opción|risposta|resposta|opção|antwoord|svar|odpowiedź|cevap|ответ|вариант|"
    r"jawaban|đáp án|उत्तर)\b|答案|答え|回答|解答|选择|選択|选项|选|選|正解|"
    r"정답|답변|답|الإجابة|الجواب)"
    r"(?:['’]s\b)?[\"'”’]?[ \t]*(?:\([^()\n]{0,20}\)[ \t]*)?"
    r"(?:(?:is|are|was|would be|should be|must be|will be|ist|lautet|est|es|è|é|jest|adalah|là)\b|"
    r"应该是|應該是|应为|是|为|為|は|は、|은|는|이|هي|هو|है)?\s*"
    r"(?:(?:most likely|probably|likely|definitely|clearly|therefore|thus|also|then)\b\s*)?"
    r"(?:[:=\-–—>→]\s*)*(?:(?:option|choice|letter|answer)\b\s*:?\s*)?",
    re.IGNORECASE,
)
"""What an answer is called, up to the answer itself."""

_CHOSEN = re.compile(
    r"\b(?:i(?:['’]d|['’]ll| would| will)? (?:choose|pick|select|guess|say|answer|go with|go for)|"
    r"(?:my|best) (?:guess|choice|pick)(?: is| would be)?|(?:so|and) it(?:['’]s| is)|must be|"
    r"therefore|thus|hence|guess|choose|pick|select|seleccion[oa]|elijo|wähle|choisis|выбираю|"
    r"corresponds to|points to|leaves)\s*[:,]?\s*(?:(?:option|choice|letter|answer)\b\s*:?\s*)?",
    re.IGNORECASE,
)
"""Verdicts without the word answer; only a letter may follow."""


def _announced(text: str, offered: _Offered) -> Parsed | None:
    """What is announced as the answer, the last time."""
    found: dict[int, Parsed | None] = {}
    for pattern, of_words in ((_CALLED, True), (_CHOSEN, False)):
        for marker in pattern.finditer(text):
            start = marker.end()
            if _DENIED.search(text[max(0, marker.start() - 24) : marker.start()]):
                continue
            symbol = _at(text, start, firmly=of_words)
            option = offered.leading(words(text[start : start + 400])) if of_words else None
            if symbol is not None:
                found[start] = _one_of([symbol], offered, "announced")
            elif option is not None:
                found[start] = Parsed(LETTERS[option], "announced")
    return found[max(found)] if found else None


def _leading(text: str, offered: _Offered) -> Parsed | None:
    """A letter with a bracket or a stop at the head of a line, or an option that leads."""
    heads = [found for line in text.splitlines() if (found := _HEADED.match(line))]
    symbols = [one["a"] or one["b"] for one in heads if one["a"] or one["b"].isupper()]
    if not symbols and (first := _HEADED.match(text)):
        symbols = [first["b"]]
    if symbols:
        return _one_of([*symbols, _at(text, 0, firmly=False) or ""], offered, "letter")
    said = words(text)
    option = offered.leading(said)
    if option is None or len(offered.within(said) - {option}) > 0:
        return None
    return Parsed(LETTERS[option], "text")


def _ending(text: str, offered: _Offered) -> Parsed | None:
    """Reasoning, and a letter alone at its end."""
    found = _ENDED.search(text)
    if found and (found["letter"].isupper() or "\n" in found[0]):
        return offered.place(found["letter"], "letter")
    return None


_REFUSED = re.compile(
    r"\b(?:can(?:no|['’])t|can not|unable|not able to|impossible|not possible|could(?:n['’]t| not)|"
    r"won['’]t|will not|do(?:n['’]t| not) (?:have|know|see)|not (?:said|stated|enough|sure|shown)|"
    r"does(?:n['’]t| not) (?:say|mention|specify|tell|show)|insufficient|"
    r"no (?:video|way|answer|idea)|"
    r"none of|as an ai|sorry|undetermined|indeterminate|unknown|unclear|refuse|decline|no puedo|"
    r"je ne (?:peux|sais)|kann (?:ich )?nicht|weiß (?:es )?nicht|não (?:posso|sei)|non posso)\b"
    r"|无法|無法|不能|不知道|抱歉|できません|わかりません|"
    r"분석할 수 없|모르|없습니다|не могу|не знаю|"
    r"невозможно|لا أستطيع|لا يمكن",
    re.IGNORECASE,
)
_NEGATED = re.compile(r"\b(?:not|never|nor|neither|rather than|instead of)\b|n['’]t\b", re.I)


def _told(text: str, offered: _Offered) -> Parsed | None:
    """The reply, or its last sentence, holds the words of one option only."""
    if _REFUSED.search(text):
        return None
    sentences = [one for one in re.split(r"(?<=[.!?。！？])\s*|\n+", text) if words(one)]
    for part in (text, *sentences[-1:]):
        fits = offered.within(words(part))
        if len(fits) == 1 and not _NEGATED.search(part):
            return Parsed(LETTERS[fits.pop()], "text")
    return None


_MENTIONED = re.compile(r"[(\[【「][A-Za-z][)\]】」]|(?<![\w'’.\-])[A-Z](?![\w'’\-])")


def _mentioned(text: str, offered: _Offered) -> Parsed | None:
    """The only letter that is mentioned and not denied."""
    found = []
    for one in _MENTIONED.finditer(text):
        if not _DENIED.search(text[max(0, one.start() - 24) : one.start()]):
            found.append(_at(text, one.start(), firmly=False) or "")
    return _one_of(found, offered, "mentioned")
