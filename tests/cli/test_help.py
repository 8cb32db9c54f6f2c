"""The list of commands: by section, complete, quick, and `-h` everywhere."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from ivr.cli import hotline
from tests.support.environment import ROOT

#: The names of the version before, which scripts and process managers use.
KEPT = {
    "run", "migrate", "worker", "clock", "exchange", "call", "carrier check", "carrier configure", "reconcile",
    "backup", "restore", "flow check", "flow diagram", "prompts render", "prompts check", "models list",
    "models fetch", "keys new", "keys rotate", "tokens add", "tokens revoke", "users pin", "users add", "users reset",
    "transcribe-eval", "spool-retry", "demo seed", "simulate", "sla", "audit verify", "audit audio", "audit export",
    "audit head", "retention plan", "retention run", "retention replay", "papers",
}  # fmt: skip
#: What takes long to import, and is needed by no list of commands.
HEAVY = {"sqlalchemy", "pydantic", "numpy", "flask", "twilio", "redis", "rq", "requests", "phonenumbers", "vosk"}


def leaves(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from leaves(command, (*before, name))
        else:
            yield (*before, name), command


def test_every_command_is_listed_in_a_section_with_a_whole_sentence() -> None:
    shown = CliRunner().invoke(hotline, ["-h"])
    assert shown.exit_code == 0
    assert "..." not in shown.output.partition("\n")[2], "a summary is cut"
    headings = [line for line in shown.output.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert len(headings) >= 6
    for name in hotline.list_commands(click.Context(hotline)):
        assert f"\n  {name} " in shown.output


def test_all_names_of_the_version_before_are_there() -> None:
    assert {" ".join(path) for path, _ in leaves(hotline)} >= KEPT


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_command_explains_itself(flag: str) -> None:
    for path, command in leaves(hotline):
        shown = CliRunner().invoke(hotline, [*path, flag])
        assert shown.exit_code == 0, path
        assert command.help, path
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help or parameter.show_default, (path, parameter.name)


def test_the_list_of_commands_loads_nothing_heavy() -> None:
    code = (
        "import json, sys; from click.testing import CliRunner; from ivr.cli import hotline;"
        "done = CliRunner().invoke(hotline, ['--help']); assert done.exit_code == 0;"
        "print(json.dumps(sorted(name for name in sys.modules if '.' not in name)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )
    assert HEAVY.isdisjoint(json.loads(done.stdout))


@pytest.mark.parametrize("line", ["--help", "--version", "keys new 2026", "worker --help", "doctor -h"])
def test_help_and_new_keys_need_no_configuration(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first things that an operator types, before there is anything to be configured."""
    monkeypatch.setenv("MODE", "production")
    monkeypatch.setenv("PORT", "eighty")
    done = CliRunner().invoke(hotline, line.split(), obj=lambda _: None)
    assert done.exit_code == 0, done.output
