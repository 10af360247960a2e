"""The program as people and machines meet it: a process, its streams and its exit status."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

PROBE = Path(__file__).with_name("probe_commands.py")
PROGRAM = Path(sys.executable).with_name("standfast")


def run(*arguments: str, here: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STANDFAST")}
    return subprocess.run(
        [sys.executable, str(PROBE), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        cwd=here,
        env={**kept, **environment},
        check=False,
    )


def document(ended: subprocess.CompletedProcess[str]) -> dict[str, object]:
    found = json.loads(ended.stdout)
    assert isinstance(found, dict)
    return found


def test_done_is_zero_with_the_result_in_words_or_as_one_document() -> None:
    ended = run("outcome", "well")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "ending: well\n", "")
    ended = run("outcome", "well", "--json")
    assert (ended.returncode, document(ended), ended.stderr) == (0, {"how": "well"}, "")


@pytest.mark.parametrize("arguments", [("--json", "outcome", "refused"), ("outcome", "--json", "refused")])
def test_a_refusal_has_its_own_status_and_tells_the_next_step(arguments: Sequence[str]) -> None:
    ended = run("outcome", "refused")
    assert ended.returncode == 26
    said = ended.stderr.splitlines()
    assert [line.split(":")[0] for line in said] == ["error", "next", "code"]
    assert "item\\x1b[2J" in said[0]
    assert "\x1b" not in ended.stderr
    ended = run(*arguments)
    assert ended.returncode == 26
    assert ended.stderr == ""
    found = document(ended)
    assert found["how"] == "refused"
    error = found["error"]
    assert isinstance(error, dict)
    assert set(error) == {"code", "message", "next_step", "exit_status"}
    assert (error["code"], error["exit_status"]) == ("VLT-026", 26)


def test_a_defect_tells_its_place_and_nothing_that_could_be_held() -> None:
    ended = run("outcome", "defect")
    assert ended.returncode == 1
    assert "CLI-001" in ended.stderr
    assert "ZeroDivisionError at" in ended.stderr
    assert "probe_commands.py:" in ended.stderr
    assert "STANDFAST_DEBUG=1" in ended.stderr
    assert "source" not in ended.stderr
    assert "Traceback" not in ended.stderr
    told = run("outcome", "defect", STANDFAST_DEBUG="1")
    assert "Traceback" in told.stderr
    assert "the name of a source" in told.stderr
    error = document(run("--json", "outcome", "defect"))["error"]
    assert isinstance(error, dict)
    assert error["code"] == "CLI-001"


def test_an_end_of_file_inside_is_a_defect_and_no_person_who_gave_up() -> None:
    assert run("outcome", "eof").returncode == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("--frob",),
        ("outcom",),
        ("outcome",),
        ("outcome", "well", "more"),
        ("many", "one"),
        ("many", "one", "--count", "x"),
        ("many", "two"),
        ("-C",),
        (),
        ("many",),
    ],
)
def test_usage_is_two(arguments: Sequence[str]) -> None:
    ended = run(*arguments)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr
    ended = run(*arguments[:1], "--json", *arguments[1:]) if arguments[:1] != ("-C",) else run("--json", "-C")
    assert ended.returncode == 2
    error = document(ended)["error"]
    assert isinstance(error, dict)
    assert (error["code"], error["exit_status"]) == ("CLI-002", 2)
    assert "--help" in error["next_step"]


def test_a_slip_is_answered_with_the_command_that_was_meant() -> None:
    assert "outcome" in run("outcom").stderr.splitlines()[0]
    assert "standfast many --help" in run("many", "two").stderr


def test_a_command_of_a_command_takes_the_options_for_all() -> None:
    assert document(run("many", "one", "--count", "3", "--json")) == {"count": 3}
    assert document(run("many", "--json", "one", "--count", "3")) == {"count": 3}


def test_what_follows_two_dashes_is_an_operand() -> None:
    ended = run("outcome", "--", "--json")
    assert (ended.returncode, ended.stdout) == (0, "ending: --json\n")


def _hear_control_c() -> None:
    """Tests that run in the background inherit a deaf ear for it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_control_c_is_130_and_says_how_to_go_on() -> None:
    with subprocess.Popen(
        [sys.executable, str(PROBE), "outcome", "long"],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=_hear_control_c,
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "CLI-130" in said
    assert "Traceback" not in said


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    with subprocess.Popen(
        [sys.executable, str(PROBE), "outcome", "talkative"], stderr=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=20) == 141


def test_a_result_that_can_not_be_printed_is_no_success() -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, str(PROBE), "outcome", "well"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == 131
    assert ended.stderr.count("CLI-131") == 1


def test_the_vault_is_found_from_here_by_variable_or_by_option(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "standfast.toml").write_text("")
    one, two = tmp_path / "one", tmp_path / "two"
    assert document(run("vault", "--json", here=one / "deep")) == {"vault": str(one)}
    assert document(run("vault", "--json", here=one, STANDFAST_DIR=str(two))) == {"vault": str(two)}
    assert document(run("-C", str(one), "vault", "--json", STANDFAST_DIR=str(two))) == {"vault": str(one)}
    assert document(run("vault", "-C", str(one), "--json", STANDFAST_DIR=str(two))) == {"vault": str(one)}
    ended = run("vault", here=tmp_path)
    assert ended.returncode == 21
    assert "standfast init" in ended.stderr


def test_a_passphrase_comes_from_a_file_and_is_never_waited_for_without_a_terminal(tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text("example\n")
    file.chmod(0o600)
    assert run("secret", "--passphrase-file", str(file)).stdout == "7 characters\n"
    assert run("--passphrase-file", str(file), "secret").stdout == "7 characters\n"
    assert run("secret", STANDFAST_PASSPHRASE_FILE=str(file)).stdout == "7 characters\n"
    ended = run("secret")
    assert ended.returncode == 18
    assert "--passphrase-file" in ended.stderr


def test_a_passphrase_is_asked_for_at_a_terminal_and_not_shown() -> None:
    terminal, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, str(PROBE), "secret"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("STANDFAST")},
    ) as process:
        os.close(theirs)
        shown = b""
        while b"Passphrase of this vault: " not in shown:
            shown += os.read(terminal, 1024)
        os.write(terminal, b"correct horse\n")
        shown += read_to_end(terminal)
        assert process.wait(timeout=20) == 0
    os.close(terminal)
    assert b"13 characters" in shown
    assert b"correct" not in shown


def read_to_end(terminal: int) -> bytes:
    read = b""
    while True:
        try:
            more = os.read(terminal, 1024)
        except OSError:  # how a pseudo-terminal says that the other side closed
            return read
        if not more:
            return read
        read += more


@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "POSIX"])
def test_no_locale_makes_a_name_unprintable(locale: str) -> None:
    ended = run("outcome", "مثال", LC_ALL=locale, PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert ended.returncode == 0
    assert ended.stdout.startswith("ending: ")


def test_the_installed_program_is_this_one() -> None:
    ended = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout.startswith("standfast ")
