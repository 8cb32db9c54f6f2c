"""Acts on what the rules of a conversation say: tells, rings, stops, releases, ends. Nothing else does.

The rules are in :mod:`ivr.domain.conversation_rules`. The caller of this module changes the row of a leg and names what
has happened; who is where before and afterwards is read from the rows.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ivr.callbacks import call_limits
from ivr.callbacks.refused import Refused
from ivr.contact_centre import (
    agent_presence,
    call_distribution,
    companions,
    conversations,
    interpreter_search,
    interpreters,
    outbound_callbacks,
    seconds,
    sentences,
    transfers,
)
from ivr.domain import conversation_rules as rules
from ivr.domain.conversation_rules import Act, Do, Event, Happening, Place, Situation
from ivr.domain.enums import (
    ConversationKind,
    ConversationState,
    InterpreterRequestState,
    LegRole,
    LegState,
    PresenceState,
    Refusal,
    WorkKind,
)
from ivr.models.accounts import User
from ivr.models.contact_centre import Conversation, InterpreterRequest, Leg
from ivr.platform import outbox

#: Where a companion was to whom something happens, whatever others of them do.
_COMPANION_WAS = {Happening.CAME: Place.RUNG, Happening.MISSED: Place.RUNG, Happening.LEFT: Place.IN}
#: Searches for an interpreter in one conversation after which one who drops out is not fetched again.
_MOST_SEARCHES = 3
#: How long a caller who waits for an interpreter hears nothing of the search.
_TELLS_AGAIN_AFTER = timedelta(seconds=15)


def happened(
    session: Session, conversation: Conversation, before: Situation, event: Event, now: datetime, leg: Leg | None = None
) -> None:
    """Do what follows from an event. The rows say already what has changed; `before` is the situation before that."""
    if conversation.state == ConversationState.ENDED:
        return
    if leg is not None and leg.released_at is not None:  # somebody else has taken over from them
        return
    if event.role == LegRole.COMPANION and event.what in _COMPANION_WAS:  # each of several by themselves
        before = before.having(LegRole.COMPANION, _COMPANION_WAS[event.what])
    if leg is not None and conversations.is_of_earlier_wish(session, leg):
        if event.what != Happening.LEFT:
            return
        event = Event(LegRole.INTERPRETER, Happening.ONE_LEFT)
    follows, after = rules.outcome(before, event), conversations.situation(session, conversation)
    if event.what == Happening.MISSED and _somebody_else_comes(after, event):
        return
    if follows.over or (after.is_over and not follows.acts):
        _end(session, conversation, follows.acts or rules.at_the_end(after, event), event, now)
        return
    for act in follows.acts:
        if not _perform(session, conversation, act, event, now):
            return
    if event == Event(LegRole.MEMBER, Happening.CAME) and before.member != Place.IN:
        _prepare(session, conversation, now)


def _somebody_else_comes(after: Situation, event: Event) -> bool:
    """Whether one telephone of several of a role was missed, and nothing follows from that."""
    if event.role in (LegRole.COMPANION, LegRole.INTERPRETER):
        return False
    return after.of(event.role) in (Place.RUNG, Place.IN)


def member_accepts(session: Session, leg: Leg, now: datetime) -> bool:
    """A member has pressed the key. False if it is too late: the caller is gone, or somebody else was quicker."""
    if leg.conversation.kind == ConversationKind.ANSWERED:
        if not call_distribution.accept(session, leg, now):
            return False
        entry = leg.conversation.entry
        called_back = entry is not None and entry.mode == "callback"
        return not called_back or outbound_callbacks.take_over(session, leg, now)
    agent_presence.move(session, leg.user_id or 0, (PresenceState.RINGING,), PresenceState.TALKING, now, leg=leg.id)
    return True


def want_interpreter(
    session: Session, conversation: Conversation, now: datetime, *, by: User | None = None, language: str = ""
) -> bool:
    """Look for an interpreter, of the caller's language unless another is named. Without `by`: no member has asked.

    False if one is there or being rung for that language already.
    """
    before = conversations.situation(session, conversation)
    latest = interpreters.latest(session, conversation)
    wanted = language or conversation.language
    if before.interpreter in (Place.RUNG, Place.IN) and latest is not None and latest.language == wanted:
        return False
    if interpreters.is_interpreted(conversation, wanted):
        return False
    if before.interpreter in (Place.RUNG, Place.IN):
        conversations.release_rung(session, conversation, LegRole.INTERPRETER)
        interpreters.cancel(session, conversation, (LegRole.INTERPRETER,), now)
        before = before.having(LegRole.INTERPRETER, Place.OUT)
    interpreters.request(session, conversation, now, by=by, language=language)
    happened(session, conversation, before, Event(LegRole.INTERPRETER, Happening.WANTED), now)
    return True


def want_companion(session: Session, conversation: Conversation, entered: str, by: User, now: datetime) -> None:
    """Ring a companion at the number that the caller has named.

    Raises:
        CannotBeRung: the number is none, or must not be dialled.
        Refused: as :func:`_want_companion`.
    """
    _want_companion(session, conversation, companions.number_of_companion(session, entered), None, by, now)


def want_listed(session: Session, conversation: Conversation, entry_id: int, by: User, now: datetime) -> None:
    """Ring an office or a partner of the directory.

    Raises:
        CannotBeRung, Refused: as :func:`ivr.contact_centre.companions.listed` and :func:`_want_companion`.
    """
    number, name = companions.listed(session, entry_id, now)
    _want_companion(session, conversation, number, name, by, now)


def _want_companion(
    session: Session, conversation: Conversation, number: str, name: str | None, by: User, now: datetime
) -> None:
    """Ring a companion, unless somebody of the conversation has the number: the caller, an interpreter, another one.

    Raises:
        Refused: `no_conversation` if no member is in it; `companion_there` if the number is, or is being rung;
            `too_many_rung` beyond a cap.
    """
    before = conversations.situation(session, conversation)
    if before.member != Place.IN:
        raise Refused(Refusal.NO_CONVERSATION)
    if conversations.has_number(conversation, number):
        raise Refused(Refusal.COMPANION_THERE)
    call_limits.check_rung(session, number, conversation.urgency, now)
    wanted = companions.request_companion(session, conversation, number, by, now)
    alone = before.having(LegRole.COMPANION, Place.OUT)
    happened(session, conversation, alone, Event(LegRole.COMPANION, Happening.WANTED), now)
    for leg in conversation.legs:
        if leg.request_id == wanted.id:
            leg.name = name


def still_looking(session: Session, wanted: InterpreterRequest, now: datetime) -> None:
    """Nobody who interprets has come for a while: what follows from that, now and again after a while."""
    conversation = session.get(Conversation, wanted.conversation_id)
    if conversation is None or wanted.state != InterpreterRequestState.LOOKING:
        return
    before = conversations.situation(session, conversation)
    happened(session, conversation, before, Event(LegRole.INTERPRETER, Happening.AWAITED), now)
    _plan_to_tell(session, wanted, now)


def _plan_to_tell(session: Session, wanted: InterpreterRequest, now: datetime) -> None:
    outbox.add(session, WorkKind.TELL_STILL_LOOKING, wanted.id, urgent=True, run_after=now + _TELLS_AGAIN_AFTER)


def _perform(session: Session, conversation: Conversation, act: Act, event: Event, now: datetime) -> bool:
    """Do one thing; False if something else has come of it, so that what was to follow does not."""
    match act.do:
        case Do.TELL:
            _tell(session, conversation, act)
        case Do.RELEASE:
            _let_go(session, conversation, act, now)
        case Do.ASK:
            if not conversation.caller_asked:
                outbox.add(session, WorkKind.TELL_NO_INTERPRETER, conversation.id, urgent=True)
        case Do.STOP:
            if act.role == LegRole.SUCCESSOR:
                transfers.cancel(session, conversation, now)
            conversations.release_rung(session, conversation, act.role)
        case Do.FETCH if act.role == LegRole.INTERPRETER:
            return _ring_interpreter(session, conversation, event, now)
        case Do.FETCH if act.role == LegRole.SUCCESSOR:
            return _ring_successor(session, conversation, now)
        case Do.FETCH if act.role == LegRole.MEMBER:
            return _ring_who_transferred(session, conversation, now)
        case Do.HOLD | Do.RESUME:
            _hold(session, conversation, act, now)
        case Do.HAND_OVER:
            transfers.hand_over(session, conversation, now)
            _prepare(session, conversation, now)
        case Do.FETCH if act.role == LegRole.CALLER:
            _fetch_caller(session, conversation, now)
        case Do.FETCH if act.role == LegRole.COMPANION:
            companions.ring_companion(session, conversation, now)
        case _:  # the next member is found for all waiting callers together
            pass
    return conversation.state != ConversationState.ENDED


def _tell(session: Session, conversation: Conversation, act: Act) -> None:
    """Note what everybody of a role is to hear. Who is not in the room now hears it when they come."""
    for leg in conversation.legs:
        place = conversations.place_of(leg)
        if leg.role == act.role and place in (Place.IN, Place.HELD):
            put = sentences.say_only if act.do == Do.RELEASE else sentences.add
            put(leg, act.sentence)
            if act.do == Do.TELL and place == Place.HELD:
                outbox.add(session, WorkKind.RECALL_LEG, leg.id, urgent=True)
            elif act.do == Do.TELL and leg.state == LegState.JOINED:
                outbox.add(session, WorkKind.TELL_LEG, leg.id, urgent=True)


def _hold(session: Session, conversation: Conversation, act: Act, now: datetime) -> None:
    """Let everybody of a role hear music, out of the room, or come back into it."""
    for leg in conversation.legs:
        place = conversations.place_of(leg)
        if leg.role != act.role or place not in (Place.IN, Place.HELD):
            continue
        if act.do == Do.HOLD and place == Place.IN:
            leg.held_at = now
            sentences.add(leg, act.sentence)
            if leg.state == LegState.JOINED:
                outbox.add(session, WorkKind.TELL_LEG, leg.id, urgent=True)
        elif act.do == Do.RESUME and place == Place.HELD:
            leg.held_at = None
            sentences.comes_back(leg)
            outbox.add(session, WorkKind.RECALL_LEG, leg.id, urgent=True)


def _let_go(session: Session, conversation: Conversation, act: Act, now: datetime) -> None:
    """Let everybody of a role hear a last sentence, while the conversation goes on with somebody else."""
    for leg in conversation.legs:
        if leg.role == act.role and conversations.place_of(leg) == Place.IN:
            leg.released_at = now
            sentences.say_only(leg, act.sentence)
            if leg.state == LegState.JOINED:
                outbox.add(session, WorkKind.TELL_LEG, leg.id, urgent=True)


def _ring_successor(session: Session, conversation: Conversation, now: datetime) -> bool:
    """Ring whom the caller is transferred to. False if nobody is left, and what follows from that is done."""
    wanted = transfers.latest(session, conversation)
    if wanted is None or transfers.ring_next(session, wanted, now):
        return True
    session.flush()
    before = conversations.situation(session, conversation).having(LegRole.SUCCESSOR, Place.RUNG)
    happened(session, conversation, before, Event(LegRole.SUCCESSOR, Happening.UNMET), now)
    return False


def _ring_who_transferred(session: Session, conversation: Conversation, now: datetime) -> bool:
    """Ring the member again who has transferred the caller and hung up. False if that is not possible any more."""
    if transfers.ring_back(session, conversation, now):
        return True
    session.flush()
    before = conversations.situation(session, conversation).having(LegRole.MEMBER, Place.RUNG)
    happened(session, conversation, before, Event(LegRole.MEMBER, Happening.MISSED), now)
    return False


def _fetch_caller(session: Session, conversation: Conversation, now: datetime) -> None:
    if seconds.is_missing(conversation):  # nobody calls alone where there was a threat
        return
    if conversation.kind == ConversationKind.CALLBACK:
        outbound_callbacks.dial(session, conversation, now)
    else:
        call_distribution.bring(session, conversation, now)


def _prepare(session: Session, conversation: Conversation, now: datetime) -> None:
    """The member is there: who interprets is rung where no language is shared, or where the task wants it.

    In a callback the caller is dialled when the interpreter is there, unless the member has chosen otherwise.
    """
    task, shared = conversation.task, conversations.share_a_language(session, conversation)
    called_back = conversation.kind == ConversationKind.CALLBACK
    needed = not shared or (called_back and task is not None and task.needs_interpreter)
    # Where nobody knows the language, the call itself tells it.
    needed = needed and interpreter_search.can_be_asked(session, conversation.language, now)
    if called_back:
        seconds.ring(session, conversation, now)
    if called_back and (conversation.without_interpreter or not needed):
        _fetch_caller(session, conversation, now)
    if needed and conversation.state != ConversationState.ENDED:
        want_interpreter(session, conversation, now)
    looked_for = interpreters.latest(session, conversation) if not needed else None
    if looked_for is not None and interpreters.is_needless(session, conversation, looked_for):
        conversations.release_rung(session, conversation, LegRole.INTERPRETER)
        interpreters.cancel(session, conversation, (LegRole.INTERPRETER,), now)


def _ring_interpreter(session: Session, conversation: Conversation, event: Event, now: datetime) -> bool:
    """Ring the next interpreter. False if nobody is left, and what follows from that is done."""
    wanted = interpreters.latest(session, conversation)
    if event.what == Happening.LEFT and wanted is not None:
        spent = interpreters.count(session, wanted) >= _MOST_SEARCHES
        wanted = interpreters.request(session, conversation, now, language=wanted.language)
        if spent:
            wanted.state, wanted.ended_at = InterpreterRequestState.UNMET, now
    if (
        wanted is not None
        and wanted.state != InterpreterRequestState.UNMET
        and interpreter_search.ring_next(session, wanted, now)
    ):
        if event.what != Happening.MISSED:  # a search begins
            _plan_to_tell(session, wanted, now)
        return True
    session.flush()
    before = conversations.situation(session, conversation).having(LegRole.INTERPRETER, Place.RUNG)
    happened(session, conversation, before, Event(LegRole.INTERPRETER, Happening.UNMET), now)
    return False


def _end(session: Session, conversation: Conversation, acts: tuple[Act, ...], event: Event, now: datetime) -> None:
    for act in acts:
        if act.do == Do.RELEASE:
            _tell(session, conversation, act)
    if event == Event(LegRole.INTERPRETER, Happening.UNMET):
        outbound_callbacks.no_interpreter(session, conversation, now)
    interpreters.cancel(session, conversation, (LegRole.INTERPRETER, LegRole.COMPANION), now)
    transfers.cancel(session, conversation, now)
    conversations.end(session, conversation, now)
