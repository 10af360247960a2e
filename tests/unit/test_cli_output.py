"""What is printed can't act on a terminal, and --json is one document."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standfast.cli.output import Output, ReaderGoneError, safe
from standfast.cli.progress import progress
from standfast.errors.cli import ResultLostError


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("مثال.pdf", "مثال.pdf"),
        ("exemple été.txt", "exemple été.txt"),
        ("a\nb", "a\\nb"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b2J", "\\x9b2J"),
        ("gpj.\u202eexe", "gpj.\\u202eexe"),
        ("\u2066isolate", "\\u2066isolate"),
        ("line\u2028line", "line\\u2028line"),
        ("bytes \udcff", "bytes \\udcff"),
        ("tag \U000e0041", "tag \\U000e0041"),
        ("می‌خواهم", "می‌خواهم"),
    ],
)
def test_safe_escapes_what_acts_and_leaves_what_is_written(text: str, shown: str) -> None:
    assert safe(text) == shown


@given(st.text())
def test_safe_leaves_nothing_that_acts(text: str) -> None:
    shown = safe(text)
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or 0xD800 <= ord(char) < 0xE000 for char in shown)
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029")
    assert safe(shown) == shown


def output(*, json_: bool = False, quiet: bool = False) -> tuple[Output, io.StringIO, io.StringIO]:
    out, err = io.StringIO(), io.StringIO()
    made = Output(out, err)
    made.json, made.quiet = json_, quiet
    return made, out, err


def test_words_go_to_standard_output_and_notes_beside_it() -> None:
    made, out, err = output()
    made.line("held: \x07 example")
    made.note("one moment")
    made.document({"never": "shown"})
    made.finish()
    assert (out.getvalue(), err.getvalue()) == ("held: \\x07 example\n", "one moment\n")


def test_json_is_one_document_and_nothing_else() -> None:
    made, out, err = output(json_=True)
    made.line("words")
    made.document({"name": "مثال \u202e \udcff"})
    made.finish({"code": "VLT-020"}, "error: words")
    assert json.loads(out.getvalue()) == {"name": "مثال \u202e \udcff", "error": {"code": "VLT-020"}}
    assert out.getvalue().isascii()
    assert err.getvalue() == ""


def test_quiet_keeps_results_and_errors_and_drops_notes() -> None:
    made, out, err = output(quiet=True)
    made.line("result")
    made.note("note")
    made.finish({"code": "X"}, "error: no\nnext:  go on")
    assert (out.getvalue(), err.getvalue()) == ("result\n", "error: no\nnext:  go on\n")


class Broken(io.StringIO):
    """A stream that fails as told."""

    def __init__(self, why: OSError) -> None:
        super().__init__()
        self.why = why

    def write(self, text: str) -> int:
        raise self.why


def test_a_reader_that_went_away_is_told_apart_from_a_full_disk() -> None:
    with pytest.raises(ReaderGoneError):
        Output(Broken(BrokenPipeError(32, "Broken pipe")), io.StringIO()).line("x")
    with pytest.raises(ResultLostError, match="No space left"):
        Output(Broken(OSError(28, "No space left on device")), io.StringIO()).line("x")


class Terminal(io.StringIO):
    """Somebody watches."""

    def isatty(self) -> bool:
        return True


def test_progress_is_drawn_only_where_somebody_watches() -> None:
    watched, unwatched = Terminal(), io.StringIO()
    with progress(Output(io.StringIO(), watched), "protect example\x1b[2J") as meter:
        meter.at_count(3, 10, 1_500_000)
    with progress(Output(io.StringIO(), unwatched), "protect example") as meter:
        meter.at_count(3, 10, 1_500_000)
        meter.at_bytes(1, 2)
    assert "3 of 10, 1.5 MB" in watched.getvalue()
    assert "example\x1b[2J" not in watched.getvalue()
    assert unwatched.getvalue() == ""
