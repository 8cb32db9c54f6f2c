"""Somebody writes to the hotline, in the manner of each carrier: one short answer, and nothing of it is kept."""

from __future__ import annotations

import json
import logging
import threading
from datetime import datetime, timedelta
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select

from ivr.callbacks import incoming_texts, sms_job
from ivr.carrier.text_events import IncomingText
from ivr.config.settings import Settings, settings
from ivr.domain.enums import CarrierName, SmsTemplate
from ivr.domain.timestamps import utc_now
from ivr.local_carrier.dialects import DIALECTS
from ivr.local_carrier.incoming_texts import send
from ivr.models.callbacks import TextMessage
from ivr.models.calls import Call
from ivr.models.privacy import PendingDeletion
from ivr.platform import database
from ivr.web.app import create_app
from tests.support.environment import forget_settings
from tests.support.volume import volume

MOBILE, OTHER = "+4915112345678", "+4915112345679"
PATH = "/voice/text/incoming"
WORDS = "Mein Name ist Erika Mustermann"
#: In `make test` every third of a list is tried.
FEW = volume(test=3, ci=1, soak=1)


@pytest.fixture(params=CarrierName)
def carrier(request: pytest.FixtureRequest, empty_database: Settings, monkeypatch) -> CarrierName:
    monkeypatch.setenv("CARRIER", request.param)
    forget_settings()
    return request.param


def texted(number: str = MOBILE, language: str = "de", at: datetime | None = None) -> None:
    """The hotline has sent a text message to a number."""
    at = at or utc_now()
    with database.writing() as session:
        call = Call(call_sid=f"CA{number}{at.timestamp()}", from_number="+4942155555", started_at=at)
        session.add(call)
        session.flush()
        session.add(TextMessage(call_id=call.id, to_number=number, language=language, created_at=at))


def writes(
    carrier: CarrierName, said: str | None = "Hallo?", number: str = MOBILE, sid: str = "SM1", **more: str
) -> int:
    """Somebody's text message is told; the status of the answer."""
    ours, dialect = settings(), DIALECTS[carrier]
    form = {"AccountSid": ours.account_sid, "MessageSid": sid, "From": number, "To": ours.hotline_number, **more}
    form |= {} if said is None else {"Body": said}
    if dialect.text_received:
        return posted(carrier, json.dumps(dialect.text_received(sid, number, ours.hotline_number, said)), {})
    return posted(carrier, urlencode(form), form)


def posted(carrier: CarrierName, body: str, form: dict[str, str], **headers: str) -> int:
    ours, dialect = settings(), DIALECTS[carrier]
    key = ours.auth_token if carrier in (CarrierName.TWILIO, CarrierName.LOCAL) else ours.local_signing_key
    kind = "application/json" if dialect.text_received else "application/x-www-form-urlencoded"
    signed = dialect.signed(key, f"{ours.calls_url}{PATH}", form, body)
    sent = {**signed, "Content-Type": kind, **headers}
    return create_app().test_client().post(PATH, data=body, headers=sent).status_code


def answers(number: str = MOBILE) -> list[TextMessage]:
    with database.reading() as session:
        found = select(TextMessage).where(TextMessage.template == SmsTemplate.NOT_READ, TextMessage.to_number == number)
        return list(session.scalars(found.order_by(TextMessage.id)))


def to_be_deleted() -> set[str]:
    with database.reading() as session:
        return set(session.scalars(select(PendingDeletion.sid).where(PendingDeletion.kind == "message")))


def test_who_writes_is_answered_once_a_day_and_the_same_message_once(carrier: CarrierName) -> None:
    texted()
    assert [writes(carrier), writes(carrier), writes(carrier, "Noch da?", sid="SM2")] == [200, 200, 200]
    (answer,) = answers()
    assert answer.text == (
        "Wir können hier keine SMS lesen. Bitte rufen Sie uns an, oder lassen Sie jemanden für Sie anrufen: "
        "0421 1782666"
    )
    with database.writing() as session:
        session.get_one(TextMessage, answer.id).created_at = utc_now() - timedelta(hours=25)
    writes(carrier, sid="SM2")
    assert len(answers()) == 1, "the same message is told again a day later"
    writes(carrier, sid="SM3")
    assert [one.number for one in answers()] == [1, 2]


def test_what_somebody_writes_is_kept_nowhere_and_deleted_at_the_carrier(
    carrier: CarrierName, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    texted()
    writes(carrier, WORDS)
    writes(carrier, WORDS, OTHER, "SM2")
    writes(carrier, "STOP", sid="SM3")
    assert to_be_deleted() == {"SM1", "SM2", "SM3"}
    assert "Mustermann" not in caplog.text
    with database.reading() as session:
        for table in TextMessage.metadata.sorted_tables:
            assert "Mustermann" not in str(session.execute(select(table)).all()), table.name


@pytest.mark.parametrize(
    "sender",
    ["12345", "+12345", "Sparkasse", "", "anonymous", "+266696687", "whatsapp:" + MOBILE, "+4942112345", OTHER][::FEW],
)
def test_who_is_no_mobile_number_that_the_hotline_knows_is_not_answered(carrier: CarrierName, sender: str) -> None:
    """A short code or a name is a machine; a stranger's number may be anybody's."""
    texted()
    texted("+4942112345")
    assert writes(carrier, number=sender) == 200
    with database.reading() as session:
        assert session.scalar(select(func.count(TextMessage.id))) == 2


@pytest.mark.parametrize(
    "said", ["STOP", " stop\n", "Stopall", "UNSUBSCRIBE", "cancel", "End", "quit", "START", "help"][::FEW]
)
def test_a_word_that_the_carrier_answers_itself_is_not_answered_twice(carrier: CarrierName, said: str) -> None:
    texted()
    assert writes(carrier, said) == 200
    assert answers() == []


@pytest.mark.parametrize("said", ["Stop calling me", "Yes", "Ja", "Bitte Hilfe", "", "x" * 1600, "\u0000", "😀"][::FEW])
def test_any_other_words_are_answered(carrier: CarrierName, said: str) -> None:
    texted()
    assert writes(carrier, said) == 200
    assert len(answers()) == 1


def test_a_message_without_words_is_answered(carrier: CarrierName) -> None:
    """A picture has none."""
    texted()
    assert writes(carrier, None) == 200
    assert len(answers()) == 1


@pytest.mark.parametrize("carrier", [CarrierName.TWILIO], indirect=True)
def test_a_word_that_the_account_has_made_a_keyword_is_not_answered(carrier: CarrierName) -> None:
    """With a messaging service the words are the operator's: the carrier says which it has taken."""
    texted()
    writes(carrier, "Stopp", OptOutType="STOP")
    assert answers() == []


@pytest.mark.parametrize(("language", "said"), [("tr", "Burada SMS"), ("fa", "پیامک"), ("so", "Wir können")])
def test_the_answer_is_in_the_language_of_the_last_text_or_call(carrier: CarrierName, language: str, said: str) -> None:
    with database.writing() as session:
        session.add(Call(call_sid="CA1", from_number=MOBILE, language=language, started_at=utc_now()))
    writes(carrier)
    assert said in (answers()[0].text or "")
    texted(OTHER, "pl", utc_now() - timedelta(days=1))
    writes(carrier, number=OTHER, sid="SM2")
    assert "w Państwa imieniu: 0421 1782666" in (answers(OTHER)[0].text or "")


def test_a_number_abroad_gets_the_hotlines_number_with_its_country(carrier: CarrierName, monkeypatch) -> None:
    monkeypatch.setenv("TEXT_COUNTRIES", '["DE", "AT"]')
    forget_settings()
    texted("+436641234567")
    writes(carrier, number="+436641234567")
    assert (answers("+436641234567")[0].text or "").endswith(": +494211782666")


@pytest.mark.parametrize(
    "setting",
    [
        {"TEXT_COUNTRIES": "[]"},
        {"TEXT_MESSAGES_A_NUMBER": "1"},
        {"TEXT_MESSAGES_AN_HOUR": "1"},
        {"TEXT_MESSAGES_A_DAY": "1"},
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_an_answer_counts_in_the_caps_and_is_none_where_one_is_reached(
    carrier: CarrierName, monkeypatch, setting: dict[str, str]
) -> None:
    for name, value in setting.items():
        monkeypatch.setenv(name, value)
    forget_settings()
    texted()
    assert writes(carrier) == 200
    assert answers() == []


def test_the_hotline_does_not_answer_itself(carrier: CarrierName, monkeypatch) -> None:
    """Somebody has given the sender's own number as theirs."""
    monkeypatch.setenv("SMS_SENDER", MOBILE)
    forget_settings()
    texted()
    assert writes(carrier) == 200
    assert answers() == []


def test_a_message_that_the_carrier_has_not_signed_is_refused(carrier: CarrierName) -> None:
    texted()
    forged = dict.fromkeys(("X-Twilio-Signature", "X-SignalWire-Signature", "Telnyx-Signature-Ed25519"), "AAAA")
    body = "{}" if DIALECTS[carrier].text_received else "MessageSid=SM1"
    assert posted(carrier, body, {}, **forged) == 403
    assert (answers(), to_be_deleted()) == ([], set())


@pytest.mark.parametrize("carrier", [CarrierName.TWILIO], indirect=True)
def test_a_message_of_another_account_is_refused(carrier: CarrierName) -> None:
    texted()
    assert writes(carrier, AccountSid="AC" + "0" * 32) == 403
    assert answers() == []


STRANGE = ["", "{", "[]", "null", '{"data": null}', '{"data": {"event_type": "message.received"}}', "[" * 5000]


@pytest.mark.parametrize("body", STRANGE, ids=range(len(STRANGE)))
@pytest.mark.parametrize("carrier", [CarrierName.TELNYX], indirect=True)
def test_json_that_is_no_message_is_refused(carrier: CarrierName, body: str) -> None:
    assert posted(carrier, body, {}) == 400


@pytest.mark.parametrize("status", ["sent", "delivered", "undelivered"])
@pytest.mark.parametrize("carrier", [CarrierName.TELNYX], indirect=True)
def test_what_is_told_there_of_a_text_of_ours_is_taken_and_nothing_else(carrier: CarrierName, status: str) -> None:
    """Of a text without an address of its own, such as an alert, Telnyx tells that of its messaging profile."""
    texted()
    event = DIALECTS[carrier].text_event("SM1", MOBILE, status, 0)  # type: ignore[misc]
    assert posted(carrier, json.dumps(event), {}) == 200
    assert (answers(), to_be_deleted()) == ([], set())


@pytest.mark.parametrize("sid", ["", "9" * 65, "../1", "a b"])
def test_a_message_with_what_is_no_id_is_answered_once_and_kept_nowhere(carrier: CarrierName, sid: str) -> None:
    texted()
    assert [writes(carrier, sid=sid), writes(carrier, sid=sid)] == [200, 200]
    assert (len(answers()), to_be_deleted()) == (1, set())


def test_of_messages_that_come_at_once_one_is_answered(empty_database: Settings) -> None:
    texted()
    failed: list[BaseException] = []

    def comes(sid: str) -> None:
        try:
            with database.writing() as session:
                incoming_texts.came(session, IncomingText(sid, MOBILE, is_keyword=False), utc_now())
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=comes, args=(f"SM{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (failed, len(answers())) == ([], 1)


# -- the whole way, through the local carrier ----------------------------------------------------------


@pytest.mark.parametrize("carrier", [CarrierName.TWILIO, CarrierName.SIGNALWIRE, CarrierName.TELNYX])
def test_a_telephone_that_writes_to_the_hotline_gets_one_answer(in_the_manner_of, carrier: CarrierName) -> None:
    line = in_the_manner_of(carrier)
    texted()
    first = send(line.switch, MOBILE, "Wann rufen Sie an?")
    assert first.status == 200
    assert send(line.switch, MOBILE, "Wann rufen Sie an?", sid=first.sid).status == 200
    (answer,) = answers()
    sms_job.send(answer.id)
    sent = [one for one in line.switch.store.messages() if one.direction != "inbound"]
    assert [(one.to, one.body) for one in sent] == [(MOBILE, answer.text)]


def test_who_has_said_stop_gets_no_text_and_the_one_on_its_way_is_given_up(in_the_manner_of) -> None:
    line = in_the_manner_of(CarrierName.TWILIO)
    texted()
    send(line.switch, MOBILE, "Hallo")
    (answer,) = answers()
    assert send(line.switch, MOBILE, "STOP").status == 200
    sms_job.send(answer.id)
    assert answers()[0].state == "failed"
    assert [one for one in line.switch.store.messages() if one.direction != "inbound"] == []


def test_two_hotlines_that_answer_each_other_end_at_once(in_the_manner_of) -> None:
    """The other end answers whatever comes, as an absence does."""
    line = in_the_manner_of(CarrierName.TWILIO)
    texted()
    for _ in range(20):
        assert send(line.switch, MOBILE, "Ich bin nicht da.").status == 200
    assert len(answers()) == 1
