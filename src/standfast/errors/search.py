"""Errors of finding.

StandfastError
  SearchError
    BadQuestionError          FND-193, exit 193
    IndexUnusableError        FND-194, exit 194
    TextReaderError           FND-195, exit 195
"""

from __future__ import annotations

from standfast.errors.base import StandfastError


class SearchError(StandfastError):
    """Something about finding words in what is held."""


class BadQuestionError(SearchError):
    """What was asked for can't be understood."""

    code, exit_status = "FND-193", 193
    next_step = "ask as in `standfast find witness from:ruth date:2031-05 has:attachment`"

    def __init__(self, why: str) -> None:
        """What is wrong with it."""
        self.why = why
        super().__init__(f"this can't be looked for: {why}")


class IndexUnusableError(SearchError):
    """The index can't be written or read. It holds nothing that the vault does not."""

    code, exit_status = "FND-194", 194
    next_step = "free space if the disk is full; else run `standfast find` with `--anew`, which makes the index again"

    def __init__(self, why: str) -> None:
        """What the system said."""
        self.why = why
        super().__init__(f"the search index can't be used: {why}")


class TextReaderError(SearchError):
    """The process that reads hostile things for the index does not start, or ends again and again."""

    code, exit_status = "FND-195", 195
    next_step = "run it again; if it stays so, report it with this code: the program may be badly installed"

    def __init__(self, why: str) -> None:
        """What happened to it."""
        self.why = why
        super().__init__(f"the process that reads texts does not work: {why}")
