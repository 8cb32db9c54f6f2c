"""The form of a wrap-up, whose words are kept with the conversation where it is refused."""

from __future__ import annotations

from typing import Annotated

from ivr.contact_centre import agent_presence, conversation_notes
from ivr.domain.enums import ConversationOutcome
from ivr.domain.words import _
from ivr.models.accounts import User
from ivr.platform import database
from ivr.web import forms
from ivr.web.actions import keep_draft
from ivr.web.authorisation import me
from ivr.web.form_fields import LONGEST_TEXT, Text, one_of


class WrapUpForm(forms.Form):
    """How a conversation ended, and what was agreed."""

    problem = _("Please choose how it ended.")
    outcome: Annotated[str, one_of(list(ConversationOutcome))]
    text: Text = ""
    settled: tuple[str, ...] = ()


def read(page: str) -> WrapUpForm:
    """The form of this request; its words are kept if it is wrong.

    Raises:
        forms.Invalid: a field is wrong.
    """
    try:
        return forms.read(WrapUpForm, page)
    except forms.Invalid:
        _keep(forms.sent().get("text", ""))
        raise


def keep_words(text: str, task_id: int | None) -> None:
    """Keep what was written where the wrap-up is refused; of a callback on its task, too."""
    _keep(text)
    if task_id is not None:
        keep_draft(task_id, text)


def _keep(text: str) -> None:
    """The words stand in the form again, however long they are, and whatever browser shows it."""
    with database.writing_alone() as session:
        conversation = agent_presence.unfinished(session, me().id)
        if conversation is not None and len(text) <= LONGEST_TEXT:
            conversation_notes.keep(session, conversation, session.get_one(User, me().id), text)
