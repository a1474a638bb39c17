"""The pieces of a pain.008 file that are not always there, each as XML or as nothing."""

from __future__ import annotations

import re

from exporters.pain008 import values
from exporters.pain008.message import Address, Amendment, Party, Transaction
from exporters.pain008.profiles import Profile
from exporters.pain008.values import Unwritable


def compact(template: str) -> str:
    """The template without its indentation: blanks between elements mean nothing and cost bytes."""
    return "".join(line.strip() for line in template.splitlines())


def positional(template: str) -> str:
    """The template without the names of its places: values then come in their order, which is quicker."""
    return _NAMED.sub("%s", template)


_NAMED = re.compile(r"%\([a-z_]+\)s")

_AMENDMENT = compact("""
    <AmdmntInd>true</AmdmntInd>
    <AmdmntInfDtls>
      %s
    </AmdmntInfDtls>
""")

_ORIGINAL_CREDITOR = compact("""
      <OrgnlCdtrSchmeId>
        %s
      </OrgnlCdtrSchmeId>
""")

_ORIGINAL_ACCOUNT = compact("""
      <OrgnlDbtrAcct>
        <Id>
          %s
        </Id>
      </OrgnlDbtrAcct>
""")

_SCHEME_IDENTIFICATION = compact("""
        <Id>
          <PrvtId>
            <Othr>
              <Id>%s</Id>
              <SchmeNm>
                <Prtry>SEPA</Prtry>
              </SchmeNm>
            </Othr>
          </PrvtId>
        </Id>
""")

_CREDITOR_REFERENCE = compact("""
    <RmtInf>
      <Strd>
        <CdtrRefInf>
          <Tp>
            <CdOrPrtry>
              <Cd>SCOR</Cd>
            </CdOrPrtry>
            <Issr>ISO</Issr>
          </Tp>
          <Ref>%s</Ref>
        </CdtrRefInf>
      </Strd>
    </RmtInf>
""")

_NO_BIC = "<Othr><Id>NOTPROVIDED</Id></Othr>"
_NEW_AGENT = "<Othr><Id>SMNDA</Id></Othr>"


def agent(party: Party, profile: Profile, field: str) -> str:
    """Inside FinInstnId: the BIC, or the sign that none is given, which never stands in the BIC's place."""
    if party.bic is None:
        return _NO_BIC
    element = profile.bic_element
    return f"<{element}>{values.shaped(party.bic, values.BIC, field)}</{element}>"


def scheme_identification(identifier: str, profile: Profile, field: str) -> str:
    """Inside CdtrSchmeId and OrgnlCdtrSchmeId: the creditor identifier with its scheme (EPC262-08)."""
    return _SCHEME_IDENTIFICATION % values.reference(identifier, profile, field)


def address(given: Address | None, profile: Profile, field: str) -> str:
    """PstlAdr, structured or hybrid; raises Unwritable when the version has no place for a part of it."""
    if given is None:
        return ""
    if len(given.lines) > profile.address_lines:
        raise Unwritable(
            f"An address has at most {profile.address_lines} free lines.", field=f"{field}.lines"
        )
    elements = [
        ("StrtNm", given.street, "street"),
        ("BldgNb", given.building, "building"),
        ("PstCd", given.postcode, "postcode"),
        ("TwnNm", given.town, "town"),
        ("Ctry", values.shaped(given.country, values.COUNTRY, f"{field}.country"), "country"),
        *(("AdrLine", line, "lines") for line in given.lines),
    ]
    written = [
        _address_part(element, value, profile, f"{field}.{name}")
        for element, value, name in elements
        if value is not None
    ]
    return f"<PstlAdr>{''.join(written)}</PstlAdr>"


def _address_part(element: str, value: str, profile: Profile, field: str) -> str:
    limit = profile.address_lengths.get(element)
    if limit is None:
        raise Unwritable(f"An address of {profile.name} has no place for this.", field=field)
    return f"<{element}>{values.text(value, limit, profile, field)}</{element}>"


def instruction_id(identifier: str | None, profile: Profile) -> str:
    """InstrId, where the creditor wants one beside the EndToEndId."""
    if identifier is None:
        return ""
    return f"<InstrId>{values.reference(identifier, profile, 'instruction_id')}</InstrId>"


def amendment(changed: Amendment | None, profile: Profile) -> str:
    """AmdmntInd and AmdmntInfDtls: what the mandate said before, only where it changed (EPC130-08)."""
    if changed is None:
        return ""
    details = (
        _original_mandate(changed, profile)
        + _original_creditor(changed, profile)
        + _original_account(changed)
    )
    if not details:
        raise Unwritable("An amendment must say what has changed.", field="amendment")
    return _AMENDMENT % details


def _original_mandate(changed: Amendment, profile: Profile) -> str:
    if changed.original_mandate_id is None:
        return ""
    old = values.reference(changed.original_mandate_id, profile, "amendment.original_mandate_id")
    return f"<OrgnlMndtId>{old}</OrgnlMndtId>"


def _original_creditor(changed: Amendment, profile: Profile) -> str:
    details = ""
    if changed.original_creditor_name is not None:
        field = "amendment.original_creditor_name"
        details += f"<Nm>{values.name(changed.original_creditor_name, profile, field)}</Nm>"
    if changed.original_creditor_id is not None:
        field = "amendment.original_creditor_id"
        details += scheme_identification(changed.original_creditor_id, profile, field)
    return _ORIGINAL_CREDITOR % details if details else ""


def _original_account(changed: Amendment) -> str:
    """The old account, or SMNDA in its place when the debtor moved to another bank."""
    iban, field = changed.original_debtor_iban, "amendment.original_debtor_iban"
    if changed.same_mandate_new_debtor_agent:
        if iban is not None:
            raise Unwritable(
                "When the debtor moved to another bank, the old account is not named.", field=field
            )
        return _ORIGINAL_ACCOUNT % _NEW_AGENT
    if iban is None:
        return ""
    return _ORIGINAL_ACCOUNT % f"<IBAN>{values.shaped(iban, values.IBAN, field)}</IBAN>"


def ultimate_debtor(name: str | None, profile: Profile) -> str:
    """UltmtDbtr: on whose behalf the debtor pays."""
    if name is None:
        return ""
    return f"<UltmtDbtr><Nm>{values.name(name, profile, 'ultimate_debtor')}</Nm></UltmtDbtr>"


def ultimate_creditor(name: str | None, profile: Profile) -> str:
    """UltmtCdtr: on whose behalf the creditor collects."""
    if name is None:
        return ""
    return f"<UltmtCdtr><Nm>{values.name(name, profile, 'ultimate_creditor')}</Nm></UltmtCdtr>"


def purpose(code: str | None) -> str:
    """Purp: a code of the external list of ISO 20022."""
    return "" if code is None else f"<Purp><Cd>{values.shaped(code, values.PURPOSE, 'purpose')}</Cd></Purp>"


def category_purpose(code: str | None) -> str:
    """CtgyPurp: what all collections of a block are for, a code of the external list of ISO 20022."""
    if code is None:
        return ""
    return f"<CtgyPurp><Cd>{values.shaped(code, values.PURPOSE, 'category_purpose')}</Cd></CtgyPurp>"


def remittance(transaction: Transaction, profile: Profile) -> str:
    """RmtInf: one text, or one creditor reference of ISO 11649; the rulebooks do not allow both."""
    free, reference = transaction.remittance, transaction.creditor_reference
    if reference is None:
        if free is None:
            return ""
        return f"<RmtInf><Ustrd>{values.text(free, profile.remittance_length, profile, 'remittance')}</Ustrd></RmtInf>"
    if free is not None:
        raise Unwritable(
            "A transaction has either a remittance text or a creditor reference.", field="remittance"
        )
    return _CREDITOR_REFERENCE % values.shaped(reference, values.RF_REFERENCE, "creditor_reference")
