"""How each figure is counted: one definition for tiles, report columns and the lists behind them."""

from __future__ import annotations

from ivr.domain.words.metrics import FIGURES
from ivr.domain.words.tables import Words, _

HOW_COUNTED = Words(
    "how counted",
    {
        "waiting": _(
            "Callers on the telephone who wait in a call queue or for whom a member is rung; not kept places."
        ),
        "longest_wait": _("How long the first of them has waited."),
        "due_soon": _(
            "Promises of open tasks that fall due within four hours: of an attempt, and of reaching somebody."
        ),
        "missed": _("Promises that are missed while the task is still open, of an attempt and of reaching somebody."),
        "answered_in_time": _(
            "Of all callers who wanted a team in opening hours, those whom nobody served included: those who spoke "
            "with a member within 30 seconds."
        ),
        "tried_within_24h": _(
            "First attempts that were made within 24 hours of the first contact, of all requests whose 24 hours are "
            "decided; those that were never tried are included."
        ),
        "backlog": _("Tasks that are not closed, by the time since their first contact."),
        "calls": _("Calls to the hotline, on the day on which they came; those that ended in the menus as well."),
        "waited": _(
            "Callers who wanted a team in opening hours, those whom nobody could serve included; a call in two queues "
            "is one caller, of the first team."
        ),
        "answered": _("Those who spoke with a member in this call; callbacks of kept places do not count."),
        "abandoned": _("Callers who hung up after they had waited for a team for 5 seconds or longer."),
        "abandoned_early": _("Callers who hung up within 5 seconds; they count among those who wanted a team."),
        "to_task": _("Callers who waited for a team and chose a callback or the voicebox."),
        "unserved": _(
            "Callers who wanted a team in opening hours while nobody was there or no place was free, or until it "
            "closed."
        ),
        "answered_seconds": _("Mean time from joining the call queue until a member was there, of those answered."),
        "tasks": _("Tasks on the day of their first contact; provisional and merged ones do not count."),
        "emergencies": _("Those tasks that are emergencies: by key, by words of the message, or by a member."),
        "wishes_in_person": _("Those tasks in which somebody asks for an appointment in person."),
        "called_again": _("Further calls that have joined a task which was there already."),
        "tried": _("Tasks on the day of their first real attempt; each counts once."),
        "tried_in_time": _("Those first attempts that were made before the promise was missed."),
        "tried_seconds": _("Mean time from the first contact to the first attempt."),
        "tried_missed": _("Promises of an attempt that were missed, on the day on which they fell due."),
        "reached": _("Tasks on the day on which the caller was first spoken with."),
        "reached_in_time": _("Those whose caller was spoken with before the promise was missed."),
        "reached_seconds": _("Mean time from the first contact until somebody was reached."),
        "closed_unspoken": _("Tasks that were closed with a reason before anybody had spoken with the caller."),
        "not_tried_within_24h": _(
            "Requests that nobody had tried to answer 24 hours after the first contact, and that were not over by then."
        ),
        "reached_missed": _("Promises to reach somebody that were missed, on the day on which they fell due."),
        "attempts": _("All attempts to reach a caller; a call that the carrier did not put through is none."),
        "attempts_reached": _("Those attempts in which the caller was spoken with."),
        "closed": _(
            "Tasks on the day on which they were closed; merged ones do not count. A task that is reopened after the "
            "figures of that day were final does not count again."
        ),
        "forms_sent": _("Closed orders whose forms were posted."),
        "agreed": _("Closed appointment wishes for which an appointment in person was granted."),
        "agreed_urgent": _("Granted appointments in person of tasks that are emergencies."),
        "agreed_other": _("Granted appointments in person of tasks that are no emergencies."),
        "agreed_under_25": _("Granted appointments in person of people under 25."),
        "agreed_urgent_under_25": _("Granted appointments in person of emergencies, of people under 25."),
        "agreed_other_under_25": _("Granted appointments in person that are no emergencies, of people under 25."),
        "refused": _("Closed appointment wishes in person that were refused."),
        "consultations": _("Granted appointments in person, on the day for which they are granted."),
        "consultations_large": _("Those of them in a large room."),
        "conversations": _("Conversations with callers who waited for a team, on the day on which they began."),
        "settled": _("Conversations whose member has written down that the request is settled."),
        "interpreters_wanted": _("Requests for an interpreter in a conversation."),
        "interpreters_joined": _("Requests for an interpreter that brought one into the conversation."),
        "interpreters_in_time": _("Interpreters who were there within two minutes of the request."),
        "interpreter_seconds": _("Mean time from the request until the interpreter was there."),
        "interpreters_unmet": _("Requests for an interpreter for which nobody could be had."),
        "bookings": _("Bookings of interpreters on the day for which they were made; canceled ones do not count."),
        "bookings_kept": _("Bookings whose interpreter came."),
        "bookings_failed": _("Bookings whose interpreter was rung and did not come."),
        "interpreter_minutes": _("Minutes that interpreters were in conversations."),
        "put_off": _("Resubmissions, on the day on which they began."),
    },
)
if missing := set(FIGURES) - set(HOW_COUNTED):
    raise ValueError(f"domain/words/counting.py: not said how it is counted: {', '.join(sorted(missing))}")
