"""A bank's answer to a payment order is told from a statement and handed on."""

from __future__ import annotations

import io

import pytest

from reconciliation.formats import detect, pain002
from reconciliation.statement import UnreadableFile
from tests.factories.camt import camt053, credit


def answer(namespace: str | None, root: str = "CstmrPmtStsRpt") -> bytes:
    declared = "" if namespace is None else f' xmlns="{namespace}"'
    return f"<Document{declared}><{root}><GrpHdr><MsgId>M-1</MsgId></GrpHdr></{root}></Document>".encode()


@pytest.mark.parametrize("version", [f"{number:02d}" for number in range(3, 15)])
def test_every_version_is_told(version: str) -> None:
    head = answer(f"urn:iso:std:iso:20022:tech:xsd:pain.002.001.{version}")
    assert pain002.identify(head) == f"pain.002.001.{version}"


@pytest.mark.parametrize(
    ("namespace", "root", "expected"),
    [
        ("urn:iso:std:iso:20022:tech:xsd:pain.002.003.03", "CstmrPmtStsRpt", "pain.002.003.03"),
        ("http://www.example.com/de/pain.002.001.03.ch.02.xsd", "CstmrPmtStsRpt", "pain.002.001.03"),
        ("urn:iso:std:iso:20022:tech:xsd:pain.002.001.02", "pain.002.001.02", "pain.002.001.02"),
        ("urn:something", "CstmrPmtStsRpt", "pain.002"),
        (None, "CstmrPmtStsRpt", "pain.002"),
        ("urn:iso:std:iso:20022:tech:xsd:pain.008.001.08", "CstmrDrctDbtInitn", None),
        ("urn:iso:std:iso:20022:tech:xsd:camt.053.001.08", "BkToCstmrStmt", None),
        (None, "Other", None),
    ],
)
def test_it_is_told_by_its_namespace_or_its_root(
    namespace: str | None, root: str, expected: str | None
) -> None:
    assert pain002.identify(answer(namespace, root)) == expected


@pytest.mark.parametrize("head", [b"", b"hello", b"<!DOCTYPE x><CstmrPmtStsRpt/>", b"\xff\xfe\0"])
def test_what_is_no_answer_is_not_identified(head: bytes) -> None:
    assert pain002.identify(head) is None


def test_it_is_handed_on_under_its_name_and_never_read_as_a_statement() -> None:
    content = answer("urn:iso:std:iso:20022:tech:xsd:pain.002.001.10")
    with pytest.raises(detect.NotAStatement) as caught:
        detect.read_file(io.BytesIO(content))
    assert caught.value.format == "pain.002.001.10"
    assert isinstance(caught.value, UnreadableFile)
    assert caught.value.message == (
        "The file is pain.002.001.10, a bank's answer to a payment order: it is kept, but it is not a statement."
    )


def test_a_statement_is_no_answer() -> None:
    assert detect.read_file(io.BytesIO(camt053([credit(1)])))[0] == "camt.053.001.08"
