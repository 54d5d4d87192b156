"""When two mail addresses are the same one."""


def same_address(one: str, other: str) -> bool:
    """Whether both lead to the same mailbox, as far as that can be known: capitals of A to Z make no difference, nothing else is made equal.

    A database is more generous: for some PostgreSQL takes `ı` for `i` and `ſ` for `s`, and such an address, or its whole domain, is
    somebody else's. So what decides who somebody is asks here, after the database has found a row.
    """
    return _plain(one) == _plain(other)


def _plain(address: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in address.strip())
