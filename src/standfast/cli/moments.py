"""A time as a person writes it."""

from __future__ import annotations

from datetime import UTC, datetime, time

import click

from standfast import clock


def parse_moment(text: str | None) -> datetime | None:
    """A day (its end, in UTC) or a moment (UTC where no zone stands).

    Raises:
        BadParameter: neither.
    """
    if text is None:
        return None
    try:
        if len(text) == len("2031-05-04"):
            return datetime.combine(datetime.fromisoformat(text).date(), time.max, UTC)
        return clock.from_text(text)
    except ValueError as why:
        raise click.BadParameter(f"{text} is no time; write 2031-05-04 or 2031-05-04T12:00:00Z") from why


def parse_day(text: str | None) -> datetime | None:
    """A day (its beginning, in UTC) or a moment (UTC where no zone stands).

    Raises:
        BadParameter: neither.
    """
    moment = parse_moment(text)
    return moment if text is None or moment is None or len(text) > 10 else datetime.combine(moment, time.min, UTC)
