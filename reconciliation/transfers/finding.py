"""From waiting credits to findings: the one reading that is certain, or the proposals and why none is."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger import invoice_numbers, party_names
from ledger.models import AllocationKind
from ledger.references import references_in
from reconciliation.transfers import certainty, evidence
from reconciliation.transfers.candidates import Credit, Known, Payer, prefixes
from reconciliation.transfers.certainty import Row, Terms
from reconciliation.transfers.evidence import Evidence, Objection, Support
from reconciliation.transfers.numbers import How, Mention, Shapes, as_written, mentions, strays, tails
from reconciliation.transfers.payers import Payers
from reconciliation.transfers.proposing import Candidate, Sight
from reconciliation.transfers.reading import Reading, Share
from reconciliation.transfers.vocabulary import Role
from reconciliation.transfers.words import Mark, Words

MOST_PROPOSALS = 5
NOTHING_KNOWN = "Neither a reference of ours nor an invoice number stands in it."
SEVERAL_FIT = "Several readings fit equally, so none was applied."
HELD = "A person has decided about it, so nothing is applied by itself."
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Proposed:
    """A reading that a person may confirm, the row of the table that it meets, if any, and its evidence."""

    reading: Reading
    supports: tuple[Support, ...]
    doubts: tuple[Objection, ...]
    certainty: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about a credit.

    `certain` is the reading to apply, by `row` of `grade`; `seen` says what its invoices and credit notes had open, by
    id, when that was found, and `customers` whose these are. Without it the credit waits `because`, with `proposals` in
    the order of their weight.
    """

    credit_id: str
    certain: Proposed | None
    row: str | None
    grade: int
    seen: Mapping[str, int]
    customers: tuple[str, ...]
    memories: tuple[str, ...]
    proposals: tuple[Proposed, ...]
    because: str


@dataclass(frozen=True, slots=True)
class _Said:
    """What a credit says."""

    credit: Credit
    words: Words
    mentions: tuple[Mention, ...]
    strays: tuple[str, ...]
    references: tuple[str, ...]


def find(
    session: Session,
    some: Sequence[Credit],
    *,
    terms: Mapping[str, Terms],
    rejected: Mapping[str, frozenset[str]] | None = None,
    given_back: Mapping[str, int] | None = None,
) -> list[Finding]:
    """A finding for each credit, in the order given; nothing is written.

    `terms` is by creditor id; a creditor without any has the standard table. `rejected` holds by line id the digests
    of readings that a person rejected, `given_back` what invoices and credit notes are taken to have open besides.
    """
    by_creditor: dict[str, list[Credit]] = defaultdict(list)
    for credit in some:
        by_creditor[credit.creditor_id].append(credit)
    found: dict[str, Finding] = {}
    for creditor_id, own in sorted(by_creditor.items()):
        shapes = Shapes.of(invoice_numbers.shapes(session, creditor_id))
        known = Known(session, creditor_id, given_back)
        for finding in _of_creditor(own, shapes, known, terms.get(creditor_id) or _STANDARD, rejected or {}):
            found[finding.credit_id] = finding
    return [found[credit.id] for credit in some]


_STANDARD = Terms()


def _of_creditor(
    own: Sequence[Credit], shapes: Shapes, known: Known, terms: Terms, rejected: Mapping[str, frozenset[str]]
) -> Iterator[Finding]:
    said = [_said(credit, shapes) for credit in own]
    known.fetch_named(
        (mention.core for one in said for mention in one.mentions),
        (reference for one in said for reference in one.references),
        (credit.account for credit in own if credit.account),
    )
    known.fetch_in_transit(credit.amount_minor for credit in own)
    rest: list[_Said] = []
    for one in said:
        plain = None if one.credit.is_held or one.credit.id in rejected else _plain(one, known, terms)
        if plain is None:
            rest.append(one)
        else:
            yield plain
    known.fetch_payers(
        (name for one in rest for name in (one.credit.name, _beneficiary(one.credit)) if name),
        (token for one in rest for token in _tokens(one.words)),
        (token for one in rest for token in _tokens(one.words)),
    )
    payers = {one.credit.id: _payers(one, known) for one in rest}
    known.fetch_pays_for(payer.customer_id for some in payers.values() for payer in some.all())
    payers = {one.credit.id: _payers(one, known) for one in rest}
    sights = [
        Sight(
            one.credit, mentions=one.mentions, strays=one.strays, tails=tails(one.words, shapes),
            references=one.references, orders=_tokens(one.words), payers=payers[one.credit.id], known=known,
            terms=terms,
        )
        for one in rest
    ]  # fmt: skip
    involved = {customer for sight in sights for customer in sight.named_customers}
    involved |= {payer.customer_id for some in payers.values() for payer in some.all()}
    known.fetch_items(involved)
    known.fetch_habits(involved)
    for one, sight in zip(rest, sights, strict=True):
        yield _weighed(one.credit, sight.readings(), terms, rejected.get(one.credit.id, frozenset()), known)


def _said(credit: Credit, shapes: Shapes) -> _Said:
    words = Words.of(credit.remittance)
    references = references_in(credit.reference, credit.remittance)
    if any(
        role is Role.CURRENCY and piece != credit.currency and len(piece) == 3
        for role, piece in zip(words.roles, words.pieces, strict=True)
    ):
        credit = replace(credit, is_converted=True)
    return _Said(credit, words, mentions(words, shapes), strays(words, shapes), references)


def _tokens(words: Words) -> tuple[str, ...]:
    """What can be a purchase order or a customer's number: words with digits, and such words that marks join."""
    found = []
    for place in words.numeric:
        if words.marks.get(place) in _NO_NUMBERS:
            continue
        run = words.pieces[place]
        if len(run) >= _SHORTEST_TOKEN:
            found.append(run)
        for after in range(place + 1, min(place + _MOST_JOINED, len(words.pieces))):
            if words.gaps[after].strip() != words.gaps[after] or not words.gaps[after]:
                break
            run += words.pieces[after]
            found.append(run)
        if place and words.pieces[place - 1].isalpha():
            found.append(words.pieces[place - 1] + words.pieces[place])
    return tuple(dict.fromkeys(found[:_MOST_TOKENS]))


_NO_NUMBERS = frozenset({Mark.TELEPHONE, Mark.ACCOUNT, Mark.ADDRESS, Mark.AMOUNT, Mark.REFERENCE})
_SHORTEST_TOKEN = 3
_MOST_JOINED = 4
_MOST_TOKENS = 40


def _plain(one: _Said, known: Known, terms: Terms) -> Finding | None:
    """The usual case without further ado: one whole number or reference, its payer, exactly its open amount."""
    credit = one.credit
    if (
        credit.amount_minor in known.in_transit
        or credit.is_converted
        or len(one.mentions) + len(one.references) != 1
        or credit.account is None
    ):
        return None
    if one.references:
        bills = known.by_reference.get(one.references[0], [])
    else:
        bills = known.by_core.get(one.mentions[0].core, [])
    if len(bills) != 1:
        return None
    bill = bills[0]
    if one.mentions and (
        one.mentions[0].called_otherwise or as_written(one.mentions[0], bill.number) != How.WHOLE
    ):
        return None
    if not bill.is_open or bill.open_minor != credit.amount_minor or bill.currency != credit.currency:
        return None
    payer = next(
        (one for one in known.by_account.get(credit.account, ()) if one.customer_id == bill.customer_id), None
    )
    if payer is None:
        return None
    support = evidence.reference_given(bill.number) if one.references else evidence.number_named(bill.number)
    named = (support.evidence, Evidence.OPEN_AMOUNT, payer.support.evidence)
    row = terms.decide(certainty.mask(named), 0)
    if row is None or not row.applied:
        return None
    reading = Reading(bill.customer_id, (Share(bill.id, AllocationKind.PAYMENT, bill.open_minor),))
    proposed = Proposed(reading, (support, evidence.open_amount_paid(), payer.support), (), row.name)
    memories = () if payer.memory_id is None else (payer.memory_id,)
    return Finding(
        credit.id,
        proposed,
        row.name,
        row.grade,
        {bill.id: bill.open_minor},
        (bill.customer_id,),
        memories,
        (),
        "",
    )


def _payers(one: _Said, known: Known) -> Payers:
    credit = one.credit
    key = party_names.name_key(credit.name or "")
    by_account = list(known.by_account.get(credit.account or "", ()))
    alike = [
        Payer(customer_id, evidence.name_of_customer() if key == theirs else evidence.name_like_customer())
        for prefix in prefixes(key)
        for customer_id, theirs in known.by_name.get(prefix, ())
        if key == theirs or party_names.similar(key, theirs)
    ]
    same = [payer for payer in alike if payer.support.evidence == Evidence.NAME]
    by_name = [*known.by_remembered_name.get(key, ()), *(same or alike)]
    by_number = [payer for token in _tokens(one.words) for payer in known.by_number.get(token, ())]
    by_number += _said_for(credit, known)
    by_account += [
        child for payer in (by_account or by_name) for child in known.pays_for.get(payer.customer_id, ())
    ]
    return Payers(by_account, by_name, by_number, key)


_FOR = re.compile(
    r"\b(?:für|fuer|for|pour|per|voor|para|por|im auftrag von|i\.a\.)\s+([^,;:0-9]{4,70})", re.IGNORECASE
)


def _beneficiary(credit: Credit) -> str | None:
    """Whom the text says that it is paid for."""
    found = _FOR.search(credit.remittance or "")
    return found.group(1).strip() if found else None


def _said_for(credit: Credit, known: Known) -> list[Payer]:
    """The customer with the name that the text says it is paid for."""
    name = _beneficiary(credit)
    key = party_names.name_key(name) if name else ""
    return [
        Payer(customer_id, evidence.customer_named(name or ""))
        for prefix in prefixes(key)
        for customer_id, theirs in known.by_name.get(prefix, ())
        if theirs == key
    ]


def _weighed(
    credit: Credit, candidates: Sequence[Candidate], terms: Terms, rejected: frozenset[str], known: Known
) -> Finding:
    ranked = sorted(
        (
            _Ranked(candidate, row, digest)
            for candidate in candidates
            if candidate.reading.money_minor == credit.amount_minor
            and (digest := candidate.reading.digest) not in rejected
            for row in [_row_of(candidate, terms)]
        ),
        key=lambda one: one.order(terms),
    )
    certain = [(one, one.row) for one in ranked if one.row is not None and one.row.applied]
    proposals = tuple(_proposed(one) for one in ranked[:MOST_PROPOSALS])
    if not certain:
        return _waits(credit, proposals, _because(proposals))
    best, row = certain[0]
    if any(other.grade == row.grade for _, other in certain[1:]):
        return _waits(credit, proposals, SEVERAL_FIT)
    if credit.is_held:
        return _waits(credit, proposals, HELD)
    if best.candidate.reading.customer_id is None and best.candidate.reading.on_account_minor:
        return _waits(credit, proposals, _because(proposals))
    seen = known.seen(best.candidate.reading)
    customers = {known.customer_of[one] for one in seen} or {str(best.candidate.reading.customer_id)}
    return Finding(
        credit.id, _proposed(best), row.name, row.grade, seen, tuple(sorted(customers)),
        best.candidate.memories, (), "",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Ranked:
    candidate: Candidate
    row: Row | None
    digest: str

    def order(self, terms: Terms) -> tuple[int, int, int, int, str]:
        """Rows of the table first; then what is named before what only the payer tells, and whole before parts."""
        place = len(terms.rows) if self.row is None else terms.rows.index(self.row)
        candidate = self.candidate
        return place, _tier(candidate), len(candidate.doubts), -len(candidate.supports), self.digest


_NAMES = frozenset({Evidence.REFERENCE, Evidence.NUMBER, Evidence.LOOSE_NUMBER, Evidence.PURCHASE_ORDER})
_WHOLE = frozenset({Evidence.OPEN_AMOUNT, Evidence.SUM, Evidence.DISCOUNT, Evidence.CREDIT_NOTE})


def _tier(candidate: Candidate) -> int:
    """How a reading comes among others that meet no row, or the same."""
    has = {support.evidence for support in candidate.supports}
    if not candidate.reading.shares:
        return 6
    if has & _NAMES:
        return 0 if has & _WHOLE else 2
    if Evidence.NEAR_NUMBER in has:
        return 1 if has & _WHOLE else 5
    if Evidence.PART in has:
        return 5
    return 3 if Evidence.OPEN_AMOUNT in has else 4


def _row_of(candidate: Candidate, terms: Terms) -> Row | None:
    return terms.decide(
        certainty.mask(one.evidence for one in candidate.supports),
        certainty.mask(one.doubt for one in candidate.doubts),
    )


def _proposed(one: _Ranked) -> Proposed:
    return Proposed(
        one.candidate.reading,
        one.candidate.supports,
        one.candidate.doubts,
        None if one.row is None else one.row.name,
    )


def _waits(credit: Credit, proposals: tuple[Proposed, ...], because: str) -> Finding:
    return Finding(credit.id, None, None, 0, {}, (), (), proposals, because)


def _because(proposals: Sequence[Proposed]) -> str:
    """Why a credit waits, in a clerk's words: what the likeliest reading has for and against it."""
    if not proposals:
        return NOTHING_KNOWN
    best = proposals[0]
    told = " ".join(support.sentence for support in best.supports[:4])
    against = " ".join(objection.sentence for objection in best.doubts[:3])
    return f"{told} But: {against}"[:_LONGEST_REASON] if against else told[:_LONGEST_REASON]


# --- findings on their way from one worker to another ---


def to_text(finding: Finding) -> str:
    """A finding as JSON text."""
    return json.dumps(
        {
            "certain": None if finding.certain is None else _told(finding.certain),
            "row": finding.row, "grade": finding.grade, "seen": dict(finding.seen),
            "customers": finding.customers, "memories": finding.memories,
            "proposals": [_told(one) for one in finding.proposals], "because": finding.because,
        },
        separators=(",", ":"),
    )  # fmt: skip


def from_text(credit_id: str, body: str) -> Finding:
    """What `to_text` gave."""
    told = json.loads(body)
    return Finding(
        credit_id=credit_id,
        certain=None if told["certain"] is None else _heard(told["certain"]),
        row=told["row"], grade=told["grade"], seen=told["seen"],
        customers=tuple(told["customers"]), memories=tuple(told["memories"]),
        proposals=tuple(_heard(one) for one in told["proposals"]), because=told["because"],
    )  # fmt: skip


def _told(one: Proposed) -> dict[str, Any]:
    return {
        "reading": one.reading.to_json(),
        "supports": one.supports,
        "doubts": one.doubts,
        "row": one.certainty,
    }


def _heard(told: Mapping[str, Any]) -> Proposed:
    return Proposed(
        Reading.from_json(told["reading"]),
        tuple(Support(Evidence(name), sentence) for name, sentence in told["supports"]),
        tuple(Objection(evidence.Doubt(name), sentence) for name, sentence in told["doubts"]),
        told["row"],
    )


def rejected_readings(session: Session, line_ids: Iterable[str]) -> dict[str, frozenset[str]]:
    """By line id the digests of the readings that a person rejected."""
    found: dict[str, set[str]] = defaultdict(set)
    rows = session.execute(
        text("SELECT line_id, digest FROM proposals WHERE line_id = ANY(:ids) AND state = 'rejected'"),
        {"ids": list(line_ids)},
    )
    for row in rows:
        found[row.line_id].add(row.digest)
    return {line_id: frozenset(digests) for line_id, digests in found.items()}
