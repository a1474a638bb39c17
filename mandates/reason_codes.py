"""ISO reason codes of rejected, returned and refunded debits: what each means and what kind of step follows.

Sources: EPC173-14 (guidance on reason codes for SDD R-transactions), ISO 20022 external code list
ExternalStatusReason1Code; the class in the last column is ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class NextStep(StrEnum):
    """What a reason code asks for."""

    RETRY = "retry"  # a new collection may work without anybody's help
    DATA = "data"  # data must be mended before a new collection
    STOP = "stop"  # the mandate cannot be used until the customer acts
    END = "end"  # the mandate is over
    DISPUTE = "dispute"  # the customer objects: talk first
    OPERATIONS = "operations"  # our file or our bank is at fault


@dataclass(frozen=True, slots=True)
class ReasonCode:
    """One code, its ISO name in plain words, and the step it asks for."""

    code: str
    meaning: str
    step: NextStep


_TABLE = (
    ReasonCode("AC01", "The account number is wrong.", NextStep.DATA),
    ReasonCode("AC04", "The account is closed.", NextStep.STOP),
    ReasonCode("AC06", "The account is blocked.", NextStep.STOP),
    ReasonCode("AC13", "The account is a consumer's; a business debit is not allowed.", NextStep.STOP),
    ReasonCode("AG01", "Direct debits are not allowed on this account.", NextStep.STOP),
    ReasonCode("AG02", "The operation code or sequence type is wrong.", NextStep.OPERATIONS),
    ReasonCode("AM04", "Not enough money on the account.", NextStep.RETRY),
    ReasonCode("AM05", "The bank takes it for a duplicate.", NextStep.OPERATIONS),
    ReasonCode("BE01", "The name does not fit the account holder.", NextStep.DATA),
    ReasonCode("BE04", "The creditor's address is missing.", NextStep.DATA),
    ReasonCode("BE05", "The creditor identifier is not recognised.", NextStep.DATA),
    ReasonCode("BE07", "The debtor's address is missing.", NextStep.DATA),
    ReasonCode("CNOR", "The creditor's bank is not registered under this BIC.", NextStep.OPERATIONS),
    ReasonCode("CURR", "The currency is wrong.", NextStep.OPERATIONS),
    ReasonCode("DNOR", "The debtor's bank does not take part in the scheme.", NextStep.STOP),
    ReasonCode("DT01", "The collection date is wrong.", NextStep.OPERATIONS),
    ReasonCode("DUPL", "Cancelled as a duplicate.", NextStep.OPERATIONS),
    ReasonCode("CUST", "Cancelled by the customer.", NextStep.DISPUTE),
    ReasonCode("ED05", "Settlement between the banks failed.", NextStep.RETRY),
    ReasonCode("FF01", "The file format is wrong.", NextStep.OPERATIONS),
    ReasonCode("FF05", "The scheme code is wrong.", NextStep.OPERATIONS),
    ReasonCode("FOCR", "Returned because we asked for it.", NextStep.OPERATIONS),
    ReasonCode("MD01", "There is no valid mandate.", NextStep.END),
    ReasonCode("MD02", "Mandate data are missing or wrong.", NextStep.DATA),
    ReasonCode("MD06", "The customer asked for a refund.", NextStep.DISPUTE),
    ReasonCode("MD07", "The account holder has died.", NextStep.END),
    ReasonCode("MS02", "Refused by the customer, reason not given.", NextStep.DISPUTE),
    ReasonCode("MS03", "Refused by the bank, reason not given.", NextStep.RETRY),
    ReasonCode("NARR", "The bank tells its reason in words only.", NextStep.DISPUTE),
    ReasonCode("RC01", "The BIC is wrong.", NextStep.DATA),
    ReasonCode("RR01", "The debtor's account or identification is missing.", NextStep.DATA),
    ReasonCode("RR02", "The debtor's name or address is missing.", NextStep.DATA),
    ReasonCode("RR03", "The creditor's name or address is missing.", NextStep.DATA),
    ReasonCode("RR04", "Held back for regulatory reasons.", NextStep.OPERATIONS),
    ReasonCode("SL01", "The customer's own list at the bank blocks us.", NextStep.STOP),
    ReasonCode("TM01", "The file came after the cut-off time.", NextStep.OPERATIONS),
)

BY_CODE = {row.code: row for row in _TABLE}

# Refunds are asked for by the debtor after settlement (EPC016-06 section 4.3.4); the others are returns.
REFUNDS = frozenset({"MD06"})


def look_up(code: str | None) -> ReasonCode:
    """The row of `code`; an unknown one keeps its raw value and asks for a person."""
    raw = code or "none"
    return BY_CODE.get(
        raw, ReasonCode(raw, "The bank gave a reason that is not in the table.", NextStep.DISPUTE)
    )
