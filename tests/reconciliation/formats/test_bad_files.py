"""Hundreds of bad files of every format: refused, or read with the problem named, within a second and 200 MB."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.factories import bad_files
from tests.factories.bounded import Child

CASES = list(bad_files.cases())


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    with Child("tests.factories.bad_files", "prepared") as child:
        yield child


@pytest.mark.parametrize(("form", "name"), CASES, ids=[f"{form}: {name}"[:90] for form, name in CASES])
def test_a_bad_file_is_refused_or_its_problem_is_named(form: str, name: str, child: Child) -> None:
    _, expected = bad_files.table(form)[name]
    expected.require(child.call(form, name))
