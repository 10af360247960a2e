"""What is asked for: words and terms such as `from:ruth`, as a person types them, made into a question to the index."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from standfast.errors.search import BadQuestionError
from standfast.search.words import spellings, words_of

WORDS_LIMIT = 50
_TERM = re.compile(r"(from|to|subject|date|has|origin|folder):(.*)", re.IGNORECASE | re.DOTALL)
_PIECE = re.compile(r'-?(?:[A-Za-z]+:)?"[^"]*"\*?|\S+')
_DAY = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
COLUMNS = {"from": "sender", "to": "recipients", "subject": "subject"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Everything that must hold of a thing that is found."""

    match: str = ""
    """In the language of FTS5; empty where no words are asked for."""
    words: frozenset[str] = frozenset()
    """Folded, each spelling: what snippets show."""
    since: datetime | None = None
    before: datetime | None = None
    origin: str = ""
    folder: str = ""
    """A pattern, `*` for any characters."""
    has_attachment: bool = False
    older: bool = False
    """Also versions that later ones replaced."""


def ask(
    text: str,
    *,
    sender: str = "",
    recipient: str = "",
    has: tuple[str, ...] = (),
    since: datetime | None = None,
    before: datetime | None = None,
    origin: str = "",
    folder: str = "",
    older: bool = False,
) -> Question:
    """Read what a person typed; options narrow it further.

    Words must all be there. `"two words"` stand together, `word*` begins so, `-word` must not be there.

    Raises:
        BadQuestionError: nothing is asked for, or a term is none.
    """
    parts: list[str] = []
    left_out: list[str] = []
    shown: set[str] = set()
    question = Question(since=since, before=before, origin=origin, folder=folder, older=older)
    for piece in _pieces(text):
        if term := _TERM.fullmatch(piece):
            name, value = term[1].lower(), term[2].strip()
            if name in COLUMNS:
                parts.append(f"{COLUMNS[name]} : {_phrase(value, name)}")
            else:
                question = _with_term(question, name, value)
        elif piece.startswith("-") and len(piece) > 1 and list(words_of(piece)):
            left_out.append(_phrase(piece[1:], ""))
        elif words := list(words_of(piece)):
            parts.append(_phrase(piece, ""))
            shown.update(each for word in words for each in spellings(word))
    for column, value in (("sender", sender), ("recipients", recipient)):
        if value:
            parts.append(f"{column} : {_phrase(value, column)}")
    for each in has:
        question = _with_term(question, "has", each)
    if len(parts) + len(left_out) > WORDS_LIMIT:
        raise BadQuestionError(f"more than {WORDS_LIMIT} words")
    match = " AND ".join(parts)
    if left_out and not match:
        raise BadQuestionError("only what must not be there was given")
    match = match if not left_out else f"({match}) NOT ({' OR '.join(left_out)})"
    question = replace(question, match=match, words=frozenset(shown))
    if question == Question(origin=question.origin, older=older) and not question.origin:
        raise BadQuestionError("no word was given")
    return question


def _pieces(text: str) -> list[str]:
    """What stands between spaces, quotes together; a quote that is not closed is no quote."""
    return [found[0] for found in _PIECE.finditer(text)]


def _phrase(text: str, term: str) -> str:
    """Words in a row, each in any of its spellings.

    FTS5 knows no alternatives within a row, so a row of Arabic words is asked for as each way of writing its first
    word, with the others as they are.
    """
    words = list(words_of(text))
    if not words:
        raise BadQuestionError(f"{term}: needs a word" if term else f"{text!r} has no word in it")
    begins = " *" if text.rstrip('"').endswith("*") else ""
    rest = " ".join(words[1:])
    first = spellings(words[0])
    rows = [f'"{word}{f" {rest}" if rest else ""}"{begins}' for word in first]
    return rows[0] if len(rows) == 1 else f"({' OR '.join(rows)})"


def _with_term(question: Question, name: str, value: str) -> Question:
    value = value.strip('"')
    if name == "has":
        if value.lower() not in ("attachment", "attachments"):
            raise BadQuestionError(f"has:{value} is not known; has:attachment is")
        return replace(question, has_attachment=True)
    if name == "origin":
        return replace(question, origin=value)
    if name == "folder":
        return replace(question, folder=value)
    first, dots, last = value.partition("..")
    since = _span(first)[0] if first else None
    before = _span(last)[1] if last else (None if dots else _span(first)[1])
    return replace(
        question,
        since=max((each for each in (question.since, since) if each), default=None),
        before=min((each for each in (question.before, before) if each), default=None),
    )


def _span(text: str) -> tuple[datetime, datetime]:
    """A year, a month or a day: its beginning, and the beginning of what follows, in UTC."""
    found = _DAY.fullmatch(text.strip())
    try:
        if not found:
            raise ValueError
        year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
        start = datetime(year, month, day, tzinfo=UTC)
        if found[3]:
            return start, start + timedelta(days=1)
        if found[2]:
            return start, datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        return start, datetime(year + 1, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        raise BadQuestionError(
            f"date:{text} is no day; write date:2031-05, date:2031-05-04 or date:2031..2032"
        ) from None
