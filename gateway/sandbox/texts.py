"""What payers write: remittance texts in German, French, English and Dutch, with people's slips."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from random import Random

# {number} is the whole invoice number, {second} another, {customer} the customer number, {name} the payer.
_ONE_INVOICE: Mapping[str, tuple[str, ...]] = {
    "de": (
        "Rechnung {number}",
        "Rechnungsnr. {number}",
        "Re.-Nr. {number} vom {day}",
        "RG {number}, Kd.-Nr. {customer}",
        "{number}",
        "Ihre Rechnung {number} vom {day}, vielen Dank",
        "Zahlung Rechnung Nr. {number}",
        "{customer} / {number}",
        "Rechnung:{number} Kunde:{customer}",
        "rechnung {number} wasserspender",
        "Wasserspender Miete, Rechnung ({number})",
        "Überweisung zu {number} - danke für die pünktliche Lieferung",
    ),
    "fr": (
        "Facture {number}",
        "Facture n° {number} du {day}",
        "Règlement facture {number}",
        "FACT. {number} CLIENT {customer}",
        "Paiement de votre facture {number}",
        "{number} - {name}",
        "Virement facture {number}, merci",
    ),
    "en": (
        "Invoice {number}",
        "Payment for invoice {number}",
        "Inv. no. {number} dated {day}",
        "{number} / customer {customer}",
        "Your invoice {number}, thank you",
        "INV {number}",
        "Water dispenser, ref. {number}",
    ),
    "nl": (
        "Factuur {number}",
        "Betaling factuur {number}",
        "Factuurnummer {number}, klantnummer {customer}",
        "fact. {number} d.d. {day}",
        "{number} bedankt",
    ),
}

_TWO_INVOICES: Mapping[str, tuple[str, ...]] = {
    "de": (
        "Rechnungen {number} und {second}",
        "Rechnung {number}, {second}",
        "{number} + {second} / {customer}",
    ),
    "fr": ("Factures {number} et {second}", "Règlement {number} / {second}"),
    "en": ("Invoices {number} and {second}", "{number}; {second}"),
    "nl": ("Facturen {number} en {second}", "{number} + {second}"),
}

_PART_PAYMENT: Mapping[str, tuple[str, ...]] = {
    "de": ("Teilzahlung {number}", "Anzahlung auf Rechnung {number}, Rest folgt", "Rate 1 zu {number}"),
    "fr": ("Acompte facture {number}", "1er versement facture {number}"),
    "en": ("Part payment of invoice {number}", "First instalment {number}, balance to follow"),
    "nl": ("Deelbetaling factuur {number}", "Eerste termijn {number}"),
}

_CUSTOMER_NUMBER: Mapping[str, tuple[str, ...]] = {
    "de": ("Kundennummer {customer}", "Kd.-Nr. {customer} Wasserspender", "{customer}"),
    "fr": ("Client {customer}", "Réf. client {customer}"),
    "en": ("Customer {customer}", "Account no. {customer}"),
    "nl": ("Klantnummer {customer}", "{customer} water"),
}

_STRANGERS = ("Danke", "Danke nochmal!", "Spende Sommerfest", "Kaution Messestand", "Geburtstag Oma")
_SAME_AMOUNT = ("Einkauf vom Samstag", "wie besprochen", "Dauerauftrag", "Lieferung")
_PHONE = ("Bitte um Rückruf unter 0171{digits}", "Rückfragen Tel. 0049151{digits} nach 18 Uhr")

_DAY_FORMATS = {"de": "%d.%m.%Y", "fr": "%d/%m/%Y", "en": "%Y-%m-%d", "nl": "%d-%m-%Y"}

# Payers who write Italian or Spanish at home write English to a German firm.
_FOREIGN = "en"


def one_invoice(
    chance: Random, language: str, *, number: str, customer: str, name: str, issued_on: date
) -> str:
    """A text that holds the invoice number as given, now and then all in capitals as some banks send it."""
    form = _pick(_ONE_INVOICE, language, chance)
    text = form.format(number=number, customer=customer, name=name, day=_day(issued_on, language))
    return text.upper() if chance.randrange(100) < 15 else text


def two_invoices(chance: Random, language: str, *, numbers: Sequence[str], customer: str) -> str:
    """A text with two whole invoice numbers."""
    number, second = numbers
    return _pick(_TWO_INVOICES, language, chance).format(number=number, second=second, customer=customer)


def part_payment(chance: Random, language: str, *, number: str) -> str:
    """A text that says that less than the whole invoice is paid."""
    return _pick(_PART_PAYMENT, language, chance).format(number=number)


def customer_number(chance: Random, language: str, *, customer: str) -> str:
    """A text with the customer's number and no invoice."""
    return _pick(_CUSTOMER_NUMBER, language, chance).format(customer=customer)


def stranger(chance: Random) -> str:
    """What somebody writes who pays no invoice."""
    return chance.choice(_STRANGERS)


def same_amount(chance: Random) -> str:
    """What stands on a transfer that is an invoice's size by accident."""
    return chance.choice(_SAME_AMOUNT)


def phone_number(chance: Random, *, number: str) -> str:
    """A telephone number in which the digits of the invoice number stand in a row."""
    digits = "".join(letter for letter in number if letter.isdigit())
    return chance.choice(_PHONE).format(digits=digits)


def spaced(chance: Random, number: str) -> str:
    """The invoice number with blanks inside, as people type and as banks break their lines."""
    prefix, year, digits = number.split("-")
    return chance.choice(
        (
            f"{prefix} {year} {digits}",
            f"{prefix} - {year} - {digits}",
            f"{prefix}-{year}- {digits}",
            f"{prefix}-{year}-{digits[:2]} {digits[2:]}",
        )
    )


def mistyped(chance: Random, number: str, *, real: Collection[str]) -> str:
    """The invoice number with one slip; never the number of another invoice in `real`."""
    prefix, year, digits = number.split("-")
    slips = [
        f"{prefix}-{year}-{digits.replace('0', 'O', 1)}",
        f"{prefix}-{year}-{digits[:-2]}{digits[-1]}{digits[-2]}",
        f"{prefix}-{year}-{digits.lstrip('0')[:-1]}",
        f"{prefix}-{year[::-1]}-{digits}",
        f"{prefix}-{year}-{digits}{digits[-1]}",
    ]
    chance.shuffle(slips)
    return next(slip for slip in slips if slip != number and slip not in real)


def _pick(texts: Mapping[str, tuple[str, ...]], language: str, chance: Random) -> str:
    return chance.choice(texts.get(language, texts[_FOREIGN]))


def _day(on: date, language: str) -> str:
    return on.strftime(_DAY_FORMATS.get(language, _DAY_FORMATS[_FOREIGN]))
