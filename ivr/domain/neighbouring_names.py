"""How neighbouring languages write the same name.

Ukrainian and Russian; Arabic, Persian and Kurdish (Sorani); Tigrinya as it is written in Eritrea, Tigray and Amharic.

A name gets further spellings that it has in common with its neighbours'. They are for finding, never for showing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_CYRILLIC, _ARABIC = re.compile("[\u0400-\u04ff]"), re.compile("[\u0600-\u06ff]")
_ETHIOPIC = re.compile("[\u1200-\u137f]")
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
        "(?<=..)[иеоь]+в(?=(?:на|ич)$)": "в",  # Сергіївна, Сергеевна; Іванівна, Ивановна; Юрійович, Юрьевич
        "(?<=[кн])ая$": "а",  # Ковальська, Ковальская
    }.items()
)
#: Beginnings that differ: of the name, its patronymics and surnames.
_BEGINNINGS = {
    "олекс": "алекс", "олен": "елен", "володимир": "владимир",
    "костянтин": "константин", "тетян": "татян", "катерин": "екатерин", "пилип": "филипп", "федир": "федор",
    "якив": "яков", "йосип": "иосиф", "есип": "иосиф", "микит": "никит", "кирилл": "кирил",
    "юхим": "ефим", "опанас": "афанас", "миколав": "николав",
}  # fmt: skip
#: Names that differ as a whole.
_NAMES = {
    "микола": "николай", "дмитро": "дмитрий", "петро": "петр", "павло": "павел", "михайло": "михаил",
    "данило": "даниил", "гаврило": "гавриил", "кирило": "кирил", "василий": "васил", "евгений": "евген",
    "ганна": "анна", "илля": "илия", "наталя": "наталия", "даря": "дария", "дарина": "дария", "надежда": "надия",
    "афанас": "афанасий", "свитлана": "светлана", "вира": "вера", "снижана": "снежана", "гнат": "игнат",
    "антин": "антон", "орина": "арина", "глиб": "глеб", "билий": "белий", "иллич": "илич", "иллинична": "илинична",
}  # fmt: skip
#: A name in Sorani, which writes the short vowels, and in Arabic or Persian; a hamza before a long u.
_IN_ARABIC = (
    (re.compile("^عەبدو[لڵ]{1,2}[اە]$|^عەبدوڵڵاه$"), "عبدالله"),  # عەبدوڵڵا
    (re.compile("^عەبدو[لڵ](?=..)"), "عبدال"),  # عەبدولڕەحمان, عبدالرحمان
    (re.compile("(?<=..)و[لڵ]{2}ا$"), "الله"),  # نەسروڵڵا, نصرالله
    (re.compile("(?<=..)ە(?:د)?دین$"), "الدین"),  # سەلاحەدین, صلاح الدین
    (re.compile("^ئە"), "ا"),
    (re.compile("^ئ(?=[یێ])"), "ا"),
    (re.compile("^ئۆ"), "او"),
    (re.compile("ە(?=.)"), ""),
    (re.compile("[ئؤو]و"), "و"),
)
#: Vowels of the first syllable, which Sorani writes and Arabic and Persian do not: عومەر and عمر, ئیبراهیم and ابراهیم.
#: Before another vowel the letter is a consonant; in short words without a letter of Sorani it is mostly a long vowel.
_SHORT_AT_FIRST = (
    (re.compile("^ئ[ویێ](?=[^اویېێۆە])"), "ا"),
    (re.compile("^(?=.{5}|.*[ەێۆڕڵڤ])([^اویئآأإ])و(?=[^اویيىئێۆەؤۇ])"), r"\1"),
    (re.compile("مم(?=ە)"), "م"),  # موحەممەد: in Arabic a mark says that it is said twice
)
#: Letters of Arabic that Kurdish writes as they sound.
_AS_SOUNDED = str.maketrans({"ط": "ت", "ص": "س", "ث": "س", "ض": "ز", "ظ": "ز", "ذ": "ز"})
#: Letters of Persian and Kurdish that an Arabic keyboard lacks, and what stands in their place: بوریا is پوریا.
_ARABIC_KEYBOARD = str.maketrans({"پ": "ب", "چ": "ج", "ژ": "ز", "گ": "ک"})
#: A long a at the end: in Arabic a y without dots, in Persian a y, which may be an i in a word of three letters.
_LONG_A = re.compile("ى$|(?<=...)[یي]$")
#: The ending of women's and men's names that is t in Persian, Kurdish and Turkish names, or is not heard.
_ENDING = re.compile("ة$")
#: Names in which a long a is often not written.
_LONG_A_WRITTEN = {
    "رحمن": "رحمان", "عبدالرحمن": "عبدالرحمان", "اسحق": "اسحاق", "اسمعیل": "اسماعیل", "ابرهیم": "ابراهیم",
    "هرون": "هارون", "سلیمن": "سلیمان", "لقمن": "لقمان", "عثمن": "عثمان", "طه": "طاها", "یس": "یاسین",
    "تها": "تاها", "فاتیمه": "فاتمه", "فاتیما": "فاتمه", "یوسوف": "یوسف", "یونوس": "یونس", "کورد": "کرد",
}  # fmt: skip
_LETTERS_OF_LONG_A = str.maketrans({"ي": "ی", "إ": "ا", "أ": "ا", "ە": "ه"})
#: Rows of the Ethiopic alphabet that sound alike in one of its languages, and vowels that do behind them.
_ETHIOPIC_ROWS = {"ሐ": "ሀ", "ኀ": "ሀ", "ሠ": "ሰ", "ዐ": "አ", "ፀ": "ጸ"}
_ETHIOPIC_ALIKE = {
    ord(row) + vowel: chr(ord(meant) + vowel) for row, meant in _ETHIOPIC_ROWS.items() for vowel in range(7)
}
_ETHIOPIC_VOWELS = str.maketrans({"ሃ": "ሀ", "ኣ": "አ", "ዬ": "የ"})


def written(word: str) -> Iterator[str]:
    """Further spellings of a word that is prepared (see :func:`ivr.domain.text_folding.prepared`)."""
    if _CYRILLIC.search(word):
        yield _slavic(word)
    elif _ARABIC.search(word):
        yield from _arabic(word)
    elif _ETHIOPIC.search(word):
        yield word.translate(_ETHIOPIC_ALIKE).translate(_ETHIOPIC_VOWELS)


def _arabic(word: str) -> Iterator[str]:
    for stem in dict.fromkeys((_replaced(word, _IN_ARABIC), _replaced(_replaced(word, _SHORT_AT_FIRST), _IN_ARABIC))):
        yield stem
        for one in dict.fromkeys((stem, _LONG_A.sub("ا", stem), _ENDING.sub("ت", stem), _ENDING.sub("ا", stem))):
            yield one
            one = _LONG_A_WRITTEN.get(one.translate(_LETTERS_OF_LONG_A), one)
            yield (sounded := one.translate(_AS_SOUNDED))
            yield sounded.translate(_ARABIC_KEYBOARD)


def _replaced(word: str, patterns: tuple[tuple[re.Pattern[str], str], ...]) -> str:
    for pattern, meant in patterns:
        word = pattern.sub(meant, word)
    return word


def _slavic(word: str) -> str:
    word = word.translate(_LIKE_CYRILLIC).translate(_SLAVIC_LETTERS)
    word = _replaced(word, _SLAVIC)
    for begins, meant in _BEGINNINGS.items():
        if word.startswith(begins):
            word = meant + word.removeprefix(begins)
            break
    return _NAMES.get(word, word)
