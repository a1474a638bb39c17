"""An independent library writes the same plain batch, and both files agree in every element they share."""

from __future__ import annotations

from collections import Counter
from datetime import date

from lxml import etree
from sepaxml import SepaDD

from exporters.pain008.message import PaymentBlock, SequenceType
from ledger.money import Money
from tests.factories.pain008 import CREDITOR_ID, block, creditor, debtor, iban, message, transaction, written

Leaves = Counter[tuple[str, str]]

RECURRING = block(
    *(
        transaction(
            end_to_end_id=f"INV-{number}",
            amount=Money(number * 1999, "EUR"),
            mandate_id=f"MANDATE-{number}",
            signed_on=date(2025, 1, number),
            debtor=debtor(name=f"Erika Beispiel {number}", iban=iban(f"12030000{number:010d}"), bic=bic),
            remittance=f"Invoice {number} of December",
        )
        for number, bic in enumerate(["COBADEFFXXX", None, "DEUTDEFF"], start=1)
    ),
    creditor=creditor(bic="COBADEFFXXX"),
)
ONCE = block(
    transaction(end_to_end_id="INV-9", amount=Money(5, "EUR")),
    payment_information_id="BLOCK-2",
    sequence_type=SequenceType.OOFF,
    collect_on=date(2026, 12, 7),
    creditor=creditor(bic="COBADEFFXXX"),
)
OURS = message(RECURRING, ONCE)

# What the two write differently on purpose. sepaxml makes identifiers and times of its own, and puts the
# creditor identifier on the initiating party, against which the German banks advise.
MADE_BY_THE_WRITER = ("GrpHdr/MsgId", "GrpHdr/CreDtTm", "PmtInf/PmtInfId")
ONLY_SEPAXML = {("GrpHdr/InitgPty/Id/OrgId/Othr/Id", CREDITOR_ID): 1}


def by_sepaxml() -> bytes:
    config = {
        "name": "Musterwerk GmbH",
        "IBAN": OURS.blocks[0].creditor.iban,
        "BIC": "COBADEFFXXX",
        "batch": True,
        "creditor_id": CREDITOR_ID,
        "currency": "EUR",
    }
    writer = SepaDD(config, schema="pain.008.001.08", clean=False)
    for each in OURS.blocks:
        for payment in payments(each):
            writer.add_payment(payment)
    exported = writer.export(validate=True)
    assert isinstance(exported, bytes)
    return exported


def payments(of: PaymentBlock) -> list[dict[str, object]]:
    return [
        {
            "name": each.debtor.name,
            "IBAN": each.debtor.iban,
            "amount": each.amount.minor,
            "type": of.sequence_type.value,
            "collection_date": of.collect_on,
            "mandate_id": each.mandate_id,
            "mandate_date": each.signed_on,
            "description": each.remittance,
            "endtoend_id": each.end_to_end_id,
            **({"BIC": each.debtor.bic} if each.debtor.bic else {}),
        }
        for each in of.transactions
    ]


def leaves(file: bytes) -> Leaves:
    """Every text of the file under its path; a transaction's are told apart by its EndToEndId."""
    found: Leaves = Counter()
    for element in etree.fromstring(file).iter():
        if len(element) == 0:
            found[path(element), element.text or ""] += 1
        found.update(
            {(f"{path(element)}/@{name!s}", str(value)): 1 for name, value in element.attrib.items()}
        )
    return found


def path(element: etree._Element) -> str:
    around = [element, *element.iterancestors()]
    return "/".join(step(each) for each in reversed(around[:-2]))


def step(element: etree._Element) -> str:
    name = etree.QName(element).localname
    if name != "DrctDbtTxInf":
        return name
    return f"{name}({element.findtext('{*}PmtId/{*}EndToEndId')})"


def of_both(file: bytes) -> Leaves:
    """The leaves without those that each writer makes for itself."""
    return Counter({leaf: n for leaf, n in leaves(file).items() if leaf[0] not in MADE_BY_THE_WRITER})


def test_both_files_say_the_same_of_every_collection() -> None:
    ours, theirs = of_both(written(OURS)), of_both(by_sepaxml())
    assert theirs - ours == Counter(ONLY_SEPAXML)
    assert ours - theirs == Counter()


def test_the_comparison_covers_every_collection_and_every_amount() -> None:
    ours = of_both(written(OURS))
    amounts = {text for place, text in ours if place.endswith("/InstdAmt")}
    assert amounts == {"19.99", "39.98", "59.97", "0.05"}
    assert len([place for place, _ in ours if place.endswith("/DbtrAcct/Id/IBAN")]) == 4


def test_the_identifiers_that_are_left_out_are_there_in_both() -> None:
    for file in (written(OURS), by_sepaxml()):
        counted = Counter(place for place, _ in leaves(file).elements() if place in MADE_BY_THE_WRITER)
        assert counted == {"GrpHdr/MsgId": 1, "GrpHdr/CreDtTm": 1, "PmtInf/PmtInfId": 2}
