"""What carriers write into `From`, and whose telephone that is."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ivr.domain import caller_ids
from ivr.domain.caller_ids import CallerId, read

OFFICE = "+494215550123"


@pytest.mark.parametrize(
    "shown",
    [
        *(
            "",
            None,
            " ",
            "anonymous",
            "Anonymous",
            "unknown",
            "Restricted",
            "Unavailable",
            "private number",
            "+",
            "0000",
        ),
        *("+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253", "266696687", "00266696687"),
        *("sip:anonymous@anonymous.invalid", "sip:+266696687@pbx", '"Anonymous" <sip:+494215550123@pbx>'),
        *("<sip:+494215550123@anonymous.invalid>;tag=7", "Unterdrückt", "+2666\u200b96687"),
        *("anonymous@anonymous.invalid;user=phone", "+494215550123@anonymous.invalid;user=phone"),
        *("Anonymous%40anonymous.invalid", "sip:+494215550123;ext=3@anonymous.invalid;user=phone"),
        *('"anonymous@anonymous.invalid" <sip:+494215550123@pbx>', "<anonymous@ANONYMOUS.INVALID;user=phone>;tag=7"),
        *("anonymous@anonymous.invalid:5060;user=phone", "sips:anonymous@anonymous.invalid;user=phone"),
        *("anonymous;user=phone", "anonymous@pbx", "Restricted;x=1", "+266696687;isub=1"),
    ],
)
def test_a_withheld_number_is_none(shown: str | None) -> None:
    """Withheld numbers come as words, nothing, or keypad spellings that look like numbers."""
    assert read(shown) == caller_ids.WITHHELD
    assert read(shown).telephone is None


@pytest.mark.parametrize(
    "shown",
    [
        *(OFFICE, "00494215550123", "04215550123", "4215550123", "494215550123", "+4904215550123"),
        *(
            "sip:+494215550123@pbx;user=phone",
            "sips:04215550123@pbx:5061",
            "sip:%2B494215550123@pbx",
            "tel:04215550123",
        ),
        *("tel:+49-421-5550123;phone-context=example.com", "tel:5550123;phone-context=+49421", "SIP:+494215550123"),
        *("+49 (0)421 / 555 01 23", "0421-555 01 23", '"Amt" <sip:+494215550123@pbx>;tag=7', "+٤٩٤٢١٥٥٥٠١٢٣"),
        *("  +494215550123\r\n", "\u202a+49 421 555 0123\u202c", "+494215550123\0", "'+494215550123'"),
        *("5550123;phone-context=+49421", "sip:5550123;phone-context=+49421@pbx;user=phone", "tel://+494215550123"),
        *("+494215550123 ; ext=3 ; isub=4", "sip:+494215550123;npdi@pbx;user=phone", "+494215550123;npdi;rn=+4942100"),
        *("+04215550123", "+00494215550123", "sip:+04215550123@pbx"),
        *("+494215550123;isub=12", "+494215550123;ext=3", "+494215550123@pbx", "0421\u200b5550123;isub=1"),
    ],
)
def test_one_telephone_is_read_the_same_however_it_is_written(shown: str) -> None:
    assert read(shown) == CallerId(OFFICE)


@pytest.mark.parametrize(
    ("shown", "kept"),
    [
        ("+1528", "+1528"),
        ("+1528555", "+1528555"),
        ("110", "110"),
        ("1761", "1761"),
        ("5550123", "5550123"),  # of an area that is not named
        ("48221234567", "48221234567"),  # of Warsaw or of Kellinghusen
        ("09001234567", "09001234567"),
        ("+881612345678", "+881612345678"),
        ("sip:someone@example.org", "someone@example.org"),
        ("client:alice", "client:alice"),
        ("Max Mustermann", "Max Mustermann"),
        ("+49 421 JOBCENTER", "+49 421 JOBCENTER"),
        ("1" * 1000, "1" * 59 + "…"),
        ("x\ud800y", "xy"),
    ],
)
def test_what_is_no_number_is_kept_as_it_is_shown(shown: str, kept: str) -> None:
    assert read(shown) == CallerId(shown_as=kept)
    digits = kept.removeprefix("+")
    telephone = kept if digits.isdecimal() else None
    assert read(shown).telephone == telephone, "digits tell telephones apart that ring without end; words do not"


@pytest.mark.parametrize(
    ("shown", "kept"),
    [
        ("sip:alice:geheim@pbx", "alice@pbx"),
        ("alice:geheim@pbx;user=phone", "alice@pbx"),
        ('"Amt" <sip:alice:gehe@im,geheim@pbx>;tag=1', "alice@pbx"),
        ("sip:alice%3Ageheim@pbx", "alice@pbx"),
        ("sip:alice;pw=x:geheim@pbx", "alice"),
        ("https://alice:geheim@pbx/x", "https://alice@pbx/x"),
        ("sip:alice@pbx?Authorization=geheim", "alice@pbx"),
        ("alice@pbx;password=geheim", "alice@pbx"),
        ("alice@pbx:5060", "alice@pbx:5060"),
    ],
)
def test_a_password_in_an_address_is_not_kept(shown: str, kept: str) -> None:
    assert read(shown) == CallerId(shown_as=kept)


@pytest.mark.parametrize(
    "shown",
    [
        *("+494215550123, +4917612345678", "+494215550123;+4917612345678", "+494215550123+4917612345678"),
        *("sip:+494215550123@a,sip:+4917612345678@b", "tel:+494215550123|tel:+4917612345678"),
        *("+494215550123/+4917612345678", "+494215550123&From=+4917612345678"),
        *("<sip:+494215550123@a>, <sip:+4917612345678@b>", "04215550123, 017612345678"),
    ],
)
def test_of_two_telephones_neither_is_the_one_that_calls(shown: str) -> None:
    assert read(shown) == CallerId(shown_as=shown)


@pytest.mark.parametrize("shown", ["{0},{0}", "<sip:{0}@pbx>, <tel:{0}>", "sip:{0}:geheim@pbx", "{0}:geheim@pbx"])
def test_one_telephone_shown_twice_or_with_a_password_is_the_one_that_calls(shown: str) -> None:
    assert read(shown.format(OFFICE)) == CallerId(OFFICE)


def test_who_is_anonymous_in_one_of_two_addresses_is() -> None:
    assert read(f"<sip:anonymous@anonymous.invalid>, <tel:{OFFICE}>") == caller_ids.WITHHELD


@given(
    st.text(max_size=80)
    | st.lists(st.sampled_from([*'<>,:;@|&/"=?', OFFICE, "sip:", "alice", "geheim", "anonymous", "%3A", "…", "x" * 20]),
               max_size=14).map("".join)
    | st.text(st.sampled_from("+0123456789 ()-/.;@%<>\"' sipteluser:=٠١\u202a"), max_size=60)
    | st.builds("{}{}{}".format, st.sampled_from(["sip:", "tel:", "sip:%2B", "<sip:", "+", "00", "0"]),
                st.from_regex(r"[0-9 ]{2,18}", fullmatch=True), st.sampled_from(["", "@host;x=y", ">", ";ext=1"]))
)  # fmt: skip
@example("%252525252B49421555012")
@example("+494215550123" + "-" * 60 + "x")
def test_whatever_is_shown_is_read_once_and_for_all(shown: str) -> None:
    """Never a failure; what was read is read as itself; what is kept fits the database."""
    found = read(shown)
    assert read(found.number or found.shown_as) == found
    assert len(found.shown_as) <= caller_ids.LONGEST_SHOWN
    assert not (found.number and found.shown_as)
    (found.number or found.shown_as).encode()
    assert "\0" not in found.shown_as


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
@example("+266696687")
@example("+4921555501230000")
@example(OFFICE)
def test_the_usual_form_is_read_as_any_other(shown: str) -> None:
    """A number in E.164 takes a shorter way, which leads to the same."""
    assert read(shown) == read(f" {shown} ") == read(f"tel:{shown}")
