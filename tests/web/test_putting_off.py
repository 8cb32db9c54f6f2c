"""Putting a task off: only to a time at which people are called back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from ivr.config.settings import settings
from tests.support.notices import enter, local, today
from tests.support.people import a_task, the_task


def put_off(member, task: int, until: datetime) -> str:
    form = {"until": until.astimezone(settings().hours.zone).strftime("%Y-%m-%dT%H:%M")}
    return member.post(f"/desk/tasks/{task}/put-off", data=form, follow_redirects=True).text


@pytest.mark.parametrize(("closed", "hour"), [(True, 10), (False, 22), (False, 3)])
def test_a_time_at_which_nobody_is_called_back_is_told_with_the_next_one_in_the_field(desk, closed, hour) -> None:
    mia, task, day = desk("mia"), a_task(), today() + timedelta(days=7)
    opens = local(day if hour < 8 else day + timedelta(days=1), 8)
    if closed:
        enter(day)
    page = put_off(mia, task, local(day, hour))
    assert "Zu dieser Zeit ruft niemand zurück" in page
    assert f'value="{opens:%Y-%m-%dT%H:%M}"' in page
    assert the_task(task).next_attempt_at is None
    assert "Bis dahin ruht die Zusage" in put_off(mia, task, opens)
    assert the_task(task).next_attempt_at == opens


def test_a_past_time_is_called_past_and_not_closed(desk) -> None:
    assert "innerhalb der nächsten 60 Tage" in put_off(desk("mia"), a_task(), local(today() - timedelta(days=3), 22))
