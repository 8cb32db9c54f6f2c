"""Loads the fixtures, which live in tests/plugins; helpers without fixtures live in tests/support."""

import gc
import os

import pytest
from hypothesis import HealthCheck, settings

from tests.support import temporary_files

temporary_files.use_memory()
gc.disable()  # what is collected stays until the end
#: Callers of tests press keys without a pause; the story about doubled keys sets it.
os.environ.setdefault("DOUBLED_KEY_MS", "0")
# How long an example takes depends on what else the machine does. Speed is measured by benchmarks.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

pytest_plugins = [
    "tests.plugins.distribution",
    "tests.plugins.compiled_once",
    "tests.plugins.databases",
    "tests.plugins.row_order",
    "tests.plugins.hotlines",
    "tests.plugins.call_queue",
    "tests.plugins.webhooks",
    "tests.plugins.simulated",
    "tests.plugins.desk",
    "tests.plugins.nonsense",
    "tests.plugins.carriers",
    "tests.plugins.browsers",
    "tests.plugins.speech",
    "tests.plugins.reporting",
    "tests.plugins.prompts",
    "tests.plugins.privacy",
]


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Modules and tests stay until the end: the search for garbage, a tenth of all the time, passes them by."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)
    gc.enable()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A recording is named by its length; its bytes would fill the screen."""
    return f"{argname} of {len(val)} bytes" if isinstance(val, bytes) and len(val) > 100 else None
