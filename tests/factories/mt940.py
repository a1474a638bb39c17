"""Writes MT940 statements and MT942 interim reports as banks do, from simple arguments.

    mt940([Entry(amount=1250, text=german("166", purpose="RE-2026-0815", name="Anna Beispiel"))])

Amounts are minor units of a currency with two decimals, signed from the account holder's view. The closing
balance is what opening and entries make, unless it is given. The same arguments give the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

ACCOUNT = "DE89370400440532013000"
CUSTOMER = "DE02120300000000202051"
DAY = date(2026, 1, 5)
WIDTH = 65


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line. `mark` and `text` replace what follows from the amount; `extra` stands in the line below.

    `texts` are the contents of one :86: each, wrapped already or not.
    """

    amount: int
    valued_on: date = DAY
    booked_on: date | None = DAY
    mark: str | None = None
    letter: str = ""
    kind: str = "NTRF"
    reference: str = "NONREF"
    bank_reference: str | None = None
    extra: str | None = None
    text: str | Sequence[str] = ()

    def lines(self) -> list[str]:
        mark = self.mark or ("C" if self.amount >= 0 else "D")
        booked = f"{self.booked_on:%m%d}" if self.booked_on else ""
        bank = f"//{self.bank_reference}" if self.bank_reference else ""
        first = (
            f":61:{self.valued_on:%y%m%d}{booked}{mark}{self.letter}{comma(self.amount)}"
            f"{self.kind}{self.reference}{bank}"
        )
        texts = [self.text] if isinstance(self.text, str) else self.text
        return [first, *([self.extra] if self.extra else []), *(f":86:{text}" for text in texts)]


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message (:20: to "-"). A balance of None is left out; `closing` follows from the entries unless given."""

    entries: tuple[Entry, ...] = ()
    account: str | None = ACCOUNT
    reference: str = "STARTUMS"
    number: str = "1/1"
    currency: str = "EUR"
    opening: int | None = 100_000
    closing: int | str | None = "proved"
    opening_tag: str = "60F"
    closing_tag: str = "62F"
    opened_on: date = DAY
    closed_on: date = DAY
    behind: tuple[str, ...] = ()
    end: str = "-"

    def lines(self) -> list[str]:
        closing = self.closing
        if closing == "proved":
            closing = (self.opening or 0) + sum(entry.amount for entry in self.entries)
        fields = [f":20:{self.reference}"]
        fields += [f":25:{self.account}"] if self.account else []
        fields += [f":28C:{self.number}"]
        fields += self._balance(self.opening_tag, self.opening, self.opened_on)
        fields += [line for entry in self.entries for line in entry.lines()]
        fields += self._balance(self.closing_tag, closing, self.closed_on)
        return [*fields, *self.behind, *([self.end] if self.end else [])]

    def _balance(self, tag: str, amount: object, on: date) -> list[str]:
        if not isinstance(amount, int):
            return []
        mark = "C" if amount >= 0 else "D"
        return [f":{tag}:{mark}{on:%y%m%d}{self.currency}{comma(amount)}"]


def comma(minor: int) -> str:
    """Minor units as SWIFT writes an amount, without its sign: 1250 is "12,50"."""
    return f"{abs(minor) // 100},{abs(minor) % 100:02d}"


def wrapped(text: str, *, first: int = WIDTH) -> str:
    """The text cut into lines of 65 characters, the first of them of `first`."""
    rest = text[first:]
    return "\n".join([text[:first], *(rest[at : at + WIDTH] for at in range(0, len(rest), WIDTH))])


def german(
    code: str,
    *,
    purpose: str = "",
    booking_text: str | None = "GUTSCHRIFT",
    primanota: str | None = None,
    bic: str | None = None,
    iban: str | None = None,
    name: str | None = None,
    key: str | None = None,
    separator: str = "?",
) -> str:
    """A text of subfields: the purpose in parts of 27, the name in two parts, the whole in lines of 65."""
    numbers = [*range(20, 30), *range(60, 64)]
    parts = [purpose[at : at + 27] for at in range(0, len(purpose), 27)]
    fields = [("00", booking_text), ("10", primanota)]
    fields += [(str(number), part) for number, part in zip(numbers[:10], parts[:10], strict=False)]
    fields += [("30", bic), ("31", iban)]
    fields += [
        ("32", name and name[:27]),
        ("33", name[27:] if name and len(name) > 27 else None),
        ("34", key),
    ]
    fields += [(str(number), part) for number, part in zip(numbers[10:], parts[10:], strict=False)]
    return wrapped(code + "".join(f"{separator}{number}{text}" for number, text in fields if text))


def mt940_file(messages: Sequence[Message], *, line_end: str = "\r\n", encoding: str = "utf-8") -> bytes:
    """A file of several messages."""
    lines = [line for message in messages for field in message.lines() for line in field.split("\n")]
    return "".join(line + line_end for line in lines).encode(encoding)


def mt940(
    entries: Sequence[Entry] = (), *, line_end: str = "\r\n", encoding: str = "utf-8", **facts: object
) -> bytes:
    """A file of one message; `facts` are those of Message."""
    message = Message(entries=tuple(entries), **facts)  # type: ignore[arg-type]
    return mt940_file([message], line_end=line_end, encoding=encoding)


def mt942(
    entries: Sequence[Entry] = (), *, floor: str | None = "EUR0,00", totals: Sequence[str] = ()
) -> bytes:
    """An interim report: a floor limit instead of balances, and totals such as ":90C:2EUR12,50"."""
    head = [
        ":20:STARTDISP",
        f":25:{ACCOUNT}",
        ":28C:5/1",
        *([f":34F:{floor}"] if floor else []),
        ":13D:2601051200+0100",
    ]
    body = [line for entry in entries for field in entry.lines() for line in field.split("\n")]
    return "".join(f"{line}\r\n" for line in [*head, *body, *totals, "-"]).encode()
