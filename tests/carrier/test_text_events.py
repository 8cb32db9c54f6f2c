"""What a carrier tells of a text message, in the manner of each: what is no id or no event changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode

import pytest

from ivr.config.settings import Settings, settings
from ivr.domain.enums import CarrierName, DeliveryState
from ivr.domain.timestamps import utc_now
from ivr.local_carrier.dialects import DIALECTS
from ivr.models.callbacks import TextMessage
from ivr.models.calls import Call
from ivr.platform import database
from ivr.web.app import create_app
from tests.support.environment import forget_settings

PATH = "/voice/text/status?message=1"


@pytest.fixture(params=CarrierName)
def carrier(request: pytest.FixtureRequest, empty_database: Settings, monkeypatch) -> Iterator[CarrierName]:
    """A carrier that has been asked to send a text, and has not answered yet."""
    monkeypatch.setenv("CARRIER", request.param)
    forget_settings()
    with database.writing() as session:
        call = Call(call_sid="1", from_number="+4915112345678", started_at=utc_now())
        session.add(call)
        session.flush()
        session.add(TextMessage(call_id=call.id, to_number="+4915112345678", language="de", created_at=utc_now()))
    return request.param


def told(carrier: CarrierName, body: str) -> int:
    """The status by which a signed body is answered."""
    ours, dialect = settings(), DIALECTS[carrier]
    has_tokens = carrier in (CarrierName.TWILIO, CarrierName.LOCAL)
    key = ours.auth_token if has_tokens else ours.local_signing_key
    kind = "application/json" if dialect.text_event else "application/x-www-form-urlencoded"
    form = {} if dialect.text_event else dict(parse_qsl(body, keep_blank_values=True))
    headers = {**dialect.signed(key, f"{ours.calls_url}{PATH}", form, body), "Content-Type": kind}
    return create_app().test_client().post(PATH, data=body, headers=headers).status_code


def event(carrier: CarrierName, sid: str) -> str:
    if (event_of := DIALECTS[carrier].text_event) is not None:
        return json.dumps(event_of(sid, "+4915112345678", "sent", 0))
    return urlencode({"MessageSid": sid, "MessageStatus": "sent"})


def the_text() -> tuple[str, str | None]:
    with database.reading() as session:
        message = session.get_one(TextMessage, 1)
        return message.state, message.message_sid


@pytest.mark.parametrize("sid", ["", "9" * 65, "../1", "<id>", "a b"], ids=["none", "long", "path", "markup", "space"])
def test_what_is_no_id_of_a_text_is_kept_nowhere(carrier: CarrierName, sid: str) -> None:
    assert told(carrier, event(carrier, sid)) in DIALECTS[carrier].taken
    assert the_text() == (DeliveryState.QUEUED, None)


def test_any_carriers_id_of_a_text_is_kept(carrier: CarrierName) -> None:
    sid = "403179c9-0a3b-4c5d-8e7f-1a2b3c4d5e6f"
    assert told(carrier, event(carrier, sid)) in DIALECTS[carrier].taken
    assert the_text() == (DeliveryState.SENT, sid)


STRANGE = ["", "{", "[]", "null", '{"data": null}', '{"data": {"payload": {"id": 1, "to": []}}}', "[" * 5000, "\u0000"]


@pytest.mark.parametrize("body", STRANGE, ids=range(len(STRANGE)))
@pytest.mark.parametrize("carrier", [CarrierName.TELNYX], indirect=True)
def test_json_that_is_no_event_is_refused_and_changes_nothing(carrier: CarrierName, body: str) -> None:
    assert told(carrier, body) == 400
    assert the_text() == (DeliveryState.QUEUED, None)
