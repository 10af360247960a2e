"""Every way to log in to a mailbox on a real Dovecot: a file, a command, a key ring, OAuth 2 by a local authority."""

from __future__ import annotations

import hashlib
import json
import ssl
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from dovecot_fixture import PASSWORD, Dovecot, running_dovecot
from oauth_authority import Authority, running_authority
from program import Program
from standfast.assembly.mail_access import SecretSource, find_password
from standfast.clock import machine_clock
from standfast.errors.mail import LogInRefusedError, SecretMissingError, StrangeAnswerError
from standfast.imap.access import ImapAccess, parse_imap_url
from standfast.imap.connection import Connection
from standfast.imap.oauth import DevicePrompt, TokenKeeper
from standfast.imap.providers import Provider, presets, provider_at

RING = """
import json, os
from keyring.backend import KeyringBackend

class FileRing(KeyringBackend):
    priority = 9

    def get_password(self, service, username):
        return json.load(open(os.environ["RING"])).get(service + " " + username)

    def set_password(self, service, username, password):
        raise NotImplementedError

    def delete_password(self, service, username):
        raise NotImplementedError
"""


@pytest.fixture(scope="module")
def authority() -> Iterator[Authority]:
    with running_authority() as running:
        yield running


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[Dovecot]:
    with running_dovecot(introspection_url=f"{authority.url}/introspect") as running:
        yield running


@pytest.fixture
def office(tmp_path: Path) -> Program:
    program = Program(tmp_path)
    program.init()
    return program


def protect(office: Program) -> list[str]:
    return [failure["why"] for origin in office.json("protect")["origins"] for failure in origin["failures"]]


def failing(office: Program, *words: str) -> str:
    """What a command says that must not succeed."""
    ran = office.start(*words, "--json")
    out, err = ran.communicate(timeout=60)
    assert ran.returncode not in (0, 1), err.decode()
    return out.decode()


def test_a_password_from_a_file_a_command_or_the_key_ring(office: Program, server: Dovecot) -> None:
    word = office.room / "mail password"
    word.write_text(PASSWORD + "\r\nand a remark\n")
    office("add", "mail", server.url("ann"), "--name", "file", "--password-file", "mail password")
    office("add", "mail", server.url("ann"), "--name", "command", "--password-command", f"head -1 '{word}'; exit 0")
    office("add", "mail", server.url("ann"), "--name", "ring")
    (office.room / "ring.py").write_text(RING)
    (office.room / "ring.json").write_text(json.dumps({"127.0.0.1 ann": PASSWORD}))
    office.environment |= {
        "PYTHON_KEYRING_BACKEND": "ring.FileRing",
        "PYTHONPATH": str(office.room),
        "RING": str(office.room / "ring.json"),
    }
    assert protect(office) == []
    assert PASSWORD not in (office.vault / "standfast.toml").read_text()


@pytest.mark.parametrize(
    "source",
    [
        {"password_file": "/there/is/none"},
        {"password_file": "empty"},
        {"password_file": "not-text"},
        {"password_command": "false"},
        {"password_command": "printf ''"},
        {"password_command": "/there/is/none"},
    ],
)
def test_a_password_that_is_not_there_is_missing(
    source: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").write_text("\nnot the first line\n")
    (tmp_path / "not-text").write_bytes(b"\xff\xfe\n")
    with pytest.raises(SecretMissingError):
        find_password(parse_imap_url("imaps://ann@localhost"), SecretSource(**source))


def test_a_password_command_does_not_see_where_the_passphrase_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDFAST_PASSPHRASE_FILE", "/an/example")
    source = SecretSource(password_command='echo "x$STANDFAST_PASSPHRASE_FILE"')
    assert find_password(parse_imap_url("imaps://ann@localhost"), source).value == "x"


def test_a_key_ring_without_the_password_is_said_so(office: Program, server: Dovecot) -> None:
    (office.room / "ring.py").write_text(RING)
    (office.room / "ring.json").write_text("{}")
    office.environment |= {
        "PYTHON_KEYRING_BACKEND": "ring.FileRing",
        "PYTHONPATH": str(office.room),
        "RING": str(office.room / "ring.json"),
    }
    office("add", "mail", server.url("ann"), "--name", "mail")
    assert "the system's key ring has none for 127.0.0.1" in failing(office, "protect")


def test_a_wrong_password_is_refused_with_a_next_step(office: Program, server: Dovecot) -> None:
    (office.room / "word").write_text("wrong\n")
    office("add", "mail", server.url("ann"), "--name", "mail", "--password-file", "word")
    assert "does not let ann in" in failing(office, "protect", "mail")


def test_tls_with_a_pinned_certificate(office: Program, server: Dovecot) -> None:
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(server.ca.read_text())).hexdigest()
    (office.room / "word").write_text(PASSWORD)
    for name, pin, url in (
        ("tls", digest, server.url("ann", tls=True)),
        ("starttls", digest, server.url("ann")),
    ):
        office("add", "mail", url, "--name", name, "--password-file", "word", "--pin", pin)
    assert protect(office) == []
    office("add", "mail", server.url("ann", tls=True), "--name", "unpinned", "--password-file", "word")
    assert "can't be trusted" in failing(office, "protect", "unpinned")


def test_a_token_by_the_device_flow_is_kept_renewed_and_asked_for_again(
    office: Program, server: Dovecot, authority: Authority
) -> None:
    """By the program: `add mail --oauth` shows the code, `protect` renews without anybody there."""
    settings = office.vault / "standfast.toml"
    settings.write_text(settings.read_text() + authority.settings)
    ran = office("add", "mail", server.url("ruth"), "--name", "office", "--oauth", "local")
    assert "WDJB-MJHT" in ran.err + ran.out
    (kept,) = (office.vault / "keys").glob("oauth-local-*.json")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    token = json.loads(kept.read_text())
    assert token["access_token"] in authority.active
    assert all(token["access_token"] not in file.read_text() for file in [settings])
    assert protect(office) == []
    # It ends soon: a new one is asked for before it is used.
    token["ends_at"] = "2001-01-01T00:00:00.000000Z"
    kept.write_text(json.dumps(token))
    assert protect(office) == []
    second = json.loads(kept.read_text())
    assert second["access_token"] != token["access_token"]
    assert second["refresh_token"] != token["refresh_token"]
    # It was withdrawn before its time: the server refuses it, and one more is asked for.
    authority.active.discard(second["access_token"])
    assert protect(office) == []
    assert json.loads(kept.read_text())["access_token"] in authority.active
    # All was withdrawn: nobody is there to confirm, and that is said.
    authority.active.clear()
    authority.refresh_tokens.clear()
    assert "nobody is asked now" in failing(office, "protect", "office")
    before = settings.read_text()
    office("add", "mail", server.url("ruth"), "--name", "office", "--oauth", "local")
    assert settings.read_text() == before
    assert protect(office) == []
    office("add", "mail", server.url("another"), "--name", "office", "--oauth", "local", status=5)


def keeper(authority: Authority, folder: Path, **more: object) -> TokenKeeper:
    provider = Provider(
        device_url=f"{authority.url}/device",
        token_url=f"{authority.url}/token",
        scopes=("imap",),
        client_id="an-example-client",
    )
    told = {"tell": lambda _: None, "sleep": lambda _: None, **more}
    return TokenKeeper(folder, "local", provider, "ruth", **told)  # type: ignore[arg-type]


@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
def test_a_real_server_takes_the_token_and_refuses_another(
    server: Dovecot, authority: Authority, tmp_path: Path, mechanism: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn = Connection.learn_capabilities
    other = {"OAUTHBEARER": "AUTH=XOAUTH2", "XOAUTH2": "AUTH=OAUTHBEARER"}[mechanism]

    def without_the_other(self: Connection, said: object) -> None:
        learn(self, said)  # type: ignore[arg-type]
        self.capabilities -= {other}

    monkeypatch.setattr(Connection, "learn_capabilities", without_the_other)
    tokens = keeper(authority, tmp_path)
    access = ImapAccess(host="127.0.0.1", port=server.port, user="ruth", security="plain", secret=tokens.secret)
    with Connection.open(access, timeout_s=10) as connection:
        assert "IDLE" in connection.capabilities
    authority.active.clear()
    with pytest.raises(LogInRefusedError):
        Connection.open(access, timeout_s=10)


def test_what_the_person_is_shown_and_what_ends_the_waiting(authority: Authority, tmp_path: Path) -> None:
    shown: list[DevicePrompt] = []
    keeper(authority, tmp_path / "none", tell=shown.append)
    assert shown == []
    authority.says_no = "access_denied"
    with pytest.raises(LogInRefusedError, match="said no"):
        keeper(authority, tmp_path, tell=shown.append).secret()
    assert shown == [DevicePrompt(f"{authority.url}/confirm", "WDJB-MJHT", 60)]
    authority.says_no = "authorization_pending"
    now = [machine_clock()]

    def sleep(_: float) -> None:
        now[0] += timedelta(seconds=7)

    with pytest.raises(LogInRefusedError, match="not confirmed in time"):
        keeper(authority, tmp_path, now=lambda: now[0], sleep=sleep).secret()
    pauses: list[float] = []
    authority.says_no = "slow_down"
    with pytest.raises(LogInRefusedError):
        keeper(authority, tmp_path, now=lambda: now[0], sleep=lambda s: (pauses.append(s), sleep(s))[0]).secret()
    assert pauses[:3] == [0.0, 5.0, 10.0]
    authority.says_no = ""
    assert not list(tmp_path.glob("oauth-*"))


def test_a_token_that_others_can_read_is_not_used(authority: Authority, tmp_path: Path) -> None:
    tokens = keeper(authority, tmp_path)
    tokens.secret()
    (kept,) = tmp_path.glob("oauth-*")
    kept.chmod(0o640)
    with pytest.raises(SecretMissingError, match="chmod"):
        tokens.secret()
    kept.chmod(0o600)
    kept.write_text("{")
    assert tokens.secret().value in authority.active


def test_a_token_of_another_kind_is_no_token(tmp_path: Path) -> None:
    class Other(Authority):
        def _token(self) -> dict[str, object]:
            return {**super()._token(), "token_type": "mac"}

    with running_authority() as running:
        running.__class__ = Other
        with pytest.raises(StrangeAnswerError):
            keeper(running, tmp_path).secret()


def test_presets_name_real_addresses_only() -> None:
    for name, provider in presets().items():
        assert provider.hosts, name
        assert all(url.startswith("https://") for url in (provider.device_url, provider.token_url) if url), name
        assert not provider.device_url or provider.scopes, name
        assert not provider.client_id, name
    found = provider_at("Outlook.Office365.com")
    assert found is not None
    assert found[0] == "microsoft"
    assert provider_at("mail.example.org") is None
