"""Importing Standfast does nothing, and nothing in it calls home."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src" / "standfast"
ADDRESSES = Path(__file__).with_name("addresses.txt")

IMPORT_ALL = """
import importlib, pkgutil, sys, threading

def guard(event, arguments):
    if event.startswith(("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "urllib.")):
        if event not in ("socket.gethostname", "socket.__new__"):
            sys.exit(f"{event} {arguments!r} while importing {current}")
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        sys.exit(f"{arguments!r} was written while importing {current}")

import standfast
current = "standfast"
sys.dont_write_bytecode = True
names = [found.name for found in pkgutil.walk_packages(standfast.__path__, "standfast.")]
sys.addaudithook(guard)
for current in names:
    if not current.endswith("__main__"):
        importlib.import_module(current)
assert threading.active_count() == 1, threading.enumerate()
print(len(names))
"""


def test_importing_everything_opens_no_socket_starts_nothing_and_writes_nothing() -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT_ALL], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 20


def test_every_address_in_the_source_is_listed_with_why_it_is_never_asked() -> None:
    """An address stands in a string of ours only as a name, as that of an XML namespace, and its line says so."""
    lines = [line for line in ADDRESSES.read_text().splitlines() if line and not line.startswith("#")]
    listed = {line.split()[0] for line in lines}
    assert all(len(line.split()) > 3 for line in lines)
    found = set()
    for file in sorted(SRC.rglob("*")):
        if file.suffix == ".py":
            nodes = ast.walk(ast.parse(file.read_text()))
            texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        elif file.suffix in {".html", ".js", ".css", ".svg"}:
            texts = [re.sub(r"/\*.*?\*/|<!--.*?-->|^\s*//[^\n]*", "", file.read_text(), flags=re.DOTALL | re.MULTILINE)]
        else:
            continue
        for text in texts:
            found |= {host.lower() for host in re.findall(r"(?:https?|wss?)://([\w.-]*\w\.[a-z]{2,})", text)}
    # Names set aside for examples (RFC 2606, RFC 6761) lead nowhere.
    found = {host for host in found if not re.search(r"(^|\.)(example(\.\w+)?|test|invalid|localhost)$", host)}
    assert found == listed
