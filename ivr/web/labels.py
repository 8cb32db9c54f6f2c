"""What the house has names for, in words of the interface: states, concerns, outcomes, keys, pages.

Templates know them by their names in small letters (`words.concerns`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext

from ivr.domain import labels
from ivr.domain.labels import _


def _lazily(texts: Mapping[str, str]) -> dict[str, Any]:
    return {key: lazy_gettext(text) for key, text in texts.items()}


#: Fields of forms, as a message about a wrong one names them.
FIELDS = {
    "action": _("Action"),
    "active": _("Active"),
    "answer": _("Answer"),
    "anyway": _("Call all the same"),
    "appointment_at": _("Appointment"),
    "change": _("Proposal"),
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
    "key": _("Security key"),
    "kind": _("Kind"),
    "language": _("Language"),
    "lift": _("Lift"),
    "month": _("Month"),
    "name": _("Name"),
    "named": _("Telephone number, or receipt code"),
    "needs_interpreter": _("Needs an interpreter"),
    "new": _("New password"),
    "next": _("Page"),
    "number": _("Telephone number"),
    "outcome": _("Outcome"),
    "password": _("Password"),
    "place": _("Place"),
    "posted_on": _("Posted on"),
    "present": _("Present password"),
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
    "text": _("Text"),
    "to": _("Assign to"),
    "until": _("until"),
    "user": _("Person"),
    "username": _("User name"),
    "weekday": _("Weekday"),
}
CONCERNS = _lazily(labels.CONCERNS)
KINDS = {
    "callback": lazy_gettext("Callback"),
    "postal_order": lazy_gettext("Forms by post"),
    "appointment": lazy_gettext("Appointment wish"),
}
EMERGENCIES = {
    "no_money": lazy_gettext("no money or food"),
    "power_cut": lazy_gettext("power or heating about to be cut"),
    "housing": lazy_gettext("flat in danger or urgent offer"),
    "food_voucher": lazy_gettext("food voucher (Barcode)"),
    "other": lazy_gettext("another emergency"),
}
AVAILABILITY = {
    "morning": lazy_gettext("in the morning"),
    "afternoon": lazy_gettext("in the afternoon"),
    "any_time": lazy_gettext("at any time"),
}
AGE_GROUPS = _lazily(labels.AGE_GROUPS)
FORMS = {
    "main_application": lazy_gettext("Main application"),
    "continuation": lazy_gettext("Continuation of benefits"),
    "change": lazy_gettext("Notice of changes"),
    "housing": lazy_gettext("Annex housing costs"),
    "education": lazy_gettext("Education and participation"),
}
MODES = {
    "in_person": lazy_gettext("in person"),
    "telephone": lazy_gettext("by telephone"),
    "video": lazy_gettext("by video"),
}
REASONS = {
    "benefits": lazy_gettext("Money and benefits"),
    "work": lazy_gettext("Work or training"),
    "documents": lazy_gettext("Documents"),
    "other": lazy_gettext("Anything else"),
}
COMPANIONS = {
    "none": lazy_gettext("nobody else"),
    "interpreter": lazy_gettext("with interpreter"),
    "companion": lazy_gettext("with companion"),
}
PRIORITY_GROUPS = {
    "language": lazy_gettext("invited first: little German"),
    "impairment": lazy_gettext("invited first: hearing or speech"),
    "under_25_training": lazy_gettext("invited first: under 25, seeks training"),
}
ROOMS = {"small": lazy_gettext("usual room"), "large": lazy_gettext("large room")}
TEXTS = {
    "sms_missed": lazy_gettext("We could not reach you"),
    "sms_link": lazy_gettext("Link to the online services"),
    "sms_appointment": lazy_gettext("The appointment"),
}
REFUSAL_REASONS = _lazily(labels.REFUSAL_REASONS)
STATES = {
    "open": lazy_gettext("open"),
    "claimed": lazy_gettext("claimed"),
    "closed": lazy_gettext("closed"),
}
VIEWS = {
    "open": lazy_gettext("Open"),
    "mine": lazy_gettext("Mine"),
    "unclaimed": lazy_gettext("Unclaimed"),
    "due": lazy_gettext("Due soon or missed"),
    "emergencies": lazy_gettext("Emergencies"),
    "appointments": lazy_gettext("Appointments"),
    "forms": lazy_gettext("Forms by post"),
    "interpreter": lazy_gettext("Waiting for an interpreter"),
    "done": lazy_gettext("Done today"),
    "closed": lazy_gettext("Closed"),
    "all": lazy_gettext("All"),
}
SORTS = {
    "promise": lazy_gettext("Promise"),
    "due": lazy_gettext("Due"),
    "arrival": lazy_gettext("Waiting since"),
    "language": lazy_gettext("Language"),
    "team": lazy_gettext("Team"),
}
URGENCIES = {"normal": lazy_gettext("normal"), "emergency": lazy_gettext("Emergency")}
#: Pages the command palette leads to.
PAGES = {
    "live.page": lazy_gettext("Live calls"),
    "reading.open_by_code": lazy_gettext("Another team's task"),
    "desk_tools.team_readers": lazy_gettext("Who has read"),
    "desk_tools.first_steps": lazy_gettext("Help and keys"),
}
#: Keys of the desk, as the sheet behind "?" shows them.
KEYS_OF_DESK = {
    "n": lazy_gettext("next task: take the most urgent one"),
    "j / k": lazy_gettext("down and up in the list"),
    "o": lazy_gettext("open the task"),
    "x": lazy_gettext("tick the task"),
    "/": lazy_gettext("search"),
    "c": lazy_gettext("claim"),
    "e": lazy_gettext("write a note"),
    "b": lazy_gettext("call back"),
    "p": lazy_gettext("play or pause the message"),
    "q": lazy_gettext("back to the queue"),
    "?": lazy_gettext("all keys"),
    "Ctrl K": lazy_gettext("go to a task, a view or a page"),
}
#: What the command palette does too.
ACTIONS = ("n", "?")
OUTCOMES = {
    "reached": lazy_gettext("Reached, matter discussed"),
    "no_answer": lazy_gettext("No answer"),
    "busy": lazy_gettext("Busy"),
    "answering_machine": lazy_gettext("Answering machine"),
    "wrong_person": lazy_gettext("Wrong person"),
    "call_refused": lazy_gettext("Wants no call"),
    "number_invalid": lazy_gettext("Number not in service"),
    "ringing": lazy_gettext("is ringing"),
    "letter_sent": lazy_gettext("Letter sent"),
    "settled_otherwise": lazy_gettext("Settled otherwise"),
    "forms_sent": lazy_gettext("Forms sent"),
    "granted": lazy_gettext("Appointment granted"),
    "refused": lazy_gettext("Appointment refused"),
    "withdrawn": lazy_gettext("Withdrawn by the caller"),
}
EVENTS = {
    "opened": lazy_gettext("Task opened"),
    "called_again": lazy_gettext("The caller rang again"),
    "raised": lazy_gettext("Raised to an emergency"),
    "lowered": lazy_gettext("The raise by the transcript's words was taken back"),
    "recording_cut_short": lazy_gettext("The carrier's recording is cut short"),
    "number_given": lazy_gettext("The caller gave another number"),
    "changed": lazy_gettext("The caller gave other hours"),
    "withdrawn": lazy_gettext("Withdrawn by the caller"),
    "claimed": lazy_gettext("Claimed"),
    "released": lazy_gettext("Released"),
    "attempted": lazy_gettext("Attempt"),
    "noted": lazy_gettext("Note"),
    "closed": lazy_gettext("Closed"),
    "reopened": lazy_gettext("Reopened"),
    "breached": lazy_gettext("Promise missed"),
    "at_risk": lazy_gettext("Promise at risk"),
    "not_reached_in_time": lazy_gettext("Nobody was reached in time"),
    "put_off": lazy_gettext("Put off at the caller's wish until"),
    "letter_proposed": lazy_gettext("Attempts used up, a letter is proposed"),
    "no_interpreter": lazy_gettext("No interpreter could be had"),
    "taken_over": lazy_gettext("Taken over, the claim was not used; before"),
    "assigned": lazy_gettext("Assigned to"),
    "named": lazy_gettext("Name of the caller"),
    "corrected": lazy_gettext("Transcript corrected"),
    "handed_over": lazy_gettext("Handed over to"),
    "text_sent": lazy_gettext("Text message"),
    "rectified": lazy_gettext("Corrected at the caller's wish"),
    "restricted": lazy_gettext("Use restricted at the caller's wish"),
    "unrestricted": lazy_gettext("Restriction lifted"),
}
TILES = {
    "waiting": lazy_gettext("Waiting now"),
    "longest_wait": lazy_gettext("Longest wait now"),
    "due_soon": lazy_gettext("Due within 4 hours"),
    "missed": lazy_gettext("Missed and open"),
    "answered_in_time": lazy_gettext("Answered within 30 seconds, today"),
    "tried_within_24h": lazy_gettext("First attempt within 24 hours, last 30 days"),
}
FIGURES = {
    **TILES,
    "backlog": lazy_gettext("Open tasks"),
    "calls": lazy_gettext("Calls"),
    "waited": lazy_gettext("Waited for a team"),
    "answered": lazy_gettext("Answered"),
    "abandoned": lazy_gettext("Hung up while waiting"),
    "to_task": lazy_gettext("Callback or voicebox instead"),
    "answered_seconds": lazy_gettext("Answered"),
    "tasks": lazy_gettext("Tasks"),
    "emergencies": lazy_gettext("Emergencies"),
    "wishes_in_person": lazy_gettext("Wishes for an appointment in person"),
    "called_again": lazy_gettext("Rang again about the same"),
    "tried": lazy_gettext("First attempts"),
    "tried_in_time": lazy_gettext("First attempts in time"),
    "tried_seconds": lazy_gettext("First attempts"),
    "tried_missed": lazy_gettext("Promises of an attempt missed"),
    "reached": lazy_gettext("Reached, or closed with a reason"),
    "reached_in_time": lazy_gettext("Reached in time"),
    "reached_seconds": lazy_gettext("Reached, or closed with a reason"),
    "reached_missed": lazy_gettext("Promises to reach somebody missed"),
    "attempts": lazy_gettext("Attempts"),
    "attempts_reached": lazy_gettext("Attempts that reached somebody"),
    "closed": lazy_gettext("Closed"),
    "forms_sent": lazy_gettext("Forms posted"),
    "agreed": lazy_gettext("Appointments in person agreed"),
    "agreed_urgent": lazy_gettext("Appointments in person agreed, in emergencies"),
    "agreed_other": lazy_gettext("Appointments in person agreed, beyond an emergency"),
    "agreed_under_25": lazy_gettext("Appointments in person agreed, under 25"),
    "agreed_urgent_under_25": lazy_gettext("Appointments in person agreed, in emergencies, under 25"),
    "agreed_other_under_25": lazy_gettext("Appointments in person agreed, beyond an emergency, under 25"),
    "refused": lazy_gettext("Appointments in person refused"),
    "consultations": lazy_gettext("Consultations in person"),
    "consultations_large": lazy_gettext("Consultations in person, large room"),
    "conversations": lazy_gettext("Conversations"),
    "settled": lazy_gettext("Settled at first contact"),
    "interpreters_wanted": lazy_gettext("Interpreters wanted"),
    "interpreters_joined": lazy_gettext("Interpreters on the line"),
    "interpreters_in_time": lazy_gettext("Interpreters within two minutes"),
    "interpreter_seconds": lazy_gettext("Interpreters on the line"),
    "interpreters_unmet": lazy_gettext("Interpreters not to be had"),
    "interpreter_minutes": lazy_gettext("Interpreters on the line"),
    "put_off": lazy_gettext("Put off at the caller's wish"),
}
MEASURES = {"tried": lazy_gettext("First attempt"), "reached": lazy_gettext("Reached")}
SLA_STATES = {
    "on_track": lazy_gettext("on track"),
    "at_risk": lazy_gettext("at risk"),
    "missed": lazy_gettext("missed"),
    "met": lazy_gettext("kept"),
    "met_late": lazy_gettext("kept late"),
    "void": lazy_gettext("no longer expected"),
}
PLEASE_LISTEN = {
    "no_model": lazy_gettext(
        "There is no speech model for this language yet. The transcript follows as soon as it is installed."
    ),
    "no_speech": lazy_gettext("No words were recognised."),
    "unusable": lazy_gettext("The audio could not be read."),
    "not_available": lazy_gettext("The carrier never gave us the audio. Please call without it."),
    "failed": lazy_gettext("The transcription failed."),
    "low_confidence": lazy_gettext("The machine is unsure of what it wrote."),
    "too_long": lazy_gettext("The recording is too long for a transcript."),
}
#: What stands on a task when work on it needs a person, by the kind of work.
UNFINISHED = {
    "fetch_recording": lazy_gettext("The audio cannot be fetched from the carrier. Please call back without it."),
    "find_recording": lazy_gettext("The carrier does not say whether there is a recording. Please call back."),
    "ask_for_recording": lazy_gettext("The carrier does not say whether there is a recording. Please call back."),
    "delete_at_carrier": lazy_gettext(
        "The carrier does not delete its copy of the recording. Please tell the operator."
    ),
    "discard_recording": lazy_gettext("A replaced recording cannot be deleted. Please tell the operator."),
    "transcribe": lazy_gettext("The message cannot be transcribed. Please listen."),
    "send_text_message": lazy_gettext("The text message cannot be sent. Please give the link in the conversation."),
    "send_alert": lazy_gettext("An alert cannot be sent. Please tell the operator."),
    "send_report": lazy_gettext("A report cannot be sent by e-mail. Please tell the operator."),
    "ring_leg": lazy_gettext("A telephone cannot be rung through the carrier. Please tell the operator."),
    "hang_up_leg": lazy_gettext("A call cannot be ended at the carrier. Please tell the operator."),
    "bring_caller": lazy_gettext("A waiting caller could not be put through. Please call back."),
    "end_room": lazy_gettext("A conversation cannot be ended at the carrier. Please tell the operator."),
    "tell_no_interpreter": lazy_gettext("The caller could not be told that nobody interprets. Please call back."),
}


PRESENCE_STATES = {
    "offline": lazy_gettext("signed off"),
    "available": lazy_gettext("available"),
    "paused": lazy_gettext("on a break"),
    "ringing": lazy_gettext("telephone rings"),
    "talking": lazy_gettext("talking"),
    "wrap_up": lazy_gettext("wrap-up"),
}
CONVERSATION_OUTCOMES = {
    "settled": lazy_gettext("settled"),
    "follow_up": lazy_gettext("we call again"),
    "passed_on": lazy_gettext("passed on"),
    "broken_off": lazy_gettext("broken off"),
}
ROLES = {
    "caller": lazy_gettext("Caller"),
    "member": lazy_gettext("Team member"),
    "interpreter": lazy_gettext("Interpreter"),
    "companion": lazy_gettext("Companion"),
}
LEG_STATES = {
    "wanted": lazy_gettext("is being called"),
    "ringing": lazy_gettext("telephone rings"),
    "answered": lazy_gettext("has picked up"),
    "joined": lazy_gettext("is on the line"),
    "ended": lazy_gettext("gone"),
}
USER_ROLES = {
    "member": lazy_gettext("team member"),
    "supervisor": lazy_gettext("supervisor"),
    "administrator": lazy_gettext("administrator"),
    "officer": lazy_gettext("data protection officer"),
}
OPENING_REASONS = {
    "stand_in": lazy_gettext("I stand in for a colleague"),
    "caller_asks": lazy_gettext("the person is on the telephone and asks"),
    "complaint": lazy_gettext("a complaint"),
    "oversight": lazy_gettext("oversight (Fachaufsicht)"),
    "hand_over": lazy_gettext("to see which team is responsible"),
    "follow_up": lazy_gettext("to look something up after closing"),
    "other": lazy_gettext("another reason"),
}
ACCESS_ACTIONS = {
    "view": lazy_gettext("viewed"),
    "open": lazy_gettext("opened"),
    "listen": lazy_gettext("listened"),
    "search": lazy_gettext("searched"),
    "export": lazy_gettext("exported"),
    "download": lazy_gettext("downloaded"),
    "read_log": lazy_gettext("read this log"),
    "export_log": lazy_gettext("exported this log"),
    "log_in": lazy_gettext("logged in"),
    "log_in_failed": lazy_gettext("failed to log in"),
    "log_out": lazy_gettext("logged out"),
    "user_changed": lazy_gettext("changed a person"),
    "token_changed": lazy_gettext("changed a token"),
    "period_proposed": lazy_gettext("proposed a period"),
    "period_decided": lazy_gettext("decided about a period"),
    "hold_placed": lazy_gettext("placed a legal hold"),
    "hold_lifted": lazy_gettext("lifted a legal hold"),
    "subject_request": lazy_gettext("worked on a data subject's request"),
    "deleted": lazy_gettext("deleted"),
    "restored": lazy_gettext("restored a backup"),
    "trimmed": lazy_gettext("deleted older lines of this log"),
}
UNUSUAL = {
    "many_tasks": lazy_gettext("many tasks on one day"),
    "many_searches": lazy_gettext("many searches on one day"),
    "many_exported": lazy_gettext("many tasks exported on one day"),
    "at_night": lazy_gettext("at night"),
    "own_name": lazy_gettext("a caller of their own surname"),
    "no_call": lazy_gettext("opened, and neither called nor wrote anything"),
}
PERIODS = {
    "audio": lazy_gettext("Audio"),
    "transcript": lazy_gettext("Transcript and notes"),
    "number_and_name": lazy_gettext("Number and name"),
    "task": lazy_gettext("Task"),
    "call_record": lazy_gettext("Call record"),
    "remembered_language": lazy_gettext("Remembered language"),
    "access_log": lazy_gettext("Access log"),
    "statistics": lazy_gettext("Statistics"),
}
DELETION_CAUSES = {
    "period": lazy_gettext("its period was over"),
    "erasure": lazy_gettext("erased at the person's wish"),
    "replay": lazy_gettext("deleted again after a restore"),
}
SUBJECT_KINDS = _lazily(labels.SUBJECT_KINDS)
SUBJECT_RIGHTS = {
    "access": lazy_gettext("Access (Art. 15 GDPR)"),
    "rectification": lazy_gettext("Rectification (Art. 16 GDPR)"),
    "erasure": lazy_gettext("Erasure (Art. 17 GDPR)"),
    "restriction": lazy_gettext("Restriction (Art. 18 GDPR)"),
}
IDENTITY_CHECKS = {
    "called_back": lazy_gettext("rung back at the number, which confirmed the request"),
    "code_and_number": lazy_gettext("named the receipt code and the number"),
    "document": lazy_gettext("showed an identity document in person"),
    "representative": lazy_gettext("representative with a written authorisation"),
}
REQUEST_STATES = {"opened": lazy_gettext("begun"), "done": lazy_gettext("done"), "refused": lazy_gettext("refused")}
#: How the results of requests end, which are kept in English for the log.
REQUEST_RESULTS = {
    " handed out": lazy_gettext(" handed out"),
    " corrected": lazy_gettext(" corrected"),
    " unrestricted": lazy_gettext(" used again"),
    " restricted": lazy_gettext(" restricted"),
    "closed": lazy_gettext("closed"),
    "lapsed": lazy_gettext("lapsed: nobody has finished it"),
}
PROPOSAL_STATES = {
    "proposed": lazy_gettext("waits for the data protection officer"),
    "confirmed": lazy_gettext("confirmed"),
    "refused": lazy_gettext("refused"),
}
WEEKDAYS = (
    lazy_gettext("Monday"), lazy_gettext("Tuesday"), lazy_gettext("Wednesday"), lazy_gettext("Thursday"),
    lazy_gettext("Friday"), lazy_gettext("Saturday"), lazy_gettext("Sunday"),
)  # fmt: skip
REFUSALS = {
    "no_mobile": lazy_gettext("No text message can be received at this number."),
    "text_needed": lazy_gettext("The text message is empty."),
    "reason_needed": lazy_gettext("Please give a reason."),
    "restricted": lazy_gettext("This person has asked that their data is not used. Nobody can open the task."),
    "covered": lazy_gettext("This is covered. Claim the task, or open it with a reason."),
    "no_team": lazy_gettext("Please choose another team."),
    "nothing_to_correct": lazy_gettext("There is no transcript to correct."),
    "closed_now": lazy_gettext("Nobody is called outside opening hours."),
    "not_now": lazy_gettext(
        "It is not the time the caller has named, or the next attempt is not due. To call all the same, tick the box."
    ),
    "no_number": lazy_gettext("This is no telephone number that can be called."),
    "no_phone": lazy_gettext("Please say first at which telephone you sit."),
    "on_the_phone": lazy_gettext("You are on the phone."),
    "wrap_up": lazy_gettext("Please write down first what came of the last conversation."),
    "nothing_to_wrap_up": lazy_gettext("There is nothing to wrap up."),
    "no_conversation": lazy_gettext("You are in no conversation."),
}
