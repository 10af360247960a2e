"""What the program prints: results on standard output, everything else on standard error.

With `--json` one document goes to standard output and nothing else. Whatever came from outside (names of files,
titles, addresses) passes `safe` on its way to a terminal: a captured name must not move the cursor, forge a line,
or turn the reading order round.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import TextIO

from standfast.errors.cli import ResultLostError

# C0 and C1 controls with DEL, line and paragraph separators, bidirectional embeddings, overrides and isolates, lone
# surrogates (bytes of a name that are no UTF-8), and tag characters, which no terminal shows. Left alone: the marks
# that Arabic, Hebrew and Persian text is written with (U+061C, U+200C to U+200F).
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def safe(text: str) -> str:
    r"""The text with everything escaped that would act on a terminal instead of being shown.

    Example:
        >>> safe("invoice\u202efdp.exe\x1b[2K")
        'invoice\\u202efdp.exe\\x1b[2K'
    """
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode(), text)


class Output:
    """Where one run of the program prints. Made once, by `main`.

    Attributes:
        json: one document on standard output, and nothing else there.
        quiet: no notes, no progress.
    """

    def __init__(self, stdout: TextIO | None = None, stderr: TextIO | None = None) -> None:
        """To the process's own streams unless told otherwise. They stay open."""
        self.json = self.quiet = False
        self.stdout = sys.stdout if stdout is None else stdout
        self.stderr = sys.stderr if stderr is None else stderr
        self._document: dict[str, object] | None = None

    @property
    def draws(self) -> bool:
        """Whether somebody watches: progress is drawn only then."""
        return not self.quiet and not self.json and self.stderr.isatty()

    def document(self, value: Mapping[str, object]) -> None:
        """Set what `--json` prints. It is printed when the command ends, with the error beside it if there is one."""
        self._document = dict(value)

    def line(self, text: str = "") -> None:
        """One line of the result in words. Nothing with `--json`."""
        if not self.json:
            _print(safe(text), self.stdout)

    def note(self, text: str) -> None:
        """One line about the work, on standard error. Nothing with `--quiet`."""
        if not self.quiet:
            _print(safe(text), self.stderr)

    def help(self, text: str) -> None:
        """Lines of ours, as they are, on standard error: what a command takes, where it was called without anything."""
        _print(text, self.stderr)

    def show(self, text: str) -> None:
        """Text of ours for the person at the terminal, on standard error, also with `--quiet`."""
        print(text, file=self.stderr)

    def raw(self, text: str) -> None:
        """Lines of ours, as they are, on standard output. Nothing from outside."""
        _print(text, self.stdout)

    def error(self, words: str) -> None:
        """What went wrong, on standard error, each of its lines made safe."""
        for line in words.splitlines():
            _print(safe(line), self.stderr)

    def finish(self, error: Mapping[str, object] | None = None, words: str = "") -> None:
        """End the run: the document with `--json`; else the error in words, if there is one.

        Raises:
            ReaderGoneError: nobody reads any more.
            ResultLostError: standard output can't be written.
        """
        if self.json:
            document = {**(self._document or {}), **({"error": error} if error else {})}
            if document:
                _print(_to_json(document), self.stdout)
        elif error:
            self.error(words)
        _print("", self.stdout, end="", flush=True)


class ReaderGoneError(Exception):
    """Whoever read our output went away, as `head` does. Ends the program quietly."""


def _print(text: str, stream: TextIO, *, end: str = "\n", flush: bool = False) -> None:
    try:
        print(text, file=stream, end=end, flush=flush)
    except BrokenPipeError as why:
        raise ReaderGoneError from why
    except OSError as why:
        raise ResultLostError(why.strerror or str(why)) from why


def _to_json(document: Mapping[str, object]) -> str:
    import json

    # ASCII alone: what is escaped can't act on a terminal, and bytes that are no UTF-8 stay representable.
    return json.dumps(document, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
