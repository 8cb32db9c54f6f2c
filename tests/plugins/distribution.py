"""Which tests share a pytest-xdist worker: those that share a running hotline."""

from __future__ import annotations

import pytest

#: Fixtures that are started once a run; a test that uses one runs on the worker that has started it.
SHARED = ("call_queue_hotline", "hotline", "busy_hotline", "fragile_hotline")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of one shared fixture into one group."""
    for item in items:
        for name in SHARED:
            if name in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.xdist_group(name))
                break
