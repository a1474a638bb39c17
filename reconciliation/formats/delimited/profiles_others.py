"""Layouts of banks and payment services outside of Germany and Switzerland."""

from __future__ import annotations

from reconciliation.formats.delimited.layout import Layout
from reconciliation.formats.delimited.profile import profile
from reconciliation.formats.written import DateOrder, DecimalMark

_POINT = DecimalMark.POINT


def _other(name: str, titles: str, source: str, **facts: object) -> Layout:
    """A layout from titles in one line, each with its role in brackets."""
    table = "\n".join(part.strip().replace(" [", " = ").rstrip("]") for part in titles.split(";"))
    return profile(name, table, source=source, **facts)


LAYOUTS: tuple[Layout, ...] = (
    _other(
        "wise",
        """TransferWise ID [bank_reference]; Date [booked_on]; Date Time; Amount [amount]; Currency [currency];
        Description [remittance]; Payment Reference [remittance]; Running Balance [balance]; Exchange From; Exchange To;
        Exchange Rate; Payer Name [payer]; Payee Name [payee]; Payee Account Number [iban]; Merchant;
        Card Last Four Digits; Card Holder Full Name; Attachment; Total fees; Exchange To Amount; Transaction Type;
        Transaction Details Type""",
        "Statement CSV of Wise, sample of ofxstatement-transferwise, 2020-08",
        date_order=DateOrder.DMY,
        decimal_mark=_POINT,
        per_currency=True,
        ragged=True,
    ),
    _other(
        "paypal",
        """Date [booked_on]; Time; TimeZone; Name [name]; Type [booking_text]; Status [status]; Currency [currency];
        Gross; Fee; Net [amount]; From Email Address; To Email Address; Transaction ID [bank_reference];
        Item Title [remittance]; Item ID; Reference Txn ID; Receipt ID; Balance [balance]; Note [remittance]""",
        "Activity download of PayPal, simonmichael/hledger, 2019-10",
        per_currency=True,
    ),
    _other(
        "payoneer",
        """Transaction Date [booked_on]; Transaction Time; Time Zone; Transaction ID [bank_reference];
        Description [remittance]; Credit Amount [credit]; Debit Amount [debit]; Currency [currency]; Transfer Amount;
        Transfer Amount Currency; Status [status]; Running Balance [balance]; Additional Description [remittance];
        Store Name; Source [payer]; Target [payee]; Reference ID""",
        "Transactions CSV of Payoneer, reubano/csv2ofx, 2021-05",
        decimal_mark=_POINT,
        per_currency=True,
    ),
    _other(
        "ing-es",
        """date [booked_on]; class; subcategory; desc [remittance]; notes; image; amount [amount]; balance [balance]""",
        "Movements of ING Spain, reubano/csv2ofx, 2022-12",
        date_order=DateOrder.DMY,
        decimal_mark=_POINT,
    ),
    _other(
        "danske-lt",
        """Date [booked_on]; Bank; Branch; Address; City; Country; Name [name]; Memo [remittance]; MemoConv;
        MemoDet; Amount [amount]""",
        "Statement CSV of Danske Bank Lithuania, sample of ofxstatement-lithuanian, 2012-03",
        decimal_mark=_POINT,
        encoding="cp1257",
    ),
    _other(
        "chase",
        """Details; Posting Date [booked_on]; Description [remittance]; Amount [amount]; Type [booking_text];
        Balance [balance]; Check or Slip #""",
        "Checking activity of Chase, beancount/beangulp, 2016-03",
        date_order=DateOrder.MDY,
        decimal_mark=_POINT,
    ),
    _other(
        "capital-one-card",
        """Transaction Date; Posted Date [booked_on]; Card No.; Description [remittance]; Category; Debit [debit];
        Credit [credit]""",
        "Card transactions of Capital One, reubano/csv2ofx, 2016-01",
        decimal_mark=_POINT,
    ),
    _other(
        "schwab-checking",
        """Date [booked_on]; Status [status]; Type [booking_text]; CheckNumber; Description [remittance];
        Withdrawal [debit]; Deposit [credit]; RunningBalance [balance]""",
        "Checking transactions of Charles Schwab, redstreet/beancount_reds_importers, 2022-02",
        date_order=DateOrder.MDY,
        decimal_mark=_POINT,
    ),
    _other(
        "schwab-checking-2020",
        """Date [booked_on]; Type [booking_text]; Check #; Description [remittance]; Withdrawal (-) [debit];
        Deposit (+) [credit]; RunningBalance [balance]""",
        "Checking transactions of Charles Schwab, jbms/beancount-import, 2020-12",
        date_order=DateOrder.MDY,
        decimal_mark=_POINT,
    ),
    _other(
        "schwab-brokerage",
        """Date [booked_on]; Action [booking_text]; Symbol; Description [remittance]; Quantity; Price; Fees & Comm;
        Amount [amount]""",
        "Brokerage transactions of Charles Schwab, jbms/beancount-import, 2020-11",
        date_order=DateOrder.MDY,
        decimal_mark=_POINT,
    ),
    _other(
        "ameritrade",
        """DATE [booked_on]; TRANSACTION ID [bank_reference]; DESCRIPTION [remittance]; QUANTITY; SYMBOL; PRICE;
        COMMISSION; AMOUNT [amount]; NET CASH BALANCE [balance]; REG FEE; SHORT-TERM RDM FEE; FUND REDEMPTION FEE;
        DEFERRED SALES CHARGE""",
        "Transactions of TD Ameritrade, beancount/beangulp, 2013-09",
        date_order=DateOrder.MDY,
        decimal_mark=_POINT,
    ),
    _other(
        "fidelity",
        """Run Date [booked_on]; Account; Account Number [account]; Action [remittance]; Symbol; Description; Type;
        Exchange Quantity; Exchange Currency; Currency [currency]; Price; Quantity; Exchange Rate; Commission; Fees;
        Accrued Interest; Amount [amount]; Settlement Date [valued_on]""",
        "History of all accounts at Fidelity, redstreet/beancount_reds_importers, 2025-12",
        date_order=DateOrder.MDY,
        decimal_mark=_POINT,
    ),
    _other(
        "betterment",
        """Account Name [account]; Transaction Description [remittance]; Amount [amount]; Ending Balance [balance];
        Date Completed [booked_on]""",
        "Transactions of Betterment, sample of ofxstatement-betterment, 2015-09",
        decimal_mark=_POINT,
    ),
)
