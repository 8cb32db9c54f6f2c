"""What `ivr setup` asks, in its order: the text, what is proposed, and how an answer is tried.

The list of commands needs it for the options, so it imports nothing that takes long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Question:
    """One answer that is wanted, by the name of its setting."""

    name: str
    text: str
    usual: str = ""
    secret: bool = False
    #: Whether it may hold a password, so that it is not shown again.
    holds_password: bool = False
    #: Whether the answer is a list, separated by commas, or a number.
    kind: type = str
    #: The function of `setup_trials` that tries it.
    trial: str = ""
    #: It is asked with this carrier alone; empty: always.
    carrier: str = ""

    @property
    def option(self) -> str:
        """Its option on the command line."""
        return "--" + self.name.replace("_", "-").replace(".", "-")

    def read(self, given: str) -> Any:
        """An answer as the settings take it.

        Raises:
            ValueError: it is no number.
        """
        if self.kind is list:
            return [part.strip() for part in given.split(",") if part.strip()]
        return self.kind(given)


QUESTIONS: Sequence[Question] = (
    Question("var_dir", "Directory for everything that is kept", "/var/lib/hotline"),
    Question("public_base_url", "Public address (https://…) under which carrier and members reach the hotline"),
    Question("trusted_proxies", "Proxies before the processes (nginx or HAProxy: 1)", "1", kind=int),
    Question("hotline_number", "The hotline's number (+49…)"),
    Question("carrier", "Carrier: twilio, or local (none: a telephone system of your own, over SIP)", "twilio"),
    Question("twilio_account_sid", "Account at Twilio (AC…)", carrier="twilio"),
    Question("twilio_auth_token", "Its auth token", secret=True, trial="carrier", carrier="twilio"),
    Question("sip_address", "IP address of this host at which calls over SIP come in", carrier="local"),
    Question("sip_peers.pbx.address", "IP address of the telephone system", carrier="local"),
    Question("database_url", "Database (empty: SQLite)", "postgresql://hotline@localhost/hotline",
             holds_password=True, trial="database"),
    Question("redis_url", "Redis or Valkey", "redis://localhost:6379/0", holds_password=True,
             trial="redis"),
    Question("audio_s3_endpoint", "Address of the S3 service (empty: Amazon's, or none)"),
    Question("audio_store", "Recordings: s3://bucket/prefix (empty: a directory)", trial="storage"),
    Question("languages", "Languages of the menu, in order", "de,en,tr,ar,uk,ru,fa,pl", kind=list),
    Question("hours.daily", "Hours of every day", "08:00-18:00"),
    Question("hours.weekdays.saturday", "Saturday (hours, or closed)", "closed"),
    Question("hours.weekdays.sunday", "Sunday (hours, or closed)", "closed"),
)  # fmt: skip


def of_teams() -> Sequence[Question]:
    """The names of the usual teams."""
    from ivr.domain import routing

    return [Question(f"teams.{key}.name", f"Name of the team {key}", team.name) for key, team in routing.TEAMS.items()]
