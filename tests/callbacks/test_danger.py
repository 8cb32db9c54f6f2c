"""A message speaks of danger to life: it stands before all others, is told at once, and a person decides."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from ivr.callbacks import alert_digest, claims, danger, merging, queries, urgency
from ivr.callbacks.refused import Refused
from ivr.config import settings
from ivr.domain.enums import DangerKind, DangerStep
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.alerts import AlertMessage
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from ivr.transcription import engines, transcribe_job
from ivr.transcription.result import TranscriptionResult
from tests.support.alerts import nothing_on_its_way
from tests.support.people import a_task, hire, the_task
from tests.support.transcription import a_message, store

NIGHT = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)


def subscribe(monkeypatch: pytest.MonkeyPatch, *events: str) -> None:
    alerts = [{"name": "night", "to": "https://example.org/hook", "events": events}]
    monkeypatch.setenv("ALERTS", json.dumps(alerts))
    monkeypatch.setenv("WEBHOOK_SECRET", "whsec_" + b64encode(b"a secret of twenty-four bytes").decode())
    settings.settings.cache_clear()


def raise_danger(task_id: int, now: datetime | None = None, words: tuple[str, ...] = ("mich umbringen",)) -> None:
    with database.writing() as session:
        task = session.get_one(CallbackTask, task_id)
        danger.raise_by_words(session, task, DangerKind.LIFE, words, now or utc_now())


def told(now: datetime) -> list[str]:
    """Subjects of the messages that are written now."""
    with database.writing() as session:
        alert_digest.write_due_messages(session, now)
    with database.reading() as session:
        return list(
            session.scalars(
                select(AlertMessage.subject).where(AlertMessage.created_at == now).order_by(AlertMessage.id)
            )
        )


def test_it_is_told_at_night_to_whoever_is_told_of_emergencies_and_again_until_somebody_acts(
    empty_database, monkeypatch
) -> None:
    people = hire()
    subscribe(monkeypatch, "emergency")
    task = a_task()
    raise_danger(task, NIGHT)
    assert told(NIGHT) == ["1 Nachricht spricht von Lebensgefahr"]
    with database.reading() as session:
        text = session.scalars(select(AlertMessage.text)).one()
    assert "112" in text
    assert the_task(task).receipt_code in text
    assert "umbringen" not in text, "nothing personal leaves the hotline"
    assert told(NIGHT + timedelta(minutes=14)) == []
    assert told(NIGHT + timedelta(minutes=16)) == ["1 Nachricht spricht von Lebensgefahr"]
    with database.writing() as session:
        lena = session.get_one(User, people["lena"].id)
        danger.act(session, session.get_one(CallbackTask, task), lena, DangerStep.RESCUE_CALLED, NIGHT)
    assert told(NIGHT + timedelta(minutes=40)) == []
    (event,) = [one for one in the_task(task).events if one.kind == "danger_acted"]
    assert (event.text, event.user_id) == ("rescue_called", people["lena"].id)
    nothing_on_its_way()


def test_it_stands_before_every_emergency_and_whoever_takes_the_next_task_gets_it(empty_database) -> None:
    nils = hire()["nils"]
    late = a_task("emergency", age=timedelta(hours=30))
    task = a_task(language="ar")
    raise_danger(task)
    now = utc_now()
    with database.writing() as session:
        shown = queries.in_view(session, session.get_one(User, nils.id), "open", now=now)
        assert [one.id for one in shown.tasks] == [task, late]
        taken = claims.take_next(session, session.get_one(User, nils.id), ["de"], now)
        assert taken is not None
        assert taken.id == task


def test_a_false_alarm_is_taken_back_and_a_further_message_raises_again(empty_database, monkeypatch) -> None:
    mia = hire()["mia"]
    subscribe(monkeypatch, "danger")
    task = a_task()
    before = the_task(task)
    raise_danger(task, NIGHT)
    assert the_task(task).urgency == "emergency"
    with database.writing() as session:
        found, user = session.get_one(CallbackTask, task), session.get_one(User, mia.id)
        danger.take_back(session, found, user, NIGHT)
        with pytest.raises(Refused, match="no_danger"):
            danger.take_back(session, found, user, NIGHT)
        with pytest.raises(Refused, match="no_danger"):
            danger.act(session, found, user, DangerStep.TALKED, NIGHT)
    found = the_task(task)
    assert (found.in_danger, found.urgency, found.due_at) == (False, "normal", before.due_at)
    assert told(NIGHT) == [], "nobody is told of what was taken back"
    raise_danger(task, NIGHT + timedelta(hours=1), ("selbstmord",))
    assert told(NIGHT + timedelta(hours=1)) == ["1 Nachricht spricht von Lebensgefahr"]
    assert the_task(task).danger_words == ["selbstmord"]
    nothing_on_its_way()


def test_what_else_made_it_an_emergency_stays_when_the_danger_is_taken_back(empty_database) -> None:
    mia = hire()["mia"]
    by_key, by_words = a_task("emergency"), a_task()
    with database.writing() as session:
        urgency.raise_by_words(session, session.get_one(CallbackTask, by_words), ["kein Strom"], utc_now())
    for task in (by_key, by_words):
        raise_danger(task)
        with database.writing() as session:
            danger.take_back(session, session.get_one(CallbackTask, task), session.get_one(User, mia.id), utc_now())
        assert the_task(task).urgency == "emergency"


def test_a_danger_that_was_taken_back_by_mistake_is_one_again(empty_database) -> None:
    mia = hire()["mia"]
    task = a_task()
    raise_danger(task)
    with database.writing() as session:
        found, user = session.get_one(CallbackTask, task), session.get_one(User, mia.id)
        danger.take_back(session, found, user, utc_now())
        danger.confirm(session, found, user, utc_now())
    found = the_task(task)
    assert found.in_danger
    assert found.urgency == "emergency"
    kinds = [event.kind for event in found.events][-3:]
    assert kinds == ["danger_raised", "danger_lowered", "danger_confirmed"]


def test_a_merge_takes_the_danger_along_and_gives_it_back(empty_database) -> None:
    mia = hire()["mia"]
    task, other = a_task(), a_task()
    raise_danger(other)
    with database.writing() as session:
        user = session.get_one(User, mia.id)
        found, gone = session.get_one(CallbackTask, task), session.get_one(CallbackTask, other)
        merging.merge(session, found, gone, user, utc_now())
        assert found.in_danger
        merging.undo(session, gone, user, utc_now())
        assert not found.in_danger
        assert gone.in_danger


def test_a_transcript_of_danger_raises_its_task_and_the_page_says_what_to_do(desk, monkeypatch) -> None:
    recording_id = a_message()
    store(recording_id)
    said = ["ich", "will", "mich", "umbringen", "kein", "strom"]
    words = [
        {"word": word, "start": at * 0.2, "end": at * 0.2 + 0.2, "confidence": 0.9} for at, word in enumerate(said)
    ]
    heard = TranscriptionResult(" ".join(said), 0.9, words, "test")
    monkeypatch.setattr(engines, "transcribe", lambda sound, language, phrases=(): heard)
    transcribe_job.transcribe(recording_id)
    with database.reading() as session:
        task_id = session.scalars(select(CallbackTask.id)).one()
    task = the_task(task_id)
    assert (task.danger, task.danger_words, task.urgency_words) == ("life", ["mich umbringen"], ["kein strom"])
    covered = desk("mia").get(f"/desk/tasks/{task_id}").text
    assert "Vielleicht Suizid" in covered
    assert "§\u00a034 StGB" in covered
    assert "mich umbringen" not in covered
    refused = desk("mia").post(f"/desk/tasks/{task_id}/no-danger", follow_redirects=True).text
    assert the_task(task_id).in_danger, "only who has read it may take it back"
    assert "geschützt" in refused
    desk("mia").post(f"/desk/tasks/{task_id}/danger", data={"step": "crisis_service"})
    assert the_task(task_id).danger_acted_at is not None
    desk("mia").post(f"/desk/tasks/{task_id}/claim")
    page = desk("mia").get(f"/desk/tasks/{task_id}").text
    assert "mich umbringen" in page
    assert "Krisendienst verständigt" in page
    assert "TelefonSeelsorge" in page
    desk("mia").post(f"/desk/tasks/{task_id}/no-danger")
    assert "zurückgenommen" in desk("mia").get(f"/desk/tasks/{task_id}").text
    assert desk("mia").post(f"/desk/tasks/{task_id}/danger", data={"step": "wave"}).status_code in (302, 400)
    assert not the_task(task_id).in_danger
