"""What the carrier's refusals mean: only what it says of the number counts against the number."""

from __future__ import annotations

import pytest
from twilio.base.exceptions import TwilioException, TwilioRestException

from ivr.carrier import refusals
from ivr.domain.enums import CarrierFault, CarrierSide


def rest(status: int, code: int | None) -> TwilioRestException:
    return TwilioRestException(status, "/Calls.json", "no", code)


@pytest.mark.parametrize("code", [21211, 21214, 21217, 13223, 13224, 13226])
def test_what_the_carrier_says_of_a_number_is_the_numbers(code: int) -> None:
    assert refusals.of_error(rest(400, code)).side == CarrierSide.NUMBER


@pytest.mark.parametrize(
    ("status", "code", "fault"),
    [
        (400, 21215, CarrierFault.COUNTRY_NOT_ENABLED),
        (400, 13227, CarrierFault.COUNTRY_NOT_ENABLED),
        (400, 21216, CarrierFault.COUNTRY_NOT_ENABLED),
        (400, 21408, CarrierFault.COUNTRY_NOT_ENABLED),
        (400, 21210, CarrierFault.SENDER_REFUSED),
        (400, 21212, CarrierFault.SENDER_REFUSED),
        (400, 21606, CarrierFault.SENDER_REFUSED),
        (400, 21205, CarrierFault.ADDRESS_REFUSED),
        (401, 20003, CarrierFault.LOGIN_REFUSED),
        (403, 20005, CarrierFault.ACCOUNT_BLOCKED),
        (400, 21219, CarrierFault.ACCOUNT_BLOCKED),
        (404, 20404, CarrierFault.LOGIN_REFUSED),
        (401, None, CarrierFault.LOGIN_REFUSED),
        (403, 403, CarrierFault.LOGIN_REFUSED),
        (400, None, CarrierFault.REQUEST_REFUSED),
        (400, 21999, CarrierFault.REQUEST_REFUSED),
        (400, 20001, CarrierFault.REQUEST_REFUSED),
    ],
)
def test_the_houses_own_faults_are_the_operators(status: int, code: int | None, fault: CarrierFault) -> None:
    refusal = refusals.of_error(rest(status, code))
    assert (refusal.fault, refusal.side) == (fault, CarrierSide.OPERATOR)


@pytest.mark.parametrize(
    ("status", "code"), [(429, 20429), (500, 20500), (503, 20503), (502, 502), (504, None), (408, 408), (429, None)]
)
def test_an_overloaded_or_broken_carrier_is_the_networks(status: int, code: int | None) -> None:
    assert refusals.of_error(rest(status, code)).side == CarrierSide.NETWORK


def test_a_log_in_that_is_missing_is_the_operators() -> None:
    assert refusals.of_error(TwilioException("Credentials are required")).fault == CarrierFault.LOGIN_REFUSED


@pytest.mark.parametrize("sip", [404, 410, 484, 604])
def test_a_network_that_knows_no_such_number(sip: int) -> None:
    assert refusals.of_failed_call(sip, 0).fault == CarrierFault.NUMBER_INVALID


@pytest.mark.parametrize(
    ("sip", "side"),
    [(403, "operator"), (401, "operator"), (402, "operator"), (608, "operator"), (500, "network"), (503, "network"),
     (504, "network"), (408, "network"), (488, "network"), (0, "network"), (499, "network")],
)  # fmt: skip
def test_every_other_answer_of_a_network_says_nothing_of_the_number(sip: int, side: str) -> None:
    assert refusals.of_failed_call(sip, 0).side == side


def test_the_carriers_own_number_of_an_error_says_more_than_the_networks_answer() -> None:
    assert refusals.of_failed_call(404, 13227).fault == CarrierFault.COUNTRY_NOT_ENABLED


@pytest.mark.parametrize(
    ("code", "side"),
    [(30003, "number"), (30004, "number"), (30005, "number"), (30006, "number"), (21610, "number"), (21614, "number"),
     (30002, "operator"), (30007, "operator"), (21408, "operator"), (30008, "network"), (30001, "network"),
     (0, "network"), (39999, "network")],
)  # fmt: skip
def test_why_a_text_message_did_not_arrive(code: int, side: str) -> None:
    assert refusals.of_text_message(code).side == side


def test_each_number_of_an_error_has_one_meaning() -> None:
    codes = [code for known in refusals._ERRORS.values() for code in known]
    assert len(codes) == len(set(codes))
