"""One pass writes a file and says of exactly its bytes what a bank would refuse, in little memory at any size."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from io import BytesIO

import pytest
from hypothesis import given, settings

from exporters.pain008.characters import CHARACTERS, GERMAN
from exporters.pain008.check import check
from exporters.pain008.checked import write_checked
from exporters.pain008.judge import MOST
from exporters.pain008.message import DirectDebitMessage, Streamed, Transaction
from exporters.pain008.profiles import SEPA_2009
from exporters.pain008.seen import Seen
from exporters.pain008.values import Unwritable
from ledger.money import Money
from tests.factories.pain008 import (
    TODAY,
    block,
    debtor,
    iban,
    many,
    message,
    message_with,
    messages,
    transaction,
    written,
)


class Nowhere(BytesIO):
    """Takes bytes and keeps none."""

    def write(self, data: object) -> int:
        return 0


@settings(deadline=None, max_examples=50)
@given(messages())
def test_the_report_is_that_of_the_bytes_that_were_written(made: DirectDebitMessage) -> None:
    out = BytesIO()
    report = write_checked(made, out=out, today=TODAY)
    assert out.getvalue() == written(made)
    assert report == check(out.getvalue(), profile="pain.008.001.08", today=TODAY)


def test_a_good_file_is_accepted_with_count_and_sum() -> None:
    report = write_checked(many(1201), out=BytesIO(), today=TODAY)
    assert (report.accepted, report.transactions, report.findings) == (True, 1201, ())
    assert report.control_sum_minor == many(1201).control_sum_minor


def test_a_wrong_account_among_thousands_is_named() -> None:
    transactions = list(many(1201).blocks[0].transactions)
    transactions[700] = transaction(end_to_end_id="INV-WRONG", debtor=debtor(iban="DE03120300000000202051"))
    made = message(block(*transactions))
    [finding] = write_checked(made, out=BytesIO(), today=TODAY).findings
    assert (finding.rule, finding.transaction) == ("account_iban", "INV-WRONG")
    assert finding.path.endswith("/PmtInf[1]/DrctDbtTxInf[701]/DbtrAcct/Id/IBAN")


def test_an_end_to_end_id_used_twice_thousands_apart_is_named() -> None:
    transactions = list(many(1201).blocks[0].transactions)
    transactions[1200] = transaction(end_to_end_id=transactions[0].end_to_end_id)
    report = write_checked(message(block(*transactions)), out=BytesIO(), today=TODAY)
    assert [finding.rule for finding in report.findings] == ["end_to_end_id_unique"]
    assert not report.accepted


def test_what_the_german_bank_takes_is_written_and_not_doubted() -> None:
    made = message_with(debtor=debtor(name="Jörg Groß & Söhne"), remittance="100 % *")
    out = BytesIO()
    assert write_checked(made, out=out, characters=GERMAN, today=TODAY).findings == ()
    assert "<Nm>Jörg Groß &amp; Söhne</Nm>" in out.getvalue().decode()
    assert "<Ustrd>100 % *</Ustrd>" in out.getvalue().decode()
    assert [finding.rule for finding in check(out.getvalue(), today=TODAY).findings] == ["characters"] * 2


def test_texts_that_look_like_markup_are_texts() -> None:
    made = message_with(
        debtor=debtor(name="xmlns SplmtryData ?"), remittance="<!-- </PmtInf> ]]> xmlns=x &amp; DrctDbtTxInf"
    )
    for characters in CHARACTERS.values():
        report = write_checked(made, out=BytesIO(), characters=characters, today=TODAY)
        assert (report.accepted, report.transactions, report.findings) == (True, 1, ())


def test_the_older_version_is_held_to_its_own_rules() -> None:
    report = write_checked(message(), out=BytesIO(), profile=SEPA_2009, today=TODAY)
    assert [(finding.rule, finding.severity) for finding in report.findings] == [("version", "warning")]


def test_what_cannot_be_written_is_no_file() -> None:
    with pytest.raises(Unwritable):
        write_checked(message_with(end_to_end_id="INV//1"), out=BytesIO(), today=TODAY)
    source = Streamed(iter([transaction()]), count=2, control_sum_minor=11_900)
    with pytest.raises(Unwritable):
        write_checked(message(block(transactions=source)), out=BytesIO(), today=TODAY)


def test_a_rule_broken_everywhere_is_listed_a_thousand_times_and_counted() -> None:
    wrong = [
        transaction(end_to_end_id=f"INV-{n}", debtor=debtor(iban="DE03120300000000202051"))
        for n in range(MOST + 5)
    ]
    report = write_checked(message(block(*wrong)), out=BytesIO(), today=TODAY)
    assert len(report.findings) == MOST + 1
    assert report.findings[-1].message == "5 more findings of this rule are not listed."
    assert report.findings[-1].rule == "account_iban"
    assert report.transactions == MOST + 5


def _plenty(count: int) -> Iterator[Transaction]:
    for number in range(count):
        yield transaction(
            end_to_end_id=f"INV-{number:08d}",
            amount=Money(100, "EUR"),
            debtor=debtor(name=f"Erika Beispiel {number}", iban=iban(f"12030000{number:010d}")),
        )


def _peak(count: int) -> int:
    source = Streamed(_plenty(count), count=count, control_sum_minor=count * 100)
    tracemalloc.start()
    try:
        report = write_checked(message(block(transactions=source)), out=Nowhere(), today=TODAY)
        assert (report.accepted, report.transactions) == (True, count)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_three_times_the_collections_take_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Seen.__init__, "__defaults__", (1_000,))
    _peak(10)
    assert _peak(9_000) < 8_000_000
