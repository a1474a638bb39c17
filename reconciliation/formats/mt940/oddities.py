"""What can be strange about a line of an MT940 that is readable all the same, in sentences."""

from __future__ import annotations

from enum import StrEnum


class Oddity(StrEnum):
    """What can be strange about a line that is readable all the same."""

    NO_TYPE = "no_type"
    NO_COMMA = "no_comma"
    OTHER_LETTER = "other_letter"
    INTEREST_DAY = "interest_day"
    TAG_IN_TEXT = "tag_in_text"
    FOREIGN_ORIGINAL = "foreign_original"
    FOREIGN_CHARGES = "foreign_charges"
    UNREADABLE_PART = "unreadable_part"


ODDITIES = {
    Oddity.NO_TYPE: "{} without a transaction type.",
    Oddity.NO_COMMA: "{} whose amount has no decimal comma; a point was read as one, and none as whole units.",
    Oddity.OTHER_LETTER: "{} with a currency letter that is not that of the account.",
    Oddity.INTEREST_DAY: "{} with a value date in February that does not exist, left without a value date.",
    Oddity.TAG_IN_TEXT: "{} whose text has a line that looks like an unknown field and was read as text.",
    Oddity.FOREIGN_ORIGINAL: "{} with an original amount in another currency, which is left out.",
    Oddity.FOREIGN_CHARGES: "{} with charges in another currency, which are left out.",
    Oddity.UNREADABLE_PART: "{} whose original amount or charges cannot be read, which are left out.",
}
