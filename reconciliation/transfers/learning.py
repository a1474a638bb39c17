"""What automatic matches teach about payers: an account that paid a named invoice exactly pays for its customer."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from ledger.acts import Act
from reconciliation import payer_memory
from reconciliation.models import MemoryKind
from reconciliation.payer_memory import Learnt
from reconciliation.transfers.candidates import Credit
from reconciliation.transfers.evidence import Evidence
from reconciliation.transfers.finding import Finding

_NAMES_IT = frozenset({Evidence.REFERENCE, Evidence.NUMBER})
_FITS = frozenset({Evidence.OPEN_AMOUNT, Evidence.SUM})
_KNOWN = frozenset(
    {Evidence.ACCOUNT, Evidence.MANDATE_ACCOUNT, Evidence.REMEMBERED_ACCOUNT, Evidence.PAYS_FOR}
)


def learn(session: Session, applied: Sequence[tuple[Finding, Credit, str]], *, act: Act) -> None:
    """Keep which account paid for whom, and which memories each match used; given with the ids of the matches."""
    payer_memory.learn(session, [one for each in applied for one in _shown(*each)], act=act)
    payer_memory.used(
        session, [(match_id, memory_id) for finding, _, match_id in applied for memory_id in finding.memories]
    )


def _shown(finding: Finding, credit: Credit, match_id: str) -> list[Learnt]:
    if finding.certain is None or not credit.account:
        return []
    names = {support.evidence for support in finding.certain.supports}
    if not names & _NAMES_IT or not names & _FITS or names & _KNOWN:
        return []
    return [
        Learnt(
            creditor_id=credit.creditor_id, kind=MemoryKind.ACCOUNT, payer=credit.account, customer_id=customer_id,
            match_id=match_id,
        )
        for customer_id in finding.customers
    ]  # fmt: skip
