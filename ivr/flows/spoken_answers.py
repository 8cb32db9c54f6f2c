"""Words in place of keys: which questions take them, and when a caller is asked whether they were understood.

A caller who has agreed by key to be recorded, and then presses nothing at a question, may answer it by saying a word.
So may they every question after it, until they press a key or are not understood: then the question is repeated, and
waits for keys. A word that does more than silence would is read back, and counts when it is confirmed.
"""

from __future__ import annotations

from ivr.domain.enums import SpokenWords
from ivr.flows.protocol import Input, Keys, PromptLine, Spoken, Words
from ivr.flows.questions import Questions
from ivr.flows.state import CallState, changed
from ivr.flows.steps import Menu

#: The prompt that tells, once, that the answer may be said, and that it is recorded for that.
EXPLANATION = "speak_instead"
_YES, _NO = "1", "2"
_HINTS = {SpokenWords.YES_NO: "say_yes_or_no", SpokenWords.NUMBERS: "say_the_number"}
#: What is said only where an answer may be spoken.
INVITATIONS = frozenset({EXPLANATION, *_HINTS.values()})


def may_begin(menu: Menu, state: CallState, given: Input, questions: Questions) -> bool:
    """Whether a caller who has pressed nothing at a question is told that they may say the answer."""
    silent = given in (Keys(), Keys(early=True)) or not isinstance(given, Keys | Spoken)
    if menu.spoken is None or not silent or state.speaks or not state.speech_agreed:
        return False
    return _understands(state, questions)


def words(menu: Menu, state: CallState, questions: Questions) -> Words | None:
    """The words that may be said at a question, or at the question whether one was understood; None: keys only."""
    if menu.spoken is None or not (state.speaks and state.speech_agreed) or not _understands(state, questions):
        return None
    if state.heard_key or menu.spoken == SpokenWords.YES_NO:
        return Words(SpokenWords.YES_NO, (_YES, _NO))
    return Words(menu.spoken, tuple(key for key in menu.choices if menu.offers(key, state, questions)))


def _understands(state: CallState, questions: Questions) -> bool:
    return not state.request.unlisted_language and questions.understands(state.language)


def hint(words: Words | None) -> tuple[PromptLine, ...]:
    """What may be said after the tone."""
    return (PromptLine(_HINTS[words.kind]),) if words else ()


def read_back(menu: Menu, state: CallState) -> tuple[PromptLine, ...]:
    """What was understood, and whether it is right; nothing where there is nothing to confirm."""
    if not state.heard_key:
        return ()
    if menu.spoken == SpokenWords.YES_NO:
        return (PromptLine("understood_yes" if state.heard_key == _YES else "understood_no"),)
    return (PromptLine("understood_number", values={"key": state.heard_key}),)


def understood(menu: Menu, state: CallState, given: Input) -> tuple[CallState, Input | None]:
    """The answer that counts at a question after a word, or after a word was read back; None: it is read back first.

    A word that was not understood, or not confirmed, counts as an empty one.
    """
    heard, state = state.heard_key, changed(state, heard_key="")
    if heard:
        if given in (Keys(_YES), Spoken(_YES)):
            return state, Keys(heard)
        if isinstance(given, Keys) and given.digits not in ("", *menu.choices):
            return state, given  # a key that counts anywhere
    elif isinstance(given, Spoken) and given.key in menu.choices:
        if menu.does_what_silence_does(given.key):
            return state, Keys(given.key)
        return changed(state, heard_key=given.key), None
    return changed(state, speaks=False), Spoken()
