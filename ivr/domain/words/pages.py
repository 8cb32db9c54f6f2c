"""Pages of the desk: views, keys, fields of forms."""

from __future__ import annotations

from ivr.domain.words.tables import Words, _

VIEWS = Words(
    "views",
    {
        "open": _("Open"),
        "mine": _("Mine"),
        "unclaimed": _("Unclaimed"),
        "due": _("Due soon or missed"),
        "emergencies": _("Emergencies"),
        "appointments": _("Appointments"),
        "forms": _("Forms by post"),
        "interpreter": _("Waiting for an interpreter"),
        "done": _("Done today"),
        "closed": _("Closed"),
        "all": _("All"),
    },
)
SORTS = Words(
    "sorts",
    {
        "promise": _("Promise"),
        "due": _("Due"),
        "arrival": _("Waiting since"),
        "language": _("Language"),
        "team": _("Team"),
    },
)
#: Pages the command palette leads to, by endpoint.
PAGES = Words(
    "pages",
    {
        "live.page": _("Live calls"),
        "reading.open_by_code": _("Another team's task"),
        "desk_tools.team_readers": _("Who has read"),
        "desk_tools.first_steps": _("Help and keys"),
    },
)
#: Keys of the desk, as the sheet behind "?" shows them.
KEYS_OF_DESK = Words(
    "keys of desk",
    {
        "n": _("next task: take the most urgent one"),
        "j / k": _("down and up in the list"),
        "o": _("open the task"),
        "x": _("tick the task"),
        "/": _("search"),
        "c": _("claim"),
        "e": _("write a note"),
        "b": _("call back"),
        "p": _("play or pause the message"),
        "q": _("back to the queue"),
        "?": _("all keys"),
        "Ctrl K": _("go to a task, a view or a page"),
    },
)
#: By number, 0 is Monday.
WEEKDAYS = Words(
    "weekdays",
    {
        "0": _("Monday"),
        "1": _("Tuesday"),
        "2": _("Wednesday"),
        "3": _("Thursday"),
        "4": _("Friday"),
        "5": _("Saturday"),
        "6": _("Sunday"),
    },
)
#: Fields of forms, as a message about a wrong one names them.
FIELDS = Words(
    "fields",
    {
        "action": _("Action"),
        "active": _("Active"),
        "answer": _("Answer"),
        "anyway": _("Call all the same"),
        "despite_wish": _("call although the person wants an answer in writing"),
        "appointment_at": _("Appointment"),
        "begins": _("from"),
        "change": _("Proposal"),
        "closes": _("until"),
        "code": _("Code"),
        "customer_number": _("Customer number"),
        "day": _("Day"),
        "days": _("Days"),
        "decision": _("Decision"),
        "demands_code": _("Receipt code"),
        "ends": _("until"),
        "fallback": _("Helps out"),
        "for_good": _("End of work"),
        "identity_check": _("Identity check"),
        "keep": _("Task that stays"),
        "key": _("Security key"),
        "kind": _("Kind"),
        "language": _("Language"),
        "last": _("Newest notice"),
        "lift": _("Lift"),
        "month": _("Month"),
        "name": _("Name"),
        "named": _("Telephone number, or receipt code"),
        "needs_interpreter": _("Needs an interpreter"),
        "new": _("New password"),
        "next": _("Page"),
        "number": _("Telephone number"),
        "other": _("Other task"),
        "opened": _("Open or closed"),
        "opens": _("from"),
        "outcome": _("Outcome"),
        "password": _("Password"),
        "pin": _("PIN"),
        "place": _("Place"),
        "posted_on": _("Posted on"),
        "present": _("Present password"),
        "proof": _("Identity check"),
        "q": _("Search"),
        "reason": _("Reason"),
        "reason_text": _("Reason"),
        "recovery_code": _("Recovery code"),
        "refusal_reason": _("Reason of the refusal"),
        "refuse": _("Refuse"),
        "report": _("Report"),
        "role": _("Role"),
        "room": _("Room"),
        "second_factor": _("Second factor"),
        "starts": _("from"),
        "sure": _("Confirmation"),
        "task": _("Task"),
        "team": _("Team"),
        "template": _("Text message"),
        "seen": _("What the page has shown"),
        "shown": _("What the page has shown"),
        "text": _("Text"),
        "to": _("Assign to"),
        "until": _("until"),
        "user": _("Person"),
        "username": _("User name"),
        "weekday": _("Weekday"),
    },
)
