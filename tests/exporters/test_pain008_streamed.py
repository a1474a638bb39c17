"""Transactions that come only once: the same bytes, and no file when others came than were announced."""

from __future__ import annotations

from io import BytesIO

import pytest

from exporters.pain008.message import DirectDebitMessage, Streamed
from exporters.pain008.values import Unwritable
from exporters.pain008.writer import pieces, write
from tests.factories.pain008 import block, many, message, written

WHOLE = many(1201)
TRANSACTIONS = tuple(WHOLE.blocks[0].transactions)
SUM = WHOLE.control_sum_minor


def streamed(count: int = 1201, minor: int = SUM) -> DirectDebitMessage:
    source = Streamed(iter(TRANSACTIONS), count=count, control_sum_minor=minor)
    return message(block(transactions=source))


def test_a_stream_becomes_the_same_bytes_as_a_tuple() -> None:
    assert written(streamed()) == written(WHOLE)


def test_a_stream_is_only_taken_as_far_as_it_is_written() -> None:
    taken = 0

    def counted():  # type: ignore[no-untyped-def]
        nonlocal taken
        for each in TRANSACTIONS:
            taken += 1
            yield each

    source = Streamed(counted(), count=1201, control_sum_minor=SUM)
    parts = pieces(message(block(transactions=source)))
    next(parts), next(parts), next(parts)
    assert taken == 500


@pytest.mark.parametrize(
    ("count", "minor"), [(1200, SUM), (1202, SUM), (1201, SUM - 1), (1201, SUM + 1), (1200, SUM - 100)]
)
def test_other_transactions_than_announced_are_no_file(count: int, minor: int) -> None:
    with pytest.raises(Unwritable, match="were announced") as refused:
        written(streamed(count, minor))
    assert refused.value.field == "blocks[0].transactions"


def test_a_stream_taken_before_has_nothing_left_and_is_no_file() -> None:
    once = streamed()
    written(once)
    with pytest.raises(Unwritable):
        written(once)


def test_what_was_written_before_the_mismatch_never_closes_its_document() -> None:
    out = BytesIO()
    with pytest.raises(Unwritable):
        write(streamed(1200), out=out)
    assert out.getvalue()
    assert not out.getvalue().rstrip().endswith(b"</Document>")
