"""The simulated bank: what it credits, what it takes back, and that its statements prove themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from exporters.pain008 import reader
from exporters.pain008.message import DirectDebitMessage, Scheme
from gateway.sandbox import transaction_codes as codes
from gateway.sandbox.bank import Booking, SimulatedAnswer, UnclearAccount, simulate
from gateway.sandbox.entries import Entry
from ledger.money import Money, total
from reconciliation.formats import camt
from reconciliation.statement import Line, Party, WholeStatement, gather
from tests.factories import pain008
from tests.factories.bank_files import all_of, balances, one, root, schema, signed
from tests.factories.pain008 import COLLECT_ON, CREDITOR_IBAN, MADE_AT

CAMT053, CAMT054, PAIN002 = "camt.053.001.08", "camt.054.001.08", "pain.002.001.10"
FIVE = pain008.many(5)  # collections of 1.01, 1.02 ... 1.05 euro, EndToEndIds INV-2026-000001 ...
FIRST, SECOND = "INV-2026-000001", "INV-2026-000002"
SECOND_IBAN = "DE02120300000000202051"


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def statements_of(answer: SimulatedAnswer) -> list[etree._Element]:
    return [
        statement for file in answer.of_format(CAMT053) for statement in all_of(root(file.content), "Stmt")
    ]


def entries_of(answer: SimulatedAnswer) -> list[etree._Element]:
    return [entry for statement in statements_of(answer) for entry in all_of(statement, "Ntry")]


def texts_of(elements: Iterable[etree._Element], path: str) -> list[str | None]:
    return [one(element, path) for element in elements]


def transfer(minor: int, **changes: object) -> Entry:
    plain = Entry(
        amount=eur(minor),
        booked_on=COLLECT_ON,
        valued_on=COLLECT_ON,
        code=codes.TRANSFER_IN,
        counterparty=Party(name="Zoë Æbeltoft & Söhne <GmbH>", iban=SECOND_IBAN, bic="BYLADEM1001"),
        remittance="Rechnung RE-2026-00815",
        end_to_end_id="ZV-7",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def two_accounts() -> DirectDebitMessage:
    core = pain008.block(
        pain008.transaction(amount=eur(1000), end_to_end_id="A"), payment_information_id="P1"
    )
    b2b = pain008.block(
        pain008.transaction(amount=eur(2500), end_to_end_id="B"),
        payment_information_id="P2",
        scheme=Scheme.B2B,
        creditor=pain008.creditor(iban=SECOND_IBAN),
    )
    return pain008.message(core, b2b)


def test_block_comes_as_one_lump_that_names_it_and_is_not_itemised():
    (entry,) = entries_of(simulate(FIVE))
    assert signed(entry) == eur(515)
    assert one(entry, "Btch/MsgId") == "MSG-1"
    assert one(entry, "Btch/PmtInfId") == "BLOCK-1"
    assert one(entry, "Btch/NbOfTxs") == "5"
    assert one(entry, "Btch/TtlAmt") == "5.15"
    assert all_of(entry, "TxDtls") == []
    assert one(entry, "BookgDt/Dt") == "2026-12-02"
    assert one(entry, "Fmly/Cd") == "IDDT"
    assert one(entry, "Fmly/SubFmlyCd") == "ESDD"


def test_business_scheme_is_credited_under_its_own_code():
    answer = simulate(pain008.message(pain008.block(scheme=Scheme.B2B)))
    assert texts_of(entries_of(answer), "Fmly/SubFmlyCd") == ["BBDD"]


def test_single_booking_credits_each_collection_with_its_references():
    entries = entries_of(simulate(FIVE, booking=Booking.SINGLE))
    assert [signed(entry) for entry in entries] == [eur(minor) for minor in (101, 102, 103, 104, 105)]
    assert texts_of(entries, "Refs/EndToEndId") == [f"INV-2026-00000{n}" for n in range(1, 6)]
    assert texts_of(entries, "Refs/MndtId") == [f"MANDATE-00000{n}" for n in range(1, 6)]
    assert texts_of(entries, "Btch") == [None] * 5


@pytest.mark.parametrize(("batch_booking", "entries"), [(True, 1), (False, 5)])
def test_file_says_how_it_is_booked(batch_booking: bool, entries: int):
    message = pain008.message(replace(FIVE.blocks[0], batch_booking=batch_booking))
    assert len(entries_of(simulate(message))) == entries
    assert len(entries_of(simulate(message, booking=Booking.BATCH))) == 1


def test_collection_due_on_a_holiday_is_credited_on_the_next_business_day():
    message = pain008.message(pain008.block(collect_on=date(2026, 12, 25)))
    assert texts_of(entries_of(simulate(message)), "BookgDt/Dt") == ["2026-12-28"]


def test_return_is_one_debit_of_the_collection_and_the_fee():
    lump, returned = entries_of(simulate(FIVE, outcomes={SECOND: "AC04"}))
    assert signed(lump) == eur(515)
    assert signed(returned) == eur(-402)
    assert one(returned, "AmtDtls/InstdAmt/Amt") == "1.02"
    assert one(returned, "AmtDtls/TxAmt/Amt") == "4.02"
    assert one(returned, "Chrgs/Rcrd/Amt") == "3.00"
    assert one(returned, "RtrInf/Rsn/Cd") == "AC04"
    assert one(returned, "Refs/EndToEndId") == SECOND
    assert one(returned, "Refs/MndtId") == "MANDATE-000002"
    assert one(returned, "Dbtr/Pty/Nm") == "Erika Beispiel 2"
    assert set(texts_of(all_of(returned, "BkTxCd"), "Fmly/SubFmlyCd")) == {"UPDD"}
    assert set(texts_of(all_of(returned, "BkTxCd"), "Prtry/Cd")) == {"NRTI+109++902"}


def test_bank_without_a_fee_returns_the_bare_collection():
    _, returned = entries_of(simulate(FIVE, outcomes={SECOND: "AM04"}, return_fee=eur(0)))
    assert signed(returned) == eur(-102)
    assert all_of(returned, "Chrgs") == []


def test_fee_below_zero_is_refused():
    with pytest.raises(ValueError, match="fee"):
        simulate(FIVE, return_fee=eur(-1))


def test_refund_names_the_debtor_who_claimed_it():
    bic = pain008.debtor(bic="COBADEFFXXX")
    message = pain008.message(
        pain008.block(
            pain008.transaction(end_to_end_id="A", debtor=bic),
            pain008.transaction(end_to_end_id="B", debtor=bic),
        )
    )
    _, *returned = entries_of(simulate(message, outcomes={"A": "MD06", "B": "AM04"}))
    by_reason = {one(entry, "RtrInf/Rsn/Cd"): entry for entry in returned}
    assert one(by_reason["MD06"], "RtrInf/Orgtr/Nm") == "Erika Beispiel"
    assert one(by_reason["MD06"], "Orgtr/Id/OrgId/AnyBIC") is None
    assert one(by_reason["AM04"], "RtrInf/Orgtr/Nm") is None
    assert one(by_reason["AM04"], "Orgtr/Id/OrgId/AnyBIC") == "COBADEFFXXX"


def test_reject_is_credited_and_taken_back_the_same_day_without_a_fee():
    lump, back = entries_of(simulate(FIVE, outcomes={SECOND: "AC01:reject"}))
    assert (signed(lump), signed(back)) == (eur(515), eur(-102))
    assert one(back, "BookgDt/Dt") == one(lump, "BookgDt/Dt") == "2026-12-02"


def test_netted_reject_makes_the_lump_smaller_by_amount_and_count():
    (lump,) = entries_of(simulate(FIVE, outcomes={SECOND: "AC01:reject"}, net_rejects=True))
    assert signed(lump) == eur(413)
    assert one(lump, "Btch/NbOfTxs") == "4"


def test_block_netted_to_nothing_has_no_statement_but_a_report():
    answer = simulate(
        pain008.message_with(end_to_end_id="A"), outcomes={"A": "BE05:reject"}, net_rejects=True
    )
    assert [file.format for file in answer.files] == [PAIN002]


def test_rejects_are_reported_before_settlement_and_nothing_else_is():
    answer = simulate(FIVE, outcomes={FIRST: "AM04", SECOND: "AC01:reject"})
    (report,) = answer.of_format(PAIN002)
    tree = root(report.content)
    assert report.on == MADE_AT.date()
    assert one(tree, "OrgnlGrpInfAndSts/OrgnlMsgId") == "MSG-1"
    assert one(tree, "OrgnlPmtInfId") == "BLOCK-1"
    assert texts_of(all_of(tree, "TxInfAndSts"), "OrgnlEndToEndId") == [SECOND]
    assert texts_of(all_of(tree, "TxInfAndSts"), "TxSts") == ["RJCT"]
    assert texts_of(all_of(tree, "TxInfAndSts"), "StsRsnInf/Rsn/Cd") == ["AC01"]
    assert texts_of(all_of(tree, "TxInfAndSts"), "Amt/InstdAmt") == ["1.02"]


def test_lump_is_itemised_in_a_notification_of_the_same_booking():
    answer = simulate(FIVE, extra_entries=[transfer(777)])
    (notification,) = answer.of_format(CAMT054)
    (entry,) = all_of(root(notification.content), "Ntry")
    assert signed(entry) == eur(515)
    assert [signed(part) for part in all_of(entry, "TxDtls")] == [eur(minor) for minor in range(101, 106)]
    assert one(entry, "NtryDtls/Btch/NbOfTxs") == "5"
    on_statement = entries_of(answer)[0]
    assert entry.findtext("{*}AcctSvcrRef") == on_statement.findtext("{*}AcctSvcrRef")
    assert all_of(root(notification.content), "Bal") == []


def test_answer_without_lumps_has_no_notification():
    answer = simulate(FIVE, booking=Booking.SINGLE)
    assert [file.format for file in answer.files] == [CAMT053]


def test_statements_chain_and_prove_their_balances():
    answer = simulate(
        FIVE,
        outcomes={FIRST: "AM04", SECOND: "MD06", "INV-2026-000003": "AC04:late_return"},
        account_opening=eur(-5_000),
        first_sequence=41,
        extra_entries=[transfer(-1_250, code=codes.FEE, booked_on=date(2026, 12, 3))],
    )
    statements = statements_of(answer)
    assert len(statements) >= 4
    holds = eur(-5_000)
    for number, statement in enumerate(statements, start=41):
        assert statement.findtext("{*}ElctrncSeqNb") == str(number)
        assert balances(statement)["OPBD"] == holds
        holds += total((signed(entry) for entry in all_of(statement, "Ntry")), "EUR")
        assert balances(statement)["CLBD"] == holds
    assert holds == eur(-5_000 - 1_250 + 515 - 101 - 102 - 103 - 3 * 300)
    assert answer.statements[-1].closing == holds


def test_summary_counts_and_adds_up_both_sides():
    (statement,) = statements_of(simulate(FIVE, extra_entries=[transfer(-400, code=codes.FEE), transfer(85)]))
    assert one(statement, "TtlNtries/NbOfNtries") == "3"
    assert (one(statement, "TtlCdtNtries/NbOfNtries"), one(statement, "TtlCdtNtries/Sum")) == ("2", "6.00")
    assert (one(statement, "TtlDbtNtries/NbOfNtries"), one(statement, "TtlDbtNtries/Sum")) == ("1", "4.00")


def test_each_account_has_statements_of_its_own():
    answer = simulate(two_accounts(), extra_entries=[transfer(99, account=SECOND_IBAN)])
    closing = {
        one(statement, "Acct/Id/IBAN"): balances(statement)["CLBD"] for statement in statements_of(answer)
    }
    assert closing == {CREDITOR_IBAN: eur(1000), SECOND_IBAN: eur(2599)}


@pytest.mark.parametrize("account", [None, "DE98ZZZ"])
def test_entry_on_an_unclear_account_is_refused(account: str | None):
    with pytest.raises(UnclearAccount, match="2 accounts"):
        simulate(two_accounts(), extra_entries=[transfer(99, account=account)])


def test_twins_keep_apart_by_bank_reference():
    answer = simulate(FIVE, extra_entries=[transfer(500), transfer(500), transfer(501)])
    references = [entry.bank_reference for entry in answer.statements[0].entries]
    assert len(set(references)) == 4
    assert all(reference and len(reference) <= 35 for reference in references)


def test_own_bank_reference_is_kept():
    answer = simulate(FIVE, extra_entries=[transfer(500, bank_reference="OWN-1")])
    assert answer.statements[0].entries[1].bank_reference == "OWN-1"


def test_same_arguments_give_the_same_bytes():
    def play(seed: int) -> list[tuple[str, bytes]]:
        answer = simulate(pain008.many(300), seed=seed, return_rate=Decimal("0.1"))
        return [(file.name, file.content) for file in answer.files]

    assert play(7) == play(7)
    assert play(7) != play(8)


def test_bank_answers_the_file_as_it_answers_the_message():
    read = reader.read(pain008.written(FIVE))
    assert simulate(read, outcomes={SECOND: "AM04"}).files == simulate(FIVE, outcomes={SECOND: "AM04"}).files


def test_file_names_are_unique_and_hold_no_account_number():
    answer = simulate(pain008.many(200), seed=1, return_rate=Decimal("0.2"))
    names = [file.name for file in answer.files]
    assert len(set(names)) == len(names) > 10
    assert not any(CREDITOR_IBAN.lower() in name.lower() for name in names)
    assert [file.on for file in answer.files] == sorted(file.on for file in answer.files)


def test_long_text_goes_on_in_a_second_element():
    _, entry = entries_of(simulate(FIVE, extra_entries=[transfer(1, remittance="x" * 150)]))
    assert [piece.text for piece in all_of(entry, "RmtInf/Ustrd")] == ["x" * 140, "x" * 10]


def read_back(answer: SimulatedAnswer) -> list[WholeStatement]:
    return [whole for file in answer.of_format(CAMT053) for whole in gather(camt.read(BytesIO(file.content)))]


def test_product_reads_back_what_the_bank_booked():
    entries = [
        transfer(12_345),
        transfer(5, end_to_end_id=None, creditor_reference="RF18539007547034", remittance=None),
        transfer(-990, code=codes.FEE, counterparty=Party(), end_to_end_id=None),
    ]
    answer = simulate(FIVE, outcomes={FIRST: "AM04", SECOND: "AC01:reject"}, extra_entries=entries)
    wholes = read_back(answer)
    assert [whole.statement.balanced for whole in wholes] == [True, True]
    assert [whole.statement.problems for whole in wholes] == [(), ()]
    lines = [line for whole in wholes for line in whole.lines]
    booked = [entry for statement in answer.statements for entry in statement.entries]
    assert len(lines) == 6
    for line, entry in zip(lines, booked, strict=True):
        assert _said(line) == _said(entry)
        assert line.transaction_code == entry.code.iso
        assert line.reference == entry.creditor_reference
        if entry.remittance is not None:
            assert line.remittance == entry.remittance


def _said(of: Line | Entry) -> tuple[object, ...]:
    """The fields that a line and an entry share, by the same names."""
    return (
        *(of.amount, of.booked_on, of.valued_on, of.end_to_end_id, of.mandate_id, of.creditor_id),
        *(of.counterparty, of.bank_reference, of.return_reason, of.original, of.charges, of.batch),
    )


@settings(max_examples=25, deadline=None)
@given(
    message=pain008.messages(),
    seed=st.integers(0, 10**6),
    rate=st.decimals(0, 1, places=2),
    booking=st.sampled_from(Booking),
    net_rejects=st.booleans(),
)
def test_no_cent_is_lost_whatever_the_file(
    message: DirectDebitMessage, seed: int, rate: Decimal, booking: Booking, net_rejects: bool
):
    answer = simulate(message, seed=seed, return_rate=rate, booking=booking, net_rejects=net_rejects)
    wholes = read_back(answer)
    assert all(whole.statement.balanced for whole in wholes)
    sent_back = [fate for fate in answer.fates if fate.reason is not None]
    rejected = [fate for fate in sent_back if fate.kind == "reject"]
    kept = message.control_sum_minor - sum(fate.transaction.amount.minor for fate in sent_back)
    fees = 300 * (len(sent_back) - len(rejected))
    assert sum(whole.statement.booked.minor for whole in wholes) == kept - fees


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("form", "name"),
    [
        (CAMT053, "genkgo__camt__camt.053.001.08.xsd"),
        (CAMT054, "genkgo__camt__camt.054.001.08.xsd"),
        (PAIN002, "hbci4j__hbci4java__pain.002.001.10.xsd"),
    ],
)
def test_files_are_valid_by_their_iso_schema(form: str, name: str):
    checked = schema(name)
    entries = [
        transfer(100),
        transfer(5, creditor_reference="RF18539007547034", remittance=None),
        transfer(-990, code=codes.FEE, counterparty=Party(), end_to_end_id=None, remittance=None),
        transfer(-7, code=codes.DEBIT_OUT, creditor_id="DE98ZZZ09999999999"),
        transfer(8, code=codes.INTEREST_IN, counterparty=Party(name=None, bic="BYLADEM1001"), valued_on=None),
    ]
    outcomes = {
        FIRST: "AM04",
        SECOND: "AC01:reject",
        "INV-2026-000003": "MD06",
        "INV-2026-000004": "MS02:reject",
    }
    files = [
        file
        for booking in (Booking.BATCH, Booking.SINGLE)
        for file in simulate(FIVE, outcomes=outcomes, booking=booking, extra_entries=entries).of_format(form)
    ]
    assert files
    for file in files:
        checked.assertValid(root(file.content))
