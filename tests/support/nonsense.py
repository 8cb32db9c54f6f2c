"""Names of fields that some form or webhook of the hotline reads."""

NAMES = (
    "From", "To", "CallSid", "Digits", "RecordingSid", "RecordingDuration", "RecordingStatus", "CallStatus", "task",
    "DialCallStatus", "ErrorCode", "SequenceNumber", "StatusCallbackEvent", "ConferenceSid", "FriendlyName", "leg",
    "state", "token", "number", "q", "view", "page", "seen", "part", "sort", "since", "until", "text", "outcome", "to",
    "action", "team", "user", "weekday", "starts", "ends", "day", "days", "reason", "reason_text", "name", "username",
    "password", "present", "new", "code", "key", "recovery_code", "role", "active", "scope", "kind", "change", "sms",
    "decision", "named", "identity_check", "sure", "lift", "refuse", "month", "report", "dimension", "age", "before",
    "covered", "appointment_at", "place", "room", "answer", "refusal_reason", "posted_on", "language", "limit", "next",
    "after_id", "call_sid", "template", "needs_interpreter", "anyway", "for_good", "take", "figure", "actor",
)  # fmt: skip
