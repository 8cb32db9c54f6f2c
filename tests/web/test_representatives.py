"""A mother, a guardian, a social worker calls for somebody: what may be told is known before anybody is called."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ivr.domain.enums import Authority, Disclosure
from ivr.domain.representation import may_be_told
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from ivr.privacy import anonymisation, erasure, subject_access
from tests.support.people import a_task, the_task

TODAY = date(2026, 11, 28)
MOTHER = {
    "name": "Emine Öztürk", "represents": "Deniz Öztürk", "relation": "parent", "authority": "statutory", "proved": "1",
}  # fmt: skip
TELL = "Sie dürfen alles mitteilen"
NOTHING = "Teilen Sie nichts mit"
TOGETHER = "Teilen Sie nur etwas mit, solange"


@pytest.mark.parametrize(
    ("authority", "proved", "until", "told"),
    [
        ("power_of_attorney", True, None, "everything"),
        ("power_of_attorney", False, None, "nothing"),
        ("guardianship", True, TODAY, "everything"),
        ("guardianship", True, TODAY - timedelta(days=1), "nothing"),
        ("statutory", False, None, "nothing"),
        ("adviser", False, None, "together"),
        ("adviser", True, TODAY - timedelta(days=1), "nothing"),
        ("none", True, None, "nothing"),
    ],
    ids=["shown", "not shown", "last day", "over", "parents unproved", "adviser", "adviser over", "none"],
)  # fmt: skip
def test_what_may_be_told(authority: str, proved: bool, until: date | None, told: str) -> None:
    assert may_be_told(Authority(authority), until, TODAY, proved=proved) == Disclosure(told)


def test_what_may_be_told_stands_above_the_call(desk) -> None:
    task, mia = a_task(), desk("mia")
    address = f"/desk/tasks/{task}/representatives"
    assert "Diese Angaben sind geschützt." in mia.post(address, data=MOTHER, follow_redirects=True).text
    mia.post(f"/desk/tasks/{task}/claim")
    page = mia.post(address, data=MOTHER, follow_redirects=True).text
    assert "Emine Öztürk" in page and TELL in page
    assert page.index(TELL) < page.index("/call-back/")
    mia.post(address, data={**MOTHER, "name": "Ada Berater", "relation": "social_worker", "authority": "adviser"})
    mia.post(address, data={**MOTHER, "name": "Nachbarin", "relation": "other", "authority": "none"})
    page = mia.get(f"/desk/tasks/{task}").text
    assert TOGETHER in page and NOTHING in page
    over = (utc_now() - timedelta(days=2)).date().isoformat()
    mia.post(f"{address}/1/end")
    page = mia.post(address, data={**MOTHER, "counts_until": over}, follow_redirects=True).text
    assert TELL not in page, "the last day is over"
    stranger = desk("nils").get(f"/desk/tasks/{task}").text
    assert "Öztürk" not in stranger and "Nachbarin" not in stranger
    assert [event.kind for event in the_task(task).events].count("representation_ended") == 1


def test_a_refused_disclosure_is_recorded_as_such(desk) -> None:
    task, mia = a_task(), desk("mia")
    mia.post(f"/desk/tasks/{task}/claim")
    address = f"/desk/tasks/{task}/disclosure-refused"
    assert "Bitte nennen Sie einen Grund." in mia.post(address, data={"text": " "}, follow_redirects=True).text
    page = mia.post(address, data={"text": "Nachbarin fragte nach dem Bescheid"}, follow_redirects=True).text
    assert "Auskunft verweigert" in page and "Nachbarin fragte nach dem Bescheid" in page
    assert "Nachbarin" not in desk("nils").get(f"/desk/tasks/{task}").text


def test_they_are_found_merged_told_and_deleted_with_the_person(desk) -> None:
    number = "+4915112345678"
    task, other, mia = a_task(number=number), a_task(number=number), desk("mia")
    mia.post(f"/desk/tasks/{task}/claim")
    mia.post(f"/desk/tasks/{task}/representatives", data=MOTHER)
    assert (
        the_task(task).receipt_code
        in mia.post("/desk/search", data={"q": "emine", "view": "all"}, follow_redirects=True).text
    )
    mia.post(f"/desk/tasks/{task}/compare", data={"other": other})
    mia.post(f"/desk/tasks/{other}/merge", data={"other": task, "keep": other})
    assert "Emine Öztürk" in mia.get(f"/desk/tasks/{other}").text
    mia.post(f"/desk/tasks/{task}/undo-merge")
    assert "Emine Öztürk" in mia.get(f"/desk/tasks/{task}").text
    with database.writing() as session:
        found = subject_access.collect(session, erasure.of_number(session, number))
        told = [one for each in found["tasks"] for one in each["represented_by"]]
        assert [(one["name"], one["represents"], one["counts_until"]) for one in told] == [
            ("Emine Öztürk", "Deniz Öztürk", None)
        ]
        anonymisation.names(session, [task])
    assert "Öztürk" not in mia.get(f"/desk/tasks/{task}").text
    assert mia.get("/desk/").status_code == 200
    assert isinstance(the_task(task), CallbackTask)
