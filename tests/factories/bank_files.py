"""Looks into the simulated bank's files with a plain XML parser, apart from the product's own readers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from lxml import etree

from ledger.money import Money

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)

# Where real schemas and bank files lie that are not part of the repository.
CORPUS = Path(os.environ.get("DUECOURSE_CORPUS", "../shared/corpus"))


def root(content: bytes) -> etree._Element:
    return etree.fromstring(content, _PARSER)


def all_of(element: etree._Element, path: str) -> list[etree._Element]:
    """The elements at a path of local names such as `Stmt/Ntry`, anywhere below `element`."""
    steps = "/".join(f"{{*}}{step}" for step in path.split("/"))
    return element.findall(f".//{steps}")


def one(element: etree._Element, path: str) -> str | None:
    """The text at the only element with this path; None where there is none."""
    found = all_of(element, path)
    assert len(found) <= 1, f"{path} stands there {len(found)} times"
    return found[0].text if found else None


def signed(element: etree._Element) -> Money:
    """An amount with the sign of its CdtDbtInd, both direct children of `element`."""
    amount, sign = element.find("{*}Amt"), element.find("{*}CdtDbtInd")
    assert amount is not None
    assert sign is not None
    money = Money.parse(str(amount.text), str(amount.get("Ccy")))
    return -money if sign.text == "DBIT" else money


def balances(statement: etree._Element) -> dict[str, Money]:
    return {str(one(balance, "Tp/CdOrPrtry/Cd")): signed(balance) for balance in all_of(statement, "Bal")}


def schema(name: str) -> etree.XMLSchema:
    """A schema of the corpus by file name; the test is skipped, and says so, where there is no corpus."""
    path = CORPUS / "xsd" / name
    if not path.exists():
        pytest.skip(f"no schema {name}: set DUECOURSE_CORPUS to a folder that has xsd/{name}")
    return etree.XMLSchema(file=str(path))
