"""What callers hear: every prompt in every language, its parts, its audio, and that it can be understood."""

from __future__ import annotations

import errno
import os
import re
import threading
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from ivr import prompts
from ivr.audio.synthesis import speak
from ivr.audio.wav import RATE, Sound, read_wav, write_wav
from ivr.cli import hotline as command_line
from ivr.domain.languages import LANGUAGES
from ivr.platform import blob_storage
from ivr.prompts import audio_files, catalogue, check, music, parts, recordings, rendering
from ivr.prompts.catalogue import WRITTEN
from ivr.prompts.script import script
from ivr.web.app import create_app
from tests.support.environment import forget_settings
from tests.support.prompts import PLAYED
from tests.support.volume import volume

# -- texts --------------------------------------------------------------------------------------------


def longest_texts(language: str) -> set[str]:
    """The prompts whose duration is looked at: the longest questions and the longest others, in `.ci/run` all."""
    questions, texts = script().questions(), catalogue(language).texts
    by_length = sorted(texts, key=lambda prompt: len(prompts.text(prompt, language, check.EXAMPLES)), reverse=True)
    kinds = ([one for one in by_length if (one in questions) is asks] for asks in (True, False))
    return {prompt for kind in kinds for prompt in kind[: volume(test=6, ci=1000, soak=1000)]}


@pytest.mark.parametrize("language", [*LANGUAGES][:: volume(test=4, ci=1, soak=1)])
def test_nothing_is_missing_stale_too_long_or_clipped(studio, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    if language in PLAYED:
        for part in check.played_parts(language):
            rendering.audio_of(part)
    else:
        spoken, seconds_of = longest_texts(language), check.seconds_of
        monkeypatch.setattr(check, "seconds_of", lambda name, code: seconds_of(name, code) if name in spoken else 0.0)
    assert list(check.findings(language, script())) == []


def test_what_is_not_yet_reviewed_by_a_native_speaker_is_marked() -> None:
    assert check.unreviewed("de") == 0, "the original"
    assert all(check.unreviewed(code) for code in LANGUAGES if code != "de")


def test_german_is_plain() -> None:
    """Level B1 or simpler: short sentences, no words of offices."""
    for prompt, text in catalogue("de").texts.items():
        if prompt in WRITTEN:
            continue
        for sentence in re.split(r"[.?!:]", text):
            assert len(sentence.split()) <= 17, (prompt, sentence)
        assert not re.search(r"gemäß|bezüglich|seitens|etwaig|Leistungsberechtigt|Bedarfsgemeinschaft", text), prompt


def test_the_checker_names_what_is_wrong(studio, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in check.played_parts("fa"):
        rendering.audio_of(part)
    words = catalogue("fa")
    texts = {**words.texts, "goodbye": "خداحافظ شما", "main": words["main"] * 3, "closed": "بسته {when}"}
    del texts["consent"]
    catalogue.cache_clear()
    broken = prompts.Catalogue("fa", texts, frozenset(), words.digits, words.numerals)
    for module in (check, parts):
        monkeypatch.setattr(module, "catalogue", lambda code: broken if code == "fa" else catalogue(code))
    parts.fragments.cache_clear()
    found = {(finding.prompt, finding.problem.partition(":")[0]) for finding in check.findings("fa", script())}
    parts.fragments.cache_clear()
    assert ("consent", "missing") in found
    assert ("main", "too long") in found
    assert ("closed", "there is no placeholder {when}") in found
    assert ("goodbye", "stale audio") in found


@pytest.mark.since("ci")
def test_the_commands_render_and_check(studio) -> None:
    ran = CliRunner().invoke(command_line, ["prompts", "render"])
    assert ran.exit_code == 0, ran.output
    (counts,) = re.findall(r"^fa: (\d+) parts rendered, (\d+) were up to date", ran.output, re.MULTILINE)
    wanted = check.played_parts("fa")
    assert sum(map(int, counts)) == len(wanted)
    assert all(rendering.path_of(part).exists() for part in wanted)
    again = CliRunner().invoke(command_line, ["prompts", "render", "fa"])
    assert f"fa: 0 parts rendered, {len(wanted)} were up to date" in again.output
    checked = CliRunner().invoke(command_line, ["prompts", "check", "fa"])
    assert checked.exit_code == 0, checked.output
    assert "not yet reviewed by a native speaker" in checked.output
    part = parts.named("fa", "goodbye")
    path = rendering.path_of(part)
    away = path.with_name("goodbye.older.wav")
    path.rename(away)
    stale = CliRunner().invoke(command_line, ["prompts", "check", "fa"])
    away.rename(path)
    assert stale.exit_code == 1
    assert "fa  goodbye: stale audio" in stale.output
    proved = CliRunner().invoke(command_line, ["flow", "check"])
    assert proved.exit_code == 0, proved.output
    assert re.search(r"longest way to a human or a tone: [1-5] keys", proved.output)
    drawn = CliRunner().invoke(command_line, ["flow", "diagram"])
    assert drawn.output.startswith("<svg")


def test_prompts_are_served_wherever_the_process_was_started(empty_database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default directory is named without its beginning, and Flask looks for files beside its own code."""
    empty_database.var_dir.mkdir(exist_ok=True)
    monkeypatch.chdir(empty_database.var_dir.parent)
    monkeypatch.setenv("VAR_DIR", empty_database.var_dir.name)
    forget_settings()
    recordings._cache.clear()
    part = parts.named("fa", "goodbye")
    (piece,) = prompts.spoken("goodbye", "fa", {})
    with create_app().test_client().get(f"/voice/prompts/fa/{part.name}.{piece.version}.wav") as answer:
        assert (answer.status_code, answer.data[:4]) == (200, b"RIFF")


# -- audio ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("left", [0, 6, 44, 1000], ids=["emptied", "begun", "no sound", "cut off"])
def test_audio_that_was_emptied_or_cut_off_is_made_anew_and_heard(empty_database, left: int) -> None:
    """The power failed, or somebody has copied to a full disk: callers would hear nothing from then on."""
    part = parts.named("fa", "goodbye")
    addresses = {
        rendering.audio_of(part): f"/voice/prompts/fa/{part.name}.{rendering.version(part)}.wav",
        music.audio(): f"/voice/music/{music.version()}.wav",
    }
    client = create_app().test_client()
    for path, address in addresses.items():
        whole = path.read_bytes()
        path.write_bytes(whole[:left])
        with client.get(address) as answer:
            assert (answer.status_code, answer.data) == (200, whole)
        assert path.read_bytes() == whole


def test_what_another_process_writes_anew_meanwhile_is_heard_whole(empty_database) -> None:
    """Two processes render one prompt at once, and their voices differ by some bytes."""
    part = parts.named("fa", "goodbye")
    path, address = rendering.audio_of(part), f"/voice/prompts/fa/{part.name}.{rendering.version(part)}.wav"
    sound = read_wav(path.read_bytes())
    renderings = [write_wav(Sound(sound.samples[:length], RATE)) for length in (None, -4, -9)]
    client, is_over = create_app().test_client(), threading.Event()

    def writes() -> None:
        while not is_over.is_set():
            for audio in renderings:
                blob_storage.Directory(path.parent).put(path.name, audio)

    other = threading.Thread(target=writes)
    other.start()
    try:
        for _ in range(200):
            with client.get(address) as answer:
                assert len(answer.data) == answer.content_length
                assert answer.data in renderings
    finally:
        is_over.set()
        other.join()


def test_who_renders_what_another_has_rendered_meanwhile_leaves_it(empty_database) -> None:
    path = rendering.audio_of(parts.named("fa", "goodbye"))
    whole = path.read_bytes()
    audio_files.keep(path, write_wav(Sound(np.zeros(80, np.int16), RATE)))
    assert path.read_bytes() == whole


def test_music_is_heard_though_it_cannot_be_stored(empty_database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the document of who waits would be over at once, and be asked for again and again."""
    monkeypatch.setattr(blob_storage.Directory, "put", refuse)
    with create_app().test_client().get(f"/voice/music/{music.version()}.wav") as answer:
        assert (answer.status_code, answer.data[:4]) == (200, b"RIFF")


def refuse(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("language", PLAYED)
def test_every_played_part_has_audio_of_one_loudness(studio, language: str) -> None:
    for part in check.played_parts(language):
        sound = read_wav(rendering.audio_of(part).read_bytes())
        assert sound.rate == RATE
        assert 0.1 < sound.seconds <= 20, part
        if part.name != parts.PAUSE:
            assert not rendering.is_clipped(sound.samples), part
            assert rendering.LOUDNESS[0] <= rendering.level(sound.samples) <= rendering.LOUDNESS[1], part


def test_piper_speaks_where_its_voice_is_installed(studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Called as Piper's own command is: text on standard input, `--model`, `--output_file`."""
    voice = tmp_path / "voice.wav"
    voice.write_bytes(write_wav(speak("Piper", "en")))
    (tmp_path / "fa.onnx").write_bytes(b"voice")
    command = tmp_path / "piper"
    command.write_text(f'#!/bin/sh\ntest "$1" = --model && test -f "$2" && cat > {tmp_path}/said && cp {voice} "$4"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    part = parts.named("fa", "goodbye")
    before = rendering.version(part)
    monkeypatch.setattr(
        rendering, "settings", lambda: check.settings().model_copy(update={"piper_voice_dir": tmp_path})
    )
    assert rendering.version(part) != before, "what would sound different is rendered anew"
    sound = rendering._render(part)
    assert (tmp_path / "said").read_text() == part.text
    assert sound.seconds == pytest.approx(speak("Piper", "en").seconds, abs=0.3)
