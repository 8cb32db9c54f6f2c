"""What the carrier has published agrees with what we send, and the comparison sees what it should."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import MultiDict

from ivr.carrier.client import client
from ivr.domain.languages import LANGUAGES
from ivr.local_carrier import twiml_parser
from ivr.local_carrier.switch import Switch
from tests.support import conformance
from tests.support.conformance import _table, document_faults, request_faults

CALLS = "/2010-04-01/Accounts/AC" + "0" * 32 + "/Calls.json"


@pytest.mark.parametrize(
    ("inner", "fault"),
    [
        ("<Sing />", "<Sing> cannot stand in <Response>"),
        ('<Say colour="red">x</Say>', "<Say> has no attribute colour"),
        ('<Say voice="Polly.Vicky">x</Say>', '<Say voice="Polly.Vicky"> is no SayVoice'),
        ('<Say language="fa-IR">x</Say>', '<Say language="fa-IR"> is no SayLanguage'),
        ('<Pause length="long" />', '<Pause length="long"> is no number'),
        ('<Record playBeep="yes" />', '<Record playBeep="yes"> is no boolean'),
        ('<Gather input="dtmf keys" />', '<Gather input="dtmf keys"> is no GatherInput[]'),
        ('<Redirect method="PUT">/x</Redirect>', '<Redirect method="PUT"> is no string'),
        ('<Gather finishOnKey="none" />', '<Gather finishOnKey="none"> is no string'),
        ('<Gather action="a b" />', '<Gather action="a b"> is no string'),
        ('<Gather action="/ü" />', '<Gather action="/ü"> is no string'),
        ("<Say></Say>", "<Say> says nothing"),
        ("<Redirect> </Redirect>", "<Redirect> says nothing"),
        ("<Gather>1</Gather>", "<Gather> has text that nobody hears"),
        ("<Pause />after", "<Response> has text that nobody hears"),
        ('<Dial><Conference beep="loud">x</Conference></Dial>', '<Conference beep="loud"> is no ConferenceBeep'),
        ("<Dial><Say>x</Say></Dial>", "<Say> cannot stand in <Dial>"),
        ("<Gather><Record /></Gather>", "<Record> cannot stand in <Gather>"),
    ],
)
def test_what_the_library_does_not_know_is_a_fault(inner: str, fault: str) -> None:
    assert document_faults(f"<Response>{inner}</Response>") == [fault]


@pytest.mark.parametrize(
    ("method", "path", "form", "fault"),
    [
        ("POST", CALLS, {"To": "+49", "From": "+49", "Url": "x", "Recrod": "1"}, "Recrod is not known in the form"),
        ("POST", CALLS, {"From": "+49", "Url": "x"}, "To is missing"),
        ("POST", CALLS, {"To": "+49", "From": "+49", "Timeout": "long"}, "Timeout='long' does not fit"),
        ("GET", CALLS.replace("AC", "XX"), {}, "is not described"),
        ("DELETE", CALLS, {}, "is not described"),
    ],
)
def test_what_the_description_does_not_know_is_a_fault(method: str, path: str, form: dict, fault: str) -> None:
    (found,) = request_faults(method, path, MultiDict(), MultiDict(form))
    assert fault in found


def test_the_local_carrier_takes_nothing_that_the_carrier_does_not() -> None:
    """Verbs, attributes and values that the local carrier knows are all in the carrier's library."""
    verbs = _table("documents")["verbs"]
    for name, attributes in twiml_parser._ATTRIBUTES.items():
        assert set(attributes) <= set(verbs[name]["attributes"]), name
        assert set(twiml_parser._CHILDREN.get(name, ())) <= set(verbs[name]["inside"]), name
        for attribute in attributes:
            kind = verbs[name]["attributes"][attribute].removesuffix("[]")
            if (values := _table("documents")["enumerations"].get(kind)) and attribute in twiml_parser._VALUES:
                assert set(twiml_parser._VALUES[attribute]) <= set(values), (name, attribute)
    assert set(twiml_parser.WAIT_VERBS) <= set(verbs["Response"]["inside"])


def test_every_voice_of_ours_is_one_of_the_carriers() -> None:
    said = _table("documents")["enumerations"]
    ours = {language.carrier_voice for language in LANGUAGES.values() if language.carrier_voice}
    assert {voice for _, voice in ours} | set(twiml_parser.VOICE_LANGUAGES) <= set(said["SayVoice"])
    assert {tag for tag, _ in ours} | set(twiml_parser.VOICE_LANGUAGES.values()) <= set(said["SayLanguage"])


def test_a_request_that_reaches_a_local_carrier_is_compared(exchange: Switch) -> None:
    before = conformance.COMPARED["requests"]
    assert client().calls.list(limit=1) == []
    client().conferences.list(friendly_name="room", limit=1)
    assert conformance.COMPARED["requests"] == before + 2
    assert conformance.FAULTS == []
    client().messages.create(to="+4915112345678", from_="+494211782666", body="x", risk_check="sometimes")
    (fault,) = conformance.FAULTS
    assert "RiskCheck='sometimes' does not fit" in fault
    conformance.FAULTS.clear()
