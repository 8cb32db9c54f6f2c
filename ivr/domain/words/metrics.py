"""Metrics and what they are broken down by."""

from __future__ import annotations

from ivr.domain.words.tables import Words, _

TILES = Words(
    "tiles",
    {
        "waiting": _("Waiting now"),
        "longest_wait": _("Longest wait now"),
        "due_soon": _("Due within 4 hours"),
        "missed": _("Missed and open"),
        "answered_in_time": _("Answered within 30 seconds, today"),
        "tried_within_24h": _("First attempt within 24 hours, last 30 days"),
    },
)
FIGURES = Words(
    "figures",
    {
        **TILES,
        "backlog": _("Open tasks"),
        "calls": _("Calls"),
        "waited": _("Waited for a team"),
        "answered": _("Answered"),
        "abandoned": _("Hung up while waiting"),
        "to_task": _("Callback or voicebox instead"),
        "answered_seconds": _("Answered"),
        "tasks": _("Tasks"),
        "emergencies": _("Emergencies"),
        "wishes_in_person": _("Wishes for an appointment in person"),
        "called_again": _("Rang again about the same"),
        "tried": _("First attempts"),
        "tried_in_time": _("First attempts in time"),
        "tried_seconds": _("First attempts"),
        "tried_missed": _("Promises of an attempt missed"),
        "reached": _("Reached, or closed with a reason"),
        "reached_in_time": _("Reached in time"),
        "reached_seconds": _("Reached, or closed with a reason"),
        "reached_missed": _("Promises to reach somebody missed"),
        "attempts": _("Attempts"),
        "attempts_reached": _("Attempts that reached somebody"),
        "closed": _("Closed"),
        "forms_sent": _("Forms posted"),
        "agreed": _("Appointments in person agreed"),
        "agreed_urgent": _("Appointments in person agreed, in emergencies"),
        "agreed_other": _("Appointments in person agreed, beyond an emergency"),
        "agreed_under_25": _("Appointments in person agreed, under 25"),
        "agreed_urgent_under_25": _("Appointments in person agreed, in emergencies, under 25"),
        "agreed_other_under_25": _("Appointments in person agreed, beyond an emergency, under 25"),
        "refused": _("Appointments in person refused"),
        "consultations": _("Consultations in person"),
        "consultations_large": _("Consultations in person, large room"),
        "conversations": _("Conversations"),
        "settled": _("Settled at first contact"),
        "interpreters_wanted": _("Interpreters wanted"),
        "interpreters_joined": _("Interpreters on the line"),
        "interpreters_in_time": _("Interpreters within two minutes"),
        "interpreter_seconds": _("Interpreters on the line"),
        "interpreters_unmet": _("Interpreters not to be had"),
        "bookings": _("Interpreters booked in advance"),
        "bookings_kept": _("Booked interpreters who came"),
        "bookings_failed": _("Booked interpreters who did not come"),
        "interpreter_minutes": _("Interpreters on the line"),
        "put_off": _("Put off at the caller's wish"),
    },
)
DIMENSIONS = Words(
    "dimensions",
    {
        "team": _("Team"),
        "office": _("Office"),
        "language": _("Language"),
        "concern": _("Concern"),
        "age_group": _("Age group"),
        "reason": _("Reason"),
    },
)
