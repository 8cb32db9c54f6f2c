"""Enumerations of the desk: text modules, macros, people who call for others, proofs of identity."""

from __future__ import annotations

from enum import StrEnum


class Relation(StrEnum):
    """Who somebody is to the person for whom they call."""

    PARENT = "parent"
    SPOUSE = "spouse"
    GUARDIAN = "guardian"
    SOCIAL_WORKER = "social_worker"
    OTHER = "other"


class Authority(StrEnum):
    """By what authority somebody calls for another person (§ 13 SGB X)."""

    POWER_OF_ATTORNEY = "power_of_attorney"
    ADVISER = "adviser"
    GUARDIANSHIP = "guardianship"
    STATUTORY = "statutory"
    NONE = "none"


class Disclosure(StrEnum):
    """What may be told to somebody who calls for another person."""

    EVERYTHING = "everything"
    TOGETHER = "together"
    NOTHING = "nothing"


class TextModuleUse(StrEnum):
    """What a text module is for."""

    NOTE = "note"
    TEXT_MESSAGE = "sms"


class Placeholder(StrEnum):
    """What a text module may leave open."""

    OFFICE = "office"
    TEAM = "team"
    HOTLINE = "hotline"


class MacroStep(StrEnum):
    """A step of a macro, in the order in which steps are applied."""

    ATTEMPT = "attempt"
    TEXT = "text"
    NOTE = "note"
    PUT_OFF = "put_off"
    CLOSE = "close"
    RELEASE = "release"
    HAND_OVER = "hand_over"


class IdentityProof(StrEnum):
    """How a member knows whose task it is. A number that is shown proves nothing."""

    FILE_DATA = "file_data"
    DOCUMENT = "document"
    CODE = "code"
