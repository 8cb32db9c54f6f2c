"""Roles and the access log."""

from __future__ import annotations

from ivr.domain.enums import AccessAction, AccountChange, BreakGlassReason, Role, UnusualReading
from ivr.domain.words.tables import Words, _

ROLES = Words(
    "roles",
    {
        Role.MEMBER: _("team member"),
        Role.SUPERVISOR: _("supervisor"),
        Role.ADMINISTRATOR: _("administrator"),
        Role.OFFICER: _("data protection officer"),
    },
    Role,
)
ACCOUNT_CHANGES = Words(
    "account changes",
    {
        AccountChange.MADE: _("log-in made"),
        AccountChange.PASSWORD_SET: _("password set"),
        AccountChange.SECOND_FACTOR_ASKED: _("removal of the second factor asked for"),
        AccountChange.SECOND_FACTOR_REMOVED: _("second factor removed"),
        AccountChange.ROLE_CHANGED: _("role or teams changed"),
        AccountChange.PIN_SET: _("personal number or PIN set"),
        AccountChange.ACTIVITY_CHANGED: _("log-in locked or opened again"),
        AccountChange.MAIL_CHANGED: _("e-mail address changed"),
        AccountChange.LINK_MADE: _("link for a new password made"),
        AccountChange.PASSWORD_BY_MAIL: _("new password set with a link sent by e-mail"),
    },
    AccountChange,
)
BREAK_GLASS_REASONS = Words(
    "break glass reasons",
    {
        BreakGlassReason.STAND_IN: _("I stand in for a colleague"),
        BreakGlassReason.CALLER_ASKS: _("the person is on the telephone and asks"),
        BreakGlassReason.COMPLAINT: _("a complaint"),
        BreakGlassReason.OVERSIGHT: _("oversight (Fachaufsicht)"),
        BreakGlassReason.HAND_OVER: _("to see which team is responsible"),
        BreakGlassReason.FOLLOW_UP: _("to look something up after closing"),
        BreakGlassReason.OTHER: _("another reason"),
    },
    BreakGlassReason,
)
ACCESS_ACTIONS = Words(
    "access actions",
    {
        AccessAction.VIEW: _("viewed"),
        AccessAction.OPEN: _("opened"),
        AccessAction.LISTEN: _("listened"),
        AccessAction.SEARCH: _("searched"),
        AccessAction.EXPORT: _("exported"),
        AccessAction.DOWNLOAD: _("downloaded"),
        AccessAction.READ_LOG: _("read this log"),
        AccessAction.EXPORT_LOG: _("exported this log"),
        AccessAction.LOG_IN: _("logged in"),
        AccessAction.LOG_IN_FAILED: _("failed to log in"),
        AccessAction.LOG_OUT: _("logged out"),
        AccessAction.USER_CHANGED: _("changed a person"),
        AccessAction.TOKEN_CHANGED: _("changed a token"),
        AccessAction.PERIOD_PROPOSED: _("proposed a period"),
        AccessAction.PERIOD_DECIDED: _("decided about a period"),
        AccessAction.HOLD_PLACED: _("placed a legal hold"),
        AccessAction.HOLD_LIFTED: _("lifted a legal hold"),
        AccessAction.SUBJECT_REQUEST: _("worked on a data subject's request"),
        AccessAction.CODE_CHANGE: _("decided about a change by receipt code"),
        AccessAction.NOTICE_CHANGED: _(
            "changed opening hours of a day, an announcement, a night answer, help in an emergency "
            "or the name of a language"
        ),
        AccessAction.DIRECTORY_CHANGED: _("changed the directory"),
        AccessAction.LISTEN_IN: _("listened in to a conversation, after an announcement"),
        AccessAction.INCIDENT: _("marked a call, or decided about a marked one"),
        AccessAction.SETTINGS_CHANGED: _("changed the settings"),
        AccessAction.TEAM_TEXTS_CHANGED: _("changed text modules or macros of a team"),
        AccessAction.CHANGED_BY_PROGRAM: _("changed by a program"),
        AccessAction.DELETED: _("deleted"),
        AccessAction.RESTORED: _("restored a backup"),
        AccessAction.TRIMMED: _("deleted older lines of this log"),
    },
    AccessAction,
)
UNUSUAL_READINGS = Words(
    "unusual readings",
    {
        UnusualReading.MANY_TASKS: _("many tasks on one day"),
        UnusualReading.MANY_SEARCHES: _("many searches on one day"),
        UnusualReading.MANY_EXPORTED: _("many tasks exported on one day"),
        UnusualReading.AT_NIGHT: _("at night"),
        UnusualReading.OWN_NAME: _("a caller of their own surname"),
        UnusualReading.NO_CALL: _("opened, and neither called nor wrote anything"),
    },
    UnusualReading,
)
