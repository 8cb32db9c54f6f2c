"""Macros and text modules: several steps with one key, texts that fit whoever reads them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from ivr.models.callbacks import TextMessage
from ivr.models.contacts import Contact
from ivr.platform import database
from tests.support.notices import enter, local, today
from tests.support.people import a_task, the_task

PAGE = "/supervision/texts/"
MOBILE = "+4915112345678"
LANDLINE = "+4942112345678"


def claimed(desk, language: str = "de", number: str = MOBILE, *, agreed: bool = True) -> tuple[object, int]:
    task, mia = a_task(language=language, number=number), desk("mia")
    if agreed:
        with database.writing() as session:
            session.execute(update(Contact).where(Contact.task_id == task).values(agreed_to_texts=True))
    mia.post(f"/desk/tasks/{task}/claim")
    return mia, task


def apply(browser, task: int, label: str) -> str:
    """Press the button of a macro, as the page has it."""
    page = browser.get(f"/desk/tasks/{task}").text
    forms = re.findall(r'<form method="post" action="([^"]*/macro/[^"]+)">(.*?)</form>', page, re.DOTALL)
    address = next(address for address, form in forms if label in form)
    return browser.post(address, data={}, follow_redirects=True).text


def sent() -> list[tuple[str, str]]:
    with database.reading() as session:
        return [(one.language, one.text) for one in session.scalars(select(TextMessage).order_by(TextMessage.id))]


def a_module(desk, name: str, use: str = "sms", **texts: str) -> str:
    data = {"team": "benefits", "name": name, "use": use, **{f"text_{code}": said for code, said in texts.items()}}
    return desk("lena").post(f"{PAGE}modules", data=data, follow_redirects=True).text


def test_not_reached_and_text_in_the_callers_language(desk) -> None:
    mia, task = claimed(desk, "tr")
    said = apply(mia, task, "Nicht erreicht + SMS")
    assert "Nicht erreicht + SMS: Versuch festgehalten: Keine Antwort. SMS wird gesendet. Nächster: " in said
    assert [one.outcome for one in the_task(task).attempts] == ["no_answer"]
    [(language, text)] = sent()
    assert language == "tr" and "Jobcenter" not in text


def test_who_has_not_agreed_gets_no_text(desk) -> None:
    mia, task = claimed(desk, agreed=False)
    said = apply(mia, task, "Nicht erreicht + SMS")
    assert "Keine SMS: Die Person hat an dieser Nummer keiner SMS zugestimmt." in said
    assert (len(the_task(task).attempts), sent()) == (1, [])


def test_a_step_that_cannot_be_done_undoes_all_others(desk) -> None:
    mia, task = claimed(desk, number=LANDLINE)
    assert "An dieser Nummer kann keine SMS empfangen werden." in apply(mia, task, "Nicht erreicht + SMS")
    assert (the_task(task).attempts, sent()) == ([], [])
    assert the_task(task).events[-1].kind == "claimed"


def test_a_macro_puts_off_to_a_time_at_which_people_are_called_back(desk) -> None:
    day = today() + timedelta(days=5)
    for one in (day, day + timedelta(days=1)):
        enter(one)
    desk("lena").post(f"{PAGE}macros", data={"team": "benefits", "name": "Später", "days": "5"})
    mia, task = claimed(desk)
    mia.post(f"/desk/tasks/{task}/macro/1")
    assert the_task(task).next_attempt_at == local(day + timedelta(days=2), 8)


def test_a_macro_of_the_team_closes_and_is_undone(desk) -> None:
    a_module(desk, "Unterlagen", "note", de="Unterlagen an {Team} gesandt, Rückfragen {Hotline}.")
    with database.reading() as session:
        from ivr.models.team_tools import TextModule

        module = session.scalars(select(TextModule.id)).one()
    data = {"team": "benefits", "name": "Brief", "note": module, "at_end": "close:letter_sent"}
    assert "Makro angelegt." in desk("lena").post(f"{PAGE}macros", data=data, follow_redirects=True).text
    mia, task = claimed(desk)
    assert "Brief: Notiz geschrieben. Auftrag abgeschlossen: Brief geschickt." in apply(mia, task, "Brief")
    assert the_task(task).state == "closed"
    assert "Unterlagen an Leistungsbereich gesandt, Rückfragen 0421" in mia.get(f"/desk/tasks/{task}").text
    undo = re.search(r'action="(/desk/undo/\d+)"', mia.get(f"/desk/tasks/{task}").text)[1]
    assert "wie zuvor" in mia.post(undo, follow_redirects=True).text
    assert the_task(task).state == "claimed"


@pytest.mark.parametrize(
    ("texts", "use", "said"),
    [
        ({"de": "Ihre Nummer {Anfragenummer}"}, "note", "Kein Textbaustein enthält eine Anfragenummer"),
        ({"de": "Guten Tag {Name}"}, "sms", "Kein Textbaustein enthält einen Namen"),
        ({"de": "Ihr Team {Team}"}, "sms", "Telefone werden geteilt"),
        ({"de": "Ihr Jobcenter"}, "sms", "Telefone werden geteilt"),
        ({"de": "Hallo {Sonne}"}, "note", "In geschweiften Klammern"),
        ({"de": "Hallo {"}, "note", "In geschweiften Klammern"),
        ({"tr": "Merhaba"}, "sms", "Bitte schreiben Sie den deutschen Text"),
        ({"de": "x" * 801}, "sms", "Bitte kürzen Sie jeden Text"),
    ],
    ids=["code", "name", "team", "house", "unknown", "open brace", "no German", "long"],
)  # fmt: skip
def test_a_text_that_must_not_be_sent_is_refused_and_stays_typed(desk, texts, use: str, said: str) -> None:
    page = a_module(desk, "Neu", use, **texts)
    assert said in page
    assert all(text in page for text in texts.values())
    assert "Noch nichts eingetragen." in desk("lena").get(PAGE).text


def test_a_missing_language_is_said_and_never_replaced(desk) -> None:
    a_module(desk, "Rückruf", de="Bitte rufen Sie uns an: {Hotline}", tr="Lütfen arayın: {Hotline}")
    turkish, task = claimed(desk, "tr")
    page = turkish.get(f"/desk/tasks/{task}?sms=module-1").text
    assert "Lütfen arayın: 0421 178-2666" in page or "Lütfen arayın: 0421" in page
    assert "Auf Deutsch:" in page
    mia, arabic = claimed(desk, "ar", "+4915112345679")
    page = mia.get(f"/desk/tasks/{arabic}?sms=module-1").text
    assert "Der Textbaustein „Rückruf“ hat keinen Text in der Sprache der Person." in page
    assert 'name="template"' not in page, "there is nothing to send"


def test_supervisors_keep_those_of_their_teams_alone(desk) -> None:
    a_module(desk, "Rückruf", de="Bitte rufen Sie uns an")
    assert "Das Team hat schon einen Eintrag mit diesem Namen." in a_module(desk, "Rückruf", de="Noch einmal")
    assert desk("mia").get(PAGE).status_code == 404
    assert "modules/1" in desk("lena").get(PAGE).text
    assert "Bitte rufen Sie uns an" in desk("lena").get(f"{PAGE}modules/1").text
    with database.writing() as session:
        from ivr.accounts import users

        users.add(session, "uwe", "Uwe Unter", "supervisor", "correct horse battery staple", ["youth"])
    uwe = desk("uwe")
    assert "modules/1" not in uwe.get(PAGE).text
    assert uwe.get(f"{PAGE}modules/1").status_code == 404
    assert uwe.post(f"{PAGE}modules/1/delete").status_code == 404
    assert uwe.post(f"{PAGE}modules", data={"team": "benefits", "name": "x", "text_de": "x"}).status_code == 404


def test_what_a_macro_needs_and_does_not_find_is_said(desk) -> None:
    a_module(desk, "Rückruf", de="Bitte rufen Sie uns an")
    lena = desk("lena")
    empty = lena.post(f"{PAGE}macros", data={"team": "benefits", "name": "Leer"}, follow_redirects=True).text
    assert "Bitte wählen Sie mindestens einen Schritt." in empty
    lena.post(f"{PAGE}macros", data={"team": "benefits", "name": "Bescheid", "attempt": "busy", "send": "1"})
    lena.post(f"{PAGE}modules/1/delete")
    mia, task = claimed(desk)
    assert "Den Textbaustein dieses Makros gibt es nicht mehr." in apply(mia, task, "Bescheid")
    assert the_task(task).attempts == []
    lena.post(f"{PAGE}macros/1", data={"name": "Bescheid", "attempt": "busy", "at_end": "release"})
    assert "Bescheid: Versuch festgehalten: Besetzt." in apply(mia, task, "Bescheid")
    assert the_task(task).state == "open"
    lena.post(f"{PAGE}macros/1/delete")
    assert (
        "Dieses Makro gibt es nicht mehr."
        in mia.post(f"/desk/tasks/{claimed(desk)[1]}/macro/1", follow_redirects=True).text
    )
