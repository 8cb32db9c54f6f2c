"""A person asks what is known of them, and wants it corrected, erased or restricted."""

from __future__ import annotations

import io
import json
import re
import zipfile
from functools import partial

import pytest
import typst
from pypdf import PdfReader
from sqlalchemy import inspect, select, text

from ivr.callbacks import code_changes, intake
from ivr.calls import caller_language
from ivr.domain import words
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.bookings import InterpreterBooking
from ivr.models.callbacks import AppointmentWish, Attempt, CallbackTask, PostalOrder, TaskEvent, TextMessage
from ivr.models.calls import Call, KnownCaller
from ivr.models.contact_centre import Conversation, InterpreterRequest, Leg, QueueEntry
from ivr.models.desk import Draft
from ivr.models.directory import DirectoryEntry
from ivr.models.identities import ProvenIdentity
from ivr.models.privacy import LegalHold, SubjectRequest
from ivr.models.representatives import Representative
from ivr.models.screening import BlockedNumber, FrequentCaller
from ivr.models.sla import SlaClock, SlaPause
from ivr.models.voicebox import Recording, Transcript, VoiceboxMessage
from ivr.platform import database
from ivr.privacy import erasure, legal_holds, sealed_subjects, subject_access
from ivr.privacy.subject_access_pdf import as_pdf
from ivr.voicebox import audio_store
from tests.support.people import a_task, the_task

NUMBER = "+4915112345678"


def asks(lena, kind: str, named: str = NUMBER, check: str = "document"):
    answer = lena.post("/supervision/subjects/", data={"kind": kind, "named": named, "identity_check": check})
    return answer.headers["Location"]


def told() -> list[str]:
    with database.reading() as session:
        query = text("SELECT detail FROM access_log WHERE action = 'subject_request' ORDER BY number")
        return list(session.execute(query).scalars())


def a_life(desk) -> int:
    task = a_task(text="Meine Heizung ist kalt", number=NUMBER)
    mia = desk("mia")
    mia.post(f"/desk/tasks/{task}/claim")
    mia.post(f"/desk/tasks/{task}/name", data={"name": "Olga Öztürk"})
    mia.post(f"/desk/tasks/{task}/note", data={"text": "Kommt am Mittwoch <b>"})
    a_task("forms", kind="postal_order", number=NUMBER)
    a_task(text="Jemand anderes", number="+4915199999999")
    with database.writing() as session:
        session.execute(text("UPDATE calls SET state = 'ended'"))
    return task


def test_access_gives_everything(desk) -> None:
    task, lena = a_life(desk), desk("lena")
    page = asks(lena, "access", "0151 12345678")
    shown = lena.get(page).text
    assert "Rückrufaufträge: 2" in shown
    assert "Aufnahmen: 1" in shown
    assert "Öztürk" not in shown, "numbers only"
    answer = lena.post(f"{page}/data.zip")
    assert re.search(r"filename=auskunft-\d+\.zip$", answer.headers["Content-Disposition"])
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    data = json.loads(archive.read("data.json"))
    assert {one["callback_number"] for one in data["tasks"]} == {NUMBER}
    assert len(data["tasks"]) == 2
    assert data["messages"][0]["transcript"]["text"] == "Meine Heizung ist kalt"
    audio = [name for name in archive.namelist() if name.endswith(".wav")]
    assert len(audio) == 1
    assert archive.read(audio[0])[:4] == b"RIFF"
    words = "".join(page_.extract_text() for page_ in PdfReader(io.BytesIO(archive.read("data.pdf"))).pages)
    readable = words.replace("\n", " ")
    for said in ("Öztürk", "Meine Heizung ist kalt", "Kommt am Mittwoch <b>", NUMBER, "Telefonnummer: ", "Leistungen"):
        assert said in readable, said
    for said in ("BfDI", "Zweck und Rechtsgrundlage", "Wer sie erhält", "90 Tage", "Notfall hochgestuft", "Beschwerde"):
        assert said in re.sub(r"\s+", " ", readable), said
    assert re.findall(r"\w+_\w+", re.sub(r"audio/\w+", "", readable)) == [], "nothing is called as machines call it"
    assert re.findall(r"\d{4}-\d\d-\d\dT", readable) == []
    assert "Jemand anderes" not in words
    assert "password" not in archive.read("data.json").decode()
    with database.reading() as session:
        downloads = session.execute(text("SELECT actor, detail FROM access_log WHERE action = 'download'")).all()
    assert [one.actor for one in downloads] == ["Lena Leitung"] * 2
    assert "Lena Leitung" in desk("mia").get(f"/desk/tasks/{task}/readers").text
    lena.post(f"{page}/close")
    with database.reading() as session:
        asked = session.scalars(select(SubjectRequest)).one()
        assert (asked.state, asked.named, asked.identity_check) == ("done", "", "document")
    assert lena.get(page).status_code == 404


#: What only machines need: ids, how a transcript was made, and what says in a word what else stands there.
FOR_MACHINES = {
    "id", "call_id", "task_id", "team_id", "message_id", "recording_id", "conversation_id", "entry_id", "call_sid",
    "recording_sid", "message_sid", "step", "queue_visit", "recording_number", "replaces_number", "continues_number",
    "continues_id",
    "contact_id", "conference_sid", "to_hear", "without_interpreter", "held_at", "released_at", "transfer_id",
    "to_hear_then", "dialled_at", "last_request_at",
    "second_id", "heard_of_id",
    "seen_at", "seen_by_id", "marked_by_id", "decided_by_id", "proposal",
    "carrier_fault", "engine", "words", "audio_bytes", "room",
    "template", "clock", "hours", "at_risk_recorded_at", "caller_asked", "demands_code", "provisional", "claim_used_at",
    "erased_at",
    "merged_into_id",
}  # fmt: skip


def test_what_happened_is_told_in_the_order_in_which_it_happened(desk) -> None:
    """Rows that no query has ordered come backwards here (tests/plugins/row_order.py)."""
    a_life(desk)
    a_task(number=NUMBER)
    with database.reading() as session:
        data = subject_access.collect(session, erasure.of_number(session, NUMBER))
    for kind in ("calls", "tasks", "contacts", "messages"):
        ids = [row["id"] for row in data[kind]]
        assert ids == sorted(ids), kind
    for task in data["tasks"]:
        moments = [event["at"] for event in task["history"]]
        assert moments == sorted(moments)
        assert [one["at"] for one in task["attempts"]] == sorted(one["at"] for one in task["attempts"])


def test_every_column_has_a_name_or_is_for_machines(desk) -> None:
    tables = (
        Call, CallbackTask, TaskEvent, Attempt, SlaClock, SlaPause, Draft, PostalOrder, AppointmentWish,
        VoiceboxMessage, Recording, Transcript, TextMessage, QueueEntry, Conversation, Leg, KnownCaller, FrequentCaller,
        BlockedNumber, InterpreterRequest, LegalHold, DirectoryEntry,
        InterpreterBooking, ProvenIdentity, Representative,
    )  # fmt: skip
    columns = {column.key for table in tables for column in inspect(table).column_attrs} - subject_access._HIDDEN
    assert columns - words.COLUMNS.keys() - FOR_MACHINES == set()
    a_life(desk)
    with database.writing() as session:
        data = subject_access.collect(session, erasure.of_number(session, NUMBER))
        session.add(TextMessage(call_id=data["calls"][0]["id"], to_number=NUMBER, language="de", template="sms_link",
                                number=1, text="x", state="sent"))  # fmt: skip
        session.flush()
        data = subject_access.collect(session, erasure.of_number(session, NUMBER))
    assert data.keys() == words.SUBJECT_KINDS.keys()
    assert "number" not in data["text_messages"][0], "the how many-th is no telephone number"


def test_only_a_remembered_language_is_something_as_well(desk) -> None:
    """The call has gone long ago; that the number speaks Turkish is still known."""
    lena = desk("lena")
    with database.noting() as connection:
        caller_language.remember(connection, "+4915112340000", "tr", utc_now())
    shown = lena.get(asks(lena, "access", "+4915112340000")).text
    assert "Gemerkte Sprache: 1" in shown
    assert "Alles herunterladen" in shown
    assert "Nichts kann berichtigt" in lena.get(asks(lena, "rectification", "+4915112340000")).text
    lena.post(f"{asks(lena, 'erasure', '+4915112340000')}/erase", data={"sure": "1"})
    assert "haben wir nichts" in lena.get(asks(lena, "access", "+4915112340000")).text


def test_who_is_erased_by_code_is_not_greeted_in_their_language(desk) -> None:
    task, lena = a_task(number="+4915112340001"), desk("lena")
    with database.noting() as connection:
        caller_language.remember(connection, "+4915112340001", "tr", utc_now())
    with database.writing() as session:
        session.execute(text("UPDATE calls SET state = 'ended'"))
    lena.post(f"{asks(lena, 'erasure', the_task(task).receipt_code)}/erase", data={"sure": "1"})
    with database.reading() as session:
        assert session.scalars(select(KnownCaller.language)).all() == []


def test_arabic_and_chinese_letters_do_not_break_the_file(desk) -> None:
    task, lena = a_life(desk), desk("lena")
    with database.writing() as session:
        session.get_one(CallbackTask, task).caller_name = "فاطمة 王 ㅎ"
    archive = zipfile.ZipFile(io.BytesIO(lena.post(f"{asks(lena, 'access')}/data.zip").data))
    assert archive.read("data.pdf")[:5] == b"%PDF-"
    assert "فاطمة 王 ㅎ" in archive.read("data.json").decode()


@pytest.mark.parametrize(
    "name", ["فاطمة الزهراء", "پریچهر", "ڕۆژین ئەحمەد", "Ґонта Ёж", "Đặng Thị Hồng", "Şêrîn Xoşnav"], ids=ascii
)
def test_callers_read_their_own_name_on_paper(name: str, monkeypatch) -> None:
    """Each letter of the languages of the hotline's callers is in a font of its own, on every machine: no empty box.

    A PDF that is accessible (UA) is refused where a letter is in no font.
    """
    monkeypatch.setattr(typst, "compile", partial(typst.compile, ignore_system_fonts=True))
    made = as_pdf({"tasks": [{"caller_name": name}]}, "1.", "de", str, lambda _name, value: value, [])
    assert b"pdfuaid" in made


def test_by_receipt_code_only_that_task_is_meant(desk) -> None:
    task, lena = a_life(desk), desk("lena")
    archive = zipfile.ZipFile(
        io.BytesIO(lena.post(f"{asks(lena, 'access', the_task(task).receipt_code)}/data.zip").data)
    )
    assert [one["id"] for one in json.loads(archive.read("data.json"))["tasks"]] == [task]


def test_without_a_check_of_identity_nothing_begins(desk) -> None:
    a_life(desk)
    lena = desk("lena")
    for form in (
        {"kind": "access", "named": NUMBER}, {"kind": "access", "named": NUMBER, "identity_check": "trust me"},
        {"kind": "access", "named": "", "identity_check": "document"}, {"named": NUMBER, "identity_check": "document"},
    ):  # fmt: skip
        assert lena.post("/supervision/subjects/", data=form).headers["Location"] == "/supervision/subjects/"
    assert told() == []
    for name in ("mia", "adam", "dora"):
        assert desk(name).get("/supervision/subjects/").status_code == 404


KEYED_IN = ("Ich habe Angst vor ihm", "+4917677777777")


def keyed_in_elsewhere(shown: str | None = None) -> int:
    """Somebody at another telephone, or at one that shows nothing, keys the person's number in; what they said."""
    task = a_task(text=KEYED_IN[0], number=KEYED_IN[1])
    with database.writing() as session:
        found = session.get_one(CallbackTask, task)
        found.call.from_number = shown
        (contact,) = found.contacts
        contact.callback_number = shown
        intake.give_number(session, contact, NUMBER, utc_now())
        found.callback_number = NUMBER
    return task


@pytest.mark.parametrize("shown", [None, KEYED_IN[1]], ids=["withheld", "another number"])
def test_who_is_named_by_a_number_gets_nothing_of_who_has_only_keyed_it_in(desk, shown: str | None) -> None:
    """Unless they have said when they called, and about what: most people key in a number of their own."""
    own, others, lena = a_task(text="Meine Heizung ist kalt", number=NUMBER), keyed_in_elsewhere(shown), desk("lena")
    with database.writing() as session:
        session.execute(text("UPDATE calls SET state = 'ended'"))
    page = asks(lena, "access")
    seen = lena.get(page).text
    assert "Aufnahmen: 1" in seen
    assert "Auch 1 Auftrag, in dem diese Nummer nur genannt ist." in seen
    for ticked, said in (({}, False), ({"named_too": "1"}, True)):
        archive = zipfile.ZipFile(io.BytesIO(lena.post(f"{page}/data.zip", data=ticked).data))
        data = archive.read("data.json").decode()
        assert "Meine Heizung ist kalt" in data
        assert (KEYED_IN[0] in data) is said
        assert len([name for name in archive.namelist() if name.endswith(".wav")]) == 1 + said
    lena.post(f"{asks(lena, 'rectification')}/rectify", data={"language": "tr"})
    lena.post(f"{asks(lena, 'restriction')}/restrict")
    assert (the_task(others).language, the_task(others).restricted_at) == ("de", None)
    assert the_task(own).restricted_at is not None
    lena.post(f"{asks(lena, 'restriction')}/restrict", data={"lift": "1"})
    lena.post(f"{asks(lena, 'erasure')}/erase", data={"sure": "1"})
    assert (the_task(own).erased_at is not None, the_task(others).erased_at) == (True, None)
    page = asks(lena, "erasure")
    assert "Auch 1 Auftrag" in lena.get(page).text, "nothing else is there"
    lena.post(f"{page}/erase", data={"sure": "1", "named_too": "1"})
    assert the_task(others).erased_at is not None


def test_a_mistyped_receipt_code_is_no_number(desk) -> None:
    """They would be told that there is nothing about them."""
    task, lena = a_life(desk), desk("lena")
    code = the_task(task).receipt_code
    wrong = f"{code[:-1]}{(int(code[-1]) + 1) % 10}"
    wrong = wrong if not wrong.startswith("0") else f"1{wrong[1:]}"
    assert asks(lena, "access", wrong) == "/supervision/subjects/"
    assert asks(lena, "access", "(0421) 1234") != "/supervision/subjects/", "a number with as many digits"


def test_rectification(desk) -> None:
    task, lena = a_life(desk), desk("lena")
    page = asks(lena, "rectification")
    assert lena.post(f"{page}/rectify", data={"name": " ", "language": ""}).headers["Location"] == page
    assert "was berichtigt werden soll" in lena.get(page).text
    for number in ("110", "0421 178-2666"):  # the latter is the hotline's own
        assert lena.post(f"{page}/rectify", data={"number": number}).headers["Location"] == page
    assert lena.post(f"{page}/erase", data={"sure": "1"}).status_code == 404, "not what was asked for"
    lena.post(f"{page}/rectify", data={"name": "Olga  Östürk", "number": "0151 22233344", "language": "tr"})
    found = the_task(task)
    assert (found.caller_name, found.callback_number, found.language) == ("Olga Östürk", "+4915122233344", "tr")
    assert "rectified" in [event.kind for event in found.events]
    assert told()[-1].endswith("2 tasks corrected")
    assert found.receipt_code in lena.get("/desk/?view=all&q=Östürk").text, "it is found by the right name"


@pytest.mark.parametrize("keyed_in", ["+4917611111111", "+4917699999999"], ids=["the right one", "a thief's"])
def test_a_corrected_number_settles_what_was_changed_by_receipt_code(desk, keyed_in: str) -> None:
    """Nothing waits to be confirmed any more, and a rejection does not bring the old number back."""
    task, lena = a_task(number=NUMBER), desk("lena")
    with database.writing() as session:
        code_changes.change_number(session, session.get_one(CallbackTask, task).contacts[0], keyed_in, utc_now())
    lena.post(f"{asks(lena, 'rectification')}/rectify", data={"number": "0176 11111111"})
    found = the_task(task)
    assert (found.callback_number, found.contacts[0].callback_number) == ("+4917611111111", "+4917611111111")
    assert not found.contacts[0].is_unconfirmed


def test_erasure_is_asked_twice_and_then_thorough(desk) -> None:
    task, lena = a_life(desk), desk("lena")
    with database.reading() as session:
        sid = session.scalars(select(Recording.recording_sid).order_by(Recording.id)).first()
    earlier = [asks(lena, "access"), asks(lena, "access", the_task(task).receipt_code)]
    page = asks(lena, "erasure")
    assert "noch offen" in lena.get(page).text
    lena.post(f"{page}/erase")
    assert the_task(task).callback_number == NUMBER, "not without the tick"
    lena.post(f"{page}/erase", data={"sure": "1"})
    found = the_task(task)
    assert (found.state, found.callback_number, found.caller_name) == ("closed", None, None)
    assert not audio_store.has(sid)
    assert "X" in found.receipt_code
    again = asks(lena, "access")
    assert "haben wir nichts" in lena.get(again).text
    assert "gelöscht mit Betroffenenantrag 3" in lena.get("/supervision/subjects/").text
    assert [lena.get(one).status_code for one in earlier] == [404, 404], "others would keep the number"
    assert any(re.search(r"\d recordings", line) for line in told())
    assert "2 Aufträge, 2 Anrufe, " in desk("dora").get("/protection/deletions").text
    assert "hat die Löschung ihrer Daten verlangt" in lena.get(f"/desk/tasks/{task}").text
    assert desk("dora").get("/protection/deletions").status_code == 200


def test_a_legal_hold_stands_against_erasure(desk) -> None:
    task, lena = a_life(desk), desk("lena")
    lena.post(f"/desk/tasks/{task}/hold", data={"reason": ""})
    lena.post(f"/desk/tasks/{task}/hold", data={"reason": "Klage vor dem Sozialgericht"})
    assert desk("mia").post(f"/desk/tasks/{task}/hold", data={"lift": "1"}).status_code == 404
    page = asks(lena, "erasure")
    assert "darf derzeit nicht" in lena.get(page).text
    lena.post(f"{page}/erase", data={"sure": "1"})
    assert the_task(task).callback_number == NUMBER
    lena.post(f"{page}/close", data={"refuse": "1"})
    lena.post(f"{page}/close", data={"refuse": "1", "reason": "Rechtsstreit"})
    with database.reading() as session:
        assert session.scalars(select(SubjectRequest.state)).all() == ["refused"]
        assert [hold.reason for hold in legal_holds.of_task(session, task)] == ["Klage vor dem Sozialgericht"]
    shown = desk("dora").get("/protection/deletions").text
    assert the_task(task).receipt_code in shown
    assert "Sozialgericht" not in shown, "what people write may name somebody: the officer sees no content"
    assert "Rechtsstreit" not in shown
    lena.post(f"/desk/tasks/{task}/hold", data={"lift": "1"})
    with database.reading() as session:
        assert legal_holds.of_task(session, task) == []


def test_restriction_covers_for_everybody_until_it_is_lifted(desk) -> None:
    task, lena, mia = a_life(desk), desk("lena"), desk("mia")
    assert "Öztürk" in mia.get(f"/desk/tasks/{task}").text
    lena.post(f"{asks(lena, 'restriction')}/restrict")
    for browser in (mia, lena):
        browser.post(f"/desk/tasks/{task}/open", data={"reason": "complaint"})
        page = browser.get(f"/desk/tasks/{task}").text
        assert ("Öztürk" in page, "Art.\u00a018 DSGVO" in page) == (False, True)
    lena.post(f"{asks(lena, 'restriction')}/restrict", data={"lift": "1"})
    assert "Öztürk" in mia.get(f"/desk/tasks/{task}").text


def test_a_search_in_a_request_is_not_kept_readable(desk) -> None:
    a_life(desk)
    asks(desk("lena"), "access")
    with database.reading() as session:
        asked = session.scalars(select(SubjectRequest)).one()
        assert "15112345678" not in asked.named
        assert sealed_subjects.named_in(asked) == NUMBER


def test_who_has_a_telephone_or_a_code_has_not_proven_who_they_are(desk) -> None:
    """Neither begins a request, and one that was begun with them before hands nothing out."""
    task, lena = a_life(desk), desk("lena")
    for weak in ("called_back", "code_and_number"):
        assert asks(lena, "access", check=weak) == "/supervision/subjects/"
    for kind, way, data in (
        ("access", "data.zip", {}),
        ("rectification", "rectify", {"number": "+4917699999999"}),
        ("erasure", "erase", {"sure": "1"}),
        ("restriction", "restrict", {}),
    ):
        page = asks(lena, kind)
        with database.writing() as session:
            session.scalars(
                select(SubjectRequest).order_by(SubjectRequest.id.desc())
            ).first().identity_check = "called_back"
        assert "nicht belegt" in lena.get(page).text
        assert lena.post(f"{page}/{way}", data=data).status_code == 403
    found = the_task(task)
    assert (found.callback_number, found.restricted_at, found.erased_at) == (NUMBER, None, None)


def test_customer_data_count_when_two_people_have_compared_them(desk) -> None:
    a_life(desk)
    with database.writing() as session:
        nils = session.scalars(select(User).where(User.username == "nils")).one()
        nils.role = "supervisor"
    lena, other = desk("lena"), desk("nils")
    page = asks(lena, "access", check="customer_data")
    assert lena.post(f"{page}/data.zip").status_code == 403
    lena.post(f"{page}/identity")
    assert lena.post(f"{page}/data.zip").status_code == 403, "one person is not two"
    assert "Vergleichen Sie sie bitte auch" in other.get(page).text
    other.post(f"{page}/identity")
    assert lena.post(f"{page}/data.zip").status_code == 200
    assert any("confirmed by a second person" in line for line in told())


def test_by_a_code_nobody_gets_what_others_said_about_the_same(desk) -> None:
    """Two people called about one task. The data of one are handed out, and erased only when the task is split."""
    task = a_task(text="Meine Heizung ist kalt", number=NUMBER)
    a_task(text="Hier spricht eine andere Person", number=NUMBER, called_before=True)
    lena = desk("lena")
    first, further = (one.receipt_code for one in the_task(task).contacts)
    data = lena.post(f"{asks(lena, 'access', further)}/data.zip").data
    found = json.loads(zipfile.ZipFile(io.BytesIO(data)).read("data.json"))
    assert [one["receipt_code"] for one in found["contacts"]] == [further]
    assert "andere Person" in json.dumps(found)
    assert "Heizung" not in json.dumps(found)
    lena.post(f"{asks(lena, 'erasure', further)}/erase", data={"sure": "1"})
    assert [one.receipt_code for one in the_task(task).contacts] == [first, further], "nobody else's is erased with it"


def test_who_stands_in_the_directory_is_told_so_and_leaves_it_with_an_erasure(desk) -> None:
    """Somebody who interprets, with their own telephone."""
    desk("lena").post(
        "/directory/",
        data={"kind": "interpreter", "name": "Aylin", "number": NUMBER, "language": ["tr"], "friday": "8-12"},
    )
    with database.reading() as session:
        (told,) = subject_access.collect(session, erasure.of_number(session, NUMBER))["in_directory"]
    assert (told["name"], told["languages"], told["weekdays"]) == ("Aylin", ["tr"], {"friday": "08:00-12:00"})
    with database.writing() as session:
        erasure.erase(session, erasure.of_number(session, NUMBER), utc_now())
    with database.reading() as session:
        assert session.scalar(select(DirectoryEntry.id)) is None
