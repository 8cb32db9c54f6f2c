"""The sample month: what happened in it, and the same counted. It happens once; other tests get a copy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ivr.config import settings as configuration
from ivr.platform import database
from tests.support import sample_month
from tests.support.environment import forget_settings
from tests.support.whole_run import made_once, shared_directory


@pytest.fixture(scope="session")
def kept_months(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files of the sample month are kept."""
    return shared_directory(tmp_path_factory, "months")


@pytest.fixture
def happened(empty_database, kept_months: Path) -> None:
    """A month that has happened, and was not counted."""
    _copy_of(kept_months / "happened", sample_month.happen)


@pytest.fixture
def counted(empty_database, kept_months: Path) -> None:
    """A month that has been counted."""

    def happen_and_count() -> None:
        _copy_of(kept_months / "happened", sample_month.happen)
        sample_month.count()

    _copy_of(kept_months / "counted", happen_and_count)


def _copy_of(kept: Path, make: Callable[[], None]) -> None:
    if database.engine().dialect.name != "sqlite":
        make()
        return
    var_dir = configuration.settings().var_dir
    with made_once(kept) as is_mine:
        if is_mine:
            make()
            forget_settings()
            shutil.copytree(var_dir, kept)
            return
    forget_settings()
    shutil.copytree(kept, var_dir, dirs_exist_ok=True)
