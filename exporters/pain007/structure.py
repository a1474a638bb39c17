"""The elements of a pain.007 in their order: what may stand where, how often, and in which form.

No schema of pain.007.001.09 may be passed on by us, so its shape stands here as a table. Sources: see
`exporters.pain007.writer`. It holds what a SEPA reversal needs; other elements of the message are not expected.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from exporters.pain007.writer import NAME_LENGTH, NAMESPACE
from exporters.pain008.fields import local_name
from exporters.pain008.values import BIC, IBAN, Form

MANY = 10_000_000  # more than any file has


@dataclass(frozen=True, slots=True)
class Node:
    """An element: how often it stands at its place, and either the elements inside it or the form of its text."""

    name: str
    inside: tuple[Node, ...] = ()
    form: Form | None = None
    least: int = 1
    most: int = 1
    currency: bool = False


@dataclass(frozen=True, slots=True)
class Breach:
    """One place where a file is not what a bank takes: the rule, the path of the element, and a whole sentence."""

    rule: str
    path: str
    message: str


_SIGNS = r"A-Za-z0-9/\-?:().,'+"
ID = Form(
    re.compile(rf"(?=.{{1,35}}\Z)(?!/)(?!.*//)[{_SIGNS}]([{_SIGNS} ]*[A-Za-z0-9\-?:().,'+])?"),
    "An identifier has 1 to 35 of the characters that every bank takes (EPC230-15).",
)
NAME = Form(
    re.compile(rf"(?=.*\S)[{_SIGNS} ]{{1,{NAME_LENGTH}}}"),
    f"A name has 1 to {NAME_LENGTH} of the characters that every bank takes (EPC217-08).",
)
INSTANT = Form(
    re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?"),
    "An instant is a date, T and a time of day.",
)
DAY = Form(re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), "A date is written as 2026-11-18.")
COUNT = Form(re.compile(r"[0-9]{1,15}"), "A count has 1 to 15 digits.")
SUM = Form(
    re.compile(r"[0-9]{1,16}(\.[0-9]{1,2})?"), "A sum has digits, and a point before at most two decimals."
)
AMOUNT = Form(
    re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?"),
    "An amount has at most 9 digits before its point and 2 behind it.",
)
YES_NO = Form(re.compile(r"true|false"), "This is true or false.")
NO = Form(re.compile(r"false"), "A reversal of a whole group is not known to SEPA: this is false.")
VERSION = Form(re.compile(r"pain\.008\.001\.[0-9]{2}"), "The original file is a pain.008 with its version.")
REASON = Form(
    re.compile(r"AM05|MS02|MS03"), "A reversal has one of the reasons AM05, MS02 and MS03 (EPC173-14)."
)
SHARED = Form(re.compile(r"SLEV"), "Charges are borne as the service level says: SLEV.")
SEPA = Form(re.compile(r"SEPA"), "The scheme is SEPA.")
SCHEME = Form(re.compile(r"CORE|B2B"), "The local instrument is CORE or B2B.")
SEQUENCE = Form(re.compile(r"FRST|RCUR|OOFF|FNAL"), "The sequence type is FRST, RCUR, OOFF or FNAL.")


def _wrapped(form: Form, *names: str, least: int = 1) -> Node:
    """An element with one element inside it, and so on; the last one holds the text."""
    name, *rest = names
    if not rest:
        return Node(name, form=form, least=least)
    return Node(name, (_wrapped(form, *rest),), least=least)


def _agent(name: str) -> Node:
    return _wrapped(BIC, name, "FinInstnId", "BICFI", least=0)


_REASON = _wrapped(REASON, "RvslRsnInf", "Rsn", "Cd")

_COLLECTION = Node(
    "OrgnlTxRef",
    (
        Node("ReqdColltnDt", form=DAY),
        Node(
            "CdtrSchmeId",
            (
                Node(
                    "Id",
                    (
                        Node(
                            "PrvtId",
                            (Node("Othr", (Node("Id", form=ID), _wrapped(SEPA, "SchmeNm", "Prtry"))),),
                        ),
                    ),
                ),
            ),
        ),
        Node(
            "PmtTpInf",
            (
                _wrapped(SEPA, "SvcLvl", "Cd"),
                _wrapped(SCHEME, "LclInstrm", "Cd"),
                Node("SeqTp", form=SEQUENCE),
            ),
        ),
        Node("MndtRltdInf", (Node("MndtId", form=ID), Node("DtOfSgntr", form=DAY))),
        _wrapped(NAME, "Dbtr", "Pty", "Nm"),
        _wrapped(IBAN, "DbtrAcct", "Id", "IBAN"),
        _agent("DbtrAgt"),
        _agent("CdtrAgt"),
        _wrapped(NAME, "Cdtr", "Pty", "Nm"),
        _wrapped(IBAN, "CdtrAcct", "Id", "IBAN"),
    ),
)

_LINE = Node(
    "TxInf",
    (
        Node("RvslId", form=ID),
        Node("OrgnlEndToEndId", form=ID),
        Node("OrgnlInstdAmt", form=AMOUNT, currency=True),
        Node("RvsdInstdAmt", form=AMOUNT, currency=True),
        Node("ChrgBr", form=SHARED, least=0),
        _REASON,
        _COLLECTION,
    ),
    least=0,
    most=MANY,
)

DOCUMENT = Node(
    "Document",
    (
        Node(
            "CstmrPmtRvsl",
            (
                Node(
                    "GrpHdr",
                    (
                        Node("MsgId", form=ID),
                        Node("CreDtTm", form=INSTANT),
                        Node("NbOfTxs", form=COUNT),
                        Node("CtrlSum", form=SUM),
                        Node("GrpRvsl", form=NO),
                        _wrapped(NAME, "InitgPty", "Nm"),
                        _agent("CdtrAgt"),
                    ),
                ),
                Node("OrgnlGrpInf", (Node("OrgnlMsgId", form=ID), Node("OrgnlMsgNmId", form=VERSION))),
                Node(
                    "OrgnlPmtInfAndRvsl",
                    (
                        Node("OrgnlPmtInfId", form=ID),
                        Node("OrgnlNbOfTxs", form=COUNT, least=0),
                        Node("OrgnlCtrlSum", form=SUM, least=0),
                        Node("PmtInfRvsl", form=YES_NO),
                        _wrapped(REASON, "RvslRsnInf", "Rsn", "Cd", least=0),
                        _LINE,
                    ),
                    most=MANY,
                ),
            ),
        ),
    ),
)  # fmt: skip


def breaches(root: etree._Element) -> Iterator[Breach]:
    """Everything that stands at the wrong place, too seldom, too often, or in another form."""
    if root.tag != f"{{{NAMESPACE}}}{DOCUMENT.name}":
        yield Breach("version", "/", f"The file is no {NAMESPACE.rpartition(':')[2]}.")
        return
    yield from _inside(root, DOCUMENT, "/Document")


def _inside(element: etree._Element, node: Node, path: str) -> Iterator[Breach]:
    allowed = {"Ccy"} if node.currency else set()
    for attribute in sorted({str(name) for name in element.attrib} - allowed):
        yield Breach("attribute", path, f"The element has an attribute {local_name(attribute)[:20]!r}.")
    if node.form is not None:
        yield from _text(element, node.form, path)
        return
    if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
        yield Breach("text", path, "There is text between the elements.")
    yield from _children(element, node, path)


def _text(element: etree._Element, form: Form, path: str) -> Iterator[Breach]:
    if len(element):
        yield Breach("unexpected", path, "There are elements where a text is expected.")
    elif form.pattern.fullmatch(element.text or "") is None:
        yield Breach("form", path, form.sentence)


def _children(element: etree._Element, node: Node, path: str) -> Iterator[Breach]:
    """Walk the children and their places side by side: a child may only stand at its place or behind it."""
    at, seen = 0, [0] * len(node.inside)
    for child in element:
        name = local_name(str(child.tag))
        place = next((n for n in range(at, len(node.inside)) if node.inside[n].name == name), None)
        own = f"{path}/{name}"
        if place is None or child.tag != f"{{{NAMESPACE}}}{name}":
            known = any(inside.name == name for inside in node.inside)
            yield Breach(
                "order" if known else "unexpected", own,
                "The element stands too late." if known else "The element is not expected here.",
            )  # fmt: skip
            continue
        at = place
        seen[place] += 1
        if node.inside[place].most > 1:
            own = f"{own}[{seen[place]}]"
        yield from _inside(child, node.inside[place], own)
    for count, inside in zip(seen, node.inside, strict=True):
        if count < inside.least:
            yield Breach("missing", f"{path}/{inside.name}", "The element is missing.")
        elif count > inside.most:
            yield Breach("too_often", f"{path}/{inside.name}", "The element stands there more than once.")
