"""A believable house for trying, pictures and training: months of calls, tasks in all states, real (synthetic) audio.

Never in production: it makes people up.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.accounts import users
from ivr.audio.synthesis import speak
from ivr.audio.wav import Sound, write_wav
from ivr.callbacks import appointments, attempts, events, search_index, sla_clocks, workflow
from ivr.config.settings import settings
from ivr.domain import receipt_codes
from ivr.domain.enums import (
    AgeGroup,
    AppointmentMode,
    AppointmentReason,
    Availability,
    CallEnding,
    CallState,
    Companion,
    Concern,
    ConversationKind,
    ConversationOutcome,
    ConversationState,
    EmergencyKind,
    InterpreterRequestState,
    MessageState,
    Outcome,
    QueueEntryState,
    QueueExit,
    RecordingState,
    RefusalReason,
    TaskEventKind,
    TaskKind,
    TranscriptReason,
    TranscriptState,
    Urgency,
)
from ivr.domain.routing import CONCERNS
from ivr.models.accounts import Team, User
from ivr.models.callbacks import AppointmentWish, CallbackTask, Contact, PostalOrder
from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation, InterpreterRequest, QueueEntry
from ivr.models.voicebox import Recording, Transcript, VoiceboxMessage
from ivr.platform import database
from ivr.voicebox import audio_store

_SAID = {
    "de": ("Guten Tag, mir wird morgen der Strom abgestellt, bitte rufen Sie zurück.",
           "Ich wollte fragen, ob mein Antrag angekommen ist.",
           "Ich habe einen neuen Mietvertrag und brauche schnell eine Antwort."),
    "en": ("Hello, I have a question about my application.", "My rent has gone up, what should I do?"),
    "tr": ("Merhaba, başvurum hakkında bilgi almak istiyorum.", "Param kalmadı, lütfen beni arayın."),
    "ar": ("مرحبا، عندي سؤال عن طلبي.",),
    "ru": ("Здравствуйте, у меня вопрос по моему заявлению.",),
    "uk": ("Добрий день, я хочу дізнатися про свою заяву.",),
    "fa": ("سلام، من در مورد درخواست خود سؤال دارم.",),
    "kmr": ("Silav, pirsa min heye.",),
    "pl": ("Dzień dobry, mam pytanie o mój wniosek.",),
    "bg": ("Добър ден, имам въпрос за молбата си.",),
    "ro": ("Bună ziua, am o întrebare despre cererea mea.",),
    "fr": ("Bonjour, j'ai une question sur ma demande.",),
}  # fmt: skip
_NAMES = (
    "Müller",
    "Yılmaz",
    "Petrowa",
    "Nowak",
    "Kaya",
    "Schmidt",
    "Haddad",
    "Popescu",
    "Dimitrova",
    "Rahimi",
    "Çelik",
)
_EMERGENCIES = tuple(kind for kind in EmergencyKind if kind != EmergencyKind.OTHER)
_OUTCOMES = (Outcome.REACHED, Outcome.NO_ANSWER, Outcome.BUSY, Outcome.ANSWERING_MACHINE)
_REFUSALS = (RefusalReason.SETTLED_WITHOUT, RefusalReason.NO_CAPACITY, RefusalReason.NOT_RESPONSIBLE)
_PEOPLE = (("anna", "Anna Ahlers"), ("bilal", "Bilal Demir"), ("clara", "Clara Cordes"), ("dunja", "Dunja Petrović"))
#: Messages with audio, the more the later the day; the other callers asked for a callback by keypad.
_MESSAGES = 400


@dataclass
class Seeded:
    """How much was made up."""

    calls: int = 0
    tasks: int = 0
    messages: int = 0
    #: Receipt codes that are given.
    codes: set[str] = field(default_factory=set)

    def code(self) -> str:
        """A receipt code nobody has yet."""
        while (code := receipt_codes.draw()) in self.codes:
            pass
        self.codes.add(code)
        return code


class NotHere(Exception):
    """The house is in production."""


def seed(days: int, calls_per_day: int, now: datetime, number: int = 1) -> Seeded:
    """Fill the house with the calls of so many days until now; the same `number` makes up the same people.

    Raises:
        NotHere: in production mode.
    """
    if not settings().local:
        raise NotHere
    dice, made = random.Random(number), Seeded()  # noqa: S311 - nothing secret hangs on it
    with database.writing() as session:
        staff = _staff(session)
        made.codes |= set(session.scalars(select(CallbackTask.receipt_code)))
    for day in range(days, -1, -1):
        with database.writing() as session:
            teams = {team.key: team for team in session.scalars(select(Team))}
            for at in _instants(dice, now - timedelta(days=day), calls_per_day, now):
                _call(session, dice, at, now, staff, teams, made, most_messages=_MESSAGES // (day + 1))
    return made


def _staff(session: Session) -> list[int]:
    found = []
    for username, name in _PEOPLE:
        person = session.scalar(select(User).where(User.username == username))
        if person is None:
            person = users.add(session, username, name, "member", secrets.token_urlsafe(12), list(settings().teams))
            session.flush()
        found.append(person.id)
    return found


def _instants(dice: random.Random, day: datetime, count: int, now: datetime) -> Iterator[datetime]:
    """Most ring in the morning; a fifth when the hotline is closed; on Sundays few."""
    local = day.astimezone(settings().hours.zone)
    count = int(count * (0.2 if local.weekday() == 6 else 0.5 if local.weekday() == 5 else 1))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    hours = [dice.choice((dice.gauss(10, 1.5), dice.gauss(14, 2), dice.uniform(0, 24))) % 24 for _ in range(count)]
    for hour in sorted(hours):
        at = midnight + timedelta(hours=hour)
        if at < now:
            yield at


def _call(
    session: Session, dice: random.Random, at: datetime, now: datetime, staff: list[int], teams: dict[str, Team],
    made: Seeded, *, most_messages: int,
) -> None:  # fmt: skip
    language = dice.choices(list(_SAID), weights=[40, 8, 12, 9, 6, 8, 4, 2, 4, 4, 3, 2])[0]
    concern = dice.choices(CONCERNS, weights=[35, 18, 8, 4, 6, 8, 9, 12])[0]
    is_open = 8 <= at.astimezone(settings().hours.zone).hour < 18
    call = Call(
        call_sid="CA" + f"{dice.getrandbits(128):032x}", from_number=f"+4917{dice.randrange(10**9):09d}",
        language=language, concern=concern, step="goodbye", state=CallState.ENDED, started_at=at,
        ended_at=at + timedelta(seconds=dice.randrange(30, 400)), ending=CallEnding.CONNECTED,
    )  # fmt: skip
    session.add(call)
    made.calls += 1
    if is_open and dice.random() < 0.7:  # most speak with somebody at once, some give up
        session.flush()
        _wait(session, dice, call, teams[settings().team_for(concern)])
        return
    if dice.random() < 0.15:
        call.ending = CallEnding.HUNG_UP
        return
    call.ending = CallEnding.PROMISED
    session.flush()
    task = _task(session, dice, call, concern, teams, made)
    made.tasks += 1
    if made.messages < most_messages and dice.random() < 0.7:
        _message(session, dice, task, language)
        made.messages += 1
    _work(session, dice, task, staff, now)
    search_index.index(session, task)


def _wait(session: Session, dice: random.Random, call: Call, team: Team) -> None:
    """In a team's line, until somebody answers or the caller gives up; sometimes with an interpreter."""
    wait = timedelta(seconds=dice.expovariate(1 / 25))
    gives_up = dice.random() < 0.07
    about = {"team_id": team.id, "language": call.language or "de", "concern": call.concern or "other"}
    entry = QueueEntry(
        call_id=call.id,
        state=QueueEntryState.LEFT if gives_up else QueueEntryState.ANSWERED,
        joined_at=call.started_at,
        entered_at=call.started_at,
        resume="",
        urgency=Urgency.NORMAL,
        reason=QueueExit.HUNG_UP if gives_up else None,
        answered_at=None if gives_up else call.started_at + wait,
        left_at=call.started_at + wait,
        **about,
    )
    session.add(entry)
    if gives_up:
        call.ending = CallEnding.HUNG_UP
        return
    session.flush()
    ends = call.started_at + wait + timedelta(minutes=dice.uniform(1, 9))
    talk = Conversation(
        room=f"demo-{call.call_sid}",
        kind=ConversationKind.ANSWERED,
        state=ConversationState.ENDED,
        entry_id=entry.id,
        urgency=Urgency.NORMAL,
        started_at=call.started_at,
        connected_at=call.started_at + wait,
        ended_at=ends,
        outcome=dice.choices(
            [ConversationOutcome.SETTLED, ConversationOutcome.FOLLOW_UP, ConversationOutcome.PASSED_ON],
            weights=[7, 2, 1],
        )[0],
        **about,
    )
    session.add(talk)
    if call.language not in ("de", "en") and dice.random() < 0.5:
        session.flush()
        joined = call.started_at + wait + timedelta(seconds=dice.uniform(15, 170)) if dice.random() < 0.85 else None
        session.add(
            InterpreterRequest(
                conversation_id=talk.id,
                state=InterpreterRequestState.JOINED if joined else InterpreterRequestState.UNMET,
                language=call.language,
                requested_at=call.started_at + wait,
                joined_at=joined,
                ended_at=ends if joined else None,
            )
        )


def _task(
    session: Session, dice: random.Random, call: Call, concern: str, teams: dict[str, Team], made: Seeded
) -> CallbackTask:
    kinds = {Concern.FORMS: TaskKind.POSTAL_ORDER, Concern.APPOINTMENT: TaskKind.APPOINTMENT}
    kind = kinds.get(Concern(concern), TaskKind.CALLBACK)
    age = AgeGroup.UNDER_25 if concern == Concern.UNDER_25 or dice.random() < 0.1 else ""
    office = dice.choice(["", *settings().offices])
    in_need = concern == Concern.EMERGENCY or (concern == Concern.APPOINTMENT and dice.random() < 0.2)
    urgency = Urgency.EMERGENCY if in_need else Urgency.NORMAL
    task = CallbackTask(
        kind=kind, call_id=call.id, team=teams[settings().team_for(concern, age, office)], language=call.language,
        concern=concern, urgency=urgency, callback_number=call.from_number, receipt_code=made.code(),
        provisional=False, first_contact_at=call.started_at, age_group=age or None, office=office or None,
        availability=dice.choice([Availability.MORNING, Availability.AFTERNOON, Availability.ANY_TIME]),
        emergency_kind=dice.choice(_EMERGENCIES) if urgency == Urgency.EMERGENCY else None,
        needs_interpreter=call.language in ("ar", "fa", "kmr") and dice.random() < 0.5,
        caller_name=dice.choice(_NAMES) if dice.random() < 0.5 else None,
        due_at=call.started_at,
    )  # fmt: skip
    session.add(task)
    session.flush()
    sla_clocks.start(session, task)
    session.add(Contact(task_id=task.id, call_id=call.id, at=call.started_at))
    events.record(session, task.id, TaskEventKind.OPENED, call.started_at)
    if kind == TaskKind.POSTAL_ORDER:
        forms = dice.sample(settings().forms, dice.randrange(1, 3))
        session.add(PostalOrder(task_id=task.id, forms=list(forms), customer_number=None))
    if kind == TaskKind.APPOINTMENT:
        session.add(
            AppointmentWish(
                task_id=task.id,
                mode=dice.choice([AppointmentMode.IN_PERSON, AppointmentMode.TELEPHONE, AppointmentMode.VIDEO]),
                reason=AppointmentReason.BENEFITS,
                companion=dice.choice([Companion.NONE, Companion.NONE, Companion.INTERPRETER, Companion.COMPANION]),
                impairment=dice.random() < 0.1,
                seeks_training=dice.random() < 0.1,
            )
        )
    return task


def _message(session: Session, dice: random.Random, task: CallbackTask, language: str) -> None:
    text = dice.choice(_SAID[language])
    sound = _spoken(text, language)
    sid = "RE" + f"{dice.getrandbits(128):032x}"
    message = VoiceboxMessage(
        call_id=task.call_id,
        task_id=task.id,
        take=1,
        about={"concern": task.concern},
        state=MessageState.LEFT,
        language=language,
        consented_at=task.first_contact_at,
        left_at=task.first_contact_at,
    )
    session.add(message)
    session.flush()
    kept = audio_store.save(sid, write_wav(sound), {"call_sid": task.call.call_sid, "language": language})
    recording = Recording(
        message_id=message.id, recording_sid=sid, state=RecordingState.STORED, recorded_seconds=sound.seconds,
        audio_sha256=kept.sha256, audio_bytes=kept.size, stored_at=task.first_contact_at,
        carrier_deleted_at=task.first_contact_at,
    )  # fmt: skip
    session.add(recording)
    session.flush()
    words = text.split()
    step, sure = sound.seconds / len(words), dice.uniform(0.45, 0.95)
    session.add(
        Transcript(
            recording_id=recording.id,
            state=TranscriptState.DONE if sure > 0.55 else TranscriptState.PLEASE_LISTEN,
            reason=None if sure > 0.55 else TranscriptReason.LOW_CONFIDENCE,
            language=language,
            engine="demo",
            text=text,
            confidence=sure,
            transcribed_at=task.first_contact_at,
            words=[
                {
                    "word": word,
                    "start": round(i * step, 2),
                    "end": round((i + 0.9) * step, 2),
                    "confidence": round(min(1.0, dice.uniform(0.3, 0.7) + sure / 2), 2),
                }
                for i, word in enumerate(words)
            ],
        )
    )


@lru_cache(maxsize=64)
def _spoken(text: str, language: str) -> Sound:
    return speak(text, language)


def _work(session: Session, dice: random.Random, task: CallbackTask, staff: list[int], now: datetime) -> None:
    """What has become of a task: nearly all of the older ones are closed, one in twenty was late."""
    late = dice.random() < 0.05
    tried = task.first_contact_at + timedelta(hours=dice.uniform(25, 40) if late else dice.uniform(0.5, 22))
    session.flush()
    if tried >= now:
        sla_clocks.catch_up(session, task.id, now)
        return
    user = session.get_one(User, dice.choice(staff))
    outcome = dice.choices(_OUTCOMES, weights=[70, 18, 6, 6])[0]
    workflow.claim(session, task, user, tried)
    attempts.record(session, task, user, outcome, tried)
    old = tried < now - timedelta(days=2)
    if outcome != Outcome.REACHED and not old:
        workflow.release(session, task, user, tried)
        task.next_attempt_at = now + timedelta(hours=dice.uniform(-2, 20))
    elif old or dice.random() < 0.8:
        _close(session, dice, task, user, tried + timedelta(minutes=6))


def _close(session: Session, dice: random.Random, task: CallbackTask, user: User, now: datetime) -> None:
    if task.kind != TaskKind.APPOINTMENT:
        outcome = Outcome.FORMS_SENT if task.kind == TaskKind.POSTAL_ORDER else Outcome.REACHED
        workflow.close(session, task, user, outcome, "", now, attempted=True)
    elif dice.random() < 0.85:
        at = now + timedelta(days=5)
        appointments.answer(session, task, user, now, appointment_at=at, place="Zimmer 12")
    else:
        appointments.answer(session, task, user, now, refusal_reason=dice.choice(_REFUSALS))
