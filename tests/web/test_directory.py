"""The directory's pages: who keeps it, what is refused, how an entry is found, and what the log keeps."""

from __future__ import annotations

import html

import pytest
from sqlalchemy import select

from ivr.domain.timestamps import utc_now
from ivr.models.accounts import Team, User
from ivr.models.audit import AccessLine
from ivr.models.contact_centre import Conversation, Leg, Presence
from ivr.models.directory import DirectoryEntry
from ivr.platform import database

PAGE = "/directory/"
EVERY_DAY = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), "0:00-24:00")
OFFICE = {"kind": "office", "name": "Wohngeldstelle  Mitte", "number": "0421 / 555 01-99", **EVERY_DAY}


def entries() -> list[DirectoryEntry]:
    with database.reading() as session:
        return list(session.scalars(select(DirectoryEntry).order_by(DirectoryEntry.id)))


def logged() -> list[str]:
    with database.reading() as session:
        lines = select(AccessLine.detail).where(AccessLine.action == "directory_changed").order_by(AccessLine.number)
        return [line or "" for line in session.scalars(lines)]


@pytest.mark.parametrize("who", ["lena", "adam"])
def test_supervisors_and_administrators_add_change_and_end_entries(desk, who: str) -> None:
    browser = desk(who)
    assert "Verzeichnis" in browser.get("/account/", follow_redirects=True).text, "a link leads there"
    browser.post(PAGE, data=OFFICE)
    (entry,) = entries()
    assert (entry.name, entry.number, entry.weekdays["monday"]) == (
        "Wohngeldstelle Mitte", "+494215550199", "00:00-24:00",
    )  # fmt: skip
    shown = browser.get(f"{PAGE}{entry.id}").text
    assert 'value="0421 5550199"' in shown
    browser.post(f"{PAGE}{entry.id}", data={**OFFICE, "name": "Wohngeld", "tuesday": "8.30 – 12"})
    (entry,) = entries()
    assert (entry.name, entry.weekdays["tuesday"]) == ("Wohngeld", "08:30-12:00")
    browser.post(f"{PAGE}{entry.id}/end")
    assert entries() == []
    answer = browser.post(f"{PAGE}{entry.id}/end", follow_redirects=True)
    assert "nicht mehr im Verzeichnis" in answer.text
    assert next(line.rpartition(": ")[0] or line for line in logged()).startswith("directory, office Wohngeldstelle")
    assert len(logged()) == 3


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"number": "110"}, "kann nicht angerufen werden"),
        ({"number": "0421 178 2666"}, "Nummer der Hotline selbst"),
        ({"number": "+1 212 555 0123"}, "ruft in diesem Land nicht an"),
        ({"monday": "16-8"}, "08:00-16:00"),
        ({"monday": "immer"}, "08:00-16:00"),
        (dict.fromkeys(EVERY_DAY, ""), "mindestens eines Wochentags"),
        ({"kind": "interpreter"}, "welche Sprachen"),
        ({"kind": "interpreter", "language": ["tr", "xx"]}, "angebotenen"),
        ({"kind": "friend"}, "angebotenen"),
        ({"name": " "}, "dieses Feld aus"),
        ({"cents_per_minute": "-3"}, "ganze Zahl"),
    ],
)
def test_what_cannot_be_dialled_or_is_not_complete_is_refused_and_typed_words_stay(
    desk, wrong: dict[str, object], said: str
) -> None:
    lena = desk("lena")
    page = lena.post(PAGE, data={**OFFICE, "hint": "Durchwahl 12", **wrong}, follow_redirects=True)
    assert page.status_code == 200
    assert said in html.unescape(page.text)
    assert "Durchwahl 12" in page.text
    assert entries() == []


def test_a_number_stands_in_the_directory_once(desk) -> None:
    lena = desk("lena")
    lena.post(PAGE, data=OFFICE)
    page = lena.post(PAGE, data={**OFFICE, "name": "Anders"}, follow_redirects=True)
    assert "schon im Verzeichnis" in page.text
    assert len(entries()) == 1


def test_an_entry_is_found_by_words_of_its_name_and_by_its_number(desk) -> None:
    lena = desk("lena")
    lena.post(PAGE, data={**OFFICE, "name": "Bürgeramt Süd"})
    lena.post(PAGE, data={**OFFICE, "name": "Caritas", "kind": "partner", "number": "0421 5550198"})
    for words in ("burgeramt", "sud BÜRGER", "0421 5550199"):
        text = lena.get(PAGE, query_string={"q": words}).text
        assert ("Bürgeramt Süd" in text, "Caritas" in text) == (True, False), words
    assert "Kein Eintrag" in lena.get(PAGE, query_string={"q": "Finanzamt"}).text


def test_an_interpreter_has_languages_and_a_price_others_have_neither(desk) -> None:
    lena = desk("lena")
    spoken = {"language": ["tr", "und"], "cents_per_minute": "90"}
    lena.post(PAGE, data={**OFFICE, **spoken})
    lena.post(PAGE, data={**OFFICE, **spoken, "kind": "interpreter", "name": "Aylin", "number": "0157 00000001"})
    assert [(one.languages, one.cents_per_minute) for one in entries()] == [([], 0), (["tr", "und"], 90)]
    assert "90 ct/min" in lena.get(PAGE).text


def test_members_are_offered_who_can_be_reached_now_and_told_when_others_open(desk) -> None:
    lena, mia = desk("lena"), desk("mia")
    lena.post(PAGE, data=OFFICE)
    lena.post(PAGE, data={**OFFICE, "name": "Zu", "number": "0421 5550198", **dict.fromkeys(EVERY_DAY, ""),
                          "monday": "00:00-00:01"})  # fmt: skip
    lena.post(PAGE, data={**OFFICE, "kind": "interpreter", "name": "Aylin", "number": "0157 00000001",
                          "language": ["tr"]})  # fmt: skip
    talks("mia")
    page = mia.get("/desk/live/").text
    offered, closed = page.partition("Jetzt geschlossen")[::2]
    assert "Wohngeldstelle Mitte</option>" in offered
    assert "Zu: öffnet Mo" in closed
    assert "Aylin" not in page, "interpreters are rung by their language"
    open_one, closed_one, interpreter = entries()
    for entry, said in ((closed_one, "niemand erreichbar"), (interpreter, "nicht mehr im Verzeichnis")):
        assert said in mia.post("/desk/live/companion", data={"entry": entry.id}, follow_redirects=True).text
    mia.post("/desk/live/companion", data={"entry": open_one.id})
    with database.reading() as session:
        (leg,) = session.scalars(select(Leg).where(Leg.role == "companion")).all()
        assert (leg.name, leg.number) == ("Wohngeldstelle Mitte", "+494215550199")
    assert "Wohngeldstelle Mitte: wird angerufen" in mia.get("/desk/live/").text


def talks(name: str) -> None:
    """A member is in a conversation."""
    now = utc_now()
    with database.writing_alone() as session:
        user = session.scalars(select(User).where(User.username == name)).one()
        team = session.scalars(select(Team).where(Team.key == "benefits")).one()
        conversation = Conversation(
            room="room-1", kind="answered", state="live", team_id=team.id, language="de", concern="benefits",
            urgency="normal", started_at=now,
        )  # fmt: skip
        session.add(conversation)
        session.flush()
        leg = Leg(conversation_id=conversation.id, role="member", state="joined", user_id=user.id, created_at=now,
                  joined_at=now)  # fmt: skip
        session.add(leg)
        session.add(Leg(conversation_id=conversation.id, role="caller", state="joined", created_at=now, joined_at=now))
        session.flush()
        session.add(Presence(user_id=user.id, state="talking", number="+494219876543", languages=["de"], since_at=now,
                             idle_since_at=now, leg_id=leg.id, came_at=now, seen_at=now))  # fmt: skip
