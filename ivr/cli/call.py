"""`python -m ivr call`: a scripted call through the running local carrier, printed as it happens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from ivr.cli.groups import HotlineCommand
from ivr.cli.parameters import LANGUAGE, CallingNumber, Keys, PretendedHour, Text


@click.command(cls=HotlineCommand)
@click.option(
    "--from",
    "from_",
    type=CallingNumber(),
    default="+4915112345678",
    show_default=True,
    help="The number the call shows, such as +4915112345678, 0151 12345678 or sip:+49421555012@pbx; or withheld.",
)
@click.option(
    "--forwarded-from",
    type=CallingNumber(),
    help="The number that passes the call on, as the carrier names it. Default: nobody does.",
)
@click.option(
    "--checked",
    type=click.Choice(["failed", "A", "B", "C", "none"]),
    help="What the network says of the number (SHAKEN/STIR). Default: nothing, as German networks do.",
)
@click.option(
    "--press",
    type=Keys(),
    default="",
    help='Keys for each question, such as "1,2,!1"; "-" stays silent at one, "!" presses during a prompt.',
)
@click.option(
    "--say", type=Text(2000, lines=True), multiple=True, help="A text that a synthetic voice says after the tone."
)
@click.option("--language", type=LANGUAGE, help="Language of that voice. Default: the language of the call.")
@click.option(
    "--speak",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
    help="A WAV file to play after the tone. The texts of --say follow the files.",
)
@click.option(
    "--at",
    type=PretendedHour(),
    default="clock",
    show_default=True,
    help="open, closed, clock, or an instant such as 2026-10-25T02:30.",
)
@click.option("--sip", is_flag=True, help="Place the call over SIP and RTP, in real time, as a telephone would.")
@click.option("--hang-up", is_flag=True, help="Hang up at the end of the script. Default: stay silent on the line.")
def call(
    from_: str,
    forwarded_from: str | None,
    checked: str | None,
    press: tuple[str, ...],
    say: tuple[str, ...],
    language: str | None,
    speak: tuple[Path, ...],
    at: str,
    sip: bool,
    hang_up: bool,
) -> None:
    """Call the hotline with a script. `make run` must be running.

    --say and --speak may be given several times, once for each tone.
    """
    from ivr.config.settings import settings

    if language and not say:
        raise click.UsageError("--language is the language of --say, which is not given")
    if not settings().local:
        raise click.ClickException("scripted calls need the local carrier, which runs in local mode only (MODE=local)")
    if sip and (checked or forwarded_from):
        raise click.UsageError("--checked and --forwarded-from are the carrier's words, which a telephone does not say")
    if sip:
        _over_sip(from_, press, [*speak, *say], language or "de", at, hang_up)
        return
    script = {
        "from": from_,
        "forwarded_from": forwarded_from or "",
        "checked": checked or "",
        "at": at,
        "keys": press,
        "says": say,
        "language": language or "",
        "hangs_up": hang_up,
    }
    errors: list[str] = []
    for event in _events(f"{settings().exchange_url}/softphone/scripts", script, speak):
        click.echo(_shown(event))
        errors += event.get("errors", [])
    if errors:
        raise SystemExit(1)


def _over_sip(
    shown: str, keys: tuple[str, ...], sounds: list[Path | str], language: str, at: str, hang_up: bool
) -> None:
    """Call as a telephone. Keys are pressed once the hotline has asked and is silent; `!` presses while it speaks."""
    from ivr.audio.wav import read_wav
    from ivr.config.settings import settings
    from ivr.local_carrier.sip.scripted_phone import Script, ScriptedPhone

    configured, errors = settings(), list[str]()

    def show(event: dict[str, Any]) -> None:
        click.echo(_shown(event))
        errors.extend(event.get("errors", []))

    headers = {} if at == "clock" else {"X-Hotline-At": at}
    try:
        said = [one if isinstance(one, str) else read_wav(one.read_bytes()) for one in sounds]
        phone = ScriptedPhone((configured.sip_host, configured.sip_udp_port), configured.sip_host, headers=headers)
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from None
    try:
        number = configured.hotline_number
        phone.follows(Script(keys, said, language, hang_up, on_event=show), number, shown)
    finally:
        phone.close()
    if errors:
        raise SystemExit(1)


def _events(url: str, script: dict[str, Any], speak: tuple[Path, ...]) -> Any:
    """The events of the call as the local carrier reports them."""
    import requests

    files = [("speech", (path.name, path.read_bytes(), "audio/wav")) for path in speak]
    session = requests.Session()
    session.trust_env = False  # the local carrier is on this machine, behind no proxy
    try:
        response = session.post(url, data={"script": json.dumps(script)}, files=files or None, stream=True, timeout=120)
        if response.status_code != 200:
            raise click.ClickException(response.text or f"the local carrier answered {response.status_code}")
        for line in response.iter_lines():
            yield json.loads(line)
    except requests.RequestException:
        raise click.ClickException(f"the local carrier does not answer at {url}: is `make run` running?") from None
    except ValueError:
        raise click.ClickException(f"what answers at {url} is not the local carrier: see EXCHANGE_PORT") from None


def _shown(event: dict[str, Any]) -> str:
    match event["type"]:
        case "answered":
            return f"☎  answered after {event['seconds']} s"
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
        case "report" if event.get("first_word") is not None:
            return f"   no errors; the first word after {event['first_word']} s"
        case _:
            return "".join(f"!  {error}\n" for error in event.get("errors", [])) or "   no errors"
