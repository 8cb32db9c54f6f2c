"""The running hotline that most whole calls share, and its callers.

Several hotlines may run at once; before each test the settings of this process become those of the hotline that the
test asks for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from tests.plugins.distribution import is_started_once
from tests.support import line_kinds
from tests.support.caller import Caller
from tests.support.databases import Databases
from tests.support.environment import leave_environment
from tests.support.running_hotline import RunningHotline, reader

#: By the fixtures that have started them: a module may have one of its own, of the name of the one that all others use.
_running: dict[pytest.FixtureDef[object], RunningHotline] = {}
#: Of the hotlines of the whole run, by their groups of tests: how many tests have yet to use them.
_still_needed: Counter[tuple[pytest.FixtureDef[object], str]] = Counter()


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object]) -> Generator[None, object, object]:
    """Note which fixtures have started a hotline."""
    value = yield
    if isinstance(value, RunningHotline):
        _running[fixturedef] = value
    return value


def pytest_fixture_post_finalizer(fixturedef: pytest.FixtureDef[object]) -> None:
    """Forget a hotline that has been stopped."""
    _running.pop(fixturedef, None)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Enter the hotline that the test asks for; leave every hotline where it asks for none."""
    for name in getattr(item, "fixturenames", ()):
        if (fixture := _fixture(item, name)) in _running:
            _running[fixture].enter()
            return
    leave_environment()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Count the tests of each hotline. A pytest-xdist worker runs those of one group or none of them."""
    _still_needed.update((fixture, _group(item)) for item in session.items if (fixture := _shared_hotline(item)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Stop a hotline after the last test that needs it: its processes would go on looking for work.

    Where another group of tests needs one like it, which some other worker probably runs, it only rests.
    """
    yield
    if (fixture := _shared_hotline(item)) is None:
        return
    _still_needed[fixture, _group(item)] -= 1
    if fixture not in _running or _still_needed[fixture, _group(item)]:
        return
    leave_environment()
    if any(number for (other, _), number in _still_needed.items() if other is fixture):
        _running[fixture].rest()
    else:
        _running[fixture].stop()


def _group(item: pytest.Item) -> str:
    """The tests that run on the same pytest-xdist worker as this one."""
    return " ".join(str(mark.args[0]) for mark in item.iter_markers("xdist_group"))


def _shared_hotline(item: pytest.Item) -> pytest.FixtureDef[object] | None:
    """The fixture of the hotline of the whole run that a test uses, if it uses one."""
    names = ("hotline", "call_queue_hotline")
    return next((_fixture(item, name) for name in names if is_started_once(item, name)), None)


def _fixture(item: pytest.Item, name: str) -> pytest.FixtureDef[object] | None:
    """What a test means by the name of a fixture."""
    found = item._fixtureinfo.name2fixturedefs.get(name) if isinstance(item, pytest.Function) else None
    return found[-1] if found else None


@pytest.fixture(scope="session")
def hotline(
    tmp_path_factory: pytest.TempPathFactory, korean_model: Path, databases: Databases
) -> Iterator[RunningHotline]:
    """The shared running hotline."""
    models = tmp_path_factory.mktemp("models")  # a directory of its own, because tests add models to it
    (models / "ko").symlink_to(korean_model / "ko")
    hotline = RunningHotline(tmp_path_factory.mktemp("hotline"), models, **databases.settings())
    yield hotline
    hotline.stop()


@pytest.fixture(scope="session")
def api(hotline: RunningHotline) -> Callable[..., dict]:
    """Reads the API of the shared hotline."""
    return reader(hotline)


@pytest.fixture
def tasks_of(hotline: RunningHotline, api: Callable[..., dict]) -> Callable[[str], list[dict]]:
    """The tasks of a call (there should be one or none)."""
    return lambda call_sid: api("/tasks", call_sid=call_sid)["tasks"]


@pytest.fixture
def caller(hotline: RunningHotline) -> Iterator[Callable[..., Caller]]:
    """A person who can ring the hotline: `caller(at="closed").dials()`."""
    callers: list[Caller] = []

    def a_caller(**wishes: object) -> Caller:
        callers.append(line_kinds.caller(hotline.switch, **wishes))  # type: ignore[arg-type]
        return callers[-1]

    yield a_caller
    for one in callers:
        one.gives_up()
