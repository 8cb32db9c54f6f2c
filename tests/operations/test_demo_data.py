"""The made-up hotline: believable, complete, and never in production."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from ivr.cli import hotline as command_line
from ivr.models.callbacks import CallbackTask
from ivr.models.voicebox import Recording
from ivr.platform import database
from ivr.voicebox import audio_store
from tests.support.production_secrets import PRODUCTION
from tests.support.volume import volume


@pytest.mark.soak
def test_a_hotline_is_filled_and_can_be_worked_in(desk) -> None:
    days = str(volume(test=3, ci=5, soak=12))
    answer = CliRunner().invoke(command_line, ["demo", "seed", "--days", days, "--calls-per-day", "60"])
    assert answer.exit_code == 0, answer.output
    with database.reading() as session:
        for column, least in ((CallbackTask.language, 8), (CallbackTask.kind, 3), (CallbackTask.state, 3)):
            assert len(set(session.scalars(select(column)))) >= least
        assert session.scalar(select(func.count(CallbackTask.breached_at))) > 0
        for sid in session.scalars(select(Recording.recording_sid)):
            assert audio_store.has(sid)
    browser = desk("lena")
    for path in ("/desk/?view=all", "/desk/?view=due", "/desk/?q=mueller&view=all", "/desk/live/"):
        assert browser.get(path).status_code == 200
    again = CliRunner().invoke(command_line, ["demo", "seed", "--days", "1", "--calls-per-day", "5", "--seed", "2"])
    assert again.exit_code == 0, again.output


@pytest.mark.since("ci")
def test_a_new_concern_and_a_new_language_need_no_change_of_the_demo_data(desk, monkeypatch) -> None:
    """Concerns without a weight are drawn too. Callers in a language without sentences ask for callbacks."""
    from ivr.operations import demo_data, demo_messages

    monkeypatch.setattr(demo_data, "_CONCERN_WEIGHTS", {})
    for language in ("tr", "ru", "uk", "ar"):
        monkeypatch.delitem(demo_messages.SENTENCES, language)
    answer = CliRunner().invoke(command_line, ["demo", "seed", "--days", "3", "--calls-per-day", "60"])
    assert answer.exit_code == 0, answer.output
    with database.reading() as session:
        assert len(set(session.scalars(select(CallbackTask.concern)))) >= 6
        assert set(session.scalars(select(CallbackTask.language))) & {"tr", "ru", "uk", "ar"}


def test_never_in_production(empty_database, monkeypatch) -> None:
    from ivr.config import settings

    production = {
        "MODE": "production", "PUBLIC_BASE_URL": "https://x.example", "TWILIO_ACCOUNT_SID": "AC1",
        **PRODUCTION,
    }  # fmt: skip
    for name, value in production.items():
        monkeypatch.setenv(name, value)
    settings.settings.cache_clear()
    answer = CliRunner().invoke(command_line, ["demo", "seed"])
    assert (answer.exit_code, "local mode only" in answer.output) == (1, True), answer.output
    with database.reading() as session:
        assert session.scalar(select(func.count(CallbackTask.id))) == 0
