"""Enumerations of roles, reading, and the rights of data subjects."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What somebody with a log-in is (Rolle). What each may do stands in :mod:`ivr.domain.permissions`."""

    MEMBER = "member"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    OFFICER = "officer"


class TokenScope(StrEnum):
    """What a program's token opens."""

    TASKS = "tasks"
    CALLERS = "callers"
    CHANGES = "changes"
    NOTICES = "notices"
    DIRECTORY = "directory"


class AccessAction(StrEnum):
    """What the access log records."""

    VIEW = "view"
    OPEN = "open"
    LISTEN = "listen"
    SEARCH = "search"
    EXPORT = "export"
    DOWNLOAD = "download"
    READ_LOG = "read_log"
    EXPORT_LOG = "export_log"
    LOG_IN = "log_in"
    LOG_IN_FAILED = "log_in_failed"
    LOG_OUT = "log_out"
    USER_CHANGED = "user_changed"
    TOKEN_CHANGED = "token_changed"  # noqa: S105 - no password
    PERIOD_PROPOSED = "period_proposed"
    PERIOD_DECIDED = "period_decided"
    HOLD_PLACED = "hold_placed"
    HOLD_LIFTED = "hold_lifted"
    SUBJECT_REQUEST = "subject_request"
    CODE_CHANGE = "code_change"
    CHANGED_BY_PROGRAM = "changed_by_program"
    NOTICE_CHANGED = "notice_changed"
    DIRECTORY_CHANGED = "directory_changed"
    INCIDENT = "incident"
    LISTEN_IN = "listen_in"
    SETTINGS_CHANGED = "settings_changed"
    TEAM_TEXTS_CHANGED = "team_texts_changed"
    DELETED = "deleted"
    RESTORED = "restored"
    TRIMMED = "trimmed"


class AccountChange(StrEnum):
    """What somebody else has changed about a person's log-in."""

    MADE = "made"
    PASSWORD_SET = "password_set"  # noqa: S105 - no password
    SECOND_FACTOR_ASKED = "second_factor_asked"
    SECOND_FACTOR_REMOVED = "second_factor_removed"
    ROLE_CHANGED = "role_changed"
    PIN_SET = "pin_set"
    ACTIVITY_CHANGED = "activity_changed"
    MAIL_CHANGED = "mail_changed"
    LINK_MADE = "link_made"
    PASSWORD_BY_MAIL = "password_by_mail"  # noqa: S105 - no password


class LinkPurpose(StrEnum):
    """Why somebody gets a link with which they choose a password."""

    INVITATION = "invitation"
    FORGOTTEN = "forgotten"


class BreakGlassReason(StrEnum):
    """Why a task is opened by somebody who does not hold it."""

    STAND_IN = "stand_in"
    CALLER_ASKS = "caller_asks"
    COMPLAINT = "complaint"
    OVERSIGHT = "oversight"
    HAND_OVER = "hand_over"
    FOLLOW_UP = "follow_up"
    OTHER = "other"


class UnusualReading(StrEnum):
    """What the report of unusual reading looks for."""

    MANY_TASKS = "many_tasks"
    MANY_SEARCHES = "many_searches"
    MANY_EXPORTED = "many_exported"
    AT_NIGHT = "at_night"
    OWN_NAME = "own_name"
    NO_CALL = "no_call"


class RetentionKind(StrEnum):
    """Kinds of data that have a retention period (Löschfrist) of their own."""

    AUDIO = "audio"
    TRANSCRIPT = "transcript"
    NUMBER_AND_NAME = "number_and_name"
    TASK = "task"
    CALL_RECORD = "call_record"
    INCIDENT = "incident"
    REMEMBERED_LANGUAGE = "remembered_language"
    ACCESS_LOG = "access_log"
    STATISTICS = "statistics"


class ProposalState(StrEnum):
    """State of a proposed change of a retention period."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


class DeletionCause(StrEnum):
    """Why data was deleted. Replay: deleted again after a restore."""

    PERIOD = "period"
    ERASURE = "erasure"
    REPLAY = "replay"


class PendingDeletionKind(StrEnum):
    """What is to be deleted outside the database: audio in our store, or what the carrier keeps."""

    AUDIO = "audio"
    CALL = "call"
    RECORDING = "recording"
    MESSAGE = "message"


class SubjectRight(StrEnum):
    """Right of a data subject: Art. 15, 16, 17 and 18 GDPR."""

    ACCESS = "access"
    RECTIFICATION = "rectification"
    ERASURE = "erasure"
    RESTRICTION = "restriction"


class SubjectRequestState(StrEnum):
    """State of a data subject's request."""

    OPENED = "opened"
    DONE = "done"
    REFUSED = "refused"


class IdentityCheck(StrEnum):
    """How we know that a request comes from the data subject.

    Neither a telephone nor a receipt code proves who somebody is: both can be lost, stolen or borrowed.
    """

    DOCUMENT = "document"
    REPRESENTATIVE = "representative"
    #: Compared with the file by two people.
    CUSTOMER_DATA = "customer_data"
    #: Of requests that were opened before; they count no longer.
    CALLED_BACK = "called_back"
    CODE_AND_NUMBER = "code_and_number"
