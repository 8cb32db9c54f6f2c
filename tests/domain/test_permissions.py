"""Who may call which endpoint: every route, role, verb and team, against the one table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from werkzeug.routing import Rule

from ivr.callbacks import claims
from ivr.contact_centre import offboarding
from ivr.domain.permissions import ANYBODY, CARRIER, PERMISSIONS, PROGRAM, permission_of
from ivr.domain.roles import ROLES
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask, TaskEvent
from ivr.models.voicebox import Recording, VoiceboxMessage
from ivr.platform import database
from ivr.platform.orm import Base
from ivr.web import errors
from ivr.web.app import create_app
from tests.support.people import a_task, hire, log_in, the_task
from tests.support.volume import volume

VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
WHO = {"member": "mia", "supervisor": "lena", "administrator": "adam", "officer": "dora"}
#: Whether everybody tries every verb at every address; otherwise see `who_tries`.
WHOLE = bool(volume(test=0, ci=1, soak=1))
#: So many times at least something is tried.
TRIED = volume(test=1000, ci=2000, soak=5000)
#: An example for each part of an address.
PARTS = {
    "language": "de", "prompt": "greeting", "name": "greeting", "kind": "duties", "ending": "csv", "figure": "missed",
    "path": "x", "filename": "app.css",
}  # fmt: skip


@pytest.fixture
def app(empty_database):
    app = create_app()
    app.config["WTF_CSRF_ENABLED"] = False
    hire()
    return app


@pytest.fixture
def plain_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of pages of refusals that nobody reads need not be rendered."""
    monkeypatch.setattr(errors, "render_template", lambda *_, **__: "refused")


def address(rule: Rule, **ids: int) -> str:
    values = {name: ids.get(name, PARTS.get(name, 1)) for name in rule.arguments}
    found = rule.build(values, append_unknown=False)
    assert found is not None, rule
    return found[1]


def browsers(app) -> dict[str, FlaskClient]:
    return {role: log_in(app.test_client(), name) for role, name in WHO.items()} | {"nobody": app.test_client()}


def test_every_route_has_a_permission_and_every_permission_a_route(app) -> None:
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert {endpoint for endpoint in endpoints if permission_of(endpoint) is None} == set()
    used = endpoints | {endpoint.partition(".")[0] for endpoint in endpoints}
    assert set(PERMISSIONS) - used == set()
    assert all(
        permission.who <= {*ROLES, ANYBODY, CARRIER, PROGRAM} and permission.what for permission in PERMISSIONS.values()
    )


def who_tries(rule: Rule, number: int, roles: list[str]) -> Iterator[tuple[str, str]]:
    """The verbs and people that try a rule.

    In `make test`: everybody who must be refused, one of those who must not, and one verb that the address does not
    take, by one of the people; the next rule has the next of each. In `.ci/run` every verb and everybody.
    """
    taken, admitted = set(rule.methods or ()) & set(VERBS), permission_of(rule.endpoint).who
    wrong = [(verb, role) for verb in VERBS if verb not in taken for role in roles]
    yield from wrong if WHOLE else wrong[number % len(wrong) :][:1]
    # What is for the carrier, programs or anybody is guarded without looking at roles.
    let_in = [role for role in roles if role in admitted or not admitted & set(ROLES)]
    for verb in sorted(taken):
        yield from ((verb, role) for role in (let_in if WHOLE else let_in[number % len(let_in) :][:1]))
        yield from ((verb, role) for role in roles if role not in let_in)


def test_the_table(app, plain_refusals) -> None:
    """Each view only says that it was reached: what is left is the guards' decision."""
    people = browsers(app)
    for endpoint in list(app.view_functions):
        app.view_functions[endpoint] = lambda **_: "reached"
    tried = 0
    for number, rule in enumerate(app.url_map.iter_rules()):
        permission = permission_of(rule.endpoint)
        assert permission is not None
        for verb, role in who_tries(rule, number, list(people)):
            browser = people[role]
            answer = browser.open(address(rule), method=verb)
            reached = answer.status_code == 200 and answer.data == b"reached"
            tried += 1
            place = f"{verb} {rule} as {role}: {answer.status_code}"
            if verb not in (rule.methods or ()):
                # another rule may have the same address for this verb
                assert answer.status_code == 405 or not reached or _other(app, rule, verb), place
            elif CARRIER in permission.who:
                assert answer.status_code == 403, place
            elif PROGRAM in permission.who:
                assert answer.status_code == 401, place
            elif ANYBODY in permission.who:
                assert reached, place
            elif role == "nobody" and verb == "GET" and permission.polled:
                assert answer.status_code == 401, place  # a page that asks by itself says so
            elif role == "nobody":
                assert (answer.status_code, "/login" in answer.headers.get("Location", "")) == (302, True), place
            else:
                assert reached == (role in permission.who), place
                assert reached or answer.status_code == 404, place
    assert tried > TRIED


def _other(app, rule: Rule, verb: str) -> bool:
    return any(str(one) == str(rule) and verb in (one.methods or ()) for one in app.url_map.iter_rules())


def state() -> dict[str, int]:
    """Everything in the database but that people look and log in."""
    told = {"access_log", "access_head", "log_ins", "task_views", "log_in_delays"}
    with database.reading() as session:
        return {
            table.name: hash(tuple(map(tuple, session.execute(select(table).order_by(*table.primary_key)))).__repr__())
            for table in Base.metadata.sorted_tables
            if table.name not in told
        }


def recording_of(task_id: int) -> int:
    with database.reading() as session:
        found = session.scalar(select(Recording.id).join(VoiceboxMessage).where(VoiceboxMessage.task_id == task_id))
        assert found is not None
        return found


def of_tasks(app) -> Iterator[tuple[Rule, str]]:
    for rule in app.url_map.iter_rules():
        permission = permission_of(rule.endpoint)
        if permission is not None and permission.team and {"task_id", "recording_id"} & rule.arguments:
            for verb in sorted(set(rule.methods or ()) & set(VERBS)):
                yield rule, verb


def test_tasks_of_other_teams_are_not_there(app, plain_refusals) -> None:
    """Really asked: another team's task answers as if there were none, and nothing changes."""
    from ivr.models.accounts import User

    own, foreign = a_task("benefits", text="Guten Tag"), a_task("under_25", text="Guten Tag")
    ids = {task: {"task_id": task, "recording_id": recording_of(task)} for task in (own, foreign)}
    with database.writing() as session:  # Lena answers for Mia's team alone
        lena = session.scalar(select(User).where(User.username == "lena"))
        lena.supervised = [team for team in lena.supervised if team.key == "benefits"]
    people = browsers(app)
    before, tried = state(), 0
    for rule, verb in of_tasks(app):
        for role in ("member", "supervisor"):
            answer = people[role].open(
                address(rule, **ids[foreign]), method=verb, data={"text": "x", "outcome": "reached"}
            )
            assert answer.status_code == 404, f"{verb} {rule} as {role}: {answer.status_code}"
            tried += 1
    assert state() == before
    for number, (rule, verb) in enumerate(of_tasks(app)):
        admitted = [role for role in ("member", "supervisor") if role in permission_of(rule.endpoint).who]
        for role in admitted if WHOLE else admitted[-(number % 2) :][:1]:
            answer = people[role].open(address(rule, **ids[own]), method=verb)
            assert answer.status_code not in (404, 405, 500), f"{verb} {rule} as {role}: {answer.status_code}"
    assert tried > 40


def test_lists_name_no_task_of_another_team(app) -> None:
    own, foreign = a_task("benefits", number="+4915112345678"), a_task("under_25", number="+4915112345678")
    codes = the_task(own).receipt_code, the_task(foreign).receipt_code
    mia = log_in(app.test_client(), "mia")
    pages = [
        mia.get("/desk/?view=all").text,
        mia.get("/desk/?view=all&q=4915112345678").text,
        mia.post("/desk/palette", data={"q": "+4915112345678"}).text,
        mia.post("/desk/selected", data={"action": "export", "task": [own, foreign]}).text,
        mia.get("/desk/readers").text,
    ]
    assert all(codes[1] not in page for page in pages)
    assert sum(codes[0] in page for page in pages) >= 4


def test_administrator_and_officer_see_no_caller(app, plain_refusals) -> None:
    task = a_task("benefits", text="Mein Kühlschrank brummt", number="+4915187654321")
    mia = log_in(app.test_client(), "mia")
    mia.post(f"/desk/tasks/{task}/claim")
    mia.post(f"/desk/tasks/{task}/name", data={"name": "Yıldız Demir"})
    mia.get(f"/desk/tasks/{task}")
    for name in ("adam", "dora"):
        browser, seen = log_in(app.test_client(), name), 0
        for rule in app.url_map.iter_rules():
            if "GET" not in (rule.methods or ()) or rule.endpoint.startswith(
                ("static", "voice", "queue", "legs", "staff")
            ):
                continue
            page = browser.get(address(rule, task_id=task, recording_id=recording_of(task)))
            seen += page.status_code == 200
            for secret in ("15187654321", "Demir", "brummt"):
                assert secret not in page.text, f"{rule} as {name}"
        assert seen > 5


def test_every_page_can_be_reached_from_another_one(app) -> None:
    web = Path(__file__).parent.parent.parent / "ivr" / "web"
    texts = "".join(path.read_text() for path in web.rglob("*.html"))
    linked = set(re.findall(r"""url_for\(\s*['"]([\w.]+)""", texts))
    pages = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in rule.methods
        and (permission := permission_of(rule.endpoint))
        and not permission.who & {CARRIER, PROGRAM}
    }
    for_machines = {
        "api.document",
        "health.healthz",
        "health.readyz",
        "health.completez",
        "monitored.metrics",
        "public.security",
        "voice.hold_music",
        "voice.playback",
        "voice.prompt",
    }
    # Whoever is not logged in is sent there. A view's own redirect to a page of its own is no link.
    sent_to = {"login.page", "login.second_factor", "login.sso_back"}
    unlinked = pages - linked - for_machines - sent_to
    assert not unlinked, f"no template links to {', '.join(sorted(unlinked))}"


def test_who_changes_team_gives_back_what_they_held_and_it_is_written_down(app) -> None:
    theirs, youth = a_task("benefits"), a_task("under_25")
    with database.writing() as session:
        mia = session.scalars(select(User).where(User.username == "mia")).one()
        offboarding.change(session, mia, name=mia.name, role="member", active=True, team_keys=["benefits", "youth"],
                     now=utc_now())  # fmt: skip
        for task_id in (theirs, youth):
            claims.claim(session, session.get_one(CallbackTask, task_id), mia, utc_now())
    adam = log_in(app.test_client(), "adam")
    moved = adam.post(
        f"/administration/people/{mia.id}", data={"name": "Mia", "role": "member", "team": "youth", "active": "1"}
    )
    assert moved.status_code == 302
    with database.reading() as session:
        assert [session.get_one(CallbackTask, task_id).state for task_id in (theirs, youth)] == ["open", "claimed"]
        told = select(TaskEvent.kind).where(TaskEvent.task_id == theirs).order_by(TaskEvent.id.desc()).limit(2)
        assert session.scalars(told).all() == ["released", "claimed"]


def test_who_is_deactivated_is_out_at_once_and_is_not_rung(app) -> None:
    from ivr.contact_centre import agent_presence, duty_roster
    from ivr.models.accounts import Team, User

    mia, adam = log_in(app.test_client(), "mia"), log_in(app.test_client(), "adam")
    with database.writing() as session:
        user = session.scalar(select(User).where(User.username == "mia"))
        agent_presence.start_answering(session, user, "+49421555", ["de"], utc_now())
        team = session.scalar(select(Team.id).where(Team.key == "benefits"))
    with database.reading() as session:
        assert duty_roster.somebody_answers(session, team, utc_now())
    changed = adam.post(f"/administration/people/{user.id}", data={"name": "Mia", "role": "member", "team": "benefits"})
    assert changed.status_code == 302
    assert mia.get("/desk/").status_code == 302
    with database.reading() as session:
        assert not duty_roster.somebody_answers(session, team, utc_now())
    with database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM access_log WHERE action = 'user_changed'")) == 1
