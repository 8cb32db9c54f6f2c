"""A real Chromium, and the people who work with it at the shared hotline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from tests.support.browser import FLAGS, chromium
from tests.support.people import PASSWORD
from tests.support.running_hotline import RunningHotline

if TYPE_CHECKING:
    from playwright.sync_api import Playwright


@pytest.fixture(scope="module")
def playwright():
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=30_000)  # a busy machine takes longer than the usual five seconds for a page
    with sync_playwright() as player:
        yield player


@pytest.fixture(scope="module")
def browser(playwright: Playwright):
    browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture(autouse=True)
def windows_closed(request: pytest.FixtureRequest) -> Iterator[None]:
    """A window that stays open would go on asking the hotline what is new, during all tests that follow."""
    yield
    for value in (request.node.funcargs.get(name) for name in ("browser", "windows")):
        for context in list(getattr(value, "contexts", ())):
            context.close()


@pytest.fixture(scope="session")
def people(hotline: RunningHotline) -> None:
    """A member and a supervisor of every team have accounts at the shared hotline."""
    from ivr.accounts import users
    from ivr.models.accounts import User
    from ivr.platform import database

    with database.writing() as session:
        if session.scalar(select(User.id).where(User.username == "mia")) is None:
            users.add(session, "mia", "Mia Mitglied", "member", PASSWORD, list(hotline.settings.teams))
            users.add(session, "lena", "Lena Leitung", "supervisor", PASSWORD, list(hotline.settings.teams))


@pytest.fixture(autouse=True)
def usual_choices(request: pytest.FixtureRequest) -> None:
    """Nobody of the shared hotline goes on with what a test before has chosen."""
    if "people" not in request.fixturenames:
        return
    request.getfixturevalue("people")
    from ivr.models.accounts import User
    from ivr.platform import database

    with database.writing() as session:
        session.execute(update(User).values(alerts=False, single_keys=True))


@pytest.fixture
def windows(playwright: Playwright, tmp_path: Path):
    """Browsers whose microphone hears human speech; one for each person."""
    import soxr

    from ivr.audio.wav import Sound, write_wav
    from tests.support.speech import human_speech

    spoken = human_speech(20)
    (tmp_path / "voice.wav").write_bytes(write_wav(Sound(soxr.resample(spoken.samples, 8000, 48000), 48000)))
    flags = [*FLAGS, "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    flags += [
        f"--use-file-for-fake-audio-capture={tmp_path / 'voice.wav'}%noloop",
        "--autoplay-policy=no-user-gesture-required",
    ]
    browser = playwright.chromium.launch(executable_path=chromium(), args=flags)
    yield browser
    browser.close()
