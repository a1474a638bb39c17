"""The bank transaction codes the simulator books under, as a German bank states them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TransactionCode:
    """What kind of booking an entry is.

    `iso` is domain/family/sub-family of the ISO 20022 external bank transaction codes, `national` the SWIFT
    code and Geschaeftsvorfallcode of the Deutsche Kreditwirtschaft, `text` what a German bank prints.
    """

    iso: str
    national: str
    text: str

    @property
    def levels(self) -> tuple[str, str, str]:
        """Domain, family and sub-family code."""
        domain, family, sub_family = self.iso.split("/")
        return domain, family, sub_family


# ISO 20022 external code set of bank transactions and the German business transaction codes (GVC), 2026-11.
CORE_CREDIT = TransactionCode("PMNT/IDDT/ESDD", "NDDT+171", "SEPA-Basislastschrift Einzug")
CORE_LUMP = TransactionCode("PMNT/IDDT/ESDD", "NDDT+192", "SEPA-Basislastschrift Sammler")
CORE_RETURN = TransactionCode("PMNT/IDDT/UPDD", "NRTI+109", "SEPA-Basislastschrift Rückgabe")
B2B_CREDIT = TransactionCode("PMNT/IDDT/BBDD", "NDDT+174", "SEPA-Firmenlastschrift Einzug")
B2B_LUMP = TransactionCode("PMNT/IDDT/BBDD", "NDDT+196", "SEPA-Firmenlastschrift Sammler")
B2B_RETURN = TransactionCode("PMNT/IDDT/UPDD", "NRTI+108", "SEPA-Firmenlastschrift Rückgabe")
# Lumps of returns: GVC 195 and 197 in one public list; banks differ.
CORE_RETURNS = TransactionCode("PMNT/IDDT/UPDD", "NRTI+195", "SEPA-Basislastschrift Rückgaben Sammler")
B2B_RETURNS = TransactionCode("PMNT/IDDT/UPDD", "NRTI+197", "SEPA-Firmenlastschrift Rückgaben Sammler")
REVERSAL_OUT = TransactionCode("PMNT/IDDT/RCDD", "NDDT+193", "SEPA-Lastschrift Reversal")
RETURN_FEE = TransactionCode("ACMT/MDOP/CHRG", "NCHG+808", "Entgelt Rücklastschrift")
RETURN_INTEREST = TransactionCode("ACMT/MDOP/INTR", "NINT+814", "Zinsausgleich Rücklastschrift")
TRANSFER_IN = TransactionCode("PMNT/RCDT/ESCT", "NTRF+166", "SEPA-Gutschrift")
INSTANT_IN = TransactionCode("PMNT/RRCT/ESCT", "NTRF+168", "Echtzeit-Gutschrift")
OWN_TRANSFER_IN = TransactionCode("PMNT/RCDT/BOOK", "NTRF+166", "Umbuchung")
TRANSFER_OUT = TransactionCode("PMNT/ICDT/ESCT", "NTRF+116", "SEPA-Überweisung")
TRANSFERS_OUT = TransactionCode("PMNT/ICDT/ESCT", "NTRF+191", "SEPA-Überweisung Sammler")
SALARIES_OUT = TransactionCode("PMNT/ICDT/SALA", "NTRF+191", "SEPA-Überweisung Sammler")
DEBIT_OUT = TransactionCode("PMNT/RDDT/ESDD", "NDDT+105", "SEPA-Basislastschrift")
FEE = TransactionCode("ACMT/MDOP/CHRG", "NCHG+808", "Entgelt")
INTEREST_IN = TransactionCode("ACMT/MCOP/INTR", "NINT+814", "Zinsen")
