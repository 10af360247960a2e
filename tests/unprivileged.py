"""Runs something without root's right to open everything, so that modes bar it as they bar anyone."""

from __future__ import annotations

import ctypes
import os
import pickle
import traceback
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH = 0, 1, 2
"""Linux capabilities by number; sources: capabilities(7), linux/capability.h."""
_VERSION_3 = 0x20080522
_CAPBSET_DROP = 24


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def without(call: Callable[[], T], *capabilities: int) -> T:
    """Call in a forked child that lacks these capabilities (by default those that open everything); its result.

    What the child starts lacks them too.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            _drop(capabilities or (DAC_OVERRIDE, DAC_READ_SEARCH))
            with os.fdopen(writing, "wb") as out:
                try:
                    pickle.dump((True, call()), out)
                except BaseException:
                    pickle.dump((False, traceback.format_exc()), out)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        raw = answer.read()
    os.waitpid(child, 0)
    done, result = pickle.loads(raw)
    assert done, result
    return result


def _drop(capabilities: tuple[int, ...]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    header, data = _Header(_VERSION_3, 0), (_Data * 2)()
    if libc.capget(ctypes.byref(header), data):
        raise OSError(ctypes.get_errno(), "capget")
    for each in capabilities:
        if libc.prctl(_CAPBSET_DROP, each, 0, 0, 0) and os.geteuid() == 0:
            raise OSError(ctypes.get_errno(), "prctl")
        data[0].effective &= ~(1 << each)
        data[0].permitted &= ~(1 << each)
    if libc.capset(ctypes.byref(header), data):
        raise OSError(ctypes.get_errno(), "capset")
