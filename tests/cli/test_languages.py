"""What an operator reads of each language: what it has, what it lacks, and whether callers are offered it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from ivr.cli import hotline
from ivr.domain.languages import LANGUAGES
from ivr.domain.timestamps import utc_now
from ivr.notices import further_languages
from ivr.operations import language_states
from ivr.platform import database
from ivr.prompts import parts, recordings, rendering
from tests.support.notices import LENA
from tests.support.sounds import sound, tone


def run(*words: str) -> str:
    answer = CliRunner().invoke(hotline, ["languages", *words])
    assert answer.exit_code == 0, answer.output
    return answer.output


def of(code: str) -> dict:
    (found,) = json.loads(run(code, "--json"))
    return found


def test_every_language_is_listed_with_its_keys(empty_database) -> None:
    listed = {one["code"]: one for one in json.loads(run("--json"))}
    assert list(listed) == list(LANGUAGES)
    enabled = empty_database.enabled_languages
    assert [code for code, one in listed.items() if one["keys"]] == [code for code in LANGUAGES if code in enabled]
    assert listed["de"]["keys"] == "1" and listed["de"]["missing"] == listed["de"]["stale"] == []
    assert listed["kmr"]["has_numerals"] and not listed["kmr"]["voice"] and listed["kmr"]["to_render"] > 100
    assert "offered, key 1" in run("de")


def test_recorded_and_rendered_prompts_are_counted(empty_database) -> None:
    before, part = of("kmr"), parts.named("kmr", "goodbye")
    rendering.audio_of(part)
    with database.writing() as session:
        recordings.add(session, part, sound(tone(440)), None, utc_now())
        recordings.add(session, replace(part, name="welcome", text="something else"), sound(tone(440)), None, utc_now())
    after = of("kmr")
    assert after["rendered"] == before["rendered"] + 1
    assert (after["recorded"], after["outdated"]) == (1, 1)


def test_a_language_that_is_not_enabled_is_not_offered(empty_database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language_states, "offered_languages", lambda: ("de",))
    assert (of("fr")["keys"], of("fr")["is_unfinished"]) == ("", False)
    assert "not offered" in run("fr")


def test_a_language_beyond_the_menu_is_listed_with_its_key(empty_database) -> None:
    with database.writing() as session:
        further_languages.add(session, "ti", "Tigrinja", None, LENA, utc_now())
    assert (of("ti")["level"], of("ti")["keys"], of("ti")["recorded"]) == ("further", "1", 0)
    assert "beyond the menu, key 1" in run("ti") and "read by the German voice" in run("ti")
