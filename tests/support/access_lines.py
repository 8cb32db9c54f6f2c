"""Lines of the access log."""

from __future__ import annotations

from sqlalchemy import select

from ivr.audit import access_log, verification
from ivr.audit.access_log import Actor
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.audit import AccessLine
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from tests.support.people import a_task


def lines(*actions: str) -> list[AccessLine]:
    with database.reading() as session:
        query = select(AccessLine).order_by(AccessLine.number)
        return [line for line in session.scalars(query) if not actions or line.action in actions]


SECRETS = ("4915112345678", "Demir", "Stromsperre", "Mittwoch")


def a_secret_task(number: str = "+4915112345678") -> int:
    """A task with everything a caller could be known by."""
    task_id = a_task(text="Mir droht eine Stromsperre", number=number)
    with database.writing() as session:
        task = session.get_one(CallbackTask, task_id)
        mia = session.scalar(select(User).where(User.username == "mia"))
        from ivr.callbacks import claims, collaboration, events

        claims.claim(session, task, mia, utc_now())
        collaboration.name_caller(session, task, mia, "Yıldız Demir", utc_now())
        events.note(session, task, mia, "Kommt am Mittwoch", utc_now())
        claims.release(session, task, mia, utc_now())
    return task_id


def _recording(task: int) -> int:
    with database.reading() as session:
        return session.get_one(CallbackTask, task).messages[0].recording.id


def some_lines(count: int = 40) -> None:
    with database.writing() as session:
        for number in range(count):
            access_log.append(session, Actor(f"p{number % 3}", "member", 1), "view", utc_now(), detail=f"{number}")


def faults() -> list[str]:
    """What is wrong with the lines; who forges them takes the triggers away first, which is a fault of its own."""
    return [fault for fault in verification.faults_of_database()[1] if not fault.startswith("nothing refuses")]
