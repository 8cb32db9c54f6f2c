"""Where the files are that stand beside the package in a clone, and inside it where a wheel was installed."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def beside_the_package(name: str) -> Path:
    """A file or directory of the product, such as `voice_prompts`."""
    inside = _PACKAGE / name
    return inside if inside.exists() else _PACKAGE.parent / name
