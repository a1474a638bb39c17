"""Refunds as pain.001 through sepaxml: our ids and instants, every field, and the schema."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from exporters import pain001
from exporters.pain001 import NAMESPACE, Party, Transfer, TransferMessage
from exporters.pain008.values import Unwritable
from ledger.money import Money
from tests.factories.books import OUR_IBAN, debtor_iban

US = Party(name="Muster Energie GmbH", iban=OUR_IBAN, bic="BYLADEM1001")
ERIKA = Party(name="Erika Beispiel", iban=debtor_iban(1))


def transfer(number: int = 1, amount_minor: int = 3_100, **facts: object) -> Transfer:
    usual: dict[str, Any] = {
        "end_to_end_id": f"REF{number:05d}", "amount": Money(amount_minor, "EUR"), "payee": ERIKA,
        "remittance": "Refund RE-2026-0815",
    }  # fmt: skip
    return Transfer(**{**usual, **facts})


def message(*transfers: Transfer, **facts: object) -> TransferMessage:
    usual: dict[str, Any] = {
        "message_id": "PB1", "created_at": datetime(2026, 11, 18, 8, 0, tzinfo=UTC),
        "payment_information_id": "PP1", "execute_on": date(2026, 11, 18), "payer": US, "batch_booking": True,
        "transfers": transfers or (transfer(1), transfer(2, 5)),
    }  # fmt: skip
    return TransferMessage(**{**usual, **facts})


def all_at(content: bytes, path: str) -> list[str]:
    """The texts of all elements at a path below the message, without the writer's help."""
    root = etree.fromstring(content)
    steps = "/".join(f"{{{NAMESPACE}}}{step}" for step in ("CstmrCdtTrfInitn", *path.split("/")))
    return [str(found.text) for found in root.findall(steps)]


def test_the_file_says_what_was_asked_for_and_nothing_of_chance_or_clock() -> None:
    content = pain001.write(message(transfer(1), transfer(2, 5, payee=replace(ERIKA, bic="UBSWCHZH80A"))))
    assert content == pain001.write(
        message(transfer(1), transfer(2, 5, payee=replace(ERIKA, bic="UBSWCHZH80A")))
    )
    facts = {
        "GrpHdr/MsgId": ["PB1"], "GrpHdr/CreDtTm": ["2026-11-18T08:00:00Z"], "GrpHdr/NbOfTxs": ["2"],
        "GrpHdr/CtrlSum": ["31.05"], "GrpHdr/InitgPty/Nm": ["Muster Energie GmbH"],
        "PmtInf/PmtInfId": ["PP1"], "PmtInf/PmtMtd": ["TRF"], "PmtInf/BtchBookg": ["true"],
        "PmtInf/NbOfTxs": ["2"], "PmtInf/CtrlSum": ["31.05"], "PmtInf/PmtTpInf/SvcLvl/Cd": ["SEPA"],
        "PmtInf/ReqdExctnDt/Dt": ["2026-11-18"], "PmtInf/Dbtr/Nm": ["Muster Energie GmbH"],
        "PmtInf/DbtrAcct/Id/IBAN": [OUR_IBAN], "PmtInf/DbtrAgt/FinInstnId/BICFI": ["BYLADEM1001"],
        "PmtInf/ChrgBr": ["SLEV"],
        "PmtInf/CdtTrfTxInf/PmtId/EndToEndId": ["REF00001", "REF00002"],
        "PmtInf/CdtTrfTxInf/Amt/InstdAmt": ["31.00", "0.05"],
        "PmtInf/CdtTrfTxInf/Cdtr/Nm": ["Erika Beispiel", "Erika Beispiel"],
        "PmtInf/CdtTrfTxInf/CdtrAcct/Id/IBAN": [ERIKA.iban, ERIKA.iban],
        "PmtInf/CdtTrfTxInf/CdtrAgt/FinInstnId/BICFI": ["UBSWCHZH80A"],
        "PmtInf/CdtTrfTxInf/RmtInf/Ustrd": ["Refund RE-2026-0815", "Refund RE-2026-0815"],
    }  # fmt: skip
    assert {path: all_at(content, path) for path in facts} == facts
    assert pain001.fits_schema(content)
    assert b"xsi" not in content  # banks take the default namespace only


_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-?:().,'+"
_ids = st.text(_SIGNS, min_size=1, max_size=35)
_texts = st.lists(st.text(_SIGNS, min_size=1, max_size=11), min_size=1, max_size=5).map(" ".join)
_transfers = st.builds(
    Transfer, end_to_end_id=_ids, amount=st.integers(1, pain001.LARGEST_MINOR).map(lambda n: Money(n, "EUR")),
    payee=st.builds(
        Party, name=_texts, iban=st.integers(1, 10**9).map(debtor_iban),
        bic=st.sampled_from([None, "UBSWCHZH80A", "COBADEFF"]),
    ),
    remittance=_texts,
)  # fmt: skip


@given(st.lists(_transfers, min_size=1, max_size=5), _ids, _ids, st.dates(date(2020, 1, 1)), st.booleans())
def test_every_transfer_comes_out_as_it_went_in(
    transfers: list[Transfer], message_id: str, block_id: str, execute_on: date, batch_booking: bool
) -> None:
    said = message(
        *transfers, message_id=message_id, payment_information_id=block_id, execute_on=execute_on,
        batch_booking=batch_booking, payer=replace(US, bic=None),
    )  # fmt: skip
    content = pain001.write(said)
    tx = "PmtInf/CdtTrfTxInf"
    assert all_at(content, f"{tx}/PmtId/EndToEndId") == [one.end_to_end_id for one in transfers]
    assert all_at(content, f"{tx}/Amt/InstdAmt") == [one.amount.decimal() for one in transfers]
    assert all_at(content, f"{tx}/Cdtr/Nm") == [one.payee.name for one in transfers]
    assert all_at(content, f"{tx}/CdtrAcct/Id/IBAN") == [one.payee.iban for one in transfers]
    assert all_at(content, f"{tx}/CdtrAgt/FinInstnId/BICFI") == [
        one.payee.bic for one in transfers if one.payee.bic
    ]
    assert all_at(content, f"{tx}/RmtInf/Ustrd") == [one.remittance for one in transfers]
    total = Money(sum(one.amount.minor for one in transfers), "EUR").decimal()
    assert all_at(content, "GrpHdr/CtrlSum") == all_at(content, "PmtInf/CtrlSum") == [total]
    assert (all_at(content, "GrpHdr/MsgId"), all_at(content, "PmtInf/PmtInfId")) == ([message_id], [block_id])
    assert all_at(content, "PmtInf/BtchBookg") == ["true" if batch_booking else "false"]
    assert all_at(content, "PmtInf/ReqdExctnDt/Dt") == [execute_on.isoformat()]
    assert all_at(content, "PmtInf/DbtrAgt/FinInstnId/Othr/Id") == ["NOTPROVIDED"]


def test_names_and_texts_are_put_into_the_characters_every_bank_takes() -> None:
    content = pain001.write(
        message(
            transfer(
                payee=replace(ERIKA, name="Jörg Müller & Söhne <„Bau“>"), remittance="Rückzahlung № 7 " * 20
            )
        )
    )
    assert all_at(content, "PmtInf/CdtTrfTxInf/Cdtr/Nm") == ["Joerg Mueller + Soehne .'Bau'."]
    (text,) = all_at(content, "PmtInf/CdtTrfTxInf/RmtInf/Ustrd")
    assert text.startswith("Rueckzahlung No 7 Rueckzahlung")
    assert len(text) <= 140


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (message(transfers=()), "transfers"),
        (message(message_id="M" * 36), "message_id"),
        (message(payment_information_id="/"), "payment_information_id"),
        (message(payer=replace(US, name=" ")), "payer.name"),
        (message(payer=replace(US, iban="DE")), "payer.iban"),
        (message(payer=replace(US, bic="NOTPROVIDED")), "payer.bic"),
        (message(transfer(), transfer(2, 0)), "transfers[1].amount"),
        (message(transfer(1, 100_000_000_000)), "transfers[0].amount"),
        (message(transfer(amount=Money(1, "CHF"))), "transfers[0].amount"),
        (message(transfer(end_to_end_id="REF ")), "transfers[0].end_to_end_id"),
        (message(transfer(payee=replace(ERIKA, name=""))), "transfers[0].payee.name"),
        (message(transfer(payee=replace(ERIKA, iban="de"))), "transfers[0].payee.iban"),
        (message(transfer(remittance="\t")), "transfers[0].remittance"),
    ],
)
def test_what_has_no_form_in_the_file_is_refused_with_its_place(said: TransferMessage, field: str) -> None:
    with pytest.raises(Unwritable) as refused:
        pain001.write(said)
    assert refused.value.field == field


def test_an_instant_without_time_zone_is_no_instant() -> None:
    with pytest.raises(ValueError, match="time zone"):
        pain001.write(message(created_at=datetime(2026, 11, 18, 8, 0)))  # noqa: DTZ001


def test_what_is_no_transfer_file_does_not_fit_the_schema() -> None:
    content = pain001.write(message())
    assert not pain001.fits_schema(content.replace(b"<PmtMtd>TRF</PmtMtd>", b""))
    assert not pain001.fits_schema(b"<a/>")
