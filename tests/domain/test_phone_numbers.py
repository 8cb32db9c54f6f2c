"""Numbers that people show, withhold and key in; and the codes they are given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.domain import phone_numbers, receipt_codes
from ivr.prompts.speaking import digit_by_digit


@pytest.mark.parametrize(
    "shown",
    ["", None, "anonymous", "unknown", "Restricted", "+266696687", "+7378742833", "+2562533", "+8656696",
     "+86282452253", "017612345", "sip:someone@example.org", "+49", "++49151", "+4915112345678901234"],
)  # fmt: skip
def test_what_is_no_number(shown: str | None) -> None:
    """TELEPHONY: withheld numbers come as words, nothing, or keypad spellings that look like numbers."""
    assert phone_numbers.calling_number(shown) is None


def test_what_is_a_number() -> None:
    assert phone_numbers.calling_number("+4915112345678") == "+4915112345678"
    assert phone_numbers.calling_number("+48221234567") == "+48221234567"


@pytest.mark.parametrize(
    ("keyed", "number"),
    [
        ("015112345678", "+4915112345678"),
        ("04211782666", "+494211782666"),
        ("1782666", "+494211782666"),  # as people in Bremen say it
        ("0048221234567", "+48221234567"),
        ("09001234567", None),  # premium rate
        ("018012345678", None),  # shared cost
        ("110", None),
        ("0", None),
        ("", None),
        ("12*4", None),
        ("٠١٥١١٢٣٤٥٦٧٨", None),
        ("0" * 40, None),
        ("9" * 40, None),
    ],
)
def test_keyed_in(keyed: str, number: str | None) -> None:
    assert phone_numbers.entered_number(keyed) == number


def test_numbers_are_spoken_as_one_would_dial_them() -> None:
    assert phone_numbers.digits_to_speak("+4915112345678") == "015112345678"
    assert phone_numbers.digits_to_speak("+48221234567") == "0048221234567"
    assert digit_by_digit("12345674", "de") == "eins zwei, drei vier, fünf sechs, sieben vier"
    assert digit_by_digit("0151234", "en") == "zero one five, one two three, four"


def code_of(number: int) -> str:
    """The one code that begins with nine digits."""
    (code,) = (f"{number:09d}{digit}" for digit in range(10) if receipt_codes.is_code(f"{number:09d}{digit}"))
    return code


@pytest.mark.parametrize("code", ["00005724", "12345671", "07498542", "00000000"])
def test_check_digits_are_those_of_damm(code: str) -> None:
    assert receipt_codes.is_code(code)  # 572 and 4: the example of his thesis


@given(st.integers(0, 10**9 - 1), st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_is_no_code(number: int, place: int, shift: int) -> None:
    code = code_of(number)
    assert receipt_codes.is_code(code)
    wrong = code[:place] + str((int(code[place]) + shift) % 10) + code[place + 1 :]
    assert not receipt_codes.is_code(wrong)


@given(st.integers(0, 10**9 - 1), st.integers(0, 8))
def test_swapped_neighbours_are_no_code(number: int, place: int) -> None:
    code = code_of(number)
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert swapped == code or not receipt_codes.is_code(swapped)


def test_codes_are_drawn_at_random() -> None:
    codes = {receipt_codes.draw() for _ in range(500)}
    assert len(codes) > 490
    assert all(receipt_codes.is_code(code) for code in codes)
    assert {len(code) for code in codes} == {10}, "short codes are found by who tries some thousands"
