"""The words of the letters in each language, and which country is written to in which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A pre-notification in one language; `locale` says how it writes amounts and dates (CLDR)."""

    locale: str
    subject: str
    greeting: str
    opening: str
    opening_again: str
    amount: str
    collect_on: str
    invoice: str
    account: str
    mandate: str
    creditor: str
    creditor_identifier: str
    closing: str
    questions: str


WORDS: Mapping[str, Words] = MappingProxyType(
    {
        "de": Words(
            locale="de_DE",
            subject="Ankündigung: Lastschrift über {amount} am {day}",
            greeting="Guten Tag {name},",
            opening="wir werden den folgenden Betrag per SEPA-Lastschrift von Ihrem Konto einziehen:",
            opening_again="diese Nachricht ersetzt unsere frühere Ankündigung zu dieser Rechnung. "
            "Wir werden den folgenden Betrag per SEPA-Lastschrift von Ihrem Konto einziehen:",
            amount="Betrag",
            collect_on="Fällig am",
            invoice="Rechnung",
            account="Ihr Konto",
            mandate="Mandatsreferenz",
            creditor="Zahlungsempfänger",
            creditor_identifier="Gläubiger-Identifikationsnummer",
            closing="Bitte sorgen Sie an diesem Tag für ausreichende Deckung.",
            questions="Bei Fragen erreichen Sie uns unter {contact}.",
        ),
        "en": Words(
            locale="en_IE",
            subject="Notice: direct debit of {amount} on {day}",
            greeting="Dear {name},",
            opening="we will collect the following amount from your account by SEPA direct debit:",
            opening_again="this message replaces our earlier notice about this invoice. "
            "We will collect the following amount from your account by SEPA direct debit:",
            amount="Amount",
            collect_on="Due on",
            invoice="Invoice",
            account="Your account",
            mandate="Mandate reference",
            creditor="Creditor",
            creditor_identifier="Creditor identifier",
            closing="Please make sure that there are sufficient funds on that day.",
            questions="If you have any questions, please contact {contact}.",
        ),
        "fr": Words(
            locale="fr_FR",
            subject="Avis de prélèvement\N{NO-BREAK SPACE}: {amount} le {day}",
            greeting="Bonjour {name},",
            opening="nous prélèverons le montant suivant sur votre compte par prélèvement SEPA\N{NO-BREAK SPACE}:",
            opening_again="ce message remplace notre avis précédent concernant cette facture. "
            "Nous prélèverons le montant suivant sur votre compte par prélèvement SEPA\N{NO-BREAK SPACE}:",
            amount="Montant",
            collect_on="Échéance",
            invoice="Facture",
            account="Votre compte",
            mandate="Référence unique du mandat",
            creditor="Créancier",
            creditor_identifier="Identifiant créancier SEPA",
            closing="Merci de veiller à ce que votre compte soit suffisamment approvisionné ce jour-là.",
            questions="Pour toute question, veuillez contacter {contact}.",
        ),
        "es": Words(
            locale="es_ES",
            subject="Aviso: adeudo domiciliado de {amount} el {day}",
            greeting="Estimado/a {name}:",
            opening="Cobraremos el siguiente importe de su cuenta mediante adeudo directo SEPA:",
            opening_again="Este mensaje sustituye a nuestro aviso anterior sobre esta factura. "
            "Cobraremos el siguiente importe de su cuenta mediante adeudo directo SEPA:",
            amount="Importe",
            collect_on="Fecha de cobro",
            invoice="Factura",
            account="Su cuenta",
            mandate="Referencia del mandato",
            creditor="Acreedor",
            creditor_identifier="Identificador del acreedor",
            closing="Le rogamos que disponga de saldo suficiente en esa fecha.",
            questions="Si tiene alguna pregunta, póngase en contacto con {contact}.",
        ),
        "it": Words(
            locale="it_IT",
            subject="Avviso: addebito diretto di {amount} il {day}",
            greeting="Gentile {name},",
            opening="addebiteremo il seguente importo sul suo conto tramite addebito diretto SEPA:",
            opening_again="questo messaggio sostituisce il nostro avviso precedente relativo a questa fattura. "
            "Addebiteremo il seguente importo sul suo conto tramite addebito diretto SEPA:",
            amount="Importo",
            collect_on="Data di scadenza",
            invoice="Fattura",
            account="Il suo conto",
            mandate="Riferimento del mandato",
            creditor="Creditore",
            creditor_identifier="Codice identificativo del creditore",
            closing="La preghiamo di assicurarsi che in quella data il conto abbia fondi sufficienti.",
            questions="Per qualsiasi domanda può contattarci all'indirizzo {contact}.",
        ),
        "nl": Words(
            locale="nl_NL",
            subject="Aankondiging: incasso van {amount} op {day}",
            greeting="Beste {name},",
            opening="wij schrijven het volgende bedrag via SEPA-incasso van uw rekening af:",
            opening_again="dit bericht vervangt onze eerdere aankondiging over deze factuur. "
            "Wij schrijven het volgende bedrag via SEPA-incasso van uw rekening af:",
            amount="Bedrag",
            collect_on="Vervaldatum",
            invoice="Factuur",
            account="Uw rekening",
            mandate="Machtigingskenmerk",
            creditor="Incassant",
            creditor_identifier="Incassant-ID",
            closing="Zorg er alstublieft voor dat uw saldo op die dag toereikend is.",
            questions="Hebt u vragen? Neem dan contact op via {contact}.",
        ),
    }
)

OTHERWISE = "en"

# ISO 3166-1 country -> language. Where several are official, the one that most people there speak at home; English
# serves every country that is not listed.
_COUNTRIES = {
    "de": "DE AT LI CH",
    "fr": "FR MC LU GP GF MQ RE YT PM BL MF",
    "es": "ES AD",
    "it": "IT SM VA",
    "nl": "NL BE",
}
LANGUAGES: Mapping[str, str] = MappingProxyType(
    {country: language for language, countries in _COUNTRIES.items() for country in countries.split()}
)


def language_of(country: str | None) -> str:
    """The language in which somebody in `country` (ISO 3166-1, None where it is not known) is written to."""
    return LANGUAGES.get(country or "", OTHERWISE)
