"""What the tables of the reports count, said under each of them."""

from __future__ import annotations

from ivr.domain.words.tables import Words, _

DEFINITIONS = Words(
    "definitions",
    {
        "appointments": _(
            "Appointments are counted, not people: who was given two appointments is counted twice. The day is that on "
            "which the office has agreed; an appointment that is agreed anew is counted once. “Under 25” is what the "
            "caller has said."
        ),
        "refused": _("A wish is counted on the day of the call, a refusal on the day on which it was decided."),
        "consultations": _(
            "Consultations are appointments in person, on the day of the appointment. Whether the person came is not "
            "known to the hotline."
        ),
        "consultations_a_day": _("The offices' days are their weekdays, without statutory holidays."),
        "promises": _(
            "Requests: what callers want, on the day of the first contact. A promise is counted on the day on which it "
            "was decided: kept with the first attempt to call back, or missed when its time was over without one. "
            "Spoken with: the caller was talked to. Closed without contact: settled, or given up, before that; it is "
            "neither of the two."
        ),
        "in_all": _(
            "Everything is counted on its day: a call when it came, an attempt when it was made, a missed promise when "
            "it fell due."
        ),
        "overview": _(
            "A task is counted on the day of the first contact, a first attempt on its own day, a missed promise on "
            "the day on which it fell due. Within its promise: of all promises that were decided; within 24 hours: of "
            "all requests 24 hours after the first contact. Those that were never tried count in both. The mean goes "
            "from the first contact to the first attempt."
        ),
        "goals": _(
            "Kept and not kept add up to the cases. Wanted a team: every caller who asked for people in opening "
            "hours, those whom nobody served and those who hung up included; a call in two queues is one caller. "
            "First attempt as promised, and within 24 hours: of all that were decided in the month, tasks that were"
            " never tried included. Spoken with: closings without contact are no case."
        ),
        "calls": _(
            "All calls, at any hour. Who wanted a team was answered, hung up, chose a callback or the voicebox, or was "
            "not served."
        ),
    },
)
