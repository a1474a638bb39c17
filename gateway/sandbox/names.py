"""Word lists for the invented people, firms and addresses of the demo, by language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """What names of one language are made of: those of people, then those of firms."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    stems: tuple[str, ...]
    trades: tuple[str, ...]
    streets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Country:
    """Where a customer lives: its languages, forms of firms, and towns with their postcodes.

    `vat_percent` is the standard rate of value added tax in 2026 (set by each state, Directive 2006/112/EC).
    """

    languages: tuple[str, ...]
    legal_forms: tuple[str, ...]
    towns: tuple[tuple[str, str], ...]
    vat_percent: int


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.replace("\n", " ").split())


_GERMAN = Words(
    given=_words(
        """Anja Arne Beate Bernd Birgit Carsten Clara Dagmar Detlef Elke Emil Frauke Friedrich Gerlinde Gregor
        Hanna Heiko Ilse Ingo Jana Jens Katrin Klaus Lene Lothar Maike Manfred Nadine Norbert Olga Oskar Petra
        Rainer Sabine Silke Thorsten Ulrike Uwe Wiebke Wolfgang"""
    ),
    family=_words(
        """Achterberg Blankenfeld Böhmig Dornhöfer Eichstädt Fährmann Grünewald Haberkorn Immenrode Jäckel
        Köhlbrand Lüdersen Mühlbach Niehues Oldenkott Pfefferle Quast Röttgermann Süßkind Tannhäuser Überfeldt
        Vogelsang Wiesengrund Zeisler Brückner Dünnwald Großkopf Höppner Krügerke Lösche Möllenkamp Nüßlein
        Schönbeck Spörl Strümpfel Töpperwien Wächtler Weißhaupt Zörner Börnsen"""
    ),
    stems=_words(
        """Alsterhof Birkenau Brunnthal Deichkrone Eulenmühle Falkenried Fichtenstein Goldacker Hagebutt
        Heidekamp Immergrün Kiesling Königsforst Kupferhammer Lerchenberg Mühlenstedt Nebelhorn Nordlicht
        Rabenstein Rosenbusch Rotbuche Sanddorn Silberbach Sonnenhang Steinkrug Tannengrund Uferblick
        Wacholder Waldsaum Weidenau Wiesental Zinnober"""
    ),
    trades=_words(
        """Bäckerei Baustoffe Bootsbau Buchhandel Dachdeckerei Druckerei Elektrotechnik Fahrschule
        Feinmechanik Gartenbau Gerüstbau Hausverwaltung Ingenieurbüro Kältetechnik Logistik
        Malerbetrieb Maschinenbau Medizintechnik Metallbau Physiotherapie Spedition Steuerberatung
        Tischlerei Zahntechnik"""
    ),
    streets=(
        *("Ahornweg", "Am Anger", "Amselstieg", "Bahnhofstraße", "Birkenallee", "Dorfstraße", "Fliederweg"),
        *("Gartenstraße", "Hafenstraße", "Kirchgasse", "Lindenstraße", "Mühlenweg", "Ringstraße", "Schulweg"),
    ),
)

_FRENCH = Words(
    given=_words(
        """Adèle Armand Blanche Bruno Céline Damien Édith Étienne Fabienne Gaël Hélène Hugues Inès Jérôme
        Joëlle Loïc Maëlle Noël Odile Pascal Régine Sylvain Thérèse Yves"""
    ),
    family=_words(
        """Aubépin Beaurivage Chantemerle Desrosiers Épinay Fontanel Grandchamp Hautbois Jolivet Lavoisel
        Maisonneuve Noyelle Orgeval Peyrolles Quenouille Rochebrune Saintonge Tourterelle Valmorin Vertbois"""
    ),
    stems=_words(
        """Belvédère Boréal Clairière Coquelicot Écluse Garrigue Hirondelle Lavandin Mirabelle Noisetier Orée
        Pierreverte Rivière Tilleul Tramontane Vallon"""
    ),
    trades=_words(
        """Boulangerie Charpente Conseil Électricité Imprimerie Librairie Logistique Menuiserie Pharmacie
        Plomberie Traiteur Transports"""
    ),
    streets=("rue des Acacias", "rue du Moulin", "allée des Tilleuls", "place du Marché", "rue de la Gare"),
)

_DUTCH = Words(
    given=_words(
        """Annelies Bram Coby Daan Esmée Femke Gijs Hilde Ivo Jasmijn Koen Lieke Maarten Noor Otto Pleun Roel
        Sanne Teun Willemijn"""
    ),
    family=_words(
        """Achterhuis Boomgaard Duinker Elzinga Grachtman Heuvelink Kievit Kloosterboer Molenkamp Nieuwland
        Oosterveen Polderman Ruyterink Sluismans Tulpenaer Veldkamp Waterink Zandstra"""
    ),
    stems=_words(
        """Dijkzicht Duinroos Eikenhorst Grutto Havenzicht Ijsvogel Korenbloem Lepelaar Meerkoet Molenwiek
        Noorderzon Polderlicht Rietland Stormvogel Veenweide Zilvermeeuw"""
    ),
    trades=_words(
        """Administratie Bakkerij Bouw Drukkerij Fietsen Groenvoorziening Installatie Kwekerij Logistiek
        Schilders Techniek Timmerwerken"""
    ),
    streets=("Dorpsstraat", "Kerkweg", "Molenlaan", "Stationsplein", "Beukenlaan"),
)

_ITALIAN = Words(
    given=_words(
        "Agnese Bruno Chiara Dario Elisa Fabio Giada Ivano Letizia Marta Nicolò Ornella Piero Rosalba Sandro"
    ),
    family=_words(
        """Acquaviva Belcolle Casagrande Dellorto Fontebuona Granaio Lungarno Montecchi Oliveto Pietraluce
        Querciola Roccabruna Selvaggi Torrechiara Vallefredda"""
    ),
    stems=_words(
        "Belvedere Collina Fiordaliso Girasole Lanterna Melograno Oleandro Pineta Quercia Tramontana"
    ),
    trades=_words(
        "Arredi Consulenze Edilizia Forniture Impianti Officine Panificio Stampe Tessuti Trasporti"
    ),
    streets=("via dei Mille", "via del Mulino", "viale dei Pini", "via della Fontana"),
)

_SPANISH = Words(
    given=_words(
        "Alba Benito Carmela Dámaso Elvira Fermín Gracia Íñigo Jimena Lorenzo Nuria Óscar Pilar Rocío Tomás"
    ),
    family=_words(
        """Arroyofrío Bellavista Camposanto Delmonte Encinar Fuentesol Granadal Higueruela Lagunilla Montalto
        Olivares Peñablanca Ríosalado Serranillo Valdeoro"""
    ),
    stems=_words("Almendro Brisamar Cantera Encina Faro Jacaranda Limonero Mirador Naranjal Olmeda"),
    trades=_words(
        "Asesores Carpintería Construcciones Electricidad Gestión Imprenta Jardinería Muebles Transportes"
    ),
    streets=("calle del Olivo", "calle Mayor", "avenida del Mar", "plaza de la Fuente"),
)

WORDS: Mapping[str, Words] = {
    "de": _GERMAN,
    "fr": _FRENCH,
    "nl": _DUTCH,
    "it": _ITALIAN,
    "es": _SPANISH,
}

COUNTRIES: Mapping[str, Country] = {
    "DE": Country(
        languages=("de",),
        legal_forms=("GmbH", "GmbH & Co. KG", "OHG", "e.K.", "UG (haftungsbeschränkt)"),
        towns=(
            *(("20095", "Hamburg"), ("28195", "Bremen"), ("04109", "Leipzig"), ("50667", "Köln")),
            *(("70173", "Stuttgart"), ("90402", "Nürnberg"), ("24103", "Kiel"), ("99084", "Erfurt")),
        ),
        vat_percent=19,
    ),
    "AT": Country(
        languages=("de",),
        legal_forms=("GmbH", "OG", "KG"),
        towns=(("1010", "Wien"), ("4020", "Linz"), ("5020", "Salzburg"), ("8010", "Graz")),
        vat_percent=20,
    ),
    "FR": Country(
        languages=("fr",),
        legal_forms=("SARL", "SAS", "EURL"),
        towns=(("69002", "Lyon"), ("67000", "Strasbourg"), ("44000", "Nantes"), ("35000", "Rennes")),
        vat_percent=20,
    ),
    "NL": Country(
        languages=("nl",),
        legal_forms=("B.V.", "V.O.F."),
        towns=(("3511 LH", "Utrecht"), ("9711 LM", "Groningen"), ("7511 JE", "Enschede")),
        vat_percent=21,
    ),
    "BE": Country(
        languages=("nl", "fr"),
        legal_forms=("BV", "SRL"),
        towns=(("9000", "Gent"), ("4000", "Liège"), ("2000", "Antwerpen"), ("5000", "Namur")),
        vat_percent=21,
    ),
    "IT": Country(
        languages=("it",),
        legal_forms=("S.r.l.", "S.n.c."),
        towns=(("39100", "Bolzano"), ("37121", "Verona"), ("34121", "Trieste")),
        vat_percent=22,
    ),
    "ES": Country(
        languages=("es",),
        legal_forms=("S.L.", "S.L.U."),
        towns=(("48001", "Bilbao"), ("46001", "Valencia"), ("50001", "Zaragoza")),
        vat_percent=21,
    ),
}
