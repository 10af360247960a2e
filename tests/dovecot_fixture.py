"""A real Dovecot on loopback for tests: any user name works, with one password. Nothing outside its folder is written.

Started by root it drops to `nobody`. Its folder lies directly below the system's temporary folder, since pytest's own
lies below one that only its owner may enter, and since a socket's path may have 107 bytes.

    with running_dovecot() as server:
        server.url("ruth")            # imap://ruth@127.0.0.1:PORT
        server.fill("ruth", tmp_path) # a corpus of hostile mail, and its truth

Written for Dovecot 2.3 (Debian 12), and tested with it; 2.4 (Debian 13) has another syntax, written after its manual.
"""

from __future__ import annotations

import contextlib
import grp
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PASSWORD = "an-example-password"
START_S = 15
MAKE_MAIL = Path(__file__).parent / "corpora" / "make_mail.py"
LOCATIONS = {
    "sdbox": "sdbox:~/store",
    "mdbox": "mdbox:~/store",
    "maildir": "maildir:~/Maildir:LAYOUT=fs",
    "maildir++": "maildir:~/Maildir",
    "mbox": "mbox:~/mbox:INBOX=~/inbox.mbox",
}
SPECIAL = {"Sent": "\\Sent", "Drafts": "\\Drafts", "Trash": "\\Trash"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DovecotOptions:
    """What a test may want of its server."""

    mail_format: str = "sdbox"
    """A key of LOCATIONS."""
    separator: str = "/"
    quota_kib: int = 0
    """What an account may hold; 0 is no limit."""
    largest_mail_kib: int = 0
    """A larger message is refused; 0 is no limit."""
    compress: bool = True
    """Offer COMPRESS=DEFLATE."""
    capability: str = ""
    """Exactly what CAPABILITY says, such as a server that offers little; empty is the server's own list."""
    special_use: bool = True
    """Offer CREATE-SPECIAL-USE, and mark Sent, Drafts and Trash (which are made when somebody makes them)."""
    fsync: str = "optimized"
    introspection_url: str = ""
    """Of an OAuth 2 authority (RFC 7662): then XOAUTH2 and OAUTHBEARER are offered too."""
    tls_only: bool = False
    """No password before TLS."""
    shared_folder: bool = False
    """A second name space, `Shared/`, that every user sees."""
    connections_per_user: int = 64
    escaped_names: bool = False
    """Read folders' names that hold dots and the like as restored Maildirs write them (listescape)."""


class Dovecot:
    """One server. Plain IMAP with STARTTLS on `port`, TLS from the start on `tls_port`, both on 127.0.0.1."""

    def __init__(self, room: Path, options: DovecotOptions) -> None:
        """Nothing runs yet. `room`: a folder of its own, with a short path, that anyone may enter."""
        self.room, self.options = room, options
        self.port, self.tls_port = _free_ports()
        self.password = PASSWORD
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def ca(self) -> Path:
        """The server's own certificate, which signs itself: for `localhost` and 127.0.0.1."""
        return self.room / "tls.crt"

    @property
    def log(self) -> str:
        """What the server wrote to its log."""
        file = self.room / "dovecot.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def url(self, user: str, *, tls: bool = False) -> str:
        """The account's address."""
        return f"imaps://{user}@localhost:{self.tls_port}" if tls else f"imap://{user}@127.0.0.1:{self.port}"

    def home(self, user: str) -> Path:
        """Where the user's mail lies."""
        return self.room / "mail" / user

    def start(self) -> None:
        """Start it, and return when it answers."""
        for each in ("run", "state", "mail"):
            (self.room / each).mkdir(exist_ok=True)
        if not self.ca.exists():
            _make_certificate(self.room)
        account = _account()
        (self.room / "dovecot.conf").write_text(self._configuration(account))
        if self.options.introspection_url:
            (self.room / "oauth2.conf").write_text(
                f"introspection_mode = auth\nintrospection_url = {self.options.introspection_url}\n"
                "username_attribute = username\nactive_attribute = active\nactive_value = true\n"
            )
        dropped: dict[str, Any] = {}
        if os.geteuid() == 0:
            self.give_to_server(self.room)
            dropped = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        with (self.room / "stdout.log").open("ab") as out:
            self._process = subprocess.Popen(
                [_program(), "-F", "-c", str(self.room / "dovecot.conf")],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=self.room,
                start_new_session=True,
                **dropped,
            )
        until = time.monotonic() + START_S
        while time.monotonic() < until and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as line:
                if line.recv(4) == b"* OK":
                    return
            time.sleep(0.03)
        raise AssertionError(f"dovecot did not start\n{(self.room / 'stdout.log').read_text()}\n{self.log}")

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it and all its children at once, as a power cut does."""
        self._end(signal.SIGKILL)

    def doveadm(self, *words: str) -> str:
        """What Dovecot's own tool says; for the truth that does not come by IMAP."""
        command = ["doveadm", "-c", str(self.room / "dovecot.conf"), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    def give_to_server(self, folder: Path) -> None:
        """Let the server read and write what a test laid there."""
        if os.geteuid() == 0:
            account = _account()
            for each in (folder, *folder.rglob("*")):
                os.chown(each, account.pw_uid, account.pw_gid, follow_symlinks=False)

    def fill(self, user: str, out: Path, *, messages: int = 300, large: int = 2, **more: object) -> dict[str, Any]:
        """Bring the corpus of hostile mail in; returns its truth. `more`: options of make_mail.py."""
        options = [word for name, value in more.items() for word in (f"--{name}", str(value))]
        subprocess.run(
            [
                *(
                    sys.executable,
                    str(MAKE_MAIL),
                    "--out",
                    str(out),
                    "--messages",
                    str(messages),
                    "--large",
                    str(large),
                ),
                *("--imap", f"127.0.0.1:{self.port}", "--user", user, "--password", self.password, *options),
            ],
            check=True,
            capture_output=True,
            timeout=300,
        )
        truth: dict[str, Any] = json.loads((out / "truth.json").read_text())
        return truth

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if how is signal.SIGKILL:
            os.killpg(process.pid, how)
        else:
            process.send_signal(how)
        process.wait(30)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # children that were slow to follow
        (self.room / "run" / "master.pid").unlink(missing_ok=True)

    def _configuration(self, account: pwd.struct_passwd) -> str:
        version = subprocess.run([_program(), "--version"], capture_output=True, text=True, check=True).stdout
        write = _configuration_24 if version.startswith("2.4") else _configuration_23
        return write(self.room, self.port, self.tls_port, account, self.options)


@contextlib.contextmanager
def running_dovecot(**options: Any) -> Iterator[Dovecot]:
    """A server that runs as long as the context does; `options` as `DovecotOptions`."""
    room = Path(tempfile.mkdtemp(prefix="dovecot-"))
    room.chmod(0o755)
    server = Dovecot(room, DovecotOptions(**options))
    try:
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(room, ignore_errors=True)


def _program() -> str:
    found = shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    assert found, "dovecot is not installed (Debian: apt-get install dovecot-imapd)"
    return found


def _account() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        return one.getsockname()[1], two.getsockname()[1]


def _make_certificate(room: Path) -> None:
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "3650", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-keyout", str(room / "tls.key"), "-out", str(room / "tls.crt")),
        ],
        check=True,
        capture_output=True,
    )


def _services(port: int, tls_port: int, plugins: str) -> str:
    return f"""
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service imap {{
  process_limit = 64
}}
protocol imap {{
  {plugins}
  imap_max_line_length = 8M
}}
"""


def _namespace(options: DovecotOptions, shared: str) -> str:
    marks = "".join(f"  mailbox {name} {{\n    special_use = {use}\n  }}\n" for name, use in SPECIAL.items())
    return f"""
namespace inbox {{
  inbox = yes
  separator = {options.separator}
{marks if options.special_use else ""}}}
{shared if options.shared_folder else ""}"""


def _configuration_23(room: Path, port: int, tls_port: int, account: pwd.struct_passwd, options: DovecotOptions) -> str:
    names = ["quota"] * bool(options.quota_kib or options.largest_mail_kib) + ["zlib"] * options.compress
    own = [f"imap_{name}" for name in names]
    names += ["listescape"] * options.escaped_names
    oauth = f"""
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {room}/oauth2.conf
}}
"""
    shared = f"""
namespace shared {{
  prefix = Shared{options.separator}
  separator = {options.separator}
  location = sdbox:{room}/mail/shared-store
  subscriptions = no
  list = yes
}}
"""
    return f"""
base_dir = {room}/run
state_dir = {room}/state
log_path = {room}/dovecot.log
protocols = imap
listen = 127.0.0.1
default_internal_user = {account.pw_name}
default_internal_group = {grp.getgrgid(account.pw_gid).gr_name}
default_login_user = {account.pw_name}
first_valid_uid = 1
first_valid_gid = 1
default_vsz_limit = 1G
ssl = {"required" if options.tls_only else "yes"}
ssl_cert = <{room}/tls.crt
ssl_key = <{room}/tls.key
disable_plaintext_auth = {"yes" if options.tls_only else "no"}
auth_mechanisms = plain login{" xoauth2 oauthbearer" if options.introspection_url else ""}
auth_failure_delay = 0
{oauth if options.introspection_url else ""}
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={account.pw_uid} gid={account.pw_gid} home={room}/mail/%u
}}
mail_location = {LOCATIONS[options.mail_format]}
mail_attachment_detection_options =
mail_fsync = {options.fsync}
mail_max_userip_connections = {options.connections_per_user}
mail_attribute_dict = file:%h/attributes
imap_metadata = {"yes" if options.special_use else "no"}
{"imap_capability = " + options.capability if options.capability else ""}
mail_plugins = {" ".join(names)}
plugin {{
  quota = count:User quota
  quota_vsizes = yes
  quota_grace = 0
  quota_rule = *:storage={options.quota_kib}K
  quota_max_mail_size = {options.largest_mail_kib}K
}}
{_namespace(options, shared)}
{_services(port, tls_port, "mail_plugins = " + " ".join([*names, *own]))}
"""


def _configuration_24(room: Path, port: int, tls_port: int, account: pwd.struct_passwd, options: DovecotOptions) -> str:
    driver, path = LOCATIONS[options.mail_format].split(":")[:2]
    escapes = 'mailbox_list_storage_escape_char = "\\\\"'
    limited = options.quota_kib or options.largest_mail_kib
    quota = f"""
quota_mail_size = {options.largest_mail_kib or "unlimited"}{"K" * bool(options.largest_mail_kib)}
quota "User quota" {{
  quota_storage_size = {options.quota_kib or "unlimited"}{"K" * bool(options.quota_kib)}
  quota_storage_grace = 0
}}
"""
    oauth = f"""
oauth2 {{
  introspection_mode = auth
  introspection_url = {options.introspection_url}
  username_attribute = username
  active_attribute = active
  active_value = true
}}
passdb oauth2 {{
  mechanisms_filter = xoauth2 oauthbearer
}}
"""
    shared = f"""
namespace shared {{
  prefix = Shared{options.separator}
  separator = {options.separator}
  mail_driver = sdbox
  mail_path = {room}/mail/shared-store
  subscriptions = no
  list = yes
}}
"""
    return f"""
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
base_dir = {room}/run
state_dir = {room}/state
log_path = {room}/dovecot.log
protocols = imap
listen = 127.0.0.1
default_internal_user = {account.pw_name}
default_internal_group = {grp.getgrgid(account.pw_gid).gr_name}
default_login_user = {account.pw_name}
first_valid_uid = 1
first_valid_gid = 1
ssl = {"required" if options.tls_only else "yes"}
ssl_server_cert_file = {room}/tls.crt
ssl_server_key_file = {room}/tls.key
auth_allow_cleartext = {"no" if options.tls_only else "yes"}
auth_mechanisms = plain login{" xoauth2 oauthbearer" if options.introspection_url else ""}
auth_failure_delay = 0
{oauth if options.introspection_url else ""}
passdb static {{
  password = {PASSWORD}
}}
userdb static {{
  fields {{
    uid = {account.pw_uid}
    gid = {account.pw_gid}
    home = {room}/mail/%{{user}}
  }}
}}
mail_driver = {driver}
mail_path = {path}
{escapes if options.escaped_names else ""}
mail_fsync = {options.fsync}
mail_max_userip_connections = {options.connections_per_user}
imap_metadata = {"yes" if options.special_use else "no"}
mail_attribute {{
  dict file {{
    path = %{{home}}/attributes
  }}
}}
{"imap_capability {{ " + options.capability + " }}" if options.capability else ""}
{"mail_plugins { quota = yes }" if limited else ""}
{quota if limited else ""}
{_namespace(options, shared)}
{_services(port, tls_port, "mail_plugins { imap_quota = yes }" if limited else "")}
"""
