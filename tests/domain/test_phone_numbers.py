"""Numbers that people show, withhold and key in; and the codes they are given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as search
from hypothesis import strategies as st

from ivr.domain import phone_numbers, receipt_codes
from ivr.prompts.speaking import digit_by_digit
from tests.support.volume import volume


@pytest.mark.parametrize(
    ("keyed", "number"),
    [
        ("015112345678", "+4915112345678"),
        ("04211782666", "+494211782666"),
        ("1782666", "+494211782666"),  # as people in Bremen say it
        ("1761234", "+494211761234"),  # and not half a mobile number
        ("4215550123", "+494215550123"),  # the zero left out
        ("15123456789", "+4915123456789"),
        ("17612345678", "+4917612345678"),
        ("4712345678", "+494712345678"),
        ("494215550123", "+494215550123"),  # the plus left out
        ("4915123456789", "+4915123456789"),
        ("00490421555012", "+49421555012"),
        ("42155501", None),  # 55501 in Bremen, or 42155501 there: asked again
        ("042155501", "+4942155501"),
        ("042142155501", "+4942142155501"),
        ("4215550", "+494214215550"),  # behind the area code nothing so short is a number
        ("176123456", None),  # neither a mobile number nor one in Bremen
        ("4214215550123", None),  # the area code twice
        ("042142155501234", None),
        ("48221234567", None),  # of Warsaw or of Kellinghusen: asked again
        ("905321234567", None),  # from abroad it begins with 00
        ("00905321234567", "+905321234567"),
        ("0421110", None),
        ("00881612345678", None),  # a satellite
        ("004470123456789", None),
        ("116117", None),
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


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("0421.555.0123", "+494215550123"),
        ("0421–555 01 23", "+494215550123"),
        ("tel:+49-421-5550123", "+494215550123"),
        ("+49 (0) 421 / 555 0123", "+494215550123"),
        ("\u202a+49 421 5550123\u202c", "+494215550123"),
        ("٠٤٢١٥٥٥٠١٢٣", "+494215550123"),
        ("+44 (0)20 7946 0958", "+442079460958"),
        ("+494215550123;ext=3", "+494215550123"),
        ("+0421 5550123", "+494215550123"),
        ("+0049 421 5550123", "+494215550123"),
        ("tel:+49-421-555-0123;isub=7;ext=12", "+494215550123"),
        ("5550123;phone-context=+49421", "+494215550123"),
        ("04215550123;phone-context=+49421", "+494215550123"),
        ("tel:5550123;phone-context=jobcenter.example", "+494215550123"),
        ("sip:+494215550123@pbx;user=phone", "+494215550123"),
        ("callto://0421-5550123", "+494215550123"),
        ("0421 5550123; 0421 5550124", None),  # two numbers
        ("+494215550123;", None),
        ("0421 555 0123 (Büro)", None),
        ("", None),
        ("+", None),
    ],
)
def test_written_by_people(written: str, number: str | None) -> None:
    assert phone_numbers.dialable(written) == number


@pytest.mark.parametrize("number", ["+4520304112", "+4722334115", "+3545551112", "+35621234110", "+37120304112"])
def test_a_subscriber_may_have_a_number_that_ends_as_an_emergency_number_does(number: str) -> None:
    """Where a country has no area codes; and in Bremen behind digits of its own."""
    assert phone_numbers.callable_number(number) == number
    assert phone_numbers.entered_number("55112") == "+4942155112"


@pytest.mark.parametrize(
    "keyed",
    [
        "19222",
        "042119222",
        "0049421 19222".replace(" ", ""),
        "04019240",
        "03019419",
        "0421116117",
        "030116117",
        "042111833",
        "03011880",
        "0421042155501",
        "03000123456",
        "00431112",
        "0030112",
    ],
)
def test_behind_an_area_code_no_service_number_is_anybodys(keyed: str) -> None:
    assert phone_numbers.entered_number(keyed) is None
    assert phone_numbers.dialable(f"+49{keyed[1:]}" if keyed.startswith("0") else f"+49421{keyed}") is None


@pytest.mark.parametrize(
    ("number", "country"),
    [("+358181234567", "FI"), ("+4779021234", "NO"), ("+390669881234", "IT"), ("+38344123456", "XK")],
)
def test_a_part_of_a_country_is_called_as_that_country(number: str, country: str) -> None:
    assert phone_numbers.callable_number(number) == number
    assert phone_numbers.country_of(number) == country


@given(st.text(st.sampled_from("0123456789*#٠١+- ()"), max_size=25) | st.text(max_size=40))
def test_every_reading_of_a_number_is_a_number(text: str) -> None:
    """Never a failure; and a number that was read is read as itself."""
    for number in (phone_numbers.entered_number(text), phone_numbers.dialable(text)):
        if number is not None:
            assert phone_numbers.dialable(number) == number
            assert phone_numbers.entered_number("00" + number[1:]) == number or len(number) > 16


#: Digits of numbers that begin as most callers' do, some of them too short, too long, or with a special number in them.
USUAL = st.builds(
    "+49{}{}{}".format,
    st.sampled_from(
        [
            "15",
            "16",
            "17",
            "421",
            "151",
            "1600",
            "16013",
            "1521355",
            "1709933",
            "1641",
            "0421",
            "1",
            "4",
            "42111",
            "4210",
        ]
    ),
    st.text("0123456789", max_size=9),
    st.sampled_from(["", "", "110", "112", "115"]),
)


@search(max_examples=volume(test=200, soak=50_000))
@given(USUAL)
def test_the_numbers_of_most_callers_are_read_as_the_metadata_has_them(number: str) -> None:
    """The pattern that reads them quickly neither lets in a number nor keeps one out."""
    assert phone_numbers.callable_number.__wrapped__(number) == phone_numbers.read_by_metadata(number)


def test_most_callers_need_no_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone_numbers, "read_by_metadata", None)
    for number in ("+4915112345678", "+4917612345678", "+491601234567", "+494211782666"):
        assert phone_numbers.callable_number.__wrapped__(number) == number


def test_numbers_are_spoken_as_one_would_dial_them() -> None:
    assert phone_numbers.digits_to_speak("+4915112345678") == "015112345678"
    assert phone_numbers.digits_to_speak("+48221234567") == "0048221234567"
    assert digit_by_digit("12345674", "de") == "eins zwei, drei vier, fünf sechs, sieben vier"
    assert digit_by_digit("0151234", "en") == "zero one, five one, two three four"


def code_of(number: int) -> str:
    """The one code that begins with nine digits."""
    (code,) = (f"{number:09d}{digit}" for digit in range(10) if receipt_codes.is_code(f"{number:09d}{digit}"))
    return code


@pytest.mark.parametrize("code", ["00005724", "12345671", "07498542", "00000000"])
def test_check_digits_are_those_of_damm(code: str) -> None:
    assert receipt_codes.is_code(code)  # 572 and 4: the example of his thesis


@given(st.integers(10**8, 10**9 - 1), st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_is_no_code(number: int, place: int, shift: int) -> None:
    code = code_of(number)
    assert receipt_codes.is_code(code)
    wrong = code[:place] + str((int(code[place]) + shift) % 10) + code[place + 1 :]
    assert not receipt_codes.is_code(wrong)


@given(st.integers(10**8, 10**9 - 1), st.integers(0, 8))
def test_swapped_neighbours_are_no_code(number: int, place: int) -> None:
    code = code_of(number)
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert swapped == code or not receipt_codes.is_code(swapped)


def test_codes_are_drawn_at_random() -> None:
    codes = {receipt_codes.draw() for _ in range(500)}
    assert len(codes) > 490
    assert all(receipt_codes.is_code(code) for code in codes)
    assert {len(code) for code in codes} == {10}, "short codes are found by who tries some thousands"
    assert "0" not in {code[0] for code in codes}, "a number in Germany is never taken for a code"
