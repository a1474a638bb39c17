"""The rules a SEPA bank applies beyond the schema, as tables by level, and how a file goes through them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from io import BytesIO

from exporters.pain008 import block_rules, party_rules, places, text_rules, transaction_rules, writer
from exporters.pain008.fields import File, opened
from exporters.pain008.findings import Case, Finding, Rule, Severity, findings
from exporters.pain008.message import DirectDebitMessage
from exporters.pain008.profiles import DEFAULT, Profile
from exporters.pain008.totals import Totals
from exporters.pain008.values import Unwritable

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING

_IG = "EPC130-08 and EPC131-08 (2025)"
_IDENTIFIER = "EPC230-15"
_ADDRESS = "EPC153-22 version 2.1"
_COUNTRIES = "EPC409-09 version 8.0"

_TEXTS = (
    Rule("blank_text", _ERROR, "Anlage 3 of the DFÜ agreement, V26.11", text_rules.no_blank_text),
    Rule("characters", _WARNING, "EPC217-08, chapter 6.2", text_rules.guaranteed_characters),
)


def _identifiers(paths: tuple[str, ...]) -> Rule:
    return Rule("identifier_form", _ERROR, _IDENTIFIER, text_rules.identifiers(*paths))


def _party(party: str, account: str, agent: str) -> tuple[Rule, ...]:
    """The rules that hold for debtor and creditor alike."""
    address = f"{party}/PstlAdr"
    return (
        Rule("name_missing", _ERROR, f"{_IG}, {party}/Nm", party_rules.name_given(party)),
        Rule("account_iban", _ERROR, f"{_IG}, {account}", party_rules.account_is_iban(account)),
        Rule("account_country", _ERROR, _COUNTRIES, party_rules.account_in_sepa(account)),
        Rule("agent", _ERROR, f"{_IG}, {agent}", party_rules.agent(agent)),
        Rule("address_structured", _ERROR, _ADDRESS, party_rules.structured(address), address),
        Rule("address_element", _ERROR, _ADDRESS, party_rules.known_elements(address), address),
        Rule("address_repeated", _WARNING, _ADDRESS, party_rules.not_repeated(address), address),
    )


HEADER_RULES = (
    _identifiers(text_rules.HEADER_IDENTIFIERS),
    Rule("name_length", _ERROR, f"{_IG}, Nm", party_rules.name_length("InitgPty")),
    *_TEXTS,
)

BLOCK_RULES = (
    _identifiers(text_rules.BLOCK_IDENTIFIERS),
    Rule("payment_method", _ERROR, f"{_IG}, PmtMtd", block_rules.method_is_direct_debit),
    Rule("service_level", _ERROR, f"{_IG}, SvcLvl", block_rules.service_level_is_sepa),
    Rule("local_instrument", _ERROR, f"{_IG}, LclInstrm", block_rules.local_instrument_is_scheme),
    Rule("sequence_type", _ERROR, f"{_IG}, SeqTp", block_rules.sequence_type_in_sepa),
    Rule("collection_date", _ERROR, f"{_IG}, ReqdColltnDt", block_rules.collected_on_a_day),
    Rule("collection_date_closed", _WARNING, "T2 calendar", block_rules.collected_on_business_day),
    Rule("collection_date_passed", _ERROR, "EPC016-06 and EPC222-07, D-1", block_rules.collected_in_time),
    Rule("charge_bearer", _ERROR, f"{_IG}, ChrgBr", block_rules.charges_are_shared, places.CHARGES),
    *_party("Cdtr", "CdtrAcct", "CdtrAgt"),
    Rule("name_length", _ERROR, f"{_IG}, Nm", party_rules.name_length("Cdtr", "UltmtCdtr")),
    Rule("creditor_identifier", _ERROR, "EPC262-08", party_rules.creditor_identifier(places.BLOCK_CREDITOR)),
    *_TEXTS,
)

TRANSACTION_RULES = (
    _identifiers(text_rules.TRANSACTION_IDENTIFIERS),
    Rule("amount_decimals", _ERROR, f"{_IG}, InstdAmt", transaction_rules.amount_has_cents),
    Rule("amount_range", _ERROR, f"{_IG}, InstdAmt", transaction_rules.amount_in_range),
    Rule("currency", _ERROR, f"{_IG}, InstdAmt", transaction_rules.amount_in_euro),
    Rule("service_level", _ERROR, f"{_IG}, SvcLvl", block_rules.service_level_is_sepa, places.SERVICE_LEVEL),
    Rule(
        "local_instrument",
        _ERROR,
        f"{_IG}, LclInstrm",
        block_rules.local_instrument_is_scheme,
        places.LOCAL_INSTRUMENT,
    ),
    Rule("sequence_type", _ERROR, f"{_IG}, SeqTp", block_rules.sequence_type_in_sepa, places.SEQUENCE_TYPE),
    Rule("charge_bearer", _ERROR, f"{_IG}, ChrgBr", block_rules.charges_are_shared, places.CHARGES),
    Rule("mandate_missing", _ERROR, f"{_IG}, MndtRltdInf", transaction_rules.mandate_given),
    Rule("signed_after_collection", _ERROR, f"{_IG}, DtOfSgntr", transaction_rules.signed_before_collection),
    Rule("signed_in_future", _ERROR, f"{_IG}, DtOfSgntr", transaction_rules.signed_already),
    Rule("amendment_indicator", _ERROR, f"{_IG}, AmdmntInd", transaction_rules.amendment_indicated),
    Rule(
        "amendment_details",
        _ERROR,
        f"{_IG}, AmdmntInfDtls",
        transaction_rules.amendment_sound,
        places.AMENDMENT,
    ),
    *_party("Dbtr", "DbtrAcct", "DbtrAgt"),
    Rule(
        "name_length",
        _ERROR,
        f"{_IG}, Nm",
        party_rules.name_length("Dbtr", "UltmtDbtr", "UltmtCdtr", places.ORIGINAL_CREDITOR),
    ),
    Rule("address_required", _ERROR, f"{_IG}, Dbtr/PstlAdr; RR02, RR03", party_rules.debtor_address_given),
    Rule(
        "creditor_identifier",
        _ERROR,
        "EPC262-08",
        party_rules.creditor_identifier(places.CREDITOR),
        places.CREDITOR,
    ),
    Rule(
        "creditor_identifier",
        _ERROR,
        "EPC262-08",
        party_rules.creditor_identifier(places.ORIGINAL_CREDITOR),
        places.ORIGINAL_CREDITOR,
    ),
    Rule("remittance_once", _ERROR, f"{_IG}, RmtInf", transaction_rules.remittance_once, places.REMITTANCE),
    Rule(
        "remittance_length", _ERROR, f"{_IG}, RmtInf", transaction_rules.remittance_length, places.REMITTANCE
    ),
    Rule(
        "creditor_reference",
        _ERROR,
        "ISO 11649",
        transaction_rules.creditor_reference_sound,
        places.STRUCTURED,
    ),
    Rule(
        "purpose",
        _ERROR,
        "ISO 20022 external codes",
        transaction_rules.purpose_is_code,
        places.PURPOSE,
    ),
    *_TEXTS,
)


def breaches(
    file: File, *, profile: Profile, today: date | None, totals: Totals | None = None
) -> Iterator[Finding]:
    """Every breach in `file`, in its order; `totals` holds count and sum of its collections afterwards.

    Rules that ask what day it is are left out when `today` is None.
    """
    totals = totals or Totals()
    header = file.header()
    yield from findings(HEADER_RULES, Case(header.path, header.fields, profile, today, {}))
    for block, transactions in file.blocks():
        yield from findings(BLOCK_RULES, Case(block.path, block.fields, profile, today, {}))
        yield from totals.begin(block)
        for transaction in transactions:
            case = Case(transaction.path, transaction.fields, profile, today, block.fields)
            yield from findings(TRANSACTION_RULES, case)
            yield from totals.add(transaction, block.fields)
        yield from totals.end(block)
    yield from totals.close(header)


def violations(
    message: DirectDebitMessage, *, today: date | None, profile: Profile = DEFAULT
) -> list[Finding]:
    """Every breach in the file that `message` becomes; just `unwritable` when it cannot become a file."""
    out = BytesIO()
    try:
        writer.write(message, out=out, profile=profile)
    except Unwritable as fault:
        return [
            Finding(
                rule="unwritable",
                severity=_ERROR,
                path=fault.field or "",
                transaction=None,
                message=fault.message,
            )
        ]
    return list(breaches(opened(out.getvalue()), profile=profile, today=today))
