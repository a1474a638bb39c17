"""Who stands on the other side of a camt entry, and under which identifier a creditor collects."""

from __future__ import annotations

import re

from reconciliation.formats import drafts
from reconciliation.formats.identifiers import known_reference
from reconciliation.formats.tables import Record
from reconciliation.statement import Party

# A creditor identifier by its shape (EPC262-08), for parties that do not name its scheme.
_CREDITOR_ID = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{3}[A-Z0-9]{1,28}")

NOBODY = Party()

# Where a party's name, its last resort, its account and its bank are found, by the role it plays.
_PARTY_FIELDS = {
    role: (
        f"{role}_name",
        f"ultimate_{role}_name",
        f"{role}_agent_bank",
        f"{role}_account",
        f"{role}_bic",
        f"{role}_agent_bic",
    )
    for role in ("debtor", "creditor")
}


def compact(account: str) -> str:
    """An account number for comparing: upper case, without blanks."""
    return account.replace(" ", "").upper()


def counterparty(facts: Record, direction: int, is_turned: bool, own: str | None) -> Party:
    """Who stands against the account holder: the debtor of a credit, the creditor of a debit.

    In a return both have the roles of the original payment, so it is the other way round. An account that is
    the statement's own is the holder's, whatever its role.
    """
    chosen, other = "debtor", "creditor"
    if (direction > 0) is is_turned:
        chosen, other = other, chosen
    party = _party(facts, chosen)
    if _is_holder(party, own) or (is_turned and party == NOBODY):
        opposite = _party(facts, other)
        return NOBODY if _is_holder(opposite, own) else opposite
    return party


def _is_holder(party: Party, own: str | None) -> bool:
    return party.iban is not None and compact(party.iban) == own


def _party(facts: Record, role: str) -> Party:
    find = facts.get
    name, ultimate, agent, account, bic, agent_bic = _PARTY_FIELDS[role]
    return drafts.party(
        find(name) or find(ultimate) or find(agent),
        known_reference(find(account)),
        known_reference(find(bic) or find(agent_bic)),
    )


def creditor_id(facts: Record) -> str | None:
    """The creditor identifier: an identification of scheme SEPA, or of no scheme at all but of its shape."""
    if "creditor_private_ids" not in facts and "creditor_organisation_ids" not in facts:
        return None
    for found in (*facts.get("creditor_private_ids", ()), *facts.get("creditor_organisation_ids", ())):
        identifier: str = found.get("id", "").replace(" ", "").upper()
        is_sepa = found.get("scheme", "").upper() == "SEPA"
        has_no_scheme = "scheme" not in found and "code" not in found
        if _CREDITOR_ID.fullmatch(identifier) and (is_sepa or has_no_scheme):
            return identifier
    return None
