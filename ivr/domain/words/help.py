"""Help: what each page is for, and first steps of each role."""

from __future__ import annotations

from ivr.domain.enums import Role
from ivr.domain.words.tables import Words, _

#: By endpoint.
PAGE_HELP = Words(
    "page help",
    {
        "desk.queue": _(
            "The tasks of your teams, in the order in which they should be served: overdue emergencies first. "
            "Personal data is shown once you have claimed a task."
        ),
        "desk.task": _(
            "One request. Claim it to see who it is, then call back. Every attempt and every note stands in its "
            "history."
        ),
        "hand.page": _("For what came over the counter, by letter or e-mail. The same promises count as for a call."),
        "live.page": _("Say here whether you answer calls. Your telephone rings while you are available."),
        "dates.page": _("Granted appointments of your teams. Choose one to open its task."),
        "figures.page": _(
            "Figures of all teams. Choose one to see what it is made of; below stands how each is counted."
        ),
        "supervision.duties": _(
            "Who should answer calls when. A single day goes before the weekly duty. Who is on duty and not "
            "available is named as missing."
        ),
        "supervision.unfinished": _("Work that did not succeed by itself. Each line says what to do."),
        "supervision.unwanted": _(
            "Numbers that call extremely often. A block ends by itself; emergencies get through."
        ),
        "special.page": _(
            "Opening hours of single days. They go before the usual hours, and deadlines move with them."
        ),
        "subjects.page": _("Access, rectification, erasure and restriction. Every step is logged."),
        "directory.page": _("Numbers that members fetch into a conversation, and interpreters who are rung."),
        "administration.people": _(
            "Everybody with a log-in. Somebody new gets a link with which they choose a password; you need not know it."
        ),
        "administration.tokens": _("Access of other programs. A token is shown once and ends by itself."),
        "settings.page": _(
            "What counts, and where it comes from. What stands under “Changed here” can be changed without a "
            "restart, and every version can be put back."
        ),
        "telephones.index": _("Telephones at which personal number and PIN are enough to become available."),
        "protection.page": _("Who has seen or done what. The log can be checked and not be changed."),
        "protection.periods": _("For how long each kind of data is kept. A change needs two people."),
        "account.page": _("Your password, your second factor, and what others have changed about your log-in."),
    },
)
#: First steps of those who serve no tasks; members and supervisors have more.
FIRST_STEPS = Words(
    "first steps",
    {
        Role.MEMBER: _("Say under “Live calls” whether you answer calls; then work on the list, the first task first."),
        Role.SUPERVISOR: _(
            "Look at “Figures” for what is missed, at “Needs a person” for what did not succeed, and plan the week "
            "in the duty roster."
        ),
        Role.ADMINISTRATOR: _(
            "Add people with their role and teams: they get a link. See under “Settings” that opening hours, teams "
            "and responsibilities are right; changes are previewed, logged and can be put back."
        ),
        Role.OFFICER: _(
            "Look through the access log and unusual reading, confirm or refuse proposed periods, and check the "
            "deletions of the night."
        ),
    },
    Role,
)
#: How the tiles of the figures are counted.
