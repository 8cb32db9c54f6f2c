"""Which languages the call script offers: a language is offered when it is finished, and named when it is not."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner

from ivr.cli import hotline as command_line
from ivr.cli import parameters
from ivr.config import settings as configuration
from ivr.config.sections import ConfigurationError
from ivr.domain import languages
from ivr.domain.enums import Concern
from ivr.domain.languages import Language
from ivr.local_carrier.twiml_parser import VOICE_LANGUAGES
from ivr.prompts import parts, script, spoken_keys, times
from ivr.telephony import agent_announcements
from ivr.web.app import create_app

#: The module; the package exports the function of the same name.
catalogues = import_module("ivr.prompts.catalogue")


@pytest.fixture
def prompts_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_database) -> Iterator[Path]:
    """A copy of voice_prompts that a test may change, and Albanian (`sq`) in the table of languages."""
    directory = tmp_path / "voice_prompts"
    shutil.copytree(catalogues.DIRECTORY, directory)
    monkeypatch.setattr(catalogues, "DIRECTORY", directory)
    monkeypatch.setattr(agent_announcements, "DIRECTORY", directory)
    monkeypatch.setitem(languages.LANGUAGES, "sq", Language("sq", "Shqip", "Albanisch", "Albanian", None))
    monkeypatch.setattr(parameters.LANGUAGE, "choices", tuple(languages.LANGUAGES))
    monkeypatch.setenv("LANGUAGES", "[]")
    forget()
    yield directory
    monkeypatch.undo()
    forget()


def forget() -> None:
    configuration.settings.cache_clear()
    catalogues.catalogue.cache_clear()
    parts.fragments.cache_clear()
    script.unfinished.cache_clear()
    times.spoken_times.cache_clear()
    agent_announcements.staff_prompts.cache_clear()


def wrong_keys() -> list[str]:
    return list(spoken_keys.wrong_keys(script.script(), script.offered_languages()))


def without(text: str, start: str) -> str:
    """A prompt file without the lines that begin so."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(start))


def albanian(directory: Path, text: str) -> None:
    (directory / "sq.toml").write_text(text, encoding="utf-8")
    (directory / "times" / "sq.toml").write_bytes((directory / "times" / "fa.toml").read_bytes())
    forget()


def test_a_language_without_prompts_is_named_and_not_offered(
    prompts_of_our_own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert script.unfinished("sq") == ("voice_prompts/sq.toml is missing",)
    assert "sq" not in script.offered_languages()
    assert "de" in script.offered_languages()
    with monkeypatch.context() as only:  # the command speaks the prompts of every language
        only.setenv("LANGUAGES", '["de", "sq"]')
        forget()
        checked = CliRunner().invoke(command_line, ["flow", "check"])
    assert checked.exit_code != 0
    assert "sq is unfinished: voice_prompts/sq.toml is missing" in checked.output
    forget()
    create_app()  # callers of the other languages are served


def test_a_language_that_lacks_digits_numerals_or_prompts_is_named_and_not_offered(prompts_of_our_own: Path) -> None:
    persian = (prompts_of_our_own / "fa.toml").read_text(encoding="utf-8")
    for spoiled, said in (
        (without(persian, "digits ="), "digits has 0 words, not 10"),
        (without(persian, "months ="), "numerals.months is missing"),
        (without(persian, "consent ="), "the prompt consent is missing"),
        (without(persian, "choose_language ="), "the prompt choose_language is missing"),
        (persian.replace("[numerals]", "[something_else]"), "[numerals] is missing"),
        (persian.replace('"', "", 1), "sq.toml"),
        (without(persian, "star_hash ="), "star_hash has 0 words, not 2"),
        (persian.replace("فارسی {key}.", "فارسی."), "choose_language: placeholders [], the original has ['key']"),
        (persian.replace("{receipt_code}", "{reciept_code}", 1), "there is no placeholder {reciept_code}"),
        (persian.replace("{receipt_code}", "{receipt_code", 1), "the prompt receipt: "),
    ):
        albanian(prompts_of_our_own, spoiled)
        lacks = script.unfinished("sq")
        assert lacks and said in lacks[0], (said, lacks)
        assert "sq" not in script.offered_languages()
        for command in ("check", "render"):
            answer = CliRunner().invoke(command_line, ["prompts", command, "sq"])
            assert isinstance(answer.exception, SystemExit), answer.exception
            assert f"sq is unfinished: {lacks[0]}" in answer.output


def test_a_finished_language_is_offered_without_touching_anything_else(prompts_of_our_own: Path) -> None:
    albanian(prompts_of_our_own, (prompts_of_our_own / "fa.toml").read_text(encoding="utf-8"))
    assert script.unfinished("sq") == ()
    assert script.offered_languages()[-1] == "sq"
    spoken = {line.language for step in script.script().steps.values() for line in getattr(step, "lines", ())}
    assert "sq" in spoken


def test_an_unfinished_language_that_the_settings_name_refuses_to_start(
    prompts_of_our_own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGUAGES", '["de", "sq"]')
    forget()
    with pytest.raises(ConfigurationError, match=r"sq: voice_prompts/sq\.toml is missing"):
        create_app()


def test_a_concern_that_members_cannot_be_told_is_named(
    prompts_of_our_own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGUAGES", '["de", "en"]')
    staff = prompts_of_our_own / "staff.toml"
    staff.write_text(without(staff.read_text(encoding="utf-8"), "rehab ="), encoding="utf-8")
    forget()
    with pytest.raises(ConfigurationError, match=r"\[concerns\] rehab"):
        create_app()
    checked = CliRunner().invoke(command_line, ["flow", "check"])
    assert checked.exit_code != 0
    assert "voice_prompts/staff.toml lacks: [concerns] rehab" in checked.output


def test_a_key_that_a_menu_does_not_name_is_named(prompts_of_our_own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGES", '["de", "en"]')
    english = prompts_of_our_own / "en.toml"
    forgotten = english.read_text(encoding="utf-8").replace("Rehabilitation, illness, disability: two. ", "")
    english.write_text(forgotten, encoding="utf-8")
    forget()
    checked = CliRunner().invoke(command_line, ["flow", "check"])
    assert checked.exit_code != 0
    assert "voice_prompts/en.toml: other_concern does not name the key 2 (step other_matter)" in checked.output


def test_a_key_that_a_menu_names_and_does_not_have_is_named(prompts_of_our_own: Path) -> None:
    english = prompts_of_our_own / "en.toml"
    text = english.read_text(encoding="utf-8")
    english.write_text(
        text.replace("Other: four. Talk to us: zero.", "Other: four. Old: six. Talk to us: zero."), encoding="utf-8"
    )
    forget()
    assert wrong_keys() == ["voice_prompts/en.toml: main names 6, which is no key (step main_menu)"]


def test_every_menu_names_its_keys_in_every_language(prompts_of_our_own: Path) -> None:
    assert len(script.offered_languages()) > 10
    assert wrong_keys() == []


def test_the_local_carrier_has_the_carriers_voice_of_each_language() -> None:
    for language in languages.LANGUAGES.values():
        if language.carrier_voice:
            tag, voice = language.carrier_voice
            assert VOICE_LANGUAGES.get(voice) == tag, f"{voice} is missing in local_carrier/twiml_parser.py"


def test_members_are_told_every_concern() -> None:
    assert all(agent_announcements.staff_prompts().concerns[concern] for concern in Concern)


@pytest.mark.parametrize("language", sorted(languages.LANGUAGES))
def test_nobody_is_told_a_length_of_recordings_that_a_setting_makes_false(language: str) -> None:
    text = catalogues.catalogue(language)["speak_now"]
    assert "{" not in text
    assert not re.search(r"\d", text)


def test_the_list_of_languages_tells_what_an_unfinished_one_lacks(prompts_of_our_own: Path) -> None:
    def listed() -> str:
        forget()
        return CliRunner().invoke(command_line, ["languages", "tr", "sq"]).output

    assert "Albanian     unfinished" in listed() and "voice_prompts/sq.toml is missing" in listed()
    turkish = prompts_of_our_own / "tr.toml"
    turkish.write_text(without(turkish.read_text(encoding="utf-8"), "consent ="), encoding="utf-8")
    german = prompts_of_our_own / "de.toml"
    german.write_text(german.read_text(encoding="utf-8").replace("Auf Wiederhören", "Tschüs"), encoding="utf-8")
    assert "Turkish      unfinished" in listed() and "the prompt consent is missing" in listed()
    assert "missing: consent" in listed() and "stale: callback_sorry, goodbye" in listed()
    assert "menu line: yes" in listed()
    turkish.write_text(turkish.read_text(encoding="utf-8").replace("Türkçe {key}.", "Türkçe."), encoding="utf-8")
    assert "menu line: no" in listed()
