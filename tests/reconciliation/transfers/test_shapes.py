"""Shapes of invoice numbers tell ours from other digits."""

from __future__ import annotations

import pytest

from reconciliation.transfers.shapes import Fit, Shapes

OURS = Shapes.of(["RE99999999", "GS9999", "2026A99".replace("2026", "9999"), "TEST", ""])


def test_prefixes_bodies_and_lengths_follow_from_the_shapes() -> None:
    assert OURS.prefixes == {"RE", "GS", ""}
    assert OURS.bodies == {"99999999", "9999", "9999A99"}
    assert OURS.lengths == {8, 4}
    assert OURS.longest == 8
    assert OURS.words == {"TEST"}
    assert OURS.mixed


@pytest.mark.parametrize(
    ("body", "fit"),
    [
        ("20260815", Fit.OURS),
        ("0020260815", Fit.OURS),
        ("4711", Fit.OURS),
        ("2026A17", Fit.OURS),
        ("815", Fit.NEAR),
        ("202608151", Fit.NEAR),
        ("2026081512", Fit.NONE),
        ("2026B17", Fit.NONE),
        ("00000000", Fit.NONE),
    ],
)
def test_digits_fit_by_their_number_leading_zeros_aside(body: str, fit: Fit) -> None:
    assert OURS.fit(body) is fit


def test_letters_are_ours_only_before_digits_of_their_kind() -> None:
    assert OURS.are_ours("RE", "20260815")
    assert OURS.are_ours("RE", "815")
    assert OURS.are_ours("", "2026A17")
    assert not OURS.are_ours("", "20260815")
    assert not OURS.are_ours("RE", "2026A17")
    assert not OURS.are_ours("RG", "20260815")


def test_without_shapes_nothing_fits() -> None:
    none = Shapes.of([])
    assert none.fit("1") is Fit.NEAR
    assert not none.prefixes
