"""A short slice of the fuzzing, the same at every run; `make fuzz` goes on from there."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz import properties, seeds, structured
from tests.fuzz.mutations import broken
from tests.fuzz.structured import Known

TARGETS = seeds.targets()
KNOWN = structured.known_files()
SLICE = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # what is found is made small by `make fuzz`
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.parametrize("name", TARGETS)
def test_the_files_that_are_broken_here_are_good(name: str) -> None:
    target = TARGETS[name]
    for content in target.seeds:
        assert target.reader.identify(content) is not None
        properties.require_reader(target.reader, content, 7)


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_breaks_a_file_its_reader_refuses_or_reads_it(name: str) -> None:
    target = TARGETS[name]

    @SLICE
    @given(content=broken(target.seeds, target.tokens), size=st.integers(0, 40))
    def slice_of(content: bytes, size: int) -> None:
        properties.require_reader(target.reader, content, size)

    slice_of()


@pytest.mark.parametrize("name", KNOWN)
def test_whatever_a_good_file_says_its_reader_gives_it(name: str) -> None:
    @settings(SLICE, max_examples=100)
    @given(known=KNOWN[name], size=st.integers(0, 40))
    def slice_of(known: Known, size: int) -> None:
        properties.require_known(TARGETS[name].reader, known, size)

    slice_of()


@SLICE
@given(content=broken(seeds.archive_seeds(), seeds.ARCHIVE_TOKENS))
def test_whatever_breaks_an_archive_its_members_come_or_are_refused(content: bytes) -> None:
    properties.require_archive(content)
