"""A hotline that people have worked in for days: each of its pages has something to show."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from ivr.accounts import password_links
from ivr.audit.access_log import Actor
from ivr.callbacks import claims, events, identities, macros, representatives, tags, text_modules, workflow
from ivr.callbacks.macros import Step
from ivr.callbacks.representatives import Entered
from ivr.calls import screening
from ivr.contact_centre import directory
from ivr.contact_centre.directory import Listed
from ivr.domain.enums import (
    Authority,
    DirectoryKind,
    IdentityProof,
    IncidentKind,
    MacroStep,
    Outcome,
    Relation,
    SmsTemplate,
    TextModuleUse,
)
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import Team, User
from ivr.models.callbacks import CallbackTask
from ivr.models.contacts import Contact
from ivr.models.incidents import Incident
from ivr.models.privacy import SubjectRequest
from ivr.models.team_tools import Macro, TextModule
from ivr.operations import demo_data
from ivr.platform import database
from ivr.privacy import legal_holds, sealed_subjects
from tests.support.people import a_task, hire

LONG = (
    "Guten Tag, hier ist Müller-Lüdenscheidt. Ich habe gestern einen Bescheid über die Bewilligung von Leistungen "
    "bekommen und verstehe die Betriebskostenabrechnung nicht. Bitte rufen Sie mich vor dem Mittag zurück."
)
#: A name that is hard to show: an emoji and a sign that turns the direction of what follows.
NAME = "Zoë-Charlotte 🙂 von und zu Hohenlohe-Schillingsfürst \u202eevil"


def move_in(days: int, calls_a_day: int) -> dict[str, int]:
    """Fill the hotline of this process; gives the ids that addresses of pages need."""
    demo_data.seed(days, calls_a_day, utc_now(), number=13)
    hire()
    ids = _tasks()
    with database.writing() as session:
        mia, lena = (session.scalars(select(User).where(User.username == name)).one() for name in ("mia", "lena"))
        mia.teams = list(session.scalars(select(Team)))
        ids |= _what_supervisors_keep(session, mia, lena)
    with database.writing() as session:
        _work(session, ids)
    return ids


def _tasks() -> dict[str, int]:
    number = "+4915112340077"
    return {
        "covered": a_task(text=LONG, number=number, age=timedelta(hours=30)),
        "mine": a_task(text=LONG, number=number, age=timedelta(hours=3)),
        "arabic": a_task(language="ar", text="السلام عليكم عندي سؤال", age=timedelta(hours=2)),
        "emergency": a_task("emergency", text="Guten Tag, mir wurde der Strom abgestellt."),
        "closed": a_task(text="Ich brauche eine Bescheinigung.", age=timedelta(days=2)),
        "forms": a_task("forms", kind="postal_order"),
        "shown": a_task(text=LONG, age=timedelta(hours=5)),
    }


def _work(session, ids: dict[str, int]) -> None:
    now = utc_now()
    mia, lena = (session.scalars(select(User).where(User.username == name)).one() for name in ("mia", "lena"))
    for name in ("mine", "arabic", "closed", "forms", "shown"):
        claims.claim(session, session.get_one(CallbackTask, ids[name]), mia, now)
    mine = session.get_one(CallbackTask, ids["mine"])
    mine.caller_name, session.get_one(CallbackTask, ids["shown"]).caller_name = NAME, "Ina Müller-Lüdenscheidt"
    events.note(session, mine, mia, "Ruft nach dem Essen noch einmal an. @Lena Leitung bitte mitlesen.", now)
    identities.prove(session, mine, next(iter(IdentityProof)), mia, now)
    mother = Entered("Anna Müller", "Paul Müller", next(iter(Relation)), next(iter(Authority)), False, None)
    representatives.enter(session, mine, mother, mia, now)
    for contact in session.scalars(select(Contact).where(Contact.task_id == mine.id)):
        contact.agreed_to_texts = True
    legal_holds.place(session, mine, lena, "Klage vor dem Sozialgericht", now)
    tags.choose(session, mine, [ids["tag"]], mia, now)
    workflow.close(
        session, session.get_one(CallbackTask, ids["closed"]), mia, Outcome.REACHED, "Bescheid erklärt.", now
    )  # fmt: skip
    request = SubjectRequest(
        kind="access", named=sealed_subjects.seal("+4915112340077"), identity_check="document",
        opened_by_id=lena.id, opened_at=now, result="",
    )  # fmt: skip
    session.add(request)
    session.flush()
    ids["request"] = request.id


def _what_supervisors_keep(session, mia: User, lena: User) -> dict[str, int]:
    now, team = utc_now(), session.scalars(select(Team).where(Team.key == "benefits")).one()
    actor = Actor(lena.name, lena.role, lena.id)
    listed = Listed(DirectoryKind.OFFICE, "Amt für Soziale Dienste, Sozialzentrum Mitte", "+494213610",
                    {"monday": "08:00-16:00"}, hint="Wohngeld und Unterhaltsvorschuss")  # fmt: skip
    entry = directory.add(session, listed, lena, actor, now)
    module, macro = TextModule(team_id=team.id), Macro(team_id=team.id)
    text_modules.keep(
        session, module, "Unterlagen fehlen", TextModuleUse.NOTE, {"de": "Es fehlen noch Unterlagen."}, lena, now
    )  # fmt: skip
    steps = [Step(MacroStep.ATTEMPT, Outcome.NO_ANSWER), Step(MacroStep.TEXT, SmsTemplate.MISSED)]
    macros.keep(session, macro, "Nicht erreicht, kurze SMS", steps, lena, now)
    tag = tags.add(session, team.id, "Widerspruch")
    session.add(Incident(kind=IncidentKind.THREAT, team_id=team.id, number="+4915112340088", text="Ich komme vorbei!",
                         marked_at=now, marked_by_id=mia.id))  # fmt: skip
    screening.block(session, "+4915112340099", 30, "Telefonterror", lena, now)
    invited = password_links.invite(session, mia, lena.name, now, by_mail=False)
    session.flush()
    return {"entry": entry.id, "module": module.id, "macro": macro.id, "tag": tag.id, "invited": invited}
