"""The layouts that come with the product, by the signature of their titles."""

from __future__ import annotations

from reconciliation.formats.delimited import (
    profiles_german as delimited_profiles_german,
)
from reconciliation.formats.delimited import (
    profiles_others as delimited_profiles_others,
)
from reconciliation.formats.delimited import (
    profiles_swiss as delimited_profiles_swiss,
)
from reconciliation.formats.delimited.layout import Layout

PROFILES: tuple[Layout, ...] = (
    *delimited_profiles_german.LAYOUTS,
    *delimited_profiles_swiss.LAYOUTS,
    *delimited_profiles_others.LAYOUTS,
)
BY_SIGNATURE: dict[str, Layout] = {layout.signature: layout for layout in PROFILES}
