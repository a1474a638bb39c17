"""Who may have paid a credit, and what speaks for and against that."""

from __future__ import annotations

from collections.abc import Sequence

from ledger import party_names
from reconciliation.transfers import evidence
from reconciliation.transfers.candidates import Known, Payer
from reconciliation.transfers.evidence import Evidence, Objection, Support

BY_ACCOUNT = frozenset(
    {Evidence.ACCOUNT, Evidence.MANDATE_ACCOUNT, Evidence.REMEMBERED_ACCOUNT, Evidence.PAYS_FOR}
)


class Payers:
    """Who may have paid a credit: by account, by name, and by customer number, in this order of weight."""

    def __init__(
        self, by_account: Sequence[Payer], by_name: Sequence[Payer], by_number: Sequence[Payer], own_name: str
    ) -> None:
        self.by_account, self.by_name, self.by_number = by_account, by_name, by_number
        self._own_name = own_name

    def all(self) -> list[Payer]:
        """Each customer once, with the weightiest support."""
        best: dict[str, Payer] = {}
        strong = [*self.by_account, *self.by_number]
        for payer in strong or self.by_name:
            best.setdefault(payer.customer_id, payer)
        return list(best.values())

    def only(self) -> str | None:
        """The customer who paid, if there can be only one."""
        found = {payer.customer_id for payer in self.all() if payer.support.evidence != Evidence.PAYS_FOR}
        return found.pop() if len(found) == 1 else None

    def stand(
        self, customers: Sequence[str], known: Known
    ) -> tuple[list[Support], list[Objection], tuple[str, ...]]:
        """What speaks for and against these customers having paid, and the memories used."""
        of = [
            payer
            for payer in (*self.by_account, *self.by_number, *self.by_name)
            if payer.customer_id in customers
        ]
        if of:
            supports = list(dict.fromkeys(payer.support for payer in of))
            return (
                supports,
                [],
                tuple(sorted({payer.memory_id for payer in of if payer.memory_id is not None})),
            )
        is_alike = [_alike(self._own_name, known.name_keys.get(customer, "")) for customer in customers]
        if any(is_alike):
            return [one for one in is_alike if one is not None][:1], [], ()
        return [], [evidence.payer_unknown()], ()

    def shared(self, meant: Sequence[str]) -> list[Objection]:
        """A doubt where nothing but a name that several customers have says who paid."""
        if self.by_account or self.by_number:
            return []
        same = {
            payer.customer_id for payer in self.by_name if payer.support.evidence != Evidence.SIMILAR_NAME
        }
        return [evidence.several_payers(len(same))] if len(same) > 1 else []


def _alike(ours: str, theirs: str) -> Support | None:
    """Whether a payer's name key is a customer's, or nearly."""
    if not ours or not theirs:
        return None
    if ours == theirs:
        return evidence.name_of_customer()
    return evidence.name_like_customer() if party_names.similar(ours, theirs) else None
