"""Cut-offs: the last moment for a file, and the first and last collection date that one can have."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from ledger.cut_offs import CutOff, earliest, latest, upload_before

BERLIN = CutOff(time=time(14), zone=ZoneInfo("Europe/Berlin"), extra_days=0, days_ahead=14)
SLOW = CutOff(time=time(10, 30), zone=ZoneInfo("Europe/Helsinki"), extra_days=1, days_ahead=28)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "first"),
    [
        ("2026-11-18T12:59:59", "2026-11-19"),  # 13:59 in Berlin: as of today
        ("2026-11-18T13:00:00", "2026-11-20"),  # the cut-off itself is too late
        ("2026-11-20T12:00:00", "2026-11-23"),  # Friday, in time: Monday
        ("2026-11-20T13:00:00", "2026-11-24"),  # Friday, too late: counts as Monday
        ("2026-11-21T08:00:00", "2026-11-24"),  # Saturday counts as Monday
        ("2026-12-23T12:00:00", "2026-12-24"),
        ("2026-12-23T13:00:00", "2026-12-28"),  # counts as Christmas Eve; 25 and 26 are closed, then a Sunday
        ("2026-12-24T13:00:00", "2026-12-29"),
        ("2026-12-31T12:00:00", "2027-01-04"),  # New Year is closed, then a weekend
        ("2026-12-31T13:00:00", "2027-01-05"),
        ("2026-04-01T11:59:00", "2026-04-02"),  # summer time: 13:59 in Berlin
        ("2026-04-02T11:59:00", "2026-04-07"),  # Maundy Thursday: Good Friday to Easter Monday are closed
        ("2026-04-02T12:00:00", "2026-04-08"),
        ("2026-04-30T11:00:00", "2026-05-04"),  # 1 May, then a weekend
        ("2026-11-18T23:30:00", "2026-11-20"),  # half past midnight in Berlin: already the 19th, in time
    ],
)
def test_first_collection_date_of_a_file(at: str, first: str) -> None:
    assert earliest(BERLIN, _at(at)).isoformat() == first


def test_extra_days_and_zone_of_a_bank_count() -> None:
    assert earliest(SLOW, _at("2026-11-18T08:29:00")) == date(2026, 11, 20)
    assert earliest(SLOW, _at("2026-11-18T08:30:00")) == date(2026, 11, 23)


@pytest.mark.parametrize(
    ("collect_on", "before"),
    [
        ("2026-11-19", "2026-11-18T13:00:00"),
        ("2026-11-23", "2026-11-20T13:00:00"),
        ("2026-11-22", "2026-11-20T13:00:00"),  # a Sunday is collected on Monday
        ("2026-12-28", "2026-12-24T13:00:00"),
        ("2027-01-04", "2026-12-31T13:00:00"),
        ("2026-04-07", "2026-04-02T12:00:00"),
        ("2026-03-30", "2026-03-27T13:00:00"),  # winter time on the Friday, summer time on the Monday
    ],
)
def test_a_file_must_be_there_before_the_cut_off_of_the_day_before(collect_on: str, before: str) -> None:
    assert upload_before(BERLIN, date.fromisoformat(collect_on)) == _at(before)


@pytest.mark.parametrize("cut_off", [BERLIN, SLOW])
def test_a_date_can_be_met_until_its_own_cut_off_and_no_longer(cut_off: CutOff) -> None:
    moment = _at("2026-01-02T09:00:00")
    for _ in range(400):
        first = earliest(cut_off, moment)
        last = upload_before(cut_off, first)
        assert moment < last
        assert earliest(cut_off, last) > first
        moment = last


def test_last_collection_date_is_so_many_calendar_days_ahead() -> None:
    assert latest(BERLIN, _at("2026-11-18T08:00:00")) == date(2026, 12, 2)
    assert latest(BERLIN, _at("2026-11-18T23:30:00")) == date(2026, 12, 3)
