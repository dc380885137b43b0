"""Header lines of a mail, folded so that whoever unfolds them reads the text as it was.

The standard library's `email` folds as well, but adds and loses blanks around what it encodes
(python/cpython issues 144156 and 117313), so that subjects arrive changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from email.header import Header

from workers.mail.mailbox import Mailbox

#: RFC 5322, 2.1.1: what a line should not exceed, without its end; RFC 2047, 2: of one with encoded words.
_LINE, _ENCODED_LINE = 78, 76
_FOLD = "\r\n "
#: Words of RFC 5322 that need no quotes beside others.
_ATOM_SIGNS = frozenset("!#$%&'*+-/=?^_`{|}~")


def text_line(name: str, text: str) -> bytes:
    """A header of plain text (RFC 5322, 2.2.1), in encoded words (RFC 2047) where it must be."""
    if _is_plain(text):
        folded = _folded(name, text)
        if folded is not None:
            return folded
    return f"{name}: {_encoded(name, text)}\r\n".encode("ascii")


def structured_line(name: str, value: str) -> bytes:
    """A header that programs read, as it is: RFC 2047, 5 allows no encoded word in it.

    However long, it is one line: some readers take a line end for a part of a Message-ID.
    """
    return f"{name}: {value}\r\n".encode("ascii")


def mailbox_line(name: str, mailboxes: Iterable[Mailbox]) -> bytes:
    """A header of one or more mailboxes (RFC 5322, 3.4), each on a line of its own."""
    first, *others = mailboxes
    written = [_mailbox(name, first), *(_mailbox("", mailbox) for mailbox in others)]
    return f"{name}: {(',' + _FOLD).join(written)}\r\n".encode("ascii")


def _is_plain(text: str) -> bool:
    """Whether it survives folding as it is: a blank at an end or beside another one may not."""
    return text.isascii() and text == text.strip(" ") and "  " not in text and "=?" not in text


def _folded(name: str, text: str) -> bytes | None:
    """Broken at blanks; None where a word is too long for a line.

    The first word stays beside the name: readers take a line end there for a blank.
    """
    first, *words = text.split(" ")
    lines, line = [], f"{name}: {first}"
    for word in words:
        if len(line) + 1 + len(word) > _LINE:
            lines.append(line)
            line = ""
        line += f" {word}"
    lines.append(line)
    if max(map(len, lines)) > _LINE:
        return None
    return "\r\n".join([*lines, ""]).encode("ascii")


def _encoded(name: str, text: str) -> str:
    header = Header(text, "utf-8", header_name=name)
    return header.encode(linesep="\r\n", maxlinelen=_ENCODED_LINE)


def _mailbox(beside: str, mailbox: Mailbox) -> str:
    """The mailbox on the line of the header ``beside`` it, on one of its own where there is none."""
    if not mailbox.name:
        return mailbox.address
    phrase, address = _phrase(beside, mailbox.name), f"<{mailbox.address}>"
    last = f"{beside}: {phrase}".rpartition("\r\n")[2]
    most = _LINE if _is_plain(mailbox.name) else _ENCODED_LINE
    # With a blank before the address, and the comma of a list behind.
    return phrase + (" " if len(last) + len(address) + 2 <= most else _FOLD) + address


def _phrase(beside: str, name: str) -> str:
    if not _is_plain(name):
        return _encoded(beside, name)
    if all(c.isalnum() or c in _ATOM_SIGNS or c == " " for c in name):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
