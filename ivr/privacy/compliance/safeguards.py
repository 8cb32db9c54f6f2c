"""The measures that protect the data, each with what an auditor can look at, and the test that proves it.

tests/privacy/compliance/test_documents.py fails if a test, setting or command that is named here does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass

from ivr.domain.words import _


@dataclass(frozen=True)
class Measure:
    """A measure: its goal in Art. 32 GDPR, a description, what an auditor sees of it, and its test (file::function)."""

    goal: str
    what: str
    evidence: str
    proof: str


MEASURES: dict[str, Measure] = {
    "permissions": Measure(
        _("Access control"),
        _("One table of all permissions; what is not in it is refused"),
        _("Paper “Permissions”; an attempt with a log-in of another role"),
        "domain/test_permissions.py::test_the_table",
    ),
    "own_codes": Measure(
        _("Access control"),
        _("Nothing but a receipt code leads to an earlier request, and each call has a code of its own"),
        _("History of a task: each contact with its receipt code"),
        "telephony/test_pairs_of_callers.py::test_no_call_reaches_a_request_whose_code_it_did_not_key_in",
    ),
    "code_changes": Measure(
        _("Access control"),
        _(
            "A number or a withdrawal given by receipt code waits for a member; nobody is dialled automatically until then"
        ),
        _("History of a task: the change, and who has confirmed it; access log"),
        "callbacks/test_contacts.py::test_nobody_is_dialled_automatically_until_a_change_is_confirmed",
    ),
    "identity": Measure(
        _("Access control"),
        _("Data subjects prove who they are by a document, or by customer data that two people compare with the file"),
        _("Page “Rights of data subjects”: how identity was checked; access log"),
        "privacy/test_subject_access.py::test_who_has_a_telephone_or_a_code_has_not_proven_who_they_are",
    ),
    "hidden": Measure(
        _("Purpose limitation"),
        _("Number, name, audio, words and notes are hidden until a task is claimed, or unlocked with a stated reason"),
        _("A task that nobody has claimed; access log: unlocked with which reason"),
        "audit/test_break_glass.py::test_a_task_is_hidden_until_somebody_claims_it",
    ),
    "promise_list": Measure(
        _("Confidentiality"),
        _(
            "The list of open promises for an outage is sealed (AES-256), has no names and nothing that was said, and is "
            "removed after hours"
        ),
        _("Settings `promise_list_dir`, `promise_list_password`; the directory"),
        "reporting/test_promise_list.py::test_without_the_passphrase_nothing_can_be_read",
    ),
    "log": Measure(
        _("Input control"),
        _("Every view, playback, search, export and download is written into an append-only log"),
        _("Page “Access log”, and its export"),
        "audit/test_access_log.py::test_every_reading_is_written_down",
    ),
    "chain": Measure(
        _("Integrity"),
        _("Lines of the log are chained; anchors are kept outside the database"),
        _("`python -m ivr audit verify`; the heads sent to the officer"),
        "audit/test_verification.py::test_a_forged_log_is_found",
    ),
    "passwords": Measure(
        _("Admission control"),
        _("Passwords as argon2id; unknown names take as long as wrong passwords"),
        _("Table `users`: every hash begins with `$argon2id$`"),
        "accounts/test_login_sessions.py::test_passwords_are_argon2id",
    ),
    "lockout": Measure(
        _("Admission control"),
        _("Failed log-ins cause longer and longer delays"),
        _("Access log: failed log-ins"),
        "accounts/test_login_sessions.py::test_who_guesses_waits_longer_and_longer",
    ),
    "owner": Measure(
        _("Admission control"),
        _("Nobody is locked out by others' wrong passwords: not in a browser that is known, not behind one address"),
        _("Access log: failed log-ins"),
        "web/test_guessed_passwords.py::test_who_has_logged_in_with_a_browser_before_is_let_in_while_others_guess",
    ),
    "first_password": Measure(
        _("Admission control"),
        _("A password set by others must be changed before anything else, and its owner is told who has set it"),
        _("Page “My log-in”: what others have changed; access log"),
        "accounts/test_passwords_of_others.py::test_a_password_set_by_others_must_be_changed_before_anything_else",
    ),
    "four_eyes": Measure(
        _("Admission control"),
        _("A second factor is removed by two administrators"),
        _("Table `second_factor_resets`: who has asked, and who has confirmed; access log"),
        "accounts/test_passwords_of_others.py::test_a_second_factor_is_removed_by_two_administrators",
    ),
    "shown_link": Measure(
        _("Admission control"),
        _("A link that an administrator was shown passes no second factor, and its owner is told of it"),
        _("Page “My log-in”: what others have changed; access log"),
        "accounts/test_password_links.py::test_a_link_that_an_administrator_uses_passes_no_second_factor",
    ),
    "no_demo": Measure(
        _("Admission control"),
        _("Log-ins for trying open nothing in production, which does not start with them"),
        _("`python -m ivr doctor`"),
        "accounts/test_demo_logins.py::test_no_door_is_open_to_a_log_in_for_trying",
    ),
    "private_files": Measure(
        _("Access control"),
        _("Files of the hotline are for its own user alone, whatever the umask"),
        _("Owner and rights of the files in `var_dir`"),
        "platform/test_private_files.py::test_what_commands_write_is_private_whatever_the_umask",
    ),
    "clock": Measure(
        _("Storage limitation"),
        _("A clock that leaps deletes nothing, and a checkpoint in the future stops no deletion"),
        _("Page “Deletions”: cut-off and number of each night"),
        "privacy/test_clock_leaps.py::test_a_leap_of_years_deletes_nothing_and_deletion_goes_on_when_it_is_over",
    ),
    "slow_clients": Measure(
        _("Availability"),
        _("Half requests and slow readers stop neither calls nor pages; calls have a server of their own"),
        _("List of processes: one for calls, one for pages"),
        "web/test_slow_clients.py::test_calls_go_on_while_half_requests_wait_at_every_door",
    ),
    "codes": Measure(
        _("Confidentiality"),
        _("Receipt codes of ten digits; guessers have one try a call, the house is told, and nobody else is refused"),
        _("Settings `code_tries`, `code_tries_withheld`, `code_tries_overall`; alerts"),
        "stories/test_guessing.py::test_a_right_code_counts_at_the_first_try_whatever_strangers_have_tried",
    ),
    "pins": Measure(
        _("Admission control"),
        _("A PIN counts at telephones the administrator knows, elsewhere with the authenticator app; delays by person"),
        _("Page “Telephones”; setting `staff_number`"),
        "stories/test_guessing.py::test_a_right_pin_at_an_unknown_telephone_is_not_enough",
    ),
    "reach": Measure(
        _("Availability"),
        _("Countries that are called and texted; limits for text messages by call, number, hour and day"),
        _("Settings `callback_countries`, `text_countries`, `text_messages_a_day`; alerts"),
        "stories/test_whom_the_hotline_reaches.py::test_the_house_sends_so_many_texts_and_tells_when_that_is_reached",
    ),
    "own_numbers": Measure(
        _("Confidentiality"),
        _("A number that stands for many callers (the house's own, of telephone systems) counts as withheld"),
        _("Setting `trunk_numbers`"),
        "stories/test_shown_numbers.py::test_callers_behind_one_number_are_strangers_to_each_other",
    ),
    "second_factor": Measure(
        _("Admission control"),
        _("Second factor: authenticator app, security key, recovery codes"),
        _("Setting `require_second_factor`; page “People”"),
        "accounts/test_login_sessions.py::test_a_second_factor",
    ),
    "idle": Measure(
        _("Admission control"),
        _("Log-ins end after 30 idle minutes, and at log-out everywhere"),
        _("A page that was left open for half an hour; access log: log-outs"),
        "accounts/test_login_sessions.py::test_a_log_in_ends_after_thirty_idle_minutes",
    ),
    "tokens": Measure(
        _("Access control"),
        _("Tokens of API clients are hashed, scoped, expiring and revocable"),
        _("Page “Programs”: rights and end of each token; access log"),
        "accounts/test_login_sessions.py::test_tokens_have_scopes_and_an_end",
    ),
    "signature": Measure(
        _("Authenticity"),
        _("Webhooks are taken from the carrier only (signature)"),
        _("A request without a signature is refused"),
        "telephony/test_voice_webhooks.py::test_a_forged_or_missing_signature_changes_nothing",
    ),
    "sip_peers": Measure(
        _("Authenticity"),
        _(
            "Over SIP named telephone systems alone get an answer, with a password where one is set; audio of a call "
            "counts from the agreed address only"
        ),
        _("Settings `sip_peers`, `sip_address`; a call from another machine gets no answer"),
        "local_carrier/sip/test_signalling.py::test_who_is_no_peer_gets_no_answer",
    ),
    "audio_keys": Measure(
        _("Confidentiality"),
        _("Each recording is sealed with a key of its own, wrapped by a rotating master key"),
        _("Setting `audio_master_keys`; `python -m ivr audit audio`"),
        "voicebox/test_audio_store.py::test_a_single_changed_bit_is_noticed",
    ),
    "retention": Measure(
        _("Storage limitation"),
        _("Periods; a nightly run that deletes and verifies that all is gone"),
        _("Page “Deletions”: kind, number, cut-off and remains of each night"),
        "privacy/test_deletion.py::test_after_a_year_nothing_of_an_expired_person_is_left",
    ),
    "replay": Measure(
        _("Storage limitation"),
        _("Erased data is erased again after a restore"),
        _("Page “Deletions” after a restore; access log"),
        "privacy/test_erasure.py::test_what_was_erased_stays_erased_after_a_restore",
    ),
    "rights": Measure(
        _("Rights of data subjects"),
        _("Access, rectification, erasure, restriction as guided pages"),
        _("Page “Rights of data subjects”; access log"),
        "privacy/test_subject_access.py::test_access_gives_everything",
    ),
    "redactor": Measure(
        _("Confidentiality"),
        _("Logs, metrics, jobs and error pages carry no data of callers"),
        _("Software logs of a day, searched for a number that has called"),
        "platform/test_log_setup.py::test_a_day_leaves_no_trace",
    ),
    "csp": Measure(
        _("Confidentiality"),
        _("Strict content security policy, no framing, HSTS behind TLS, same-site cookies, CSRF tokens"),
        _("Headers of any answer"),
        "web/test_security_headers.py::test_every_answer_has_its_headers",
    ),
    "limits": Measure(
        _("Availability"),
        _("Rate limits shared by all hosts; sizes of forms and uploads are limited"),
        _("Settings `calls_a_minute`, `withheld_calls_a_minute`"),
        "web/test_security_headers.py::test_who_asks_too_often_has_to_wait",
    ),
    "fuzz": Measure(
        _("Resilience"),
        _("Every form and webhook is tested with nonsense: no failure, no change without permission"),
        _("Software log: errors"),
        "web/test_bad_input.py::test_nonsense_breaks_nothing",
    ),
    "spool": Measure(
        _("Availability"),
        _("A caller's inputs survive an outage of the database"),
        _("Metrics `spool_oldest_seconds`, `spool_damaged`"),
        "stories/test_degraded.py::test_callers_while_database_and_redis_are_gone_get_their_tasks",
    ),
    "backup": Measure(
        _("Availability"),
        _("Sealed backups, with a drill"),
        _("Setting `backup_hours`; the backups; the operator's record of the last drill"),
        "operations/test_backup.py::test_the_drill",
    ),
    "defaults": Measure(
        _("Secure defaults"),
        _("Production refuses to start with weak or missing secrets"),
        _("`python -m ivr doctor`"),
        "config/test_settings.py::test_production_refuses_weak_secrets",
    ),
}
