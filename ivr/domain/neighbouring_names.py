"""How neighbouring languages write the same name: Ukrainian and Russian; Arabic, Persian and Kurdish (Sorani).

A name gets further spellings that it has in common with its neighbours'. They are for finding, never for showing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_CYRILLIC, _ARABIC = re.compile("[\u0400-\u04ff]"), re.compile("[\u0600-\u06ff]")
#: Letters of a Latin keyboard in a Cyrillic word, which nobody can tell from those that are meant.
_LIKE_CYRILLIC = str.maketrans("abcehikmoptxy", "авсенікмортху")
#: Letters of one language that stand where the other has another one.
_SLAVIC_LETTERS = str.maketrans({"і": "и", "ї": "и", "ы": "и", "є": "е", "э": "е", "ё": "е", "ґ": "г"})
#: Sounds and endings that one language writes in another way, in this order.
_SLAVIC = tuple(
    (re.compile(written), meant)
    for written, meant in {
        "[ьй]о": "е",  # Ковальов, Ковалёв; Андрійович, Андреевич
        "(?<=[чшщжц])о": "е",  # Чорний, Чёрный
        "ья$": "ия",  # Наталья, Наталія
        "[ьъ]": "",
        "(?<=..)[ие]й$": "ий",  # Андрей, Андрій
        "[ие][ие]в(?=(?:на|ич)$)": "еев",  # Сергіївна, Сергеевна
        "(?<=[ауя])[ие]в(?=на$)": "ев",  # Миколаївна, Николаевна
        "(?<=[бвгджзклмнпрстфхцчшщ])[ио]в(?=на$)": "ов",  # Іванівна, Ивановна
        "(?<=[кн])ая$": "а",  # Ковальська, Ковальская
    }.items()
)
#: Beginnings that differ: of the name, its patronymics and surnames.
_BEGINNINGS = {
    "олекс": "алекс", "олен": "елен", "володимир": "владимир",
    "костянтин": "константин", "тетян": "татян", "катерин": "екатерин", "пилип": "филипп", "федир": "федор",
    "якив": "яков", "йосип": "иосиф", "есип": "иосиф", "микит": "никит", "кирилл": "кирил",
    "юхим": "ефим", "опанас": "афанас", "миколаев": "николаев",
}  # fmt: skip
#: Names that differ as a whole.
_NAMES = {
    "микола": "николай", "дмитро": "дмитрий", "петро": "петр", "павло": "павел", "михайло": "михаил",
    "данило": "даниил", "гаврило": "гавриил", "кирило": "кирил", "василий": "васил", "евгений": "евген",
    "ганна": "анна", "илля": "илия", "наталя": "наталия", "даря": "дария", "дарина": "дария", "надежда": "надия",
    "афанас": "афанасий",
}  # fmt: skip
#: A name in Sorani, which writes the short vowels, and in Arabic or Persian; a hamza before a long u.
_IN_ARABIC = ((re.compile("^ئە"), "ا"), (re.compile("ە(?=.)"), ""), (re.compile("[ئؤو]و"), "و"))
#: Letters of Arabic that Kurdish writes as they sound.
_AS_SOUNDED = str.maketrans({"ط": "ت", "ص": "س", "ث": "س", "ض": "ز", "ظ": "ز", "ذ": "ز"})
#: A long a at the end: in Arabic a y without dots, in Persian a y, which may be an i in a word of three letters.
_LONG_A = re.compile("ى$|(?<=...)[یي]$")
#: The ending of women's and men's names that is t in Persian, Kurdish and Turkish names, or is not heard.
_ENDING = re.compile("ة$")
#: Names in which a long a is often not written.
_LONG_A_WRITTEN = {
    "رحمن": "رحمان", "عبدالرحمن": "عبدالرحمان", "اسحق": "اسحاق", "اسمعیل": "اسماعیل", "ابرهیم": "ابراهیم",
    "هرون": "هارون", "سلیمن": "سلیمان", "لقمن": "لقمان", "عثمن": "عثمان", "طه": "طاها", "یس": "یاسین",
}  # fmt: skip
_LETTERS_OF_LONG_A = str.maketrans({"ي": "ی", "إ": "ا", "أ": "ا"})


def written(word: str) -> Iterator[str]:
    """Further spellings of a word that is prepared (see :func:`ivr.domain.text_folding.prepared`)."""
    if _CYRILLIC.search(word):
        yield _slavic(word)
    elif _ARABIC.search(word):
        for pattern, meant in _IN_ARABIC:
            word = pattern.sub(meant, word)
        yield word
        for one in dict.fromkeys((word, _LONG_A.sub("ا", word), _ENDING.sub("ت", word), _ENDING.sub("ا", word))):
            yield one
            one = _LONG_A_WRITTEN.get(one.translate(_LETTERS_OF_LONG_A), one)
            yield one.translate(_AS_SOUNDED)


def _slavic(word: str) -> str:
    word = word.translate(_LIKE_CYRILLIC).translate(_SLAVIC_LETTERS)
    for pattern, meant in _SLAVIC:
        word = pattern.sub(meant, word)
    for begins, meant in _BEGINNINGS.items():
        if word.startswith(begins):
            word = meant + word.removeprefix(begins)
            break
    return _NAMES.get(word, word)
