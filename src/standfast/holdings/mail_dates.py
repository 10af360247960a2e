"""The moment that a message's own header names. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def header_moment(untrusted_date: str) -> datetime | None:
    """The moment a Date header names, in UTC; None where it names none. Without a zone it counts as UTC.

    Example:
        >>> header_moment("Mon, 6 Jan 2031 10:00:00 +0300"), header_moment("yesterday")
        (datetime.datetime(2031, 1, 6, 7, 0, tzinfo=datetime.timezone.utc), None)
    """
    try:
        moment = parsedate_to_datetime(untrusted_date)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
