"""Typed values of conditions: numbers, dates, truth values, addresses and binary values, read from text."""

import re
from base64 import b64decode
from binascii import Error
from datetime import date
from decimal import Decimal
from functools import lru_cache
from ipaddress import ip_address, ip_network

_NUMBER = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,6})?"
_DATE = (
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?"
    r"(?:[Tt]([0-9]{2}):([0-9]{2})(?::([0-9]{2})([.,][0-9]+)?)?([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_BASIC = (
    r"([0-9]{4})([0-9]{2})([0-9]{2})"
    r"[Tt]([0-9]{2})([0-9]{2})(?:([0-9]{2})([.,][0-9]+)?)?([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_EPOCH = date(1970, 1, 1).toordinal()


@lru_cache(maxsize=4096)
def number(text: str) -> Decimal | None:
    """An integer or a decimal number, exactly.

    >>> number("10") == number("10.0"), number("ten")
    (True, None)
    """
    return Decimal(text) if re.fullmatch(_NUMBER, text) else None


@lru_cache(maxsize=4096)
def moment(text: str) -> Decimal | None:
    """Seconds since 1970: a date as W3C profiles ISO 8601, with less or more detail, or these seconds themselves.

    Four digits are a year. Without a time zone it is UTC.

    >>> moment("2020-01-01T00:00:00Z") == moment("1577836800") == moment("2020") == moment("2020-01-01T01:00+01:00")
    True
    """
    found = re.fullmatch(_DATE, text) or re.fullmatch(_BASIC, text)
    if not found:
        return number(text)
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    if hour and not day:
        return None
    try:
        days = date(int(year), int(month or 1), int(day or 1)).toordinal() - _EPOCH
    except ValueError:
        return None
    if int(hour or 0) > 23 or int(minute or 0) > 59 or int(second or 0) > 59:
        return None
    seconds = Decimal(days * 86_400 + int(hour or 0) * 3_600 + int(minute or 0) * 60 + int(second or 0))
    return seconds + Decimal((fraction or "0").replace(",", ".")) - _offset(zone)


def _offset(zone: str | None) -> int:
    if zone is None or zone in "Zz":
        return 0
    digits = zone[1:].replace(":", "")
    seconds = int(digits[:2]) * 3_600 + int(digits[2:] or 0) * 60
    return -seconds if zone[0] == "-" else seconds


def truth(text: str) -> bool | None:
    """`true` or `false`, in any case."""
    return {"true": True, "false": False}.get(text.lower())


@lru_cache(maxsize=4096)
def address(text: str) -> tuple[int, int] | None:
    """Version and number of an IP address."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return None if "%" in text else (found.version, int(found))


@lru_cache(maxsize=4096)
def network(text: str) -> tuple[int, int, int] | None:
    """Version, first and last address of a CIDR range; an address is a range of one, host bits do not matter.

    >>> network("203.0.113.7/24") == network("203.0.113.0/24")
    True
    """
    try:
        found = ip_network(text, strict=False)
    except ValueError:
        return None
    return None if "%" in text else (found.version, int(found[0]), int(found[-1]))


def binary(text: str) -> bytes | None:
    """The bytes that base64 text stands for."""
    try:
        return b64decode(text, validate=True)
    except (Error, ValueError):
        return None
