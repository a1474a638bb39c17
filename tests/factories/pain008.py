"""Builders of direct-debit messages with plain defaults, and strategies for every message a file can hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

from hypothesis import strategies as st
from stdnum.iso7064 import mod_97_10

from exporters.pain008.characters import LATIN, Characters
from exporters.pain008.checked import write_checked
from exporters.pain008.findings import Finding
from exporters.pain008.message import (
    Address,
    Amendment,
    DirectDebitMessage,
    Party,
    PaymentBlock,
    Scheme,
    SequenceType,
    Transaction,
)
from exporters.pain008.profiles import DEFAULT, Profile
from exporters.pain008.writer import write
from ledger.banking import RfReference
from ledger.money import Money

# The Wednesday the messages are made on, and the Wednesday after it, a business day of T2.
MADE_AT = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
TODAY = MADE_AT.date()
COLLECT_ON = date(2026, 12, 2)

DEBTOR_IBAN = "DE02120300000000202051"
CREDITOR_IBAN = "DE89370400440532013000"
SWISS_IBAN = "CH9300762011623852957"
CREDITOR_ID = "DE98ZZZ09999999999"


def iban(bban: str, country: str = "DE") -> str:
    """The IBAN of `country` around `bban`, with the check digits that fit."""
    return f"{country}{mod_97_10.calc_check_digits(bban + country)}{bban}"


def debtor(**changes: Any) -> Party:
    return replace(Party(name="Erika Beispiel", iban=DEBTOR_IBAN), **changes)


def creditor(**changes: Any) -> Party:
    return replace(Party(name="Musterwerk GmbH", iban=CREDITOR_IBAN), **changes)


def address(**changes: Any) -> Address:
    return replace(
        Address(country="CH", town="Bern", postcode="3011", street="Gasse", building="7"), **changes
    )


def transaction(**changes: Any) -> Transaction:
    plain = Transaction(
        end_to_end_id="INV-2026-0001",
        amount=Money(11900, "EUR"),
        mandate_id="MANDATE-1",
        signed_on=date(2025, 3, 1),
        debtor=debtor(),
        remittance="Invoice 2026-0001",
    )
    return replace(plain, **changes)


def block(*transactions: Transaction, **changes: Any) -> PaymentBlock:
    plain = PaymentBlock(
        payment_information_id="BLOCK-1",
        scheme=Scheme.CORE,
        sequence_type=SequenceType.RCUR,
        collect_on=COLLECT_ON,
        creditor=creditor(),
        creditor_id=CREDITOR_ID,
        transactions=transactions or (transaction(),),
    )
    return replace(plain, **changes)


def message(*blocks: PaymentBlock, **changes: Any) -> DirectDebitMessage:
    plain = DirectDebitMessage(
        message_id="MSG-1",
        created_at=MADE_AT,
        initiating_party="Musterwerk GmbH",
        blocks=blocks or (block(),),
    )
    return replace(plain, **changes)


def message_with(**changes: Any) -> DirectDebitMessage:
    """A message of one transaction, which differs from the plain one by `changes`."""
    return message(block(transaction(**changes)))


def written(message: DirectDebitMessage, profile: Profile = DEFAULT, characters: Characters = LATIN) -> bytes:
    """The bytes of the file that holds `message`."""
    out = BytesIO()
    write(message, out=out, profile=profile, characters=characters)
    return out.getvalue()


def violations(message: DirectDebitMessage, *, today: date | None) -> list[Finding]:
    """Every breach in the file that `message` becomes."""
    return list(write_checked(message, out=BytesIO(), today=today).findings)


def many(count: int) -> DirectDebitMessage:
    """One block of `count` transactions, no two alike."""
    return message(
        block(
            *(
                transaction(
                    end_to_end_id=f"INV-2026-{number:06d}",
                    amount=Money(100 + number, "EUR"),
                    mandate_id=f"MANDATE-{number:06d}",
                    debtor=debtor(name=f"Erika Beispiel {number}", iban=iban(f"12030000{number:010d}")),
                    remittance=f"Invoice 2026-{number:06d}",
                )
                for number in range(1, count + 1)
            )
        )
    )


_IN_2020 = int(datetime(2020, 1, 1, tzinfo=UTC).timestamp())
_IN_2040 = int(datetime(2040, 1, 1, tzinfo=UTC).timestamp())
_PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-?:().,'+"


def references() -> st.SearchStrategy[str]:
    """Identifiers that every bank takes: 1 to 35 characters, slashes and blanks only inside, none doubled."""
    words = st.lists(st.text(_PLAIN, min_size=1, max_size=11), min_size=1, max_size=3)
    return st.builds(str.join, st.sampled_from(["/", " ", "-"]), words).filter(lambda text: len(text) <= 35)


def sepa_text(limit: int, characters: Characters = LATIN) -> st.SearchStrategy[str]:
    """What the bank takes as it leaves the writer: no blanks at the ends, none doubled."""
    inside = "".join(sorted(characters.taken - {" "}))
    words = st.lists(st.text(inside, min_size=1, max_size=limit), min_size=1, max_size=4)
    return words.map(lambda parts: " ".join(parts)[:limit].rstrip())


def ibans() -> st.SearchStrategy[str]:
    return st.one_of(
        st.from_regex(r"[1-9][0-9]{17}", fullmatch=True).map(iban),
        st.sampled_from([SWISS_IBAN, "FR1420041010050500013M02606", "NL91ABNA0417164300"]),
    )


def addresses(characters: Characters = LATIN) -> st.SearchStrategy[Address]:
    return st.builds(
        Address,
        country=st.sampled_from(["CH", "DE", "FR", "GB"]),
        town=sepa_text(35, characters),
        postcode=st.none() | sepa_text(16, characters),
        street=st.none() | sepa_text(70, characters),
        building=st.none() | sepa_text(16, characters),
        lines=st.lists(sepa_text(70, characters), max_size=2).map(tuple),
    )


def parties(characters: Characters = LATIN, *, addressed: bool = True) -> st.SearchStrategy[Party]:
    return st.builds(
        Party,
        name=sepa_text(70, characters),
        iban=ibans(),
        bic=st.none() | st.sampled_from(["COBADEFFXXX", "UBSWCHZH80A", "DEUTDEFF"]),
        address=st.none() | addresses(characters) if addressed else st.none(),
    )


def amendments(characters: Characters = LATIN) -> st.SearchStrategy[Amendment]:
    """Amendments that say what changed; the old account is not named when the bank changed."""
    some = st.builds(
        Amendment,
        original_mandate_id=st.none() | references(),
        original_creditor_id=st.none() | st.just(CREDITOR_ID),
        original_creditor_name=st.none() | sepa_text(70, characters),
        original_debtor_iban=st.none() | ibans(),
    )
    moved = some.map(
        lambda amendment: replace(amendment, original_debtor_iban=None, same_mandate_new_debtor_agent=True)
    )
    return some.filter(lambda amendment: amendment != Amendment()) | moved


def transactions(characters: Characters = LATIN, *, addressed: bool = True) -> st.SearchStrategy[Transaction]:
    remittances: st.SearchStrategy[dict[str, str]] = st.one_of(
        st.just({}),
        st.fixed_dictionaries({"remittance": sepa_text(140, characters)}),
        st.fixed_dictionaries(
            {
                "creditor_reference": st.from_regex(r"[A-Z0-9]{1,21}", fullmatch=True).map(
                    lambda body: RfReference.make(body).compact
                )
            }
        ),
    )
    plain = st.fixed_dictionaries(
        {
            "end_to_end_id": references(),
            "amount": st.integers(1, 99_999_999_999).map(lambda minor: Money(minor, "EUR")),
            "mandate_id": references(),
            "signed_on": st.dates(date(2010, 1, 1), TODAY),
            "debtor": parties(characters, addressed=addressed),
            "instruction_id": st.none() | references(),
            "amendment": st.none() | amendments(characters),
            "ultimate_debtor": st.none() | sepa_text(70, characters),
            "purpose": st.none() | st.sampled_from(["GDDS", "OTHR", "SALA"]),
        }
    )
    return st.builds(lambda fields, remittance: Transaction(**fields, **remittance), plain, remittances)


def blocks(characters: Characters = LATIN, *, addressed: bool = True) -> st.SearchStrategy[PaymentBlock]:
    return st.builds(
        PaymentBlock,
        payment_information_id=references(),
        scheme=st.sampled_from(Scheme),
        sequence_type=st.sampled_from(SequenceType),
        collect_on=st.dates(TODAY, date(2027, 12, 31)),
        creditor=parties(characters, addressed=addressed),
        creditor_id=st.just(CREDITOR_ID),
        batch_booking=st.booleans(),
        category_purpose=st.none() | st.sampled_from(["CASH", "SUPP"]),
        ultimate_creditor=st.none() | sepa_text(70, characters),
        transactions=st.lists(transactions(characters, addressed=addressed), min_size=1, max_size=3).map(
            tuple
        ),
    )


def messages(
    characters: Characters = LATIN, *, addressed: bool = True
) -> st.SearchStrategy[DirectDebitMessage]:
    """Every message in what the bank takes already; `created_at` is whole seconds, as the file writes it.

    The older version of the message has no place for the addresses, so they can be left out.
    """
    return st.builds(
        DirectDebitMessage,
        message_id=references(),
        created_at=st.integers(_IN_2020, _IN_2040).map(lambda second: datetime.fromtimestamp(second, UTC)),
        initiating_party=sepa_text(70, characters),
        blocks=st.lists(blocks(characters, addressed=addressed), min_size=1, max_size=3).map(tuple),
    )
