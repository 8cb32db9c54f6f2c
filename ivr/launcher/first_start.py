"""What local mode makes once, so that a newcomer can try everything: log-ins, and speech models if it can."""

from __future__ import annotations

import json
import secrets
from contextlib import suppress

from sqlalchemy import select

from ivr.accounts import users
from ivr.config.settings import Settings
from ivr.launcher.process_supervisor import say
from ivr.models.accounts import User
from ivr.platform import database, private_files

_PEOPLE = (
    ("mitarbeit", "Mika Mitarbeit", "member", "team member, all teams"),
    ("leitung", "Lena Leitung", "supervisor", "supervisor, all teams"),
    ("verwaltung", "Adam Admin", "administrator", "administrator"),
    ("datenschutz", "Dora Datenschutz", "officer", "data protection officer"),
)
_MODELS = ("de", "en")


def logins(settings: Settings) -> list[tuple[str, str, str]]:
    """(user name, password, what they are) of the demo log-ins; made at the first start, then the same."""
    path = settings.var_dir / "demo-logins.json"
    passwords = json.loads(path.read_text()) if path.exists() else {}
    with database.writing() as session:
        for username, name, role, _ in _PEOPLE:
            if session.scalar(select(User.id).where(User.username == username)) is None:
                passwords[username] = secrets.token_urlsafe(9)
                users.add(session, username, name, role, passwords[username], list(settings.teams), demo=True)
    private_files.make_directory(path.parent)
    private_files.make_file(path)
    path.write_text(json.dumps(passwords))
    return [(username, passwords.get(username, "(as you set it)"), what) for username, _, _, what in _PEOPLE]


def fetch_models_once(settings: Settings) -> None:
    """Try once to get the small German and English models; without them everything else works."""
    from ivr.transcription import engines
    from ivr.transcription.download_progress import fetch_with_progress
    from ivr.transcription.vosk_engine import installed_languages

    tried = settings.model_dir / ".tried"
    wanted = [language for language in _MODELS if language in settings.enabled_languages]
    missing = [language for language in wanted if language not in installed_languages()]
    if missing and not tried.exists():
        settings.model_dir.mkdir(parents=True, exist_ok=True)
        tried.touch()
        with suppress(OSError):  # nobody takes what is said of the progress
            for language in missing:
                if not fetch_with_progress(language):
                    break
    missing = [language for language in wanted if not engines.at_hand(language)]
    if missing:
        say(
            f"No speech model for {', '.join(missing)}: these messages wait for their transcripts. "
            f"Add it any time: python -m ivr models fetch {' '.join(missing)}"
        )
