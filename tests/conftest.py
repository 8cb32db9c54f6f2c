"""Loads the fixtures, which live in tests/plugins; helpers without fixtures live in tests/support."""

from tests.support import temporary_files

temporary_files.use_memory()

pytest_plugins = [
    "tests.plugins.distribution",
    "tests.plugins.databases",
    "tests.plugins.hotlines",
    "tests.plugins.call_queue",
    "tests.plugins.webhooks",
    "tests.plugins.desk",
    "tests.plugins.carriers",
    "tests.plugins.browsers",
    "tests.plugins.speech",
    "tests.plugins.reporting",
    "tests.plugins.prompts",
    "tests.plugins.privacy",
]
