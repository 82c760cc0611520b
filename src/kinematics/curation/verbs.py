"""Counts verbs of action in captions, by spaCy or by a list of words.

spaCy distinguishes verbs from nouns ("they run" and "a run") but needs a model that is not on PyPI.
Without it, words are lemmatised (by simplemma if installed, else by English endings) and looked up
in a list of verbs of movement. Words in the position of a noun do not count.
"""

import re
from collections.abc import Callable

VERBS: frozenset[str] = frozenset(
    "accelerate adjust aim applaud approach arrange arrive assemble attack balance bathe beat "
    "beckon bend bike blow bounce bow bowl box brush build burn bury button call carry carve "
    "cast catch celebrate chase cheer chop clap clean climb close comb cook cough crawl cross "
    "crouch cry cut cycle dance dash dig dip dive drag draw dress dribble drink drive drop "
    "drum dunk eat embrace enter exercise exit fall feed fence fight fish fix flip fly fold "
    "follow fry gallop gesture give glide grab greet grind grip hammer hand hang hike hit "
    "hold hop hug hurdle hurry inhale iron jog juggle jump kayak kick kiss kneel knit knock "
    "laugh lay lead lean leap leave lie lift limp load lower lunge march massage measure mix "
    "mop mount move mow nod open pack paddle paint pass pat pedal peel perform pet pick pitch "
    "place plant play point polish pose pour practice practise press prune pull punch push "
    "put race raise rake reach read recline ride rinse rise roll rotate row rub run rush sail "
    "salute saw scoop scratch scrub set sew shake shave shoot shovel shrug shuffle sing sit "
    "skate skateboard ski skip slam slap sled slice slide slip smash smile smoke snap sneeze "
    "snowboard spar spin splash sprint squat squeeze stack stamp stand step stir stomp stoop "
    "stretch stride stroke stroll stumble surf swat sweep swim swing swirl tackle take talk "
    "tap taste tear tend throw thrust tie tilt tiptoe toss touch train travel trim trip trot "
    "tumble turn twirl twist type unfold unload unpack unwrap vacuum vault wade walk wander "
    "warm wash water wave weave weld whip whisk whistle wipe work wrap wrestle write yawn "
    "yell".split()
)
"""Lemmas of verbs of movement and of manual actions."""

_IRREGULAR = {
    "ate": "eat", "eaten": "eat", "beaten": "beat", "bent": "bend", "blew": "blow",
    "blown": "blow", "built": "build", "caught": "catch", "dug": "dig", "dove": "dive",
    "drew": "draw", "drawn": "draw", "drank": "drink", "drunk": "drink", "drove": "drive",
    "driven": "drive", "fell": "fall", "fallen": "fall", "fed": "feed", "fought": "fight",
    "flew": "fly", "flown": "fly", "gave": "give", "given": "give", "ground": "grind",
    "held": "hold", "hung": "hang", "knelt": "kneel", "laid": "lay", "led": "lead", "leapt": "leap",
    "left": "leave", "lain": "lie", "lying": "lie", "tying": "tie", "ran": "run", "rode": "ride",
    "ridden": "ride", "rose": "rise", "risen": "rise", "sang": "sing", "sung": "sing",
    "sat": "sit", "shook": "shake", "shaken": "shake", "shot": "shoot", "slid": "slide",
    "spun": "spin", "stood": "stand", "swept": "sweep", "swam": "swim", "swum": "swim",
    "swung": "swing", "took": "take", "taken": "take", "threw": "throw", "thrown": "throw",
    "tore": "tear", "torn": "tear", "wove": "weave", "wrote": "write", "written": "write",
}  # fmt: skip
_ARTICLES = frozenset("a an the this that these those his her its their my your our each".split())
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")

Counter = Callable[[str], int]
"""The number of verbs of action in a caption."""


def by_spacy(*, model: str = "en_core_web_sm") -> Counter:
    """A counter by spaCy's tagger: every verb except auxiliaries counts, as in the paper.

    Raises a `ValueError` with the cure if spaCy or the model is missing.
    """
    cure = f"Install spaCy and the model (python -m spacy download {model})"
    try:
        import spacy

        pipeline = spacy.load(model, exclude=["ner"])
    except (ImportError, OSError) as error:
        raise ValueError(f"spaCy's model {model}: not installed. {cure}") from error
    return lambda caption: sum(token.pos_ == "VERB" for token in pipeline(caption))


def lemma(word: str) -> str:
    """The lemma of a word, by the endings of English verbs.

    >>> [lemma(word) for word in ("runs", "running", "waved", "carries", "threw", "dances")]
    ['run', 'run', 'wave', 'carry', 'throw', 'dance']
    """
    if word in VERBS:
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    candidates = []
    for ending in ("ing", "ed", "es", "s"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 1:
            candidates += [stem, stem + "e"]
            if stem.endswith("i"):
                candidates.append(stem[:-1] + "y")
            if ending in ("ing", "ed") and stem[-1] == stem[-2]:
                candidates.append(stem[:-1])
    return next((stem for stem in candidates if stem in VERBS), word)


def _lemmatiser() -> Callable[[str], str]:
    """`lemma`, with simplemma for unknown words if it is installed."""
    try:
        from simplemma import lemmatize
    except ImportError:
        return lemma

    def lemma_of(word: str) -> str:
        basic = lemma(word)
        return basic if basic in VERBS else lemmatize(word, lang="en").lower()

    return lemma_of


def by_words() -> Counter:
    """A counter by the list of verbs.

    A word directly after an article or a verb is a noun unless it ends in -ing: "a walk", "carries
    boxes".

    >>> count = by_words()
    >>> count("A man is waving and then throws a ball."), count("The dance hall of a hotel")
    (2, 0)
    """
    basic = _lemmatiser()

    def count(caption: str) -> int:
        text = caption.lower()
        verbs, end, before, after_verb = 0, 0, "", False
        for match in _WORD.finditer(text):
            word, close = match[0], text[end : match.start()].isspace()
            named = close and (before in _ARTICLES or after_verb) and not word.endswith("ing")
            is_verb = basic(word) in VERBS and not named
            verbs += is_verb
            end, before, after_verb = match.end(), word, is_verb
        return verbs

    return count


def counter() -> Counter:
    """spaCy's counter if its small English model is installed, else the list's.

    >>> counter()("Two children run along a beach.")
    1
    """
    try:
        return by_spacy()
    except ValueError:
        return by_words()
