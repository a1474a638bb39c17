"""ZIP and GZIP archives: every member by itself, and nothing that an archive states is believed."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from reconciliation.formats import archive, detect
from reconciliation.formats.archive import Member, PassedOver
from reconciliation.formats.archive.kinds import LONGEST_NAME
from reconciliation.statement import UnreadableFile
from tests.factories import archives
from tests.factories.archives import CAMT, DOCUMENTS, HOSTILE, MEGABYTE, MT940, gzipped, info, zipped
from tests.factories.bounded import Child


def members_of(content: bytes, **limits: Any) -> list[Member]:
    return list(archive.members(io.BytesIO(content), name="upload", **limits))


def read(content: bytes, **limits: Any) -> list[tuple[str, bytes | str]]:
    """Each member's name with its content or the sentence that refuses it."""
    return [
        (one.name, one.refusal.message if one.refusal else one.content or b"")
        for one in members_of(content, **limits)
    ]


def refused(content: bytes, **limits: Any) -> str:
    with pytest.raises(UnreadableFile) as caught:
        members_of(content, **limits)
    return caught.value.message


# --- what comes out of a sound one ---


@pytest.mark.parametrize(
    "content",
    [
        zipped(("a.xml", CAMT), ("b.sta", MT940)),
        zipped(("a.xml", CAMT), ("b.sta", MT940), method=zipfile.ZIP_STORED),
        zipped(("a.xml", CAMT), ("b.sta", MT940)) + b"\r\n",
    ],
    ids=["deflated", "stored", "with data behind it"],
)
def test_the_files_of_a_zip_come_in_its_order(content: bytes) -> None:
    assert archive.identify(content) == "zip"
    assert read(content) == [("a.xml", CAMT), ("b.sta", MT940)]


@pytest.mark.parametrize("made", [archives.streamed, archives.zip64])
def test_sizes_may_stand_behind_the_data_or_in_the_field_for_large_files(
    made: Callable[[str, bytes], bytes],
) -> None:
    assert read(made("a.xml", CAMT)) == [("a.xml", CAMT)]


def test_two_members_of_one_name_both_come() -> None:
    assert read(zipped(("a.xml", CAMT), ("a.xml", MT940))) == [("a.xml", CAMT), ("a.xml", MT940)]


@pytest.mark.parametrize(
    ("name", "inside"),
    [("bank.xml.gz", "bank.xml"), ("BANK.GZIP", "BANK"), ("bank", "bank"), ("/tmp/a/bank.gz", "bank")],
)
def test_a_gzip_holds_one_file_named_like_itself(name: str, inside: str) -> None:
    content = gzipped(CAMT)
    assert archive.identify(content) == "gzip"
    assert list(archive.members(io.BytesIO(content), name=name)) == [Member(inside, CAMT)]


def test_the_parts_of_a_gzip_are_one_file() -> None:
    assert read(gzipped(CAMT[:700], CAMT[700:]) + b"\0" * 512) == [("upload", CAMT)]


def test_a_large_gzip_comes_whole() -> None:
    content = bytes(range(256)) * 4096 * 8
    assert read(gzipped(content)) == [("upload", content)]


def test_an_archive_is_read_from_its_beginning_wherever_the_stream_stands() -> None:
    stream = io.BytesIO(zipped(("a.xml", CAMT)))
    stream.seek(0, io.SEEK_END)
    assert [one.content for one in archive.members(stream)] == [CAMT]


# --- archives within archives ---


def test_an_archive_within_an_archive_gives_its_members_in_its_place() -> None:
    inner = zipped(("b.xml", CAMT), ("c.sta", MT940))
    content = zipped(("a.xml", CAMT), ("inner.zip", inner), ("d.xml.gz", gzipped(CAMT)))
    assert read(content) == [
        ("a.xml", CAMT),
        ("inner.zip: b.xml", CAMT),
        ("inner.zip: c.sta", MT940),
        ("d.xml.gz: d.xml", CAMT),
    ]
    assert read(gzipped(inner)) == [("upload: b.xml", CAMT), ("upload: c.sta", MT940)]


def test_an_archive_two_levels_down_is_refused_and_its_neighbours_come() -> None:
    deep = zipped(("c.xml", CAMT))
    content = zipped(("b.zip", zipped(("c.zip", deep), ("c.gz", gzipped(deep)), ("b.xml", CAMT))))
    assert read(content) == [
        ("b.zip: c.zip", "This is a ZIP archive in an archive within an archive, which is not opened."),
        ("b.zip: c.gz", "This is a GZIP archive in an archive within an archive, which is not opened."),
        ("b.zip: b.xml", CAMT),
    ]


def test_a_broken_archive_within_an_archive_is_refused_by_its_name() -> None:
    inner = zipped(("b.xml", CAMT))[:-30]
    assert read(zipped(("inner.zip", inner), ("a.xml", CAMT))) == [
        ("inner.zip", "The ZIP archive is broken or was cut off on its way."),
        ("a.xml", CAMT),
    ]


# --- members that cannot be read ---

DAMAGED = "The file is damaged within its archive."
OTHER_METHOD = "The file is packed by a method that is not read here; pack it as a plain ZIP or GZIP."
PASSWORD = "The file is protected by a password; unpack it and import what is in it."

BAD_MEMBERS = {
    "a wrong checksum": (archives.flipped(zipped(("x", CAMT), method=zipfile.ZIP_STORED), CAMT), DAMAGED),
    "a password": (archives.flagged(zipped(("x", CAMT)), flags=0x1), PASSWORD),
    "strong encryption": (archives.flagged(zipped(("x", CAMT)), flags=0x41), PASSWORD),
    "patched data": (archives.flagged(zipped(("x", CAMT)), flags=0x20), DAMAGED),
    "BZIP2": (zipped(("x", CAMT), method=zipfile.ZIP_BZIP2), OTHER_METHOD),
    "LZMA": (zipped(("x", CAMT), method=zipfile.ZIP_LZMA), OTHER_METHOD),
    "less than it states": (
        archives.raw_zip(("x", archives.deflated_zeros(1), MEGABYTE), declared=MEGABYTE + 1),
        DAMAGED,
    ),
    "more than it states": (
        archives.raw_zip(("x", archives.deflated_zeros(1), MEGABYTE), declared=10),
        DAMAGED,
    ),
    "data that is not deflated": (archives.raw_zip(("x", b"\xff" * 100, 500)), DAMAGED),
}


@pytest.mark.parametrize("case", BAD_MEMBERS)
def test_a_bad_member_is_refused_by_its_reason(case: str) -> None:
    content, sentence = BAD_MEMBERS[case]
    assert read(content) == [("x", sentence)]


def test_the_neighbours_of_a_bad_member_still_come() -> None:
    bad = archives.flipped(
        zipped(("a.xml", CAMT), ("b.sta", MT940), ("c.xml", CAMT), method=zipfile.ZIP_STORED), MT940
    )
    assert read(bad) == [("a.xml", CAMT), ("b.sta", DAMAGED), ("c.xml", CAMT)]


def test_a_file_whose_checksum_fits_but_not_its_size_is_refused() -> None:
    whole = archives.raw_zip(("x", b"\x03\0", 0), declared=5)
    assert read(whole) == [("x", "The file does not have the size that its archive states.")]


# --- members that hold no statement ---


@pytest.mark.parametrize(
    ("member", "words"),
    [
        (info("folder/"), "a folder"),
        (archives.LINK, "a link"),
        (info("__MACOSX/._a.xml"), "left by the system"),
        (info("a/.DS_Store"), "left by the system"),
        (info("Thumbs.db"), "left by the system"),
        (info("DESKTOP.INI"), "left by the system"),
    ],
)
def test_what_holds_no_statement_is_passed_over_and_said(member: zipfile.ZipInfo, words: str) -> None:
    passed, kept = members_of(zipped((member, b""), ("a.xml", CAMT)))
    assert isinstance(passed.refusal, PassedOver)
    assert passed.refusal.code == "passed_over"
    assert words in passed.refusal.message
    assert kept == Member("a.xml", CAMT)


def test_an_empty_file_is_a_file() -> None:
    assert members_of(zipped(("a.xml", b""))) == [Member("a.xml", b"")]


# --- names ---


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("C:\\Windows\\a.xml", "a.xml"),
        ("..", ".."),
        ("a/b/c/d.xml", "d.xml"),
        ("a\x1b[31m\nb.xml", "a[31mb.xml"),
        ("a\u202elmx.exe", "almx.exe"),
        ("Umsätze Jänner.csv", "Umsätze Jänner.csv"),
        ("\x01", "unnamed"),
        ("x" * 5000, "x" * LONGEST_NAME),
    ],
)
def test_a_name_is_only_its_last_part_and_only_what_can_be_printed(name: str, shown: str) -> None:
    assert read(zipped((name, CAMT))) == [(shown, CAMT)]


# --- archives that are none ---


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_document_that_is_a_zip_is_refused_by_its_kind(kind: str) -> None:
    sentence = f"The file is {kind}, not a bank statement that can be read here."
    assert refused(DOCUMENTS[kind]) == sentence
    assert read(zipped(("Umsatz.xlsx", DOCUMENTS[kind]), ("a.xml", CAMT))) == [
        ("Umsatz.xlsx", sentence),
        ("a.xml", CAMT),
    ]
    with pytest.raises(UnreadableFile) as caught:
        detect.read_file(io.BytesIO(DOCUMENTS[kind]))
    assert caught.value.message == sentence


def test_an_archive_is_no_statement_by_itself() -> None:
    for content, kind in ((zipped(("a.xml", CAMT)), "ZIP"), (gzipped(CAMT), "GZIP"), (zipped(), "ZIP")):
        with pytest.raises(UnreadableFile) as caught:
            detect.read_file(io.BytesIO(content))
        assert (
            caught.value.message
            == f"The file is a {kind} archive, not a bank statement that can be read here."
        )


BROKEN = "The ZIP archive is broken or was cut off on its way."
WHOLE = zipped(("a.xml", CAMT), ("b.sta", MT940))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (zipped(), "The ZIP archive is empty."),
        (b"PK\x03\x04", BROKEN),
        (b"PK\x07\x08" + WHOLE[4:], None),
        (WHOLE.replace(b"PK\x05\x06", b"PK\x05\x07"), BROKEN),
        (WHOLE.replace(b"PK\x01\x02", b"PK\x01\x03"), BROKEN),
        (b"\x1f\x8b", "The GZIP archive was cut off on its way."),
        (b"\x1f\x8b\x07\0" + b"\0" * 20, "The GZIP archive is broken."),
        (gzipped(CAMT)[:-1], "The GZIP archive was cut off on its way."),
        (gzipped(CAMT)[:-8] + b"\0" * 8, "The GZIP archive is broken."),
        (gzipped(CAMT) + b"more", "The GZIP archive is broken."),
        (b"%PDF-1.7", "The file is neither a ZIP nor a GZIP archive."),
        (b"", "The file is neither a ZIP nor a GZIP archive."),
    ],
)
def test_a_broken_archive_is_refused_as_a_whole(content: bytes, sentence: str | None) -> None:
    if sentence is None:
        assert read(content) == [("a.xml", DAMAGED), ("b.sta", MT940)]
    else:
        assert refused(content) == sentence


@pytest.mark.parametrize("at", range(0, len(WHOLE), 23))
def test_a_zip_cut_off_anywhere_is_refused(at: int) -> None:
    assert refused(WHOLE[:at])


@pytest.mark.parametrize("at", range(0, len(gzipped(CAMT)), 23))
def test_a_gzip_cut_off_anywhere_is_refused(at: int) -> None:
    assert refused(gzipped(CAMT)[:at])


# --- limits ---


def test_members_beyond_the_size_that_is_taken_are_refused_and_smaller_ones_still_come() -> None:
    content = zipped(("a", b"x" * 600), ("b", b"y" * 500), ("c", b"z" * 400))
    assert read(content, most_bytes=1000) == [
        ("a", b"x" * 600),
        ("b", "With this file the upload unpacks to more than the 1,000 bytes that are taken."),
        ("c", b"z" * 400),
    ]


def test_what_an_inner_archive_unpacks_counts_with_the_archive_itself() -> None:
    inner = zipped(("b", b"y" * 500), method=zipfile.ZIP_STORED)
    content = zipped(("inner.zip", inner), ("c", b"z" * 400))
    assert read(content, most_bytes=len(inner) + 900) == [("inner.zip: b", b"y" * 500), ("c", b"z" * 400)]
    words = "With this file the upload unpacks to more than"
    (_, inside), (_, behind) = read(content, most_bytes=len(inner) + 499)
    assert str(inside).startswith(words)
    assert behind == b"z" * 400


def test_a_gzip_beyond_the_size_that_is_taken_is_refused() -> None:
    assert read(gzipped(b"x" * 1000), most_bytes=1000) == [("upload", b"x" * 1000)]
    assert refused(gzipped(b"x" * 1000), most_bytes=999).endswith("more than the 999 bytes that are taken.")


def test_two_hundred_members_are_taken_and_not_one_more() -> None:
    assert len(members_of(archives.crowd(200))) == 200
    assert refused(archives.crowd(201)) == "The archive has 201 members, more than the 200 that are unpacked."
    inner = zipped(("inner.zip", archives.crowd(199)), ("a", b""))
    assert read(inner)[0] == (
        "inner.zip",
        "The archive has 199 members, more than the 198 that are unpacked.",
    )


def test_identical_bookings_pack_well_and_are_no_bomb() -> None:
    content = MT940 * 20_000
    assert len(content) / len(zipped(("a.sta", content))) > 200
    assert read(zipped(("a.sta", content))) == [("a.sta", content)]


# --- hostile archives, in a child that dies beyond a second or 200 MB ---


def prepared(case: str) -> Callable[[], dict[str, Any]]:
    """In the child: what becomes of a hostile archive, and how many bytes of it were read."""
    stream = io.BytesIO(HOSTILE[case]())
    return lambda: _outcome(stream)


def _outcome(stream: io.BytesIO) -> dict[str, Any]:
    members: list[list[Any]] = []
    try:
        for one in archive.members(stream):
            members.append([one.name, len(one.content or b""), one.refusal and one.refusal.message])
    except UnreadableFile as refusal:
        return {"refused": refusal.message, "members": members}
    return {"refused": None, "members": members}


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    with Child("tests.reconciliation.formats.test_archive", "prepared") as child:
        yield child


BOMB = "The file is packed to less than a 500th of its size, as only a bomb is."
TOO_LARGE = "With this file the upload unpacks to more than the 67,108,864 bytes that are taken."
TOO_MANY = "The archive has far more members than are unpacked."

# The refusal as a whole, else each member's name, size and refusal.
EXPECTED: dict[str, str | list[list[Any]]] = {
    "a gigabyte of zeros": [["bomb.xml", 0, TOO_LARGE]],
    "a gigabyte of zeros said to be small": [["bomb.xml", 0, DAMAGED]],
    "a gigabyte of zeros said to be 60 MB": [["bomb.xml", 0, BOMB]],
    "a gigabyte of zeros in GZIP": BOMB,
    "a bomb within an archive": [["inner.zip: bomb.xml", 0, BOMB], ["inner.xml.gz", 0, BOMB]],
    "archives within archives": [
        [
            "level-10.zip: level-9.zip",
            0,
            "This is a ZIP archive in an archive within an archive, which is not opened.",
        ]
    ],
    "members that share their data": [["a.xml", MEGABYTE, None]] * 64 + [["a.xml", 0, TOO_LARGE]] * 86,
    "a hundred thousand members": TOO_MANY,
    "a few members too many": "The archive has 201 members, more than the 200 that are unpacked.",
    "a directory of 40 MB": TOO_MANY,
    "names that climb": [["slipped.xml", len(CAMT), None]] * 3,
    "a link to a file of the machine": [
        ["link.xml", 0, "This is a link to another file, which is not followed."]
    ],
}


def test_every_hostile_archive_has_its_expectation() -> None:
    assert EXPECTED.keys() == HOSTILE.keys()


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_archive_costs_next_to_nothing(case: str, child: Child) -> None:
    found, expected = child.call(case), EXPECTED[case]
    if isinstance(expected, str):
        assert found == {"refused": expected, "members": []}
    else:
        assert found == {"refused": None, "members": expected}
