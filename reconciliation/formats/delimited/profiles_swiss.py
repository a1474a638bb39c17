"""Layouts of Swiss banks.

Many of them are also saved anew by spreadsheets on their way, which write dates and amounts in the manner of another
country: so each file has to prove its order of dates and its decimal sign.
"""

from __future__ import annotations

from reconciliation.formats.delimited.layout import Continues, Layout
from reconciliation.formats.delimited.profile import profile

_SAMPLES = "Sample exports in BananaAccounting/Switzerland, "


def _swiss(name: str, titles: str, seen: str, **facts: object) -> Layout:
    """A layout from titles in one line, each with its role in brackets."""
    table = "\n".join(part.strip().replace(" [", " = ").rstrip("]") for part in titles.split(";"))
    return profile(name, table, source=_SAMPLES + seen, **facts)


_UBS = {
    "ubs-fr": """Date d'évaluation; Relation bancaire; Portefeuille; Produit; IBAN [account]; Monn. [currency]; Date du;
        Date au; Description; Date de conclusion; Date de comptabilisation [booked_on]; Date de valeur [valued_on];
        Description 1 [remittance]; Description 2 [remittance]; Description 3 [remittance];
        N° de transaction [bank_reference]; Cours des devises du montant initial en montant du décompte;
        Sous-montant [detail]; Débit [debit]; Crédit [credit]; Solde [balance]""",
    "ubs-de": """Bewertungsdatum; Bankbeziehung; Portfolio; Produkt; IBAN [account]; Währg. [currency]; Datum von;
        Datum bis; Beschreibung; Abschlussdatum; Buchungsdatum [booked_on]; Valuta [valued_on];
        Beschreibung 1 [remittance]; Beschreibung 2 [remittance]; Beschreibung 3 [remittance];
        Transaktions-Nr. [bank_reference]; Devisenkurs zum Originalbetrag in Abrechnungswährung;
        Einzelbetrag [detail]; Belastung [debit]; Gutschrift [credit]; Saldo [balance]""",
    "ubs-en": """Valuation date; Banking relationship; Portfolio; Product; IBAN [account]; Ccy. [currency]; Date from;
        Date to; Description; Trade date; Booking date [booked_on]; Value date [valued_on];
        Description 1 [remittance]; Description 2 [remittance]; Description 3 [remittance];
        Transaction no. [bank_reference]; Exchange rate in the original amount in settlement currency;
        Individual amount [detail]; Debit [debit]; Credit [credit]; Balance [balance]""",
}

_TWINT = {
    "twint-de": """Datum [booked_on]; Zeit; Typ [booking_text]; Status [status]; Betrag Transaktion (CHF) [amount];
        Rabatt (CHF); Transaktionskosten (CHF); Niederlassung; TWINT Terminal ID; TWINT Order ID [bank_reference];
        Referenz Transaktion Händler [end_to_end_id]; Händlertransaktionsreferenz; Bezeichnung in der Abrechnung;
        Vorname [name]; Nachname [name]; Strasse & Nr.; PLZ; Ort; E-Mail-Adresse; Zahlungszweck [remittance]""",
    "twint-en": """Date [booked_on]; Time; Type [booking_text]; State [status]; Transaction amount (CHF) [amount];
        Discount (CHF); Transaction costs (CHF); Commerce; TWINT terminal ID; TWINT order ID [bank_reference];
        Merchant transaction reference [end_to_end_id]; Acquirer Transaction Reference; Name in the statement;
        First name [name]; Last name [name]""",
}

LAYOUTS: tuple[Layout, ...] = (
    _swiss(
        "ch-regional",  # acrevis, Migros Bank, Valiant, Zuger Kantonalbank
        "Datum [booked_on]; Buchungstext [remittance]; Betrag [amount]; Valuta [valued_on]",
        "2023-02 to 2025-06",
    ),
    _swiss(
        "ch-regional-it",
        "Data [booked_on]; Testo di registrazione [remittance]; Importo [amount]; Valuta [valued_on]",
        "2023-10",
    ),
    _swiss(
        "cbaa",
        "Datum [booked_on]; Buchungstext [remittance]; Betrag [amount]; Saldo [balance]; Valuta [valued_on]",
        "2024-07",
    ),
    _swiss(
        "akb",
        """Buchung [booked_on]; Valuta [valued_on]; Buchungstext [remittance]; Belastung [debit]; Gutschrift [credit];
        Saldo CHF [balance]""",
        "2015-10",
    ),
    _swiss(
        "bancastato-2014",
        """Data [booked_on]; Descrizione movimento [booking_text]; Rif. esterno [bank_reference];
        Testo contabilizzazione [remittance]; Data valuta [valued_on]; Quantità [amount]; Saldo [balance];
        Divisa [currency]""",
        "2014-12",
    ),
    _swiss(
        "bancastato-2022",
        """Data [booked_on]; Data valuta [valued_on]; Numero di ordine [bank_reference];
        Tipo di ordine Testo di contabilizzazione [remittance]; Addebiti (CHF) [debit]; Accrediti (CHF) [credit];
        Saldo (CHF) [balance]""",
        "2022-10",
    ),
    _swiss(
        "bancastato-2023",
        """Data [booked_on]; Data valuta [valued_on]; Numero di ordine [bank_reference]; Tipo di ordine [booking_text];
        Testo di contabilizzazione [remittance]; Addebiti (CHF) [debit]; Accrediti (CHF) [credit];
        Saldo (CHF) [balance]""",
        "2023-11",
    ),
    _swiss(
        "bekb",
        """Gutschrift / Belastung; Datum [booked_on]; Valuta [valued_on]; Buchungstext [booking_text];
        Zusatzinfos Buchung; Name Auftraggeber / Begünstigter [name]; Adresse Auftraggeber / Begünstigter;
        Konto / Bank [iban]; Mitteilung / Referenz [remittance]; Zusatzinfos Transaktion; Betrag [amount];
        Saldo [balance]""",
        "2023-09",
    ),
    _swiss(
        "bkb",  # Basler and Basellandschaftliche Kantonalbank
        """Datum [booked_on]; Valuta [valued_on]; Buchungstext [remittance]; Belastung [debit]; Gutschrift [credit];
        Saldo [balance]""",
        "2012-10 to 2023-01",
    ),
    _swiss(
        "bkb-2024",
        """Buchungsdatum [booked_on]; Auftragsart [booking_text]; Buchungstext [remittance];
        Belastungsbetrag (CHF) [debit]; Gutschriftsbetrag (CHF) [credit]; Saldo (CHF) [balance]""",
        "2024-03",
    ),
    _swiss(
        "tkb",
        """Buchungsdatum [booked_on]; Valuta [valued_on]; Buchungstext [remittance]; Belastung [debit];
        Gutschrift [credit]; Saldo CHF [balance]""",
        "2018-11",
    ),
    _swiss(
        "cic",
        """Buchungsdatum [booked_on]; Valutadatum [valued_on]; Auftragsnummer [bank_reference]; Konto; Rubrik;
        IBAN [account]; Kartennummer; Beschreibung [booking_text]; Buchungsdetails [remittance]; Originalbetrag;
        Währung [currency]; Gutschrift [credit]; Belastung [debit]""",
        "2025-05",
    ),
    _swiss(
        "cler-fr",
        """Date de comptabilisation [booked_on]; Type d'ordre [booking_text]; Libellé [remittance];
        Montant débité (CHF) [debit]; Montant crédité (CHF) [credit]; Solde (CHF) [balance]""",
        "2025-10",
    ),
    _swiss(
        "cornercard-it",
        """Data [booked_on]; Descrizione [remittance]; Carta; Valuta [currency]; Importo [amount]; Stato [status]""",
        "2022-11",
        inverted=True,
    ),
    _swiss(
        "corner-de",
        """Konto-Nr. [account]; Erfassungsdatum [booked_on]; Bezeichnung [remittance]; Detail [remittance];
        Valutadatum [valued_on]; Betrag [amount]""",
        "2023-05",
        continues=Continues.UNDATED,
    ),
    _swiss(
        "corner-it",
        """(blank); Data registrazione [booked_on]; Descrizione [remittance]; Dettaglio [remittance];
        Data valuta [valued_on]; Importo [amount]; Saldo [balance]""",
        "2024-06",
        continues=Continues.UNDATED,
        ragged=True,
    ),
    _swiss(
        "creditsuisse-de",
        """Buchungsdatum [booked_on]; Text [remittance]; Belastung [debit]; Gutschrift [credit];
        Valutadatum [valued_on]; Saldo [balance]""",
        "2012-11",
    ),
    _swiss(
        "creditsuisse-fr",
        """Date comptable [booked_on]; Texte [remittance]; Débit [debit]; Crédit [credit]; Date de valeur [valued_on];
        Solde [balance]""",
        "2011-11",
    ),
    _swiss(
        "creditsuisse-it",
        """Data di registrazione [booked_on]; Testo [remittance]; Addebito [debit]; Accredito [credit];
        Data di valuta [valued_on]; Saldo [balance]""",
        "2019-09",
    ),
    _swiss(
        "raiffeisen",
        """Booked At [booked_on]; Text [remittance]; Credit/Debit Amount [amount]; Balance [balance];
        Valuta Date [valued_on]""",
        "2010-10 to 2016-12",
        continues=Continues.UNDATED,
        ragged=True,
    ),
    _swiss(
        "zkb-2009",  # Zürcher and Luzerner Kantonalbank
        """Datum [booked_on]; Buchungstext [remittance]; Betrag Detail [detail]; Belastung CHF [debit];
        Gutschrift CHF [credit]; Valuta [valued_on]; Saldo CHF [balance]""",
        "2009-03 to 2012-09",
        continues=Continues.UNDATED,
        ragged=True,
    ),
    _swiss(
        "zkb",
        """Datum [booked_on]; Buchungstext [remittance]; Betrag Detail [detail]; ZKB-Referenz [bank_reference];
        Referenznummer; Belastung CHF [debit]; Gutschrift CHF [credit]; Valuta [valued_on]; Saldo CHF [balance]""",
        "2012-10",
        continues=Continues.UNDATED,
        ragged=True,
    ),
    _swiss(
        "postfinance-de",
        """Buchungsdatum [booked_on]; Avisierungstext [remittance]; Gutschrift [credit]; Lastschrift [debit];
        Valuta [valued_on]; Saldo [balance]""",
        "2016-04",
    ),
    _swiss(
        "postfinance-it",
        """Data di contabilizzazione [booked_on]; Testo d'avviso [remittance]; Accredito [credit]; Addebito [debit];
        Valuta [valued_on]; Saldo [balance]""",
        "2016-07",
    ),
    *(
        _swiss(name, titles, "2012-06 to 2017-07", continues=Continues.SAME_REFERENCE, ragged=True)
        for name, titles in _UBS.items()
    ),
    *(_swiss(name, titles, "2023-11 to 2025-09") for name, titles in _TWINT.items()),
    _swiss(
        "yuh-en",
        """DATE [booked_on]; ACTIVITY TYPE [booking_text]; ACTIVITY NAME [remittance]; DEBIT [debit];
        DEBIT CURRENCY [currency]; CREDIT [credit]; CREDIT CURRENCY [currency]; CARD NUMBER; LOCALITY;
        RECIPIENT [payee]; SENDER [payer]; FEES/COMMISSION; BUY/SELL; QUANTITY; ASSET; PRICE PER UNIT""",
        "2025-02",
        ragged=True,
        per_currency=True,
    ),
)
