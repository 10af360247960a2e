"""Shuts this process in, for good: no network, no other program, no file, so much memory and processor time.

For a process that reads hostile things and answers over a pipe it has open already. Linux only: rlimits hold
everywhere; seccomp (no sockets, no programs) and Landlock (no files) where the kernel has them, which is said.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct

MEMORY_BYTES = 1536 * 1024 * 1024
"""Of addresses, not of pages: libraries that are loaded take a part of it."""
OPEN_FILES = 64
_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER = 38, 22, 2
_ALLOW, _EPERM = 0x7FFF0000, 0x00050001
# System calls by number: socket, connect, bind, listen, execve, execveat, ptrace, process_vm_readv, io_uring_setup.
_DENIED = {
    "x86_64": (0xC000003E, (41, 42, 49, 50, 53, 59, 322, 101, 310, 311, 425)),
    "aarch64": (0xC00000B7, (198, 203, 200, 201, 199, 221, 281, 117, 270, 271, 425)),
}
_LANDLOCK_CREATE, _LANDLOCK_RESTRICT = 444, 446
_EVERY_FILE_RIGHT = (1 << 13) - 1
"""The thirteen rights of Landlock's first version: reading, writing, making and removing of anything."""


def confine(*, memory_bytes: int = MEMORY_BYTES) -> tuple[str, ...]:
    """Give up what is not needed to compute. Returns what could not be given up, in words.

    Import everything first: no file can be opened afterwards.
    """
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    libc = ctypes.CDLL(None, use_errno=True)
    missing = []
    if libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0):
        missing.append("privileges could be gained")
    if not _close_files(libc):
        missing.append("files are not closed to it")
    if not _close_sockets(libc):
        missing.append("the network is not closed to it")
    return tuple(missing)


def _close_files(libc: ctypes.CDLL) -> bool:
    rights = struct.pack("=Q", _EVERY_FILE_RIGHT)
    rules = libc.syscall(_LANDLOCK_CREATE, rights, ctypes.c_size_t(len(rights)), 0)
    if rules < 0:
        return False
    closed = libc.syscall(_LANDLOCK_RESTRICT, rules, 0) == 0
    os.close(rules)
    return bool(closed)


def _close_sockets(libc: ctypes.CDLL) -> bool:
    """A filter in the kernel's own small language: of another machine's calls none, of these none, of others all."""
    if platform.machine() not in _DENIED:
        return False
    architecture, denied = _DENIED[platform.machine()]
    program = [(0x20, 0, 0, 4), (0x15, 1, 0, architecture), (0x06, 0, 0, _EPERM), (0x20, 0, 0, 0)]
    # Calls of the x32 kind have bit 30 set and would have other numbers.
    program += [(0x35, 0, 1, 0x40000000), (0x06, 0, 0, _EPERM)]
    for number in denied:
        program += [(0x15, 0, 1, number), (0x06, 0, 0, _EPERM)]
    program.append((0x06, 0, 0, _ALLOW))
    raw = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *each) for each in program))
    header = struct.pack("@HP", len(program), ctypes.addressof(raw))
    return bool(libc.prctl(_SET_SECCOMP, _FILTER, header, 0, 0) == 0)
