"""Which countries belong to SEPA, and which of them to the European Economic Area."""

from __future__ import annotations

# ISO 3166 codes of the 27 member states of the European Union, and of Iceland, Liechtenstein and Norway.
# fmt: off
_EEA_STATES = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE",
    "IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
})
# fmt: on

# Parts of Finland and France with an ISO 3166 code of their own to which the treaties of the Union apply
# (article 355 TFEU); their accounts carry the IBAN country code FI or FR.
_EEA_REGIONS = frozenset({"AX", "GF", "GP", "MF", "MQ", "RE", "YT"})

# EPC409-09 version 8.0 of 2025-12-24: members of the SEPA schemes outside the European Economic Area.
_BEYOND_EEA = frozenset({"AD", "AL", "CH", "GB", "MC", "MD", "ME", "MK", "RS", "SM", "VA"})

# EPC409-09 as above: territories with an ISO 3166 code of their own. IBANs of Guernsey, the Isle of Man and
# Jersey begin with GB, those of Saint Barthelemy and of Saint Pierre and Miquelon with FR. Gibraltar has its
# own, which the IBAN registry of ISO 13616 marks as SEPA.
_TERRITORIES = frozenset({"BL", "GG", "GI", "IM", "JE", "PM"})

_EEA = _EEA_STATES | _EEA_REGIONS
_SEPA = _EEA | _BEYOND_EEA | _TERRITORIES


def is_sepa_country(code: str) -> bool:
    """Whether the country with this ISO 3166 code is in the SEPA schemes (EPC409-09 version 8.0).

    New Caledonia, French Polynesia and Wallis and Futuna are not, though some tables say so.
    """
    return code in _SEPA


def is_eea_country(code: str) -> bool:
    """Whether the country is in the European Economic Area.

    There an IBAN is enough (Regulation (EU) 260/2012). For a debtor whose bank lies in SEPA but outside this
    area the creditor must give the debtor's address, and a bank may ask for the BIC.
    """
    return code in _EEA
