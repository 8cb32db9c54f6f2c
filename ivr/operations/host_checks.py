"""Looks at this host: files, memory, open files, time zones, rendered prompts, voices."""

from __future__ import annotations

import os
import resource
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psutil

from ivr.config import secret_files
from ivr.config.settings import SECRET_FIELDS, Settings, settings
from ivr.domain.parts import Part
from ivr.operations import language_states
from ivr.platform import private_files
from ivr.prompts import voices as spoken_voices
from ivr.transcription import model_plan
from ivr.transcription.vosk_engine import installed_languages

_MIB = 1024 * 1024
#: MiB of memory below which processes are about to be killed.
_LOW_MIB = 300
#: Connections and files of one process of pages (see ivr/web/buffered_worker.py).
_OPEN_FILES = 4096
#: Summer time in Germany, by which deadlines are computed: an instant, and the offset then.
_KNOWN_OFFSETS = ((datetime(2026, 1, 15, tzinfo=UTC), 1), (datetime(2026, 7, 15, tzinfo=UTC), 2))


def files() -> Iterator[Part]:
    """Whether what is kept here can be read by others, or belongs to somebody else."""
    name = "files"
    configured = settings()
    found = list(private_files.open_to_others(configured.var_dir, *configured.private_paths))
    if found:
        remedy = f"Run: chmod -R go-rwx {configured.var_dir}. Each process mends it when it starts."
        yield Part(name, f"other users of this machine can use {_named(found)}", remedy)
    if strangers := private_files.strangers(configured.var_dir):
        remedy = "Set VAR_DIR to a directory of the hotline's own; modes of files in this one are not mended."
        yield Part(name, f"VAR_DIR holds what is not the hotline's: {_named(strangers)}", remedy)
    if foreign := list(private_files.of_other_users(configured.var_dir)):
        remedy = "Give them to the hotline's user (chown), or run this command as that user."
        yield Part(name, f"{_named(foreign)} belong to another user", remedy)
    if revealed := [
        path for path in (*_configuration_with_secrets(), *secret_files.paths(Settings)) if _revealed(path)
    ]:
        remedy = "Run: chmod 600 on it, and exchange the secrets if strangers use this machine."
        yield Part(name, f"other users can read secrets in {_named(revealed)}", remedy)


def _configuration_with_secrets() -> Iterator[Path]:
    path = Path(os.environ.get("IVR_CONFIG", "ivr.toml"))
    if path.is_file() and any(settings.origin(name) == "file" for name in SECRET_FIELDS):
        yield path


def _revealed(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH))
    except OSError:
        return False


def _named(found: list[Path]) -> str:
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return ", ".join(map(str, found[:3])) + more


def memory() -> Iterator[Part]:
    """Whether there is memory for the processes, and for all speech models."""
    free = psutil.virtual_memory().available // _MIB
    if free < _LOW_MIB:
        remedy = "Give the host more memory, or load fewer models (MODEL_MEMORY_MB, TRANSCRIBERS)."
        yield Part("host memory", f"{free} MB are free", remedy)
    transcribers = settings().transcribers or os.cpu_count() or 1
    plan = model_plan.make(sorted(set(installed_languages()) & set(settings().enabled_languages)), transcribers)
    if plan.in_turn:
        remedy = "Transcripts of these languages come later. More memory or MODEL_MEMORY_MB changes it."
        state = f"models of {', '.join(plan.in_turn)} do not fit ({plan.needed} MB needed, {plan.allowed} allowed)"
        yield Part("host memory", state, remedy, is_a_note=True)


def open_files() -> Iterator[Part]:
    """Whether a process may have as many connections open as it wants."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < _OPEN_FILES:
        remedy = f"Raise it to {_OPEN_FILES} (systemd: LimitNOFILE)."
        yield Part("open files", f"a process may have {hard} files open", remedy, is_a_note=True)


def time_zones() -> Iterator[Part]:
    """Whether this host knows the time zones, and when summer time is."""
    remedy = "Install the system's package tzdata, or take PYTHONTZPATH away."
    name = settings().hours.timezone
    try:
        ZoneInfo(name)
        zone = ZoneInfo("Europe/Berlin")
    except (ZoneInfoNotFoundError, ValueError) as error:
        yield Part("time zones", f"are not there: {error}", remedy)
        return
    if any(at.astimezone(zone).utcoffset() != timedelta(hours=hours) for at, hours in _KNOWN_OFFSETS):
        yield Part("time zones", "Europe/Berlin has the wrong time here, so deadlines would be wrong", remedy)


def prompts() -> Iterator[Part]:
    """Whether every prompt that is played is rendered on this host."""
    behind = [one for one in language_states.all_languages() if one.keys and one.rendered < one.to_render]
    if behind:
        codes = ", ".join(f"{one.code} ({one.to_render - one.rendered})" for one in behind)
        remedy = "Run: python -m ivr prompts render. Until then a prompt is rendered while its first caller waits."
        yield Part("prompts", f"are not rendered on this host: {codes}", remedy, is_a_note=True)


def voices() -> Iterator[Part]:
    """Whether callers hear the built-in voice; in languages that no carrier speaks it only has to be known."""
    named = [one.language for one in spoken_voices.synthetic()]
    if named and not settings().local:
        state = f"callers hear the built-in synthetic voice in {', '.join(named)}"
        yield Part("voices", state, spoken_voices.REMEDY, is_a_note=settings().has_carrier)


#: What is looked at, with the name of its part.
CHECKS: tuple[tuple[str, Callable[[], Iterator[Part]]], ...] = (
    ("files", files), ("host memory", memory), ("open files", open_files), ("time zones", time_zones),
    ("prompts", prompts), ("voices", voices),
)  # fmt: skip
