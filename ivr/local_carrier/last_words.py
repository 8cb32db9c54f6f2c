"""What is told of calls and recordings that an exchange had when it died: as soon as it runs again.

It is written down when they begin, and forgotten when their end is told.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)

Fields = Mapping[str, str]
_AT_ONCE = 8
_OF_RECORDING = "RecordingSid"


class LastWords:
    """Webhooks that are sent if the process dies, by the id of their call or recording, one small file each."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        #: Those of the process before this one.
        self._left = sorted(directory.glob("*.json"))

    def keep(self, sid: str, url: str, form: Fields) -> None:
        """Write down whom to tell what."""
        draft = self._directory / f"{sid}.{secrets.token_hex(4)}.part"
        draft.write_text(json.dumps({"url": url, "form": dict(form)}))
        draft.rename(self._path(sid))

    def forget(self, sid: str) -> None:
        """The end is told otherwise."""
        self._path(sid).unlink(missing_ok=True)

    def left(self) -> Iterator[tuple[str, str, dict[str, str]]]:
        """What the process before this one had not come to tell: id, URL and form."""
        for path in self._left:
            with suppress(FileNotFoundError):
                try:
                    told = json.loads(path.read_text())
                    yield path.stem, str(told["url"]), {str(name): str(value) for name, value in told["form"].items()}
                except (ValueError, KeyError, TypeError, AttributeError):
                    log.error("%s cannot be read; the hotline finds out by itself what became of it", path)
                    path.unlink(missing_ok=True)

    def tell(self, recorded: Callable[[str], Fields], post: Callable[[str, Fields], object]) -> None:
        """Tell what is left, each once; the recordings first: with them there is a task before the call is over.

        `recorded`: the fields of what has become of a recording. An event that nobody takes stays, and is told at the
        next start.
        """
        left = list(self.left())
        recordings = [(sid, url, {**form, **recorded(sid)}) for sid, url, form in left if _OF_RECORDING in form]
        others = [event for event in left if _OF_RECORDING not in event[2]]

        def one(event: tuple[str, str, dict[str, str]]) -> None:
            sid, url, form = event
            try:
                post(url, form)
            except Exception as error:
                log.warning("what became of %s could not be told (%s)", sid, type(error).__name__)
            else:
                self.forget(sid)

        with ThreadPoolExecutor(_AT_ONCE) as at_once:
            for events in (recordings, others):
                list(at_once.map(one, events))

    def _path(self, sid: str) -> Path:
        return self._directory / f"{sid}.json"
