"""`python -m ivr call`: a scripted call through the running exchange, printed as it happens."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import requests

from ivr.config.settings import settings


@click.command()
@click.option("--from", "from_", default="+4915112345678", show_default=True, help='Your number, or "withheld".')
@click.option("--press", default="", help='Keys for each question, e.g. "1,2,1"; "-" stays silent at one.')
@click.option(
    "--speak",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A WAV file to say after the tone; may be given several times.",
)
@click.option(
    "--at",
    default="clock",
    show_default=True,
    help='"open", "closed", "clock", or an instant like 2026-10-25T02:30.',
)
@click.option(
    "--hang-up", is_flag=True, help="Hang up when the script is at its end (otherwise stay silent on the line)."
)
def call(from_: str, press: str, speak: tuple[Path, ...], at: str, hang_up: bool) -> None:
    """Ring the hotline with a script."""
    script = {
        "from": from_,
        "at": _hour(at),
        "keys": [keys.strip() for keys in press.split(",") if keys.strip()],
        "hangs_up": hang_up,
    }
    files = [("speech", (path.name, path.read_bytes(), "audio/wav")) for path in speak]
    url = f"{settings().exchange_url}/softphone/scripts"
    try:
        session = requests.Session()
        session.trust_env = False  # the exchange is on this machine, behind no proxy
        response = session.post(url, data={"script": json.dumps(script)}, files=files or None, stream=True, timeout=120)
    except requests.ConnectionError:
        raise click.ClickException(f"the exchange does not answer at {url}; is `make run` running?") from None
    if response.status_code != 200:
        raise click.ClickException(response.text or f"the exchange answered {response.status_code}")
    errors: list[str] = []
    for line in response.iter_lines():
        event = json.loads(line)
        click.echo(_shown(event))
        errors += event.get("errors", [])
    if errors:
        raise SystemExit(1)


def _hour(at: str) -> str:
    """The hour to pretend; an instant without an offset is meant in the hotline's own time zone."""
    if at in ("open", "closed", "clock"):
        return at
    try:
        instant = datetime.fromisoformat(at)
    except ValueError:
        raise click.BadParameter(f"{at!r} is neither open, closed, clock nor an instant", param_hint="--at") from None
    return (instant if instant.tzinfo else instant.replace(tzinfo=settings().hours.zone)).isoformat()


def _shown(event: dict[str, Any]) -> str:
    match event["type"]:
        case "dialled":
            return f"☎  {event['call_sid']}"
        case "said":
            return f"«  {event['text']}"
        case "pressed":
            return f"»  key {event['keys']}"
        case "silent":
            return "»  (silence)"
        case "spoke":
            return f"»  (speaks for {event['seconds']} s)"
        case "waiting":
            return "   (waits)"
        case "talking":
            return "   (talks with the team)"
        case "hung_up":
            return "»  (hangs up)"
        case "over":
            return f"   (the line is closed by the {event['by']})"
        case _:
            return "".join(f"!  {error}\n" for error in event.get("errors", [])) or "   no errors"
