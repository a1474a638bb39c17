"""The message that announces a debit to its debtor: amount, day, creditor, mandate (EPC016-06, section 4.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

from babel.dates import format_date
from babel.numbers import format_currency

from exporters.letters.languages import WORDS, Words
from exporters.letters.plain_text import header_line, one_line
from ledger.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class DebitNotice:
    """One debit as its debtor is told of it.

    `account_end` are the last characters of the debtor's IBAN, the only ones the letter shows. `replaces` says that
    an earlier notice of this debit may have reached the debtor. `message_id` is bare, without angle brackets; `sender`
    and `recipient` are addresses that ledger.email_addresses lets pass.
    """

    message_id: str
    at: datetime
    sender: str
    contact: str
    recipient: str
    language: str
    debtor_name: str
    creditor_name: str
    creditor_identifier: str
    creditor_address: tuple[str, ...] = ()
    mandate_reference: str
    invoice_number: str
    amount: Money
    collect_on: date
    account_end: str
    replaces: bool = False


def compose(notice: DebitNotice) -> bytes:
    """The message (RFC 5322, plain text with an HTML alternative), ready for SMTP: the same notice, the same bytes.

    Nothing in the notice can begin a header or an element of its own. Raises KeyError for a language without words.
    """
    words = WORDS[notice.language]
    message = EmailMessage(policy=SMTP)
    message["Date"] = format_datetime(notice.at)
    message["From"] = Address(header_line(notice.creditor_name), addr_spec=notice.sender)
    message["To"] = Address(addr_spec=notice.recipient)
    message["Subject"] = _subject(notice, words)
    message["Message-ID"] = f"<{notice.message_id}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday notice comes back
    message.set_content("\n".join(_as_text(notice, words)), cte="quoted-printable")
    message.add_alternative("\n".join(_as_html(notice, words)), subtype="html", cte="quoted-printable")
    # "=_" cannot stand in quoted-printable text, so that no part can hold the boundary (RFC 2045, section 6.7).
    message["Content-Language"] = notice.language
    message.set_boundary(f"=_{notice.message_id.partition('@')[0]}")
    return message.as_bytes()


def _rows(notice: DebitNotice, words: Words) -> Iterator[tuple[str, str]]:
    yield words.amount, _amount(notice, words)
    yield words.collect_on, format_date(notice.collect_on, "full", locale=words.locale)
    yield words.invoice, one_line(notice.invoice_number)
    yield words.account, f"IBAN \N{HORIZONTAL ELLIPSIS}{notice.account_end}"
    yield words.mandate, one_line(notice.mandate_reference)
    yield words.creditor, one_line(notice.creditor_name)
    yield words.creditor_identifier, one_line(notice.creditor_identifier)


def _amount(notice: DebitNotice, words: Words) -> str:
    return format_currency(Decimal(notice.amount.decimal()), notice.amount.currency, locale=words.locale)


def _subject(notice: DebitNotice, words: Words) -> str:
    day = format_date(notice.collect_on, "medium", locale=words.locale)
    return words.subject.format(amount=_amount(notice, words), day=day)


def _opening(notice: DebitNotice, words: Words) -> str:
    return words.opening_again if notice.replaces else words.opening


def _signature(notice: DebitNotice) -> list[str]:
    return [one_line(line) for line in (notice.creditor_name, *notice.creditor_address)]


def _as_text(notice: DebitNotice, words: Words) -> Iterator[str]:
    yield words.greeting.format(name=one_line(notice.debtor_name))
    yield ""
    yield _opening(notice, words)
    yield ""
    for label, value in _rows(notice, words):
        yield f"  {label}: {value}"
    yield ""
    yield words.closing
    yield words.questions.format(contact=one_line(notice.contact))
    yield ""
    yield from _signature(notice)
    yield ""


def _as_html(notice: DebitNotice, words: Words) -> Iterator[str]:
    yield "<!DOCTYPE html>"
    yield f'<html lang="{escape(notice.language)}"><head><meta charset="utf-8">'
    yield f"<title>{escape(_subject(notice, words))}</title></head><body>"
    yield f"<p>{escape(words.greeting.format(name=one_line(notice.debtor_name)))}</p>"
    yield f"<p>{escape(_opening(notice, words))}</p>"
    yield "<table>"
    for label, value in _rows(notice, words):
        yield f'<tr><th align="left">{escape(label)}</th><td>{escape(value)}</td></tr>'
    yield "</table>"
    yield f"<p>{escape(words.closing)}<br>"
    yield f"{escape(words.questions.format(contact=one_line(notice.contact)))}</p>"
    yield f"<p>{'<br>'.join(escape(line) for line in _signature(notice))}</p>"
    yield "</body></html>"
    yield ""
