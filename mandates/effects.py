"""What each next step does to the debit, the mandate, the invoice and the customer, in plain words."""

from __future__ import annotations

from dataclasses import dataclass

from mandates.reason_codes import NextStep, ReasonCode


@dataclass(frozen=True, slots=True)
class Effects:
    """One sentence for each thing a failed debit touches."""

    debit: str
    mandate: str
    invoice: str
    customer: str


_NOTHING = "Nothing changes."
_OPEN = "It is open again."

_BY_STEP = {
    NextStep.RETRY: Effects(
        "A new debit is scheduled by itself, as often as the creditor's terms allow, and announced like any other.",
        "It stays active until too many debits in a row have failed.",
        _OPEN,
        _NOTHING,
    ),
    NextStep.DATA: Effects(
        "No new debit until the mandate's data have changed or a person asks for one.",
        "It stays active; its data must be mended.",
        _OPEN,
        "The right data must be asked for.",
    ),
    NextStep.STOP: Effects(
        "No new debit on this mandate until a person resumes it.",
        "It is suspended, and debits scheduled on it are cancelled.",
        _OPEN,
        "Another account or another way to pay must be agreed.",
    ),
    NextStep.END: Effects(
        "No new debit on this mandate, ever.",
        "It is cancelled, and debits scheduled on it with it.",
        _OPEN,
        "A new mandate must be signed before the next debit.",
    ),
    NextStep.DISPUTE: Effects(
        "No new debit until a person has talked to the customer.",
        _NOTHING,
        "It is open again, and nothing more is collected on it by itself.",
        "The reason must be asked for.",
    ),
    NextStep.OPERATIONS: Effects(
        "No new debit until staff have found the fault and ask for one.", _NOTHING, _OPEN, _NOTHING
    ),
}
_OBJECTS = Effects(
    "No new debit until a person has settled the dispute.",
    _NOTHING,
    "It is open again, and disputed.",
    "The objection must be talked about.",
)
_DECEASED = Effects(
    "No new debit.",
    "It is cancelled; every other mandate of the customer is suspended, and scheduled debits are cancelled.",
    _OPEN,
    "Nothing happens by itself any more until a person allows it.",
)


def of(row: ReasonCode, step: NextStep) -> Effects:
    """What follows from a failure with the code `row` when the creditor takes `step`."""
    if row.deceased:
        return _DECEASED
    if step == NextStep.DISPUTE and row.objects:
        return _OBJECTS
    return _BY_STEP[step]
