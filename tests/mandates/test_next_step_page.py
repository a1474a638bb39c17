"""The page about next steps shows the table as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from mandates.reason_codes import BY_CODE, IN_TEXTS
from mandates.technical_codes import MEANINGS

PAGE = (Path(__file__).parents[2] / "docs" / "concepts" / "next-step.md").read_text()


@pytest.mark.parametrize("code", sorted(IN_TEXTS))
def test_every_code_stands_on_the_page_with_its_meaning_use_and_step(code: str) -> None:
    row = BY_CODE[code]
    told = f"| {code} | {row.meaning.removesuffix('.')} | {', '.join(row.used_in)} | {row.step} |"
    assert told in PAGE


def test_every_technical_code_stands_on_the_page() -> None:
    listed = {word for line in PAGE.splitlines() if line.startswith("    ") for word in line.split()}
    assert set(MEANINGS) <= listed
