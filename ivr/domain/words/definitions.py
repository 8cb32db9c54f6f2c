"""What the tables of the reports count, said under each of them."""

from __future__ import annotations

from ivr.domain.words.tables import Words, _

DEFINITIONS = Words(
    "definitions",
    {
        "appointments": _(
            "Appointments are counted, not people, on the day on which the office has agreed to them. “Under 25” is "
            "what the caller has said."
        ),
        "refused": _("A wish is counted on the day of the call, a refusal on the day on which it was decided."),
        "consultations": _(
            "Consultations are appointments in person, on the day of the appointment. Whether the person came is not "
            "known to the hotline."
        ),
        "promises": _(
            "Requests: what callers want, on the day of the first contact. A promise is counted on the day on which it "
            "was decided: kept with the first attempt to call back, or missed when its time was over without one. "
            "Reached: spoken with, or closed with a reason."
        ),
        "in_all": _(
            "Everything is counted on its day: a call when it came, an attempt when it was made, a missed promise when "
            "it fell due."
        ),
        "overview": _(
            "A task is counted on the day of the first contact, a first attempt on its own day, a missed promise on "
            "the day on which it fell due. The mean goes from the first contact to the first attempt."
        ),
        "goals": _(
            "Kept and not kept add up to the cases. Waited for a team: everybody in a call queue within opening hours. "
            "First attempt as promised: of all promises decided in the month, those of tasks that were never tried "
            "included."
        ),
        "calls": _(
            "All calls, at any hour. Who waited for a team was answered, hung up, or left a request for a callback or "
            "a message."
        ),
    },
)
