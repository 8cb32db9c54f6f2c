"""Names, words and numbers are the same however they were typed, pasted, recognised or joined."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ivr.domain.search_terms import asked, words_of, words_of_number
from ivr.domain.text_folding import folded, plain, spellings, split

TEXTS = st.text(st.characters(codec="utf-8"), max_size=60) | st.text(
    st.sampled_from("aäÄöüßøåæłıİéñșğ'’-¨\u0308\u0301\u00ad\u200c\u200d\u200f ._/+0123٣۴ الكةأئىیکـّێۆەґєїй안ﻻ½"),
    max_size=40,
)


def finds(search: str, words: set[str]) -> bool:
    """Whether a search finds a text with these words, as the index does."""
    found = asked(search)
    return any(all(any(word.startswith(one) for one in term for word in words) for term in way) for way in found.ways)


@given(TEXTS)
@example("Mu¨ller")
@example("ﷺ O´Neill ẞ ŉ ǰ")
def test_what_is_folded_stays_as_it_is(text: str) -> None:
    assert folded(folded(text)) == folded(text)
    for parts in split(text):
        for part in parts:
            assert plain(plain(part)) == plain(part)
            assert plain(part) in spellings(part)


@given(TEXTS)
@example("0000A")
@example("1234567A")
@example("2140BG0012345")
def test_a_text_is_found_by_itself_and_by_what_it_folds_to(text: str) -> None:
    words = set(words_of(text))
    for search in (text, folded(text), unicodedata.normalize("NFD", text), text.upper()):
        assert finds(search, words) or not asked(search).ways or folded(search) != folded(text), search


NAMES = [
    # as neighbouring languages write the same name, and letters of another keyboard
    ("Зеленський", "Зеленский"), ("Юлия", "Юлія"), ("Їжак", "Ижак"), ("Марьяна", "Мар'яна"), ("Наталiя", "Наталія"),
    ("Тарас", "Tарас"), ("Наталія", "Наталия"), ("ئەحمەد", "احمد"), ("نوروز", "نەورۆز"), ("هەڵۆ", "هلو"),
    ("مسئول", "مسوول"), ("داود", "داوود"), ("رؤوف", "رئوف"), ("عبد الرحمٰن", "عبدالرحمان"), ("Əliyev", "Aliyev"),
    ("Андрій", "Андрей"), ("Сергей", "Сергій"), ("Матвій", "Матвей"), ("Олексій", "Алексей"), ("Алексей", "Олексій"),
    ("Олександр", "Александр"), ("Александра", "Олександра"), ("Олена", "Елена"), ("Микола", "Николай"),
    ("Николай", "Микола"), ("Дмитро", "Дмитрий"), ("Володимир", "Владимир"), ("Пётр", "Петро"), ("Павел", "Павло"),
    ("Михаил", "Михайло"), ("Василь", "Василий"), ("Євген", "Евгений"), ("Наталя", "Наталья"), ("Наталья", "Наталія"),
    ("Дарья", "Дар'я"), ("Татьяна", "Тетяна"), ("Катерина", "Екатерина"), ("Ганна", "Анна"),
    ("Костянтин", "Константин"), ("Едуард", "Эдуард"), ("Ілля", "Илья"), ("Федір", "Фёдор"), ("Яків", "Яков"),
    ("Надія", "Надежда"), ("Гліб", "Глеб"), ("Глеб", "Гліб"), ("Білий", "Белый"),
    ("Васильевна", "Василівна"), ("Юріївна", "Юрьевна"), ("Юрьевич", "Юрійович"), ("Григорович", "Григорьевич"),
    ("Ілліч", "Ильич"), ("Іллінична", "Ильинична"), ("Валеріївна", "Валерьевна"), ("Петрівна", "Петровна"),
    ("Анатолійович", "Анатольевич"), ("Львівна", "Львовна"), ("Ігорівна", "Игоревна"),
    ("Ковальов", "Ковалёв"), ("Соловьёв", "Соловйов"), ("Чорний", "Чёрный"), ("Рибак", "Рыбак"),
    ("Крилов", "Крылов"), ("Лук'янов", "Лукьянов"), ("Ковальська", "Ковальская"), ("Черная", "Чорна"),
    ("Андріївна", "Андреевна"), ("Сергеевич", "Сергійович"), ("Іванівна", "Ивановна"), ("Миколаївна", "Николаевна"),
    ("Миколайович", "Николаевич"), ("Олександрівна", "Александровна"), ("Олексійович", "Алексеевич"),
    ("موسى", "موسا"), ("موسا", "موسى"), ("موسی", "موسا"), ("عيسى", "عیسا"), ("يحيى", "یحیا"), ("مصطفى", "مصطفا"),
    ("مستەفا", "مصطفى"), ("مووسا", "موسى"), ("ليلى", "لیلا"), ("هدى", "هدا"), ("لیلا", "ليلى"), ("مرتضی", "مرتضا"),
    ("نعمة", "نعمت"), ("عزت", "عزة"), ("سارة", "سارا"), ("عبد الرحمن", "عبدالرحمان"), ("إسحق", "اسحاق"),
    ("إسمعيل", "اسماعیل"), ("طه", "طاها"), ("صلاح", "سەلاح"), ("ڕەزا", "رضا"),
    ("عەبدوڵڵا", "عبدالله"), ("عەبدوڵا", "عبد الله"), ("عەبدولڕەحمان", "عبد الرحمن"),
    ("عەبدولکەریم", "عبدالكريم"), ("نەسروڵڵا", "نصر الله"), ("فەتحوڵڵا", "فتح‌الله"), ("ተስፋዬ", "ተስፋየ"),
    # letters that an Arabic keyboard lacks
    ("پوریا", "بوريا"), ("بوريا", "پوریا"), ("چنگیز", "جنكيز"), ("گوڵان", "كولان"), ("ژینا", "زينا"),
    ("پەروین", "بروين"),
    # one encoding and another, marks of their own, invisible signs
    ("Mu¨ller", "Müller"), ("Mu\u0308ller", "Müller"), ("Müller", "Mu\u0308ller"), ("Müller", "MULLER"),
    ("soft\u00adhyphen", "softhyphen"), ("Anna\u00a0Lena Groß", "anna lena gross"), ("\u202bMeyer\u202c", "meyer"),
    ("Andre´", "André"), ("O´Neill", "o'neill"), ("O´Neill", "neill"), ("O'Neill", "ONeill"), ("ONeill", "O’Neill"),
    # German, Danish, Norwegian, Swedish
    ("Straße", "strasse"), ("STRAẞE", "Straße"), ("Mueller", "Müller"), ("Søren Åkjær", "soeren aakjaer"),
    ("Soeren Aakjaer", "Søren Åkjær"), ("Århus", "aarhus"), ("Søgård", "sogaard"), ("Sörensen", "Sørensen"),
    ("Kjær", "Kjar"), ("Kjar", "Kjær"), ("Kjær", "Kjaer"), ("Kjærgård", "Kjargaard"), ("Sæther", "Sather"),
    ("Bjørnæs", "Bjornas"), ("Cœur", "Cour"), ("Þór", "Tor"), ("Þór", "Thor"),
    # Turkish, Kurdish, Azeri
    ("Işık", "isik"), ("İSTANBUL", "istanbul"), ("Şükrü Çağlar", "sukru caglar"), ("YILDIZ", "yıldız"),
    ("Hêvî Şêxo Gûlan", "hevi sexo gulan"), ("Əliyev", "eliyev"),
    ("ئازاد ڕەسوڵ", "ازاد رهسول"), ("کوردستان", "كوردستان"), ("شێرکۆ", "شیركو"),
    # Arabic and Persian
    ("محمد", "مـحـمـد"), ("مُحَمَّد", "محمد"), ("أحمد", "احمد"), ("إيمان", "ايمان"), ("آمنة", "امنه"), ("ليلى", "لیلی"),
    ("علاء", "علا"), ("فؤاد", "فواد"), ("ﻣﺤﻤﺪ", "محمد"), ("كريم", "کریم"), ("ﻻﻟﻪ", "لاله"), ("الكهرباء", "كهرباء"),
    ("عبد الله", "عبدالله"), ("عبدالله", "عبد الله"), ("می‌خواهم", "میخواهم"), ("میخواهم", "می‌خواهم"),
    ("علی‌رضا", "علیرضا"), ("علی‌رضا", "علی رضا"), ("علیرضا", "علی‌رضا"),
    # Ukrainian, Russian
    ("Знам’янка", "знам'янка"), ("Знамʼянка", "знамянка"), ("Ґалаґан", "Галаган"), ("Євген", "евген"),
    ("Їжакевич", "іжакевич"), ("Алёна", "алена"), ("Андрій", "андріи"),
    # Polish, Romanian, Vietnamese, Croatian
    ("Łukasz Żółć", "lukasz zolc"), ("Ștefan Țurcanu", "Ştefan Ţurcanu"), ("Nguyễn Đặng", "nguyen dang"),
    ("Đorđević", "djordjevic"),
    # joined, hyphenated, written apart
    ("Al-Hassan", "al hassan"), ("Al-Hassan", "alhassan"), ("al Hassan", "alhassan"), ("alhassan", "Al-Hassan"),
    ("alhassan", "al hassan"), ("al Hassan", "Al‐Hassan"), ("Jan van der Berg", "vanderberg"),
    ("Vanderberg", "van der Berg"), ("Müller-Lüdenscheidt", "müller lüdenscheidt"),
    ("Müller-Lüdenscheidt", "muellerluedenscheidt"), ("Müller–Meier", "mueller-meier"), ("De la Cruz", "delacruz"),
    ("Abdul Rahman", "abdulrahman"), ("Abdulrahman", "Abdul Rahman"), ("max_mustermann", "mustermann"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "search"), NAMES)
def test_a_name_is_found_however_it_is_written(written: str, search: str) -> None:
    assert finds(search, set(words_of(written, name=True)))


@pytest.mark.parametrize(
    ("written", "search"),
    [
        ("Андреев", "Андрій"),
        ("Сергієнко", "Сергей"),
        ("Марина", "Мария"),
        ("Анна", "Анастасія"),
        ("علاء", "علي"),
        ("رضا", "رضی"),
        ("Müller", "Miller"),
        ("al Hassan", "el hassani"),
        ("Berg", "van der Berg"),
        ("Ali", "Alina"),
        ("محمود", "محمد"),
        ("نریمان", "نوری"),
        ("جان", "جوان"),
        ("خەولە", "الله"),
        ("گلناز", "گلنار"),
        ("Ивановна", "Ивановский"),
        ("Петровна", "Павловна"),
        ("عامر", "عومەر"),
    ],
)
def test_another_name_is_not(written: str, search: str) -> None:
    assert not finds(search, set(words_of(written, name=True)))


PASTED = [
    "04215550123", "0421.555.0123", "0421/555-0123", "0421 – 555 01 23", "(0421) 5550123", "+494215550123",
    "tel:+494215550123", "tel:+49-421-555-0123;phone-context=x", "+49 (0)421/555-0123", "+49 0421 5550123",
    "0049 421 5550123", "00494215550123", "Tel.: 0421 5550123", "\u202a+49 421 5550123\u202c",
    "\u200e0421\u00a05550123", "٠٤٢١٥٥٥٠١٢٣", "۰۴۲۱ ۵۵۵ ۰۱۲۳", "０４２１５５５０１２３",
    "sip:+494215550123@example.org", "4215550123", "[0421] 555 0123",
    "Rufnummer: 0421 5550123", "Nr. 0421 5550123", "https://wa.me/494215550123", "0421 5550123 (privat)",
    "+49%20421%205550123", "0421 5550123 Durchwahl 3", "T: 0421 5550123",
    # with words beside it that no list can name, with a pause and an extension, with what withholds a number
    "+49 421 5550123 x12", "0421 5550123 (mobil, abends)", "Rückruf: 0421 5550123", "Telefon-Nr. 0421 5550123",
    "0421 5550123 Frau Meyer", "[Anrufen](tel:+494215550123)", "https://wa.me/+494215550123?text=hi", "№ 0421 5550123",
    "https://api.whatsapp.com/send?phone=494215550123", "тел. +49 421 5550123", "هاتف 04215550123",
    "tel%3A%2B494215550123", "tel:04215550123,12", "*31#04215550123", "0421•555•0123", "0421|5550123",
    "0421 5550123 / 0151 98765432", "FON 0421-5550123 FAX 0421-5550124", "Tel. 0421 5550123 Fax 0421 5550124",
    "0421 5550123, 28195 Bremen", "28195 Bremen, 0421 5550123", "0421-5550123 / -124", "0421 5550123 | 12",
]  # fmt: skip


@pytest.mark.parametrize("pasted", PASTED)
def test_a_number_is_found_however_it_was_pasted(pasted: str) -> None:
    assert finds(pasted, set(words_of_number("+494215550123")))
    assert asked(pasted).is_number
    assert finds(pasted, set(words_of("Bitte unter 0421/555 0123 anrufen, nicht unter 0421 98765."))), "in a note"


def test_a_date_beside_a_name_is_not_looked_for_alone() -> None:
    assert not finds("Meyer 01.02.2024", set(words_of("Termin am 01.02.2024")))
    assert not asked("Meyer 01.02.2024").is_number


@pytest.mark.parametrize("part", ["0421", "0421 555", "421555", "+49 421", "0123", "550123", "٠١٢٣"])
def test_a_part_of_a_number_is_enough(part: str) -> None:
    assert finds(part, set(words_of_number("+494215550123")))
    assert not asked(part).is_number


@pytest.mark.parametrize("other", ["0421 5550124", "+44 421 5550123", "0421 555 01234", "5559"])
def test_another_number_is_not_found(other: str) -> None:
    assert not finds(other, set(words_of_number("+494215550123")))


def test_numbers_and_names_are_asked_for_together() -> None:
    words = {*words_of("Frau Müller", name=True), *words_of_number("+494215550123")}
    assert finds("müller 0421 555", words)
    assert not finds("meier 0421 555", words)
    assert not asked("müller 0421 555").is_number
    assert finds("meier 0421 5550123", words), "a whole number says enough"


def test_a_house_and_a_postal_code_are_two_numbers() -> None:
    assert finds("12 28195", set(words_of("Hauptstraße 12, 28195 Bremen")))
    assert finds("28195 12", set(words_of("Hauptstraße 12, 28195 Bremen")))


@pytest.mark.parametrize("nothing", ["", "…", "%", "-", "''", "\u200b", "ـ", "~3", "()"])
def test_what_holds_no_word_asks_for_nothing_that_is_marked_in_the_index(nothing: str) -> None:
    assert not any("~" in one for way in asked(nothing).ways for term in way for one in term)
