"""What somebody types while their log-in ends is theirs: kept, offered again, and shown to nobody else."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO

import pytest
from sqlalchemy import select

from ivr.accounts import kept_forms
from ivr.audio.synthesis import speak
from ivr.audio.wav import write_wav
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import KeptForm, User
from ivr.models.notices import NightAnswer
from ivr.platform import database
from tests.support.guarded_desk import FORMS, TYPED, Browser, claimed, half_an_hour_passes, notes
from tests.support.people import PASSWORD, a_task, log_in, the_task
from tests.web.test_roster import WEEK
from tests.web.test_uploads import sends


def kept_of(name: str, guarded) -> list[kept_forms.Form]:
    with database.reading() as session:
        return kept_forms.of_user(session, guarded.people[name].id, utc_now())


@pytest.mark.parametrize("form", FORMS)
def test_what_is_sent_after_the_log_in_has_ended_is_offered_again_after_the_next(form: str, guarded) -> None:
    mia, task_id, page, token = claimed(guarded)
    path, typed = FORMS[form][0].format(task=task_id), FORMS[form][1]
    half_an_hour_passes()
    answer = mia.sends(path, token, page, **typed)
    assert (answer.status_code, "/login" in answer.headers["Location"]) == (302, True)
    assert "Ihre Eingaben sind aufbewahrt" in mia.page("/login")
    mia.logs_in("mia")
    assert mia.lands_on == "/kept/"
    offered = mia.page("/kept/")
    assert typed.get("text", typed.get("reason", "")).strip() in offered
    assert f'action="{path}"' in offered


def test_a_note_that_was_kept_is_sent_with_one_click_and_is_gone_afterwards(guarded) -> None:
    mia, task_id, page, token = claimed(guarded)
    half_an_hour_passes()
    mia.sends(f"{page}/note", token, page, text=TYPED)
    assert notes(task_id) == []
    mia.logs_in("mia")
    kept = mia.page("/kept/")
    number = re.search(r'name="kept" value="(\d+)"', kept)[1]
    answer = mia.sends(f"{page}/note", mia.token("/kept/"), "/kept/", text=TYPED, kept=number)
    assert answer.headers["Location"] == page, "no 405"
    assert notes(task_id) == [TYPED.strip()]
    assert kept_of("mia", guarded) == []
    assert "noch nicht gesendet" not in mia.page(page)


def test_a_kept_form_that_is_refused_stays(guarded) -> None:
    mia, task_id, page, token = claimed(guarded)
    half_an_hour_passes()
    mia.sends(f"{page}/close", token, page, outcome="settled_otherwise", text=TYPED)
    mia.logs_in("mia")
    mia.sends(f"{page}/release", mia.token(page), page)  # somebody has given the task back meanwhile
    number = re.search(r'name="kept" value="(\d+)"', mia.page("/kept/"))[1]
    sent = {"outcome": "settled_otherwise", "text": TYPED, "kept": number}
    mia.sends(f"{page}/close", mia.token("/kept/"), "/kept/", **sent)
    assert the_task(task_id).state == "open"
    assert len(kept_of("mia", guarded)) == 1, "the server has not taken it"
    mia.sends(f"/kept/{number}/discard", mia.token("/kept/"))
    assert kept_of("mia", guarded) == []


def test_the_next_person_at_the_same_desk_does_not_see_it(guarded) -> None:
    mia, _, page, token = claimed(guarded)
    half_an_hour_passes()
    mia.sends(f"{page}/note", token, page, text=TYPED)
    same_desk = mia.logs_in("nils")
    assert same_desk.lands_on == "/desk/"
    for shown in ("/kept/", "/desk/", page):
        assert "Unterlagen am Montag" not in same_desk.page(shown)
    same_desk.sends("/logout", same_desk.token("/desk/"))
    same_desk.logs_in("mia")
    assert "Unterlagen am Montag" in same_desk.page("/kept/")


def test_a_page_that_was_open_before_somebody_else_logged_in_gives_its_text_to_its_author(guarded) -> None:
    """The browser has the other person's log-in; the form names who has typed."""
    desk, task_id, page, token = claimed(guarded)
    half_an_hour_passes()
    desk.logs_in("nils")
    answer = desk.sends(f"{page}/note", token, page, text=TYPED)  # in the tab that Mia left open
    assert answer.status_code == 400
    assert "Unterlagen" not in answer.text
    assert kept_of("nils", guarded) == []
    assert notes(task_id) == []
    assert [one.fields["text"] for one in kept_of("mia", guarded)] == [[TYPED]]


def test_two_tabs_after_a_new_log_in_in_one_of_them(guarded) -> None:
    """The other one works on as if nothing had happened."""
    mia, task_id, page, token = claimed(guarded)
    half_an_hour_passes()
    mia.logs_in("mia")
    assert mia.sends(f"{page}/note", token, page, text="aus dem alten Fenster").status_code == 302
    assert notes(task_id) == ["aus dem alten Fenster"]


def test_two_tabs_that_both_come_too_late_are_both_kept(guarded) -> None:
    mia, _, page, token = claimed(guarded)
    half_an_hour_passes()
    for text in ("erste Notiz", "zweite Notiz", "zweite Notiz"):
        mia.sends(f"{page}/note", token, page, text=text)
    assert [one.fields["text"] for one in kept_of("mia", guarded)] == [["erste Notiz"], ["zweite Notiz"]]


def test_after_a_log_out_in_another_tab_the_text_waits_for_its_author(guarded) -> None:
    mia, _, page, token = claimed(guarded)
    mia.sends("/logout", mia.token(page))
    mia.sends(f"{page}/note", token, page, text=TYPED)
    assert len(kept_of("mia", guarded)) == 1


def test_passwords_searches_and_empty_forms_are_not_kept(guarded) -> None:
    mia, _, page, token = claimed(guarded)
    half_an_hour_passes()
    mia.sends("/account/password", token, "/account", password="geheim geheim", new="noch geheimer 1", again="x")
    mia.sends("/desk/search", token, "/desk/", q="Beispiel")
    answer = mia.sends(f"{page}/release", token, page)
    assert kept_of("mia", guarded) == []
    assert answer.headers["Location"] == f"/login?next={page}", "back to the page, not to where the form went"


def test_a_forged_form_keeps_nothing(guarded) -> None:
    _, _, page, token = claimed(guarded)
    half_an_hour_passes()
    for forged in ("", "x", token.partition("~")[0][:-3] + "abc"):
        other = guarded()
        other.page("/login")
        other.sends(f"{page}/note", forged, page, text=TYPED)
    with database.reading() as session:
        assert session.scalars(select(KeptForm.id)).all() == []


def test_it_is_sealed_and_forgotten_after_hours(guarded) -> None:
    mia, _, page, token = claimed(guarded)
    half_an_hour_passes()
    mia.sends(f"{page}/note", token, page, text=TYPED)
    with database.writing() as session:
        row = session.scalars(select(KeptForm)).one()
        assert "Unterlagen" not in row.sealed
        row.kept_at = utc_now() - timedelta(hours=13)
    assert kept_of("mia", guarded) == []
    with database.writing() as session:
        kept_forms.forget(session, utc_now())
        assert session.scalars(select(KeptForm)).all() == []


@pytest.mark.parametrize("target", ["/desk/tasks/1/note", "/desk/selected", "/logout", "/nowhere"])
def test_a_log_in_never_leads_to_an_address_that_shows_no_page(desk, target: str) -> None:
    a_task()
    client = desk()
    answer = client.post("/login", query_string={"next": target}, data={"username": "mia", "password": PASSWORD})
    assert answer.headers["Location"] == "/desk/"


def test_who_has_to_set_up_a_second_factor_first_loses_nothing(desk, monkeypatch) -> None:
    from ivr.web import authorisation

    task_id, mia = a_task(), log_in(desk(), "mia")
    monkeypatch.setattr(authorisation, "_lacks_second_factor", lambda: True)
    mia.post(f"/desk/tasks/{task_id}/note", data={"text": TYPED})
    with database.reading() as session:
        assert len(kept_forms.of_user(session, desk.people["mia"].id, utc_now())) == 1


def test_what_cannot_be_opened_is_said_and_not_left_out(guarded, monkeypatch, caplog) -> None:
    """The secret key was changed, and the former one is not there: the page says so, as the count does."""
    browser, task_id, page, token = claimed(guarded)
    half_an_hour_passes()
    browser.sends(f"{page}/note", token, page, text=TYPED)
    guarded("mia")
    with database.writing() as session:
        (row,) = session.scalars(select(KeptForm)).all()
        row.sealed = row.sealed[:-6] + "AAAAA="
    again = Browser(browser.client).logs_in("mia")
    shown = again.page("/kept/")
    assert "kann nicht geöffnet werden" in shown
    assert "Alles, was Sie abgeschickt haben, ist gespeichert" not in shown
    assert "the kept form" in caplog.text
    assert notes(task_id) == []
    discard = re.search(r'action="(/kept/\d+/discard)"', shown)[1]
    again.sends(discard, again.token("/kept/"))
    assert kept_of("mia", guarded) == []


def test_what_was_to_be_done_with_ticked_tasks_is_told_in_words(guarded) -> None:
    """Ids of rows tell nobody whether it is still right to close these tasks."""
    mia, task_id, _, token = claimed(guarded)
    other, lena = a_task(), guarded.people["lena"].id
    half_an_hour_passes()
    for action in ({"action": "close"}, {"action": "assign"}):
        form = {"view": "open", "task": [str(task_id), str(other)], "outcome": "letter_sent", "to": str(lena), **action}
        mia.client.post(
            "/desk/selected", data={**form, "csrf_token": token}, headers={"Referer": "http://localhost/desk/"}
        )
    shown = mia.logs_in("mia").page("/kept/")
    told = re.sub(r"<[^>]+>", "", shown[shown.index("<section") :])
    assert all(the_task(one).receipt_code in told for one in (task_id, other))
    assert "Auftrag abschließen: Brief geschickt" in told
    assert "Zuweisen an: Lena Leitung" in told
    assert told.count("Lena Leitung") == 1, "to whom is said where they are assigned, and only there"
    number = re.search(r'name="kept" value="(\d+)"', shown)[1]
    mia.client.post(
        "/desk/selected", data={**form, "action": "close", "csrf_token": mia.token("/kept/"), "kept": number}
    )
    assert the_task(other).state == "closed"


def test_a_file_of_a_kept_form_is_asked_for_again_and_sent_with_it(guarded) -> None:
    lena = guarded("lena")
    page, path = "/night-answers/de", "/night-answers/de/money"
    token, sound = lena.token(page), write_wav(speak("Auf Wiederhören.", "de"))
    half_an_hour_passes()
    told = sends(lena, path, token, page, sound, "ansage.wav", text="Auf Wiederhören.")
    assert "denn Dateien werden nicht aufbewahrt: ansage.wav" in told
    shown = lena.logs_in("lena").page("/kept/")
    assert re.search(r'<form[^>]* enctype="multipart/form-data"', shown)
    assert re.search(r'<input[^>]* name="audio"[^>]* type="file"', shown)
    assert "ansage.wav" in shown
    number = re.search(r'name="kept" value="(\d+)"', shown)[1]
    sends(lena, path, lena.token("/kept/"), "/kept/", sound, text="Auf Wiederhören.", kept=number)
    with database.reading() as session:
        assert session.scalars(select(NightAnswer.text)).all() == ["Auf Wiederhören."]
    assert kept_of("lena", guarded) == []


@pytest.mark.parametrize("why", ["too long", "its author has left"])
def test_what_cannot_be_kept_is_said_to_be(guarded, why: str) -> None:
    mia, _, page, token = claimed(guarded)
    if why == "too long":
        half_an_hour_passes()
    else:
        with database.writing() as session:
            session.get_one(User, guarded.people["mia"].id).active = False
    mia.sends(f"{page}/note", token, page, text="x" * (210_000 if why == "too long" else 3))
    assert "konnten nicht aufbewahrt werden" in mia.page("/login")


def test_a_kept_form_whose_file_cannot_be_read_stays(guarded) -> None:
    """The refusal is told by the view itself, not by what all forms have in common."""
    lena = guarded("lena")
    page, path = "/supervision/roster", "/supervision/roster/import"
    form = {**WEEK, "user": str(guarded.people["mia"].id)}
    token = lena.token(page)
    half_an_hour_passes()
    lena.sends(path, token, page, **form, calendar=(BytesIO(b"BEGIN"), "urlaub.ics"))
    shown = lena.logs_in("lena").page("/kept/")
    number = re.search(r'name="kept" value="(\d+)"', shown)[1]
    again = {**form, "kept": number, "calendar": (BytesIO(b"no calendar"), "urlaub.ics")}
    lena.sends(path, lena.token("/kept/"), "/kept/", **again)
    assert len(kept_of("lena", guarded)) == 1
