"""Which tests run, and on which pytest-xdist worker."""

from __future__ import annotations

import pytest

from tests.support.volume import LEVEL, LEVELS

#: Fixtures that are started once a run; a test that uses one runs on the worker that has started it.
SHARED = ("call_queue_hotline", "hotline", "busy_hotline", "fragile_hotline")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what belongs to a longer run; put the tests of one shared fixture into one group."""
    chosen, later = [], []
    for item in items:
        since = max((LEVELS.index(mark.args[0]) for mark in item.iter_markers("since")), default=0)
        (chosen if since <= LEVEL else later).append(item)
    if later:
        config.hook.pytest_deselected(items=later)
        items[:] = chosen
    for item in items:
        for name in SHARED:
            if name in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.xdist_group(name))
                break
