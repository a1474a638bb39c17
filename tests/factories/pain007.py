"""Reversal messages for tests, sound unless a test asks for something else, and any sound one by hypothesis."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from io import BytesIO

from hypothesis import strategies as st

from exporters.pain007.message import (
    Collection,
    Line,
    LinesOfBlock,
    Party,
    ReversalMessage,
    WholeBlock,
)
from exporters.pain007.writer import write
from exporters.pain008.message import Scheme, SequenceType
from ledger.business_days import FIRST_YEAR
from ledger.money import Money
from tests.factories.books import CREDITOR_IDENTIFIER, OUR_IBAN, debtor_iban

TODAY = date(2026, 11, 18)
_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-?:().,'+"


def collection(**facts: object) -> Collection:
    usual: dict[str, object] = {
        "collect_on": TODAY, "creditor_id": CREDITOR_IDENTIFIER, "scheme": Scheme.CORE,
        "sequence_type": SequenceType.RCUR, "mandate_id": "MND-1", "signed_on": date(2025, 6, 1),
        "debtor": Party(name="Erika Beispiel", iban=debtor_iban(1)),
        "creditor": Party(name="Muster Energie GmbH", iban=OUR_IBAN, bic="BYLADEM1001"),
    }  # fmt: skip
    return Collection(**{**usual, **facts})  # type: ignore[arg-type]


def line(number: int = 1, amount_minor: int = 12_000, reason: str = "MS02", **facts: object) -> Line:
    return Line(
        reversal_id=f"RVS{number:05d}", end_to_end_id=f"RE-{number:05d}", amount=Money(amount_minor, "EUR"),
        reason=reason, collection=collection(**facts),
    )  # fmt: skip


def message(*blocks: LinesOfBlock | WholeBlock, **facts: object) -> ReversalMessage:
    usual: dict[str, object] = {
        "message_id": "PB1", "created_at": datetime(2026, 11, 18, 8, 0, tzinfo=UTC),
        "initiating_party": "Muster Energie GmbH", "creditor_bic": "BYLADEM1001",
        "original_message_id": "DC1", "original_version": "pain.008.001.08",
        "blocks": blocks or (LinesOfBlock(payment_information_id="PI1", lines=(line(1), line(2, 3_450, "AM05"))),),
    }  # fmt: skip
    return ReversalMessage(**{**usual, **facts})  # type: ignore[arg-type]


def written(said: ReversalMessage) -> bytes:
    out = BytesIO()
    write(said, out=out)
    return out.getvalue()


_ids = st.text(_SIGNS, min_size=1, max_size=35)
_names = st.lists(st.text(_SIGNS, min_size=1, max_size=11), min_size=1, max_size=5).map(" ".join)
_amounts = st.integers(1, 99_999_999_999)
_days = st.dates(date(FIRST_YEAR + 10, 1, 1), date(2090, 1, 1))
_instants = st.integers(0, 80 * 365 * 86_400).map(
    lambda s: datetime(2010, 1, 1, tzinfo=UTC) + timedelta(seconds=s)
)
_bics = st.one_of(st.none(), st.sampled_from(["BYLADEM1001", "UBSWCHZH80A", "COBADEFF"]))
_parties = st.builds(Party, name=_names, iban=st.integers(1, 10**9).map(debtor_iban), bic=_bics)
_collections = st.builds(
    Collection, collect_on=_days, creditor_id=st.just(CREDITOR_IDENTIFIER), scheme=st.just(Scheme.B2B),
    sequence_type=st.sampled_from(SequenceType), mandate_id=_ids, signed_on=st.just(date(2009, 1, 1)),
    debtor=_parties, creditor=_parties,
)  # fmt: skip
_reasons = st.sampled_from(["AM05", "MS02", "MS03"])
_lines = st.builds(
    Line, reversal_id=_ids, end_to_end_id=_ids, amount=_amounts.map(lambda minor: Money(minor, "EUR")),
    reason=_reasons, collection=_collections,
)  # fmt: skip
_wholes = st.builds(
    WholeBlock, payment_information_id=_ids, count=st.integers(1, 10**6), control_sum_minor=_amounts,
    reason=_reasons,
)  # fmt: skip


@st.composite
def messages(draw: st.DrawFn) -> ReversalMessage:
    """Any sound message: every identifier stands in it once."""
    lines = draw(
        st.lists(_lines, max_size=6, unique_by=(lambda one: one.end_to_end_id, lambda one: one.reversal_id))
    )
    cuts = sorted(draw(st.lists(st.integers(0, len(lines)), max_size=2)))
    groups = [lines[first:last] for first, last in zip([0, *cuts], [*cuts, len(lines)], strict=True)]
    parts: list[LinesOfBlock | WholeBlock] = [
        LinesOfBlock(payment_information_id=f"PI{number}", lines=tuple(group))
        for number, group in enumerate(groups)
        if group
    ]
    parts += draw(
        st.lists(
            _wholes, max_size=2, min_size=0 if parts else 1, unique_by=lambda one: one.payment_information_id
        )
    )
    return ReversalMessage(
        message_id=draw(_ids), created_at=draw(_instants),
        initiating_party=draw(_names), creditor_bic=draw(_bics), original_message_id=draw(_ids),
        original_version=draw(st.sampled_from(["pain.008.001.08", "pain.008.001.02"])), blocks=tuple(parts),
    )  # fmt: skip
