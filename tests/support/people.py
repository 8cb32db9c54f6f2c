"""The fixed cast: Mia of the benefits team, Nils beside her, Sven of another team, Lena who supervises; and
builders for what they work with."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from functools import cache

from flask.testing import FlaskClient
from sqlalchemy import select

from ivr.accounts import users
from ivr.audio.synthesis import speak
from ivr.audio.wav import Sound, write_wav
from ivr.callbacks import intake
from ivr.callbacks.request import Request
from ivr.calls import calls, recognition
from ivr.contact_centre import agent_presence
from ivr.domain.enums import CallRowState, PresenceState, Role
from ivr.domain.routing import TEAMS
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import Team, User
from ivr.models.callbacks import CallbackTask
from ivr.models.voicebox import Transcript
from ivr.platform import database
from ivr.voicebox import audio_store, voicebox
from ivr.voicebox.voicebox import RecordingPlan

PASSWORD = "correct horse battery staple"
CAST = {
    "mia": ("Mia Mitglied", "member", ["benefits"]),
    "nils": ("Nils Nebenan", "member", ["benefits"]),
    "sven": ("Sven Fremd", "member", ["youth"]),
    "lena": ("Lena Leitung", "supervisor", list(TEAMS)),
    "adam": ("Adam Admin", "administrator", []),
    "dora": ("Dora Datenschutz", "officer", []),
}


def hire() -> dict[str, User]:
    """Everybody of the cast, as `users.add` would make them one by one; half of all tests begin with it."""
    with database.writing() as session:
        teams = {team.key: team for team in session.scalars(select(Team))}
        people = {
            key: User(
                username=key, name=name, role=role, password_hash=_password_hash(),
                teams=[teams[team] for team in keys] if role == Role.MEMBER else [],
                supervised=[teams[team] for team in keys] if role == Role.SUPERVISOR else [],
            )
            for key, (name, role, keys) in CAST.items()
        }  # fmt: skip
        session.add_all(people.values())
        return people


@cache
def _password_hash() -> str:
    return users._hasher.hash(PASSWORD)


def log_in(client: FlaskClient, username: str) -> FlaskClient:
    answer = client.post("/login", data={"username": username, "password": PASSWORD})
    assert answer.status_code == 302, answer.text
    return client


def hire_on_a_call(username: str) -> User:
    """A member who is at her telephone, but on another call."""
    member = hire()[username]
    with database.writing() as session:
        agent_presence.start_answering(session, member, "+4942198765", ["de"], utc_now())
        agent_presence.get_or_create(session, member.id, utc_now()).state = PresenceState.TALKING
    return member


def a_task(
    concern: str = "benefits",
    language: str = "de",
    age: timedelta = timedelta(0),
    text: str | None = None,
    kind: str = "callback",
    number: str = "",
    called_before: bool = False,
) -> int:
    """A task with (if `text` is given) a message that has been transcribed; gives its id.

    `called_before`: the caller says so, and joins the open task about the same of a telephone that shows the same.
    """
    now: datetime = utc_now() - age
    with database.writing() as session:
        call = calls.seen(
            session, "CA" + secrets.token_hex(16), number or f"+49176{secrets.randbelow(9 * 10**7) + 10**7}", now
        )
        calls.progressed(call, "record", language, concern)
        call.state = CallRowState.ENDED  # they are not on the telephone any more
        about = {"kind": kind, "concern": concern}
        request = Request.of_record(about)
        if text is None:
            contact = intake.contact_for(session, call, request, now)
            if called_before:
                intake.join_earlier(session, contact, now)
            return contact.task_id
        recording = voicebox.announced(
            session, call, RecordingPlan(1, language, about), "RE" + secrets.token_hex(16), now
        )
        contact = voicebox.left(session, call, recording, 4, now)
        if called_before:
            intake.join_earlier(session, contact, now)
        task = contact.task
        sound: Sound = speak(text, language)
        audio = write_wav(sound)
        kept = audio_store.save(recording.recording_sid, audio, voicebox.description(recording))
        voicebox.stored(session, recording, kept.sha256, kept.size, sound.seconds, now)
        session.flush()
        transcript = session.query(Transcript).filter_by(recording_id=recording.id).one()
        transcript.state, transcript.text, transcript.confidence = "done", text, 0.8
        step = sound.seconds / len(text.split())
        transcript.engine = "vosk de"
        transcript.words = [
            {"word": word, "start": i * step, "end": (i + 0.9) * step, "confidence": 0.3 if i == 1 else 0.9}
            for i, word in enumerate(text.split())
        ]
        return task.id


def the_task(task_id: int) -> CallbackTask:
    with database.reading() as session:
        task = session.get_one(CallbackTask, task_id)
        _ = (
            [event.kind for event in task.events],
            [attempt.outcome for attempt in task.attempts],
            [contact.receipt_code for contact in task.contacts],
            task.appointment_wish,
            task.team.key,
        )
        return task


def remembered_language(number: str) -> str | None:
    """The language a caller with this number is greeted in."""
    with database.glancing() as connection:
        return recognition.look_up(connection, number, number, utc_now()).language
