"""What a bank, the creditor's own limits or plain sense have against a batch, beside each debit concerned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from exporters import stored_files
from exporters.models import StoredFile
from exporters.pain008 import characters
from exporters.pain008.characters import Characters
from exporters.pain008.check import Report
from ledger import cut_offs
from ledger.acts import Act
from ledger.database import among
from ledger.models import BankAccount, Creditor
from ledger.money import Money
from mandates import batches, pre_notifications, terms
from mandates.collectable import DORMANT_AFTER_YEARS
from mandates.models import Batch, Debit
from mandates.states import BatchState
from mandates.terms import Terms

SAME_AMOUNT_DAYS = 7  # twins of one customer that are closer than this may be one collection made twice
UNUSUAL_FACTOR = 3  # a file larger than so many usual ones is approved with its total typed by hand
USUAL_FILES = 6
FEWEST_USUAL_FILES = 3


class Severity(StrEnum):
    """An error hinders approval and release; `confirm` asks for the total by hand; a warning is for the eye."""

    ERROR = "error"
    CONFIRM = "confirm"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found about a debit, or about the whole batch where `debit_id` is None.

    `before` and `after` show what becomes of a text whose characters the bank does not take.
    """

    rule: str
    severity: Severity
    message: str
    debit_id: str | None = None
    before: str | None = None
    after: str | None = None


def keep(session: Session, file: StoredFile, report: Report) -> None:
    """Write down what the rule layer found in the bytes of a file; as the bytes, it never changes."""
    file.findings = [
        {
            "rule": one.rule, "severity": str(one.severity), "end_to_end_id": one.transaction, "path": one.path,
            "message": one.message,
        }
        for one in report.findings
    ]  # fmt: skip
    session.flush()


def examine(session: Session, batch: Batch, *, leaving: bool = False, act: Act) -> list[Finding]:
    """Everything found about a batch as it is now, errors first; nothing found is an empty list.

    Of one that has left only the file is told: what changed since does not speak against it. At the very release,
    `leaving` holds it to everything once more.

    Each debit is held to the rules of its file (schema, rulebooks, characters, addresses, check digits), to its
    mandate, invoice, dates and notice, to the creditor's limits, and to what was sent before.
    """
    session.flush()
    found = [*_in_file(session, batch), *_characters(session, batch)]
    if leaving or batch.state in (BatchState.DRAFT, BatchState.APPROVED):
        found += _as_things_are(session, batch, act)
    order = list(Severity)
    return sorted(found, key=lambda one: order.index(one.severity))


def _as_things_are(session: Session, batch: Batch, act: Act) -> Iterator[Finding]:
    """What speaks against a batch by mandates, invoices, notices, dates, limits and other batches as they are now."""
    agreed = terms.of(session, batch.creditor_id)
    yield from _about_debits(session, batch, agreed)
    yield from _about_dates(session, batch, act)
    yield from _about_notices(session, batch)
    yield from _limits(session, batch, agreed)
    yield from _twins(session, batch)
    yield from _unusual(session, batch)


def _in_file(session: Session, batch: Batch) -> Iterator[Finding]:
    told = stored_files.of_batch(session, batch.id).findings or []
    names = {one["end_to_end_id"] for one in told if one["end_to_end_id"]}
    ids = {
        row.end_to_end_id: row.id
        for row in session.execute(
            select(Debit.end_to_end_id, Debit.id).where(among(Debit.end_to_end_id, names))
        )
    }
    for one in told:
        if one["rule"] == "characters":
            continue  # told below with what becomes of the text
        yield Finding(
            rule=one["rule"], severity=Severity(one["severity"]), debit_id=ids.get(one["end_to_end_id"]),
            message=one["message"],
        )  # fmt: skip


# Every query below names each debit of the batch that it has something against, in id order.
_OF_BATCH = """
FROM debits JOIN payment_blocks ON payment_blocks.id = debits.block_id
JOIN mandates ON mandates.id = debits.mandate_id JOIN invoices ON invoices.id = debits.invoice_id
JOIN customers ON customers.id = invoices.customer_id
WHERE payment_blocks.batch_id = :batch AND
"""
_DORMANT = (
    f"coalesce(mandates.last_collection_on, mandates.signed_on) + interval '{DORMANT_AFTER_YEARS} years' "
    "<= debits.collect_on AND debits.state <> 'submitted'"
)
_AGAINST = (
    (
        "mandate_not_active", "The mandate is not active.",
        "mandates.state <> 'active' "
        "AND NOT (mandates.type = 'one_off' AND mandates.state = 'consumed' AND debits.state = 'submitted')",
    ),
    ("mandate_dormant", "The mandate was not used for 36 months; a new one is needed.", _DORMANT),
    ("mandate_unsigned", "The mandate is signed after the collection.", "mandates.signed_on > debits.collect_on"),
    (
        "mandate_changed", "The mandate is not what the file says any more.",
        "(mandates.iban, mandates.debtor_name, mandates.reference) "
        "IS DISTINCT FROM (debits.debtor_iban, debits.debtor_name, debits.mandate_reference)",
    ),
    (
        "invoice_changed", "What is open on the invoice is not what the file collects.",
        "invoices.open_minor <> debits.amount_minor "
        "OR invoices.collection_status IN ('cancelled', 'written_off', 'disputed', 'promised', 'in_plan')",
    ),
    (
        "customer_stopped", "Nothing is collected from this customer without a person.",
        "customers.automatic_stopped_at IS NOT NULL",
    ),
)  # fmt: skip


def _about_debits(session: Session, batch: Batch, agreed: Terms) -> Iterator[Finding]:
    against = list(_AGAINST)
    if agreed.not_before_due:
        against.append(
            (
                "before_due",
                "The collection is before the invoice is due.",
                "debits.collect_on < invoices.due_on",
            )
        )
    for rule, message, condition in against:
        yield from _errors(session, batch, rule, message, condition)


def _errors(
    session: Session, batch: Batch, rule: str, message: str, condition: str, **values: object
) -> Iterator[Finding]:
    query = text(f"SELECT debits.id {_OF_BATCH} ({condition}) ORDER BY debits.id")
    for debit_id in session.scalars(query, {"batch": batch.id, **values}):
        yield Finding(rule=rule, severity=Severity.ERROR, debit_id=debit_id, message=message)


def _about_dates(session: Session, batch: Batch, act: Act) -> Iterator[Finding]:
    cut_off = cut_offs.of(session.get_one(BankAccount, batch.bank_account_id))
    first, last = cut_offs.earliest(cut_off, act.at), cut_offs.latest(cut_off, act.at)
    yield from _errors(
        session, batch, "too_late",
        f"The collection date can no longer be met; the first one is {first.isoformat()}.",
        "debits.collect_on < :first", first=first,
    )  # fmt: skip
    yield from _errors(
        session, batch, "too_early",
        f"The bank does not take the file yet; today's last collection date is {last.isoformat()}.",
        "debits.collect_on > :last", last=last,
    )  # fmt: skip


def _about_notices(session: Session, batch: Batch) -> Iterator[Finding]:
    if batch.released_at is None:
        for debit_id, why in sorted(
            pre_notifications.missing(session, batches.debits_of(session, batch.id)).items()
        ):
            yield Finding(rule="not_announced", severity=Severity.ERROR, debit_id=debit_id, message=why)


# What this batch and every other file of the creditor collects from a customer on a day.
_DEBTOR_DAYS = f"""
WITH ours AS (
    SELECT mandates.customer_id, min(debits.id) AS debit_id, debits.collect_on, debits.creditor_id
    {_OF_BATCH} true
    GROUP BY mandates.customer_id, debits.collect_on, debits.creditor_id
)
SELECT ours.debit_id, ours.collect_on, sum(debits.amount_minor) AS total
FROM ours JOIN mandates ON mandates.customer_id = ours.customer_id
JOIN debits ON debits.mandate_id = mandates.id AND debits.collect_on = ours.collect_on
    AND debits.creditor_id = ours.creditor_id AND debits.state IN ('batched', 'submitted', 'collected', 'settled')
GROUP BY ours.debit_id, ours.collect_on HAVING sum(debits.amount_minor) > :limit ORDER BY ours.debit_id
"""  # noqa: S608 - made of constants


def _limits(session: Session, batch: Batch, agreed: Terms) -> Iterator[Finding]:
    if agreed.largest_debit_minor is not None:
        yield from _errors(
            session, batch, "limit_per_debit",
            f"The debit is above the limit of {_money(agreed.largest_debit_minor)} for one debit.",
            "debits.amount_minor > :limit", limit=agreed.largest_debit_minor,
        )  # fmt: skip
    if agreed.largest_debtor_day_minor is not None:
        values = {"batch": batch.id, "limit": agreed.largest_debtor_day_minor}
        for row in session.execute(text(_DEBTOR_DAYS), values):
            yield Finding(
                rule="limit_per_debtor_and_day", severity=Severity.ERROR, debit_id=row.debit_id,
                message=f"{_money(row.total)} would be collected from this customer on "
                f"{row.collect_on.isoformat()}; the limit is {_money(agreed.largest_debtor_day_minor)}.",
            )  # fmt: skip
    if agreed.largest_file_minor is not None and batch.total_minor > agreed.largest_file_minor:
        yield Finding(
            rule="limit_per_file", severity=Severity.ERROR,
            message=f"The file is above the limit of {_money(agreed.largest_file_minor)} for one file.",
        )  # fmt: skip


_TWINS = f"""
SELECT DISTINCT debits.id {_OF_BATCH} EXISTS (
    SELECT 1 FROM debits AS others JOIN mandates AS theirs ON theirs.id = others.mandate_id
    WHERE theirs.customer_id = mandates.customer_id AND others.creditor_id = debits.creditor_id
    AND others.id <> debits.id AND others.amount_minor = debits.amount_minor
    AND others.state IN ('batched', 'submitted', 'collected', 'settled')
    AND others.collect_on BETWEEN debits.collect_on - {SAME_AMOUNT_DAYS} AND debits.collect_on + {SAME_AMOUNT_DAYS}
) ORDER BY debits.id
"""  # noqa: S608 - made of constants


def _twins(session: Session, batch: Batch) -> Iterator[Finding]:
    for debit_id in session.scalars(text(_TWINS), {"batch": batch.id}):
        yield Finding(
            rule="duplicate_collection", severity=Severity.WARNING, debit_id=debit_id,
            message=f"The same amount is collected from this customer within {SAME_AMOUNT_DAYS} days.",
        )  # fmt: skip


def _unusual(session: Session, batch: Batch) -> Iterator[Finding]:
    """A file far above what is usual was often made by mistake, for example with decimals shifted."""
    usual = session.scalars(
        select(Batch.total_minor)
        .where(
            Batch.creditor_id == batch.creditor_id,
            Batch.scheme == batch.scheme,
            Batch.released_at.is_not(None),
            Batch.id != batch.id,
        )
        .order_by(Batch.released_at.desc(), Batch.id.desc())
        .limit(USUAL_FILES)
    ).all()
    if len(usual) < FEWEST_USUAL_FILES or batch.total_minor <= UNUSUAL_FACTOR * median(usual):
        return
    yield Finding(
        rule="unusual_file", severity=Severity.CONFIRM,
        message=f"The file of {_money(batch.total_minor)} is more than {UNUSUAL_FACTOR} times what is usual: half of "
        f"the last {len(usual)} files were below {_money(int(median(usual)))}.",
    )  # fmt: skip


def _characters(session: Session, batch: Batch) -> Iterator[Finding]:
    account = session.get_one(BankAccount, batch.bank_account_id)
    taken = characters.by_name(account.character_profile)
    yield from _rewritten(session.get_one(Creditor, batch.creditor_id).name, None, "creditor name", taken)
    names = text(
        f"SELECT debits.id, mandates.debtor_name, invoices.number {_OF_BATCH} true ORDER BY debits.id"
    )
    for row in session.execute(names, {"batch": batch.id}):
        yield from _rewritten(row.debtor_name, row.id, "debtor name", taken)
        yield from _rewritten(row.number, row.id, "remittance", taken)


def _rewritten(said: str, debit_id: str | None, noun: str, taken: Characters) -> Iterator[Finding]:
    both = characters.changed(said, taken)
    if both is not None:
        yield Finding(
            rule="characters", severity=Severity.WARNING, debit_id=debit_id, before=both[0], after=both[1],
            message=f"The bank does not take every character of the {noun}; the file has it rewritten.",
        )  # fmt: skip


def _money(minor: int) -> str:
    return str(Money(minor, "EUR"))
