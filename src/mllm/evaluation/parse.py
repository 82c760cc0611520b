"""Parses a reply into the letter that it means, or into no answer with the reason.

An announced answer takes precedence over a mentioned one, the last announcement over the first.
Nothing is guessed: two letters without a verdict are no answer. `_claims` lists the patterns from
the strongest to the weakest; languages are rows of a table. The tables make the file longer than
most.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from qagen.schema.record import LETTERS

How = Literal[
    "letter", "announced", "text", "mentioned",
    "empty", "refusal", "several", "out of range", "unclear",
]  # fmt: skip
"""How the answer was recognized; the last five mean that there is none."""

MOST_CHARACTERS = 10_000
"""Only the end of longer replies is read, after thoughts are removed."""

_NEAR = 200
"""Words within this distance of an answer belong to it, in characters."""

_Offered = dict[str, str]
"""The words of every option by its letter, as `_said` writes them."""


class Parsed(NamedTuple):
    """The letter of the shown option, or none."""

    letter: str | None
    how: How


def letter(reply: str, options: Sequence[object]) -> Parsed:
    """The letter that a reply means among the options as they were shown.

    >>> options = ("To the left", "To the right", "Neither")
    >>> letter("(B)", options), letter("First left. Answer: B. To the right", options)
    (Parsed(letter='B', how='letter'), Parsed(letter='B', how='announced'))
    >>> letter("to the left.", options)
    Parsed(letter='A', how='text')
    >>> letter("I cannot see a video.", options), letter("A. To the right", options)
    (Parsed(letter=None, how='refusal'), Parsed(letter=None, how='several'))
    """
    text = plain(reply)
    if not text:
        return Parsed(None, "empty")
    offered = {mark: _said(str(shown)) for mark, shown in zip(LETTERS, options, strict=False)}
    text = _lettered(_without_list(text), offered)
    none: How = "unclear" if text else "several"
    for how, claimed in _claims(text, offered):
        marks = set(claimed.upper())
        if len(marks) > 1:
            return Parsed(None, "several")
        if marks & offered.keys():
            return Parsed(marks.pop(), how)
        none = "out of range" if marks else none
    return Parsed(None, "refusal" if _REFUSED.search(text) else none)


def _claims(text: str, offered: _Offered) -> Iterator[tuple[How, str]]:
    """The letters that each pattern matches, from the strongest to the weakest; often none."""
    whole = _ALONE.match(text)
    yield "letter", whole["letter"] if whole else ""
    yield "text", "".join(mark for mark, known in offered.items() if known == _said(text))
    announced, discussed = _cued(text, offered)
    yield "announced", announced
    yield "letter", _at_lines(text, offered)
    led, ended = _led(text, offered), _ended(text)
    held = _held(text, offered)
    if led and not any(_telling(held[mark]) for mark in held.keys() - set(led)):
        yield "text", led + ended
    yield "letter", ended
    yield "announced", discussed
    if not _REFUSED.search(text):
        yield "text", _only_told(text, offered)
        yield "mentioned", _mentioned(text, offered)


# Texts --------------------------------------------------------------------------------------------

_THOUGHT = re.compile(
    r"(?P<begin><(?:think|thinking|thoughts?|reason|reasoning|analysis|reflection|scratchpad)>|"
    r"◁think▷|\[THINK\]|<\|begin_of_thought\|>|<\|channel\|>analysis<\|message\|>)|"
    r"</(?:think|thinking|thoughts?|reason|reasoning|analysis|reflection|scratchpad)>|"
    r"◁/think▷|\[/THINK\]|<\|end_of_thought\|>|<\|channel\|>final<\|message\|>",
    re.IGNORECASE,
)
_TAGGED = re.compile(r"<answer>(.*?)(?:</answer>|\Z)", re.DOTALL | re.IGNORECASE)
_BOXED = re.compile(r"\\boxed\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
_WRAPPED = re.compile(r"\\(?:text|mathrm|mathbf|textbf|rm)\s*\{([^{}]*)\}")
_MARKUP = re.compile(r"[*_`#$~|]+|</?[a-z][^<>]{1,40}>|\\[()\[\]]", re.IGNORECASE)
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)?|[°%]")


def words(text: str) -> tuple[str, ...]:
    """The words and numbers of a text, whatever their case and punctuation.

    >>> words("About  1.5 m!")
    ('about', '1.5', 'm')
    """
    return tuple(token.casefold() for token in _TOKEN.findall(_usual(text)))


def _usual(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("’", "'")


def _said(text: str) -> str:
    """The words of a text with a space around each; `?` if there are none."""
    return f" {' '.join(words(text)) or '?'} "


def plain(reply: str) -> str:
    """A reply without thoughts and mark-up, with full-width letters normalized.

    >>> plain("<think>B?</think> **Ａ**"), plain("<think>It is B")
    ('A', '')
    """
    text = _usual(_spoken(reply)[-MOST_CHARACTERS:])[-MOST_CHARACTERS:]
    if tagged := [inside.strip() for inside in _TAGGED.findall(text) if inside.strip()]:
        text = tagged[-1]
    text = _BOXED.sub(r" answer: \1 ", _WRAPPED.sub(r"\1", text))
    return _MARKUP.sub("", text).strip()


def _spoken(reply: str) -> str:
    """A reply without its thoughts; an unopened end tag ends a thought that began at the start."""
    spoken: list[str] = []
    start, thinking = 0, False
    for tag in _THOUGHT.finditer(reply):
        begins = tag["begin"] is not None
        if begins and not thinking:
            spoken.append(reply[start : tag.start()])
        elif not begins and not thinking:
            spoken.clear()
        start, thinking = tag.end(), begins
    return " ".join(spoken if thinking else [*spoken, reply[start:]])


# Languages ----------------------------------------------------------------------------------------


class _Language(NamedTuple):
    """Patterns: names of an answer, links between the name and the answer, verdicts without the
    name, words before an option that is chosen or only discussed, conjunctions, refusals."""

    answer: str = ""
    link: str = ""
    choose: str = ""
    option: str = ""
    joint: str = ""
    refusal: str = ""


_SPACED = (
    _Language(
        answer=r"answers?|ans|letter|verdict|conclusion|prediction|"
        r"(?:correct|right|best|final|my|chosen) (?:option|choice)",
        link=r"is|are|was|(?:would|should|must|will) be",
        choose=r"i(?:'d|'ll| would| will)? (?:choose|pick|select|guess|say|answer|go with|"
        r"go for)|(?:my|best) (?:guess|choice|pick)(?: is| would be)?|"
        r"(?:so|and|wait,?|no,|actually,?|rather,?|i mean|correction:?) it(?:'s| is)|actually|"
        r"correction|i mean|must be|therefore|thus|hence|guess|choose|pick|select|"
        r"corresponds to|points to|leaves",
        option=r"option|choice",
        joint=r"or|and",
        refusal=r"can(?:no|')t|can not|unable|not able to|impossible|not possible|"
        r"could(?:n't| not)|won't|will not|do(?:n't| not) (?:have|know)|"
        r"not (?:said|stated|enough|sure|shown|clear)|"
        r"do(?:n't| not) see (?:\w+ ){0,3}(?:video|frames?|images?|pictures?|clip)|"
        r"(?:hard|difficult) to (?:say|tell|judge|determine|know)|uncertain|unsure|"
        r"does(?:n't| not) (?:say|mention|specify|tell|show)|insufficient|"
        r"no (?:video|way|answer|idea|clue|comment|information|frames?|images?|pictures?)|"
        r"none of|as an ai|sorry|undetermined|indeterminate|unknown|unclear|refuse|decline",
    ),
    _Language(r"antwort|lösung", "ist|lautet", "wähle", "", "oder|und",
              r"kann (?:ich )?nicht|weiß (?:es )?nicht"),
    _Language("r[ée]ponse(?: correcte)?", "est", "choisis", "", "ou|et", "je ne (?:peux|sais)"),
    _Language("respuesta(?: correcta)?", "es", "seleccion[oa]|elijo", "opción", "o|y", "no puedo"),
    _Language("risposta(?: corretta)?", "è|é", "", "", "", "non posso"),
    _Language("resposta(?: correta)?", "é", "", "opção", "", "não (?:posso|sei)"),
    _Language("antwoord"),
    _Language("svar(?:et)?", "är"),
    _Language("odpowiedź", "jest"),
    _Language("cevap"),
    _Language("ответ", "", "выбираю", "вариант", "или|и", "не могу|не знаю|невозможно"),
    _Language("jawaban(?: yang benar)?", "adalah"),
    _Language("đáp án", "là"),
    _Language("उत्तर", "है"),
)  # fmt: skip
_UNSPACED = (
    _Language("答案|回答|解答|选择|選択|选(?!项)|選(?!項)", "应该是|應該是|应为|是|为|為", "",
              "选项|選項", "或|和", "无法|無法|不能|不知道|抱歉"),
    _Language("答え|正解", "は、|は", "", "", "と", "できません|わかりません"),
    _Language("정답|답변|답", "은|는|이", "", "", "", "분석할 수 없|모르|없습니다"),
    _Language("(?:الإجابة|الجواب)(?: الصحيحة)?", "هي|هو", "", "", "", "لا أستطيع|لا يمكن"),
)  # fmt: skip
"""Languages that write these words without spaces around them."""


def _any(column: str) -> str:
    """The combined pattern of one column of the tables."""
    spaced, unspaced = (
        "|".join(filter(None, (getattr(language, column) for language in table)))
        for table in (_SPACED, _UNSPACED)
    )
    return rf"(?:\b(?:{spaced})\b{unspaced and '|' + unspaced})"


_CUE = re.compile(
    rf"(?:(?P<answer>{_any('answer')})(?:'s\b)?|(?P<choose>{_any('choose')})[ \t]*,?"
    r"(?!\s*(?-i:[a-z])\s+\w)|"
    rf"(?P<option>{_any('option')}))[\"'”’]?[ \t]*"
    rf"(?:{_any('link')})?\s*"
    r"(?:(?:most likely|probably|likely|definitely|clearly|therefore|thus|also|then)\b\s*)?"
    r"(?:[:=\-–—>→]\s*)*"
    r"(?:(?:option|opción|opção|choice|letter|answer)\b\s*:?\s*|"
    r"(?-i:(?:l[aeo]|el|il|die|a|o)\s+(?=[A-H]\b)))*",
    re.IGNORECASE,
)
"""Words before an answer, up to the answer itself."""

_REFUSED = re.compile(_any("refusal"), re.IGNORECASE)

_TAKEN_BACK = re.compile(
    r"(?:\bnot|n't(?: be)?|\bcannot|unable to|refuse to|decline to|neither|nor|rule out|excluded?|"
    r"eliminated?|unlike|than|anything but|instead of)\W*$|"
    r"\b(?:if|whether|unless|suppose|supposing)\b[^.!?\n]*$",
    re.IGNORECASE,
)
"""Before an answer that is denied or only supposed."""

_REFUTED = re.compile(
    r"[^\w.!?\n]*(?:(?:is|are|was|seems|looks|can be|cannot be)\s+(?:\w+\s+){0,2}?(?:wrong|false|"
    r"incorrect|impossible|excluded|eliminated|ruled)|(?:is|was)(?:n't| not)\b|(?:was )?wrong|"
    r"incorrect|cannot|can't)",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"\b(?:not|never|nor|neither|rather than|instead of|whether|if|unless|or)\b|n't\b", re.I
)
_CHATTER = re.compile(
    r"\b(?:i can (?:help|assist|do|answer|describe|see (?:the|your) (?:video|frame|image|clip))|"
    r"i (?:will|would|understand|am)|let me|let's|please|upload)\b|\bi'(?:m|ll)\b",
    re.IGNORECASE,
)


# Options in words ---------------------------------------------------------------------------------

_CLAUSE_END = re.compile(r"[;!?()\n]|[.,](?!\d)")
_CLOSED = re.compile(
    r"[ \t\"'”’»)\]}]*(?:\Z|[.,;:!(。，！、\n—–-]|(?:the|they|he|she|it|there|because|since|as|in|"
    r"during|at|after|before|within|throughout|while|times)\b)",
    re.IGNORECASE,
)
"""Allowed after a one-word answer: "no, they" and "no." but not "no idea"."""

_LOOSE = re.compile(r" (?:an?|about|approximately|around|in|is|it|roughly|the)(?= )")
_UNIT = re.compile(r"(?<=\d )([^\W\d_])\S*")
_AND = re.compile(rf"\A {_any('joint')}(?= )")


def _begun(said: str, offered: _Offered) -> str:
    """The letter of the longest option that `said` begins with; several if options are equal."""
    fits = {mark: known for mark, known in offered.items() if said.startswith(known)}
    longest = max(fits.values(), key=len, default="")
    return "".join(mark for mark, known in fits.items() if known == longest)


def _hinted(said: str, offered: _Offered) -> str:
    """The letter of the only option that begins with `said`, such as "2.6 metres" or "third"."""
    core = _core(said)
    fits = [mark for mark, known in offered.items() if _core(known).startswith(core)]
    return fits[0] if len(fits) == 1 and core.strip() else ""


def _core(said: str) -> str:
    """The words without those that do not distinguish options; units by their first letter."""
    return _UNIT.sub(r"\1", _LOOSE.sub("", said).replace("°", "d"))


def _led(text: str, offered: _Offered) -> str:
    """The letter of the option that a text begins with, unless the following words retract it."""
    found = _begun(_said(text), offered)
    size = offered[found[0]].count(" ") - 1 if found else 0
    if not found:
        clause = _said(_CLAUSE_END.split(text, maxsplit=1)[0])
        found, size = _hinted(clause, offered), clause.count(" ") - 1
    if not found:
        return ""
    after = text[[token.end() for token in _TOKEN.finditer(text)][size - 1] :]
    others = _begun(_AND.sub("", _said(after)), offered)
    if others and others != found:
        return found + others
    unsure = _REFUSED.search(after) or _CHATTER.search(after[:120].partition("\n\n")[0])
    return "" if size == 1 and (unsure or not _CLOSED.match(after)) else found


def _held(text: str, offered: _Offered) -> _Offered:
    """The options whose words are in a text, except those contained in other options there."""
    said = _said(text)
    fits = {mark: known for mark, known in offered.items() if known in said}
    return {
        mark: known
        for mark, known in fits.items()
        if not any(known != wide and known in wide for wide in fits.values())
    }


def _telling(known: str) -> bool:
    """Whether words identify an option anywhere in a text; "no" and "3" do not."""
    return known.count(" ") > 2 or len(known) > 6


def _only_told(text: str, offered: _Offered) -> str:
    """The only option whose words are in the reply, or in its last sentence."""
    if _CHATTER.search(text):
        return ""
    sentences = [part for part in re.split(r"(?<=[.!?。！？])\s*|\n+", text) if words(part)]
    for part in (text, *sentences[-1:]):
        held = _held(part, offered)
        if len(held) == 1 and _telling(*held.values()) and not _NEGATED.search(part):
            return "".join(held)
    return ""


# Letters ------------------------------------------------------------------------------------------

_SYMBOL = (
    r"[(\[{<\"'“‘«「『【〈《]?\s*(?P<letter>[A-Za-z])(?![0-9A-Za-zÀ-ɏЀ-ӿ]|'[a-z])"
    r"(?:\s*[)\]}>\"'”’»」』】〉》])?"
)
_NAMED = re.compile(_SYMBOL)
_ALONE = re.compile(rf"\W*{_SYMBOL}\s*(?:选项|選項)?\W*\Z")
_ENDED = re.compile(rf"[.:;!?。！？\n]\s*{_SYMBOL}\W*\Z")
_HEADED = re.compile(
    r"[\s\-•>]*(?P<open>[(\[{【「])?(?P<letter>[A-Za-z])"
    r"(?(open)[)\]}】」]|\s?(?:[.):,;、。\]}】–—=]|-\s))(?![A-Za-z]\.)"
)
"""A letter at the head of a line, in brackets or before a stop."""
_LISTED = re.compile(r"(?:^|[\s(\[])([A-Ha-h])[.):]\s?(?=\S)")
_JOINED = re.compile(rf"\W{{0,4}}(?:{_any('joint')}|[/&,])\W{{0,4}}(?P<letter>[A-Za-z])(?![^\W_])")
_ARTICLE = re.compile(
    r"[AaIio](?=[ \t]+[a-z])(?!\s+(?:or|and|is|was|can|cannot|seems|looks|fits|because|since|as|"
    r"for|based|due|weil|car|parce|porque|pois|perché|потому)\b)"
)
_OWN = re.compile(r"[\s.:,;)–—-]+")
"""Between a letter and its text."""


def _without_list(text: str) -> str:
    """The reply without the lines that only repeat the options."""
    lines = text.splitlines()
    headed = {}
    for number, line in enumerate(lines):
        inline = [mark.upper() for mark in _LISTED.findall(line)]
        if inline[:2] == ["A", "B"]:
            headed[number] = "AB"
        elif (head := _HEADED.match(line)) and not _ALONE.match(line):
            headed[number] = head["letter"].upper()
    if len(set("".join(headed.values()))) < 2:
        return text
    return "\n".join(line for number, line in enumerate(lines) if number not in headed).strip()


_NUMBERED = dict(
    zip(
        "1 2 3 4 5 6 7 8 one two three four five six seven eight "
        "first second third fourth fifth sixth seventh eighth".split(),
        LETTERS * 3,
        strict=True,
    )
)
_COUNTED = re.compile(
    rf"\b(?:option|choice)\s*(?:number|no\.|#)?\s*(?P<after>{'|'.join(_NUMBERED)})\b|"
    rf"\bthe (?P<before>{'|'.join(_NUMBERED)}) (?:option|choice)\b",
    re.IGNORECASE,
)


def _lettered(text: str, offered: _Offered) -> str:
    """The reply with "the second option" as "option (B)", unless an option holds the number."""

    def lettered(match: re.Match[str]) -> str:
        name = (match["after"] or match["before"]).casefold()
        known = any(f" {name} " in shown for shown in offered.values())
        return match[0] if known else f"option ({_NUMBERED[name]})"

    return _COUNTED.sub(lettered, text)


def _at(text: str, start: int, offered: _Offered) -> str:
    """The letter that a text names at `start`, unless denied; `AB` if it names two.

    A letter that contradicts the option beside it counts as two.
    """
    found = _NAMED.match(text, start)
    if found is None:
        return ""
    mark, at, end = found["letter"], found.start("letter"), found.end()
    bare = not text[found.start() : at].strip()
    if (bare and _ARTICLE.match(text, at)) or _REFUTED.match(text, end):
        return ""
    more = _JOINED.match(text, end)
    if more and more["letter"].isupper() == mark.isupper():
        return mark + more["letter"]
    own = _OWN.match(text, end)
    return mark + (_led(text[own.end() : own.end() + _NEAR], offered) if own else "")


def _cued(text: str, offered: _Offered) -> tuple[str, str]:
    """The last letter announced as the answer, and all letters discussed as an option."""
    announced, discussed = "", ""
    for cue in _CUE.finditer(text):
        start, end = cue.span()
        if _TAKEN_BACK.search(text, max(0, start - _NEAR), start):
            continue
        claim = _at(text, end, offered)
        if cue["option"]:
            discussed += claim
        else:
            announced = claim or _led(text[end : end + _NEAR], offered) or announced
    return announced, discussed


def _at_lines(text: str, offered: _Offered) -> str:
    """Letters with a bracket or a stop at the head of a line, or alone on a line."""
    claims = ""
    for line in re.finditer(r"[^\n]+", text):
        if found := _ALONE.match(line[0]) or _HEADED.match(line[0]):
            claims += found["letter"]
            claims += _at(text, line.start() + found.start("letter"), offered)
    return claims


def _ended(text: str) -> str:
    """A capital letter alone at the end of reasoning."""
    found = _ENDED.search(text[-40:])
    said = found and found["letter"].isupper() and not found[0].rstrip().endswith("?")
    return found["letter"] if found and said else ""


_MENTIONED = re.compile(r"[(\[【「][A-Za-z][)\]】」]|(?<![\w'’.\-])[A-Z](?![\w'’\-])")
_LEADS_TO = re.compile(
    r"(?:\A|[^\w\s]|\n|\b(?:is|be|it's|was|with|for|say|guess|maybe|perhaps|probably|likely|"
    r"definitely|clearly|certainly|so|thus|hence|therefore|then|means|and|or|than|not|nor|"
    r"that|that's|think|believe|neither|from|between|either|both|es|est|ist|è|é)\b)\s*\Z",
    re.IGNORECASE,
)
"""Allowed before a letter that is an option, not part of a name such as plan B."""


def _mentioned(text: str, offered: _Offered) -> str:
    """All letters that are mentioned and not denied."""
    claims = ""
    for found in _MENTIONED.finditer(text):
        start = found.start()
        named = not found[0][0].isalpha() or _LEADS_TO.search(text, max(0, start - 40), start)
        if named and not _TAKEN_BACK.search(text, max(0, start - _NEAR), start):
            claims += _at(text, start, offered)
    return claims
