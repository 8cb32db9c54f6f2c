"""Rendered prompts."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.prompts import recordings
from tests.support.whole_run import shared_directory


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Audio of the languages the carrier has no voice for, rendered once."""
    return shared_directory(tmp_path_factory, "rendered")


@pytest.fixture
def studio(empty_database, rendered: Path) -> None:
    """The empty_database, with the rendered prompts at hand."""
    empty_database.var_dir.mkdir(exist_ok=True)
    (empty_database.var_dir / "prompts").symlink_to(rendered)
    recordings._cache.clear()
