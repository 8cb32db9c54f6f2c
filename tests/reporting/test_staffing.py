"""How many people must answer: the simulation agrees with Erlang, and knows the hotline's own history."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from ivr.cli import hotline as command_line
from ivr.domain.opening_hours import Hours
from ivr.models.contact_centre import Conversation
from ivr.platform import database
from ivr.reporting import staffing


@pytest.mark.parametrize(
    ("staff", "calls", "talk", "share"),
    [
        (5, 60.0, 240.0, 0.511),
        (7, 60.0, 240.0, 0.908),
        pytest.param(2, 12.0, 300.0, 0.698, marks=pytest.mark.since("ci")),
        pytest.param(12, 120.0, 300.0, 0.632, marks=pytest.mark.since("ci")),
    ],
)
def test_the_simulation_agrees_with_erlang_c(staff: int, calls: float, talk: float, share: float) -> None:
    """The shares are from tables of Erlang C; exponential lengths, endless patience."""
    found = staffing.simulate(staff, calls, [talk], number=3)
    assert found.erlang_c == pytest.approx(share, abs=0.001)
    assert found.in_time == pytest.approx(found.erlang_c, abs=0.04)
    assert found.gave_up == 0


def test_too_few_people_are_seen_to_be_too_few() -> None:
    alone = staffing.simulate(1, 60, [240.0])
    assert alone.in_time < 0.05
    assert staffing.erlang_c(1, 60, 240.0) == 0
    impatient = staffing.simulate(1, 60, [240.0], patience=60)
    assert impatient.gave_up > 0.5
    assert staffing.enough([alone], 0.75) is None


def test_nonsense_is_refused() -> None:
    for staff, calls, talk in ((0, 60.0, [60.0]), (1, 0.0, [60.0]), (1, 1.0, []), (1, 1.0, [0.0])):
        with pytest.raises(ValueError, match="must be positive"):
            staffing.simulate(staff, calls, talk)
    for text in ("", "x 9", "monday", "monday 24", "m 9"):
        with pytest.raises(ValueError, match=r"hour of the week|invalid literal"):
            staffing.parse_hour(text)
    assert staffing.parse_hour("Montag 9:00") == staffing.parse_hour("mon 9") == (0, 9)


def test_patience_is_all_the_waiting_by_those_who_gave_up() -> None:
    few = staffing.History(10, [60.0], [10.0] * 5, [5.0] * 100)
    assert math.isinf(staffing.mean_patience(few))
    known = staffing.History(10, [60.0], [30.0] * 40, [15.0] * 400)
    assert staffing.mean_patience(known) == pytest.approx((40 * 30 + 400 * 15) / 40)


def test_the_hotlines_own_history_is_asked(counted, tmp_path: Path) -> None:
    now = datetime(2026, 11, 1, 12, tzinfo=UTC)
    with database.reading() as session:
        known = staffing.history(session, 0, 10, now, weeks=4)
        assert len(known.talk) == session.query(Conversation).count() == 25
        assert set(known.talk) == {300.0}
        assert sorted(known.gave_up) == [70.0] * 5
        assert sum(staffing.history(session, d, h, now, weeks=4).calls_an_hour for d in range(7) for h in range(24)) > 5
    with pytest.raises(staffing.TooLittle, match="25 conversations"):
        staffing.plan(known, [3], calls=20, wrap_up=60, talk=None)


def test_on_the_command_line(empty_database, tmp_path: Path) -> None:
    drawn = tmp_path / "staff.svg"
    arguments = ["simulate", "--calls", "40", "--talk-seconds", "200", "--wrap-up-seconds", "40", "--staff", "4-6",
                 "--when", "monday 9", "--goal", "0.75", "--chart", str(drawn)]  # fmt: skip
    said = CliRunner().invoke(command_line, arguments)
    assert said.exit_code == 0, said.output
    assert "5 people answer" in said.output
    assert ElementTree.parse(drawn).getroot().tag.endswith("svg")
    for wrong, complaint in (
        (["--staff", "0"], "between 1 and 200 people"),
        (["--staff", "9-2"], "upside down"),
        (["--when", "someday 9"], "hour of the week"),
        (["--team", "kitchen"], "no team"),
        ([], "no calls are known"),
    ):
        refused = CliRunner().invoke(command_line, ["simulate", *wrong])
        assert refused.exit_code != 0
        assert complaint in refused.output


@pytest.mark.parametrize(
    ("span", "hour"),
    [("08:00-18:00", 9), ("08:30-18:00", 9), ("08:00-09:00", 8), ("08:00-09:30", 9), ("22:00-24:00", 23)],
)
def test_the_hour_by_default_is_the_second_of_the_next_opening_day(
    monkeypatch: pytest.MonkeyPatch, span: str, hour: int
) -> None:
    """As `simulate --help` says; never one in which the house is closed."""
    monkeypatch.setattr(staffing.present, "hours", lambda: Hours(daily=span))
    sunday = datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert staffing.usual_hour(sunday) == (0, hour)
    assert "second hour of the next opening day" in " ".join(
        CliRunner().invoke(command_line, ["simulate", "--help"]).output.split()
    )
