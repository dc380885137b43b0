"""Names of hosts and mail domains, as the internet's name system knows them."""

from __future__ import annotations


def ascii_name(name: str) -> str:
    """``name`` in lower-case ASCII by IDNA 2008 (RFC 5891; UTS 46, non-transitional), else `ValueError`.

    Python's own codec is IDNA 2003: it turns ``faß.de`` into ``fass.de``, which may be somebody else's.
    """
    if name.isascii():
        return name.lower()
    import idna

    try:
        return idna.encode(name, uts46=True).decode("ascii").lower()
    except idna.IDNAError as error:
        raise ValueError(f"{name!a} is not a name that hosts can have: {error}") from None
