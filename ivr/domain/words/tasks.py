"""Callback tasks, their promises, history and failed work."""

from __future__ import annotations

from ivr.domain.enums import (
    CallerProof,
    DeliveryState,
    Likeness,
    Outcome,
    SlaMeasure,
    SlaState,
    SmsTemplate,
    TaskEventKind,
    TaskKind,
    TaskState,
    TranscriptReason,
    WorkKind,
)
from ivr.domain.words.tables import Words, _

TASK_KINDS = Words(
    "task kinds",
    {
        TaskKind.CALLBACK: _("Callback"),
        TaskKind.POSTAL_ORDER: _("Forms by post"),
        TaskKind.APPOINTMENT: _("Appointment wish"),
    },
    TaskKind,
)
TASK_STATES = Words(
    "task states",
    {
        TaskState.OPEN: _("open"),
        TaskState.CLAIMED: _("claimed"),
        TaskState.CLOSED: _("closed"),
    },
    TaskState,
)
OUTCOMES = Words(
    "outcomes",
    {
        Outcome.REACHED: _("Reached, matter discussed"),
        Outcome.NO_ANSWER: _("No answer"),
        Outcome.BUSY: _("Busy"),
        Outcome.ANSWERING_MACHINE: _("Answering machine"),
        Outcome.WRONG_PERSON: _("Wrong person"),
        Outcome.CALL_REFUSED: _("Wants no call"),
        Outcome.NUMBER_INVALID: _("Number not in service"),
        Outcome.RINGING: _("is ringing"),
        Outcome.LETTER_SENT: _("Letter sent"),
        Outcome.SETTLED_OTHERWISE: _("Settled otherwise"),
        Outcome.FORMS_SENT: _("Forms sent"),
        Outcome.GRANTED: _("Appointment granted"),
        Outcome.REFUSED: _("Appointment refused"),
        Outcome.WITHDRAWN: _("Withdrawn by the caller"),
        Outcome.MERGED: _("Merged"),
        Outcome.TALKED: _("Talked with in the same call"),
    },
    Outcome,
)
TASK_EVENTS = Words(
    "task events",
    {
        TaskEventKind.OPENED: _("Task opened"),
        TaskEventKind.CALLED_AGAIN: _("The caller rang again"),
        TaskEventKind.CALLBACK_WANTED: _("The caller asks to be called back, without a recording"),
        TaskEventKind.RAISED: _("Raised to an emergency"),
        TaskEventKind.LOWERED: _("The raise by the transcript's words was taken back"),
        TaskEventKind.DANGER_RAISED: _("The message speaks of danger to life"),
        TaskEventKind.DANGER_ACTED: _("Danger to life: done"),
        TaskEventKind.DANGER_LOWERED: _("Danger to life: taken back, false alarm"),
        TaskEventKind.DANGER_CONFIRMED: _("Danger to life: is one after all"),
        TaskEventKind.LANGUAGE_CHANGED: _("The language is the one that is spoken in the message"),
        TaskEventKind.LANGUAGE_KEPT: _("The language stays; a machine had heard"),
        TaskEventKind.RECORDING_CUT_SHORT: _("The carrier's recording is cut short"),
        TaskEventKind.NUMBER_GIVEN: _("The caller gave another number"),
        TaskEventKind.NUMBER_CHANGED: _("Another number was given by receipt code; not confirmed"),
        TaskEventKind.WITHDRAWAL_WANTED: _("Withdrawn by receipt code; not confirmed"),
        TaskEventKind.CHANGE_CONFIRMED: _("The change by receipt code is confirmed"),
        TaskEventKind.CHANGE_REFUSED: _("The change by receipt code is taken back"),
        TaskEventKind.TELLING_STOPPED: _("The old number is not told of the change"),
        TaskEventKind.CHANGED: _("The caller gave other hours"),
        TaskEventKind.ANSWERED: _("The caller answered further questions by key"),
        TaskEventKind.WITHDRAWN: _("Withdrawn by the caller"),
        TaskEventKind.CLAIMED: _("Claimed"),
        TaskEventKind.RELEASED: _("Released"),
        TaskEventKind.ATTEMPTED: _("Attempt"),
        TaskEventKind.NOTED: _("Note"),
        TaskEventKind.CLOSED: _("Closed"),
        TaskEventKind.REOPENED: _("Reopened"),
        TaskEventKind.BREACHED: _("Promise missed"),
        TaskEventKind.AT_RISK: _("Promise at risk"),
        TaskEventKind.NOT_REACHED_IN_TIME: _("Nobody was reached in time"),
        TaskEventKind.PUT_OFF: _("Put off at the caller's wish until"),
        TaskEventKind.DEADLINE_MOVED: _("Opening hours of a day were changed; due now"),
        TaskEventKind.LETTER_PROPOSED: _("Attempts used up, a letter is proposed"),
        TaskEventKind.NO_INTERPRETER: _("No interpreter could be had"),
        TaskEventKind.INTERPRETER_BOOKED: _("An interpreter was booked"),
        TaskEventKind.BOOKING_CANCELED: _("The booking of an interpreter was canceled"),
        TaskEventKind.TAKEN_OVER: _("Taken over, the claim was not used; before"),
        TaskEventKind.ASSIGNED: _("Assigned to"),
        TaskEventKind.NAMED: _("Name of the caller"),
        TaskEventKind.CORRECTED: _("Transcript corrected"),
        TaskEventKind.HANDED_OVER: _("Handed over to"),
        TaskEventKind.TEXT_SENT: _("Text message"),
        TaskEventKind.TEXT_NOT_SENT: _("Text message not delivered"),
        TaskEventKind.NOT_RUNG: _("The call was not put through, no attempt was counted"),
        TaskEventKind.RECTIFIED: _("Corrected at the caller's wish"),
        TaskEventKind.RESTRICTED: _("Use restricted at the caller's wish"),
        TaskEventKind.UNRESTRICTED: _("Restriction lifted"),
        TaskEventKind.MERGED: _("Merged: the contacts of this task have come here"),
        TaskEventKind.MERGED_INTO: _("Merged into the task"),
        TaskEventKind.MERGE_UNDONE: _("The merge was undone"),
        TaskEventKind.SPLIT_OFF: _("Taken out into a task of its own"),
        TaskEventKind.SPLIT_FROM: _("Taken out of the task"),
        TaskEventKind.TOLD_APART: _("Judged not to be the same person as in the task"),
        TaskEventKind.TOLD_APART_UNDONE: _("The judgement “not the same person” was undone for the task"),
        TaskEventKind.REPRESENTED: _("Somebody calls for the person"),
        TaskEventKind.REPRESENTATION_ENDED: _("Somebody does not call for the person any more"),
        TaskEventKind.DISCLOSURE_REFUSED: _("Disclosure refused"),
        TaskEventKind.IDENTITY_PROVEN: _("Identity proven"),
        TaskEventKind.IDENTITY_TAKEN_BACK: _("The proof of identity was taken back"),
        TaskEventKind.SAME_PERSON: _("The same person as in another task"),
        TaskEventKind.TAGGED: _("Tags"),
        TaskEventKind.UNDONE: _("Undone"),
    },
    TaskEventKind,
)
#: Why two tasks are perhaps of the same person.
LIKENESSES = Words(
    "likenesses",
    {
        Likeness.NUMBER: _("same telephone number"),
        Likeness.CODE: _("a call has keyed in the other's receipt code"),
    },
    Likeness,
)
CALLER_PROOFS = Words(
    "caller proofs",
    {
        CallerProof.CALLED_BACK: _("called back at the earlier number, where the person confirmed it"),
        CallerProof.FILE_DATA: _("customer number and further data agree with the file"),
        CallerProof.DOCUMENT: _("showed an identity document in person"),
        CallerProof.REPRESENTATIVE: _("representative with a written authorisation"),
    },
    CallerProof,
)
SLA_MEASURES = Words(
    "sla measures",
    {
        SlaMeasure.TRIED: _("First attempt"),
        SlaMeasure.REACHED: _("Reaching the caller"),
    },
    SlaMeasure,
)
#: How a promise has ended, by measure and state; "missed": nobody has tried or reached the caller, in the end.
PROMISE_ENDS = Words(
    "ends of promises",
    {
        f"{SlaMeasure.TRIED} {SlaState.MET}": _("tried in time"),
        f"{SlaMeasure.TRIED} {SlaState.MET_LATE}": _("tried, but late"),
        f"{SlaMeasure.TRIED} {SlaState.MISSED}": _("first attempt missed"),
        f"{SlaMeasure.TRIED} {SlaState.VOID}": _("closed without an attempt"),
        f"{SlaMeasure.REACHED} {SlaState.MET}": _("reached in time"),
        f"{SlaMeasure.REACHED} {SlaState.MET_LATE}": _("reached, but late"),
        f"{SlaMeasure.REACHED} {SlaState.MISSED}": _("not reached in time"),
        f"{SlaMeasure.REACHED} {SlaState.VOID}": _("no longer expected"),
    },
)
SLA_STATES = Words(
    "sla states",
    {
        SlaState.ON_TRACK: _("on track"),
        SlaState.AT_RISK: _("at risk"),
        SlaState.MISSED: _("missed"),
        SlaState.MET: _("kept"),
        SlaState.MET_LATE: _("kept late"),
        SlaState.VOID: _("no longer expected"),
    },
    SlaState,
)
#: What became of a text message.
TEXT_STATES = Words(
    "text states",
    {
        DeliveryState.QUEUED: _("being sent"),
        DeliveryState.SENT: _("sent, delivery not confirmed"),
        "delivered": _("delivered"),
        DeliveryState.FAILED: _("not deliverable"),
    },
)
SMS_TEMPLATES = Words(
    "sms templates",
    {
        SmsTemplate.MISSED: _("We could not reach you"),
        SmsTemplate.LINK: _("Link to the online services"),
        SmsTemplate.APPOINTMENT: _("The appointment"),
        SmsTemplate.ANSWER: _("Answer in writing"),
        SmsTemplate.NUMBER_CHANGED: _("A number was changed"),
        SmsTemplate.NOT_READ: _("Answer to a text message of theirs, which nobody reads"),
        SmsTemplate.MODULE: _("Text module"),
    },
    SmsTemplate,
)
TRANSCRIPT_REASONS = Words(
    "transcript reasons",
    {
        TranscriptReason.NO_MODEL: _(
            "There is no speech model for this language yet. The transcript follows as soon as it is installed."
        ),
        TranscriptReason.NO_SPEECH: _("Nobody was heard speaking: tones, noise, music or silence."),
        TranscriptReason.UNUSABLE: _("The audio could not be read."),
        TranscriptReason.NOT_AVAILABLE: _("The carrier never gave us the audio. Please call without it."),
        TranscriptReason.FAILED: _("The transcription failed."),
        TranscriptReason.LOW_CONFIDENCE: _("The machine is unsure of what it wrote."),
        TranscriptReason.OUTSIDE_SPEECH: _("Most of these words lie where nobody speaks."),
        TranscriptReason.TOO_MANY_WORDS: _("These are more words than anybody can say in that time."),
        TranscriptReason.TOO_FEW_WORDS: _("Much is spoken, but only few words were understood: another language?"),
        TranscriptReason.SHORT_WORDS: _("Nearly all words are very short: noise, or another language?"),
        TranscriptReason.REPEATED_WORDS: _("The machine has written the same word again and again."),
        TranscriptReason.ENGINES_DIFFER: _("Two machines have heard quite different words."),
        TranscriptReason.TOO_LONG: _("The recording is too long for a transcript."),
        TranscriptReason.UNCHECKED: _("Whether somebody speaks could not be checked. These may be no words at all."),
    },
    TranscriptReason,
)
#: What stands on a task when work on it needs a person.
FAILED_WORK = Words(
    "failed work",
    {
        WorkKind.FETCH_RECORDING: _("The audio cannot be fetched from the carrier. Please call back without it."),
        WorkKind.FIND_RECORDING: _("The carrier does not say whether there is a recording. Please call back."),
        WorkKind.ASK_FOR_RECORDING: _("The carrier does not say whether there is a recording. Please call back."),
        WorkKind.DELETE_AT_CARRIER: _(
            "The carrier does not delete its copy of the recording. Please tell the operator."
        ),
        WorkKind.DISCARD_RECORDING: _("A replaced recording cannot be deleted. Please tell the operator."),
        WorkKind.UNDERSTAND_ANSWER: _(
            "The carrier does not delete the recording of a spoken answer. Please tell the operator."
        ),
        WorkKind.TRANSCRIBE: _("The message cannot be transcribed. Please listen."),
        WorkKind.CHECK_LANGUAGE: _("Which language is spoken in the message cannot be checked. Please listen."),
        WorkKind.RENDER_GIST: _("The message cannot be rendered into English. Please listen."),
        WorkKind.HEAR_AGAIN: _("The second machine cannot hear the message. The transcript of the first one stands."),
        WorkKind.SEND_TEXT_MESSAGE: _(
            "The text message cannot be sent. It is tried for a day; please say in the conversation what it was to say."
        ),
        WorkKind.SEND_ALERT: _("An alert cannot be sent. Please tell the operator."),
        WorkKind.SEND_REPORT: _("A report cannot be sent by e-mail. Please tell the operator."),
        WorkKind.SEND_LINK: _("A link for a password cannot be sent by e-mail. Please tell the operator."),
        WorkKind.RING_LEG: _("A telephone cannot be rung through the carrier. Please tell the operator."),
        WorkKind.HANG_UP_LEG: _("A call cannot be ended at the carrier. Please tell the operator."),
        WorkKind.BRING_CALLER: _("A waiting caller could not be put through. Please call back."),
        WorkKind.END_ROOM: _("A conversation cannot be ended at the carrier. Please tell the operator."),
        WorkKind.TELL_LEG: _("Somebody in a conversation could not be told what happened. Please tell the operator."),
        WorkKind.RECALL_LEG: _("A caller on hold could not be brought back. Please call back."),
        WorkKind.TELL_STILL_LOOKING: _(
            "A caller could not be told that somebody is still being called who interprets."
        ),
        WorkKind.TELL_NO_INTERPRETER: _("The caller could not be told that nobody interprets. Please call back."),
        WorkKind.ASK_FOR_DUTY: _("A member could not be asked at the start of a duty. Please tell the operator."),
    },
    WorkKind,
)
