"""The data inventory: what each table and each other place holds, about whom, and for how long.

tests/privacy/compliance/test_documents.py fails if a table is missing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ivr.domain.enums import RetentionKind
from ivr.domain.words import _


@dataclass(frozen=True)
class Kept:
    """Whom the data is about (`callers`, `staff`, `others`, `nobody`), what it is, and its retention periods.

    `parts`: what a period deletes, where it is not the whole row. `ends`: when data about somebody ends to which no
    period applies.
    """

    about: str
    what: str
    periods: tuple[str, ...] = ()
    parts: Mapping[str, str] = field(default_factory=dict)
    ends: str = ""


_NEVER = _("no period: to be stated by the controller")
_AFTER_HOUR, _AFTER_DAY, _AFTER_DAYS, _AFTER_MONTH = (
    _("after an hour"),
    _("after a day"),
    _("after 7 days"),
    _("after 30 days"),
)
_QUARTER_HOUR, _DELETED = _("after 15 minutes"), _("until somebody deletes it")
#: Words for whom data is about.
ABOUT = {"callers": _("callers"), "staff": _("staff"), "others": _("others"), "nobody": _("nobody")}
_CALLERS = (RetentionKind.NUMBER_AND_NAME, RetentionKind.CALL_RECORD)
TABLES: dict[str, Kept] = {
    "calls": Kept(
        "callers",
        _("A call: number, language, concern, times, the carrier's id"),
        _CALLERS,
        {RetentionKind.NUMBER_AND_NAME: "`from_number`, `shown_as`"},
    ),
    "contacts": Kept(
        "callers",
        _("What a call has brought to a task: receipt code, number, times, what was keyed in; changes by receipt code"),
        (RetentionKind.NUMBER_AND_NAME, RetentionKind.TASK),
        {RetentionKind.NUMBER_AND_NAME: _("`callback_number`, `changed_number_from`, customer number in `about`")},
    ),
    "later_calls": Kept(
        "callers", _("Calls in which the receipt code of a contact was keyed in"), (RetentionKind.TASK,)
    ),
    "callback_tasks": Kept(
        "callers",
        _(
            "A task: number, name, concern, urgency, danger to life, office, age group, answer by telephone or in writing, promises"
        ),
        (RetentionKind.TRANSCRIPT, RetentionKind.NUMBER_AND_NAME, RetentionKind.TASK),
        {
            RetentionKind.TRANSCRIPT: "`urgency_words`, `danger_words`",
            RetentionKind.NUMBER_AND_NAME: "`callback_number`, `caller_name`",
        },
    ),
    "merges": Kept(
        "callers",
        _("That two tasks were merged, and how they were before: number, name, urgency"),
        (RetentionKind.TRANSCRIPT, RetentionKind.NUMBER_AND_NAME, RetentionKind.TASK),
        {RetentionKind.TRANSCRIPT: _("the row"), RetentionKind.NUMBER_AND_NAME: _("the row")},
    ),
    "judged_pairs": Kept(
        "callers", _("That a member has judged two tasks not to be of the same person"), (RetentionKind.TASK,)
    ),
    "voicebox_messages": Kept(
        "callers",
        _("A message: consent, language, what it is about"),
        (RetentionKind.NUMBER_AND_NAME, RetentionKind.TRANSCRIPT),
        {RetentionKind.NUMBER_AND_NAME: _("customer number in `about`")},
    ),
    "recordings": Kept(
        "callers",
        _("Where the audio is, its length and checksum"),
        (RetentionKind.AUDIO, RetentionKind.TRANSCRIPT),
        {RetentionKind.AUDIO: _("the audio, `audio_sha256`, `audio_bytes`")},
    ),
    "transcripts": Kept(
        "callers", _("What was said, as far as a machine could tell, and corrections"), (RetentionKind.TRANSCRIPT,)
    ),
    "spoken_answers": Kept(
        "callers",
        _(
            "That an answer was spoken in place of a key, and which key was understood. The word itself is "
            "recorded at the carrier for some seconds, and never kept"
        ),
        ends=_AFTER_DAY,
    ),
    "search_words": Kept(
        "callers",
        _("Words and numbers by which a task is found"),
        (RetentionKind.TRANSCRIPT, RetentionKind.NUMBER_AND_NAME),
        {RetentionKind.TRANSCRIPT: _("rows of words"), RetentionKind.NUMBER_AND_NAME: _("rows of numbers and names")},
    ),
    "task_events": Kept(
        "callers",
        _("History of a task; notes and names in it"),
        (RetentionKind.TRANSCRIPT, RetentionKind.NUMBER_AND_NAME, RetentionKind.TASK),
        {
            RetentionKind.TRANSCRIPT: _("`text` of notes"),
            RetentionKind.NUMBER_AND_NAME: _("`text` with the caller's name"),
        },
    ),
    "attempts": Kept("callers", _("Attempts to call back, and how they ended"), (RetentionKind.TASK,)),
    "drafts": Kept("callers", _("What a member is writing"), (RetentionKind.TRANSCRIPT,)),
    "kept_forms": Kept(
        "callers", _("What somebody has typed and sent after their log-in had ended, sealed"), ends=_("after 12 hours")
    ),
    "postal_orders": Kept(
        "callers",
        _("Forms ordered; customer number"),
        (RetentionKind.NUMBER_AND_NAME, RetentionKind.TASK),
        {RetentionKind.NUMBER_AND_NAME: "`customer_number`"},
    ),
    "appointment_wishes": Kept(
        "callers",
        _("Appointment wish: impairment, companion, date and place, refusal"),
        (RetentionKind.NUMBER_AND_NAME, RetentionKind.TASK),
        {RetentionKind.NUMBER_AND_NAME: "`place`"},
    ),
    "proven_identities": Kept(
        "callers",
        _("That a member has found out whose task it is, how, and which tasks are the same person's"),
        (RetentionKind.NUMBER_AND_NAME, RetentionKind.TASK),
        {RetentionKind.NUMBER_AND_NAME: _("the row")},
    ),
    "representatives": Kept(
        "others",
        _("Who calls for another person: both names, relation, authority and its proof, until when"),
        (RetentionKind.NUMBER_AND_NAME, RetentionKind.TASK),
        {RetentionKind.NUMBER_AND_NAME: _("the row")},
    ),
    "text_messages": Kept(
        "callers",
        _(
            "Text messages and the number they went to. Of what somebody writes to the hotline nothing is kept but the "
            "answer that nobody reads it; the carrier's record of it is deleted in the night after"
        ),
        (RetentionKind.NUMBER_AND_NAME,),
    ),
    "line_entries": Kept(
        "callers",
        _("Entries of the call queues; the call's sealed state"),
        _CALLERS,
        {RetentionKind.NUMBER_AND_NAME: "`resume`"},
    ),
    "conversations": Kept(
        "callers",
        _("Who was connected when, the outcome, and what was agreed"),
        (RetentionKind.TRANSCRIPT, RetentionKind.CALL_RECORD),
        {RetentionKind.TRANSCRIPT: "`note`"},
    ),
    "conversation_words": Kept(
        "callers",
        _("Words by which a conversation is found"),
        (RetentionKind.TRANSCRIPT,),
        {RetentionKind.TRANSCRIPT: _("rows of words")},
    ),
    "legs": Kept(
        "callers",
        _("Telephones of a conversation; numbers of callers and companions; what each member has noted"),
        (RetentionKind.TRANSCRIPT, *_CALLERS),
        {
            RetentionKind.NUMBER_AND_NAME: _("`number` of callers and companions"),
            RetentionKind.TRANSCRIPT: "`note`",
        },
    ),
    "incidents": Kept(
        "callers",
        _("Calls that members have marked: cries for help, insults, threats, with the number and what was said"),
        (RetentionKind.INCIDENT,),
    ),
    "transfers": Kept("callers", _("To whom a call was transferred, by whom"), (RetentionKind.CALL_RECORD,)),
    "interpreter_requests": Kept(
        "others",
        _("Interpreters and companions asked for; a companion's number"),
        _CALLERS,
        {RetentionKind.NUMBER_AND_NAME: "`number`"},
    ),
    "interpreter_bookings": Kept(
        "others",
        _("Interpreters booked for a task: name, number, time, and whether they came"),
        (RetentionKind.TASK,),
    ),
    "directory_entries": Kept(
        "others",
        _(
            "Numbers of offices, partners and interpreters, their hours and languages; until the entry is ended, or at the "
            "wish of the person whose number it is"
        ),
        ends=_DELETED,
    ),
    "known_callers": Kept("callers", _("The language of a number, under a keyed hash"), ("remembered_language",)),
    "code_tries": Kept("callers", _("Wrong codes of a number and a call, under keyed hashes"), ends=_AFTER_HOUR),
    "frequent_callers": Kept("callers", _("Numbers that call extremely often"), ends=_AFTER_DAYS),
    "blocked_numbers": Kept("callers", _("Blocked numbers and why"), (RetentionKind.NUMBER_AND_NAME,)),
    "sla_clocks": Kept("callers", _("Deadlines of a task and when they were met"), (RetentionKind.TASK,)),
    "sla_pauses": Kept("callers", _("Deadlines put off at the caller's wish"), (RetentionKind.TASK,)),
    "alert_items": Kept("callers", _("Which task an alert was about"), ends=_AFTER_MONTH),
    "alert_messages": Kept("callers", _("Alerts as they were sent: receipt codes"), ends=_AFTER_MONTH),
    "house_alarms": Kept(
        "nobody", _("That somebody guesses codes, or a cap of calls or text messages is reached; for days")
    ),
    "synthetic_calls": Kept("nobody", _("Calls of the hotline to itself: when, and how far each has come")),
    "spending": Kept("nobody", _("What the carrier has asked for calls and text messages, by day, kind and country")),
    "staff_telephones": Kept("staff", _("Telephones from which members log in with a PIN alone"), ends=_DELETED),
    "carrier_faults": Kept("nobody", _("Faults of the telephone carrier: kind, country, how often; for days")),
    "pending_deletions": Kept(
        "callers",
        _("What must still be deleted in the audio store and at the carrier: the carrier's ids, until it is done"),
        ends=_("8 days after it is done"),
    ),
    "openings": Kept(
        "staff", _("Who has unlocked which task and why; afterwards it is in the access log"), ends=_AFTER_DAY
    ),
    "legal_holds": Kept(
        "staff",
        _("Holds on tasks, who placed them and why"),
        (RetentionKind.NUMBER_AND_NAME, RetentionKind.TASK),
        {RetentionKind.NUMBER_AND_NAME: _("`reason` of lifted holds")},
    ),
    "subject_requests": Kept("staff", _("Requests of data subjects: what, who worked on it; not whose"), ends=_NEVER),
    "access_log": Kept("staff", _("Who has read or done what, when, why and from where"), ("access_log",)),
    "access_head": Kept("nobody", _("The newest line of the access log")),
    "users": Kept(
        "staff",
        _("People with a log-in: name, role, e-mail address, password hash, second factor, choices for the desk"),
        ends=_("no period: a log-in is closed, not deleted"),
    ),
    "log_ins": Kept("staff", _("Log-ins and their addresses"), ends=_AFTER_MONTH),
    "log_in_delays": Kept("staff", _("Failed log-ins under a keyed hash"), ends=_AFTER_DAY),
    "account_notices": Kept("staff", _("What others have changed about a log-in"), ends=_("a year after it was read")),
    "account_links": Kept(
        "staff", _("Links with which somebody chooses a password, hashed"), ends=_("30 days after its end")
    ),
    "calendar_feeds": Kept("staff", _("Who has an address for a calendar program, hashed"), ends=_DELETED),
    "second_factor_resets": Kept(
        "staff", _("Who has asked for the removal of a second factor, and who has confirmed it"), ends=_NEVER
    ),
    "recovery_codes": Kept(
        "staff", _("Recovery codes under a keyed hash"), ends=_("until it is used, or others are made")
    ),
    "security_keys": Kept("staff", _("Public keys of security keys"), ends=_DELETED),
    "api_tokens": Kept("nobody", _("Tokens of API clients, hashed")),
    "team_members": Kept("staff", _("Who works for which team"), ends=_("until it is changed")),
    "team_supervisors": Kept("staff", _("Who is responsible for which team"), ends=_("until it is changed")),
    "presences": Kept(
        "staff",
        _("Who answers calls now, and at which telephone"),
        ends=_("replaced with each change; deleted 30 days after the last one"),
    ),
    "duties": Kept("staff", _("The duty roster"), ends=_DELETED),
    "duty_exceptions": Kept("staff", _("Absences and other hours of a day"), ends=_("30 days after that day")),
    "done_actions": Kept("staff", _("What a member has done to tasks and can still undo"), ends=_QUARTER_HOUR),
    "done_to_tasks": Kept(
        "callers", _("State, holder, team and promises of a task before and after such an action"), ends=_QUARTER_HOUR
    ),
    "text_modules": Kept(
        "staff",
        _("Texts that a team uses again and again, without callers' data; who changed them last"),
        ends=_DELETED,
    ),
    "macros": Kept("staff", _("Steps that a team applies with one key; who changed them last"), ends=_DELETED),
    "mentions": Kept(
        "staff", _("Who is named in a note of which task, by whom, and when they saw it"), (RetentionKind.TASK,)
    ),
    "tags": Kept("nobody", _("Words by which a team sorts its tasks")),
    "task_tags": Kept("callers", _("Which of these words a task has"), (RetentionKind.TASK,)),
    "task_views": Kept("staff", _("Who has had a task's page open, and what it showed"), (RetentionKind.TASK,)),
    "saved_views": Kept(
        "staff", _("A person's own views of the task list; searches in them are sealed"), ends=_DELETED
    ),
    "reports_sent": Kept("staff", _("Reports sent by e-mail, and to whom"), ends=_NEVER),
    "prompt_recordings": Kept("staff", _("Recorded prompts, and who recorded them"), ends=_NEVER),
    "special_days": Kept("staff", _("Opening hours of single days, who entered them and why"), ends=_NEVER),
    "announcements": Kept("staff", _("Announcements to callers: from when until when, and who made them"), ends=_NEVER),
    "announcement_texts": Kept("nobody", _("What an announcement says in each language, and its recordings")),
    "further_languages": Kept(
        "staff", _("Names of languages beyond the menu, their recordings, and who made them"), ends=_NEVER
    ),
    "night_answers": Kept("staff", _("Answers to frequent questions, and who wrote or recorded them"), ends=_NEVER),
    "settings_store": Kept(
        "staff",
        _("Settings that administrators have set in the page, who and why; interpreters' numbers, addresses of alerts"),
        ends=_NEVER,
    ),
    "teams": Kept("nobody", _("Teams")),
    "work": Kept("nobody", _("Jobs to be done: ids only")),
    "counted_requests": Kept(
        "nobody",
        _("Which requests of the carrier were counted, and which forms are done, under keyed hashes; for an hour"),
    ),
    "spool_entries": Kept("nobody", _("Which entries of a host's spool were replayed")),
    "former_keys": Kept("nobody", _("Keys of former secret keys, sealed: for keyed hashes and anchors made with them")),
    "checkpoints": Kept("nobody", _("How far repeated jobs have come")),
    "daily_figures": Kept("nobody", _("Metrics of a day"), ("statistics",)),
    "figure_days": Kept("nobody", _("Which days are final")),
    "former_names": Kept("nobody", _("Names that teams and offices have had")),
    "publications": Kept("nobody", _("Published reports")),
    "period_changes": Kept("staff", _("Periods that were proposed and confirmed"), ends=_NEVER),
    "deletion_records": Kept("nobody", _("That something was deleted")),
}
#: Places beside the database.
PLACES: dict[str, Kept] = {
    _("Audio store (directory or S3 bucket)"): Kept(
        "callers", _("Recordings, each sealed with a key of its own (AES-256-GCM)"), (RetentionKind.AUDIO,)
    ),
    _("Audio store, access-log/"): Kept("nobody", _("Anchors of the access log")),
    _("Audio store, deletions/"): Kept(
        "callers",
        _("Keyed hashes of what was erased, to erase it again after a restore"),
        ends=_("no period: needed as long as there is a backup from before"),
    ),
    _("Redis"): Kept("nobody", _("Ids of jobs; rate limits under keyed hashes")),
    _("Spool (a host's disk, while the database does not answer)"): Kept(
        "callers",
        _("A caller's inputs, until they are written into the database"),
        ends=_("as soon as the database answers"),
    ),
    _("Software logs"): Kept("nobody", _("What the software did; personal data is removed from every line")),
    _("Telephone carrier"): Kept(
        "callers", _("Recordings, until ours is stored; calls and text messages"), (RetentionKind.NUMBER_AND_NAME,)
    ),
    _("Exchange (a host's disk; calls over SIP without a carrier)"): Kept(
        "callers",
        _("Recordings, not sealed, until ours is stored; calls and their numbers"),
        (RetentionKind.NUMBER_AND_NAME,),
    ),
    _("List of open promises (a host's disk, where the operator wants it)"): Kept(
        "callers",
        _("Receipt code, number, concern, language, deadline of open tasks, sealed with a passphrase"),
        ends=_("after three hours; the newest when the next one is written"),
    ),
    _("Backups"): Kept(
        "callers",
        _("Everything above, sealed; a restore deletes again what was erased"),
        ends=_("after 30 days at most, by the operator"),
    ),
}
