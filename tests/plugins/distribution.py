"""Which tests run, and on which pytest-xdist worker."""

from __future__ import annotations

import os

import pytest

from tests.support.volume import LEVEL, LEVELS

#: Fixtures that are started once a run; a test that uses one runs on the worker that has started it.
SHARED = ("call_queue_hotline", "hotline", "busy_hotline", "fragile_hotline", "hotline_on_it")

#: What a whole run tests from `.ci/run` on: work of the night, of operators, administrators and officers, recognition,
#: papers and reports, the other database: a third of the time. A file or folder that is named is tested at once.
FROM_CI = (
    "tests/accounts/", "tests/audit/", "tests/callbacks/test_alert_delivery.py",
    "tests/callbacks/test_carrier_faults.py", "tests/carrier/test_account_check.py", "tests/cli/", "tests/launcher/",
    "tests/notices/test_further_languages.py", "tests/operations/", "tests/platform/test_connection_pools.py",
    "tests/platform/test_kept_plans.py", "tests/privacy/", "tests/prompts/test_distances.py",
    "tests/prompts/test_rendering.py", "tests/prompts/test_script.py", "tests/prompts/test_translations.py",
    "tests/reporting/", "tests/soak/", "tests/stories/test_pgbouncer.py", "tests/telephony/test_locked_rows.py",
    "tests/test_distribution.py", "tests/test_structure.py", "tests/transcription/", "tests/web/test_addresses.py",
    "tests/web/test_api.py", "tests/web/test_api_directory.py", "tests/web/test_api_notices.py",
    "tests/web/test_app.py", "tests/web/test_appearance.py", "tests/web/test_call_actions.py",
    "tests/web/test_callback_tools.py", "tests/web/test_costs.py", "tests/web/test_failed_forms.py",
    "tests/web/test_guessed_passwords.py", "tests/web/test_held_streams.py", "tests/web/test_interpreter_bookings.py",
    "tests/web/test_kept_forms.py", "tests/web/test_kept_rows.py", "tests/web/test_macros.py",
    "tests/web/test_mentions_and_tags.py", "tests/web/test_monitoring.py", "tests/web/test_names_of_people.py",
    "tests/web/test_person.py", "tests/web/test_reports.py", "tests/web/test_representatives.py",
    "tests/web/test_roster.py", "tests/web/test_sealed_values.py", "tests/web/test_security_headers.py",
    "tests/web/test_seldom_pressed.py", "tests/web/test_settings_pages.py", "tests/web/test_shared_views.py",
    "tests/web/test_slow_clients.py", "tests/web/test_statements_of_pages.py", "tests/web/test_uploads.py",
    "tests/workers/test_carrier_reconciliation.py", "tests/workers/test_synthetic_call.py",
)  # fmt: skip

#: What a whole run tests from `make soak` on: what costs minutes and guards what seldom changes.
FROM_SOAK = (
    "tests/accounts/test_demo_logins.py", "tests/operations/test_seeding_a_running_house.py",
    "tests/operations/test_wide_ids.py", "tests/platform/test_private_files.py", "tests/prompts/test_recognition.py",
    "tests/telephony/test_locked_rows.py", "tests/transcription/test_model_trial.py",
)  # fmt: skip

#: The group of browsers with the hotline that most tests share: they have one of their own, beside that of the stories,
#: which would otherwise wait for each other longer than everything else takes.
BROWSERS = "hotline_browsers"

#: The group of those that need both cores while they run: a second one beside it would spoil what they measure.
LOAD = "load"

#: The groups of those that mostly wait, for answers that come late and for sound in its own time: a process waits for
#: all of a group while others keep the cores busy.
WAIT = {
    "waiting_for_answers": (
        "tests/carrier/test_account_check.py", "tests/carrier/test_answers.py", "tests/carrier/test_bad_input.py",
        "tests/carrier/test_dialects.py", "tests/cli/test_carrier_setup.py", "tests/callbacks/test_carrier_faults.py",
    ),
    "waiting_for_others": (
        "tests/local_carrier/sip/", "tests/local_carrier/test_clients.py", "tests/local_carrier/test_verbs.py",
        "tests/platform/test_connection_pools.py", "tests/platform/test_kept_plans.py",
        "tests/telephony/test_locked_rows.py", "tests/workers/test_queued_job.py",
        "tests/workers/test_synthetic_call.py",
    ),
}  # fmt: skip

#: What takes longest begins first, so that no process has a long test left while the others have ended. Browsers and
#: backups come before the stories, which leave more tasks in the shared hotline than a page shows, and spoilt audio.
LONGEST_FIRST = (
    "tests/browser/", "tests/operations/", "tests/stories/", "tests/workers/", "tests/soak/",
    "tests/web/test_proxies.py", "tests/web/test_bad_input.py", "tests/web/test_slow_clients.py", "tests/launcher/",
    "tests/prompts/test_recognition.py",
)  # fmt: skip


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what belongs to another run; put the tests of one shared fixture into one group."""
    further = _further_inputs(items)
    rare, later = set[pytest.Item](), set[pytest.Item]()
    if _is_whole(config):
        rare = {item for item in items if item.nodeid.startswith(FROM_SOAK)}
        later = {item for item in items if item.nodeid.startswith(FROM_CI)}
    for item in items:
        if any(mark.args[0] in ("ci", "soak") for mark in item.iter_markers("since")):
            item.add_marker(pytest.mark.soak)  # what leaves `make test` is in `make soak`
    with_volume = {item for item in items if item.get_closest_marker("soak")} - further
    for item in further | later | rare:
        item.add_marker(pytest.mark.soak)
    elsewhere: set[pytest.Item] = set()
    if config.getoption("dist", "no") != "no" or hasattr(config, "workerinput"):
        elsewhere |= {item for item in items if item.get_closest_marker("alone")}
        elsewhere |= further | rare if LEVELS.index("ci") >= LEVEL else set()
        elsewhere |= later if LEVELS.index("ci") > LEVEL else set()
    chosen = [item for item in items if _belongs_to_this_run(item) and item not in elsewhere]
    if len(chosen) < len(items):
        kept = set(chosen)
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = chosen
    items.sort(key=_rank)  # a stable sort: the order within is that of the files
    for item in items:
        if group := _group(item, has_volume=item in with_volume):
            item.add_marker(pytest.mark.xdist_group(group))


def _is_whole(config: pytest.Config) -> bool:
    """Whether no folder or file was named."""
    named = {(config.rootpath / name).resolve() for name in config.args}
    return named == {config.rootpath / name for name in config.getini("testpaths")}


@pytest.hookimpl(trylast=True, specname="pytest_collection_modifyitems")
def pytest_name_the_groups(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Append the group to the id of a test, by which pytest-xdist distributes.

    pytest-xdist 3.8 sets `_nodeid` for this, which pytest since 9.2 does not read: each worker would start every
    shared hotline.
    """
    if not getattr(config.option, "loadgroup", False):  # not a worker of `--dist loadgroup`
        return
    for item in items:
        groups = sorted({str(mark.args[0]) for mark in item.iter_markers("xdist_group")})
        suffix = f"@{'_'.join(groups)}"
        if groups and not item.nodeid.endswith(suffix):
            item._id = type(item._id).parse(f"{item.nodeid}{suffix}")


def _further_inputs(items: list[pytest.Item]) -> set[pytest.Item]:
    """The inputs of each test but the first: `make soak` takes them, and so does a file that is tested alone.

    Browser tests that are left to `.ci/run` take all of theirs there: each is another role or window.
    """
    known, further = set[str](), set[pytest.Item]()
    for item in items:
        test = item.nodeid.partition("[")[0]
        is_left = item.get_closest_marker("since") is not None
        if not _belongs_to_this_run(item) or (is_left and test.startswith("tests/browser/")):
            continue
        if test in known:
            further.add(item)
        known.add(test)
    return further


def _group(item: pytest.Item, *, has_volume: bool) -> str:
    """The fixture that is started once. What has its whole volume needs both cores, so it runs one after the other."""
    shared = next((name for name in SHARED if is_started_once(item, name)), "")
    if shared == "hotline" and item.nodeid.startswith("tests/browser/"):
        shared = BROWSERS
    # From `.ci/run` on its callers alone keep both cores busy.
    is_load = shared == "busy_hotline" and LEVELS.index("ci") <= LEVEL
    if is_load or (shared and has_volume and LEVELS.index("soak") <= LEVEL):
        return LOAD
    return shared or next((group for group, start in WAIT.items() if item.nodeid.startswith(start)), "") or _file(item)


def _file(item: pytest.Item) -> str:
    """The file of a test that uses a fixture of its module: each worker with a part of them would start it again."""
    found = item._fixtureinfo.name2fixturedefs.values() if isinstance(item, pytest.Function) else ()
    return item.nodeid.partition("::")[0] if any(each[-1].scope == "module" for each in found) else ""


def is_started_once(item: pytest.Item, name: str) -> bool:
    """Whether a test uses a fixture that outlives it; several files have one of the same name for each test."""
    found = item._fixtureinfo.name2fixturedefs.get(name) if isinstance(item, pytest.Function) else None
    return bool(found) and found[-1].scope != "function"


def _rank(item: pytest.Item) -> int:
    places = (place for place, start in enumerate(LONGEST_FIRST) if item.nodeid.startswith(start))
    return next(places, len(LONGEST_FIRST))


def _belongs_to_this_run(item: pytest.Item) -> bool:
    """Whether the run is long enough for a test, and of its carrier; with PostgreSQL, whether it uses the database."""
    carriers = {mark.args[0] for mark in item.iter_markers("carrier")}
    if carriers and os.environ.get("CARRIER", "twilio") not in carriers:
        return False
    since = max((LEVELS.index(mark.args[0]) for mark in item.iter_markers("since")), default=0)
    needs_database = "databases" in getattr(item, "fixturenames", ()) and not item.get_closest_marker("sqlite")
    if os.environ.get("DATABASE", "sqlite") != "sqlite" and not needs_database:
        return False
    return since <= LEVEL
