"""Reading bank files of each format, beside the floor, a loop that makes bare records, and the peers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks import bank_files, bookings, camt_files, peers, plain
from benchmarks.bookings import Booking
from benchmarks.comparison import Case, Comparison, Setting, Work, require
from reconciliation.formats import bai2, camt, delimited, mt940, ofx, qif
from reconciliation.formats.detect import Reader
from reconciliation.statement import Line, RefusedLine, Statement

_WARM_UP = 28  # bookings, one a day
_RECORDS = "plain loop: a record of each"

Writer = Callable[[Path, Iterable[Booking]], object]
Loop = Callable[[Path], int]


def _comparison(
    file: str,
    title: str,
    reader: Reader,
    write: Writer,
    *,
    name: str | None = None,
    floor: tuple[str, Loop],
    records: Loop,
    others: Sequence[str] = (),
    proves: bool = True,
) -> Comparison:
    """`file` is the name of the input, whose ending some peers go by; `others` are peers."""
    floor_name, warm_up = f"floor: {floor[0]}", f"warm-up-{file}"

    def prepare(setting: Setting, size: int) -> None:
        write(setting.folder / file, bookings.mixed(size))
        write(setting.folder / warm_up, bookings.mixed(_WARM_UP))

    return Comparison(
        name=name or file.rpartition(".")[2],
        title=f"Reading {title}",
        unit="bookings",
        small=(1_000, 10_000),
        full=(1_000, 10_000, 100_000),
        prepare=prepare,
        cases=(
            Case(name=floor_name, ready=partial(_looped, floor[1], file, warm_up)),
            Case(name=_RECORDS, ready=partial(_looped, records, file, warm_up), floor=floor_name),
            Case(
                name=f"{reader.__name__}.read",  # type: ignore[attr-defined]
                ready=partial(_read, reader, file, warm_up, proves),
                floor=floor_name,
            ),
            *(peers.case(peer, file, warm_up, floor=floor_name) for peer in others),
        ),
    )


@contextmanager
def _looped(loop: Loop, file: str, warm_up: str, setting: Setting, size: int) -> Iterator[Work]:
    found = [loop(setting.folder / warm_up)]
    yield Work(lambda: found.append(loop(setting.folder / file)))
    require(found[-1] == size, f"{size} bookings; it found {found[-1]}")


@contextmanager
def _read(
    reader: Reader, file: str, warm_up: str, proves: bool, setting: Setting, size: int
) -> Iterator[Work]:
    """Every item is taken and dropped, as it is by whoever streams."""
    lines = proved = statements = refused = 0

    def run(name: str = file) -> None:
        nonlocal lines, proved, statements, refused
        lines = proved = statements = refused = 0
        with (setting.folder / name).open("rb") as stream:
            for item in reader.read(stream):
                if isinstance(item, Line):
                    lines += 1
                elif isinstance(item, Statement):
                    statements += 1
                    proved += item.balanced is True
                else:
                    refused += isinstance(item, RefusedLine)

    run(warm_up)
    yield Work(run)
    wanted = statements if proves else 0
    require((lines, refused, proved) == (size, 0, wanted), f"{size} lines that the balances prove")


CAMT053 = _comparison(
    "statement.xml", "camt.053.001.08: every field into a Line, balances proved", camt, camt_files.write,
    name="camt053", floor=("empty lxml.iterparse", plain.empty_iterparse), records=plain.camt_records,
    others=(
        "camt053", "bankstatementparser camt", "bankstatementparser camt, streamed", "pycamt",
    ),
)  # fmt: skip
MT940 = _comparison(
    "statement.mt940", "MT940 with structured :86:, a message a day, balances proved", mt940,
    bank_files.write_mt940,
    floor=("bare line scan", partial(plain.lines_of, mark=b":61:")), records=plain.mt940_records,
    others=("bankstatementparser mt940", "mt-940"),
)  # fmt: skip
OFX = _comparison(
    "statement.ofx", "OFX 1.0.2 (which has no opening balance)", ofx, bank_files.write_ofx,
    floor=("bare line scan", partial(plain.lines_of, mark=b"<STMTTRN>")), records=plain.ofx_records,
    others=("bankstatementparser ofx", "ofxtools", "ofxparse"), proves=False,
)  # fmt: skip
CSV = _comparison(
    "statement.csv", "CSV of 18 columns, its layout and the proof by running balances found", delimited,
    bank_files.write_csv, floor=("empty csv.reader", plain.csv_rows), records=plain.csv_records,
    others=("bankstatementparser csv",),
)  # fmt: skip
QIF = _comparison(
    "statement.qif", "QIF (which has no balances)", qif, bank_files.write_qif,
    floor=("bare line scan", partial(plain.lines_of, mark=b"^")), records=plain.qif_records, proves=False,
)  # fmt: skip
BAI2 = _comparison(
    "statement.bai2", "BAI2, control totals and balances proved", bai2, bank_files.write_bai2,
    floor=("bare line scan", partial(plain.lines_of, mark=b"16,")), records=plain.bai2_records,
    others=("bankstatementparser bai2", "bai2"),
)  # fmt: skip
