"""Changes to the plain file, each with the rules of the banks that it breaks or keeps."""

from __future__ import annotations

from tests.factories.pain008 import CREDITOR_ID, DEBTOR_IBAN, SWISS_IBAN, iban, message, written

Change = tuple[str, str]

LONG_NAME = "N" * 71
AMENDED = (
    "<AmdmntInd>true</AmdmntInd><AmdmntInfDtls><OrgnlMndtId>OLD</OrgnlMndtId></AmdmntInfDtls></MndtRltdInf>"
)
SEPA_ID = "<Id><PrvtId><Othr><Id>{}</Id><SchmeNm><Prtry>{}</Prtry></SchmeNm></Othr></PrvtId></Id>"
TOWN_AND_COUNTRY = "<TwnNm>Koeln</TwnNm><Ctry>DE</Ctry>"
NAME_OF_DEBTOR = "<Nm>Erika Beispiel</Nm>"
NAME_OF_CREDITOR = "<Cdtr><Nm>Musterwerk GmbH</Nm>"
REMITTANCE = "<RmtInf><Ustrd>Invoice 2026-0001</Ustrd></RmtInf>"
DEBTOR_BANK = "<DbtrAgt><FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId></DbtrAgt>"
PRIORITY = "<SvcLvl><Cd>SEPA</Cd></SvcLvl>"


def addressed(name: str, inside: str) -> Change:
    return (name, f"{name}<PstlAdr>{inside}</PstlAdr>")


def of_transaction(kind: str) -> Change:
    return ("</PmtId>", f"</PmtId><PmtTpInf>{kind}</PmtTpInf>")


def amended(inside: str) -> Change:
    details = f"<AmdmntInd>true</AmdmntInd><AmdmntInfDtls>{inside}</AmdmntInfDtls></MndtRltdInf>"
    return ("</MndtRltdInf>", details)


def old_account(inside: str) -> Change:
    return amended(f"<OrgnlDbtrAcct><Id>{inside}</Id></OrgnlDbtrAcct>")


def old_agent(inside: str) -> Change:
    return amended(f"<OrgnlDbtrAgt><FinInstnId>{inside}</FinInstnId></OrgnlDbtrAgt>")


def old_creditor(inside: str) -> Change:
    return amended(f"<OrgnlCdtrSchmeId>{inside}</OrgnlCdtrSchmeId>")


def structured(inside: str) -> Change:
    return (REMITTANCE, f"<RmtInf><Strd>{inside}</Strd></RmtInf>")


def reference(code: str, text: str) -> Change:
    kind = f"<Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
    return structured(f"<CdtrRefInf>{kind}<Ref>{text}</Ref></CdtrRefInf>")


# Rule, a change to the plain file that breaks it, and one that does not.
CASES: list[tuple[str, Change, Change]] = [
    # header
    ("identifier_form", ("MSG-1", "MSG//1"), ("MSG-1", "M/S/G(1)")),
    ("identifier_form", ("MSG-1", "/MSG"), ("MSG-1", "x" * 35)),
    ("name_length", ("<InitgPty><Nm>", f"<InitgPty><Nm>{LONG_NAME}"), ("<InitgPty><Nm>", "<InitgPty><Nm>A")),
    (
        "transaction_count",
        (
            "<NbOfTxs>1</NbOfTxs><CtrlSum>119.00</CtrlSum><InitgPty>",
            "<NbOfTxs>2</NbOfTxs><CtrlSum>119.00</CtrlSum><InitgPty>",
        ),
        ("MSG-1", "MSG-2"),
    ),
    (
        "control_sum",
        ("<CtrlSum>119.00</CtrlSum><InitgPty>", "<CtrlSum>119.01</CtrlSum><InitgPty>"),
        ("<CtrlSum>119.00</CtrlSum><InitgPty>", "<CtrlSum>119</CtrlSum><InitgPty>"),
    ),
    (
        "control_sum",
        ("<CtrlSum>119.00</CtrlSum><InitgPty>", "<InitgPty>"),
        ("<CtrlSum>119.00</CtrlSum><InitgPty>", "<CtrlSum>119.0</CtrlSum><InitgPty>"),
    ),
    # block
    ("identifier_form", ("BLOCK-1", "BLOCK_1"), ("BLOCK-1", "BLOCK 1")),
    (
        "transaction_count",
        ("<NbOfTxs>1</NbOfTxs><CtrlSum>119.00</CtrlSum><PmtTpInf>", "<CtrlSum>119.00</CtrlSum><PmtTpInf>"),
        ("BLOCK-1", "B"),
    ),
    (
        "control_sum",
        ("<CtrlSum>119.00</CtrlSum><PmtTpInf>", "<CtrlSum>0.00</CtrlSum><PmtTpInf>"),
        ("<CtrlSum>119.00</CtrlSum><PmtTpInf>", "<CtrlSum>119.0</CtrlSum><PmtTpInf>"),
    ),
    ("service_level", ("<Cd>SEPA</Cd>", "<Cd>URGP</Cd>"), ("BLOCK-1", "B")),
    (
        "service_level",
        (PRIORITY, PRIORITY + "<SvcLvl><Cd>G001</Cd></SvcLvl>"),
        (PRIORITY, "<InstrPrty>NORM</InstrPrty>" + PRIORITY),
    ),
    ("local_instrument", ("<Cd>CORE</Cd>", "<Cd>COR1</Cd>"), ("<Cd>CORE</Cd>", "<Cd>B2B</Cd>")),
    (
        "sequence_type",
        ("<SeqTp>RCUR</SeqTp>", "<SeqTp>RPRE</SeqTp>"),
        ("<SeqTp>RCUR</SeqTp>", "<SeqTp>FNAL</SeqTp>"),
    ),
    ("sequence_type", ("<SeqTp>RCUR</SeqTp>", ""), ("<SeqTp>RCUR</SeqTp>", "<SeqTp>FRST</SeqTp>")),
    ("collection_date_closed", ("2026-12-02", "2026-12-25"), ("2026-12-02", "2026-12-24")),
    ("collection_date_passed", ("2026-12-02", "2026-11-25"), ("2026-12-02", "2026-11-26")),
    ("charge_bearer", ("SLEV", "SHAR"), ("<ChrgBr>SLEV</ChrgBr>", "")),
    (
        "name_missing",
        (NAME_OF_CREDITOR, "<Cdtr><CtryOfRes>DE</CtryOfRes>"),
        (NAME_OF_CREDITOR, "<Cdtr><Nm>M</Nm>"),
    ),
    (
        "name_length",
        (NAME_OF_CREDITOR, f"<Cdtr><Nm>{LONG_NAME}</Nm>"),
        (NAME_OF_CREDITOR, f"<Cdtr><Nm>{'N' * 70}</Nm>"),
    ),
    (
        "account_iban",
        ("DE89370400440532013000", "DE88370400440532013000"),
        ("DE89370400440532013000", DEBTOR_IBAN),
    ),
    (
        "account_country",
        ("DE89370400440532013000", "BR1800360305000010009795493C1"),
        ("DE89370400440532013000", SWISS_IBAN),
    ),
    (
        "agent",
        (
            "<CdtrAgt><FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr>",
            "<CdtrAgt><FinInstnId><BICFI>NOTPROVIDED</BICFI>",
        ),
        (
            "<CdtrAgt><FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr>",
            "<CdtrAgt><FinInstnId><BICFI>COBADEFFXXX</BICFI>",
        ),
    ),
    (
        "address_structured",
        addressed(NAME_OF_CREDITOR, "<TwnNm>Koeln</TwnNm>"),
        addressed(NAME_OF_CREDITOR, TOWN_AND_COUNTRY),
    ),
    ("creditor_identifier", (CREDITOR_ID, "DE97ZZZ09999999999"), (CREDITOR_ID, "FR72ZZZ123456")),
    (
        "creditor_identifier",
        ("<Prtry>SEPA</Prtry>", "<Prtry>NONE</Prtry>"),
        (CREDITOR_ID, "DE98ABC09999999999"),
    ),
    (
        "creditor_identifier_given",
        (f"<CdtrSchmeId>{SEPA_ID.format(CREDITOR_ID, 'SEPA')}</CdtrSchmeId>", ""),
        (CREDITOR_ID, "DE98AB109999999999"),
    ),
    # transaction
    (
        "identifier_form",
        ("INV-2026-0001</EndToEndId>", "INV-2026_0001</EndToEndId>"),
        ("<EndToEndId>INV-2026-0001", "<EndToEndId>NOTPROVIDED"),
    ),
    (
        "identifier_form",
        ("<PmtId>", "<PmtId><InstrId> 1</InstrId>"),
        ("<PmtId>", "<PmtId><InstrId>1</InstrId>"),
    ),
    ("identifier_form", ("MANDATE-1", "MANDÁTE"), ("MANDATE-1", "M")),
    ("identifier_form", amended("<OrgnlMndtId>A/</OrgnlMndtId>"), amended("<OrgnlMndtId>A</OrgnlMndtId>")),
    ("currency", ('Ccy="EUR"', 'Ccy="USD"'), ("MANDATE-1", "M")),
    (
        "service_level",
        of_transaction("<SvcLvl><Cd>SDVA</Cd></SvcLvl>"),
        of_transaction("<SvcLvl><Cd>SEPA</Cd></SvcLvl>"),
    ),
    (
        "local_instrument",
        of_transaction("<LclInstrm><Prtry>CORE</Prtry></LclInstrm>"),
        of_transaction("<LclInstrm><Cd>CORE</Cd></LclInstrm>"),
    ),
    ("sequence_type", of_transaction("<SeqTp>RPRE</SeqTp>"), of_transaction("<SeqTp>RCUR</SeqTp>")),
    (
        "charge_bearer",
        ("</InstdAmt>", "</InstdAmt><ChrgBr>DEBT</ChrgBr>"),
        ("</InstdAmt>", "</InstdAmt><ChrgBr>SLEV</ChrgBr>"),
    ),
    ("mandate_missing", ("<MndtId>MANDATE-1</MndtId>", ""), ("MANDATE-1", "M")),
    ("mandate_missing", ("<DtOfSgntr>2025-03-01</DtOfSgntr>", ""), ("2025-03-01", "2025-03-01Z")),
    ("signed_in_future", ("2025-03-01", "2026-11-26"), ("2025-03-01", "2026-11-25")),
    (
        "amendment_indicator",
        ("</MndtRltdInf>", "<AmdmntInd>true</AmdmntInd></MndtRltdInf>"),
        ("</MndtRltdInf>", AMENDED),
    ),
    (
        "amendment_indicator",
        ("</MndtRltdInf>", "<AmdmntInd>1</AmdmntInd></MndtRltdInf>"),
        ("</MndtRltdInf>", "<AmdmntInd>false</AmdmntInd></MndtRltdInf>"),
    ),
    (
        "amendment_indicator",
        ("</MndtRltdInf>", AMENDED.replace("true", "false")),
        ("</MndtRltdInf>", AMENDED.replace("true", "1")),
    ),
    (
        "amendment_details",
        old_account("<IBAN>DE03120300000000202051</IBAN>"),
        old_account(f"<IBAN>{SWISS_IBAN}</IBAN>"),
    ),
    (
        "amendment_details",
        old_account("<Othr><Id>12345</Id></Othr>"),
        old_account("<Othr><Id>SMNDA</Id></Othr>"),
    ),
    (
        "amendment_details",
        amended(
            "<OrgnlDbtrAcct><Id><Othr><Id>SMNDA</Id></Othr></Id></OrgnlDbtrAcct><OrgnlDbtrAgt><FinInstnId><BICFI>COBADEFF</BICFI></FinInstnId></OrgnlDbtrAgt>"
        ),
        amended("<OrgnlDbtrAgt><FinInstnId><BICFI>COBADEFF</BICFI></FinInstnId></OrgnlDbtrAgt>"),
    ),
    (
        "creditor_identifier",
        old_creditor(SEPA_ID.format("DE00ZZZ09999999999", "SEPA")),
        old_creditor(SEPA_ID.format("DE98ABC09999999999", "SEPA")),
    ),
    (
        "creditor_identifier",
        ("</MndtRltdInf>", f"</MndtRltdInf><CdtrSchmeId>{SEPA_ID.format('X', 'SEPA')}</CdtrSchmeId>"),
        ("</MndtRltdInf>", f"</MndtRltdInf><CdtrSchmeId>{SEPA_ID.format(CREDITOR_ID, 'SEPA')}</CdtrSchmeId>"),
    ),
    (
        "agent",
        (DEBTOR_BANK, "<DbtrAgt><FinInstnId><BICFI>ABCDXX22</BICFI></FinInstnId></DbtrAgt>"),
        (DEBTOR_BANK, "<DbtrAgt><FinInstnId><BICFI>DEUTDEFF</BICFI></FinInstnId></DbtrAgt>"),
    ),
    ("agent", (DEBTOR_BANK, "<DbtrAgt><FinInstnId><Nm>Bank</Nm></FinInstnId></DbtrAgt>"), ("MANDATE-1", "M")),
    (
        "agent",
        (DEBTOR_BANK, DEBTOR_BANK.replace("<Othr>", "<BICFI>DEUTDEFF</BICFI><Othr>")),
        ("MANDATE-1", "M"),
    ),
    ("name_missing", (NAME_OF_DEBTOR, "<CtryOfRes>DE</CtryOfRes>"), (NAME_OF_DEBTOR, "<Nm>E</Nm>")),
    (
        "name_length",
        ("</DbtrAcct>", f"</DbtrAcct><UltmtDbtr><Nm>{LONG_NAME}</Nm></UltmtDbtr>"),
        ("</DbtrAcct>", f"</DbtrAcct><UltmtDbtr><Nm>{'N' * 70}</Nm></UltmtDbtr>"),
    ),
    ("name_length", old_creditor(f"<Nm>{LONG_NAME}</Nm>"), old_creditor("<Nm>Altwerk</Nm>")),
    (
        "account_iban",
        (f"<IBAN>{DEBTOR_IBAN}</IBAN>", "<Othr><Id>12345678</Id></Othr>"),
        (DEBTOR_IBAN, iban("120300001234567890")),
    ),
    ("account_country", (DEBTOR_IBAN, "BR1800360305000010009795493C1"), (DEBTOR_IBAN, "NL91ABNA0417164300")),
    (
        "address_structured",
        addressed(NAME_OF_DEBTOR, "<AdrLine>Weg 1</AdrLine><AdrLine>Koeln</AdrLine>"),
        addressed(NAME_OF_DEBTOR, TOWN_AND_COUNTRY + "<AdrLine>Weg 1</AdrLine><AdrLine>Hof</AdrLine>"),
    ),
    (
        "address_structured",
        addressed(NAME_OF_DEBTOR, "<Ctry>DE</Ctry>"),
        addressed(NAME_OF_DEBTOR, TOWN_AND_COUNTRY),
    ),
    (
        "address_element",
        addressed(NAME_OF_DEBTOR, "<AdrTp><Cd>HOME</Cd></AdrTp>" + TOWN_AND_COUNTRY),
        addressed(NAME_OF_DEBTOR, "<StrtNm>Weg</StrtNm>" + TOWN_AND_COUNTRY),
    ),
    (
        "address_element",
        addressed(
            NAME_OF_DEBTOR, TOWN_AND_COUNTRY + "<AdrLine>1</AdrLine><AdrLine>2</AdrLine><AdrLine>3</AdrLine>"
        ),
        addressed(NAME_OF_DEBTOR, TOWN_AND_COUNTRY + "<AdrLine>1</AdrLine>"),
    ),
    (
        "address_repeated",
        addressed(NAME_OF_DEBTOR, TOWN_AND_COUNTRY + "<AdrLine>KOELN</AdrLine>"),
        addressed(NAME_OF_DEBTOR, TOWN_AND_COUNTRY + "<AdrLine>Koelner Weg</AdrLine>"),
    ),
    (
        "address_repeated",
        addressed(
            NAME_OF_DEBTOR,
            "<PstCd>50667</PstCd>"
            + TOWN_AND_COUNTRY
            + "<AdrLine>Weg 1</AdrLine><AdrLine>50667 Koeln</AdrLine>",
        ),
        addressed(NAME_OF_DEBTOR, TOWN_AND_COUNTRY + "<AdrLine>50667</AdrLine>"),
    ),
    (
        "amendment_old_form",
        old_agent("<Othr><Id>SMNDA</Id></Othr>"),
        old_agent("<Othr><Id>NOTPROVIDED</Id></Othr>"),
    ),
    ("remittance_once", ("</Ustrd>", "</Ustrd><Ustrd>more</Ustrd>"), (REMITTANCE, "")),
    (
        "remittance_once",
        ("</Ustrd>", "</Ustrd><Strd><CdtrRefInf><Ref>1</Ref></CdtrRefInf></Strd>"),
        reference("SCOR", "RF18539007547034"),
    ),
    (
        "remittance_length",
        structured(f"<AddtlRmtInf>{'a' * 114}</AddtlRmtInf>"),
        structured(f"<AddtlRmtInf>{'a' * 113}</AddtlRmtInf>"),
    ),
    ("creditor_reference", reference("SCOR", "RF19539007547034"), reference("DISP", "RF19539007547034")),
    (
        "purpose",
        ("</DbtrAcct>", "</DbtrAcct><Purp><Cd>ab</Cd></Purp>"),
        ("</DbtrAcct>", "</DbtrAcct><Purp><Cd>GDDS</Cd></Purp>"),
    ),
    (
        "purpose",
        ("</SeqTp>", "</SeqTp><CtgyPurp><Cd>ab</Cd></CtgyPurp>"),
        ("</SeqTp>", "</SeqTp><CtgyPurp><Cd>SUPP</Cd></CtgyPurp>"),
    ),
    ("blank_text", (NAME_OF_DEBTOR, "<Nm> </Nm>"), (NAME_OF_DEBTOR, "<Nm>.</Nm>")),
    (
        "blank_text",
        ("<Ustrd>Invoice 2026-0001</Ustrd>", "<Ustrd> </Ustrd>"),
        ("<Ustrd>Invoice 2026-0001</Ustrd>", "<Ustrd>-</Ustrd>"),
    ),
    (
        "characters",
        (NAME_OF_DEBTOR, "<Nm>Zoë</Nm>"),
        (NAME_OF_DEBTOR, "<Nm>Zoe (2nd) + Co., 'x'/y-z: 1?</Nm>"),
    ),
    ("characters", (NAME_OF_DEBTOR, "<Nm>A &amp; B</Nm>"), (NAME_OF_DEBTOR, "<Nm>A + B</Nm>")),
]

# Rules whose breach breaks another one, or the schema, as well.
TOGETHER: list[tuple[set[str], Change]] = [
    ({"payment_method", "schema"}, ("<PmtMtd>DD</PmtMtd>", "<PmtMtd>TRF</PmtMtd>")),
    ({"collection_date", "schema"}, ("2026-12-02", "2026-02-30")),
    ({"collection_date", "schema"}, ("<ReqdColltnDt>2026-12-02</ReqdColltnDt>", "")),
    ({"amount_decimals", "control_sum"}, ('"EUR">119.00', '"EUR">119.001')),
    ({"amount_decimals", "control_sum", "schema"}, ('"EUR">119.00', '"EUR">-119.00')),
    ({"amount_decimals", "control_sum", "schema"}, ('"EUR">119.00', '"EUR">119,00')),
    ({"amount_range", "control_sum"}, ('"EUR">119.00', '"EUR">0.00')),
    ({"amount_range", "control_sum"}, ('"EUR">119.00', '"EUR">1000000000.00')),
    ({"signed_after_collection", "signed_in_future"}, ("2025-03-01", "2026-12-03")),
    ({"remittance_length", "schema"}, ("<Ustrd>", "<Ustrd>" + "a" * 140)),
    ({"address_element", "schema"}, addressed(NAME_OF_DEBTOR, f"<TwnNm>{'K' * 36}</TwnNm><Ctry>DE</Ctry>")),
    ({"account_iban", "schema"}, (DEBTOR_IBAN, "DE02 1203 0000 0000 2020 51")),
    ({"amendment_indicator", "blank_text"}, amended("")),
    ({"name_missing", "blank_text"}, (NAME_OF_DEBTOR, "")),
    ({"agent", "blank_text"}, (DEBTOR_BANK, "<DbtrAgt><FinInstnId/></DbtrAgt>")),
    ({"characters", "blank_text"}, ("<Ustrd>Invoice 2026-0001</Ustrd>", "<Ustrd>\n</Ustrd>")),
    ({"address_required", "bic_missing"}, (DEBTOR_IBAN, SWISS_IBAN)),
    ({"one_scheme"}, of_transaction("<LclInstrm><Cd>B2B</Cd></LclInstrm>")),
]

PLAIN = written(message()).decode()


def changed(change: Change) -> bytes:
    """The plain file with the first place that says `change[0]` saying `change[1]`."""
    old, new = change
    assert old in PLAIN
    return PLAIN.replace(old, new, 1).encode()
