"""Tables of unknown banks: a proposal, a layout to keep, and the alarm when a known one has changed."""

from __future__ import annotations

import io
import json
from datetime import date

import pytest

from reconciliation.formats import delimited
from reconciliation.formats.delimited import BadLayout, Layout, LayoutDrifted, Proposal, UnknownLayout
from reconciliation.formats.delimited.words import Role
from reconciliation.statement import WholeStatement, gather
from tests.factories.delimited import SPARKASSE, Row, comma, sparkasse, table

TITLES = "Bookdate;Who;What;Sum;Money"
ROWS = [
    ["31/01/2026", "Anna Beispiel", "RE-2026-0815", "12,50", "EUR"],
    ["30/01/2026", "Stadtwerke Muster", "Strom", "-9,00", "EUR"],
]
ROLES = {"Bookdate": "booked_on", "Who": "name", "What": "remittance", "Sum": "amount", "Money": "currency"}


def read(content: bytes, *layouts: Layout, **wishes: object) -> WholeStatement:
    (whole,) = gather(delimited.read(io.BytesIO(content), layouts=layouts, **wishes))  # type: ignore[arg-type]
    return whole


def proposed(content: bytes) -> Proposal:
    return delimited.propose(io.BytesIO(content))


def confirmed(content: bytes = table(TITLES, ROWS), **answers: str) -> Layout:
    return proposed(content).confirmed(answers, name="muster-bank", roles=ROLES)


def roles_of(layout: Layout) -> dict[str, str]:
    return {column.title: column.role.value for column in layout.columns if column.role is not None}


# --- proposals ---


def test_an_unknown_table_is_refused_with_a_proposal() -> None:
    content = table("Date;Payee;Memo;Amount", [["31/01/2026", "Anna Beispiel", "RE-1", "-12,50"]])
    with pytest.raises(UnknownLayout) as refusal:
        list(delimited.read(io.BytesIO(content)))
    assert refusal.value.proposal == proposed(content)
    assert refusal.value.line == 1
    assert refusal.value.message.startswith("The layout of the table is not known")


def test_a_proposal_says_what_is_sure_and_what_is_asked() -> None:
    proposal = proposed(table("Date;Payee;Memo;Amount", [["31/01/2026", "Anna Beispiel", "RE-1", "-12,50"]]))
    assert roles_of(proposal.layout) == {
        "Date": "booked_on",
        "Payee": "name",
        "Memo": "remittance",
        "Amount": "amount",
    }
    assert proposal.sure == ("The order of dates is DMY.", "Decimals stand behind ','.")
    assert [question.about for question in proposal.asks] == ["currency"]


def test_titles_in_no_known_language_are_proposed_by_their_cells() -> None:
    assert roles_of(proposed(table(TITLES, ROWS)).layout) == {
        "Bookdate": "booked_on",
        "Who": "remittance",
        "Sum": "amount",
        "Money": "currency",
    }


def test_a_running_balance_proves_the_signs() -> None:
    rows = [["30/01/2026", "a", "10.00", "110.00"], ["31/01/2026", "b", "4.00", "106.00"]]
    content = table("Date;Text;Amount;Balance", rows)
    proposal = proposed(content)
    assert proposal.layout.inverted is True
    assert "The running balance proves the signs of the amounts." in proposal.sure
    whole = read(content, proposal.confirmed({"currency": "EUR"}))
    assert [line.amount.minor for line in whole.lines] == [-1_000, -400]


def test_amounts_without_any_minus_are_asked_for() -> None:
    rows = [["30/01/2026", "Shop", "10.00"], ["31/01/2026", "Shop", "4.00"]]
    content = table("Date;Description;Amount", rows)
    proposal = proposed(content)
    assert [question.about for question in proposal.asks] == ["inverted", "currency"]
    spent = read(content, proposal.confirmed({"inverted": "yes", "currency": "EUR"}))
    assert [line.amount.minor for line in spent.lines] == [-1_000, -400]


def test_a_column_that_marks_debits_is_found_by_its_words() -> None:
    rows = [["31.01.2026", "Anna Beispiel", "12,50", "H"], ["31.01.2026", "Strom", "9,00", "S"]]
    content = table("Datum;Text;Umsatz;Kennung", rows)
    whole = read(content, proposed(content).confirmed({"currency": "EUR"}))
    assert [line.amount.minor for line in whole.lines] == [1_250, -900]


def test_a_table_without_titles_has_numbered_columns() -> None:
    rows = [["31/01/2026", "Anna Beispiel", "12.50"], ["30/01/2026", "Strom", "-9.00"]]
    content = table(rows[0], rows[1:])
    layout = proposed(content).confirmed({"currency": "EUR"})
    assert (layout.headed, roles_of(layout)) == (
        False,
        {"#1": "booked_on", "#2": "remittance", "#3": "amount"},
    )
    whole = read(content, layout)
    assert [line.amount.minor for line in whole.lines] == [1_250, -900]
    assert whole.statement.header.format == "csv.own"


def test_a_table_with_two_columns_of_amounts_asks_which_one_it_is() -> None:
    rows = [["31/01/2026", "Anna Beispiel", "12.50", "-3.00"], ["30/01/2026", "Strom", "-9.00", "4.00"]]
    content = table("Day;Text;Sum;Total fee", rows)
    proposal = proposed(content)
    (question,) = proposal.asks
    assert (question.about, question.choices) == ("amount", ("Sum", "Total fee"))
    whole = read(content, proposal.confirmed({"amount": "Sum"}), currency="EUR")
    assert [line.amount.minor for line in whole.lines] == [1_250, -900]


def test_a_known_table_is_proposed_as_what_it_is() -> None:
    proposal = proposed(sparkasse([Row(amount=100)]))
    assert (proposal.layout.name, proposal.asks) == ("sparkasse-camt", ())


def test_a_question_that_is_left_open_is_no_layout() -> None:
    proposal = proposed(table("Date;Payee;Memo;Amount", [["01/02/2026", "Anna", "RE-1", "-12,50"]]))
    with pytest.raises(BadLayout, match="still open"):
        proposal.confirmed({})
    with pytest.raises(BadLayout, match="is no answer to"):
        proposal.confirmed({"date_order": "later"})
    assert proposal.confirmed({"date_order": "MDY"}).date_order == "MDY"


@pytest.mark.parametrize(
    ("roles", "reason"),
    [
        ({"Sum": None}, "Either one column has to hold the amount"),
        ({"Bookdate": None}, "No column is said to hold the date"),
        ({"What": "amount"}, "More than one column"),
        ({"Why": "name"}, "does not have"),
        ({"Who": "king"}, "does not exist"),
    ],
)
def test_a_layout_that_could_not_read_a_booking_is_refused(roles: dict[str, str | None], reason: str) -> None:
    with pytest.raises(BadLayout, match=reason):
        proposed(table(TITLES, ROWS)).confirmed({}, roles={**ROLES, **roles})


# --- keeping ---


def test_a_layout_and_a_proposal_survive_json() -> None:
    layout = confirmed()
    assert Layout.from_json(json.loads(json.dumps(layout.to_json()))) == layout
    proposal = proposed(table("Date;Payee;Memo;Amount", [["01/02/2026", "Anna", "RE-1", "12,50"]]))
    assert Proposal.from_json(json.loads(json.dumps(proposal.to_json()))) == proposal


@pytest.mark.parametrize("plain", [{}, {"name": "x"}, {"name": "x", "columns": [{"role": "king"}]}])
def test_what_is_no_layout_is_refused(plain: dict[str, object]) -> None:
    with pytest.raises(BadLayout):
        Layout.from_json(plain)


def test_a_confirmed_layout_reads_the_table() -> None:
    whole = read(table(TITLES, ROWS), confirmed())
    first = whole.lines[0]
    assert (first.booked_on, first.amount.minor, first.counterparty.name, first.remittance) == (
        date(2026, 1, 31), 1_250, "Anna Beispiel", "RE-2026-0815",
    )  # fmt: skip
    assert whole.statement.header.format == "csv.muster-bank"


def test_a_confirmed_layout_comes_before_a_shipped_one() -> None:
    content = sparkasse([Row(amount=1_250)])
    shipped = proposed(content)
    mine = shipped.confirmed({}, name="mine", roles={"Betrag": "amount", "Info": None})
    whole = read(content, mine)
    assert whole.statement.header.format == "csv.mine"


def test_the_signature_is_the_same_in_any_order_and_spelling_of_the_titles() -> None:
    layout = confirmed()
    shuffled = table("MONEY;sum;What ;Who;Bookdate", [list(reversed(row)) for row in ROWS])
    assert proposed(shuffled).layout.signature == layout.signature
    assert [line.amount.minor for line in read(shuffled, layout).lines] == [1_250, -900]


# --- drift ---


def drift(content: bytes, *layouts: Layout) -> LayoutDrifted:
    with pytest.raises(LayoutDrifted) as alarm:
        list(delimited.read(io.BytesIO(content), layouts=layouts))
    return alarm.value


def changed(old: str, new: str) -> bytes:
    titles = SPARKASSE.replace(old, new)
    cells = [["x"] * len(titles.split(";"))]
    return table(titles, cells)


def test_a_renamed_column_is_an_alarm_that_names_it() -> None:
    alarm = drift(changed(";Betrag;", ";Umsatz;"))
    assert (alarm.layout, alarm.missing, alarm.added) == ("sparkasse-camt", ("Betrag",), ("Umsatz",))
    assert "without 'Betrag' and with 'Umsatz'" in alarm.message


def test_a_column_that_is_gone_or_new_is_an_alarm() -> None:
    assert drift(changed("Sammlerreferenz;", "")).missing == ("Sammlerreferenz",)
    assert drift(changed(";Info", ";Info;Notiz")).added == ("Notiz",)


def test_a_confirmed_layout_that_drifts_is_an_alarm_with_a_new_proposal() -> None:
    layout = confirmed()
    content = table("Bookdate;Who;What;Net sum;Money", ROWS)
    alarm = drift(content, layout)
    assert (alarm.layout, alarm.missing, alarm.added) == ("muster-bank", ("Sum",), ("Net sum",))
    again = alarm.proposal.confirmed({}, name="muster-bank-2")
    assert roles_of(again) == {title.replace("Sum", "Net sum"): role for title, role in ROLES.items()}
    assert [line.amount.minor for line in read(content, layout, again).lines] == [1_250, -900]


def test_a_title_that_changes_only_its_spelling_or_currency_is_no_drift() -> None:
    content = sparkasse([Row(amount=1_250)]).replace(b"Beguenstigter", b"BEGUENSTIGTER")
    assert read(content).lines[0].amount.minor == 1_250


def test_an_alarm_and_a_proposal_are_facts_of_the_refusal_as_json() -> None:
    alarm = drift(changed(";Betrag;", ";Umsatz;"))
    assert (alarm.code, alarm.facts["layout"], alarm.facts["missing"], alarm.facts["added"]) == (
        "layout_drifted", "sparkasse-camt", ["Betrag"], ["Umsatz"],
    )  # fmt: skip
    assert alarm.facts["proposal"] == json.loads(json.dumps(alarm.proposal.to_json()))


def test_an_alarm_reads_nothing() -> None:
    items = delimited.read(io.BytesIO(changed(";Betrag;", ";Umsatz;")))
    with pytest.raises(LayoutDrifted):
        next(items)


def test_the_names_of_people_stay_out_of_alarms_and_proposals() -> None:
    content = table("Date;Payee;Memo;Amount", [["31/01/2026", "Anna Beispiel", "RE-1", comma(-1_250)]])
    with pytest.raises(UnknownLayout) as refusal:
        list(delimited.read(io.BytesIO(content)))
    assert "Anna" not in refusal.value.message
    assert "Anna" not in json.dumps(refusal.value.proposal.to_json())


def test_every_role_can_be_given_by_name() -> None:
    assert {role.value for role in Role} >= set(ROLES.values())
