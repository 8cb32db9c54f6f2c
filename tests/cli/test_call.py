"""`python -m ivr call` through the running product: somebody speaks with the built-in voice, without any file."""

from __future__ import annotations

from click.testing import CliRunner
from sqlalchemy import select

from ivr.cli import hotline as command_line
from ivr.local_carrier.scripted_caller import ScriptedCaller
from ivr.models.calls import Call
from ivr.platform import database


def test_the_first_call_by_copy_and_paste(hotline) -> None:
    text = "Guten Tag, mein Strom wird abgestellt"
    arguments = ["call", "--from", "+4915112340077", "--press", "1,2,1", "--say", text, "--at", "closed", "--hang-up"]
    said = CliRunner().invoke(command_line, arguments)
    assert said.exit_code == 0, said.output
    assert "no errors" in said.output
    assert "(speaks for" in said.output
    call_sid = said.output.split()[1]
    with database.reading() as session:
        assert session.scalar(select(Call.id).where(Call.call_sid == call_sid))


def test_the_voice_speaks_the_language_the_caller_was_spoken_to_in() -> None:
    def seconds(language: str, heard: str) -> float:
        told: list[dict[str, object]] = []
        caller = ScriptedCaller(sounds=["1984, 1985, 1986"], language=language, on_event=told.append)
        caller.hears("…", heard)
        assert len(caller.speaks().samples) > 8000
        return float(str(told[-1]["seconds"]))

    german, turkish = seconds("de", "tr-TR"), seconds("tr", "de-DE")
    assert seconds("", "de-DE") == german != turkish
    assert seconds("", "tr-TR") == turkish
