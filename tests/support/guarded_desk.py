"""Browsers at a desk whose forms carry tokens, as it runs, with long texts that somebody types there."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import select, update

from ivr.domain.timestamps import utc_now
from ivr.models.accounts import LogIn
from ivr.models.callbacks import TaskEvent
from ivr.platform import database
from tests.support.people import PASSWORD, a_task

TYPED = "Frau Beispiel bringt die Unterlagen am Montag. " * 60

#: Long forms, with what is typed into them.
FORMS = {
    "a note": ("/desk/tasks/{task}/note", {"text": TYPED}),
    "a closing": ("/desk/tasks/{task}/close", {"outcome": "settled_otherwise", "text": TYPED}),
    "a text message": ("/desk/tasks/{task}/text", {"template": "sms_missed", "text": TYPED[:700]}),
    "a correction of a transcript": ("/desk/recordings/1/correct", {"text": TYPED}),
    "a handing over": ("/desk/tasks/{task}/hand-over", {"team": "work", "reason": TYPED[:400]}),
    "a wrap-up": ("/desk/live/wrap-up", {"outcome": "follow_up", "text": TYPED}),
}


class Browser:
    """A browser at a desk that several people share."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def logs_in(self, username: str) -> Browser:
        token = self.token("/login")
        data = {"username": username, "password": PASSWORD, "csrf_token": token}
        answer = self.client.post("/login", data=data)
        assert answer.status_code == 302, answer.text
        self.lands_on = answer.headers["Location"]
        return self

    def token(self, page: str) -> str:
        return re.search(r'name="csrf_token" value="([^"]+)"', self.client.get(page).text)[1]

    def sends(self, path: str, token: str, page: str = "", **data: str):
        headers = {"Referer": f"http://localhost{page}"} if page else {}
        return self.client.post(path, data={**data, "csrf_token": token}, headers=headers)

    def page(self, path: str) -> str:
        return self.client.get(path).text


def half_an_hour_passes() -> None:
    """Every log-in ends."""
    with database.writing() as session:
        session.execute(update(LogIn).values(used_at=utc_now() - timedelta(minutes=31)))


def notes(task_id: int) -> list[str]:
    with database.reading() as session:
        query = select(TaskEvent.text).where(TaskEvent.task_id == task_id, TaskEvent.kind == "noted")
        return list(session.scalars(query))


def claimed(guarded: Callable[[str], Browser], name: str = "mia") -> tuple[Browser, int, str, str]:
    task_id = a_task(text="Guten Tag", number="+4915112340002")
    browser = guarded(name)
    page = f"/desk/tasks/{task_id}"
    token = browser.token(page)
    browser.sends(f"{page}/claim", token, page)
    return browser, task_id, page, browser.token(page)
