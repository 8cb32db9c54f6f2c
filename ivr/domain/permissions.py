"""Who may call which endpoint: one table of all permissions. What is not in the table is refused.

`python -m ivr papers` writes it into docs/compliance/permissions.md; tests/domain/test_permissions.py tries
every route with every role, verb and team, and finds exactly this.
"""

from __future__ import annotations

from dataclasses import dataclass

from ivr.domain.roles import ROLES
from ivr.domain.words.tables import _

#: Guards other than a role: none; the carrier's signature; an API client's token with a scope.
ANYBODY, CARRIER, PROGRAM = "anybody", "carrier", "program"
MEMBER, SUPERVISOR, ADMINISTRATOR, OFFICER = ROLES
_EVERYBODY = frozenset(ROLES)
_SERVING = frozenset((MEMBER, SUPERVISOR))
_SUPERVISORS = frozenset((SUPERVISOR,))
_ADMINISTRATORS = frozenset((ADMINISTRATOR,))
_OFFICERS = frozenset((OFFICER,))


@dataclass(frozen=True)
class Permission:
    """Who may do something, and what it is.

    `team`: only for tasks of the user's own teams. `polled`: the page sends the request by itself, so that it does not
    count as activity of the session (`fragment`: only where the address has that parameter).
    """

    who: frozenset[str]
    what: str
    team: bool = False
    polled: bool = False
    fragment: str = ""


def _open(guard: str, what: str) -> Permission:
    return Permission(frozenset((guard,)), what)


def _of(who: frozenset[str], what: str) -> Permission:
    return Permission(who, what)


def _task(what: str, *, polled: bool = False) -> Permission:
    return Permission(_SERVING, what, team=True, polled=polled)


#: Permissions by blueprint or endpoint; an endpoint's own entry goes before that of its blueprint.
PERMISSIONS: dict[str, Permission] = {
    # telephony: guarded by the carrier's signature in each blueprint
    "voice": _open(CARRIER, _("Calls: requests of the carrier")),
    "queue": _open(CARRIER, _("The call queue")),
    "leg_events": _open(CARRIER, _("What becomes of those telephones")),
    "spoken": _open(CARRIER, _("Answers that callers say: recorded for seconds, after they have agreed")),
    "legs": _open(CARRIER, _("Telephones that are rung: members, interpreters, companions, callbacks")),
    "rooms": _open(CARRIER, _("Telephones of a conversation, for a sentence, a question or a key")),
    "texts": _open(CARRIER, _("What became of text messages, and that somebody has written one")),
    "duty": _open(CARRIER, _("The call that asks a member at the start of a duty whether they answer calls")),
    "staff": _open(CARRIER, _("The number for team members (personal number, PIN, code of the app)")),
    "trial": _open(CARRIER, _("The trial call of an operator")),
    "synthetic": _open(CARRIER, _("The test call of the hotline to itself")),
    "last_resort": _open(CARRIER, _("Emergency fallback: fixed documents for when nothing else works")),
    "voice.playback": _open(
        ANYBODY, _("A caller's own recording, for the carrier: sealed address, valid for ten minutes")
    ),
    "voice.prompt": _open(ANYBODY, _("Prompts, which every caller may hear")),
    "voice.hold_music": _open(ANYBODY, _("Music for waiting callers")),
    # open to anybody: no data
    "static": _open(ANYBODY, _("Style sheets and scripts")),
    "home": _open(ANYBODY, _("Redirect to one's first page")),
    "health.healthz": _open(ANYBODY, _("Whether the process runs")),
    "health.completez": _open(ANYBODY, _("Whether nothing is missing, and what is")),
    "monitored.metrics": _open(ANYBODY, _("Figures for Prometheus, with the token of the settings")),
    "public.security": _open(ANYBODY, _("Whom to tell of a weakness")),
    "public.accessibility": _open(ANYBODY, _("The accessibility statement")),
    "public.privacy": _open(ANYBODY, _("What callers are told about their data")),
    "health.readyz": _open(ANYBODY, _("Whether the host can serve callers, and what is missing")),
    "login.page": _open(ANYBODY, _("Log-in")),
    "login.second_factor": _open(ANYBODY, _("Log-in, second step: needs the first")),
    "login.key_options": _open(ANYBODY, _("Log-in, second step, with a security key: needs the first")),
    "login.sso": _open(ANYBODY, _("Log-in by single sign-on")),
    "login.sso_back": _open(ANYBODY, _("Log-in by single sign-on: what the provider says")),
    "login.out": _open(ANYBODY, _("Log-out, everywhere")),
    "links": _open(ANYBODY, _("Choosing a password with a link, which is used once; asking for a link by e-mail")),
    "login.language": _open(ANYBODY, _("Language of the interface")),
    "appearance": _open(ANYBODY, _("How the pages look in one's browser")),
    "softphone": _open(ANYBODY, _("A telephone in the browser (local mode only)")),
    "api.document": _open(ANYBODY, _("Description of the API")),
    # API clients
    "api": _open(
        PROGRAM,
        _(
            "Callback tasks: scope `tasks`; numbers, words and messages in them: scope `callers`; merging and "
            "splitting tasks, deciding about changes by receipt code: scope `changes` (logged); opening hours of "
            "single days, announcements, answers to frequent questions and further languages: reading with any token, "
            "previewing and changing (logged) with the scope `notices`; the directory and the pools of interpreters: "
            "scope `directory` (changes are logged); bookings of interpreters: reading with `tasks`, making and "
            "canceling (logged) with `changes`"
        ),
    ),
    # one's own log-in
    "account": _of(
        _EVERYBODY, _("One's own password, PIN, second factors and choices; what others have changed about them")
    ),
    "kept": _of(_EVERYBODY, _("What one has typed oneself and could not send, because the log-in had ended")),
    # the desk
    "desk.queue": Permission(
        _SERVING, _("The task list of one's teams, without personal data"), team=True, fragment="seen"
    ),
    "desk.search": Permission(_SERVING, _("Search among the tasks of one's teams (logged)"), team=True),
    "desk.take_next": Permission(_SERVING, _("Take the next task of one's teams"), team=True),
    "desk.task": _task(
        _("A task; number, name, words and notes are hidden unless one has claimed or unlocked it (logged)")
    ),
    "reading.open_task": _task(_("Unlock a task one has not claimed, with a stated reason (logged)")),
    "reading.open_by_code": _of(
        _SERVING, _("Unlock another team's task by its receipt code, with a stated reason (logged)")
    ),
    "reading.readers": _task(_("Who has read a task")),
    "desk.others": _task(_("Who else has a task's page open"), polled=True),
    "desk.left": _task(_("Say that one has left a task's page"), polled=True),
    "reading.recording": _task(_("Listen to a message; needs a claim, or an unlocking with a reason (logged)")),
    "reading.waveform": _task(_("How loud a message is; needs a claim, or an unlocking with a reason")),
    "desk.correct": _task(_("Correct a transcript; needs a claim, or an unlocking with a reason")),
    "desk.text_message": _task(_("Send a text message; needs a claim, or an unlocking with a reason")),
    "desk.take_over": _task(_("Take over a claim that is not used")),
    "desk.keep": _task(_("Keep a claim")),
    "desk.name": _task(_("Note the caller's name; needs a claim, or an unlocking with a reason")),
    "desk.hand_over": _task(_("Hand a task over to another team")),
    "desk.put_off": _task(_("Move a deadline at the caller's wish")),
    "desk.draft": _task(_("Save a draft"), polled=True),
    "desk.claim": _task(_("Claim a task")),
    "desk.release": _task(_("Release a task: one's own; a supervisor anybody's")),
    "desk.reopen": _task(_("Reopen a closed task")),
    "desk.lower_urgency": _task(_("Take back an urgency raised by words")),
    "desk.act_on_danger": _task(_("Record what was done about danger to life")),
    "desk.no_danger": _task(_("Take back a sign of danger to life; needs a claim, or an unlocking with a reason")),
    "desk.danger_again": _task(_("Undo that; needs a claim, or an unlocking with a reason")),
    "desk.take_language": _task(_("Take over the language heard in a message; needs a claim, or an unlocking")),
    "desk.leave_language": _task(_("Keep the language of a task; needs a claim, or an unlocking with a reason")),
    "desk.take_fact": _task(_("Take over a key fact of a message; needs a claim, or an unlocking with a reason")),
    "desk.note": _task(_("Write a note")),
    "desk.attempt": _task(_("Record an attempt")),
    "desk.close": _task(_("Close a task")),
    "desk.answer": _task(_("Grant or refuse an appointment")),
    "desk.compare": _task(_("Compare two tasks; what is the caller's is hidden unless one has claimed them (logged)")),
    "desk.claim_both": _task(_("Claim two tasks, in order to compare them")),
    "desk.merge": _task(_("Merge two tasks of one person; needs a claim, or an unlocking with a reason, of both")),
    "desk.undo_merge": _task(_("Undo a merge")),
    "desk.tell_apart": _task(_("Judge that two tasks are not of one person; needs a claim, or an unlocking, of both")),
    "desk.undo_tell_apart": _task(_("Undo that judgement")),
    "desk.split": _task(_("Take a contact out of a task; needs a claim, or an unlocking with a reason")),
    "desk.decide": _task(
        _("Confirm or reject a change by receipt code; needs a claim, or an unlocking with a reason (logged)")
    ),
    "desk.stop_telling": _task(
        _("Stop the text message to the number of before a change; needs a claim, or an unlocking with a reason")
    ),
    "desk.hold": Permission(_SUPERVISORS, _("Place or lift a legal hold on a task"), team=True),
    "hand": _of(_SERVING, _("Open a task for what did not come by a call to the hotline")),
    "wall": Permission(
        _SERVING, _("A screen on the wall: figures of one's teams, no names"), team=True, fragment="part"
    ),
    "wall.screen": _open(
        ANYBODY, _("A screen on the wall that somebody has set up: those figures; its signed cookie shows nothing else")
    ),
    "wall.end": _open(ANYBODY, _("End a screen on the wall")),
    "desk_tools.selected": Permission(
        _SERVING, _("Assign, close or export the ticked tasks of one's teams"), team=True
    ),
    "desk_tools.palette": Permission(_SERVING, _("Find tasks of one's teams, views and pages (logged)"), team=True),
    "desk_tools.keep_view": _of(_SERVING, _("One's own views")),
    "desk_tools.forget_view": _of(_SERVING, _("One's own views")),
    "desk_tools.alerts": Permission(_SERVING, _("Alerts in the browser, by receipt code"), team=True, polled=True),
    "side_bar": Permission(_SERVING, _("How many tasks each view holds, of one's teams"), team=True, polled=True),
    "live_channel": Permission(
        _SERVING, _("That something of one's teams has changed: ids alone"), team=True, polled=True
    ),
    "person": _task(
        _(
            "All requests of one proven person in one's teams; prove who it is, add a request; needs a claim, or an "
            "unlocking with a reason (logged)"
        )
    ),
    "tags.choose": _task(_("Give a task tags of its team")),
    "tags": Permission(_SUPERVISORS, _("The tags of one's teams (changes are logged)"), team=True),
    "representatives": _task(
        _(
            "Enter who calls for the person, by what authority, and what was not told; needs a claim, or an unlocking "
            "with a reason"
        )
    ),
    "macros": _task(_("Apply a macro to a task one has claimed")),
    "undoing": _of(
        _SERVING, _("Undo what one has done oneself in the last 15 minutes, of tasks that were one's teams' before")
    ),
    "desk_tools.first_steps": _of(_EVERYBODY, _("Help")),
    "desk_tools.team_readers": Permission(_SERVING, _("Who has read one's teams' tasks"), team=True),
    "dates": Permission(
        _SERVING, _("Granted appointments of one's teams; one's own address for calendar programs"), team=True
    ),
    "dates.feed": _open(
        ANYBODY, _("Appointments for a calendar program: address with a token; neither names nor numbers nor places")
    ),
    "bookings": _task(_("Book an interpreter in advance; needs a claim, or an unlocking with a reason")),
    "live.page": Permission(_SERVING, _("One's state and the board of one's teams"), team=True, fragment="part"),
    "live.bar": Permission(
        _SERVING, _("One's state and conversation, at the bottom of every page"), team=True, polled=True
    ),
    "live.alive": Permission(_SERVING, _("A sign of life of one's browser"), polled=True),
    "browser_telephone.page": _of(_SERVING, _("The window that is one's telephone")),
    "browser_telephone.switch_on": _of(_SERVING, _("Answer calls in this window")),
    "browser_telephone.switch_off": _of(_SERVING, _("Answer no calls in this window any more")),
    "browser_telephone.alive": Permission(_SERVING, _("A sign of life of one's telephone window"), polled=True),
    "browser_telephone.closes": Permission(_SERVING, _("One's telephone window closes"), polled=True),
    "browser_telephone.decline": _of(_SERVING, _("Decline the call that rings in one's telephone window")),
    "browser_telephone.token": Permission(
        _SERVING,
        _("A token with which one's telephone window registers at carrier or exchange"),
        polled=True,
    ),
    "browser_telephone.waits": Permission(
        _SERVING, _("Wait for calls in one's telephone window (at the exchange)"), polled=True
    ),
    "browser_telephone.talks": _of(_SERVING, _("One's call in the telephone window (at the exchange)")),
    "live.come": _of(_SERVING, _("Answer calls")),
    "live.go": _of(_SERVING, _("Pause, or end of work")),
    "live.finish": _of(_SERVING, _("The outcome of one's conversation")),
    "live.notes": Permission(_SERVING, _("Notes of conversations of one's teams, by their words (logged)"), team=True),
    "live.interpreter": _of(_SERVING, _("Bring an interpreter into one's conversation")),
    "live.companion": _of(_SERVING, _("Bring a trusted person into one's conversation")),
    "in_call": _of(
        _SERVING, _("Put the caller of one's conversation on hold, transfer them, hang up, mark an insult or a threat")
    ),
    "marked": Permission(
        _SUPERVISORS, _("Calls that members of one's teams have marked: help, insults, threats (logged)"), team=True
    ),
    "in_call.note": Permission(_SERVING, _("What one writes in one's conversation"), polled=True),
    "live.take": _task(_("Take the call of a waiting caller whose number a task is to call back")),
    "live.call_back": _task(_("Call back")),
    # supervisors
    "supervision.unfinished": Permission(_SUPERVISORS, _("Work that needs a person, of one's teams"), team=True),
    "supervision.corrected": Permission(
        _SUPERVISORS, _("What was corrected in transcripts, of one's teams"), team=True
    ),
    "supervision.confirm_clock": _of(_SUPERVISORS, _("Say that the clock is right after it has leapt (logged)")),
    "supervision.duties": _of(_SUPERVISORS, _("The duty roster")),
    "supervision.add_duty": _of(_SUPERVISORS, _("The duty roster")),
    "supervision.add_exception": _of(_SUPERVISORS, _("The duty roster")),
    "supervision.delete": _of(_SUPERVISORS, _("The duty roster")),
    "roster": _of(_SUPERVISORS, _("The duty roster as the grid of a week: days, absences, copies")),
    "supervision.unwanted": _of(_SUPERVISORS, _("Numbers that call extremely often (logged)")),
    "supervision.block": _of(_SUPERVISORS, _("Block a number")),
    "supervision.lift": _of(_SUPERVISORS, _("Lift a block")),
    "team_texts": Permission(_SUPERVISORS, _("Text modules and macros of one's teams (changes are logged)"), team=True),
    "special": _of(_SUPERVISORS, _("Opening hours of single days (changes are logged)")),
    "announcing": _of(_SUPERVISORS, _("Announcements to callers (changes are logged)")),
    "night": _of(
        _SUPERVISORS, _("Answers for the night, and where there is help in an emergency (changes are logged)")
    ),
    "further": _of(_SUPERVISORS, _("Names of languages beyond the menu (changes are logged)")),
    "figures.page": Permission(_SUPERVISORS, _("The dashboard: figures of all teams"), fragment="seen"),
    "figures": _of(_SUPERVISORS, _("Details of a figure: no callers' data; tasks by receipt code")),
    "costs": _of(_SUPERVISORS, _("What calls and text messages have cost, and the caps; no callers' data")),
    "reports": _of(_SUPERVISORS, _("Reports: figures of all teams")),
    "subjects": _of(_SUPERVISORS, _("Rights of data subjects: access, rectification, erasure, restriction (logged)")),
    # configuration
    "directory": _of(
        frozenset((SUPERVISOR, ADMINISTRATOR)), _("The directory: numbers of offices, partners, interpreters (logged)")
    ),
    "studio": _of(frozenset((SUPERVISOR, ADMINISTRATOR)), _("Prompts, their recordings, and the call script")),
    "telephones": _of(_ADMINISTRATORS, _("Telephones from which members log in with a PIN alone")),
    "settings": _of(_ADMINISTRATORS, _("The settings: seeing them, changing some of them (logged); no callers' data")),
    "administration": _of(_ADMINISTRATORS, _("People, tokens, and proposals for periods; no callers' data")),
    # data protection
    "protection": _of(_OFFICERS, _("Access log, unusual reading, periods, deletion records; no content")),
    "protection.periods": _of(
        frozenset((OFFICER, ADMINISTRATOR)), _("Periods (Löschkonzept), and what would be deleted")
    ),
}


def permission_of(endpoint: str) -> Permission | None:
    """The permission of an endpoint; None where the table has no entry."""
    return PERMISSIONS.get(endpoint) or PERMISSIONS.get(endpoint.partition(".")[0])
