"""A month that has been counted."""

from __future__ import annotations

import pytest

from tests.support import sample_month


@pytest.fixture
def counted(empty_database) -> None:
    sample_month.happen()
    sample_month.count()
