"""Threats to the parts of the architecture (STRIDE), and risks to a person (Art. 35 GDPR), with what stands against them."""

from __future__ import annotations

from dataclasses import dataclass

from ivr.domain.words import _


@dataclass(frozen=True)
class Threat:
    """A threat to a part of the architecture: its letter of STRIDE, a description, and the measures against it."""

    part: str
    letter: str
    what: str
    against: tuple[str, ...]
    left: str = ""


LETTERS = {
    "S": _("Spoofing"), "T": _("Tampering"), "R": _("Repudiation"), "I": _("Information disclosure"), "D": _("Denial of service"),
    "E": _("Elevation of privilege"),
}  # fmt: skip
THREATS = (
    Threat(_("Caller → carrier"), "S", _("Somebody shows or keys in a number that is not theirs"), ("hidden", "own_codes"),
           _("Caller ids can be forged. A shown number chooses the language of the greeting, and may add a contact to an "
           "open task whose caller says that they called before; nothing of the task is heard, changed or closed.")),
    Threat(_("Caller → carrier"), "S", _("Somebody uses a receipt code that is not theirs"), ("code_changes", "own_codes"),
           _("They hear the status, and can leave words and other hours. Another number and a withdrawal wait until a "
           "member has confirmed who it is; until then nobody is dialled automatically.")),
    Threat(_("Data subjects"), "S", _("Somebody with another's telephone or receipt code asks for their data"), ("identity",),
           _("Neither counts: an identity document, a written authorisation, or customer data compared by two people.")),
    Threat(_("Caller → carrier"), "S", _("Many callers show one number: a telephone system's, or ours"), ("own_numbers",)),
    Threat(_("Caller → carrier"), "I", _("Somebody tries receipt codes until one fits"), ("codes",),
           _("With 7,000 codes that answer, 3,600 calls an hour find one in 36 hours; the house is told long before.")),
    Threat(_("Caller → carrier"), "S", _("Somebody tries a member's PIN"), ("pins", "second_factor"),
           _("Who can show a number the administrator knows has some 30 tries a day at a PIN.")),
    Threat(_("Caller → carrier"), "D", _("Calls and texts to dear numbers, or to somebody who is to be bothered"), ("reach",)),
    Threat(_("Caller → carrier"), "D", _("A flood of calls"), ("limits",), _("Numbers are held off; emergencies get through.")),
    Threat(_("Carrier → webhooks"), "S", _("Somebody pretends to be the carrier"), ("signature",)),
    Threat(_("Carrier → webhooks"), "T", _("The state of a call in its URL is changed"), ("signature", "fuzz"),
           _("The state is sealed for its call (AES-GCM).")),
    Threat(_("Carrier → webhooks"), "D", _("Database or Redis do not answer"), ("spool",)),
    Threat(_("Carrier"), "I", _("The carrier keeps recordings and call records"), ("retention",),
           _("Its copy of a recording is deleted as soon as ours is stored; the carrier sees numbers and times.")),
    Threat(_("Telephone systems → exchange (SIP)"), "S", _("Strangers bring calls, or send audio into one"), ("sip_peers",),
           _("In a network that others share an address can be forged: a private network or VPN is the operator's duty.")),
    Threat(_("Telephone systems → exchange (SIP)"), "I", _("Somebody on the way listens to calls"), (),
           _("SIP and its audio are not encrypted: a private network, a VPN or a session border controller that encrypts "
           "is the operator's duty. A public address is refused unless `sip_plain_ok` is set.")),
    Threat(_("Telephone systems → exchange (SIP)"), "D", _("Scans, and floods of messages and calls"), ("sip_peers",),
           _("Each telephone system has limits of its own; whoever it lets through shares them.")),
    Threat(_("Exchange (calls over SIP without a carrier)"), "I", _("Somebody reads the disk"), ("private_files",),
           _("Recordings are not sealed there until the hotline has fetched them, and numbers of calls never are: the "
           "operator encrypts the disk.")),
    Threat(_("Browser → pages"), "S", _("Stolen or guessed passwords"), ("passwords", "lockout", "second_factor")),
    Threat(_("Browser → pages"), "S", _("A stolen cookie, an unattended screen"), ("idle", "csp")),
    Threat(_("Browser → pages"), "T", _("Forged forms, injected scripts"), ("csp", "fuzz")),
    Threat(_("Browser → pages"), "I", _("Curious staff"), ("hidden", "log", "permissions"),
           _("Whoever may read can still read: the log and the report of unusual access find it afterwards.")),
    Threat(_("Browser → pages"), "E", _("A member reaches a supervisor's or an administrator's page"), ("permissions",)),
    Threat(_("Browser → pages"), "S", _("An administrator sets somebody's password, or uses their link, and logs in as them"),
           ("first_password", "four_eyes", "shown_link", "log"),
           _("Who makes new log-ins can make one for themselves. Where somebody has no second factor yet, an administrator "
           "can use their link or first password before they do: their own log-in then fails. The data protection officer "
           "sees both in the access log.")),
    Threat(_("Browser → pages"), "D", _("Wrong passwords lock the owner, or an office, out"), ("lockout", "owner")),
    Threat(_("Browser → pages"), "D", _("Floods of requests, huge uploads"), ("limits",)),
    Threat(_("Browser → pages"), "D", _("Half requests, slow readers"), ("slow_clients",),
           _("A flood from many addresses needs a provider that filters.")),
    Threat(_("Host"), "D", _("A wrong clock deletes, or stops deletion for years"), ("clock",),
           _("A clock that is moved by less than two days is noticed when it returns, or at once where PostgreSQL has a "
           "clock of its own; a host with a wrong clock reckons new promises by it: use NTP.")),
    Threat(_("Host"), "I", _("Other users of the machine read files"), ("private_files",)),
    Threat(_("API clients → /api/v1"), "I", _("A leaked token"), ("tokens", "log")),
    Threat(_("Workers, Redis"), "I", _("Jobs disclose callers' data"), ("redactor",), _("Redis holds ids only.")),
    Threat(_("Workers, Redis"), "T", _("Somebody puts jobs into a job queue"), (),
           _("Redis listens on a socket, or needs a password and TLS: the operator's duty. Jobs only name rows; the "
           "database says what is to be done.")),
    Threat(_("Database"), "T", _("Somebody with its password changes the access log"), ("chain",)),
    Threat(_("Database"), "R", _("Somebody denies having read"), ("log", "chain")),
    Threat(_("Database"), "I", _("A stolen disk"), ("audio_keys",),
           _("Audio is sealed; numbers and words are not: the operator encrypts the disk.")),
    Threat(_("Audio store"), "I", _("A stolen bucket"), ("audio_keys",)),
    Threat(_("Audio store"), "T", _("Audio is replaced"), ("audio_keys",)),
    Threat(_("Backups"), "I", _("A stolen backup"), ("backup", "audio_keys")),
    Threat(_("Backups"), "T", _("A restore brings back what was erased"), ("replay",)),
    Threat(_("List of open promises"), "I", _("A stolen list, or one that is left in a printer"), ("promise_list",),
           _("Whoever has list and passphrase reads the numbers of all open tasks, and no log says so: the operator gives "
           "the passphrase to few, and printed lists are destroyed. What is erased stays in a list for three hours.")),
    Threat(_("Software logs"), "I", _("Logs disclose callers' data"), ("redactor",)),
    Threat(_("Configuration"), "E", _("Default secrets"), ("defaults",)),
    Threat(_("Configuration"), "E", _("A database for trying is put into production"), ("no_demo",)),
)  # fmt: skip


@dataclass(frozen=True)
class Risk:
    """A risk to a person: how likely, how severe (`low`, `medium`, `high`), measures against it, and what is left."""

    risk: str
    likelihood: str
    severity: str
    against: tuple[str, ...]
    left: str
    #: What stands against it beside the measures.
    also: str = ""


RISKS = (
    Risk(_("A caller's need becomes known to a neighbour who works here"), "medium", "high", ("hidden", "log"), "low"),
    Risk(
        _("Others who use the telephone learn of the Jobcenter"), "medium", "high", (), "medium",
        _("nothing is said before the called person has confirmed; no messages on answering machines"),
    ),
    Risk(
        _("A wrong transcript leads to a wrong decision"), "medium", "medium", (), "low",
        _("shown with its confidence; whoever decides listens; corrections stand beside it"),
    ),
    Risk(_("Recordings are stolen"), "low", "high", ("audio_keys", "retention"), "low"),
    Risk(_("Data is kept for too long"), "low", "medium", ("retention", "replay"), "low"),
    Risk(_("A message is lost, and help comes too late"), "low", "high", ("spool", "backup"), "low"),
    Risk(
        _("Somebody computes from published figures that a person has called"), "low", "medium", (), "low",
        _("counts of 1 and 2 and what gives them away are hidden; a month is published once, after somebody has seen it"),
    ),
    Risk(
        _("Staff are watched by the access log"), "medium", "medium", (), "medium",
        _("read by the data protection officer, and by a team about its own tasks; for a year; only after the agreement with the staff council"),
    ),
)  # fmt: skip
