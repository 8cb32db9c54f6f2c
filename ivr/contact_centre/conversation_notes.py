"""What members have written down about conversations: kept with the conversation, and found by its words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from sqlalchemy import ColumnElement, Select, delete, exists, insert, intersect, or_, select, union
from sqlalchemy.orm import Session, selectinload

from ivr.domain.search_terms import Term, asked, words_of
from ivr.models.accounts import User
from ivr.models.contact_centre import Conversation, ConversationWord, Leg, QueueEntry
from ivr.models.contacts import CALLS_OF_TASKS

#: Words of a note, in all spellings.
_MOST_WORDS = 2_000
#: Notes on a page.
MOST = 50


def keep(session: Session, conversation: Conversation, user: User, text: str) -> None:
    """Keep what a member has written about a conversation, in place of what they wrote before. Empty: nothing changes.

    Where several members have written something, the note of the conversation has it all, with their names.
    """
    theirs = [leg for leg in conversation.legs if leg.user_id == user.id]
    if not text.strip() or not theirs:
        return
    for leg in theirs:
        leg.note = None
    theirs[0].note = text.strip()
    written = [(leg.user.name if leg.user else "", leg.note) for leg in conversation.legs if leg.note]
    conversation.note = written[0][1] if len(written) == 1 else "\n\n".join(f"{name}: {said}" for name, said in written)
    session.execute(delete(ConversationWord).where(ConversationWord.conversation_id == conversation.id))
    words = sorted(set(islice(words_of(conversation.note or ""), _MOST_WORDS)))
    if words:
        rows = [{"word": word, "conversation_id": conversation.id} for word in words]
        session.execute(insert(ConversationWord), rows)


def written_by(conversation: Conversation, user: User) -> str:
    """What a member has written about a conversation so far."""
    return next((leg.note for leg in conversation.legs if leg.user_id == user.id and leg.note), "")


def matching(session: Session, user: User, text: str) -> Sequence[Conversation]:
    """The newest conversations of the user's teams whose note has every word, at its beginning.

    Left out are conversations about a request: their notes are found with its task, and are covered as it is.
    """
    ways = [_having_all(terms) for terms in asked(text).ways]
    if not ways:
        return []
    found = (union(*ways) if len(ways) > 1 else ways[0]).subquery()
    teams = user.scope_ids
    which = (Conversation.id.in_(select(found.c.conversation_id)), Conversation.team_id.in_(teams), ~has_request())
    newest = select(Conversation).where(*which).order_by(Conversation.id.desc()).limit(MOST)
    newest = newest.options(selectinload(Conversation.legs).joinedload(Leg.user))
    return session.scalars(newest).all()


def has_request() -> ColumnElement[bool]:
    """The condition for conversations with a task, of their own or of their call: it has the note, and covers it."""
    of_call = exists().where(CALLS_OF_TASKS.c.call_id == QueueEntry.call_id, QueueEntry.id == Conversation.entry_id)
    return or_(Conversation.task_id.is_not(None), of_call)


def _having_all(terms: Sequence[Term]) -> Select[int]:
    each = [_having(term) for term in terms]
    return select(intersect(*each).subquery().c.conversation_id) if len(each) > 1 else each[0]


def _having(words: Term) -> Select[int]:
    ranges = [(ConversationWord.word >= word) & (ConversationWord.word < word + "\U0010ffff") for word in sorted(words)]
    return select(ConversationWord.conversation_id.label("conversation_id")).where(or_(*ranges)).distinct()
