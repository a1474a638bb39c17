"""ISO reason codes of rejected, returned and refunded debits: what each means, and what follows from it.

The one table behind every next step. Meaning and use: EPC173-14 v8.0 (guidance on reason codes for SDD
R-transactions) and ISO 20022 ExternalStatusReason1Code. The step is ours, and a creditor may choose another one
(mandates.reason_policies). docs/concepts/next-step.md shows the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mandates import technical_codes


class NextStep(StrEnum):
    """What a reason code asks for."""

    RETRY = "retry"  # a new collection may work without anybody's help
    DATA = "data"  # data must be mended before a new collection
    STOP = "stop"  # the mandate cannot be used until the customer acts
    END = "end"  # the mandate is over
    DISPUTE = "dispute"  # the customer objects, or nobody knows the reason: talk first
    OPERATIONS = "operations"  # our file or our bank is at fault


class Use(StrEnum):
    """The R-transactions in which a code may come (EPC016-06 section 4.4)."""

    REJECT = "reject"
    RETURN = "return"
    REFUND = "refund"
    REVERSAL = "reversal"


EPC = "EPC173-14 v8.0"
ISO = technical_codes.SOURCE
_EARLY = (Use.REJECT,)
_BOTH = (Use.REJECT, Use.RETURN)


@dataclass(frozen=True, slots=True)
class ReasonCode:
    """One code: its meaning in plain words, the step it asks for, where it is used, and what limits the step."""

    code: str
    step: NextStep
    meaning: str
    used_in: tuple[Use, ...] = _BOTH
    source: str = EPC
    known: bool = True
    objects: bool = False  # the customer objects to the debit: the invoice is in dispute
    deceased: bool = False  # nothing is automatic for this customer any more
    blames_account: bool = False  # says something about the customer's account: failures in a row are counted
    fee_is_customers: bool = False  # the bank's fee may be charged on to the customer
    most_retries: int | None = None  # fewer than a creditor may allow; then the mandate is suspended
    never_retried: str | None = None  # why no creditor may choose a retry
    fixed: str | None = None  # why no creditor may choose any other step


_BLIND = "What the bank takes for a duplicate may be collected twice when it is sent again blindly."
_OBJECTION = "The customer objects to this debit; only a person can ask for consent to a new one."
_NO_MANDATE = "Without a valid mandate no debit may be drawn (EPC016-06 section 4.1)."
_CLOSED = "A closed account cannot be debited; a new one needs an amended or new mandate."

_R, _D, _S = NextStep.RETRY, NextStep.DATA, NextStep.STOP
_E, _Q, _O = NextStep.END, NextStep.DISPUTE, NextStep.OPERATIONS

_DEBITS = (
    ReasonCode("AC01", _D, "The account number is wrong.", blames_account=True),
    ReasonCode(
        "AC04", _S, "The account is closed.",
        blames_account=True, fee_is_customers=True, never_retried=_CLOSED,
    ),
    ReasonCode("AC06", _S, "The account is blocked.", blames_account=True, fee_is_customers=True),
    ReasonCode(
        "AC13", _S, "The account is a consumer's; a business debit is not allowed.", blames_account=True
    ),
    ReasonCode(
        "AG01", _S, "Direct debits are not allowed on this account.",
        blames_account=True, fee_is_customers=True,
    ),
    ReasonCode("AG02", _O, "The operation code or sequence type is wrong."),
    ReasonCode("AM04", _R, "Not enough money on the account.", blames_account=True, fee_is_customers=True),
    ReasonCode(
        "AM05", _O, "The bank takes it for a duplicate.", (*_BOTH, Use.REVERSAL), never_retried=_BLIND
    ),
    ReasonCode("BE01", _D, "The name does not fit the account holder.", _EARLY, blames_account=True),
    ReasonCode("BE04", _D, "The creditor's address is missing.", _EARLY),
    ReasonCode("BE05", _D, "The creditor identifier is not recognised."),
    ReasonCode("BE07", _D, "The debtor's address is missing.", _EARLY),
    ReasonCode("CNOR", _O, "The creditor's bank is not registered under this BIC.", _EARLY),
    ReasonCode("CURR", _O, "The currency is wrong.", _EARLY),
    ReasonCode(
        "CUST", _Q, "Cancelled by the customer.", _EARLY, objects=True, never_retried=_OBJECTION
    ),
    ReasonCode("DNOR", _S, "The debtor's bank does not take part in the scheme.", _EARLY, blames_account=True),
    ReasonCode("DT01", _O, "The collection date is wrong.", _EARLY),
    ReasonCode("DUPL", _O, "Cancelled as a duplicate.", _EARLY, never_retried=_BLIND),
    ReasonCode("ED05", _R, "Settlement between the banks failed.", _EARLY),
    ReasonCode("FF01", _O, "The file format is wrong.", _EARLY),
    ReasonCode("FF05", _O, "The scheme code is wrong.", _EARLY),
    ReasonCode("FOCR", _O, "Returned because we asked for it.", (Use.RETURN,)),
    ReasonCode(
        "MD01", _E, "There is no valid mandate.", (*_BOTH, Use.REFUND),
        blames_account=True, never_retried=_NO_MANDATE,
    ),
    ReasonCode("MD02", _D, "Mandate data are missing or wrong.", _EARLY),
    ReasonCode(
        "MD06", _Q, "The customer asked for a refund.", (Use.REFUND,),
        objects=True, blames_account=True, never_retried=_OBJECTION,
    ),
    ReasonCode(
        "MD07", _E, "The account holder has died.", deceased=True, blames_account=True,
        fixed="The account holder has died: everything else is a matter for people.",
    ),
    ReasonCode(
        "MS02", _Q, "Refused by the customer, reason not given.", (*_BOTH, Use.REVERSAL),
        objects=True, blames_account=True, never_retried=_OBJECTION,
    ),
    # Banks of some countries tell MS03 instead of AM04, AC04 and others, for the debtor's privacy.
    ReasonCode(
        "MS03", _R, "Refused by the bank, reason not given.", (*_BOTH, Use.REVERSAL),
        blames_account=True, most_retries=1,
    ),
    ReasonCode("NARR", _Q, "The bank tells its reason in words only.", source=ISO),
    ReasonCode("RC01", _D, "The BIC is wrong."),
    ReasonCode("RR01", _D, "The debtor's account or identification is missing."),
    ReasonCode("RR02", _D, "The debtor's name or address is missing."),
    ReasonCode("RR03", _D, "The creditor's name or address is missing."),
    ReasonCode("RR04", _O, "Held back for regulatory reasons."),
    ReasonCode(
        "SL01", _S, "The customer's own list at the bank blocks us.",
        blames_account=True, fee_is_customers=True,
    ),
    ReasonCode("TM01", _O, "The file came after the cut-off time.", _EARLY),
)  # fmt: skip

_TECHNICAL = tuple(
    ReasonCode(code, NextStep.OPERATIONS, meaning, _EARLY, ISO)
    for code, meaning in technical_codes.MEANINGS.items()
)

BY_CODE = {row.code: row for row in sorted((*_DEBITS, *_TECHNICAL), key=lambda row: row.code)}

# Codes that may be looked for in free text; the technical ones look like other things, such as Swiss IBANs.
IN_TEXTS = frozenset(row.code for row in _DEBITS)

# Refunds are asked for by the debtor after settlement (EPC016-06 section 4.3.4); the others are returns.
REFUNDS = frozenset({"MD06"})


def look_up(code: str | None) -> ReasonCode:
    """The row of `code`; an unknown one keeps its raw value and asks for a person."""
    raw = code or "none"
    meaning = (
        "The bank gave no reason." if code is None else "The bank gave a reason that is not in the table."
    )
    return BY_CODE.get(raw, ReasonCode(raw, NextStep.DISPUTE, meaning, source="not in any list", known=False))
