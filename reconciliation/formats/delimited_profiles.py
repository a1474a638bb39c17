"""The layouts that come with the product, by the signature of their titles."""

from __future__ import annotations

from reconciliation.formats import (
    delimited_profiles_german,
    delimited_profiles_others,
    delimited_profiles_swiss,
)
from reconciliation.formats.delimited_layout import Layout

PROFILES: tuple[Layout, ...] = (
    *delimited_profiles_german.LAYOUTS,
    *delimited_profiles_swiss.LAYOUTS,
    *delimited_profiles_others.LAYOUTS,
)
BY_SIGNATURE: dict[str, Layout] = {layout.signature: layout for layout in PROFILES}
