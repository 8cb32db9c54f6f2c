"""How long callers listen, and what they press, until they reach their language, a menu, a tone or a person."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.config import sections
from ivr.domain.languages import LANGUAGES
from ivr.flows.hotline import hotline
from ivr.flows.steps import Announce
from ivr.flows.whole_script import Flow
from ivr.prompts import catalogue, distances
from tests.support.volume import volume

CALLERS = Path(__file__).parents[2] / "docs" / "callers.md"
#: The languages of a real house, where Korean is not on trial.
OFFERED = tuple(code for code in LANGUAGES if code not in distances.ON_TRIAL)


@pytest.fixture(scope="module")
def shipped() -> Flow:
    return hotline(OFFERED, tuple(f"form_{form}" for form in sections.FORMS))


@pytest.mark.parametrize("language", OFFERED[:: volume(test=4, ci=1, soak=1)])
def test_nobody_listens_for_longer_than_allowed(shipped: Flow, language: str) -> None:
    assert list(distances.problems(shipped, language)) == []


def test_a_caller_hears_only_what_the_way_says(shipped: Flow) -> None:
    found = distances.of(shipped, "de")
    assert [found[place].keys for place in ("own language", "main menu", "benefits tone", "call queue")] == [0, 1, 3, 2]
    assert found["emergency tone"].keys == 4, "emergency, language, reason, consent"
    assert found["emergency tone, keys known"].seconds < found["emergency tone"].seconds
    assert found["emergency tone"].seconds < found["benefits tone"].seconds, "an emergency is the shortest way"
    assert found["own language"].seconds < found["main menu"].seconds < found["call queue"].seconds


def test_the_second_key_of_a_language_follows_at_once(shipped: Flow) -> None:
    """Its line says both keys; the page that the first one leads to is not waited for."""
    german, french = distances.of(shipped, "de")["main menu"], distances.of(shipped, "fr")["main menu"]
    assert (german.seconds, german.keys, french.seconds, french.keys) == (german.seconds, 1, german.seconds, 2)


def test_a_way_that_has_become_longer_is_named(shipped: Flow) -> None:
    talkative = Announce(("closed", "online_services", "online_services"), to="unattended")
    longer = replace(shipped, steps={**shipped.steps, "closed": talkative})
    (problem,) = distances.problems(longer, "de")
    assert problem.startswith("de: ") and problem.endswith(" s to the benefits tone, 45 s at most")


@pytest.mark.parametrize(
    ("prompt", "text", "problem"),
    [
        ("emergency", "Kein Geld, kein Essen und keine Möglichkeit, bis morgen etwas zu kaufen: eins.", "of emergency"),
        ("request_late", "Es dauert leider länger, als wir versprochen haben. " * 8, "request_late lasts"),
        ("about_recording", "Was Sie sagen, schreibt ein Computer bei uns auf. " * 8, "about_recording lasts"),
    ],
)
def test_a_reason_or_an_explanation_that_has_become_too_long_is_named(
    shipped: Flow, monkeypatch: pytest.MonkeyPatch, prompt: str, text: str, problem: str
) -> None:
    monkeypatch.setitem(catalogue("de").texts, prompt, text)
    monkeypatch.setattr(distances, "of", lambda flow, language: {})
    assert [found for found in distances.problems(shipped, "de") if problem in found]


def figures(rows: Iterable[str]) -> Mapping[str, list[tuple[float, int]]]:
    """Seconds and keys of each language's row."""
    found = {}
    for row in rows:
        name, *cells = (cell.strip() for cell in row.strip("|").split("|"))
        if name in OFFERED:
            found[name] = [(float(seconds), int(keys)) for seconds, keys in re.findall(r"([\d.]+) s, (\d+) key", row)]
            assert len(found[name]) == len(cells)
    return found


def test_the_table_in_the_docs_is_of_this_script(shipped: Flow) -> None:
    """The lines that `python -m ivr flow check` prints, where Korean is not installed."""
    rows = list(distances.table(shipped, OFFERED))
    written = CALLERS.read_text(encoding="utf-8").splitlines()
    assert rows[0] in written
    now, then = figures(rows), figures(row for row in written if row.count(" s, ") == rows[-1].count(" s, "))
    assert list(now) == list(then) == list(OFFERED)
    for language in OFFERED:
        for (seconds, keys), (told, told_keys) in zip(now[language], then[language], strict=True):
            assert keys == told_keys
            assert seconds == pytest.approx(told, abs=0.5), "a voice is not the same to the last tenth each time"


def test_a_question_that_has_become_too_long_is_named(shipped: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds, prompt = distances.longest_question(shipped, "de")
    monkeypatch.setattr(distances, "LONGEST_QUESTION", seconds - 0.1)
    assert [problem.split(" lasts ")[0] for problem in distances.problems(shipped, "de")] == [f"de: {prompt}"]
