"""Invented people and companies of five languages, and how banks write them on statements."""

from __future__ import annotations

from random import Random

from anyascii import anyascii

LANGUAGES = ("de", "de", "de", "en", "fr", "nl", "it")  # a German creditor's customers

_GIVEN = {
    "de": "Anna Jörg Sabine Thomas Ursula Günter Käthe Max Erika Jürgen Lena Björn Heike Uwe Martina Stefan Petra "
    "Frank Silke Andreas Monika Klaus Birgit Ralf Özlem Mehmet Małgorzata Jens Katrin Dirk",
    "en": "James Mary Oliver Emma Harry Olivia George Amelia Jack Isla Noah Ava Leo Mia Arthur Ivy Oscar Freya Archie "
    "Grace Thomas Sophie Henry Lucy Edward Zoë Daniel Alice Samuel Ruth",
    "fr": "François Chloé Hélène Jean Marie Pierre Élodie Luc Camille Antoine Zoé Benoît Agnès Rémi Inès Paul Léa Hugo "
    "Margaux Théo Claire Jérôme Anaïs Gaël Sylvie Noël Irène Guy Nadège Yves",
    "nl": "Jan Sanne Pieter Anouk Daan Femke Bram Lotte Sem Tess Thijs Eva Ruben Fleur Koen Noor Lars Maud Niels Iris "
    "Joost Roos Stijn Elin Wouter Britt Jeroen Fenna Maarten Geke",
    "it": "Giulia Marco Francesca Luca Chiara Andrea Niccolò Sara Matteo Elena Davide Anna Paolo Lucia Simone Marta "
    "Pietro Irene Fabio Silvia Nicola Laura Giorgio Valeria Enrico Paola Dario Rosa Ugo Noemi",
}
_FAMILY_FRONT = {
    "de": "Müll Schmied Weiß Brück Stein Berg Hof Kästn Linde Sommer Winter Gold Silber Rot Grün Hart Lang Kurz Neu "
    "Fisch Wald Bäck Zimmer Schäf",
    "en": "Black White Green Hart Wood Stan Brad Ash Brook Clay Dun Fair Hill King Lang Mar Nor Oak Red Shel Thorn "
    "West York Whit Cross",
    "fr": "Beau Bel Blan Bon Bouch Char Clém Dub Du Fer Font Gar Gi Lam Lef Leg Mar Mor Per Poi Rous Sau Thé Val Vil",
    "nl": "Van Dijk|Van den Berg|De Vries|Jansen|Bakker|Visser|Smit|Meijer|De Boer|Mulder|Bos|Vos|Peters|Hendriks|"
    "Van Leeuwen|Dekker|Brouwer|De Wit|Dijkstra|Smits|De Graaf|Van der Meer|Kok|Jacobs|De Haan|Vermeulen|Koster",
    "it": "Ros Bian Ferr Esposit Roman Colomb Ricc Marin Grec Brun Gall Cont Mancin Cost Giordan Rizz Lombard Morett "
    "Barbier Fontan Santor Marian Rinald Caruso Ferrar",
}
_FAMILY_END = {
    "de": "er mann hoff bach feld ner inger bauer stedt loh".split(),
    "en": "ton ley field man son ford worth by well wood".split(),
    "fr": "val mont ier ard eau ot et ois in ère".split(),
    "nl": [""],
    "it": "i ini etti oni ese ucci ato elli aro ano".split(),
}
_TRADES = {
    "de": "Bau|Metallbau|Elektrotechnik|Logistik|Möbel|Druckerei|Spedition|Haustechnik|Lebensmittel|Gebäudereinigung|"
    "Maschinenbau|Werbung|Architekten|Getränke|Heizung & Sanitär",
    "en": "Engineering|Logistics|Foods|Trading|Printing|Consulting|Motors|Packaging|Systems|Interiors|Brothers",
    "fr": "Transports|Menuiserie|Boulangerie|Conseil|Électricité|Distribution|Plomberie|Services|Imprimerie",
    "nl": "Bouw|Techniek|Transport|Handelsonderneming|Groothandel|Installaties|Bloemen|Advies|Drukkerij",
    "it": "Costruzioni|Trasporti|Alimentari|Impianti|Servizi|Moda|Meccanica|Arredamenti|Consulenza",
}
_FORMS = {
    "de": "GmbH|GmbH|GmbH & Co. KG|AG|OHG|UG (haftungsbeschränkt)|e.K.|KG|GbR|e.V.".split("|"),
    "en": "Ltd|Limited|plc|LLP|Inc.".split("|"),
    "fr": "SARL|SAS|SA|EURL".split("|"),
    "nl": "B.V.|BV|N.V.|V.O.F.".split("|"),
    "it": "S.r.l.|SRL|S.p.A.|S.n.c.".split("|"),
}
_OTHER_FORMS = {
    "GmbH": ("GMBH", "Gesellschaft mbH", "G.m.b.H.", ""),
    "GmbH & Co. KG": ("GmbH + Co KG", "GMBH CO KG", "GmbH u. Co.KG"),
    "Ltd": ("LTD.", "Limited"), "Limited": ("Ltd", "LTD"), "B.V.": ("BV", "b.v."), "BV": ("B.V.",),
    "S.r.l.": ("SRL", "S R L"), "SRL": ("S.R.L.",), "S.p.A.": ("SPA",), "SARL": ("S.A.R.L.",), "SAS": ("S.A.S.",),
    "UG (haftungsbeschränkt)": ("UG",), "e.K.": ("EK", "e. K."), "e.V.": ("eV", "E.V."),
}  # fmt: skip
_WIDTHS = (70, 70, 70, 70, 35, 35, 27)


def person(rng: Random, language: str, family: str | None = None) -> str:
    """A given and a family name; with `family` a relative."""
    return f"{rng.choice(_GIVEN[language].split())} {family or _family(rng, language)}"


def company(rng: Random, language: str) -> str:
    """A company with its legal form."""
    second = f"{_family(rng, language)} " if rng.random() < 0.15 else ""
    trade = rng.choice(_TRADES[language].split("|"))
    return f"{_family(rng, language)} {second}{trade} {rng.choice(_FORMS[language])}"


def _family(rng: Random, language: str) -> str:
    front = _FAMILY_FRONT[language]
    return rng.choice(front.split("|" if "|" in front else None)) + rng.choice(_FAMILY_END[language])


def as_a_bank_writes(rng: Random, name: str, *, is_company: bool) -> str:
    """The name on a statement: another legal form, the family name first, capitals, folded accents, cut off."""
    written = _other_form(rng, name) if is_company else _turned(rng, name)
    if rng.random() < 0.6:
        written = _folded(rng, written)
    if rng.random() < 0.5:
        written = written.upper()
    return written[: rng.choice(_WIDTHS)].strip()


def _other_form(rng: Random, name: str) -> str:
    if rng.random() < 0.7:
        return name
    for form, others in _OTHER_FORMS.items():
        if name.endswith(f" {form}"):
            return f"{name.removesuffix(form)}{rng.choice(others)}".strip()
    return name


def _turned(rng: Random, name: str) -> str:
    """`Weißbach, Anna`, `Anna und Max Weißbach`, or as it is."""
    given, _, family = name.partition(" ")
    luck = rng.random()
    if luck < 0.12:
        return f"{family}, {given}"
    if luck < 0.18:
        return f"{family} {given}"
    if luck < 0.23:
        return f"{given} und {rng.choice(_GIVEN['de'].split())} {family}"
    return name


def _folded(rng: Random, name: str) -> str:
    if rng.random() < 0.7:
        for sign, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("Ö", "Oe"), ("Ü", "Ue"), ("Ä", "Ae")):
            name = name.replace(sign, letters)
    return anyascii(name)
