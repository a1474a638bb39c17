"""An address is used only when every mail server can deliver to it, and to nobody else."""

from __future__ import annotations

import pytest

from ledger.email_addresses import LONGEST, UnusableAddress, mail_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("erika@example.org", "erika@example.org"),
        ("Erika.Beispiel+rechnung@mail.example.co.uk", "Erika.Beispiel+rechnung@mail.example.co.uk"),
        ("erika@EXAMPLE.org", "erika@example.org"),
        ("o'neil@example.ie", "o'neil@example.ie"),
        ('"erika beispiel"@example.org', '"erika beispiel"@example.org'),
        ("erika@exämple.org", "erika@xn--exmple-cua.org"),
        ("erika@straße.example", "erika@xn--strae-oqa.example"),
    ],
)
def test_usable_addresses_come_out_as_mail_servers_take_them(text: str, expected: str) -> None:
    assert mail_address(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "erika", "@example.org", "erika@", "erika@@example.org", "erika@localhost", "erika@example..org",
        "erika@-example.org", "erika@[127.0.0.1]", "érika@example.org", "erika @example.org", " erika@example.org",
        "erika@example.org ", "erika@example.org, otto@example.org", "erika@example.org;otto@example.org",
        "Erika <erika@example.org>", "<erika@example.org>", "friends:erika@example.org;", "(c)erika@example.org",
        "erika@example.org\r\nBcc: otto@example.org", "erika\0@example.org", "erika\u202e@example.org",
        "erika@exam\u200bple.org>", f"{'a' * LONGEST}@example.org", f"erika@{'a' * 64}.org",
    ],
)  # fmt: skip
def test_what_names_nobody_somebody_else_or_several_is_refused(text: str) -> None:
    with pytest.raises(UnusableAddress) as refused:
        mail_address(text, field="recipient")
    assert refused.value.field == "recipient"
    assert refused.value.message == "This is no e-mail address that every mail server can deliver to."
