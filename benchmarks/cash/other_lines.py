"""Lines that are no customer's payment: refunds, payouts, transfers of our own, charges, tax, salaries, suppliers."""

from __future__ import annotations

from datetime import timedelta

from benchmarks import data
from benchmarks.cash import crowd, names
from benchmarks.cash.business import PAID_OUT, TRANSFER, Business
from benchmarks.cash.facts import Nature, Truth
from benchmarks.cash.mixes import Case
from benchmarks.cash.naming_payments import exact_reference

SECOND_IBAN = crowd.iban("DE", 9_000_000_001)
_TAX_OFFICE, _PROVIDER = crowd.iban("DE", 9_000_000_002), crowd.iban("NL", 9_000_000_003)
_STAFF, _SUPPLIERS = 40, 120
_FIRST_OF_STAFF, _FIRST_SUPPLIER = 9_100_000_000, 9_200_000_000


def refund_sent(year: Business) -> None:
    """What a customer paid too much goes back; asked for in the product where it knows of the money."""
    spare = year.pick(year.with_rest, lambda line: line.booked_on < year.today - timedelta(days=5))
    if spare is None:
        exact_reference(year)
        return
    year.with_rest.remove(spare)
    year.sees(
        -spare.truth.on_account_minor, year.working(year.today), "Erstattung Überzahlung",
        name=spare.name, iban=spare.iban,
        truth=Truth(case=Case.REFUND_SENT, nature=Nature.REFUND), code=PAID_OUT, refund_of=spare.key,
        end_to_end_id=f"BYHAND{year.rng.randrange(10**9):09d}",
    )  # fmt: skip


def refund_returned(year: Business) -> None:
    """A refund that the customer's bank sends back."""
    refund = year.pick(year.refunds, lambda line: line.booked_on < year.today)
    if refund is None:
        exact_reference(year)
        return
    year.refunds.remove(refund)
    year.sees(
        -refund.amount_minor, year.working(year.today), refund.text, name=refund.name, iban=refund.iban,
        truth=Truth(case=Case.REFUND_RETURNED, nature=Nature.REFUND), code="PMNT/ICDT/RRTN", returns=refund.key,
        end_to_end_id=refund.end_to_end_id,
    )  # fmt: skip


def supplier_refund(year: Business) -> None:
    """A supplier pays back, and its number may be one that we gave an invoice."""
    other = year.pick(year.billed, lambda _: True)
    number = year.rng.randrange(10**6) if other is None or year.rng.random() < 0.5 else other.number
    amount = year.rng.randrange(20_00, 900_00)
    year.not_a_payment(
        Case.SUPPLIER_REFUND, Nature.OTHER, amount, f"Gutschrift {number} Ihre Kundennr. {year.rng.randrange(10**5)}",
        code=TRANSFER, **_supplier(year),
    )  # fmt: skip


def payout(year: Business) -> None:
    """A card provider pays out a day's takings less its fees."""
    amount = year.rng.randrange(150_00, 9_000_00)
    year.not_a_payment(
        Case.PAYOUT, Nature.PAYOUT, amount, f"PAYOUT {year.today:%Y%m%d} PO_{year.rng.getrandbits(40):010X}",
        name="Stripe Payments Europe", iban=_PROVIDER, code=TRANSFER,
    )  # fmt: skip


def own_transfer(year: Business) -> None:
    """Money moved between our two accounts: a leg on each statement, on the same day or the next."""
    out_of_main = year.rng.random() < 0.5
    amount, text = year.rng.randrange(5, 200) * 500_00, f"Umbuchung {year.today:%m/%Y}"
    on = year.working(year.today)
    later = year.working(on + timedelta(days=year.rng.choice((0, 0, 1))))
    truth = Truth(case=Case.OWN_TRANSFER, nature=Nature.TRANSFER)
    for account, other_iban in ((0, SECOND_IBAN), (1, data.OUR_IBAN)):
        leaves = out_of_main is (account == 0)
        year.sees(
            -amount if leaves else amount, on if leaves else later, text, name=data.CREDITOR_NAME, iban=other_iban,
            truth=truth, account=account, code=PAID_OUT if leaves else TRANSFER, end_to_end_id="NOTPROVIDED",
        )  # fmt: skip


def tax_refund(year: Business) -> None:
    """The tax office pays back."""
    year.not_a_payment(
        Case.TAX_REFUND, Nature.TAX, year.rng.randrange(100_00, 9_000_00), _tax_text(year),
        name="FINANZAMT BERLIN", iban=_TAX_OFFICE, code=TRANSFER,
    )  # fmt: skip


def tax(year: Business) -> None:
    """Tax that we pay."""
    year.not_a_payment(
        Case.TAX, Nature.TAX, -year.rng.randrange(100_00, 90_000_00), _tax_text(year), name="FINANZAMT BERLIN",
        iban=_TAX_OFFICE, code=PAID_OUT,
    )  # fmt: skip


def bank_charges(year: Business) -> None:
    """What the bank keeps for itself."""
    year.not_a_payment(
        Case.BANK_CHARGES, Nature.FEE, -year.rng.randrange(20, 40_00),
        year.rng.choice(("Kontoführung", "Entgelt Auslandszahlung", "Buchungsposten", "Kosten Rücklastschrift")),
        name="", code="ACMT/MDOP/CHRG",
    )  # fmt: skip


def interest(year: Business) -> None:
    """Interest, mostly ours to pay."""
    amount = year.rng.randrange(50, 400_00) * year.rng.choice((-1, -1, 1))
    year.not_a_payment(
        Case.INTEREST,
        Nature.INTEREST,
        amount,
        "Abschluss Zinsen",
        name="",
        code="ACMT/MCOP/INTR" if amount > 0 else "ACMT/MDOP/INTR",
    )


def salary(year: Business) -> None:
    """A salary of somebody who may well be called like a customer."""
    person = year.rng.randrange(_STAFF)
    namesake = next(one for one in year.customers[person:] if not one.is_company)
    year.not_a_payment(
        Case.SALARY, Nature.SALARY, -(2_100_00 + person * 53_17), f"Gehalt {year.today:%m/%Y}",
        name=namesake.name, iban=crowd.iban("DE", _FIRST_OF_STAFF + person),
        code="PMNT/ICDT/SALA",
    )  # fmt: skip


def supplier(year: Business) -> None:
    """An invoice of a supplier, whose number we name."""
    number = f"{year.rng.choice(('RE', 'R', 'INV', ''))}{year.rng.randrange(10**6)}"
    year.not_a_payment(
        Case.SUPPLIER, Nature.OTHER, -year.rng.randrange(20_00, 20_000_00), f"Rechnung {number}", code=PAID_OUT,
        **_supplier(year),
    )  # fmt: skip


def _supplier(year: Business) -> dict[str, str]:
    number = year.rng.randrange(_SUPPLIERS)
    return {
        "name": names.company(year.rng, "de") if number == 0 else f"Lieferwerk {number} GmbH",
        "iban": crowd.iban("DE", _FIRST_SUPPLIER + number),
    }


def _tax_text(year: Business) -> str:
    return f"27/815/{year.rng.randrange(10_000, 99_999)} USt {year.today:%m/%Y}"
