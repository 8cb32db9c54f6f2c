"""The keys are lost with the house; two of three people bring them back, and none alone."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from ivr.cli import hotline
from ivr.config.settings import settings
from ivr.operations import key_escrow, server_checks
from tests.support.environment import forget_settings
from tests.support.production_secrets import MASTER_KEY
from tests.support.secret_keys import SECOND

PEOPLE = ("Ada", "Ben", "Cem")


@pytest.fixture
def keys(empty_database, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    given = {"SECRET_KEY": SECOND, "AUDIO_MASTER_KEYS": MASTER_KEY}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    forget_settings()
    return given


def run(*arguments: str) -> Result:
    return CliRunner().invoke(hotline, ["keys", *arguments])


def sealed_for(path: Path, *people: str) -> dict[str, str]:
    done = run("escrow", str(path), *(word for name in people for word in ("--for", name)))
    assert done.exit_code == 0, done.output
    return dict(re.findall(r"^(\w+): ((?:[A-Z2-7]{4} ?){10})$", done.output, re.MULTILINE))


def test_any_two_bring_the_keys_back(keys: dict[str, str], tmp_path: Path) -> None:
    (said,) = server_checks.escrow()
    assert "in nobody's hands" in said.state
    codes = sealed_for(tmp_path / "escrow", *PEOPLE)
    assert set(codes) == set(PEOPLE)
    assert not list(server_checks.escrow())
    text = (tmp_path / "escrow").read_text()
    assert not any(secret in text for secret in (*keys.values(), *codes.values()))
    for one, other in itertools.permutations(PEOPLE, 2):
        target = tmp_path / f"{one}{other}"
        done = run("recover", str(tmp_path / "escrow"), str(target), "--first", codes[one], "--second", codes[other])
        assert done.exit_code == 0, done.output
        assert SECOND not in done.output
        assert dict(line.split("=", 1) for line in target.read_text().splitlines()) == keys
        assert target.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("twice the same", "not those of two different people"),
        ("mistyped", "code 2 is mistyped"),
        ("of another file", "not those of two different people"),
        ("nothing", "code 2 is mistyped"),
    ],
)
def test_one_alone_opens_nothing(keys: dict[str, str], tmp_path: Path, wrong: str, said: str) -> None:
    path, target = tmp_path / "escrow", tmp_path / "keys.env"
    former = sealed_for(path, *PEOPLE)
    codes = sealed_for(path, *PEOPLE)
    first = codes["Ada"]
    other = "A" if codes["Ben"][0] != "A" else "C"
    second = {
        "twice the same": first, "mistyped": other + codes["Ben"][1:], "of another file": former["Ben"], "nothing": "",
    }[wrong]  # fmt: skip
    done = run("recover", str(path), str(target), f"--first={first}", f"--second={second}")
    assert done.exit_code == 1
    assert said in done.output
    assert not target.exists()


def test_what_is_no_code_and_no_whole_file_is_told(keys: dict[str, str], tmp_path: Path) -> None:
    path, target = tmp_path / "escrow", tmp_path / "keys.env"
    codes = sealed_for(path, *PEOPLE)
    for typed in ("ä" + codes["Ben"], "١٢٣٤", "\x00", "ſ" * 40, "=" * 40, "A" * 5000):
        done = run("recover", str(path), str(target), f"--first={codes['Ada']}", f"--second={typed}")
        assert (done.exit_code, "code 2 is mistyped" in done.output) == (1, True), done.output
    described = json.loads(path.read_text())
    of_both = {pair["of"][0] + pair["of"][1]: pair for pair in described["pairs"]}["AdaBen"]
    for sealed in ("", "AAAA", "A" * 16, of_both["sealed"][:40]):
        of_both["sealed"] = sealed
        path.write_text(json.dumps(described))
        done = run("recover", str(path), str(target), f"--first={codes['Ada']}", f"--second={codes['Ben']}")
        assert "the two codes are not those" in done.output, (sealed, done.output)
    for damaged in ("[" * 100_000, "null", "[]", '{"salt": 1}', '{"salt": "AA==", "pairs": 7}'):
        path.write_text(damaged)
        done = run("recover", str(path), str(target), "--first=A", "--second=B")
        assert "no file of `keys escrow`" in done.output, done.output
    assert not target.exists()


def test_an_escrow_that_is_broken_off_leaves_the_one_before(keys: dict[str, str], tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "escrow"
    codes = sealed_for(path, *PEOPLE)

    def interrupted(info: str) -> None:
        if info.startswith("Ben"):
            raise click.Abort

    monkeypatch.setattr(click, "pause", interrupted)
    assert run("escrow", str(path), "--for", "Ada", "--for", "Ben").exit_code == 1
    assert key_escrow.recover(path.read_bytes(), codes["Ada"], codes["Cem"]) == keys


def test_a_code_may_be_typed_as_it_was_written(keys: dict[str, str]) -> None:
    sealed, codes = key_escrow.seal(keys, PEOPLE[:2])
    ada = codes["Ada"].lower().replace(" ", "-").replace("o", "0").replace("i", "1").replace("b", "8")
    assert key_escrow.recover(sealed, codes["Ben"].replace(" ", ""), ada) == keys


def test_after_a_change_of_keys_they_are_asked_for_again(
    keys: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed_for(tmp_path / "escrow", *PEOPLE)
    monkeypatch.setenv("SECRET_KEY_PREVIOUS", SECOND)
    monkeypatch.setenv("SECRET_KEY", SECOND[::-1])
    forget_settings()
    assert list(server_checks.escrow())
    assert key_escrow.keys_of(settings())["SECRET_KEY_PREVIOUS"] == SECOND


def test_what_cannot_be_kept_is_said(empty_database, tmp_path: Path) -> None:
    assert "no keys to keep" in run("escrow", str(tmp_path / "x"), "--for", "Ada", "--for", "Ben").output
    (tmp_path / "other").write_text("{}")
    done = run("recover", str(tmp_path / "other"), str(tmp_path / "x"), "--first=A", "--second=B")
    assert "no file of `keys escrow`" in done.output


def test_nobody_is_two_people(keys: dict[str, str], tmp_path: Path) -> None:
    for people in (["Ada"], ["Ada", "Ada"]):
        done = run("escrow", str(tmp_path / "x"), *(word for name in people for word in ("--for", name)))
        assert "two people or more" in done.output
        assert not (tmp_path / "x").exists()
