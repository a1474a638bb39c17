"""Each rule of the banks has a file that breaks it, and it alone, and one close by that keeps it."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings

from exporters.pain008.check import check
from exporters.pain008.findings import Severity
from exporters.pain008.message import Amendment, DirectDebitMessage, Scheme
from exporters.pain008.rules import BLOCK_RULES, HEADER_RULES, TRANSACTION_RULES
from exporters.pain008.totals import SOURCES
from tests.factories.pain008 import (
    COLLECT_ON,
    DEBTOR_IBAN,
    SWISS_IBAN,
    TODAY,
    address,
    block,
    creditor,
    debtor,
    message,
    message_with,
    messages,
    transaction,
    violations,
    written,
)
from tests.factories.pain008_breaches import CASES, NAME_OF_DEBTOR, PLAIN, TOGETHER, Change, changed


def broken_rules(file: bytes) -> set[str]:
    return {finding.rule for finding in check(file, today=TODAY).findings}


@pytest.mark.parametrize(("rule", "breaking", "keeping"), CASES)
def test_a_rule_is_broken_alone(rule: str, breaking: Change, keeping: Change) -> None:
    assert broken_rules(changed(breaking)) == {rule}


@pytest.mark.parametrize(("rule", "breaking", "keeping"), CASES)
def test_a_rule_is_kept(rule: str, breaking: Change, keeping: Change) -> None:
    assert broken_rules(changed(keeping)) == set()


@pytest.mark.parametrize(("rules", "breaking"), TOGETHER)
def test_some_rules_break_together(rules: set[str], breaking: Change) -> None:
    assert broken_rules(changed(breaking)) == rules


def test_every_rule_has_a_source_and_a_file_that_breaks_it() -> None:
    table = [*HEADER_RULES, *BLOCK_RULES, *TRANSACTION_RULES]
    assert all(rule.source for rule in table)
    tried = {rule for rule, _, _ in CASES}.union(*(rules for rules, _ in TOGETHER))
    in_other_tests = {"end_to_end_id_unique", "payment_information_id_unique", "schema"}
    assert {rule.name for rule in table} | SOURCES.keys() == (tried | in_other_tests) - {"schema"}


def test_every_rule_is_on_the_page_about_the_file_with_its_severity() -> None:
    page = (Path(__file__).parents[2] / "docs" / "concepts" / "direct-debit-file.md").read_text("utf-8")
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| `")]
    told = {name: row[2] for row in rows if len(row) == 6 for name in re.findall("`([a-z_]+)`", row[1])}
    for rule in (*HEADER_RULES, *BLOCK_RULES, *TRANSACTION_RULES):
        assert rule.severity.value in told[rule.name], rule.name
    assert SOURCES.keys() <= told.keys()


def test_the_plain_file_breaks_nothing() -> None:
    assert check(PLAIN.encode(), today=TODAY).findings == ()


def test_two_collections_must_not_share_an_end_to_end_id_even_across_blocks() -> None:
    file = written(message(block(), block(payment_information_id="BLOCK-2")))
    [finding] = check(file, today=TODAY).findings
    assert finding.rule == "end_to_end_id_unique"
    assert finding.path == "/Document/CstmrDrctDbtInitn/PmtInf[2]/DrctDbtTxInf[1]/PmtId/EndToEndId"
    assert finding.transaction == "INV-2026-0001"


def test_collections_without_end_to_end_id_do_not_clash() -> None:
    without = transaction(end_to_end_id="NOTPROVIDED")
    assert broken_rules(written(message(block(without, without)))) == set()


def test_two_blocks_must_not_share_an_identifier() -> None:
    other = block(transaction(end_to_end_id="INV-2"))
    assert broken_rules(written(message(block(), other))) == {"payment_information_id_unique"}


def test_a_file_never_mixes_the_two_schemes() -> None:
    other = block(transaction(end_to_end_id="INV-2"), payment_information_id="BLOCK-2", scheme=Scheme.B2B)
    assert broken_rules(written(message(block(), other))) == {"one_scheme"}


def test_a_debtor_outside_the_eea_needs_an_address_and_better_has_a_bic() -> None:
    swiss = debtor(iban=SWISS_IBAN, address=address())
    assert broken_rules(written(message_with(debtor=swiss))) == {"bic_missing"}
    assert check(written(message_with(debtor=swiss)), today=TODAY).accepted
    swiss = debtor(iban=SWISS_IBAN, address=address(), bic="UBSWCHZH80A")
    assert broken_rules(written(message_with(debtor=swiss))) == set()


def test_a_debtor_in_the_eea_outside_the_union_needs_neither() -> None:
    assert broken_rules(written(message_with(debtor=debtor(iban="NO9386011117947")))) == set()


def test_only_warnings_leave_a_file_acceptable() -> None:
    report = check(changed((NAME_OF_DEBTOR, "<Nm>Zoë</Nm>")), today=TODAY)
    assert [finding.severity for finding in report.findings] == [Severity.WARNING]
    assert report.accepted


def test_without_a_day_nothing_is_said_of_days_that_passed() -> None:
    late = changed(("2026-12-02", "2020-12-02"))
    assert "collection_date_passed" in broken_rules(late)
    assert {finding.rule for finding in check(late).findings} == {"signed_after_collection"}


def test_a_day_long_ago_is_no_business_day_instead_of_a_crash() -> None:
    assert "collection_date_closed" in broken_rules(changed(("2026-12-02", "1999-12-02")))


def test_a_finding_names_place_and_collection_and_never_the_account() -> None:
    report = check(changed((DEBTOR_IBAN, "DE03120300000000202051")), today=TODAY)
    [finding] = report.findings
    assert finding.path == "/Document/CstmrDrctDbtInitn/PmtInf[1]/DrctDbtTxInf[1]/DbtrAcct/Id/IBAN"
    assert finding.transaction == "INV-2026-0001"
    assert "0000202051" not in finding.message


def test_a_message_has_the_violations_of_its_file() -> None:
    made = message(block(transaction(debtor=debtor(iban="DE03120300000000202051")), creditor_id="DE00ZZZ1"))
    assert [finding.rule for finding in violations(made, today=TODAY)] == [
        "creditor_identifier",
        "account_iban",
    ]
    assert violations(made, today=TODAY) == list(check(written(made), today=TODAY).findings)


@settings(deadline=None, max_examples=60)
@given(messages())
def test_what_the_writer_lets_through_breaks_only_rules_about_the_data(made: DirectDebitMessage) -> None:
    allowed = {
        "end_to_end_id_unique",
        "payment_information_id_unique",
        "one_scheme",
        "address_required",
        "address_repeated",
        "bic_missing",
        "collection_date_closed",
        "collection_date_passed",
        "signed_after_collection",
    }
    assert {finding.rule for finding in violations(made, today=TODAY)} <= allowed


def test_a_message_due_tomorrow_can_still_be_sent() -> None:
    made = message(block(collect_on=TODAY + timedelta(days=1)))
    assert violations(made, today=TODAY) == []
    assert [finding.rule for finding in violations(made, today=TODAY + timedelta(days=1))] == [
        "collection_date_passed"
    ]


def test_a_mandate_signed_on_the_day_of_collection_is_early_enough() -> None:
    signed_then = written(message(block(transaction(signed_on=COLLECT_ON))))
    signed_later = written(message(block(transaction(signed_on=COLLECT_ON + timedelta(days=1)))))
    assert check(signed_then).findings == ()
    assert [finding.rule for finding in check(signed_later).findings] == ["signed_after_collection"]


def test_an_amendment_to_a_new_bank_is_sound() -> None:
    made = message_with(amendment=Amendment(same_mandate_new_debtor_agent=True))
    assert violations(made, today=TODAY) == []


def test_the_creditor_may_bank_outside_the_eea() -> None:
    assert violations(message(block(creditor=creditor(iban=SWISS_IBAN))), today=TODAY) == []
