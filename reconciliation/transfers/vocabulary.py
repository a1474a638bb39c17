"""What payers call the numbers they write: words of seven languages, in capitals and without accents."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum


class Role(StrEnum):
    """What a word says of the number that follows it or stands beside it."""

    INVOICE = "invoice"  # an invoice's number
    OTHERWISE = "otherwise"  # a number that is none of an invoice
    TELEPHONE = "telephone"
    DATE = "date"
    CURRENCY = "currency"
    NUMBER = "number"  # only that it is a number
    FILLER = "filler"  # nothing
    AND = "and"  # one more of the same
    UNTIL = "until"  # the end of a range


_NUMBER = """
    nr nro no num numm nummer nummern number numbers numero numeros numeri numer n nbr beleg belegnr
""".upper().split()

_INVOICE = """
    re rg rng rech rechn rechng rechnung rechnungen rnr rgnr rgn
    invoice invoices inv bill bills
    facture factures fact fac
    factura facturas fra
    fattura fatture fatt ft
    factuur facturen fakt faktuur
    faktura faktury fakturan lasku nota
""".upper().split()

_OTHERWISE = """
    kd kde kunde kunden knd vertrag vertr auftrag auftr bestellung best lieferschein ls az
    aktenzeichen zeichen mandat mitglied mitgl police schaden steuer stnr ust ustid id konto kto blz buchung vorgang
    objekt mieter wohnung angebot zaehler verbrauchsstelle kassenzeichen debitor deb
    customer client account acc acct contract order po purchase order policy member membership quote tax vat
    commande contrat dossier devis adherent abonnement compte
    klant klantnr overeenkomst bestelling order lidnr lid polis kenmerk relatie
    cliente contrato pedido poliza expediente cuenta socio
    contratto ordine polizza pratica conto codice cf piva
    gutschrift gutschriften gutschr rechnungskorrektur credit creditnote creditnota avoir abono credito note
    eref kref mref cred debt abwa abwe iban bic swift coam oamt endtoend
""".upper().split()

_TELEPHONE = """
    tel telefon telephone telefoon telefono tlf fon phone fax telefax mobil mobile mobiel movil cell cellulare handy
    gsm ruckruf rueckruf hotline portable
""".upper().split()

_DATE = """
    vom datum date dated dd am du den del fecha data dato stand rechnungsdatum rgdatum belegdatum
    faellig fallig due van op
""".upper().split()

_CURRENCY = "eur euro euros chf usd gbp sek nok dkk pln czk huf ron bgn isk".upper().split()

# A reference can be the payer's as well as ours, so the word says nothing.
_FILLER = """
    ref refnr referenz referenznr reference referentie riferimento rif referencia
    svwz zu zur der die das mit unter an fur fuer for of the to von ihr ihre ihrer mein meine unser unsere
    your our my la le les notre votre de della vostra nostra su nuestra uw onze mijn voor per por pour auf laut lt lfd
    einschl inkl
""".upper().split()

_AND = "u und and et e ed y en og och plus sowie".upper().split()

_UNTIL = "bis to until till thru through a au jusqu tot tm al hasta fino til".upper().split()


def _with_number(stem: str) -> Iterator[str]:
    """A word with what says `number` behind it: RECHNUNG, RECHNUNGNR, RECHNUNGSNUMMER ..."""
    yield stem
    for number in ("NR", "NO", "NUM", "NUMMER", "NUMMERN", "NUMBER"):
        yield stem + number
        if len(stem) > 4:
            yield stem + "S" + number


def _all_roles() -> dict[str, Role]:
    """What is entered later wins: a word that can be two things has the harmless meaning last."""
    roles: dict[str, Role] = {}
    for role, stems in (
        (Role.OTHERWISE, _OTHERWISE),
        (Role.TELEPHONE, _TELEPHONE),
        (Role.INVOICE, _INVOICE),
    ):
        roles |= dict.fromkeys((word for stem in stems for word in _with_number(stem)), role)
    for role, words in (
        (Role.FILLER, _FILLER),
        (Role.UNTIL, _UNTIL),
        (Role.AND, _AND),
        (Role.DATE, _DATE),
        (Role.CURRENCY, _CURRENCY),
        (Role.NUMBER, _NUMBER),
    ):
        roles |= dict.fromkeys(words, role)
    return roles


ROLES = _all_roles()
