"""What banks do differently: lumps over several blocks, returns together, fees apart, files twice and shuffled."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from exporters.pain008.message import DirectDebitMessage
from gateway.sandbox.bank import (
    Booking,
    Fees,
    Habits,
    Itemised,
    Reports,
    Returns,
    SimulatedAnswer,
    answer,
    simulate,
)
from gateway.sandbox.deliveries import anew
from gateway.sandbox.habits import UnknownVersion
from gateway.sandbox.kinds import Level
from gateway.sandbox.outcomes import Kind, UnknownBlock, UnknownOutcome
from gateway.sandbox.pain002 import VERSIONS
from ledger.business_days import add_business_days
from ledger.money import Money
from reconciliation.formats import camt
from reconciliation.statement import Line, UnreadableFile, WholeStatement, gather
from tests.factories import pain008
from tests.factories.bank_files import all_of, one, root, schema, signed
from tests.factories.pain008 import COLLECT_ON, MADE_AT

CAMT053, CAMT054, PAIN002 = "camt.053.001.08", "camt.054.001.08", "pain.002.001.10"
FIVE = pain008.many(5)  # collections of 1.01 to 1.05 euro
FIRST, SECOND, THIRD = "INV-2026-000001", "INV-2026-000002", "INV-2026-000003"
ALL_FIVE = 515


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def two_blocks(**changes: Any) -> DirectDebitMessage:
    """Blocks P1 (1.01 and 1.02) and P2 (1.03), of one account, scheme and day unless P2 `changes`."""
    a, b, c, *_ = FIVE.blocks[0].transactions
    first = pain008.block(a, b, payment_information_id="P1")
    return pain008.message(first, replace(first, payment_information_id="P2", transactions=(c,), **changes))


def wholes(files: SimulatedAnswer, form: str = CAMT053) -> list[WholeStatement]:
    return [whole for file in files.of_format(form) for whole in gather(camt.read(BytesIO(file.content)))]


def lines(files: SimulatedAnswer) -> list[Line]:
    return [line for whole in wholes(files) for line in whole.lines]


def amounts(files: SimulatedAnswer) -> list[int]:
    return [line.amount.minor for line in lines(files)]


def report(files: SimulatedAnswer, version: str = PAIN002) -> etree._Element:
    return root(files.of_format(version)[-1].content)


# Rejects at the three levels.


def test_refused_file_is_told_with_one_reason_and_nothing_of_it_is_booked():
    files = simulate(two_blocks(), reject_file="AM05")
    tree = report(files)
    assert [file.format for file in files.files] == [PAIN002]
    assert one(tree, "OrgnlGrpInfAndSts/GrpSts") == "RJCT"
    assert one(tree, "OrgnlGrpInfAndSts/StsRsnInf/Rsn/Cd") == "AM05"
    assert one(tree, "OrgnlGrpInfAndSts/OrgnlNbOfTxs") == "3"
    assert all_of(tree, "OrgnlPmtInfAndSts") == []
    assert {(fate.kind, fate.level, fate.reason) for fate in files.fates} == {
        (Kind.REJECT, Level.FILE, "AM05")
    }


def test_refused_block_is_told_without_its_collections_and_the_other_is_credited():
    files = simulate(two_blocks(), reject_blocks={"P1": "AC04"})
    tree = report(files)
    assert one(tree, "OrgnlPmtInfAndSts/OrgnlPmtInfId") == "P1"
    assert one(tree, "OrgnlPmtInfAndSts/PmtInfSts") == "RJCT"
    assert one(tree, "OrgnlPmtInfAndSts/StsRsnInf/Rsn/Cd") == "AC04"
    assert all_of(tree, "TxInfAndSts") == []
    assert one(tree, "GrpSts") is None
    assert amounts(files) == [103]


def test_block_that_is_not_there_cannot_be_refused():
    with pytest.raises(UnknownBlock, match="P9"):
        simulate(two_blocks(), reject_blocks={"P9": "AC04"})


@pytest.mark.parametrize("code", ["", "am05", "AM-5", "LONGER"])
def test_what_is_no_code_cannot_refuse_a_file(code: str):
    with pytest.raises(UnknownOutcome, match="no reason code"):
        simulate(FIVE, reject_file=code)


def test_file_that_breaks_a_rule_is_refused_by_the_banks_own_check():
    bad = pain008.message_with(debtor=pain008.debtor(iban="DE02120300000000202052"))
    files = answer(pain008.written(bad))
    assert files.refusal is not None
    assert (files.refusal.message_id, files.refusal.reason) == ("MSG-1", "AC01")
    tree = report(files)
    assert (one(tree, "OrgnlMsgId"), one(tree, "GrpSts"), one(tree, "Rsn/Cd")) == ("MSG-1", "RJCT", "AC01")
    assert "DE02" not in files.files[0].content.decode()
    assert files.files[0].on == MADE_AT.date()


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"<CtrlSum>5.15</CtrlSum>", b"<CtrlSum>5.16</CtrlSum>", "AM16"),
        (b"<NbOfTxs>5</NbOfTxs>", b"<NbOfTxs>6</NbOfTxs>", "AM19"),
        (b"<Cd>CORE</Cd>", b"<Cd>COR1</Cd>", "FF05"),
        (b"DE98ZZZ09999999999", b"DE97ZZZ09999999999", "CH11"),
        (b"<PmtMtd>DD</PmtMtd>", b"", "FF01"),
    ],
)
def test_each_fault_of_a_file_has_its_code(old: bytes, new: bytes, code: str):
    content = pain008.written(FIVE)
    assert old in content
    refusal = answer(content.replace(old, new)).refusal
    assert refusal is not None
    assert refusal.reason == code


def test_file_that_comes_too_late_is_refused():
    content = pain008.written(FIVE)
    late = answer(content, today=COLLECT_ON)
    assert late.refusal is not None
    assert late.refusal.reason == "DT01"
    assert answer(content, today=MADE_AT.date()).refusal is None


def test_what_is_no_direct_debit_file_is_not_answered():
    with pytest.raises(UnreadableFile):
        answer(b"garbage")


# Reports.


def test_bank_that_reports_everything_says_received_and_accepted():
    files = simulate(FIVE, reports=Reports.SUMMARY)
    first, second = (root(file.content) for file in files.of_format(PAIN002))
    assert one(first, "GrpSts") == "ACTC"
    assert one(second, "GrpSts") == "ACCP"
    assert one(second, "OrgnlGrpInfAndSts/NbOfTxsPerSts/DtldNbOfTxs") == "5"
    assert one(second, "OrgnlGrpInfAndSts/NbOfTxsPerSts/DtldSts") == "ACCP"
    assert one(second, "OrgnlGrpInfAndSts/NbOfTxsPerSts/DtldCtrlSum") == "5.15"
    assert one(second, "OrgnlPmtInfAndSts/PmtInfSts") == "ACCP"
    assert all_of(second, "TxInfAndSts") == []


def test_partial_acceptance_counts_both_sides():
    tree = report(simulate(FIVE, outcomes={SECOND: "AC01:reject"}, reports=Reports.SUMMARY))
    assert one(tree, "GrpSts") == "PART"
    assert [element.text for element in all_of(tree, "NbOfTxsPerSts/DtldNbOfTxs")] == ["4", "1"]
    assert [element.text for element in all_of(tree, "NbOfTxsPerSts/DtldSts")] == ["ACCP", "RJCT"]
    assert [element.text for element in all_of(tree, "NbOfTxsPerSts/DtldCtrlSum")] == ["4.13", "1.02"]
    assert one(tree, "PmtInfSts") == "PART"
    assert one(tree, "TxInfAndSts/OrgnlEndToEndId") == SECOND


def test_each_collection_gets_a_status_where_the_bank_names_all():
    tree = report(simulate(FIVE, outcomes={SECOND: "AC01:reject"}, reports=Reports.ALL))
    assert [element.text for element in all_of(tree, "TxInfAndSts/TxSts")] == [
        "ACCP", "RJCT", "ACCP", "ACCP", "ACCP",
    ]  # fmt: skip
    assert one(tree, "StsRsnInf/Rsn/Cd") == "AC01"


def test_bank_that_never_reports_still_takes_the_money_back():
    files = simulate(FIVE, outcomes={SECOND: "AC01:reject"}, reports=Reports.NONE)
    assert files.of_format(PAIN002) == ()
    assert amounts(files) == [ALL_FIVE, -102]


@pytest.mark.parametrize(
    ("version", "bic", "debtor"),
    [("pain.002.001.03", "BICOrBEI", "Dbtr/Nm"), ("pain.002.001.10", "AnyBIC", "Dbtr/Pty/Nm")],
)
def test_versions_differ_in_where_parties_stand(version: str, bic: str, debtor: str):
    message = pain008.message_with(end_to_end_id="A", debtor=pain008.debtor(bic="COBADEFFXXX"))
    tree = report(simulate(message, outcomes={"A": "AC04:reject"}, report_version=version), version)
    assert etree.QName(tree).namespace == f"urn:iso:std:iso:20022:tech:xsd:{version}"
    assert one(tree, f"OrgId/{bic}") == "COBADEFFXXX"
    assert one(tree, debtor) == "Erika Beispiel"


@pytest.mark.parametrize("version", ["pain.002.001.02", "pain.002.001.15", "pain.002.003.03", ""])
def test_version_that_the_bank_does_not_write_is_refused(version: str):
    with pytest.raises(UnknownVersion):
        Habits(report_version=version)


# Bookings.


def test_lump_over_several_blocks_names_the_file_and_no_block():
    files = simulate(two_blocks(), booking=Booking.ACROSS_BLOCKS)
    (line,) = lines(files)
    assert line.amount == eur(306)
    assert line.batch is not None
    assert (line.batch.message_id, line.batch.payment_information_id, line.batch.count) == ("MSG-1", None, 3)
    (itemised,) = wholes(files, CAMT054)
    assert [part.end_to_end_id for part in itemised.lines[0].details] == [FIRST, SECOND, THIRD]


def test_blocks_of_different_days_do_not_share_a_lump():
    files = simulate(two_blocks(collect_on=date(2026, 12, 3)), booking=Booking.ACROSS_BLOCKS)
    assert amounts(files) == [203, 103]


def test_parts_of_a_lump_stand_where_the_bank_puts_them():
    in_statement = simulate(FIVE, itemised=Itemised.STATEMENT)
    assert [file.format for file in in_statement.files] == [CAMT053]
    assert [part.amount.minor for part in lines(in_statement)[0].details] == [101, 102, 103, 104, 105]
    nowhere = simulate(FIVE, itemised=Itemised.NEVER)
    assert [file.format for file in nowhere.files] == [CAMT053]
    assert lines(nowhere)[0].details == ()


def test_returns_of_one_day_come_as_one_itemised_booking():
    outcomes = {FIRST: "AC04:return+2", SECOND: "AM04:return+2", THIRD: "AM04:return+3"}
    files = simulate(FIVE, outcomes=outcomes, returns=Returns.BATCH)
    lump, together, alone = lines(files)
    assert (lump.amount.minor, together.amount.minor, alone.amount.minor) == (ALL_FIVE, -803, -403)
    assert [(part.end_to_end_id, part.amount.minor, part.return_reason) for part in together.details] == [
        (FIRST, -401, "AC04"),
        (SECOND, -402, "AM04"),
    ]
    assert [part.charges for part in together.details] == [eur(300), eur(300)]
    assert together.batch is not None
    assert together.batch.count == 2
    assert [(line.original, line.charges) for line in (alone,)] == [(eur(103), eur(300))]


def test_fee_and_interest_stand_in_bookings_of_their_own():
    files = simulate(FIVE, outcomes={SECOND: "AM04:return+1"}, fees=Fees.SEPARATE, interest=eur(7))
    _, back, fee, interest = lines(files)
    assert (back.amount.minor, back.charges) == (-102, None)
    assert (fee.amount.minor, fee.transaction_code, fee.end_to_end_id) == (-300, "ACMT/MDOP/CHRG", SECOND)
    assert (interest.amount.minor, interest.transaction_code) == (-7, "ACMT/MDOP/INTR")
    assert (fee.return_reason, interest.return_reason) == (None, None)
    assert back.booked_on == fee.booked_on == interest.booked_on == date(2026, 12, 3)


def test_interest_inside_is_part_of_the_charges():
    files = simulate(FIVE, outcomes={SECOND: "AM04"}, interest=eur(7))
    assert (lines(files)[1].amount.minor, lines(files)[1].charges) == (-102 - 307, eur(307))


def test_fees_of_a_day_are_one_booking_that_names_no_collection():
    outcomes = {FIRST: "AM04:return+1", SECOND: "AC04:return+1", THIRD: "AC01:reject"}
    files = simulate(FIVE, outcomes=outcomes, fees=Fees.DAILY)
    assert amounts(files) == [ALL_FIVE, -103, -101, -102, -600]
    fee = lines(files)[-1]
    assert (fee.end_to_end_id, fee.mandate_id, fee.transaction_code) == (None, None, "ACMT/MDOP/CHRG")


def test_reject_has_no_fee_wherever_fees_stand():
    for fees in Fees:
        assert amounts(simulate(FIVE, outcomes={SECOND: "AC01:reject"}, fees=fees)) == [ALL_FIVE, -102]


# Days.


@pytest.mark.parametrize(
    ("outcome", "days"),
    [("AM04:return+1", 1), ("AC04:late_return+23", 23), ("MD06:refund+40", 40), ("AC04+9", 9)],
)
def test_delay_is_counted_in_business_days_after_settlement(outcome: str, days: int):
    files = simulate(FIVE, outcomes={SECOND: outcome})
    assert lines(files)[-1].booked_on == add_business_days(COLLECT_ON, days)
    assert amounts(files) == [ALL_FIVE, -402]


@pytest.mark.parametrize("outcome", ["AM04+", "AM04+0", "AM04+x", "AM04+501", "AM04:reject+2", "AM04+²"])
def test_delay_that_cannot_be_is_refused(outcome: str):
    with pytest.raises(UnknownOutcome, match="delay"):
        simulate(FIVE, outcomes={SECOND: outcome})


def test_machines_send_back_sooner_than_people():
    def days(code: str) -> float:
        return sum(
            (simulate(FIVE, outcomes={SECOND: code}, seed=seed).fates[1].known_on - COLLECT_ON).days
            for seed in range(100)
        ) / 100  # fmt: skip

    assert days("AC04") < days("AM04") < days("MS02")


# Deliveries.


def test_every_file_may_come_twice_with_the_same_bytes_or_in_a_new_message():
    plain = simulate(pain008.many(300), return_rate=Decimal("0.2"), seed=3)
    twice = simulate(pain008.many(300), return_rate=Decimal("0.2"), seed=3, twice=Decimal(1))
    assert len(twice.files) == 2 * len(plain.files)
    assert len({file.name for file in twice.files}) == len(twice.files)
    first, second = twice.files[::2], twice.files[1::2]
    assert first == plain.files
    same = [one.content == other.content for one, other in zip(first, second, strict=True)]
    assert set(same) == {True, False}
    for file, other in zip(first, second, strict=True):
        assert anew(file).content == other.content or file.content == other.content


def test_new_message_differs_only_in_its_message_id():
    file = simulate(FIVE).of_format(CAMT053)[0]
    before, after = root(file.content), root(anew(file).content)
    assert one(before, "GrpHdr/MsgId") != one(after, "GrpHdr/MsgId")
    assert one(before, "Stmt/Id") == one(after, "Stmt/Id")
    for tree in (before, after):
        all_of(tree, "GrpHdr/MsgId")[0].text = "X"
    assert etree.tostring(before) == etree.tostring(after)


def test_files_arrive_in_another_order_the_same_for_the_same_seed():
    def play(seed: int) -> list[str]:
        files = simulate(pain008.many(300), return_rate=Decimal("0.2"), seed=seed, out_of_order=True).files
        return [file.name for file in files]

    assert play(1) == play(1)
    days = [name.split("_")[1] for name in play(1)]
    assert days != sorted(days)
    assert sorted(play(1)) == sorted(
        file.name for file in simulate(pain008.many(300), return_rate=Decimal("0.2"), seed=1).files
    )


@pytest.mark.parametrize("wrong", [{"return_fee": eur(-1)}, {"interest": eur(-1)}, {"twice": Decimal("1.1")}])
def test_impossible_habit_is_refused(wrong: dict[str, Any]):
    with pytest.raises(ValueError, match=r"below zero|between"):
        Habits(**wrong)


# Whatever the habits.

HABITS = st.builds(
    Habits,
    booking=st.sampled_from(Booking),
    itemised=st.sampled_from(Itemised),
    net_rejects=st.booleans(),
    returns=st.sampled_from(Returns),
    fees=st.sampled_from(Fees),
    return_fee=st.integers(0, 500).map(eur),
    interest=st.integers(0, 9).map(eur),
    reports=st.sampled_from(Reports),
    report_version=st.sampled_from(sorted(VERSIONS)),
)


@settings(max_examples=40)
@given(
    message=pain008.messages(), habits=HABITS, seed=st.integers(0, 10**6), rate=st.decimals(0, 1, places=2)
)
def test_no_cent_is_lost_whatever_the_habits(
    message: DirectDebitMessage, habits: Habits, seed: int, rate: Decimal
):
    files = simulate(message, habits=habits, seed=seed, return_rate=rate)
    back = [fate for fate in files.fates if fate.kind is not Kind.PAID]
    kept = message.control_sum_minor - sum(fate.transaction.amount.minor for fate in back)
    charged = sum(fate.kind is not Kind.REJECT for fate in back)
    costs = charged * (habits.return_fee.minor + habits.interest.minor)
    assert all(whole.statement.balanced for whole in wholes(files))
    assert sum(whole.statement.booked.minor for whole in wholes(files)) == kept - costs


MANY = (
    Habits(),
    Habits(
        booking=Booking.ACROSS_BLOCKS, itemised=Itemised.STATEMENT, returns=Returns.BATCH, interest=eur(7)
    ),
    Habits(booking=Booking.SINGLE, fees=Fees.SEPARATE, interest=eur(7), reports=Reports.SUMMARY),
    Habits(fees=Fees.DAILY, net_rejects=True, itemised=Itemised.NEVER, reports=Reports.ALL),
)


@pytest.mark.corpus
@pytest.mark.parametrize("habits", MANY)
@pytest.mark.parametrize(
    ("form", "name"),
    [(CAMT053, "genkgo__camt__camt.053.001.08.xsd"), (CAMT054, "genkgo__camt__camt.054.001.08.xsd")],
)
def test_statements_of_every_habit_are_valid_by_their_schema(habits: Habits, form: str, name: str):
    checked = schema(name)
    outcomes = {FIRST: "AM04:return+1", SECOND: "MD06:refund+1", THIRD: "AC01:reject"}
    for file in simulate(two_blocks(), outcomes=outcomes, habits=habits, twice=Decimal(1)).of_format(form):
        checked.assertValid(root(file.content))


SCHEMAS = {
    **{f"pain.002.001.{number:02d}": "phoughton__pyiso20022" for number in range(3, 10)},
    **{f"pain.002.001.{number:02d}": "hbci4j__hbci4java" for number in (10, 12, 13, 14)},
    "pain.002.001.11": "moov-io__iso20022",
}


@pytest.mark.corpus
@pytest.mark.parametrize("version", sorted(VERSIONS))
def test_reports_of_every_version_are_valid_by_their_schema(version: str):
    checked = schema(f"{SCHEMAS[version]}__{version}.xsd")
    bic = pain008.debtor(bic="COBADEFFXXX")
    a, b = (pain008.transaction(end_to_end_id=name, debtor=bic, instruction_id=f"I{name}") for name in "AB")
    message = pain008.message(pain008.block(a, b))
    wishes: list[dict[str, Any]] = [
        {},
        {"outcomes": {"A": "AC04:reject", "B": "MS02:reject"}},
        {"outcomes": {"A": "AC04:reject"}},
        {"reject_file": "FF01"},
        {"reject_blocks": {"BLOCK-1": "DT01"}},
    ]
    made = [
        file
        for reports in Reports
        for wish in wishes
        for file in simulate(message, reports=reports, report_version=version, **wish).of_format(version)
    ]
    broken = pain008.written(FIVE).replace(b"<CtrlSum>5.15<", b"<CtrlSum>5.16<")
    made += answer(broken, habits=Habits(report_version=version)).files
    assert len(made) > 15
    for file in made:
        checked.assertValid(root(file.content))


def test_signs_are_those_of_the_account_holder():
    files = simulate(FIVE, outcomes={SECOND: "AM04:return+1"}, returns=Returns.BATCH)
    entries = [entry for file in files.of_format(CAMT053) for entry in all_of(root(file.content), "Ntry")]
    assert [signed(entry) for entry in entries] == [eur(ALL_FIVE), eur(-402)]
