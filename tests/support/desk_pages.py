"""Reads what a page of the desk shows."""

from __future__ import annotations

import re


def count_of_view(page: str, view: str) -> str:
    """The number that stands beside a view in the side bar."""
    found = re.search(rf'view={view}"[^>]*>.*?<span class="side-count">(\S+)</span>', page, re.DOTALL)
    assert found is not None, f"the side bar has no view {view}"
    return found[1]
