"""The demo's invented company, made from word lists: every name, account and invoice of it is made up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from operator import itemgetter
from random import Random

import schwifty
from anyascii import anyascii

from exporters.pain008.message import Scheme
from gateway.sandbox.bank_day import bank_day
from gateway.sandbox.books import Company, Creditor, Customer, Invoice, Mandate
from gateway.sandbox.names import COUNTRIES, WORDS
from ledger.money import Money

__all__ = ["Company", "Creditor", "Customer", "Invoice", "Mandate", "bank_day", "build"]

# An example creditor identifier of the Bundesbank's documentation and a well-known example IBAN.
CREDITOR = Creditor(
    name="Quellwerk Siebenbrunn GmbH",
    creditor_id="DE98ZZZ09999999999",
    iban="DE02120300000000202051",
    bic="BYLADEM1001",
    street="Siebenbrunnenweg 7",
    postcode="10115",
    town="Berlin",
    country="DE",
)

# How many customers in a hundred live where.
_COUNTRY_WEIGHTS = {"DE": 58, "AT": 12, "FR": 8, "NL": 7, "BE": 5, "IT": 5, "ES": 5}
_COMPANIES_PERCENT = 45
_B2B_PERCENT = 30


@dataclass(frozen=True, slots=True)
class _Bban:
    """How a country numbers accounts: two bank codes that no bank has, a branch, so many digits."""

    banks: tuple[str, str]
    branch: str
    digits: int


# Bank codes that are not given out, so that no account of the demo is anybody's.
_BBANS = {
    "DE": _Bban(("90000001", "90000003"), "", 10),
    "AT": _Bban(("99901", "99902"), "", 11),
    "FR": _Bban(("99901", "99902"), "00001", 11),
    "NL": _Bban(("DEMO", "DEMP"), "", 10),
    "BE": _Bban(("998", "997"), "", 7),
    "IT": _Bban(("99901", "99902"), "99901", 12),
    "ES": _Bban(("9990", "9991"), "0001", 10),
}

_FIRST_CUSTOMER = 10001
_FIRST_INVOICE = 801
_LONGEST_AGE_DAYS = 60
_CONSUMER_TERM_DAYS = 14
_COMPANY_TERMS_DAYS = (14, 30, 30, 30)

# Monthly rent of a water dispenser and the price of one crate, net, in cents.
_RENTS_MINOR = (1490, 2490, 2490, 3990, 5900, 8900)
_CRATES_MINOR = (595, 695, 1150)


def build(
    *, today: date, seed: int, customers: int = 300, mandates: int = 250, invoices: int = 1500
) -> Company:
    """The company as it stands on `today`, the same for the same arguments; customers depend on `seed` alone.

    Invoices were issued in the 60 days before; some are due, some not yet. Totals are in EUR with value added
    tax. Raises ValueError for more mandates than customers, for invoices without customers, and for more
    customers than the word lists have names for.
    """
    if mandates > customers or (invoices and not customers):
        raise ValueError("a customer gives at most one mandate, and an invoice needs a customer")
    people = tuple(_customers(customers, Random(f"customers/{seed}")))  # noqa: S311 - a game, no secret
    chance = Random(f"invoices/{seed}/{today.isoformat()}")  # noqa: S311 - a game, no secret
    mandated = sorted(chance.sample(range(customers), mandates))
    return Company(
        creditor=CREDITOR,
        customers=people,
        mandates=tuple(_mandate(people[index], today, chance) for index in mandated),
        invoices=tuple(_invoices(invoices, people, today, chance)),
    )


def _customers(count: int, chance: Random) -> Iterator[Customer]:
    emails: set[str] = set()
    for number in range(_FIRST_CUSTOMER, _FIRST_CUSTOMER + count):
        (country,) = chance.choices(tuple(_COUNTRY_WEIGHTS), tuple(_COUNTRY_WEIGHTS.values()))
        language = chance.choice(COUNTRIES[country].languages)
        is_company = chance.randrange(100) < _COMPANIES_PERCENT
        name, email = _new_name(emails, country, language, is_company, chance)
        emails.add(email)
        postcode, town = chance.choice(COUNTRIES[country].towns)
        yield Customer(
            external_id=f"K-{number}",
            name=name,
            is_company=is_company,
            email=email,
            street=f"{chance.choice(WORDS[language].streets)} {chance.randint(1, 120)}",
            postcode=postcode,
            town=town,
            country=country,
            language=language,
            iban=new_iban(country, number, chance),
            term_days=chance.choice(_COMPANY_TERMS_DAYS) if is_company else _CONSUMER_TERM_DAYS,
        )


def _new_name(
    taken: set[str], country: str, language: str, is_company: bool, chance: Random
) -> tuple[str, str]:
    """A name and its mail address, neither of which anybody has yet."""
    for _ in range(1000):
        name = _firm(country, language, chance) if is_company else _person(language, chance)
        email = _email(name, is_company)
        if email not in taken:
            return name, email
    raise ValueError("the word lists have no more names")


def _person(language: str, chance: Random) -> str:
    words = WORDS[language]
    return f"{chance.choice(words.given)} {chance.choice(words.family)}"


def _firm(country: str, language: str, chance: Random) -> str:
    words = WORDS[language]
    form = chance.choice(COUNTRIES[country].legal_forms)
    return f"{chance.choice(words.stems)} {chance.choice(words.trades)} {form}"


def _email(name: str, is_company: bool) -> str:
    """An address under `.example`, which leads nowhere (RFC 2606)."""
    words = [
        "".join(letter for letter in anyascii(word).lower() if letter.isalnum()) for word in name.split()[:2]
    ]
    return f"buchhaltung@{'-'.join(words)}.example" if is_company else f"{'.'.join(words)}@post.example"


def new_iban(country: str, number: int, chance: Random, *, other_bank: bool = False) -> str:
    """An IBAN with right check digits, also national ones; `number` keeps it unique."""
    form = _BBANS[country]
    account = f"{chance.randrange(1, 100)}{number}".rjust(form.digits, "0")
    return schwifty.IBAN.generate(country, form.banks[other_bank], account, form.branch).compact


def _mandate(customer: Customer, today: date, chance: Random) -> Mandate:
    """Signed one month to two years ago, so that it has not lapsed after 36 months without use."""
    signed_on = today - timedelta(days=chance.randint(30, 730))
    b2b = customer.is_company and chance.randrange(100) < _B2B_PERCENT
    return Mandate(
        reference=f"M-{signed_on.year}-{customer.external_id.removeprefix('K-')}",
        customer_external_id=customer.external_id,
        scheme=Scheme.B2B if b2b else Scheme.CORE,
        signed_on=signed_on,
        debtor_name=customer.name,
        debtor_iban=customer.iban,
    )


def _invoices(count: int, people: Sequence[Customer], today: date, chance: Random) -> Iterator[Invoice]:
    """One for each customer as far as `count` goes, the others at random; numbered by day of issue."""
    owing = [*people[:count], *chance.choices(people, k=max(0, count - len(people)))]
    issued = [(today - timedelta(days=chance.randint(1, _LONGEST_AGE_DAYS)), customer) for customer in owing]
    issued.sort(key=itemgetter(0))
    for number, (issued_on, customer) in enumerate(issued, start=_FIRST_INVOICE):
        yield Invoice(
            external_id=f"ERP-{500_000 + number}",
            number=f"RE-{issued_on.year}-{number:05d}",
            customer_external_id=customer.external_id,
            total=monthly_total(customer, chance),
            issued_on=issued_on,
            due_on=issued_on + timedelta(days=customer.term_days),
        )


def monthly_total(customer: Customer, chance: Random) -> Money:
    """Rent and crates with the customer's value added tax, in cents, half a cent up.

    Firms in other countries of the Union owe the tax themselves (Directive 2006/112/EC, article 196).
    """
    dispensers = chance.randint(1, 8) if customer.is_company else 1
    net = dispensers * chance.choice(_RENTS_MINOR)
    if chance.randrange(100) < 70:
        net += chance.randint(1, 6 * dispensers) * chance.choice(_CRATES_MINOR)
    reverse_charge = customer.is_company and customer.country != CREDITOR.country
    percent = 0 if reverse_charge else COUNTRIES[customer.country].vat_percent
    return Money(net + (net * percent + 50) // 100, "EUR")
