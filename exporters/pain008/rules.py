"""The rules a SEPA bank applies beyond the schema, as tables by level: the one rule book of this house."""

from __future__ import annotations

from exporters.pain008 import block_rules, party_rules, places, text_rules, transaction_rules
from exporters.pain008.findings import (
    CaseRule,
    Rule,
    Severity,
    ShapeRule,
    ValueRule,
    anywhere,
    below,
    exactly,
)

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING

_IG = "EPC130-08 and EPC131-08 (2025)"
_ADDRESS = "EPC153-22 version 2.1"
_COUNTRIES = "EPC409-09 version 8.0"
_NO_IBAN = "The account must be given as an IBAN."

_TEXTS: tuple[Rule, ...] = (
    ValueRule(
        "blank_text",
        _ERROR,
        "Anlage 3 of the DFÜ agreement, V26.11",
        anywhere,
        text_rules.not_blank,
        general=True,
    ),
    ValueRule(
        "characters",
        _WARNING,
        "EPC217-08, chapter 6.2",
        text_rules.is_other_text,
        text_rules.characters_taken,
        general=True,
    ),
)
_IDENTIFIERS = ValueRule(
    "identifier_form", _ERROR, "EPC230-15", text_rules.is_identifier, text_rules.identifier, strict=True
)


_PURPOSE = ValueRule(
    "purpose",
    _ERROR,
    "ISO 20022 external codes",
    exactly(places.PURPOSE, places.CATEGORY_PURPOSE),
    transaction_rules.purpose_is_code,
    strict=True,
)


def _names(*parties: str) -> ValueRule:
    paths = exactly(*(f"{party}/Nm" for party in parties))
    return ValueRule("name_length", _ERROR, f"{_IG}, Nm", paths, party_rules.name_length)


def _party(party: str, account: str, agent: str) -> tuple[Rule, ...]:
    """The rules that hold for debtor and creditor alike."""
    address, iban = f"{party}/PstlAdr", f"{account}/Id/IBAN"
    other = f"{agent}/FinInstnId/Othr/Id"
    return (
        ShapeRule(
            "name_missing",
            _ERROR,
            f"{_IG}, {party}/Nm",
            party_rules.present(f"{party}/Nm", "The name is missing."),
        ),
        ShapeRule(
            "account_iban",
            _ERROR,
            f"{_IG}, {account}",
            party_rules.present(iban, _NO_IBAN, blames=f"{account}/Id"),
        ),
        ValueRule("account_iban", _ERROR, "ISO 13616", exactly(iban), party_rules.iban, strict=True),
        ValueRule("account_country", _ERROR, _COUNTRIES, exactly(iban), party_rules.in_sepa),
        ShapeRule("agent", _ERROR, f"{_IG}, {agent}", party_rules.bank_once(agent)),
        ValueRule(
            "agent", _ERROR, "ISO 9362", exactly(*party_rules.bics(agent)), party_rules.bic, strict=True
        ),
        ValueRule(
            "agent",
            _ERROR,
            f"{_IG}, {agent}",
            exactly(other),
            party_rules.not_provided,
            unless=party_rules.bics(agent),
            blames=f"{agent}/FinInstnId",
            strict=True,
        ),
        ShapeRule("address_structured", _ERROR, _ADDRESS, party_rules.structured(address)),
        ShapeRule("address_element", _ERROR, _ADDRESS, party_rules.known_elements(address)),
        ValueRule("address_element", _ERROR, _ADDRESS, below(address), party_rules.address_length),
        CaseRule("address_repeated", _WARNING, _ADDRESS, party_rules.not_repeated(address), (address,)),
    )


HEADER_RULES: tuple[Rule, ...] = (_IDENTIFIERS, _names("InitgPty"), *_TEXTS)

BLOCK_RULES: tuple[Rule, ...] = (
    _IDENTIFIERS,
    CaseRule("payment_method", _ERROR, f"{_IG}, PmtMtd", block_rules.method_is_direct_debit),
    CaseRule("service_level", _ERROR, f"{_IG}, SvcLvl", block_rules.service_level_is_sepa),
    CaseRule("local_instrument", _ERROR, f"{_IG}, LclInstrm", block_rules.local_instrument_is_scheme),
    CaseRule("sequence_type", _ERROR, f"{_IG}, SeqTp", block_rules.sequence_type_in_sepa),
    CaseRule("collection_date", _ERROR, f"{_IG}, ReqdColltnDt", block_rules.collected_on_a_day),
    CaseRule("collection_date_closed", _WARNING, "T2 calendar", block_rules.collected_on_business_day),
    CaseRule("collection_date_passed", _ERROR, "EPC016-06 and EPC222-07, D-1", block_rules.collected_in_time),
    CaseRule("charge_bearer", _ERROR, f"{_IG}, ChrgBr", block_rules.charges_are_shared, (places.CHARGES,)),
    *_party("Cdtr", "CdtrAcct", "CdtrAgt"),
    _names("Cdtr", "UltmtCdtr"),
    CaseRule(
        "creditor_identifier", _ERROR, "EPC262-08", party_rules.creditor_identifier(places.BLOCK_CREDITOR)
    ),
    _PURPOSE,
    *_TEXTS,
)

_AMOUNTS: tuple[Rule, ...] = (
    ShapeRule(
        "amount_decimals",
        _ERROR,
        f"{_IG}, InstdAmt",
        party_rules.present(places.AMOUNT, transaction_rules.NO_CENTS),
    ),
    ValueRule(
        "amount_decimals",
        _ERROR,
        f"{_IG}, InstdAmt",
        exactly(places.AMOUNT),
        transaction_rules.amount_has_cents,
    ),
    ValueRule(
        "amount_range",
        _ERROR,
        f"{_IG}, InstdAmt",
        exactly(places.AMOUNT),
        transaction_rules.amount_in_range,
    ),
    ShapeRule(
        "currency",
        _ERROR,
        f"{_IG}, InstdAmt",
        party_rules.present(places.CURRENCY, transaction_rules.NOT_EURO, blames=places.AMOUNT),
    ),
    ValueRule(
        "currency",
        _ERROR,
        f"{_IG}, InstdAmt",
        exactly(places.CURRENCY),
        transaction_rules.amount_in_euro,
        blames=places.AMOUNT,
        strict=True,
    ),
)

_KIND: tuple[Rule, ...] = (
    CaseRule(
        "service_level",
        _ERROR,
        f"{_IG}, SvcLvl",
        block_rules.service_level_is_sepa,
        (places.SERVICE_LEVEL,),
    ),
    CaseRule(
        "local_instrument",
        _ERROR,
        f"{_IG}, LclInstrm",
        block_rules.local_instrument_is_scheme,
        (places.LOCAL_INSTRUMENT,),
    ),
    CaseRule(
        "sequence_type",
        _ERROR,
        f"{_IG}, SeqTp",
        block_rules.sequence_type_in_sepa,
        (places.SEQUENCE_TYPE,),
    ),
    CaseRule("charge_bearer", _ERROR, f"{_IG}, ChrgBr", block_rules.charges_are_shared, (places.CHARGES,)),
)

_MANDATE: tuple[Rule, ...] = (
    ShapeRule("mandate_missing", _ERROR, f"{_IG}, MndtRltdInf", transaction_rules.mandate_given),
    ValueRule(
        "signed_after_collection",
        _ERROR,
        f"{_IG}, DtOfSgntr",
        exactly(places.SIGNED_ON),
        transaction_rules.signed_before_collection,
    ),
    ValueRule(
        "signed_in_future",
        _ERROR,
        f"{_IG}, DtOfSgntr",
        exactly(places.SIGNED_ON),
        transaction_rules.signed_already,
    ),
    CaseRule(
        "amendment_indicator",
        _ERROR,
        f"{_IG}, AmdmntInd",
        transaction_rules.amendment_indicated,
        (places.AMENDED, places.AMENDMENT),
    ),
    CaseRule(
        "amendment_details",
        _ERROR,
        f"{_IG}, AmdmntInfDtls",
        transaction_rules.amendment_sound,
        (places.AMENDMENT,),
    ),
    CaseRule(
        "amendment_old_form",
        _ERROR,
        "EPC016-06 since November 2016, OrgnlDbtrAcct",
        transaction_rules.amendment_of_today,
        (places.OLD_PLACE_OF_SMNDA,),
    ),
)

_BEYOND_EEA: tuple[Rule, ...] = (
    ValueRule(
        "address_required",
        _ERROR,
        f"{_IG}, Dbtr/PstlAdr; reasons RR02 and RR03",
        exactly(places.DEBTOR_IBAN),
        party_rules.within_eea(
            "The debtor's bank lies outside the EEA, so the debtor's address is required."
        ),
        unless=(places.DEBTOR_ADDRESS,),
        blames=places.DEBTOR_ADDRESS,
    ),
    ValueRule(
        "bic_missing",
        _WARNING,
        "Regulation (EU) 260/2012: no BIC is needed within the EEA",
        exactly(places.DEBTOR_IBAN),
        party_rules.within_eea(
            "The debtor's bank lies outside the EEA, where the creditor's bank may ask for its BIC."
        ),
        unless=party_rules.bics(places.DEBTOR_AGENT),
        blames=f"{places.DEBTOR_AGENT}/FinInstnId",
    ),
)

_REMITTANCE: tuple[Rule, ...] = (
    ShapeRule("remittance_once", _ERROR, f"{_IG}, RmtInf", transaction_rules.remittance_once),
    ValueRule(
        "remittance_length",
        _ERROR,
        f"{_IG}, RmtInf",
        exactly(places.UNSTRUCTURED),
        transaction_rules.text_length,
    ),
    CaseRule(
        "remittance_length",
        _ERROR,
        f"{_IG}, RmtInf",
        transaction_rules.structured_length,
        (places.STRUCTURED,),
    ),
    CaseRule(
        "creditor_reference",
        _ERROR,
        "ISO 11649",
        transaction_rules.creditor_reference_sound,
        (places.STRUCTURED,),
    ),
    _PURPOSE,
)

TRANSACTION_RULES: tuple[Rule, ...] = (
    _IDENTIFIERS,
    *_AMOUNTS,
    *_KIND,
    *_MANDATE,
    *_party("Dbtr", "DbtrAcct", places.DEBTOR_AGENT),
    _names("Dbtr", "UltmtDbtr", "UltmtCdtr", places.ORIGINAL_CREDITOR),
    *_BEYOND_EEA,
    *(
        CaseRule("creditor_identifier", _ERROR, "EPC262-08", party_rules.creditor_identifier(place), (place,))
        for place in (places.CREDITOR, places.ORIGINAL_CREDITOR)
    ),
    *_REMITTANCE,
    *_TEXTS,
)
