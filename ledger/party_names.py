"""Names of people and companies in a form in which spellings of one name are equal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from anyascii import anyascii
from rapidfuzz.distance import OSA

_LONGEST = 140
_READ = 500  # characters of a name that are looked at; no bank passes on more than 140

# The vowel that another one carries: Müller, Mueller and Muller become muller, Århus and Aarhus arhus.
_CARRIED = re.compile(r"(?<=[aou])e|(?<=a)a")
_APOSTROPHES = re.compile(r"['`]")
_WORD = re.compile(r"[a-z0-9]+")
_DOUBLED = re.compile(r"([a-z])\1+")

# Letters that stand for words, each with its mark: `e. K.`, `S.p.A.`, `A/S`, `J.P.`; they are read as one word.
_ABBREVIATED = re.compile(r"\b[a-z](?:[./] ?[a-z]\b)+")
_MARKS = re.compile(r"[./ ]+")

# The letters of a form spaced out at the end (`S R L`), as banks do that know no full stop.
_SPACED = re.compile(r"\b[a-z](?: [a-z]){1,3}$")

# Forms of enterprise in the countries of SEPA and the large ones beyond, as they are after folding.
_LEGAL_FORMS = frozenset(
    """
    gmbh ggmbh mbh ug ag kg kgaa ohg gbr ek ekfr kfr ekfm kfm ev eg se partg partgmbb partnerschaft haftungsbeschrankt
    gesmbh co cie
    ltd limited llc llp lp plc inc incorporated corp corporation company
    sa sarl sas sasu eurl sci snc scs scop selarl rl srl srls spa sapa sl slu sau sc
    bv nv cv vof bvba sprl srlcs asbl vzw
    ab hb oy oyj aps as asa ivs is ks ba ans
    sp zoo oo sro doo dd kft zrt nyrt ou uab sia eood ood ead
    """.split()
)

# How people are addressed, and the word `firm`, as they are after folding.
_TITLES = frozenset(
    """
    dr prof professor dipl mag ing herr herrn frau firma fa familie fam eheleute
    mr mrs ms miss sir messrs
    mme mlle monsieur madame mademoiselle
    dhr mevr mw heer mevrouw
    sig signor signora dott dottssa avv rag
    sr sra srta senor senora don dona
    """.split()
)
_DEGREES = frozenset("med dent vet phil jur iur rer nat pol oec ing hc habil h c".split())

# Words that only tie two others.
_TIES = frozenset("und and et en y e i u z og och ja".split())

_CUT_FROM = 18  # characters of a key below which a name cannot have been cut at 27, 35 or 70 by a bank
_LONG_WORD = 7
_SHORT_WORD = 5


def name_key(name: str) -> str:
    """The words of a name, folded to small ASCII letters and digits and sorted; at most 140 characters.

    Legal forms, titles and words like `and` are off, unless nothing else is in the name. Gives an empty key for
    a name without letters and digits; never raises.
    """
    words = _WORD.findall(_folded(name[:_READ]))
    return " ".join(sorted(_telling(words) or words))[:_LONGEST].rstrip()


def same(a_key: str, b_key: str) -> bool:
    """Whether two keys are of one name, however it is spelt; empty keys are of none."""
    return bool(a_key) and a_key == b_key


def similar(a_key: str, b_key: str) -> bool:
    """Whether two keys can be of one name that was written otherwise, with one difference at most.

    The differences are:

    - the words are the same, but written together;
    - a word is missing while two or more are shared (`anna maria muller`, `anna muller`);
    - a first name is only its letter (`a muller`, `anna muller`);
    - a word has a letter twice or once (`muler`); in a word of five letters or more two neighbours are swapped,
      in one of seven or more a letter is wrong, missing or too many, but the first letter is right, and so are
      the last two (the last one if a letter is missing): Maria and Mario, Martin and Martina are not one person;
    - the name was cut, as banks do at 27, 35 or 70 characters: one word is the beginning of one of the other's
      or of a legal form, and the shorter key has 18 characters or more.

    One other word at least must be shared, unless the only word is long: first names or last names alone never
    suffice, and `anna muller` is not `peter muller`.
    """
    if not a_key or not b_key:
        return False
    if a_key == b_key or a_key.replace(" ", "") == b_key.replace(" ", ""):
        return True
    a_words, b_words = a_key.split(" "), b_key.split(" ")
    shared = _shared(a_words, b_words)
    a_left, b_left = _without(a_words, shared), _without(b_words, shared)
    if len(a_key) > len(b_key):
        a_key, b_key, a_left, b_left = b_key, a_key, b_left, a_left
    return (
        _one_missing(a_left, b_left, len(shared))
        or _one_miswritten(a_left, b_left, bool(shared))
        or _cut(a_key, a_left, b_left)
    )


def _folded(name: str) -> str:
    plain = name if name.isascii() else anyascii(name)[: 2 * _READ]
    joined = _ABBREVIATED.sub(_without_marks, _APOSTROPHES.sub("", plain.lower()))
    return _CARRIED.sub("", _SPACED.sub(_as_legal_form, joined.rstrip(" .,")))


def _as_legal_form(spaced: re.Match[str]) -> str:
    form = _MARKS.sub("", spaced[0])
    return form if form in _LEGAL_FORMS else spaced[0]


def _without_marks(abbreviated: re.Match[str]) -> str:
    return _MARKS.sub("", abbreviated[0])


def _telling(words: list[str]) -> list[str]:
    """The words that tell one name from another."""
    return [word for word in _untied(_untitled(words)) if word not in _LEGAL_FORMS]


def _untitled(words: Iterable[str]) -> Iterator[str]:
    """Without titles, and without the faculties after them (`Dr. rer. nat.`)."""
    titled = False
    for word in words:
        titled = word in _TITLES or (titled and word in _DEGREES)
        if not titled:
            yield word


def _untied(words: Iterable[str]) -> Iterator[str]:
    """Without `and`; a tie that stands first or last is the letter of a first name."""
    listed = list(words)
    last = len(listed) - 1
    for place, word in enumerate(listed):
        if place in (0, last) or word not in _TIES:
            yield word


def _shared(a_words: list[str], b_words: list[str]) -> list[str]:
    b_left = list(b_words)
    shared = []
    for word in a_words:
        if word in b_left:
            b_left.remove(word)
            shared.append(word)
    return shared


def _without(words: list[str], off: list[str]) -> list[str]:
    left = list(words)
    for word in off:
        left.remove(word)
    return left


def _one_missing(a_left: list[str], b_left: list[str], shared: int) -> bool:
    return shared >= 2 and len(a_left) + len(b_left) == 1


def _one_miswritten(a_left: list[str], b_left: list[str], others: bool) -> bool:
    """Whether exactly one word of each is left over, and the two are one word."""
    if len(a_left) != 1 or len(b_left) != 1:
        return False
    a, b = a_left[0], b_left[0]
    if others and a[0] == b[0] and 1 in (len(a), len(b)):
        return True
    if not others and min(len(a), len(b)) < _LONG_WORD:
        return False
    return _singled(a) == _singled(b) or _one_typo(a, b)


def _singled(word: str) -> str:
    return _DOUBLED.sub(r"\1", word)


def _one_typo(a: str, b: str) -> bool:
    """Whether one slip of a finger makes `a` of `b`, in the body of the word."""
    shortest = min(len(a), len(b))
    if shortest < _SHORT_WORD or a[0] != b[0] or OSA.distance(a, b, score_cutoff=1) > 1:
        return False
    ending = 2 if len(a) == len(b) else 1
    return a[-ending:] == b[-ending:] and (shortest >= _LONG_WORD or sorted(a) == sorted(b))


def _cut(shorter: str, short_left: list[str], long_left: list[str]) -> bool:
    """Whether one name was cut off: within a word that the other has whole, or within its legal form."""
    if len(shorter) < _CUT_FROM:
        return False
    if len(short_left) == 1:
        return any(word.startswith(short_left[0]) for word in long_left)
    return (
        not short_left and len(long_left) == 1 and any(form.startswith(long_left[0]) for form in _LEGAL_FORMS)
    )
