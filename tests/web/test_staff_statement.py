"""Each page with data of members says what it serves, who sees it, and how long it is kept; that period is kept to."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from ivr.domain.enums import ProposalState, RetentionKind
from ivr.domain.permissions import permission_of
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.privacy import PeriodChange
from ivr.platform import database
from ivr.privacy.compliance.staff_papers import SEEN_ON
from ivr.web import staff_statement
from ivr.web.app import create_app
from tests.support.people import a_task

#: Pages that name members, by who looks at them, and what is said of each: `{task}` is the id of a task.
PAGES = {
    ("mia", "/desk/live/"): "Wer gerade Anrufe annimmt",
    ("mia", "/desk/tasks/{task}"): "Rückrufversuche und ihre Ergebnisse: Auftrag (365 Tage)",
    ("mia", "/desk/live/notes?q=Bescheid"): "was vereinbart wurde: ",
    ("mia", "/desk/readers"): "Zugriffsprotokoll (365 Tage)",
    ("mia", "/desk/tasks/{task}/readers"): "Zugriffsprotokoll (365 Tage)",
    ("lena", "/supervision/roster"): "30 Tage nach diesem Tag",
    ("lena", "/supervision/incidents/"): "Vorfälle (180 Tage)",
    ("lena", "/opening-hours/"): "Öffnungszeiten einzelner Tage",
    ("lena", "/announcements/"): "keine Frist",
    ("adam", "/administration/people"): "keine Frist: Ein Zugang wird gesperrt",
    ("adam", "/administration/telephones/"): "bis jemand",
    ("adam", "/administration/settings"): "keine Frist",
    ("dora", "/protection/"): "Zugriffsprotokoll (365 Tage)",
    ("dora", "/protection/unusual"): "Zugriffsprotokoll (365 Tage)",
    ("dora", "/protection/periods"): "keine Frist",
}


@pytest.mark.parametrize(("who", "path"), PAGES)
def test_a_page_with_data_of_members_says_for_what_for_whom_and_for_how_long(desk, who: str, path: str) -> None:
    page = desk(who).get(path.format(task=a_task())).text
    assert "Hier stehen Daten von Beschäftigten." in page
    assert PAGES[who, path] in page.partition("Hier stehen Daten von Beschäftigten.")[2], page[-3000:]


def test_every_page_of_the_paper_about_staff_has_a_statement() -> None:
    """What is no page by itself is a part of one, or names nobody."""
    client = create_app()
    seen = set()
    for _who, path in PAGES:
        endpoint = client.url_map.bind("").match(path.format(task=1).partition("?")[0])[0]
        seen.add(permission_of(endpoint))
    assert {name for name in SEEN_ON if permission_of(name) not in seen} <= {
        "roster",  # a part of /supervision/roster
        "desk.others",  # a part of a task's page
        "supervision.corrected",  # names nobody
    }


def test_a_statement_tells_the_period_that_was_confirmed(desk) -> None:
    dora = desk("dora")
    with database.writing() as session:
        adam = session.scalars(select(User).where(User.username == "adam")).one()
        session.add(
            PeriodChange(
                kind=RetentionKind.ACCESS_LOG, days=200, reason="kürzer", state=ProposalState.CONFIRMED,
                proposed_by_id=adam.id, proposed_at=utc_now(), decided_at=utc_now(),
            )
        )  # fmt: skip
    staff_statement._days.forget()
    assert "Zugriffsprotokoll (200 Tage)" in dora.get("/protection/").text
