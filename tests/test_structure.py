"""What holds for the code as a whole. Which way imports point is checked by import-linter (see pyproject.toml)."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from sqlalchemy import CheckConstraint, inspect

from ivr.domain import enums
from ivr.domain.enums import WorkKind
from ivr.web import security_headers
from ivr.workers import runner
from tests.support.production_secrets import MASTER_KEY, SECRET

ROOT = Path(__file__).parent.parent


def test_the_softphone_is_not_there_in_production(monkeypatch: pytest.MonkeyPatch, empty_database) -> None:
    from ivr.config import settings as configuration
    from ivr.web import app as composition

    settings = configuration.load(
        mode="production", public_base_url="https://x.example", twilio_account_sid="AC1", twilio_auth_token=SECRET,
        secret_key=SECRET, audio_master_keys=MASTER_KEY, trusted_proxies=0,
    )  # fmt: skip
    monkeypatch.setattr(composition, "settings", lambda: settings)
    monkeypatch.setattr(security_headers, "settings", lambda: settings)
    app = composition.create_app()
    assert not [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("softphone")]
    assert app.config["SESSION_COOKIE_SECURE"]
    assert "max-age=63072000" in app.test_client().get("/healthz").headers["Strict-Transport-Security"]


def test_the_queues_declared_are_the_queues_watched(hotline) -> None:
    from ivr.platform import job_queue

    watched = job_queue.workers_alive(job_queue.impatient())
    assert set(watched) == set(job_queue.names())
    assert all(watched.values())


def test_every_kind_of_work_has_somebody_who_does_it() -> None:
    added = set()
    for _, tree in source_files("outbox.add", foreign=()):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "outbox.add":
                added.add(ast.unparse(node.args[1]).removeprefix("WorkKind."))
    never = ", ".join(sorted({kind.name for kind in WorkKind} - added))
    assert not never, f"no outbox.add(…) anywhere for {never}"
    assert added <= {kind.name for kind in WorkKind}
    assert set(runner.HANDLERS) == set(WorkKind)


#: Values of enumerations that are names of other things as well: steps, metrics, columns, endpoints.
AMBIGUOUS = {
    "access_log", "age_group", "at_risk", "call_record", "called_again", "calls_by_country", "forms_sent",
    "hand_over", "held_off",
    "hung_up", "log_in", "log_out", "no_interpreter", "no_number", "not_reached", "number_given", "place_kept",
    "put_off", "remembered_language", "sms_link", "sms_missed", "sms_appointment", "text_messages_by_country",
}  # fmt: skip
#: Fields of the interface for programs and of copies for data subjects that are named like a kind of task.
FIELDS = {
    ("api_models.py", "postal_order"),
    ("subject_access.py", "postal_order"),
    ("personal_data.py", "postal_order"),
}
#: They speak other vocabularies: the local carrier its own, version 0 of the call state that of the version before.
FOREIGN = ("migrations", "enums", "local_carrier")


def source_files(
    *words: str, foreign: Collection[str] = (*FOREIGN, "state_v0.py")
) -> Iterator[tuple[Path, ast.Module]]:
    """Files of the product in which one of the words stands; all if none is given."""
    for path in sorted((ROOT / "ivr").rglob("*.py")):
        text = "" if set(foreign) & set(path.parts) else path.read_text()
        if text and (not words or any(word in text for word in words)):
            yield path, ast.parse(text)


def test_values_of_enumerations_are_spelled_in_one_place() -> None:
    members = (getattr(enums, name) for name in enums.__all__)
    values = {member.value for enumeration in members for member in enumeration}
    values = {value for value in values if "_" in value} - AMBIGUOUS
    assert {"postal_order", "no_answer", "number_invalid", "under_25", "please_listen"} < values
    spelled = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.value!r}"
        for path, tree in source_files()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in values and (path.name, node.value) not in FIELDS
    ]
    assert spelled == []


def test_modules_and_functions_stay_short() -> None:
    """A module has at most 350 lines, a function 50. Migrations are exempt."""
    too_long = []
    for path in sorted((ROOT / "ivr").rglob("*.py")):
        if "migrations" in path.parts:
            continue
        text = path.read_text()
        if (lines := text.count("\n")) > 350:
            too_long.append(f"{path}: {lines}")
        functions = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef))
        too_long += [
            f"{path}: {one.name}: {length}"
            for one in functions
            if (length := (one.end_lineno or 0) - one.lineno + 1) > 50
        ]
    assert too_long == []


def test_one_module_makes_the_events_of_tasks() -> None:
    makes = {
        path.name
        for path, tree in source_files("TaskEvent")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("TaskEvent", "insert"))
        if ast.unparse(node.func).endswith("TaskEvent") or "TaskEvent" in map(ast.unparse, node.args)
    }
    assert makes == {"events.py"}


def test_two_modules_change_the_state_of_tasks() -> None:
    found = source_files("TaskState", *TASK_STATES)
    changes = {path.name for path, tree in found for node in ast.walk(tree) if changes_a_task(node)}
    assert changes == {"claims.py", "workflow.py"}


def changes_a_task(node: ast.AST) -> bool:
    """Whether a piece of code sets the state of a callback task: `task.state = …`, or `"state": TaskState.…`."""
    if isinstance(node, ast.Assign):
        targets = [part for target in node.targets for part in ast.walk(target)]
        return any(isinstance(part, ast.Attribute) and ast.unparse(part) in TASK_STATES for part in targets)
    if isinstance(node, ast.Dict):
        entries = zip(node.keys, node.values, strict=True)
        return any(
            key and ast.unparse(key) == "'state'" and "TaskState." in ast.unparse(value) for key, value in entries
        )
    if isinstance(node, ast.Call):
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        is_filter = ast.unparse(node.func).endswith(("Filters", "page"))
        return "TaskState." in given.get("state", "") and not is_filter
    return False


TASK_STATES = {"task.state", "earlier.state", "found.state", "conversation.task.state"}


def strings(catalogue) -> set[tuple[str, str]]:
    return {
        (str(list(m.id) if m.pluralizable else m.id), str(tuple(m.string) if m.pluralizable else m.string))
        for m in catalogue
        if m.id
    }


def test_the_german_catalogue_is_complete_and_compiled() -> None:
    directory = ROOT / "ivr" / "web" / "translations" / "de" / "LC_MESSAGES"
    with (directory / "messages.po").open("rb") as file:
        german = read_po(file, locale="de")
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None, "_n": (1, 2)}
    options = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
    texts = {message for _, _, message, _, _ in extract_from_dir(ROOT / "ivr", options, keywords=keywords)}
    missing = [text for text in texts if not german.get(text) or not german.get(text).string]
    assert missing == [], "run `make translations` and translate"
    with (directory / "messages.mo").open("rb") as file:
        compiled = strings(read_mo(file))
    assert compiled == strings(german), "run `make translations`"


def test_the_schema_is_what_the_migrations_make(empty_database) -> None:
    from alembic import command

    from ivr.platform.schema import alembic_config

    command.check(alembic_config())


def test_the_database_allows_the_values_that_the_enumerations_have(empty_database) -> None:
    """A new kind of task, alert or role needs a migration, because the database checks the values it stores."""
    from ivr.platform import database
    from ivr.platform.orm import Base

    inspector = inspect(database.engine())
    wrong = []
    made = inspector.get_table_names()  # a table without a migration is named by the test above
    for table in (table for table in Base.metadata.sorted_tables if table.name in made):
        allowed = {check["name"]: values_in(check["sqltext"]) for check in inspector.get_check_constraints(table.name)}
        for check in (check for check in table.constraints if isinstance(check, CheckConstraint)):
            if differing := values_in(str(check.sqltext)) ^ allowed[check.name]:
                wrong.append(f"{check.name}: a migration is missing for {', '.join(sorted(differing))}")
    assert wrong == []


def values_in(condition: str) -> set[str]:
    return set(re.findall(r"'(\w+)'", condition))


def test_the_picture_of_the_packages_is_the_rule_of_imports() -> None:
    """docs/architecture.md draws the floors that the layers contract in pyproject.toml enforces, and every package."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = pyproject["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    rule = [tuple(package.removeprefix("ivr.") for package in layer.split(" | ")) for layer in layers]
    document = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    picture = document.partition("<!-- layers -->")[2].split("```")[1]
    lines = [line for line in picture.splitlines() if line[:1] == " " and line[1:2] != " "]
    drawn = [tuple(re.split(r" {2,}", line.strip())[0].split(" │ ")) for line in lines]
    assert drawn == rule
    known = {package for layer in rule for package in layer}
    packages = {path.parent.name for path in (ROOT / "ivr").glob("*/__init__.py")} - {"migrations"}
    assert packages == known - {"__main__"}
