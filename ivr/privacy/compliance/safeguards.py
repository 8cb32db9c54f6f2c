"""The measures that protect the data, each with the test that proves it, and the threats that they counter (STRIDE).

tests/privacy/compliance/test_documents.py fails if a test that is named here does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass

from ivr.domain.words import _


@dataclass(frozen=True)
class Measure:
    """A measure: its goal in Art. 32 GDPR, a description, and the test (file::function) that proves it."""

    goal: str
    what: str
    proof: str


MEASURES: dict[str, Measure] = {
    "permissions": Measure(
        _("Access control"),
        _("One table of all permissions; what is not in it is refused"),
        "domain/test_permissions.py::test_the_table",
    ),
    "own_codes": Measure(
        _("Access control"),
        _("Nothing but a receipt code leads to an earlier request, and each call has a code of its own"),
        "telephony/test_pairs_of_callers.py::test_no_call_reaches_a_request_whose_code_it_did_not_key_in",
    ),
    "code_changes": Measure(
        _("Access control"),
        _(
            "A number or a withdrawal given by receipt code waits for a member; nobody is dialled automatically until then"
        ),
        "callbacks/test_contacts.py::test_nobody_is_dialled_automatically_until_a_change_is_confirmed",
    ),
    "identity": Measure(
        _("Access control"),
        _("Data subjects prove who they are by a document, or by customer data that two people compare with the file"),
        "privacy/test_subject_access.py::test_who_has_a_telephone_or_a_code_has_not_proven_who_they_are",
    ),
    "hidden": Measure(
        _("Purpose limitation"),
        _("Number, name, audio, words and notes are hidden until a task is claimed, or unlocked with a stated reason"),
        "audit/test_break_glass.py::test_a_task_is_hidden_until_somebody_claims_it",
    ),
    "promise_list": Measure(
        _("Confidentiality"),
        _(
            "The list of open promises for an outage is sealed (AES-256), has no names and nothing that was said, and is "
            "removed after hours"
        ),
        "reporting/test_promise_list.py::test_without_the_passphrase_nothing_can_be_read",
    ),
    "log": Measure(
        _("Input control"),
        _("Every view, playback, search, export and download is written into an append-only log"),
        "audit/test_access_log.py::test_every_reading_is_written_down",
    ),
    "chain": Measure(
        _("Integrity"),
        _("Lines of the log are chained; anchors are kept outside the database"),
        "audit/test_verification.py::test_a_forged_log_is_found",
    ),
    "passwords": Measure(
        _("Admission control"),
        _("Passwords as argon2id; unknown names take as long as wrong passwords"),
        "accounts/test_login_sessions.py::test_passwords_are_argon2id",
    ),
    "lockout": Measure(
        _("Admission control"),
        _("Failed log-ins cause longer and longer delays"),
        "accounts/test_login_sessions.py::test_who_guesses_waits_longer_and_longer",
    ),
    "owner": Measure(
        _("Admission control"),
        _("Nobody is locked out by others' wrong passwords: not in a browser that is known, not behind one address"),
        "web/test_guessed_passwords.py::test_who_has_logged_in_with_a_browser_before_is_let_in_while_others_guess",
    ),
    "first_password": Measure(
        _("Admission control"),
        _("A password set by others must be changed before anything else, and its owner is told who has set it"),
        "accounts/test_passwords_of_others.py::test_a_password_set_by_others_must_be_changed_before_anything_else",
    ),
    "four_eyes": Measure(
        _("Admission control"),
        _("A second factor is removed by two administrators"),
        "accounts/test_passwords_of_others.py::test_a_second_factor_is_removed_by_two_administrators",
    ),
    "shown_link": Measure(
        _("Admission control"),
        _("A link that an administrator was shown passes no second factor, and its owner is told of it"),
        "accounts/test_password_links.py::test_a_link_that_an_administrator_uses_passes_no_second_factor",
    ),
    "no_demo": Measure(
        _("Admission control"),
        _("Log-ins for trying open nothing in production, which does not start with them"),
        "accounts/test_demo_logins.py::test_no_door_is_open_to_a_log_in_for_trying",
    ),
    "private_files": Measure(
        _("Access control"),
        _("Files of the hotline are for its own user alone, whatever the umask"),
        "platform/test_private_files.py::test_what_commands_write_is_private_whatever_the_umask",
    ),
    "clock": Measure(
        _("Storage limitation"),
        _("A clock that leaps deletes nothing, and a checkpoint in the future stops no deletion"),
        "privacy/test_clock_leaps.py::test_a_leap_of_years_deletes_nothing_and_deletion_goes_on_when_it_is_over",
    ),
    "slow_clients": Measure(
        _("Availability"),
        _("Half requests and slow readers stop neither calls nor pages; calls have a server of their own"),
        "web/test_slow_clients.py::test_calls_go_on_while_half_requests_wait_at_every_door",
    ),
    "codes": Measure(
        _("Confidentiality"),
        _("Receipt codes of ten digits; guessers have one try a call, the house is told, and nobody else is refused"),
        "stories/test_guessing.py::test_a_right_code_counts_at_the_first_try_whatever_strangers_have_tried",
    ),
    "pins": Measure(
        _("Admission control"),
        _("A PIN counts at telephones the administrator knows, elsewhere with the authenticator app; delays by person"),
        "stories/test_guessing.py::test_a_right_pin_at_an_unknown_telephone_is_not_enough",
    ),
    "reach": Measure(
        _("Availability"),
        _("Countries that are called and texted; limits for text messages by call, number, hour and day"),
        "stories/test_whom_the_hotline_reaches.py::test_the_house_sends_so_many_texts_and_tells_when_that_is_reached",
    ),
    "own_numbers": Measure(
        _("Confidentiality"),
        _("A number that stands for many callers (the house's own, of telephone systems) counts as withheld"),
        "stories/test_shown_numbers.py::test_callers_behind_one_number_are_strangers_to_each_other",
    ),
    "second_factor": Measure(
        _("Admission control"),
        _("Second factor: authenticator app, security key, recovery codes"),
        "accounts/test_login_sessions.py::test_a_second_factor",
    ),
    "idle": Measure(
        _("Admission control"),
        _("Log-ins end after 30 idle minutes, and at log-out everywhere"),
        "accounts/test_login_sessions.py::test_a_log_in_ends_after_thirty_idle_minutes",
    ),
    "tokens": Measure(
        _("Access control"),
        _("Tokens of API clients are hashed, scoped, expiring and revocable"),
        "accounts/test_login_sessions.py::test_tokens_have_scopes_and_an_end",
    ),
    "signature": Measure(
        _("Authenticity"),
        _("Webhooks are taken from the carrier only (signature)"),
        "telephony/test_voice_webhooks.py::test_a_forged_or_missing_signature_changes_nothing",
    ),
    "audio_keys": Measure(
        _("Confidentiality"),
        _("Each recording is sealed with a key of its own, wrapped by a rotating master key"),
        "voicebox/test_audio_store.py::test_a_single_changed_bit_is_noticed",
    ),
    "retention": Measure(
        _("Storage limitation"),
        _("Periods; a nightly run that deletes and verifies that all is gone"),
        "privacy/test_deletion.py::test_after_a_year_nothing_of_an_expired_person_is_left",
    ),
    "replay": Measure(
        _("Storage limitation"),
        _("Erased data is erased again after a restore"),
        "privacy/test_erasure.py::test_what_was_erased_stays_erased_after_a_restore",
    ),
    "rights": Measure(
        _("Rights of data subjects"),
        _("Access, rectification, erasure, restriction as guided pages"),
        "privacy/test_subject_access.py::test_access_gives_everything",
    ),
    "redactor": Measure(
        _("Confidentiality"),
        _("Logs, metrics, jobs and error pages carry no data of callers"),
        "platform/test_log_setup.py::test_a_day_leaves_no_trace",
    ),
    "csp": Measure(
        _("Confidentiality"),
        _("Strict content security policy, no framing, HSTS behind TLS, same-site cookies, CSRF tokens"),
        "web/test_security_headers.py::test_every_answer_has_its_headers",
    ),
    "limits": Measure(
        _("Availability"),
        _("Rate limits shared by all hosts; sizes of forms and uploads are limited"),
        "web/test_security_headers.py::test_who_asks_too_often_has_to_wait",
    ),
    "fuzz": Measure(
        _("Resilience"),
        _("Every form and webhook is tested with nonsense: no failure, no change without permission"),
        "web/test_bad_input.py::test_nonsense_breaks_nothing",
    ),
    "spool": Measure(
        _("Availability"),
        _("A caller's inputs survive an outage of the database"),
        "stories/test_degraded.py::test_callers_while_database_and_redis_are_gone_get_their_tasks",
    ),
    "backup": Measure(
        _("Availability"), _("Sealed backups, with a drill"), "operations/test_backup.py::test_the_drill"
    ),
    "defaults": Measure(
        _("Secure defaults"),
        _("Production refuses to start with weak or missing secrets"),
        "config/test_settings.py::test_production_refuses_weak_secrets",
    ),
}


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
        _("Staff are watched by the access log"), "medium", "medium", (), "medium",
        _("read by the data protection officer, and by a team about its own tasks; for a year; works council to be heard"),
    ),
)  # fmt: skip
