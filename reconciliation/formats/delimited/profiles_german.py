"""Layouts of German banks."""

from __future__ import annotations

from typing import Any

from reconciliation.formats.delimited.layout import Layout
from reconciliation.formats.delimited.profile import profile
from reconciliation.formats.written import DateOrder, DecimalMark

# DIN 5008 and DIN 1333: the day first, decimals behind a comma.
_GERMAN: dict[str, Any] = {"date_order": DateOrder.DMY, "decimal_mark": DecimalMark.COMMA, "delimiter": ";"}

_SPARKASSE = (
    "Export CSV-CAMT of the Sparkassen's online banking, Deutsche Sparkassen-Finanzgruppe, as of 2026-10"
)
_SPARKASSE_CAMT = """
Auftragskonto = account
Buchungstag = booked_on
Valutadatum = valued_on
Buchungstext = booking_text
Verwendungszweck = remittance
Glaeubiger ID = creditor_id
Mandatsreferenz = mandate_id
Kundenreferenz (End-to-End) = end_to_end_id
Sammlerreferenz = batch_id
Lastschrift Ursprungsbetrag = original
Auslagenersatz Ruecklastschrift = charges
Beguenstigter/Zahlungspflichtiger = name
Kontonummer/IBAN = iban
BIC (SWIFT-Code) = bic
Betrag = amount
Waehrung = currency
Info = status
"""
_SPARKASSE_MT940 = """
Auftragskonto = account
Buchungstag = booked_on
Valutadatum = valued_on
Buchungstext = booking_text
Verwendungszweck = remittance
Beguenstigter/Zahlungspflichtiger = name
Kontonummer = iban
BLZ = bic
Betrag = amount
Waehrung = currency
Info = status
"""

_ATRUVIA = "Export CSV of the Volksbanken Raiffeisenbanken (Atruvia), OnlineBanking, as of 2026-10"
_VOLKSBANK = """
Bezeichnung Auftragskonto
IBAN Auftragskonto = account
BIC Auftragskonto = account_bic
Bankname Auftragskonto
Buchungstag = booked_on
Valutadatum = valued_on
Name Zahlungsbeteiligter = name
IBAN Zahlungsbeteiligter = iban
BIC (SWIFT-Code) Zahlungsbeteiligter = bic
Buchungstext = booking_text
Verwendungszweck = remittance
Betrag = amount
Waehrung = currency
Saldo nach Buchung = balance
Bemerkung
"""
_VOLKSBANK_END = """
Glaeubiger ID = creditor_id
Mandatsreferenz = mandate_id
"""
_VOLKSBANK_OLD = """
Buchungstag = booked_on
Valuta = valued_on
Auftraggeber/Zahlungsempfänger
Empfänger/Zahlungspflichtiger = name
Konto-Nr.
IBAN = iban
BLZ
BIC = bic
Vorgang/Verwendungszweck = remittance
Kundenreferenz = end_to_end_id
Währung = currency
Umsatz = amount
(blank) = mark
"""

_DKB = "Export CSV of DKB's banking since 2023, as of 2026-10"
_DKB_NEW = """
Buchungsdatum = booked_on
Wertstellung = valued_on
Status = status
Zahlungspflichtige*r = payer
Zahlungsempfänger*in = payee
Verwendungszweck = remittance
Umsatztyp = booking_text
IBAN = iban
Betrag (€) = amount
Gläubiger-ID = creditor_id
Mandatsreferenz = mandate_id
Kundenreferenz = end_to_end_id
"""
_DKB_SHORT = """
Buchungsdatum = booked_on
Wertstellung = valued_on
Status = status
Zahlungspflichtige*r = payer
Zahlungsempfänger*in = payee
Verwendungszweck = remittance
Umsatztyp = booking_text
Betrag (€) = amount
"""
_DKB_OLD = """
Buchungstag = booked_on
Wertstellung = valued_on
Buchungstext = booking_text
Auftraggeber / Begünstigter = name
Verwendungszweck = remittance
Kontonummer = iban
BLZ = bic
Betrag (EUR) = amount
Gläubiger-ID = creditor_id
Mandatsreferenz = mandate_id
Kundenreferenz = end_to_end_id
"""

_GLS = """
Kontonummer = account
Buchungstag = booked_on
Wertstellung = valued_on
Auftraggeber/Empfänger = name
Buchungstext = booking_text
VWZ1 = remittance
VWZ2 = remittance
VWZ3 = remittance
VWZ4 = remittance
VWZ5 = remittance
VWZ6 = remittance
VWZ7 = remittance
VWZ8 = remittance
VWZ9 = remittance
VWZ10 = remittance
VWZ11 = remittance
VWZ12 = remittance
VWZ13 = remittance
VWZ14 = remittance
Betrag = amount
Kontostand = balance
Währung = currency
"""

_ING = """
Buchung = booked_on
Wertstellungsdatum = valued_on
Auftraggeber/Empfänger = name
Buchungstext = booking_text
Verwendungszweck = remittance
Saldo = balance
Währung
Betrag = amount
Währung = currency
"""

_STARMONEY = """
Buchung = booked_on
Textschlüssel = code
Empfänger/Absender = name
Verwendungszweck = remittance
Kategorie/Unterkategorie
Kostenstelle
Laufende Nummer
Splittbuchung - Auftraggeber / Name
Splittbuchung - Kategorie
Splittbuchung - Unterkategorie
Splittbuchung - Kostenstelle
Splittbuchung - Original Betrag
Splittbuchung - Verwendungszweckzeile 1
Splittbuchung - Steuersatz
Splittbuchung - Steuerbetrag
Splittbuchung - Fibu-Nr.
Steuersatz
Steuerbetrag
Betrag = amount
Saldo = balance
"""

LAYOUTS: tuple[Layout, ...] = (
    profile("sparkasse-camt", _SPARKASSE_CAMT, source=_SPARKASSE, **_GERMAN),
    profile("sparkasse-camt-category", _SPARKASSE_CAMT + "Kategorie", source=_SPARKASSE, **_GERMAN),
    profile(
        "sparkasse-mt940",
        _SPARKASSE_MT940,
        source="Export CSV-MT940 of the Sparkassen's online banking, as of 2026-01",
        **_GERMAN,
    ),
    profile("volksbank", _VOLKSBANK + "Gekennzeichneter Umsatz" + _VOLKSBANK_END, source=_ATRUVIA, **_GERMAN),
    profile(
        "volksbank-2022",
        _VOLKSBANK + "Kategorie\nSteuerrelevant" + _VOLKSBANK_END,
        source="Export CSV of the Volksbanken Raiffeisenbanken (Atruvia), as of 2022-10",
        **_GERMAN,
    ),
    profile(
        "volksbank-old",
        _VOLKSBANK_OLD,
        source="Export CSV of the Volksbanken before Atruvia's OnlineBanking, as of 2020-03",
        **_GERMAN,
    ),
    profile("dkb", _DKB_NEW, source=_DKB, **_GERMAN),
    profile("dkb-short", _DKB_SHORT, source=_DKB, **_GERMAN),
    profile("dkb-old", _DKB_OLD, source="Export CSV of DKB's banking until 2023, as of 2021-01", **_GERMAN),
    profile("gls", _GLS, source="Export CSV of GLS Bank, reubano/csv2ofx, 2017-10", **_GERMAN),
    profile("ing", _ING, source="Export CSV of ING-DiBa (Umsatzanzeige), as of 2026-10", **_GERMAN),
    profile(
        "starmoney",
        _STARMONEY,
        source="Export CSV of StarMoney's kind, Project60/org.project60.banking, 2022-06",
        line_break="<BR>",
        **_GERMAN,
    ),
)
