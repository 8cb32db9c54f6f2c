"""Events about what was deleted long ago are taken in: a carrier tells them again elsewhere after any other answer."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contact_centre import Leg
from ivr.platform import database
from tests.support.webhook_caller import Hotline, WebhookCaller

EVENTS = {
    "/voice/status": {"CallStatus": "completed", "CallDuration": "30"},
    "/voice/leg/status?leg=4711": {"CallStatus": "completed", "SequenceNumber": "3"},
    "/voice/leg/status?leg=": {"CallStatus": "ringing"},
    "/voice/leg/status": {},
    f"/voice/leg/status?leg={'9' * 40}": {"CallStatus": "busy"},
    "/voice/conference": {
        "StatusCallbackEvent": "participant-leave",
        "FriendlyName": "room-4711",
        "SequenceNumber": "2",
    },
    "/voice/recording": {"RecordingStatus": "absent", "RecordingSid": "RE1", "RecordingDuration": "0"},
    "/voice/spoken/event?answer=4711": {"RecordingStatus": "completed", "RecordingSid": "RE1"},
    "/voice/text/status?message=4711": {"MessageSid": "SM1", "MessageStatus": "delivered"},
    f"/voice/text/status?message={'9' * 40}": {"MessageSid": "SM1", "MessageStatus": "delivered"},
}


@pytest.mark.parametrize("url", EVENTS, ids=range(len(EVENTS)))
def test_an_event_about_what_is_not_there_any_more_is_taken_and_makes_nothing(webhooks: Hotline, url: str) -> None:
    webhooks.post(url, CallSid=WebhookCaller(webhooks).sid, From="+4915112345678", **EVENTS[url])
    with database.reading() as session:
        assert [session.scalar(select(func.count(table.id))) for table in (CallbackTask, Leg)] == [0, 0]
        assert (session.scalar(select(func.count(Call.id))) or 0) <= 1
