"""The guided way from an account at the carrier to a hotline that is called: step by step, and resumable."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ivr.cli.carrier_answers import plainly, require_twilio, show
from ivr.cli.groups import HotlineCommand
from ivr.cli.parameters import Telephone

if TYPE_CHECKING:
    from ivr.carrier.account_mending import Change
    from ivr.carrier.finding import Finding

    Check = Callable[[], Iterator[Finding]]
    Mend = Callable[[], Iterator[Change]]

#: Settings that the steps depend on: all are gone through again when one of them has changed.
_SETTINGS = (
    "account_sid", "auth_tokens", "twilio_api_key", "twilio_api_secret", "hotline_number", "staff_number",
    "dialled_languages", "twilio_region", "twilio_edge",
    "calls_url", "fallback_url", "callback_countries", "text_countries", "sms_sender", "voices",
    "synthetic_call_minutes", "synthetic_call_from",
)  # fmt: skip


@click.command("setup", cls=HotlineCommand)
@click.option("--to", type=Telephone(), help="Your telephone, for one call and one text. Default: you are asked.")
@click.option("--again", is_flag=True, help="Go through the steps that are done, too.")
def setup(to: str | None, again: bool) -> None:
    """Go live at the carrier, step by step.

    Nothing is changed without being shown first. Where a step fails, or Ctrl-C ends it, mend what it says and run the
    command again: it goes on there.
    """
    from ivr.config.settings import settings

    if settings().has_carrier:
        require_twilio()
    progress = _Progress(settings().var_dir / "carrier-setup.json", _fingerprint())
    if again:
        progress.forget()
    steps = _steps(to)
    for number, (name, (title, check, mend)) in enumerate(steps.items(), 1):
        click.secho(f"{number}/{len(steps)} {title}", bold=True)
        if name in progress.done:
            click.echo("  done before")
            continue
        if not _pass(check, mend):
            raise click.ClickException(
                "mend this, then run `python -m ivr carrier setup` again: it goes on with this step"
            )
        progress.add(name)
    done = "The hotline is set up at the carrier." if settings().has_carrier else "The hotline takes and makes calls."
    click.secho(done, fg="green")


def _steps(to: str | None) -> dict[str, tuple[str, Check, Mend | None]]:
    from ivr.carrier import account_check, account_mending, exchange_check, number_check, sender_check, settings_check
    from ivr.config.settings import settings
    from ivr.operations import carrier_trial

    asked: list[str] = [to] if to else []

    def number() -> str:
        if not asked:
            what = "one call and one text" if settings().has_carrier else "one call"
            asked.append(click.prompt(f"  Your telephone, for {what}", type=Telephone()))
        return asked[0]

    def call() -> Iterator[Finding]:
        named = [one for one in settings_check.voices() if one.wrong]  # what a name tells costs no call
        yield from named or carrier_trial.call(number())

    def address() -> Iterator[Finding]:
        yield from settings_check.address()
        yield from carrier_trial.address()

    if not settings().has_carrier:
        return {
            "exchange": ("Exchange and its lines", exchange_check.findings, None),
            "address": ("Address at which the exchange asks us", carrier_trial.address, None),
            "call": ("One call: the way out, and every language", lambda: carrier_trial.call(number()), None),
        }
    return {
        "account": ("Account, token and API key", account_check.account_and_balance, None),
        "numbers": ("Numbers and their webhooks", number_check.numbers, account_mending.webhooks),
        "regions": ("Region in which calls are processed", account_check.regions, account_mending.regions),
        "countries": ("Countries that are called and texted", account_check.countries, account_mending.countries),
        "sender": ("Sender of text messages", sender_check.sender, account_mending.sender),
        "caller_id": ("Number that is shown to those who are called", account_check.caller_id, None),
        "recordings": ("Recordings", account_check.recordings, None),
        "fallback": ("Another host for the fallback", settings_check.fallback, None),
        "address": ("Address at which the carrier asks us", address, None),
        "call": ("One call: address from outside, voices", call, None),
        "text": ("One text message", lambda: carrier_trial.text(number()), None),
    }


def _pass(check: Check, mend: Mend | None) -> bool:
    """Whether a step has nothing wrong, after what can be changed was shown and changed."""
    with plainly():
        found = list(check())
    if mend is not None and any(one.wrong for one in found) and _changed(mend):
        with plainly():
            found = list(check())
    for finding in found:
        show(finding)
    return not any(one.wrong for one in found)


def _changed(mend: Mend) -> bool:
    """Show what can be changed, ask, and change it; whether anything was."""
    changes: list[Change] = []
    with suppress(click.ClickException), plainly():  # what cannot be read is not changed: the check has named it
        changes = list(mend())
    for change in changes:
        click.echo(f"  {change.what}")
    if not changes or not click.confirm("  Change this at the carrier?"):
        return False
    for change in changes:
        with plainly():
            change.make()
    return True


def _fingerprint() -> str:
    from ivr.carrier.sender_check import texts_wanted
    from ivr.config.settings import settings

    values = [*(str(getattr(settings(), name)) for name in _SETTINGS), str(texts_wanted())]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16]


class _Progress:
    """The steps that are done, in a file; those of other settings do not count."""

    def __init__(self, path: Path, fingerprint: str) -> None:
        self._path, self._fingerprint = path, fingerprint
        self.done: list[str] = []
        with suppress(OSError, ValueError, KeyError, AttributeError):  # none yet, or no file of this command
            kept = json.loads(path.read_text())
            self.done = list(kept["done"]) if kept.get("of") == fingerprint else []

    def add(self, name: str) -> None:
        self.done.append(name)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".part")  # Ctrl-C leaves the old file or the new one
        draft.write_text(json.dumps({"of": self._fingerprint, "done": self.done}))
        draft.replace(self._path)

    def forget(self) -> None:
        self.done = []
