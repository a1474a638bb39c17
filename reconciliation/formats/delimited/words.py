"""The words of bank tables in several languages: column titles, status, marks of credit and debit, labels.

Titles are compared by `titled`, so capitals, accents, punctuation and a currency in them do not matter. Collected
from exports of banks in Germany, Austria, Switzerland, France, Italy, Spain, the Netherlands and English-speaking
countries, as of 2026-11.
"""

from __future__ import annotations

import re
from enum import StrEnum

from ledger.currencies import KNOWN


class Role(StrEnum):
    """What a column tells of a booking. Several columns may tell a name or a remittance; they are joined."""

    ACCOUNT = "account"
    ACCOUNT_BIC = "account_bic"
    BOOKED_ON = "booked_on"
    VALUED_ON = "valued_on"
    AMOUNT = "amount"
    CREDIT = "credit"
    DEBIT = "debit"
    MARK = "mark"
    CURRENCY = "currency"
    BALANCE = "balance"
    STATUS = "status"
    NAME = "name"
    PAYER = "payer"
    PAYEE = "payee"
    IBAN = "iban"
    BIC = "bic"
    REMITTANCE = "remittance"
    BOOKING_TEXT = "booking_text"
    END_TO_END_ID = "end_to_end_id"
    MANDATE_ID = "mandate_id"
    CREDITOR_ID = "creditor_id"
    BATCH_ID = "batch_id"
    BANK_REFERENCE = "bank_reference"
    REFERENCE = "reference"
    CODE = "code"
    ORIGINAL = "original"
    CHARGES = "charges"
    DETAIL = "detail"


MANY = frozenset({Role.NAME, Role.REMITTANCE, Role.CURRENCY})  # roles that several columns may have

_CURRENCY_AT_END = re.compile(r"[ (]*\b(?:in )?([A-Z]{3})\)?:?\s*\Z|\(\s*(€)\s*\)\s*\Z|[ (](€)\)?\s*\Z")
_LONGEST_END = 40  # letters of a title within which a currency at its end begins
_KEPT = re.compile(r"[^a-z0-9]+")


def titled(text: str) -> str:
    """A title for comparison: letters a to z and digits, in lower case, without a currency at its end.

    Other letters are left out, so that a wrong encoding of the file does not change its titles.
    """
    bare, _ = _parted(text)
    return _KEPT.sub("", bare.casefold()) or " ".join(bare.casefold().split())


def currency_in_title(text: str) -> str | None:
    """The currency that a title names, as in "Betrag (€)" or "Saldo CHF"."""
    return _parted(text)[1]


def _parted(text: str) -> tuple[str, str | None]:
    end = text.rstrip()
    found = _CURRENCY_AT_END.search(end, max(len(end) - _LONGEST_END, 0))
    if found is None:
        return text, None
    code = found[1] or "EUR"
    rest = text[: found.start()].strip()
    return (rest, code) if code in KNOWN and rest else (text, None)


# Column titles and what they tell.
_TITLES: dict[Role, str] = {
    Role.ACCOUNT: """Auftragskonto; IBAN Auftragskonto; Kontonummer; Konto-Nr.; Eigene IBAN; Konto; Inhaberkonto;
        Account; Account number; Account No; account_number; Account Name; Rekening; Eigen rekening; IBAN/BBAN;
        Numéro de compte; Compte; Conto; Conto No.; Cuenta; Product Account; Own IBAN; AccountId""",
    Role.ACCOUNT_BIC: "BIC Auftragskonto; Own BIC",
    Role.BOOKED_ON: """Buchungstag; Buchungsdatum; Buchung; Datum; Datum/Buchung; Erfassungsdatum; Date; Booking Date;
        Booked At; Booking day; Post Date; Posted Date; Posting Date; Transaction Date; Run Date; Completed Date;
        Date Completed; Buchungsdatum/Uhrzeit; Date de comptabilisation; Date comptable; Date de l'opération;
        Date operation; Date d'opération; Data; Data registrazione; Data di registrazione; Data contabile;
        Data di contabilizzazione; Data operazione; Data contabilizzazione; Fecha; Fecha operación; Fecha contable;
        Boekdatum; Boekingsdatum; Datum boeking; transaction_date; Transaktionsdatum; created; Created (UTC);
        Date (UTC)""",
    Role.VALUED_ON: """Valuta; Valutadatum; Wertstellung; Wertstellungsdatum; Wertstellungstag; Wert; Valuta-Datum;
        Value Date; Valuta Date; value_date; Date de valeur; Date valeur; Data valuta; Data di valuta; Valutadag;
        Rentedatum; Fecha valor; F. valor; Settlement Date""",
    Role.AMOUNT: """Betrag; Umsatz; Umsatz in; Amount; Transaction Amount; Credit/Debit Amount; Gross amount; Gross;
        Montant; Importo; Importe; Bedrag; Transaktionsbetrag; Betrag Transaktion; amount; total; Value;
        Bruttobetrag Rechnung; NetAmount; Net Amount""",
    Role.CREDIT: """Gutschrift; Gutschriften; Gutschriftsbetrag; Haben; Haben-Betrag; Eingang; Einzahlung; Credit;
        Credits; Credit Amount; Deposit; Deposits; Deposit (+); Paid in; Money In; Crédit; Montant crédité; Accredito;
        Accrediti; Avere; Entrate; Abono; Abonos; Haber; Bij; Ingresos""",
    Role.DEBIT: """Belastung; Belastungen; Belastungsbetrag; Lastschrift; Soll; Soll-Betrag; Ausgang; Auszahlung; Debit;
        Debits; Debit Amount; Withdrawal; Withdrawals; Withdrawal (-); Paid out; Money Out; Débit; Montant débité;
        Addebito; Addebiti; Dare; Uscite; Cargo; Cargos; Debe; Af; Gastos""",
    Role.MARK: """Soll/Haben; S/H; Haben/Soll; Soll/Haben-Kennzeichen; D/C; C/D; DC; CD; Debit/Credit; Credit/Debit;
        Dr/Cr; Cr/Dr; Cdt/Dbt; Af Bij; Af/Bij; Transaction Type; Credit Debit Indicator; Sign; Segno""",
    Role.CURRENCY: """Währung; Waehrung; Whrg; Currency; CCY; Ccy.; Monnaie; Monn.; Devise; Divisa; Valuta code;
        Moneda; Munt; Muntsoort; Currency Code; Debit Currency; Credit Currency; Kontowährung""",
    Role.BALANCE: """Saldo; Saldo nach Buchung; Kontostand; Balance; Running Balance; RunningBalance; Account Balance;
        Cash Balance; Net Cash Balance; Ending Balance; Solde; Saldo na mutatie; Saldo contabile; Saldo disponible;
        Saldo disponibile; Saldo na trn; Resulting balance""",
    Role.STATUS: "Status; Info; Buchungsstatus; Umsatzstatus; State; Statut; Stato; Estado; Trans.-Status",
    Role.NAME: """Auftraggeber/Empfänger; Empfänger/Auftraggeber; Empfänger/Absender; Beguenstigter/Zahlungspflichtiger;
        Begünstigter/Zahlungspflichtiger; Auftraggeber / Begünstigter; Begünstigter / Auftraggeber;
        Name Zahlungsbeteiligter; Empfänger/Zahlungspflichtiger; Name Auftraggeber / Begünstigter; Name; Payee;
        Counterparty; Counterparty Name; Partner Name; Naam; Naam tegenpartij; Naam / Omschrijving; Tiers;
        Contrepartie; Beneficiario; Controparte; Partner; Merchant; Merchant Name; Händlername;
        Name des Partners; Gegenpartei; Beneficiary; Name/Company""",
    Role.PAYER: "Zahlungspflichtige*r; Zahlungspflichtiger; Payer; Payer Name; Sender; Auftraggeber",
    Role.PAYEE: "Zahlungsempfänger*in; Zahlungsempfänger; Payee Name; Recipient; Empfänger",
    Role.IBAN: """IBAN Zahlungsbeteiligter; Kontonummer/IBAN; IBAN; Counterparty IBAN; Partner IBAN; Tegenrekening;
        Tegenrekening IBAN/BBAN; Konto-Nr./IBAN; IBAN / Kontonummer; Bank Account; Payee Account Number; Gegenkonto;
        Gegenkonto IBAN; Konto / Bank; Account number of counterparty; Kontonummer Partner; Partner Account Number""",
    Role.BIC: """BIC; BIC (SWIFT-Code); BIC (SWIFT-Code) Zahlungsbeteiligter; BIC/BLZ; SWIFT; BLZ; Bankleitzahl;
        BIC tegenpartij; BIC / BLZ; Counterparty BIC""",
    Role.REMITTANCE: """Verwendungszweck; Vorgang/Verwendungszweck; Zahlungszweck; Zweck; Payment Reference; Remittance;
        Remittance Information; Mitteilung / Referenz; Mitteilung; Beschreibung; Bezeichnung; Buchungsdetails; Detail;
        Details; Description; Original Description; Transaction Description; Transaction; Transactions; Text; Label;
        Memo; Notes; Note; Comments; Descrizione; Descrizione movimento; Testo; Testo contabilizzazione;
        Testo di contabilizzazione; Testo di registrazione; Testo d'avviso; Avisierungstext; Texte; Libellé;
        Remarque; Concepto; Observaciones; Omschrijving; Omschrijving-1; Mededelingen; Narrative; desc;
        Dettaglio; Zusatzinfos Buchung; Zusatzinfos Transaktion; Description 1; Description 2; Description 3;
        Beschreibung 1; Beschreibung 2; Beschreibung 3; Beschreibung1; Beschreibung2; Beschreibung3; Reference;
        Communications; Motif; Causale; Subject; Item Title; Tipo di ordine Testo di contabilizzazione;
        VWZ1; VWZ2; VWZ3; VWZ4; VWZ5; VWZ6; VWZ7; VWZ8; VWZ9; VWZ10; VWZ11; VWZ12; VWZ13; VWZ14""",
    Role.BOOKING_TEXT: """Buchungstext; Umsatzart; Umsatztyp; Vorgang; Auftragsart; Type; Transaction Type Name; Typ;
        Booking Text; Tipo di ordine; Type d'ordre; Tipo movimiento; Mutatiesoort; Activity Type; Action""",
    Role.END_TO_END_ID: """Kundenreferenz (End-to-End); Ende-zu-Ende-Referenz; End-to-End-Referenz; Kundenreferenz;
        End to End ID; EndToEndId; End-to-End ID; Transactiereferentie""",
    Role.MANDATE_ID: "Mandatsreferenz; Mandate reference; Mandate ID; Machtigingskenmerk; Référence de mandat",
    Role.CREDITOR_ID: """Gläubiger-ID; Glaeubiger ID; Gläubiger ID; Creditor ID; Incassant ID; Gläubiger-Identifikation;
        Creditor Identifier""",
    Role.BATCH_ID: "Sammlerreferenz; Batch ID",
    Role.BANK_REFERENCE: """Bankreferenz; Transaktions-Nr.; Transaktionsnr.; Transaction ID; Transaction no.;
        N° de transaction; Transaction Number; ZKB-Referenz; Auftragsnummer; Numero di ordine; Rif. esterno;
        TransferWise ID; TWINT Order ID; Volgnr; id; Bank reference; Laufende Nummer; Ref; unique_import_id""",
    Role.CODE: "Textschlüssel; Transaktions-Code; Transaktionscode; Code; GVC; Geschäftsvorfallcode; Transaction code",
    Role.ORIGINAL: "Lastschrift Ursprungsbetrag; Ursprungsbetrag",
    Role.CHARGES: "Auslagenersatz Ruecklastschrift; Auslagenersatz Rücklastschrift",
    Role.DETAIL: "Betrag Detail; Einzelbetrag; Individual amount; Sous-montant; Sub-amount",
}

TITLES: dict[str, Role] = {
    titled(word): role for role, words in _TITLES.items() for word in words.split(";") if word.strip()
}

# --- the words in cells ---

BOOKED_WORDS = frozenset(
    titled(word)
    for word in """gebucht; umsatz gebucht; verbucht; booked; posted; completed; complete; settled; cleared;
    abgeschlossen; abgerechnet; executed; paid; erledigt; comptabilisé; contabilizzato; contabilizado; importiert;
    geboekt; ausgeführt; buchung""".split(";")
)
PENDING_WORDS = frozenset(
    titled(word)
    for word in """pending; vorgemerkt; umsatz vorgemerkt; umsatz vorgemerkt und nicht gebucht; nicht gebucht;
    ungebucht; ausstehend; offen; in bearbeitung; scheduled; processing; authorised; authorized; reserved; hold;
    en attente; in sospeso; pendiente; gereserveerd; vormerkung; terminiert""".split(";")
)
VOID_WORDS = frozenset(
    titled(word)
    for word in """failed; declined; cancelled; canceled; rejected; reverted; refused; expired; denied; storniert;
    abgelehnt; fehlgeschlagen; annulé; annullato; cancelado; geannuleerd""".split(";")
)
CREDIT_MARKS = frozenset(
    titled(word)
    for word in "H; C; CR; CRDT; Haben; Credit; Gutschrift; Bij; Avere; Crédit; Haber; IN; +".split(";")
)
DEBIT_MARKS = frozenset(
    titled(word)
    for word in "S; D; DR; DBIT; Soll; Debit; Belastung; Lastschrift; Af; Dare; Débit; Debe; OUT; -".split(
        ";"
    )
)
_OPENING = "Anfangssaldo; Opening balance; Solde initial; Saldo iniziale; Saldo inicial; Beginsaldo"
_CLOSING = "Endsaldo; Closing balance; Solde final; Saldo finale; Saldo final; Eindsaldo"
OPENING_WORDS = frozenset(map(titled, _OPENING.split(";")))
CLOSING_WORDS = frozenset(map(titled, _CLOSING.split(";")))
# The same as they are written, for a look at every row.
BALANCE_TEXTS = frozenset(
    written
    for word in f"{_OPENING}; {_CLOSING}".split("; ")
    for written in (word, word.lower(), word.upper(), word.title())
)
# The beginnings of rows behind the bookings that hold no booking.
FOOTER_WORDS = tuple(
    titled(word)
    for word in """Total; Totals; Transactions Total; Summe; Gesamt; End of file; ***END OF FILE***; Date downloaded;
    Disclaimer; Anfangssaldo; Endsaldo; Schlusssaldo; Kontostand; Umsatztotal; Total Umsätze; Totale; Totaux;
    Saldo; Zwischensumme; Erstellt am; Generated on""".split(";")
)

# --- the labels in front of the table ---

LABELS: dict[str, str] = {
    titled(word): fact
    for fact, words in {
        "account": """Konto; Kontonummer; IBAN; Girokonto; Konto-Nr.; Account; Account number; Compte; Numéro de compte;
            Conto; Conto No.; Rekening; Tagesgeldkonto; Account name; Kontonr; Business-Konto""",
        "from_on": "Von; Datum von; From; Date from; Du; Dal; Zeitraum von; Buchungen von",
        "to_on": "Bis; Datum bis; To; Date to; Au; Al; Kontoauszug bis; Zeitraum bis",
        "period": "Zeitraum; Period; Periode; Période; Periodo; Date range",
        "closing": "Saldo; Kontostand; Account balance; Balance; Solde; Endsaldo; Closing balance",
        "opening": "Anfangssaldo; Opening balance; Alter Saldo",
        "currency": "Währung; Currency; Waehrung; Devise; Monnaie; Divisa",
    }.items()
    for word in words.split(";")
}

_MONTH_NAMES = """january januar janvier gennaio enero januari jan; february februar février febbraio febrero feb fev;
    march märz maerz mars marzo maart mar mrz; april avril aprile abril apr avr;
    may mai maggio mayo mei mag; june juni juin giugno junio jun giu; july juli juillet luglio julio jul lug;
    august août agosto augustus aug ago; september septembre settembre septiembre sep set;
    october oktober octobre ottobre octubre oct okt ott; november novembre noviembre nov;
    december dezember décembre dicembre diciembre dec dez dic"""
MONTHS: dict[str, int] = {
    name: number for number, names in enumerate(_MONTH_NAMES.split(";"), start=1) for name in names.split()
}
