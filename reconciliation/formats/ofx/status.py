"""What a bank answers to the requests behind an OFX file: said where it is anything but success."""

from __future__ import annotations

from reconciliation.formats.ofx.scan import Kind, Mark
from reconciliation.statement import UnreadableFile

MOST_ANSWERS = 100  # that tell of an error or a warning and are not yet said of a statement

# OFX 1.6, section 11.4.1.3 and appendix A.
_MEANINGS = {
    "2000": "general error",
    "2001": "invalid account",
    "2002": "general account error",
    "2003": "account not found",
    "2004": "account closed",
    "2005": "account not authorised",
    "15500": "sign-on invalid",
    "15502": "access locked",
}
_SEVERITIES = {"ERROR": "an error", "WARN": "a warning"}
_SIGN_ON = "SONRS"
_WRAPPERS = frozenset({"STMTTRNRS", "CCSTMTTRNRS", "INVSTMTTRNRS"})
_STATUS = "STATUS"


class Answers:
    """The status of each answer of the file as its elements go by."""

    def __init__(self) -> None:
        self._status: dict[str, str] = {}
        self._said: list[str] = []
        self.unheard: list[str] = []

    def take(self) -> list[str]:
        """What is to be said of the statement that begins now."""
        said, self._said = self._said, []
        return said

    def add(self, mark: Mark) -> None:
        """Follows a mark outside of statements; what is said of an answer without one goes to `unheard`."""
        if mark.kind is Kind.LEAF and mark.parent == _STATUS:
            self._status[mark.name] = mark.text.strip().upper()
        elif mark.kind is Kind.CLOSED and mark.name == _STATUS:
            self._close(mark.parent)
        elif mark.kind is Kind.CLOSED and mark.name in _WRAPPERS:
            self.unheard.extend(self.take())

    def _close(self, parent: str) -> None:
        code, severity = self._status.get("CODE", ""), self._status.get("SEVERITY", "")
        self._status = {}
        if code.strip("0") == "" and severity not in _SEVERITIES:
            return
        what = "the sign-on" if parent == _SIGN_ON else "the request for the statement"
        shown = code if code.isascii() and code.isdigit() and len(code) <= 10 else "unreadable"
        meaning = f", {_MEANINGS[code]}" if code in _MEANINGS else ""
        sentence = (
            f"The bank answers {what} with {_SEVERITIES.get(severity, 'a remark')} (code {shown}{meaning})."
        )
        if len(self.unheard) + len(self._said) >= MOST_ANSWERS:
            raise UnreadableFile(f"The file holds more than {MOST_ANSWERS} answers that are no success.")
        if parent == _SIGN_ON:
            self.unheard.append(sentence)
        else:
            self._said.append(sentence)
