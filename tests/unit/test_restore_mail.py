from __future__ import annotations

import csv
import hashlib
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_vault import Mailbox, MailVault, Message, hostile_mailbox, made
from standfast.errors.restore import NothingHeldError, TargetHoldsOtherMailError, TargetNotEmptyError
from standfast.holdings.identifiers import unescape_name
from standfast.holdings.mail_listing import Form, ListedFolder, ListedMessage, read_listing, write_listing
from standfast.holdings.mailbox import received_moment
from standfast.restore.mail.choice import MailChoice, choose_mail
from standfast.restore.mail.disk_names import levels, maildir_name, safe_name, tree_names
from standfast.restore.mail.folder import restore_mail
from standfast.restore.mail.mbox import quoted
from standfast.restore.plan import RestoreResult

FORMS: tuple[Form, ...] = ("maildir", "mbox", "eml")
CARD = b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:An Example\r\nUID:one\r\nEND:VCARD\r\n"


def letter(n: int, text: bytes = b"body\r\n", received: str = "05-Jan-2031 10:00:00 +0000") -> Message:
    return Message(raw=b"Subject: %d\r\n\r\n" % n + text, received=received)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[MailVault, Mailbox]:
    box = hostile_mailbox(messages=300, large=1)
    return made(tmp_path_factory.mktemp("hostile"), box), box


def listed(to: Path) -> tuple[list[ListedFolder], list[ListedMessage]]:
    with (to / "standfast-mail.jsonl").open("rb") as file:
        lines = list(read_listing(file))
    return [x for x in lines if isinstance(x, ListedFolder)], [x for x in lines if isinstance(x, ListedMessage)]


def bytes_of(to: Path, message: ListedMessage, form: Form) -> bytes:
    """What a reader that knows the form and the listing takes out."""
    path = os.path.join(os.fsencode(to), unescape_name(message.place))
    with open(path, "rb") as file:
        if form != "mbox":
            return file.read()
        file.seek(message.offset)
        rest = file.read()
    head, _, rest = rest.partition(b"\n")
    assert head.startswith(b"From ")
    end = re.search(rb"^From ", rest, re.MULTILINE)
    whole = re.sub(rb"(?m)^>(>*From )", rb"\1", rest[: end.start()] if end else rest)
    return whole[: message.size_bytes]


@pytest.mark.parametrize("form", FORMS)
def test_the_whole_corpus_comes_back_byte_for_byte(
    hostile: tuple[MailVault, Mailbox], form: Form, tmp_path: Path
) -> None:
    vault, box = hostile
    result = restore_mail(vault.reader(), "mail", tmp_path / "out", form=form)
    assert (result.failures, result.items) == ([], 301)
    folders, messages = listed(tmp_path / "out")
    assert {unescape_name(each.folder).decode() for each in folders} == set(box.folders)
    assert next(each for each in folders if each.folder == "Sent").use == "\\Sent"
    there = sorted(
        (
            unescape_name(each.folder).decode(),
            each.uid,
            each.flags,
            each.received,
            bytes_of(tmp_path / "out", each, form),
        )
        for each in messages
    )
    wanted = sorted(
        (folder, uid, message.flags, message.received, message.raw)
        for folder, all_of_it in box.folders.items()
        for uid, message in enumerate(all_of_it, 1)
    )
    assert there == wanted
    if form != "mbox":
        for each in messages:
            moment = received_moment(each.received)
            assert moment is not None
            path = os.path.join(os.fsencode(tmp_path / "out"), unescape_name(each.place))
            assert os.stat(path).st_mtime == moment.timestamp()


@pytest.mark.parametrize("form", FORMS)
def test_a_second_run_changes_nothing(hostile: tuple[MailVault, Mailbox], form: Form, tmp_path: Path) -> None:
    vault, _ = hostile
    states = []
    for run in range(2):
        result = restore_mail(vault.reader(), "mail", tmp_path / "out", form=form)
        assert (result.items, result.bytes > 0) == (301, run == 0)
        states.append(
            {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "mail").rglob("*")} or digests(tmp_path)
        )
    assert states[0] == states[1]


def digests(folder: Path) -> dict[Path, str]:
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("form", FORMS)
def test_a_run_that_was_cut_off_is_finished_by_the_next(
    form: Form, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Mailbox(folders={"INBOX": [letter(n) for n in range(300)], "Sent": [letter(1000 + n) for n in range(5)]})
    vault = made(tmp_path / "vault", box)
    reader, asked = vault.reader(), []
    pieces = reader.pieces

    def cut(held):  # type: ignore[no-untyped-def]
        asked.append(held)
        if len(asked) > 150:
            raise KeyboardInterrupt
        return pieces(held)

    monkeypatch.setattr(reader, "pieces", cut)
    with pytest.raises(KeyboardInterrupt):
        restore_mail(reader, "mail", tmp_path / "cut", form=form)
    result = restore_mail(vault.reader(), "mail", tmp_path / "cut", form=form)
    restore_mail(vault.reader(), "mail", tmp_path / "whole", form=form)
    assert (result.ok, result.items) == (True, 305)
    assert result.bytes < sum(len(each.raw) for each in box.folders["INBOX"]) or form == "mbox"
    cut_names = {str(path.relative_to(tmp_path / "cut")): digest for path, digest in digests(tmp_path / "cut").items()}
    whole = {str(path.relative_to(tmp_path / "whole")): digest for path, digest in digests(tmp_path / "whole").items()}
    # The listing's lines may stand in another order, and a Maildir that has mail keeps the UIDs it gave.
    for names in (cut_names, whole):
        for name in list(names):
            if name.endswith(("standfast-mail.jsonl", "standfast-mail.csv", "dovecot-uidlist")):
                del names[name]
    assert cut_names == whole


def test_hostile_folder_names_stay_below_the_target_and_apart(tmp_path: Path) -> None:
    names = [
        *(
            "..",
            "../../up",
            "/etc",
            "a//b",
            "a/",
            "A/",
            "con",
            "nul.txt",
            "x" * 700,
            "ق" * 300,
            "a\udcff",
            "\x01\x1b[2J",
        ),
        *("invoice\u202efdp", "INBOX.mbox", "Sent/standfast-mail.jsonl", "mail", "contacts", ".", "new", "cur"),
    ]
    box = Mailbox(folders={name: [letter(n)] for n, name in enumerate(names)})
    vault = made(tmp_path / "vault", box)
    for form in FORMS:
        to = tmp_path / "room" / form
        to.mkdir(parents=True)
        result = restore_mail(vault.reader(), "mail", to, form=form)
        assert (result.failures, result.items) == ([], len(names))
        folders, messages = listed(to)
        assert len({each.place for each in folders}) == len(names)
        got = {
            unescape_name(each.folder).decode("utf-8", "surrogateescape"): bytes_of(to, each, form) for each in messages
        }
        assert got == {name: box.folders[name][0].raw for name in names}
    assert {path.name for path in (tmp_path / "room").iterdir()} == set(FORMS)
    assert {path.name for path in tmp_path.iterdir()} == {"vault", "room"}


@pytest.mark.parametrize("form", FORMS)
def test_folders_that_differ_in_case_alone_lie_apart_on_every_disk(form: Form, tmp_path: Path) -> None:
    box = Mailbox(folders={"Cases": [letter(1)], "cases": [letter(2)], "CASES": [letter(3)]})
    restored(made(tmp_path / "vault", box), tmp_path / "out", form=form)
    assert len({each.place.casefold() for each in listed(tmp_path / "out")[0]}) == 3


@given(st.text(min_size=1, max_size=60), st.sampled_from(["", "/", "."]))
def test_any_folder_name_becomes_names_that_a_disk_takes(name: str, delimiter: str) -> None:
    folder = re.sub(r"[\x00-\x1f\x7f\\\ud800-\udfff]", "_", name)
    assert delimiter.join(levels(folder, delimiter)) == folder
    for part in tree_names(folder, delimiter):
        assert part not in (b"", b".", b"..")
        assert b"/" not in part
        assert len(part) <= 220
    whole = maildir_name(folder, delimiter)
    assert b"/" not in whole
    assert whole == b"" or whole.startswith(b".")
    assert whole not in (b".", b"..")
    assert len(whole) <= 255


def test_names_that_act_on_some_system_are_spelled_out() -> None:
    assert safe_name("con.txt") == b"%63on.txt"
    assert safe_name("a\u2066b") == b"a%E2%81%A6b"
    assert tree_names("قضايا/شهادة", "/") == ("قضايا".encode(), "شهادة".encode())
    assert maildir_name("~x/~y", "/") == b".\\7ex.~y"


@given(
    st.lists(st.sampled_from([b">", b"F", b"From ", b"rom ", b"\n", b"\r\n", b"x", b"From", b">>From "])),
    st.integers(1, 5),
)
def test_quoting_is_undone_exactly_however_the_bytes_are_cut(parts: list[bytes], size: int) -> None:
    raw = b"".join(parts)
    out = b"".join(quoted(raw[at : at + size] for at in range(0, len(raw), size)))
    assert out == re.sub(rb"(?m)^(>*From )", rb">\1", raw)
    assert re.sub(rb"(?m)^>(>*From )", rb"\1", out) == raw
    assert not re.search(rb"(?m)^From ", out)


def test_subsets_by_day_and_folder(tmp_path: Path) -> None:
    old, new = "04-Jan-2031 23:59:59 +0000", "05-Jan-2031 00:00:00 +0000"
    undated = Message(raw=b"Date: Mon, 06 Jan 2031 10:00:00 +0000\r\n\r\nx\r\n", received="")
    box = Mailbox(
        folders={
            "INBOX": [letter(1, received=old), letter(2, received=new), undated],
            "Cases/Aleppo": [letter(3, received=new)],
            "Other": [letter(4, received=old), Message(raw=b"no date at all", received="")],
        },
        cards=[("Friends", "text/vcard", CARD)],
    )
    vault = made(tmp_path, box)

    def chosen(**choice: object) -> dict[str, list[int]]:
        found = choose_mail(vault.reader(), "mail", MailChoice(**choice))  # type: ignore[arg-type]
        return {folder.head.folder: [line.uid for line in folder.lines] for folder in found.folders}

    day = datetime(2031, 1, 5, tzinfo=UTC)
    assert chosen() == {"INBOX": [1, 2, 3], "Cases/Aleppo": [1], "Other": [1, 2]}
    assert chosen(since=day) == {"INBOX": [2, 3], "Cases/Aleppo": [1]}
    assert chosen(before=day) == {"INBOX": [1], "Other": [1]}
    assert chosen(folders=("Cases",)) == {"Cases/Aleppo": [1]}
    assert chosen(folders=("C*",), since=day) == {"Cases/Aleppo": [1]}
    assert chosen(digests=frozenset([undated.sha256])) == {"INBOX": [3]}
    assert choose_mail(vault.reader(), "mail").cards
    assert not choose_mail(vault.reader(), "mail", MailChoice(since=day)).cards
    with pytest.raises(NothingHeldError):
        chosen(folders=("Nowhere",))


def test_as_it_was_then_and_what_was_deleted_since(tmp_path: Path) -> None:
    box = Mailbox(folders={"INBOX": [letter(1), letter(2)]})
    vault = made(tmp_path / "vault", box)
    then = box.clock.now
    box.folders = {"INBOX": [letter(2)], "Later": [letter(3)]}
    vault.take(box)
    assert restored(vault, tmp_path / "now").items == 2
    assert restored(vault, tmp_path / "then", at=then).items == 2
    names = {each.folder for each in listed(tmp_path / "then")[1]}
    assert names == {"INBOX"}


def test_mail_of_a_capture_that_was_cut_off_goes_where_it_stood(tmp_path: Path) -> None:
    box = Mailbox(folders={"INBOX": [letter(1), letter(2)]})
    vault = made(tmp_path / "vault", box)
    box.folders = {"INBOX": [letter(2), letter(3)], "New": [letter(4)]}
    box.lists, box.complete = False, False
    vault.take(box)
    restored(vault, tmp_path / "out")
    # What the older list names stays, what came after it is added; nothing is known of its flags.
    there = sorted((each.folder, each.sha256) for each in listed(tmp_path / "out")[1])
    assert there == sorted([("INBOX", letter(n).sha256) for n in (1, 2, 3)] + [("New", letter(4).sha256)])


def test_a_message_deleted_between_runs_that_were_cut_off_stays_deleted(tmp_path: Path) -> None:
    box = Mailbox(folders={"INBOX": [letter(1), letter(2)]}, complete=False)
    vault = made(tmp_path / "vault", box)
    box.folders = {"INBOX": [letter(2)]}
    vault.take(box)
    restored(vault, tmp_path / "out")
    assert [each.sha256 for each in listed(tmp_path / "out")[1]] == [letter(2).sha256]


def test_what_lies_in_the_target_is_never_touched(tmp_path: Path) -> None:
    vault = made(tmp_path / "vault", Mailbox(folders={"INBOX": [letter(1)], "Sent": [letter(2)]}))
    to = tmp_path / "out"
    (to / "cur").mkdir(parents=True)
    mine = to / "cur" / "1.mine.host:2,S"
    mine.write_bytes(b"mine")
    with pytest.raises(TargetNotEmptyError):
        restored(vault, to)
    assert restored(vault, to, force=True).ok
    assert mine.read_bytes() == b"mine"
    assert len(list((to / "cur").iterdir())) == 2
    with pytest.raises(TargetHoldsOtherMailError):
        restored(vault, to, form="eml")
    (tmp_path / "boxes" / "mail").mkdir(parents=True)
    (tmp_path / "boxes" / "mail" / "Sent.mbox").write_bytes(b"From me\n\nmine\n")
    result = restored(vault, tmp_path / "boxes", form="mbox", force=True)
    assert [failure.what for failure in result.failures] == ["Sent"]
    assert (tmp_path / "boxes" / "mail" / "Sent.mbox").read_bytes() == b"From me\n\nmine\n"


def test_a_link_in_the_target_is_not_followed(tmp_path: Path) -> None:
    vault = made(tmp_path / "vault", Mailbox(folders={"INBOX": [letter(1)], "Sent": [letter(2)]}))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for form, place in (("maildir", ".Sent"), ("eml", "mail"), ("mbox", "mail")):
        to = tmp_path / form
        to.mkdir()
        (to / place).symlink_to(elsewhere)
        result = restored(vault, to, form=form, force=True)  # type: ignore[arg-type]
        assert result.failures
    assert list(elsewhere.iterdir()) == []


def test_an_mbox_that_grew_holds_the_new_mail_too(tmp_path: Path) -> None:
    box = Mailbox(folders={"INBOX": [letter(1)]})
    vault = made(tmp_path / "vault", box)
    restored(vault, tmp_path / "out", form="mbox")
    box.folders["INBOX"].append(letter(2))
    vault.take(box)
    assert restored(vault, tmp_path / "out", form="mbox").items == 2
    assert [bytes_of(tmp_path / "out", each, "mbox") for each in listed(tmp_path / "out")[1]] == [
        letter(1).raw,
        letter(2).raw,
    ]


def test_what_is_not_held_or_is_damaged_is_listed_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = made(tmp_path / "vault", Mailbox(folders={"INBOX": [letter(1), letter(2), letter(3)]}))
    for form in FORMS:
        reader = vault.reader()
        items = [held for held in reader.items("mail") if held.record.sha256 != letter(1).sha256]
        whole = reader.pieces
        monkeypatch.setattr(reader, "items", lambda origin, at=None, items=items: iter(items))
        monkeypatch.setattr(
            reader,
            "pieces",
            lambda held, whole=whole: (
                iter([b"half", *_fails()]) if held.record.sha256 == letter(2).sha256 else whole(held)
            ),
        )
        result = restore_mail(reader, "mail", tmp_path / form, form=form)
        assert result.items == 1
        assert sorted(failure.why for failure in result.failures) == [
            "the message is not held: it could not be captured, or was withdrawn",
            "torn",
        ]
        assert [each.sha256 for each in listed(tmp_path / form)[1]] == [letter(3).sha256]
        left = [path for path in (tmp_path / form).rglob("*") if path.is_file() and b"half" in path.read_bytes()]
        assert left == []


def _fails():  # type: ignore[no-untyped-def]
    yield b""
    raise ValueError("torn")


def test_more_keywords_than_a_maildir_has_letters(tmp_path: Path) -> None:
    flagged = Message(raw=b"x", flags=tuple(sorted(f"word{n:02d}" for n in range(30))))
    often = [Message(raw=b"%d" % n, flags=("word29",)) for n in range(3)]
    vault = made(tmp_path / "vault", Mailbox(folders={"INBOX": [flagged, *often]}))
    result = restored(vault, tmp_path / "out")
    assert len(result.failures) == 4
    assert "word29" not in " ".join(failure.why for failure in result.failures)
    assert len((tmp_path / "out" / "dovecot-keywords").read_text().splitlines()) == 26


def test_contacts_and_calendars_come_as_files(tmp_path: Path) -> None:
    entry = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:e\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    other = CARD.replace(b"one", b"two")
    cards = [("../Friends", "text/vcard", CARD), ("../Friends", "text/vcard", other), ("Court", "text/calendar", entry)]
    vault = made(tmp_path / "vault", Mailbox(folders={"INBOX": [letter(1)]}, cards=cards))
    assert restored(vault, tmp_path / "out").items == 4
    assert sorted(path.read_bytes() for path in (tmp_path / "out" / "contacts").rglob("*-*.vcf")) == sorted(
        [CARD, other]
    )
    assert (tmp_path / "out" / "contacts" / "%2E.%2FFriends.vcf").read_bytes() in (CARD + other, other + CARD)
    assert [path.read_bytes() for path in (tmp_path / "out" / "calendars" / "Court").iterdir()] == [entry]


def test_the_table_for_people_holds_no_formula(tmp_path: Path) -> None:
    vault = made(tmp_path / "vault", Mailbox(folders={"=cmd|' /C calc'!A0": [letter(1)], "-x": [letter(2)]}))
    restored(vault, tmp_path / "out")
    raw = (tmp_path / "out" / "standfast-mail.csv").read_text("utf-8-sig")
    rows = list(csv.reader(raw.splitlines()))
    assert len(rows) == 3
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]


def restored(vault: MailVault, to: Path, **options: object) -> RestoreResult:
    return restore_mail(vault.reader(), "mail", to, **options)  # type: ignore[arg-type]


VECTORS = Path(__file__).parents[1] / "vectors" / "mail-listing"


@pytest.mark.parametrize(
    "vector", sorted(VECTORS.glob("*/*.jsonl")), ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_vectors_of_the_listing(vector: Path) -> None:
    with vector.open("rb") as file:
        if vector.parent.name == "valid":
            lines = list(read_listing(file))
            assert b"".join(write_listing(lines)) == vector.read_bytes()
        else:
            with pytest.raises(ValueError, match=r"."):
                list(read_listing(file))
