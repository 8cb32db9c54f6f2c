"""A translation says which German text it was made from. When that changes, it is stale until somebody looks again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.cli import hotline as command_line
from ivr.domain.languages import LANGUAGES
from ivr.prompts import catalogue, check, parts
from ivr.prompts.fingerprints import fingerprint, with_table
from ivr.prompts.script import script, unfinished

#: The module; the package exports the function of the same name.
catalogues = import_module("ivr.prompts.catalogue")


@pytest.fixture
def prompts_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_database) -> Iterator[Path]:
    """A copy of voice_prompts that a test may change."""
    directory = tmp_path / "voice_prompts"
    shutil.copytree(catalogues.DIRECTORY, directory)
    monkeypatch.setattr(catalogues, "DIRECTORY", directory)
    forget()
    yield directory
    monkeypatch.undo()
    forget()


def forget() -> None:
    catalogue.cache_clear()
    parts.fragments.cache_clear()
    unfinished.cache_clear()


def change(directory: Path, language: str, old: str, new: str) -> None:
    file = directory / f"{language}.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    forget()


def hotline(*arguments: str) -> Result:
    return CliRunner().invoke(command_line, arguments)


def stale(language: str) -> list[str]:
    return [finding.prompt for finding in check.findings(language, script()) if finding.problem == check.STALE]


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_translation_was_made_from_the_present_german_text(language: str) -> None:
    assert catalogue(language).stale == frozenset()


def test_a_changed_german_text_makes_its_translations_stale_until_they_are_confirmed(prompts_of_our_own: Path) -> None:
    change(prompts_of_our_own, "en", "reviewed = []", 'reviewed = ["goodbye", "call_again"]')
    assert catalogue("en").reviewed == {"goodbye", "call_again"}
    change(prompts_of_our_own, "de", "Vielen Dank für Ihren Anruf.", "Danke für Ihren Anruf.")

    assert stale("en") == ["goodbye"]
    assert catalogue("en").reviewed == {"call_again"}, "the mark of a reviewer holds for the text that was reviewed"
    assert not unfinished("en"), "callers go on hearing it"
    checked = hotline("prompts", "check", "en")
    assert checked.exit_code != 0
    assert f"en  goodbye: {check.STALE}" in checked.output

    assert hotline("prompts", "translated", "goodbye", "--in", "en").exit_code == 0
    assert stale("en") == []
    assert stale("tr") == ["goodbye"], "nobody has looked at the Turkish text"
    assert hotline("prompts", "translated", "goodbye").exit_code == 0
    assert stale("tr") == []


def test_a_new_language_has_no_translation_until_each_is_confirmed(prompts_of_our_own: Path) -> None:
    file = prompts_of_our_own / "fr.toml"
    file.write_text(with_table(file.read_text(encoding="utf-8"), {}), encoding="utf-8")
    forget()
    assert {"welcome", "consent", "sms_link"} <= catalogue("fr").stale
    assert hotline("prompts", "translated", "--all", "--in", "fr").exit_code == 0
    assert catalogue("fr").stale == frozenset()


def test_confirming_changes_nothing_else_in_the_file(prompts_of_our_own: Path) -> None:
    before = (prompts_of_our_own / "fa.toml").read_text(encoding="utf-8")
    assert hotline("prompts", "translated", "consent", "--in", "fa").exit_code == 0
    assert (prompts_of_our_own / "fa.toml").read_text(encoding="utf-8") == before


def test_what_is_no_translation_is_refused(prompts_of_our_own: Path) -> None:
    for arguments, said in (
        (("no_such_prompt",), "no translated prompt no_such_prompt"),
        (("goodbye", "--in", "de"), "de is the original"),
        ((), "name the prompts"),
        (("goodbye", "--all"), "name the prompts"),
    ):
        answer = hotline("prompts", "translated", *arguments)
        assert answer.exit_code != 0
        assert said in answer.output


def test_a_fingerprint_is_of_the_words_and_not_of_how_lines_are_broken() -> None:
    assert fingerprint("Guten  Tag.\n") == fingerprint("Guten Tag.")
    assert fingerprint("Guten Tag!") != fingerprint("Guten Tag.")
