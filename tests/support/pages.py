"""What holds for every page."""

from __future__ import annotations


def csp_is_strict(answer) -> bool:
    """Whether the page may load nothing from other hosts and run no inline code."""
    policy = answer.headers["Content-Security-Policy"]
    return "default-src 'self'" in policy and "unsafe" not in policy
