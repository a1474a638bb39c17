"""What payers of five languages write beside a payment."""

from __future__ import annotations

from random import Random

_INVOICE = {
    "de": (
        "Rechnung",
        "Rechnungsnr.",
        "Rg.",
        "Rg.-Nr.",
        "RNr.",
        "Rech.Nr",
        "RE",
        "Rechnungsnummer:",
        "zu Rechnung",
        "",
    ),
    "en": ("Invoice", "Inv.", "Invoice no.", "inv no", "payment of invoice", "Ref", ""),
    "fr": ("Facture", "Fact.", "facture n°", "règlement facture", "Réf.", ""),
    "nl": ("Factuur", "Factuurnr.", "factuurnummer", "betaling factuur", "Fact", ""),
    "it": ("Fattura", "Fatt.", "fattura n.", "saldo fattura", "pagamento fatt. n.", ""),
}
_CUSTOMER = {
    "de": ("Kundennummer", "Kd.-Nr.", "KdNr"), "en": ("Customer no.", "Account no", "Cust."),
    "fr": ("N° client", "client", "Code client"), "nl": ("Klantnummer", "klantnr.", "Debiteurnr."),
    "it": ("Cod. cliente", "cliente n.", "Codice cliente"),
}  # fmt: skip
_ORDER = {
    "de": ("Bestellung", "Best.-Nr.", "Auftrag"), "en": ("PO", "Purchase order", "Our order"),
    "fr": ("Commande", "Bon de commande"), "nl": ("Bestelling", "Inkooporder"), "it": ("Ordine", "Ns. ordine"),
}  # fmt: skip
_QUIET = {
    "de": (
        "",
        "Danke",
        "Überweisung",
        "Zahlung",
        "Beitrag",
        "Miete",
        "Rechnung",
        "Ausgleich",
        "Ihre Rechnung vom {day}",
    ),
    "en": ("", "Thanks", "Payment", "Invoice", "Your invoice of {day}", "Monthly payment"),
    "fr": ("", "Merci", "Virement", "Règlement facture", "Facture du {day}"),
    "nl": ("", "Bedankt", "Betaling", "Factuur", "Uw factuur van {day}"),
    "it": ("", "Grazie", "Bonifico", "Pagamento fattura", "Fattura del {day}"),
}
_PART = {
    "de": ("Teilzahlung", "1. Rate", "Abschlag", "Anzahlung"), "en": ("part payment", "first instalment", "on account"),
    "fr": ("acompte", "1er versement"), "nl": ("deelbetaling", "eerste termijn"), "it": ("acconto", "prima rata"),
}  # fmt: skip
_REST = {"de": "Rest", "en": "balance of", "fr": "solde", "nl": "restant", "it": "saldo"}
_DISCOUNT = {
    "de": ("abzgl. {percent}% Skonto", "-{percent}% Skto", "Skonto {percent} %"),
    "en": ("less {percent}% discount", "{percent}% early payment discount"),
    "fr": ("escompte {percent}%",), "nl": ("minus {percent}% korting",), "it": ("sconto {percent}%",),
}  # fmt: skip
_CREDIT = {
    "de": "abzgl. Gutschrift", "en": "less credit note", "fr": "moins avoir", "nl": "min creditnota",
    "it": "meno nota credito",
}  # fmt: skip
_UNTIL = {"de": " bis ", "en": " to ", "fr": " à ", "nl": " t/m ", "it": " a "}
_FOR = {"de": "für", "en": "for", "fr": "pour", "nl": "voor", "it": "per"}


def naming(rng: Random, language: str, numbers: str, *, customer: str | None = None, day: str = "") -> str:
    """A text with the numbers as written, after the word for an invoice, and with what payers add."""
    parts = [f"{rng.choice(_INVOICE[language])} {numbers}".strip()]
    luck = rng.random()
    if luck < 0.12 and day:
        parts.append(day)
    elif luck < 0.2 and customer:
        parts.append(f"{rng.choice(_CUSTOMER[language])} {customer}")
    elif luck < 0.24:
        parts.append(f"Tel. 0{rng.randrange(30, 999)}/{rng.randrange(100_000, 9_999_999)}")
    elif luck < 0.3:
        parts.append(rng.choice(("Danke", "Thank you", "VIELEN DANK", "MfG", "SEPA")))
    if rng.random() < 0.15:
        parts.reverse()
    return rng.choice((" ", ", ", " ")).join(parts)


def quiet(rng: Random, language: str, day: str = "") -> str:
    """A text from which no invoice can be told."""
    texts = [text for text in _QUIET[language] if day or "{day}" not in text]
    return rng.choice(texts).format(day=day)


def customer_number(rng: Random, language: str, number: str) -> str:
    return f"{rng.choice(_CUSTOMER[language])} {number}"


def order(rng: Random, language: str, number: str) -> str:
    return f"{rng.choice(_ORDER[language])} {number}"


def part(rng: Random, language: str, text: str) -> str:
    return f"{rng.choice(_PART[language])} {text}" if rng.random() < 0.7 else text


def rest(language: str, text: str) -> str:
    return f"{_REST[language]} {text}"


def with_discount(rng: Random, language: str, text: str, percent: str) -> str:
    """Two of three say that they took a discount."""
    return (
        text if rng.random() < 0.35 else f"{text} {rng.choice(_DISCOUNT[language]).format(percent=percent)}"
    )


def less_credit(language: str, text: str, note: str) -> str:
    return f"{text} {_CREDIT[language]} {note}"


def until(rng: Random, language: str) -> str:
    """What stands between the ends of a range."""
    return rng.choice((_UNTIL[language], " - ", "-"))


def paying_for(language: str, name: str) -> str:
    return f"{_FOR[language]} {name}"
