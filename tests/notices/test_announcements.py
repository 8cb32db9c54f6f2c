"""An announcement of today: drafted, looked at, published, heard in the next call, taken back."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from ivr.audio.synthesis import speak
from ivr.audio.wav import write_wav
from ivr.domain.enums import NoticeProblem
from ivr.domain.timestamps import utc_now
from ivr.models.audit import AccessLine
from ivr.notices import announcements, present
from ivr.notices.unusable import Unusable
from ivr.platform import database
from ivr.prompts.catalogue import catalogue
from tests.support.notices import LENA, announce, local, today, tomorrow
from tests.support.webhook_call import WebhookCall, carrier

GERMAN, ENGLISH = "Heute fällt der Strom im Haus aus.", "There is no power in our house today."
HOUR = timedelta(hours=1)


def greeted(client, at, language: str = "1") -> WebhookCall:
    """A caller who has chosen a language and hears what follows."""
    return WebhookCall(client, at=at.isoformat()).rings().presses(language)


def test_an_announcement_begins_at_a_minute_and_ends(empty_database) -> None:
    begins, ends = local(tomorrow(), 9), local(tomorrow(), 10)
    announce(begins, ends, de=GERMAN)
    client = carrier()
    heard = [
        GERMAN in greeted(client, at).heard
        for at in (begins - timedelta(seconds=1), begins, ends - timedelta(seconds=30), ends)
    ]
    assert heard == [False, True, True, False]


def test_it_is_the_beginning_of_the_main_menu_and_any_key_goes_on(empty_database) -> None:
    announce(local(tomorrow(), 8), local(tomorrow(), 20), de=GERMAN)
    call = greeted(carrier(), local(tomorrow(), 19))
    gather = call.document.partition("<Gather")[2].partition("</Gather>")[0]
    assert GERMAN in gather and catalogue("de")["main"] in gather
    assert GERMAN not in call.presses("1").heard, "it is said once"
    assert GERMAN in greeted(carrier(), local(tomorrow(), 19)).presses("*").heard, "the star repeats it"


def test_a_language_without_a_text_hears_the_german_one_by_the_german_voice(empty_database) -> None:
    announce(local(tomorrow(), 8), local(tomorrow(), 20), de=GERMAN)
    at = local(tomorrow(), 19)
    document = greeted(carrier(), at, "2").document
    assert GERMAN in document.partition('language="de-DE"')[2].partition("</Say>")[0]
    with database.writing() as session:
        announcements.undo(session, 1, None, LENA, utc_now())
    announce(local(tomorrow(), 8), local(tomorrow(), 20), de=GERMAN, en=ENGLISH)
    document = greeted(carrier(), at, "2").document
    assert ENGLISH in document and GERMAN not in document


def test_a_language_without_a_voice_of_the_carrier_is_played(empty_database, monkeypatch) -> None:
    announce(local(tomorrow(), 8), local(tomorrow(), 20), de=GERMAN, fa="امروز برق نداریم.")
    text = present.announcement(local(tomorrow(), 9)).text_for("fa")
    assert text is not None and text.has_audio
    audio = carrier().get(f"/voice/prompts/fa/announcement-{text.row_id}.n.wav")
    assert audio.status_code == 200 and audio.data[:4] == b"RIFF"
    for nothing in (
        "fa/announcement-99.n.wav",
        "de/announcement-1.n.wav",
        "fa/what-1.n.wav",
        "fa/announcement-x.n.wav",
    ):
        assert carrier().get(f"/voice/prompts/{nothing}").status_code == 404


def test_it_is_heard_until_it_ends_while_the_database_is_away(empty_database, monkeypatch) -> None:
    announce(utc_now() - HOUR, utc_now() + HOUR, de=GERMAN)
    assert present.announcement(utc_now())

    def gone() -> None:
        raise OperationalError("SELECT", None, Exception("gone"))

    monkeypatch.setattr(database, "glancing", gone)
    present.forget()
    assert present.announcement(utc_now())
    assert not present.announcement(utc_now() + 2 * HOUR), "it ends by itself"
    monkeypatch.undo()


@pytest.mark.parametrize(
    ("begins", "ends", "texts", "problem"),
    [
        (2, 1, {"de": GERMAN}, NoticeProblem.ORDER),
        (-3, -1, {"de": GERMAN}, NoticeProblem.PAST),
        (1, 24 * 40, {"de": GERMAN}, NoticeProblem.LONG),
        (1, 2, {"en": ENGLISH}, NoticeProblem.GERMAN),
        (1, 2, {"de": GERMAN * 12}, NoticeProblem.SECONDS),
        (4, 6, {"de": GERMAN}, NoticeProblem.OVERLAP),
    ],
)
def test_what_cannot_be_announced(empty_database, begins: int, ends: int, texts: dict[str, str], problem: str) -> None:
    announce(utc_now() + 5 * HOUR, utc_now() + 7 * HOUR, de=GERMAN)
    with pytest.raises(Unusable) as refused:
        announce(utc_now() + begins * HOUR, utc_now() + ends * HOUR, **texts)
    assert refused.value.problem == problem


def test_an_announcement_in_the_night_in_which_an_hour_comes_twice(empty_database) -> None:
    """From half past two of the first time till half past two of the second time: one hour."""
    begins = local(today().replace(year=2027, month=10, day=31), 2, 30)
    with database.writing() as session:
        made = announcements.draft(session, begins, begins.replace(fold=1), {"de": GERMAN}, None, begins - HOUR)
        assert made.ends_at - made.begins_at == HOUR


# -- pages ----------------------------------------------------------------------------------------------


def a_form(**texts: str) -> dict[str, str]:
    day = tomorrow().isoformat()
    return {"begins": f"{day}T08:00", "ends": f"{day}T20:00", **{f"text-{code}": said for code, said in texts.items()}}


def test_a_supervisor_drafts_looks_records_and_publishes(desk) -> None:
    lena, at = desk("lena"), local(tomorrow(), 19)
    preview = lena.post("/announcements/", data=a_form(de=GERMAN), follow_redirects=True).text
    assert GERMAN in preview and "Englisch" in preview.partition("hören den deutschen Text")[2].partition("</p>")[0]
    assert lena.get("/announcements/1/de.wav").mimetype == "audio/wav"
    assert present.announcement(at) is None, "nobody hears a draft"
    form = {"audio": (BytesIO(b"nonsense"), "a.wav")}
    refused = lena.post("/announcements/1/de/recording", data=form, follow_redirects=True).text
    assert "nicht verwendbar" in refused
    form = {"audio": (BytesIO(write_wav(speak(GERMAN, "de"))), "a.wav")}
    assert "aufgenommen" in lena.post("/announcements/1/de/recording", data=form, follow_redirects=True).text
    assert "geplant" in lena.post("/announcements/1/publish", follow_redirects=True).text
    assert "/announcement-1.n.wav" in greeted(carrier(), at).document
    assert "Zurückgenommen" in lena.post("/announcements/1/undo", follow_redirects=True).text
    assert "/announcement-1.n.wav" not in greeted(carrier(), at).document
    with database.reading() as session:
        changed = select(AccessLine.detail).where(AccessLine.action == "notice_changed").order_by(AccessLine.number)
        details = session.scalars(changed).all()
    assert [detail.rpartition(": ")[2] for detail in details] == [
        "drafted", "recorded in de", "published", "taken back",
    ]  # fmt: skip


def test_what_was_typed_is_shown_again_with_what_is_wrong(desk) -> None:
    lena = desk("lena")
    again = lena.post("/announcements/", data=a_form(de=GERMAN * 12, en=ENGLISH)).text
    assert "zu lang" in again and GERMAN in again and ENGLISH in again
    assert (
        "nicht nach dem Anfang"
        in lena.post("/announcements/", data=a_form(de="Ja") | {"ends": "2026-01-01T10:00"}).text
    )
    assert "Datum" in lena.post("/announcements/", data=a_form(de="Ja") | {"ends": "soon"}).text
    lena.post("/announcements/", data=a_form(de=GERMAN))
    assert ENGLISH in lena.post("/announcements/1", data=a_form(de=GERMAN, en=ENGLISH), follow_redirects=True).text
    assert ENGLISH not in lena.post("/announcements/1", data=a_form(de=GERMAN, en=""), follow_redirects=True).text
    lena.post("/announcements/1/publish")
    assert "gilt nicht mehr" in lena.post("/announcements/1", data=a_form(de="Ja"), follow_redirects=True).text
    assert lena.get("/announcements/7").status_code == 404
    assert desk("mia").get("/announcements/").status_code == 404
