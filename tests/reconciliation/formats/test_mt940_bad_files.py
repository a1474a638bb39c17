"""Broken, cut and altered MT940 files: each is refused with a sentence and a line, or its problem is named."""

from __future__ import annotations

import io
import re
import time
import tracemalloc

import pytest

from ledger.money import Money
from reconciliation.formats import mt940
from reconciliation.formats.mt940.fields import CHUNK, LONGEST_LINE, MOST_LINES
from reconciliation.formats.refusals import MOST_REFUSED
from reconciliation.statement import (
    Header,
    Line,
    RefusedLine,
    Statement,
    UnreadableFile,
    WholeStatement,
    gather,
)
from tests.factories import mt940 as made
from tests.factories.mt940 import CUSTOMER, Entry, Message, german, mt940_file

SENTENCE = re.compile(r"['A-Z0-9].{10,200}\.", re.DOTALL)
NAME = "Anna Beispiel"
TEXT = german("166", purpose="EREF+E2E-1 SVWZ+RE-2026-0815", bic="BYLADEM1001", iban=CUSTOMER, name=NAME)
ENTRIES = (
    Entry(amount=1250, bank_reference="B-1", text=TEXT),
    Entry(amount=-300, extra="/OCMT/EUR3,00/", text="Miete"),
)
GOOD = made.mt940(ENTRIES, line_end="\n")
LINES = GOOD.decode().split("\n")
LAST = next(number for number, line in enumerate(LINES, start=1) if line.startswith(":62F:"))
BLOCKS = b"{1:F01COBADEFFAXXX0000000000}{2:I940COBADEFFXXXXN}{4:\n"
PAGES = mt940_file(
    [
        Message(entries=ENTRIES, number="1/1", closing_tag="62M"),
        Message(entries=(Entry(amount=5),), number="1/2", opening=100_950, opening_tag="60M"),
    ],
    line_end="\n",
)


def outcome(content: bytes) -> tuple[UnreadableFile | None, list[WholeStatement]]:
    try:
        return None, list(gather(mt940.read(io.BytesIO(content))))
    except UnreadableFile as refusal:
        return refusal, []


def refused(content: bytes) -> UnreadableFile:
    refusal, _ = outcome(content)
    assert refusal is not None
    assert SENTENCE.fullmatch(refusal.message)
    assert NAME not in refusal.message
    assert CUSTOMER not in refusal.message
    return refusal


def problems(content: bytes) -> list[str]:
    refusal, statements = outcome(content)
    assert refusal is None
    return [problem for whole in statements for problem in whole.statement.problems]


def altered(old: str, new: str) -> bytes:
    """The good file with `old`, which stands in it, replaced once."""
    text = GOOD.decode()
    assert old in text
    return text.replace(old, new, 1).encode()


def test_the_file_that_is_broken_below_is_good() -> None:
    assert problems(GOOD) == []
    assert LINES[4].startswith(":61:")


# --- altered fields ---

# What is altered, by what, and the refusal with the line at fault.
ALTERED = [
    (":20:STARTUMS", ":29:STARTUMS", "The field :29: does not exist", 1),
    (":20:STARTUMS\n", "", "The field :25: stands outside of a statement", 1),
    (":25:", ":26:", "The field :26: does not exist", 2),
    (":25:", ":25", "begins with a colon", 2),
    (":28C:", ":28X:", "The field :28X: does not exist", 3),
    (":60F:", ":60X:", "The field :60X: does not exist", 4),
    (":60F:", ":61F:", "The field :61F: does not exist", 4),
    (":60F:C", ":60F:", "The balance in field :60F: cannot be read", 4),
    (":60F:C", ":60F:X", "The balance in field :60F: cannot be read", 4),
    (":60F:C", ":60F:RC", "The balance in field :60F: cannot be read", 4),
    (":60F:C260105EUR", ":60F:C260105", "The balance in field :60F: has no currency", 4),
    (":60F:C260105EUR", ":60F:C260105EURO", "The balance in field :60F: cannot be read", 4),
    (":60F:C260105EUR", ":60F:C260105XXX", "'XXX' is not an ISO 4217 currency code", 4),
    (":60F:C260105EUR", ":60F:C260105eur", "The balance in field :60F: cannot be read", 4),
    (":60F:C260105", ":60F:C260230", "There is no day 30.02.", 4),
    (":60F:C260105", ":60F:C261305", "There is no day 05.13.", 4),
    (":60F:C260105", ":60F:C260100", "There is no day 00.01.", 4),
    (":60F:C260105", ":60F:C26010", "The balance in field :60F: cannot be read", 4),
    ("EUR1000,00", "EUR", "The balance in field :60F: cannot be read", 4),
    ("EUR1000,00", "EUR1.000,00", "The balance in field :60F: cannot be read", 4),
    ("EUR1000,00", "EUR-1000,00", "The balance in field :60F: cannot be read", 4),
    ("EUR1000,00", "EUR1000,001", "has more than the 2 decimals", 4),
    ("EUR1000,00", "EUR1000,0000000000001", "has more than the 2 decimals", 4),
    ("EUR1000,00", "EUR999999999999999,00", "larger than any amount", 4),
    ("EUR1000,00", "EUR9999999999999999999,00", "The balance in field :60F: cannot be read", 4),
    ("EUR1000,00", "EUR１000,00", "The balance in field :60F: cannot be read", 4),
    (":61:", ":6l:", "The field :6l: does not exist", 5),
    (":61:", ":61;", "begins with a colon", 5),
    (":62F:C", ":62F:", "The balance in field :62F: cannot be read", LAST),
    (":62F:C260105EUR", ":62F:C260230EUR", "There is no day 30.02.", LAST),
    (":62F:C260105EUR", ":62F:C260105USD", "in another currency than the statement", LAST),
    (":62F:C260105EUR", ":62F:C260105XXX", "'XXX' is not an ISO 4217 currency code", LAST),
    (":62F:C260105EUR", ":62F:C260105EU", "The balance in field :62F: cannot be read", LAST),
    (":62F:", ":60F:C260105EUR1,00\n:62F:", "stands behind the first line of its statement", LAST),
    (":60F:", ":60F:C260105EUR1,00\n:60F:", "a second opening balance", 5),
    (":62F:", ":62F:C260105EUR1,00\n:62F:", "a second closing balance", LAST + 1),
    (":62F:", ":25:1\n:62F:", "stands behind the first line of its statement", LAST),
    (":28C:", ":25:1\n:28C:", "names its account twice", 3),
    ("\n-\n", "\n:61:2601050105C1,00NTRFNONREF\n-\n", "behind the closing balance", LAST + 1),
]


@pytest.mark.parametrize(("old", "new", "words", "number"), ALTERED)
def test_an_altered_field_is_refused_with_its_line(old: str, new: str, words: str, number: int) -> None:
    refusal = refused(altered(old, new))
    assert words in refusal.message
    assert refusal.line == number


# What is altered in the first line of the statement, by what, and why it is refused while the rest is read.
ALTERED_LINES = [
    (":61:2601050105", ":61:2602300230", "There is no day 30.02."),
    (":61:2601050105", ":61:260230", "There is no day 30.02."),
    (":61:2601050105", ":61:2602310301", "There is no day 31.02."),
    (":61:2601050105", ":61:2601320105", "There is no day 32.01."),
    (":61:2601050105", ":61:2601051305", "There is no day 05.13."),
    (":61:2601050105", ":61:2503010229", "There is no day 29.02."),
    (":61:2601050105", ":61:0000000000", "There is no day 00.00."),
    (":61:2601050105", ":61:", "does not begin with its value date"),
    (":61:2601050105", ":61:26O1050105", "does not begin with its value date"),
    (":61:2601050105", ":61:26010", "does not begin with its value date"),
    (":61:2601050105", ":61:260105010", "does not say whether it is a credit or a debit"),
    (":61:2601050105C", ":61:2601050105", "does not say whether it is a credit or a debit"),
    (":61:2601050105C", ":61:2601050105X", "does not say whether it is a credit or a debit"),
    (":61:2601050105C", ":61:2601050105+", "does not say whether it is a credit or a debit"),
    (":61:2601050105C", ":61:2601050105c", "does not say whether it is a credit or a debit"),
    ("C12,50NTRF", "CNTRF", "has no amount"),
    ("C12,50NTRF", "CXX12,50NTRF", "has no amount"),
    ("C12,50NTRF", "C-12,50NTRF", "has no amount"),
    ("C12,50NTRF", "C,50NTRF", "has no amount"),
    ("C12,50NTRF", "C1.012,50NTRF", "cannot be read behind the beginning of its amount"),
    ("C12,50NTRF", "C12;50NTRF", "cannot be read behind the beginning of its amount"),
    ("C12,50NTRF", "C1Z,50NTRF", "cannot be read behind the beginning of its amount"),
    ("C12,50NTRF", "C12,501NTRF", "has more than the 2 decimals"),
    ("C12,50NTRF", "C12,5000000000001NTRF", "has more than the 2 decimals"),
    ("C12,50NTRF", "C999999999999999,00NTRF", "larger than any amount"),
    ("C12,50NTRF", "C12,50ntrf", "cannot be read behind the beginning of its amount"),
]


@pytest.mark.parametrize(("old", "new", "words"), ALTERED_LINES)
def test_an_altered_line_is_refused_by_itself_and_the_proof_shows_that_it_is_missing(
    old: str, new: str, words: str
) -> None:
    refusal, (whole,) = outcome(altered(old, new))
    assert refusal is None
    (refused_line,) = whole.refused
    assert words in refused_line.reason
    assert (refused_line.position, refused_line.line, whole.statement.refused) == (1, 5, 1)
    assert [(line.position, line.amount.minor) for line in whole.lines] == [(2, -300)]
    assert whole.statement.difference == Money(1250, "EUR")
    assert whole.statement.problems[0] == str(refused_line)
    assert NAME not in refused_line.reason
    assert CUSTOMER not in refused_line.reason


def test_lines_that_cannot_be_read_stand_in_the_order_of_the_file() -> None:
    entries = [Entry(amount=amount, mark="X" if amount % 2 else None) for amount in range(1, 7)]
    items = list(mt940.read(io.BytesIO(made.mt940(entries))))
    assert [type(item) for item in items] == [Header, *[RefusedLine, Line] * 3, Statement]
    places = [item.position for item in items if isinstance(item, Line | RefusedLine)]
    assert places == [1, 2, 3, 4, 5, 6]


def test_of_a_thousand_lines_that_cannot_be_read_each_is_told_and_of_more_the_file_is_refused() -> None:
    def content(count: int) -> bytes:
        return made.mt940([Entry(amount=1, mark="X"), Entry(amount=1)] * count, line_end="\n")

    refusal, (whole,) = outcome(content(MOST_REFUSED))
    assert (refusal, len(whole.refused), len(whole.lines)) == (None, 1000, 1000)
    assert refused(content(MOST_REFUSED + 1)).message == "More than 1000 lines of the file cannot be read."


def test_lines_that_cannot_be_read_count_over_all_statements_of_a_file() -> None:
    messages = [Message(entries=(Entry(amount=1, mark="X"),))] * (MOST_REFUSED + 1)
    assert refused(mt940_file(messages)).message == "More than 1000 lines of the file cannot be read."


# What is altered, by what, and how the file that is still readable is named.
NAMED = [
    (f":25:{made.ACCOUNT}\n", "", "does not name its account"),
    (f":25:{made.ACCOUNT}\n", ":25:\n", "does not name its account"),
    ("EUR1000,00", "EUR1000,01", "the difference is -0.01 EUR"),
    ("EUR1000,00", "EUR100,00", "the difference is 900.00 EUR"),
    (":60F:C", ":60F:D", "the difference is 2000.00 EUR"),
    ("C12,50NTRF", "D12,50NTRF", "the difference is 25.00 EUR"),
    ("C12,50NTRF", "RC12,50NTRF", "the difference is 25.00 EUR"),
    ("C12,50NTRF", "C1250NTRF", "no decimal comma"),
    ("C12,50NTRF", "C12,05NTRF", "the difference is 0.45 EUR"),
    ("C12,50NTRF", "C21,50NTRF", "the difference is -9.00 EUR"),
    ("C12,50NTRF", "EC12,50NTRF", "the difference is 12.50 EUR"),
    ("C12,50NTRF", "CX12,50NTRF", "a currency letter that is not that of the account"),
    (":61:2601050105C", "61:2601050105C", "belongs to no field"),
    ("\n:61:2601050105D", "\n61:2601050105D", "the difference is -3.00 EUR"),
    ("\n:61:2601050105D", "\n:16:2601050105D", "looks like an unknown field"),
    (":62F:C", ":62F:D", "the difference is -2019.00 EUR"),
    (":62F:C260105EUR", ":62F:C260105", "does not name its currency"),
    (":62F:", ":62f:", "no closing balance"),
    ("\n:62F:", "\n62F:", "no closing balance"),
    (":60F:", ":60M:", "Earlier pages"),
    (":62F:", ":62M:", "Further pages"),
    ("\n-\n", "\nSumme\n-\n", "belongs to no field"),
]


@pytest.mark.parametrize(("old", "new", "words"), NAMED)
def test_an_altered_field_that_can_be_read_is_named(old: str, new: str, words: str) -> None:
    found = problems(altered(old, new))
    assert any(words in problem for problem in found), found


# --- cut files ---


def is_sound(content: bytes) -> bool:
    """Whether nothing is refused or named; then the figures have to be right."""
    refusal, statements = outcome(content)
    if refusal is not None:
        assert SENTENCE.fullmatch(refusal.message)
        return False
    if any(whole.statement.problems for whole in statements):
        return False
    assert [whole.statement.balanced for whole in statements] == [True] * len(statements)
    return True


@pytest.mark.parametrize("number", range(1, LAST))
@pytest.mark.parametrize("half", [False, True], ids=["before", "within"])
def test_a_file_cut_before_or_within_a_line_is_refused_or_named(number: int, half: bool) -> None:
    kept = LINES[: number - 1] + ([LINES[number - 1][: len(LINES[number - 1]) // 2]] if half else [])
    assert not is_sound("".join(f"{line}\n" for line in kept).encode())


def test_a_file_cut_at_any_byte_before_its_closing_balance_is_refused_or_named() -> None:
    whole = GOOD.index(b"EUR1009,50") + len("EUR1009,5")
    assert [at for at in range(whole) if is_sound(GOOD[:at])] == []
    assert all(is_sound(GOOD[:at]) for at in range(whole, len(GOOD)))


def test_a_message_in_blocks_cut_at_any_byte_is_refused_or_named() -> None:
    content = BLOCKS + GOOD.removesuffix(b"-\n") + b"-}\n"
    whole = content.index(b"-}") + 1  # a dash alone ends a message as well
    assert [at for at in range(whole) if is_sound(content[:at])] == []
    assert is_sound(content)


def test_a_statement_of_two_pages_cut_at_any_byte_is_refused_or_named() -> None:
    whole = PAGES.rindex(b"EUR1009,55") + len("EUR1009,55")
    assert [at for at in range(whole) if is_sound(PAGES[:at])] == []
    assert is_sound(PAGES)


# --- flipped characters ---


@pytest.mark.parametrize("by", [b"0", b"9", b":", b"X", b" ", b"\n", b"-", b",", b"\xff", b"/"])
def test_a_flipped_character_anywhere_never_alters_money_unnoticed(by: bytes) -> None:
    for at in range(len(GOOD)):
        content = GOOD[:at] + by + GOOD[at + 1 :]
        refusal, statements = outcome(content)
        if refusal is None and not any(whole.statement.problems for whole in statements):
            (whole,) = statements
            assert [line.amount.minor for line in whole.lines] == [1250, -300]
            assert whole.statement.balanced is True


@pytest.mark.parametrize("at", range(len(LINES) - 1))
def test_a_line_that_is_missing_or_doubled_never_alters_money_unnoticed(at: int) -> None:
    for lines in (LINES[:at] + LINES[at + 1 :], LINES[: at + 1] + LINES[at:]):
        _, statements = outcome("\n".join(lines).encode())
        for whole in statements:
            if not whole.statement.problems:
                assert sum(line.amount.minor for line in whole.lines) == 950


# --- hostile bytes ---


@pytest.mark.parametrize("at", [0, 20, 60, 150, len(GOOD) - 1])
def test_a_nul_is_refused_with_its_line(at: int) -> None:
    refusal = refused(GOOD[:at] + b"\0" + GOOD[at:])
    assert refusal.message == "The file holds a NUL byte, which no text does."
    assert refusal.line == GOOD.count(b"\n", 0, at) + 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_an_encoding_of_wide_characters_is_refused(encoding: str) -> None:
    assert refused(GOOD.decode().encode(encoding)).line == 1


def test_a_nul_far_into_a_file_is_refused_with_its_line() -> None:
    content = mt940_file([Message(entries=(Entry(amount=1),))] * 2000, line_end="\n")
    assert refused(content + b"\0\n").line == content.count(b"\n") + 1


class Long(io.BytesIO):
    """A line of 100 MB behind `head`, made while it is read; `given` counts what was asked for."""

    def __init__(self, head: bytes, filler: bytes) -> None:
        super().__init__()
        self._head, self._filler, self.given = head, filler, 0

    def read(self, size: int | None = -1, /) -> bytes:
        if self.given > 100_000_000:
            return b""
        part = self._head + self._filler * (CHUNK // len(self._filler))
        self._head = b""
        self.given += len(part)
        return part


@pytest.mark.parametrize(
    ("head", "filler"),
    [
        (b"", b"x"),
        (b":20:", b"x"),
        (b":20:A\n:25:1\n:28C:1\n:60F:C260105EUR0,\n:61:2601050105C1,00NTRF", b"9"),
        (b":20:A\n:25:1\n:28C:1\n:60F:C260105EUR0,\n:61:2601050105C1,00NTRFX\n:86:166?20", b"?20"),
        (b":20:A\n:86:", b"\xc3"),
        (b":20:A\r:86:", b"x"),
        (b":20:A@@:86:", b"x"),
    ],
)
def test_an_endless_line_is_refused_without_reading_it(head: bytes, filler: bytes) -> None:
    stream = Long(head, filler)
    tracemalloc.start()
    began = time.perf_counter()
    try:
        with pytest.raises(
            UnreadableFile, match=f"A line has over {LONGEST_LINE} characters|over {MOST_LINES} lines"
        ):
            list(mt940.read(stream))
        assert time.perf_counter() - began < 1
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
    assert stream.given < 500_000


@pytest.mark.parametrize("filler", [b"text\n", b"?20\n", b"/EREF/\n", b":99:\n", b"+\n"])
def test_a_text_without_end_is_refused(filler: bytes) -> None:
    head = b":20:A\n:25:1\n:28C:1\n:60F:C260105EUR0,\n:61:2601050105C1,00NTRFX\n:86:x\n"
    stream = Long(head, filler)
    with pytest.raises(UnreadableFile, match=f"over {MOST_LINES} lines of text") as caught:
        list(mt940.read(stream))
    assert caught.value.line == 5
    assert stream.given < 500_000


def test_lines_of_a_covering_letter_without_end_are_refused() -> None:
    assert f"over {MOST_LINES} lines" in refused(b"Sehr geehrte Damen und Herren,\n" * 20_000).message


def test_blank_lines_without_end_are_refused() -> None:
    assert is_sound(GOOD + b"\n" * (MOST_LINES - 10))
    assert f"over {MOST_LINES} lines" in refused(GOOD + b"\n" * 200_000).message


def test_a_field_of_too_many_characters_is_refused() -> None:
    body = "\n".join(["x" * 8000] * 600)
    refusal = refused(made.mt940([Entry(amount=1, text=body)], line_end="\n"))
    assert (refusal.message, refusal.line) == (
        f"There are over {MOST_LINES} lines of text without a field.",
        5,
    )


@pytest.mark.parametrize(
    "text",
    [
        "166" + "?20" * 2600,
        "/NAME" * 1600,
        "/NAME/ " * 1100,
        "166?20" + "EREF+" * 1600,
        "SEPA " + "IBAN: " * 1300,
        "C" * 8000,
        "166?20" + "EREF: " * 1300,
        "166?20END-TO-END-REF.:" + "?21END-TO-END-REF.:" * 400,
        "166>20" + ">30a>20" * 1100,
        "REK: A/NAAM: " * 600,
    ],
)
def test_a_hostile_text_of_many_lines_is_read_within_a_second(text: str) -> None:
    body = "\n".join([text] * 300)
    began = time.perf_counter()
    refusal, statements = outcome(made.mt940([Entry(amount=1, text=body)], line_end="\n"))
    assert time.perf_counter() - began < 1
    assert refusal is None
    assert statements[0].statement.balanced is True


BEGINNING = b":20:A\n:25:1\n:28C:1\n:60F:C260105EUR0,\n"
BEGINNINGS = {
    "at the start": b"",
    "before the first line": BEGINNING,
    "behind a line": BEGINNING + b":61:2601050105C1,00NTRFX\n",
    "behind a text": BEGINNING + b":61:2601050105C1,00NTRFX\n:86:a\n",
    "behind the closing balance": BEGINNING + b":62F:C260105EUR0,\n",
}


@pytest.mark.parametrize(
    "junk",
    [
        b"-\n",
        b"-}\n",
        b"{1:\n",
        b"-}{1:\n",
        b":x\n",
        b": " + b"x" * 400 + b"\n",
        b" -\n",
        b"\r",
        b":NS:01x\n",
    ],
)
@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_a_megabyte_of_marks_is_read_or_refused_within_a_second(beginning: str, junk: bytes) -> None:
    content = BEGINNINGS[beginning] + junk * (1_000_000 // len(junk))
    began = time.perf_counter()
    refusal, _ = outcome(content)
    assert time.perf_counter() - began < 1
    assert refusal is None or SENTENCE.fullmatch(refusal.message)


# --- files of another kind ---

OTHER = {
    "an empty file": b"",
    "blank lines": b"\n\n\n",
    "a PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n",
    "a web page": b"<!doctype html>\n<html><body>404</body></html>\n",
    "a camt": b'<?xml version="1.0"?>\n<Document/>\n',
    "a table": b"Datum;Betrag\n05.01.2026;1,00\n",
    "only a reference": b":20:A\n",
    "only an account": b":20:A\n:25:1\n",
    "only a balance": b":62F:C260105EUR1,00\n",
    "only a line": b":61:2601050105C1,00NTRFNONREF\n",
    "only blocks": BLOCKS,
    "a good message and the beginning of another": GOOD + BLOCKS,
    "a good message and the reference of another": GOOD + b":20:B\n",
    "a broken floor": made.mt942([Entry(amount=1)], floor="0,00"),
    "a broken total": made.mt942([Entry(amount=1)], totals=[":90D:EUR"]),
    "no currency at all": made.mt942([Entry(amount=1)], floor=None),
}


@pytest.mark.parametrize("kind", OTHER)
def test_a_file_that_holds_no_whole_message_is_refused(kind: str) -> None:
    refused(OTHER[kind])


def test_a_message_that_only_begins_is_refused_with_its_line() -> None:
    refusal = refused(GOOD + BLOCKS)
    assert (refusal.message, refusal.line) == ("The file ends where a message begins.", len(LINES))


def test_the_line_of_a_refusal_is_right_however_far_into_a_file() -> None:
    sound = mt940_file([Message(entries=(Entry(amount=1, text=TEXT),))] * 3000, line_end="\n")
    broken = GOOD.replace(b":61:2601050105C", b":61:2601050105X", 1)
    _, statements = outcome(sound + broken)
    (refused_line,) = statements[-1].refused
    assert (refused_line.position, refused_line.line) == (3001, sound.count(b"\n") + 5)
