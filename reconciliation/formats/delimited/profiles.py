"""The layouts that come with the product, by the signature of their titles."""

from __future__ import annotations

from reconciliation.formats.delimited import (
    profiles_german,
    profiles_others,
    profiles_swiss,
)
from reconciliation.formats.delimited.layout import Layout

PROFILES: tuple[Layout, ...] = (
    *profiles_german.LAYOUTS,
    *profiles_swiss.LAYOUTS,
    *profiles_others.LAYOUTS,
)
BY_SIGNATURE: dict[str, Layout] = {layout.signature: layout for layout in PROFILES}
