"""Where things stand within a part of a pain.008 file, as paths of its fields."""

from __future__ import annotations

# Inside CdtrSchmeId and OrgnlCdtrSchmeId.
IDENTIFIER = "Id/PrvtId/Othr/Id"
IDENTIFIER_SCHEME = "Id/PrvtId/Othr/SchmeNm/Prtry"

# GrpHdr.
MESSAGE_ID = "MsgId"
CREATED_AT = "CreDtTm"
COUNT = "NbOfTxs"  # in PmtInf as well
SUM = "CtrlSum"  # in PmtInf as well

# PmtInf.
BLOCK_ID = "PmtInfId"
METHOD = "PmtMtd"
BATCH_BOOKING = "BtchBookg"
TYPE = "PmtTpInf"  # in DrctDbtTxInf as well
SERVICE_LEVEL = f"{TYPE}/SvcLvl"
LOCAL_INSTRUMENT = f"{TYPE}/LclInstrm"
SCHEME = f"{LOCAL_INSTRUMENT}/Cd"
SEQUENCE_TYPE = f"{TYPE}/SeqTp"
CATEGORY_PURPOSE = f"{TYPE}/CtgyPurp/Cd"
COLLECT_ON = "ReqdColltnDt"
CHARGES = "ChrgBr"  # in DrctDbtTxInf as well
BLOCK_CREDITOR = "CdtrSchmeId"
BLOCK_CREDITOR_ID = f"{BLOCK_CREDITOR}/{IDENTIFIER}"

# DrctDbtTxInf.
INSTRUCTION_ID = "PmtId/InstrId"
END_TO_END_ID = "PmtId/EndToEndId"
AMOUNT = "InstdAmt"
CURRENCY = "InstdAmt/@Ccy"
MANDATE_ID = "DrctDbtTx/MndtRltdInf/MndtId"
SIGNED_ON = "DrctDbtTx/MndtRltdInf/DtOfSgntr"
AMENDED = "DrctDbtTx/MndtRltdInf/AmdmntInd"
AMENDMENT = "DrctDbtTx/MndtRltdInf/AmdmntInfDtls"
ORIGINAL_MANDATE_ID = f"{AMENDMENT}/OrgnlMndtId"
ORIGINAL_CREDITOR = f"{AMENDMENT}/OrgnlCdtrSchmeId"
ORIGINAL_IBAN = f"{AMENDMENT}/OrgnlDbtrAcct/Id/IBAN"
ORIGINAL_OTHER = f"{AMENDMENT}/OrgnlDbtrAcct/Id/Othr/Id"
ORIGINAL_AGENT = f"{AMENDMENT}/OrgnlDbtrAgt"
OLD_PLACE_OF_SMNDA = f"{ORIGINAL_AGENT}/FinInstnId/Othr/Id"  # DFÜ agreement before November 2016
CREDITOR = "DrctDbtTx/CdtrSchmeId"
CREDITOR_ID = f"{CREDITOR}/{IDENTIFIER}"
NOTIFICATION_ID = "DrctDbtTx/PreNtfctnId"
DEBTOR_ADDRESS = "Dbtr/PstlAdr"
DEBTOR_AGENT = "DbtrAgt"
DEBTOR_IBAN = "DbtrAcct/Id/IBAN"
PURPOSE = "Purp/Cd"
REMITTANCE = "RmtInf"
UNSTRUCTURED = "RmtInf/Ustrd"
STRUCTURED = "RmtInf/Strd"
REFERENCE = "RmtInf/Strd/CdtrRefInf/Ref"
REFERENCE_CODE = "RmtInf/Strd/CdtrRefInf/Tp/CdOrPrtry/Cd"

# What stands for a BIC that is not known, and for the old account of a debtor with a new bank.
NOT_PROVIDED = "NOTPROVIDED"
SMNDA = "SMNDA"
