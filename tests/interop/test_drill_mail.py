"""A drill of a mailbox from a copy alone, with a real Dovecot that opens what was restored."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from drill_fixture import check_of, under_drill
from mail_vault import Mailbox, MailVault, Message, hostile_mailbox, made
from standfast.drill import mail_server
from standfast.drill.mail_check import MailFindings, check_mail
from standfast.drill.mail_server import MailServer, MailServerError, find_program, served_digest
from standfast.drill.run import run_drill
from standfast.restore.mail.folder import restore_mail

CARD = b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:An Example\r\nUID:one\r\nEND:VCARD\r\n"


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> MailVault:
    box = hostile_mailbox(messages=300, large=1)
    box.folders["Empty"] = []
    box.folders["Twice"] = [box.folders["INBOX"][0]] * 2
    box.cards = [("Friends", "text/vcard", CARD)]
    return made(tmp_path_factory.mktemp("mail"), box)


@pytest.fixture
def restored(vault: MailVault, tmp_path: Path) -> Path:
    restore_mail(vault.reader(), "mail", tmp_path / "out")
    return tmp_path / "out"


def checked(vault: MailVault, to: Path, program: Path | None = None) -> tuple[MailFindings, dict[str, tuple[int, int]]]:
    reader = vault.reader()
    findings = check_mail(to, list(reader.items("mail")), reader, program=program)
    return findings, {check.name: (check.found or 0, check.expected) for check in findings.checks}


def test_a_mailbox_is_drilled_from_a_copy_alone(vault: MailVault, tmp_path: Path) -> None:
    assert find_program(), "Dovecot is not installed (Debian: apt-get install dovecot-imapd)"
    copy = Path(shutil.copytree(vault.folder.holdings, tmp_path / "copy"))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    result = run_drill(
        under_drill(copy), (vault.master.identity,), vault.signer.vkeys, {"mail": "mail"}, scratch, clock=vault.clock
    )
    (drill,) = result.drills
    assert drill.ok, [check for check in drill.checks if not check.ok]
    assert drill.items_expected == drill.items_restored == drill.items_identical == 301 + 21 + 1
    assert drill.recovery_time_s > 0
    assert drill.loss_s is not None
    for name, expected in (
        ("mail folders", 21),
        ("content", 304),
        ("flags", 303),
        ("times", 303),
        ("mail server", 303),
    ):
        assert check_of(drill, name).found == check_of(drill, name).expected == expected
    assert list(scratch.iterdir()) == []


def first(folder: Path) -> Path:
    return min((folder / "cur").iterdir())


def alter(path: Path) -> None:
    when = path.stat().st_mtime
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    os.utime(path, (when, when))


def rename_flags(path: Path) -> None:
    stem, _, letters = path.name.partition(":2,")
    path.rename(path.with_name(f"{stem}:2,{'S' if letters != 'S' else ''}"))


def add(path: Path) -> None:
    path.with_name("9.mine:2,").write_bytes(b"mine")


DAMAGES: list[tuple[Callable[[Path], object], set[str]]] = [
    (Path.unlink, {"content", "mail folders"}),
    (alter, {"content", "nothing else"}),
    (rename_flags, {"flags"}),
    (lambda path: os.utime(path, (1, 1)), {"times"}),
    (add, {"nothing else", "mail folders"}),
    (lambda path: shutil.rmtree(path.parents[1]), {"content", "mail folders"}),
]


@pytest.mark.parametrize(("damage", "named"), DAMAGES)
def test_what_is_not_as_recorded_is_found(
    vault: MailVault, restored: Path, damage: Callable[[Path], object], named: set[str]
) -> None:
    before, counts = checked(vault, restored)
    assert all(found == expected for found, expected in counts.values())
    damage(first(restored / ".Sent"))
    after, counts = checked(vault, restored)
    assert {name for name, (found, expected) in counts.items() if found != expected} == named
    assert len(after.identical) < len(before.identical)


def test_a_missing_contact_is_found(vault: MailVault, restored: Path) -> None:
    shutil.rmtree(restored / "contacts")
    assert checked(vault, restored)[1]["content"] == (303, 304)


def test_keywords_whose_letters_say_something_else_are_found(vault: MailVault, restored: Path) -> None:
    keywords = restored / ".Sent" / "dovecot-keywords"
    keywords.write_text(keywords.read_text().replace("0 ", "0 renamed-"))
    _, counts = checked(vault, restored)
    assert counts["flags"][0] < counts["flags"][1]


def test_what_the_server_shows_otherwise_is_found(
    vault: MailVault, restored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = MailServer.fetch
    monkeypatch.setattr(MailServer, "fetch", lambda server: fetch(server)[1:])
    _, counts = checked(vault, restored, find_program())
    assert counts["content"] == (304, 304)
    assert counts["mail server"] == (303 - 20, 303)  # one of each folder that has any


def test_flags_and_dates_that_the_server_shows_otherwise_are_found(
    vault: MailVault, restored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = MailServer.fetch
    for change in ({"flags": frozenset({"$Other"})}, {"date": "01-Jan-1971 00:00:00 +0000"}):
        monkeypatch.setattr(
            MailServer, "fetch", lambda server, change=change: [replace(each, **change) for each in fetch(server)]
        )
        _, counts = checked(vault, restored, find_program())
        assert counts["mail server"] == (0, 303)


def test_the_mail_belongs_to_its_owner_again_when_the_server_has_ended(vault: MailVault, restored: Path) -> None:
    program = find_program()
    assert program
    with MailServer(program, restored) as server:
        assert server.examine(b"Sent")
        assert len(server.fetch()) == len(list((restored / ".Sent" / "cur").iterdir()))
        assert server.examine(b"No such") is None
    for path in restored.rglob("*"):
        assert path.lstat().st_uid == os.geteuid()
    assert stat.S_IMODE(restored.stat().st_mode) == 0o700


def test_a_server_that_is_silent_or_no_server_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    room = Path(tempfile.mkdtemp())  # one that the account may enter which the server runs under
    room.chmod(0o755)
    silent = room / "silent"
    silent.write_text("#!/bin/sh\nexec sleep 60\n")
    silent.chmod(0o755)
    try:
        with pytest.raises(MailServerError), MailServer(silent, tmp_path / "mail", silence_s=0.2):
            pass
    finally:
        shutil.rmtree(room)
    with pytest.raises(MailServerError), MailServer(Path("/bin/true"), tmp_path / "mail"):
        pass


def test_a_server_that_does_not_start_is_not_checked_and_one_that_ends_has_failed(
    vault: MailVault, restored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    findings, _ = checked(vault, restored, Path("/bin/true"))
    (check,) = [check for check in findings.checks if check.name == "mail server"]
    assert (check.outcome, check.found, check.expected, check.ok) == ("not checked", None, 303, False)

    def end(server: MailServer) -> None:
        raise MailServerError("it ended")

    monkeypatch.setattr(MailServer, "fetch", end)
    findings, _ = checked(vault, restored, find_program())
    (check,) = [check for check in findings.checks if check.name == "mail server"]
    assert (check.outcome, check.found, check.expected) == ("failed", 0, 303)


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_what_imap_can_carry(size: int) -> None:
    raw = b"a\nb\r\nc\r\r\n\n\r\0d\r"
    whole = mail_server.served_digest([raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")])
    pieces = [raw[at : at + size] for at in range(0, len(raw), size)]
    assert served_digest(pieces) == whole


def test_mail_that_no_list_names_may_come_back(tmp_path: Path) -> None:
    box = Mailbox(folders={"INBOX": [Message(raw=b"Subject: one\r\n\r\n")]})
    vault = made(tmp_path / "vault", box)
    box.folders = {"INBOX": [Message(raw=b"Subject: two\r\n\r\n")], "New": [Message(raw=b"Subject: three\r\n\r\n")]}
    box.lists, box.complete = False, False
    vault.take(box)
    restore_mail(vault.reader(), "mail", tmp_path / "out")
    findings, counts = checked(vault, tmp_path / "out", find_program())
    assert all(found == expected for found, expected in counts.values())
    assert len(findings.identical) == 4
