"""Why an action of a member was not possible."""

from __future__ import annotations

from ivr.domain.enums import Refusal
from ivr.domain.words.tables import Words, _

REFUSALS = Words(
    "refusals",
    {
        Refusal.NEW_MESSAGE: _(
            "A new message has come in. Please look at it first; what you have typed is still there."
        ),
        Refusal.NO_TEXTS: _("This house sends no text messages."),
        Refusal.NO_MOBILE: _("No text message can be received at this number."),
        Refusal.NO_TEXT_ABROAD: _("No text messages are sent to this country (setting text_countries)."),
        Refusal.TEXTED_OFTEN: _("This number has had as many text messages as it may have in 24 hours."),
        Refusal.TOO_MANY_TEXTS: _(
            "The hotline has sent as many text messages as it may. Please try later, or ask the operator."
        ),
        Refusal.NOTE_NEEDED: _("Nothing was saved: the note is empty."),
        Refusal.TEXT_NEEDED: _("The text message is empty."),
        Refusal.REASON_NEEDED: _("Please give a reason."),
        Refusal.RESTRICTED: _("This person has asked that their data is not used. Nobody can open the task."),
        Refusal.UNCONFIRMED: _(
            "The number was changed, or the request withdrawn, by receipt code. Confirm that first, or call anyway."
        ),
        Refusal.NOTHING_TO_CONFIRM: _("There is nothing to confirm any more."),
        Refusal.COVERED: _("This is covered. Claim the task, or open it with a reason."),
        Refusal.NO_TEAM: _("Please choose another team."),
        Refusal.NOTHING_TO_CORRECT: _("There is no transcript to correct."),
        Refusal.CLOSED_NOW: _("Nobody is called outside opening hours."),
        Refusal.NOT_NOW: _(
            "It is not the time the caller has named, or the next attempt is not due. "
            "To call all the same, tick the box."
        ),
        Refusal.IN_WRITING: _(
            "This person wants an answer in writing, not a call. To call all the same, tick the box."
        ),
        Refusal.NO_NUMBER: _("This is no telephone number that can be called."),
        Refusal.NO_CALL_ABROAD: _(
            "The hotline does not call this country (setting callback_countries). "
            "You can call at a telephone of your own."
        ),
        Refusal.NUMBER_LISTED: _("This number is in the directory already."),
        Refusal.HOURS_NEEDED: _("Please give the hours of one weekday at least."),
        Refusal.LANGUAGE_NEEDED: _("Please choose the languages that this person interprets."),
        Refusal.NOT_LISTED: _("This entry is not in the directory any more."),
        Refusal.NOT_ON_DUTY: _("This interpreter is not on duty at that time, or does not interpret this language."),
        Refusal.BOOKED_ALREADY: _("This interpreter is booked already at that time."),
        Refusal.NOT_BOOKED: _("This booking does not count any more."),
        Refusal.NOT_OPEN_NOW: _("Nobody can be reached there now; the directory has the hours."),
        Refusal.TOO_MANY_CALLS: _(
            "A limit for callbacks is reached. Only emergencies are called back now; the supervisors know."
        ),
        Refusal.TOO_MANY_RUNG: _(
            "A limit for calls by the hotline is reached. Nobody else is fetched into a conversation now, unless in an "
            "emergency; the supervisors know."
        ),
        Refusal.NO_PHONE: _("Please say first at which telephone you sit."),
        Refusal.CALLING_NOW: _(
            "This number is in a call with us just now, so it is not rung. If the caller waits, you can take the call."
        ),
        Refusal.NOT_WAITING: _("Nobody waits with this number any more. You can call back."),
        Refusal.ON_THE_PHONE: _("You are on the phone."),
        Refusal.WRAP_UP: _("Please write down first what came of the last conversation."),
        Refusal.NOTHING_TO_WRAP_UP: _("There is nothing to wrap up."),
        Refusal.NO_CONVERSATION: _("You are in no conversation."),
        Refusal.COMPANION_THERE: _("This number is in the conversation, or is being called."),
        Refusal.NOBODY_WAITS: _("The caller is not on hold. Nothing was changed."),
        Refusal.TRANSFER_GOES_ON: _("The call is being transferred already. It comes back to you if nobody takes it."),
        Refusal.TRANSFER_TO_YOURSELF: _("You have this call already. Please choose somebody else."),
        Refusal.NO_TRANSFER: _("Nobody has taken the call yet, so it cannot be handed over."),
        Refusal.NO_LISTENING: _("Only supervisors of its team may listen in to a conversation."),
        Refusal.NOT_TALKING: _("The conversation is over, or nobody talks in it yet."),
        Refusal.SOMEBODY_LISTENS: _("Somebody listens in already."),
        Refusal.NOT_THERE: _("Nobody takes calls there now. Please choose somebody else, or hand the task over."),
        Refusal.NOT_ALONE: _(
            "There was a threat from this number. Nobody calls there alone: choose a colleague who is in the call as "
            "well, under “How the call is made”."
        ),
        Refusal.NO_DANGER: _("This task does not speak of danger to life, or somebody was quicker."),
        Refusal.LANGUAGE_SETTLED: _("No other language was heard in the messages, or somebody was quicker."),
        Refusal.NO_CLIENTS: _(
            "The carrier of this hotline cannot ring a browser. Please give the number of your telephone."
        ),
        Refusal.NO_CLIENT_KEY: _(
            "Telephones in the browser are not set up at the carrier (setting twilio_api_key). "
            "Please give the number of your telephone."
        ),
        Refusal.OTHER_WINDOW: _("Another window is your telephone at the moment."),
        Refusal.WINDOW_CLOSED: _(
            "The window that is your telephone is closed, or has no connection. "
            "Please open it again, or give the number of your telephone."
        ),
        Refusal.NOT_RAISED: _("It was not the transcript that raised this task."),
        Refusal.CLAIMED: _("You have already claimed this task."),
        Refusal.OPEN: _("This task is not claimed. Claim it first."),
        Refusal.CLOSED: _("This task is closed already."),
        Refusal.LATER_DATE_NEEDED: _("Please give a date and time within the next 60 days."),
        Refusal.ANSWER_NEEDED: _("An appointment needs a date and a place, a refusal needs a reason."),
        Refusal.OUTCOME_NEEDED: _("Please choose how it ended."),
        Refusal.OTHER_TASK_NEEDED: _("Please choose another task."),
        Refusal.OTHER_KIND: _(
            "A callback, an order of forms and an appointment wish are answered in different ways. "
            "They stay tasks of their own."
        ),
        Refusal.TOLD_APART: _("Somebody has judged that this is not the same person. Please undo that first."),
        Refusal.BEING_CALLED: _("Somebody is calling back at the moment. Please wait until the call is over."),
        Refusal.MERGED: _("This task was merged into another one. To work on it by itself, undo the merge."),
        Refusal.NOT_MERGED: _("This task is not merged any more."),
        Refusal.NEWER_MERGE: _("Another task was merged later. Please undo that merge first."),
        Refusal.REOPEN_FIRST: _("The task that it was merged into is closed. Please reopen that one first."),
        Refusal.CONTACT_MOVED: _("This contact belongs to another task by now."),
        Refusal.ONLY_CONTACT: _("This is the only contact of the task."),
        Refusal.FIRST_CONTACT: _(
            "The task has its receipt code from this contact. Please take the other contacts out instead."
        ),
        Refusal.PROOF_NEEDED: _("Please say how you know that it is the person who called."),
        Refusal.NOT_PROVEN: _("Please prove first who it is: a telephone number proves nothing."),
        Refusal.NO_SUCH_CODE: _("None of your teams has a task with this receipt code."),
        Refusal.NAMES_NEEDED: _("Please write down who calls, and for whom."),
        Refusal.NOT_REPRESENTED: _("This entry is not there any more."),
        Refusal.NAME_NEEDED: _("Please give a name."),
        Refusal.NAME_TAKEN: _("The team has one of this name already."),
        Refusal.GERMAN_NEEDED: _("Please write the German text: every text module has one."),
        Refusal.NO_CODE_IN_TEXTS: _(
            "No text module holds a receipt code: it opens the request, and is told to its caller alone."
        ),
        Refusal.NO_NAME_IN_TEXTS: _(
            "No text module holds a name: nobody has proved whose telephone it goes to, or who reads it."
        ),
        Refusal.UNKNOWN_PLACEHOLDER: _(
            "In braces there may stand {Geschäftsstelle}, {Team} and {Hotline}, nothing else."
        ),
        Refusal.TEXT_TOO_LONG: _("Please shorten each text to 800 characters."),
        Refusal.TEXT_NOT_DISCREET: _("Telephones are shared: a text message names neither the Jobcenter nor the team."),
        Refusal.NO_TRANSLATION: _("The text module has no text in the caller's language. Nothing was sent."),
        Refusal.NO_OFFICE: _("The text module names the office, and this task has none."),
        Refusal.STEPS_NEEDED: _("Please choose one step at least."),
        Refusal.TOO_MANY_TAGS: _("A team has thirty tags at most."),
        Refusal.TOO_MANY_MACROS: _("A team has eight macros of its own at most: there are nine keys."),
        Refusal.MACRO_GONE: _("This macro is not there any more."),
        Refusal.MODULE_GONE: _("The text module of this macro is not there any more. Nothing was done."),
        Refusal.TEXT_UNFIT: _("This text message does not fit the task."),
        Refusal.ACTED_SINCE: _("The task has changed since then. It was left as it is."),
        Refusal.UNDONE_ALREADY: _("This is undone already."),
        Refusal.UNDO_OVER: _("An action can be undone for 15 minutes. These are over."),
    },
    Refusal,
)
