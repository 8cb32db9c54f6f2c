"""What callers were promised, beside what the hotline holds."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from redis import Redis
from rq import Queue
from rq.registry import FailedJobRegistry
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from ivr import prompts
from ivr.config.settings import settings
from ivr.domain import receipt_codes
from ivr.domain.timestamps import utc_now
from ivr.launcher.process_supervisor import Child
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation, Leg, Presence, QueueEntry
from ivr.models.contacts import Contact
from ivr.models.voicebox import Recording, Transcript, VoiceboxMessage
from ivr.platform import database, job_queue, memory_report, spool
from ivr.platform.work_models import Work
from ivr.prompts.catalogue import catalogue
from ivr.prompts.parts import Part, fragments
from ivr.voicebox import audio_store
from tests.soak.chaos.people import LANGUAGES, Wish


def receipts(said: Sequence[str]) -> set[str]:
    """The receipt codes a caller has heard whole."""
    found = set()
    for language in LANGUAGES:
        words = {word: str(digit) for digit, word in enumerate(catalogue(language).digits)}
        if settings().carrier_voice(language) is None:  # played in parts
            first = next(part.text for part in fragments(language, "receipt") if isinstance(part, Part))
            for place, text in enumerate(said):
                spoken = said[place + 1 : place + 1 + receipt_codes.LENGTH]
                whole = len(spoken) == receipt_codes.LENGTH
                if text == first and whole and all(word in words for word in spoken):
                    found.add("".join(words[word] for word in spoken))
            continue
        pattern = re.sub(r"\\\{\w+\\\}", "(.+)", re.escape(prompts.catalogue(language)["receipt"]))
        for text in said:
            if match := re.fullmatch(pattern, text):
                found.add("".join(words[word] for word in re.sub("[,،]", "", match[1]).split()))
    return found


class Running(Protocol):
    """What is judged: its processes."""

    children: dict[str, Child]
    redis: Child


class Verdict:
    """Of one run, when nothing is killed any more."""

    def __init__(self, hotline: Running, placed: Sequence[Wish], deleted: set[str]) -> None:
        self._hotline = hotline
        self._placed = placed
        #: Recordings the carrier has had, and was asked to delete.
        self._deleted = deleted

    def wait_for_peace(self, seconds: float, say: Callable[[str], None]) -> list[str]:
        """Until all work is done; what is not, in the end."""
        began, told, undone = time.monotonic(), 0.0, ["nothing was looked at"]
        while time.monotonic() - began < seconds:
            try:
                undone = self.undone()
            except SQLAlchemyError as error:
                undone = [f"the database is away ({type(error).__name__})"]
            if not undone:
                say(f"all work done {time.monotonic() - began:.0f} s after the last kill")
                return []
            if time.monotonic() - told > 15:
                told = time.monotonic()
                say(f"waits for: {'; '.join(undone)[:300]}")
            for child in (*self._hotline.children.values(), self._hotline.redis):
                child.keep_running()
            time.sleep(0.5)
        return undone

    def undone(self, *, later_too: bool = True) -> list[str]:
        """What still has to be done; without `later_too`: of what is due (a recording is looked for minutes later)."""
        undone = []
        if spool.waiting():
            undone.append(f"the spool waits ({spool.oldest(utc_now()):.0f} s)")
        if held := memory_report.of_all(0):
            undone.append(f"{held} entries are in memory alone")
        with database.reading() as session:
            open_work = select(Work.kind, func.count(Work.id)).where(Work.done_at.is_(None)).group_by(Work.kind)
            work = session.execute(open_work if later_too else open_work.where(Work.run_after <= utc_now()))
            undone += [f"{count} x {kind}" for kind, count in work]
            for model, alive in (
                (Call, Call.state == "in_progress"),
                (QueueEntry, QueueEntry.state.in_(("waiting", "offered"))),
                (Leg, Leg.state != "ended"),
                (Conversation, Conversation.state != "ended"),
                (Presence, Presence.state.in_(("ringing", "talking"))),
                (Transcript, Transcript.state == "pending"),
            ):
                if count := session.scalar(select(func.count()).select_from(model).where(alive)):
                    undone.append(f"{count} {model.__tablename__} not over")
        return undone + self._left_at_the_carrier()

    def _left_at_the_carrier(self) -> list[str]:
        # The carrier goes on meanwhile: who opened its store beside it would read files that go, and remove others.
        left = list((settings().var_dir / "exchange" / "recordings").glob("*.json"))
        return [f"{len(left)} recordings left at the carrier"] if left else []

    def problems(self) -> list[str]:
        """What was lost, doubled, or cannot be opened."""
        return [
            *self._promises(), *self._messages(), *self._doubled(), *self.audio(), *self.failed_jobs(),
            *self._calls(), *(["the spool has put entries aside"] if spool.damaged() else []),
        ]  # fmt: skip

    def _promises(self) -> list[str]:
        with database.reading() as session:
            codes = set(session.scalars(select(CallbackTask.receipt_code)))
        return [
            f"{wish.kind} from {wish.number}: the receipt {code} is nobody's"
            for wish in self._placed
            for code in receipts(wish.said) - codes
        ]

    def _messages(self) -> list[str]:
        """Each recording the carrier had is a message with a task (or was replaced), and has one transcript."""
        found = []
        with database.reading() as session:
            known = {
                recording.recording_sid: recording
                for recording in session.scalars(select(Recording).join(VoiceboxMessage))
            }
            for sid in self._deleted:
                recording = known.get(sid)
                if recording is None:
                    found.append(f"the recording {sid} is lost")
                elif recording.message.state == "left" and recording.message.task_id is None:
                    found.append(f"the message {sid} has no task")
                elif recording.message.state not in ("left", "replaced"):
                    found.append(f"the message {sid} is {recording.message.state}")
            states = session.execute(
                select(Recording.recording_sid, Transcript.state)
                .join(VoiceboxMessage)
                .outerjoin(Transcript)
                .where(Recording.state == "stored")
            ).all()
        found += [
            f"{sid} has {count} transcripts" for sid, count in Counter(sid for sid, _ in states).items() if count > 1
        ]
        return found + [f"{sid} has no transcript" for sid, state in states if state in (None, "pending")]

    def _doubled(self) -> list[str]:
        """A caller who rang once has one task at the most, and exactly one if there was a promise or a message."""
        found = []
        with database.reading() as session:
            tasks = Counter(session.scalars(select(Call.call_sid).join(Contact, Contact.call_id == Call.id)))
            spoke = set(
                session.scalars(select(Call.call_sid).join(VoiceboxMessage).where(VoiceboxMessage.state == "left"))
            )
        for wish in self._placed:
            count = tasks[wish.call_sid]
            needed = bool(receipts(wish.said)) or wish.call_sid in spoke
            if count > 1 or (needed and count != 1):
                found.append(f"{wish.kind} from {wish.number} ({wish.call_sid}) has {count} tasks")
            if (
                self._was_served(wish)
                and wish.kind not in ("line", "line, kept place", "hung up", "link")
                and count != 1
            ):
                found.append(f"{wish.kind} from {wish.number} ({wish.call_sid}), to its end, has {count} tasks")
        return found

    def audio(self) -> list[str]:
        """Recordings that cannot be opened, and audio of which no row knows."""
        with database.reading() as session:
            stored = session.execute(
                select(Recording.recording_sid, Recording.audio_sha256).where(Recording.state == "stored")
            ).all()
        found = []
        for sid, sha256 in stored:
            try:
                if audio_store.described(audio_store.load(sid)).sha256 != sha256:
                    found.append(f"the audio of {sid} is another")
            except (audio_store.Missing, audio_store.Unreadable) as error:
                found.append(f"the audio of {sid} cannot be opened: {error}")
        known = {sid for sid, _ in stored}
        return found + [f"the audio of {sid} is nobody's" for sid in audio_store.recordings() if sid not in known]

    def failed_jobs(self) -> list[str]:
        """A job that failed has a row whose state somebody sees (here all rows are done)."""
        connection = Redis.from_url(settings().redis)
        found = []
        with database.reading() as session:
            for name in job_queue.names():
                for job_id in FailedJobRegistry(queue=Queue(name, connection=connection)).get_job_ids():
                    row = session.get(Work, int(re.findall(r"\d+", job_id)[0]))
                    if row is None or (row.done_at is None and row.failed_at is None):
                        found.append(f"the job {job_id} of {name} has failed and nobody sees it")
        return found

    def _calls(self) -> list[str]:
        with database.reading() as session:
            known = set(session.scalars(select(Call.call_sid)))
        return [
            f"{wish.kind} from {wish.number} ({wish.call_sid}): the hotline knows nothing of the call"
            for wish in self._placed
            if wish.call_sid not in known
        ] + [f"{wish.kind} from {wish.number}: {error}" for wish in self._placed for error in self._mute(wish)]

    @staticmethod
    def _was_served(wish: Wish) -> bool:
        """Whether carrier and hotline lived to the end of a call. Where the only web host is dead, neither the document
        nor its fallback can be fetched, so such a caller was promised nothing."""
        return wish.finished and not any("at the fallback URL" in error for error in wish.errors)

    def _mute(self, wish: Wish) -> list[str]:
        """A caller who heard nothing at all."""
        return ["heard nothing"] if self._was_served(wish) and not wish.said else []

    def summary(self) -> str:
        """Figures of the run."""
        with database.reading() as session:
            tasks = session.scalar(select(func.count(CallbackTask.id)))
            stored = session.scalar(select(func.count(Recording.id)).where(Recording.state == "stored"))
            written = session.scalar(select(func.count(Transcript.id)).where(Transcript.state == "done"))
        heard = sum(bool(receipts(wish.said)) for wish in self._placed)
        return f"{heard} receipts heard, {tasks} tasks, {stored} recordings, {written} transcripts"
