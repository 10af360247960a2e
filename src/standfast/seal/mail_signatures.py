"""DKIM and ARC: what the domains that handled a message signed, and the keys that say so. Checked when it is captured.

The keys stand in DNS and are taken away within months, so what was not checked then can't be checked later: the key's
text is kept with the answer. Verification is dkimpy's; it was not written for input that attacks its reader, so this
module first refuses what would cost it more than a moment, and asks DNS through an argument, within a budget.

A check tells the resolver, and whoever hears it, which domains write to the office. A mail server does the same for
each message that it takes; years of old mail would tell more, for keys that are mostly gone. Hence `RECENT_DAYS`.
"""

from __future__ import annotations

import base64
import binascii
import logging
import re
from collections.abc import Callable
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from standfast.clock import Clock, monotonic_s
from standfast.holdings.item import SignatureFound

AskKey = Callable[[str, float], bytes | None]
"""The TXT record of a name, within so many seconds: None when there is none, OSError when there was no answer."""

RECENT_DAYS = 30
HEADER_LIMIT = 64 * 1024
MESSAGE_LIMIT = 64 * 1024 * 1024
SIGNATURES_LIMIT = 5
SEALS_LIMIT = 10
"""Each seal of a chain costs two signatures; ARC itself allows 50."""
BLANKS_LIMIT, LARGE_BLANKS_LIMIT, LARGE_BYTES = 512, 64, 1024 * 1024
"""Blanks in a row. dkimpy's time grows with their square; honest mail has some dozen."""
KEY_TEXT_LIMIT = 2_048
"""An RSA key of 8,192 bits has 1,400 characters."""
ASK_S, ASK_BUDGET_S, NO_ANSWERS_LIMIT = 5.0, 30.0, 3
CHECK_BUDGET_S = 300.0
KEYS_LIMIT = 10_000
NAME = re.compile(rb"(?i)[a-z0-9_]([a-z0-9_.-]{0,250}[a-z0-9])?\.?")

_QUIET = logging.Logger("dkim that tells nobody")
_QUIET.addHandler(logging.NullHandler())
_BLANKS = bytes.maketrans(b"\t\r\n\x0b\x0c", b"     ")
_TABS = bytes.maketrans(b"\t", b" ")
_DATE = re.compile(rb"(?im)^date[ \t]*:([^\r\n]{0,200})")
_FIELD = re.compile(rb"(?im)^(dkim-signature|arc-seal)[ \t]*:((?:[^\n]*\n[ \t])*[^\n]*)")
_TAG = re.compile(rb"(?:^|;)\s*([dsi])\s*=\s*([^;\s]{1,255})")


class _NoAnswerError(Exception):
    """DNS was not asked or did not answer: nothing was concluded."""


class SignatureChecker:
    """Checks messages one after another, for one run. Called in one thread; never raises."""

    def __init__(self, ask_key: AskKey, clock: Clock, *, recent_days: int | None = RECENT_DAYS) -> None:
        """`recent_days`: older messages, by their own date, are not checked; None checks all."""
        self._ask_key, self._clock, self._days = ask_key, clock, recent_days
        self._keys: dict[str, str | None] = {}
        self._ask_left_s, self._check_left_s, self._no_answers = ASK_BUDGET_S, CHECK_BUDGET_S, 0

    def __call__(self, raw: bytes) -> tuple[SignatureFound, ...]:
        """What was found about the DKIM and ARC signatures of a message."""
        head = raw[: _header_bytes(raw)]
        dkim, arc = _signers(head)
        if not dkim and not arc:
            return ()
        why = self._refusal(raw, head, len(dkim), len(arc))
        if why:
            told = [_found("dkim", "not checked", f"{who}; {why}") for who in dkim[:SIGNATURES_LIMIT]]
            return (*told, *(_found("arc", "not checked", f"{who}; {why}") for who in arc[:1]))
        began, asked = monotonic_s(), self._ask_left_s
        try:
            found = [self._check_dkim(raw, n, who) for n, who in enumerate(dkim[:SIGNATURES_LIMIT])]
            return (*found, *([self._check_arc(raw, arc[0])] if arc else []))
        finally:
            self._check_left_s -= monotonic_s() - began - (asked - self._ask_left_s)

    def _refusal(self, raw: bytes, head: bytes, dkim_count: int, arc_count: int) -> str:
        if self._days is not None and not self._recent(head):
            return f"older than {self._days} days"
        if len(head) >= HEADER_LIMIT or len(raw) > MESSAGE_LIMIT or arc_count > SEALS_LIMIT:
            return "too large to be checked"
        blanks = b" " * (BLANKS_LIMIT if len(raw) <= LARGE_BYTES else LARGE_BLANKS_LIMIT)
        if blanks in head.translate(_BLANKS) or blanks in raw.translate(_TABS):
            return "made to be costly to check"
        return "" if self._check_left_s > 0 else "the time for checks in this run was over"

    def _recent(self, head: bytes) -> bool:
        said = _DATE.search(head)
        try:
            date = parsedate_to_datetime(said[1].decode("ascii").strip()) if said else None
        except (ValueError, TypeError, IndexError, OverflowError):
            return False
        if date is None:
            return False
        aware = date.replace(tzinfo=UTC) if date.tzinfo is None else date
        return aware > self._clock() - timedelta(days=self._days or 0)

    def _check_dkim(self, raw: bytes, n: int, who: str) -> SignatureFound:
        import dkim

        keys: list[str] = []
        verifier: Any = None
        try:
            verifier = dkim.DKIM(raw, logger=_QUIET, timeout=ASK_S)
            passed = bool(verifier.verify(idx=n, dnsfunc=self._dns(keys)))
            why = "" if passed else "the signature is of other bytes or of another key"
        except _NoAnswerError as no_answer:
            return _found("dkim", "not checked", f"{who}; {no_answer}")
        except dkim.DKIMException as wrong:
            passed, why = False, str(wrong)
        except Exception:
            # dkimpy reads hostile input with what happens to fail: an IndexError here is a signature that is none.
            return _found("dkim", "not checked", f"{who}; it can't be read")
        if passed and b"l" in verifier.signature_fields:
            why = f"only the first {verifier.signature_fields[b'l'].decode('ascii', 'replace')[:12]} bytes of the text"
        return _found("dkim", "passed" if passed else "failed", f"{who}; {why}" if why else who, keys)

    def _check_arc(self, raw: bytes, who: str) -> SignatureFound:
        import dkim

        keys: list[str] = []
        try:
            outcome, _, why = dkim.ARC(raw, logger=_QUIET, timeout=ASK_S).verify(dnsfunc=self._dns(keys))
        except _NoAnswerError as no_answer:
            return _found("arc", "not checked", f"{who}; {no_answer}")
        except Exception:
            return _found("arc", "not checked", f"{who}; it can't be read")
        passed = outcome == dkim.CV_Pass
        return _found("arc", "passed" if passed else "failed", who if passed else f"{who}; {why}", keys)

    def _dns(self, keys: list[str]) -> Callable[..., bytes]:
        def ask(name: bytes | str, timeout: float = ASK_S) -> bytes:
            plain = name if isinstance(name, bytes) else name.encode("utf-8", "replace")
            key = self._key(plain)
            if key is None:
                raise _NoAnswerError("DNS holds no key for it, or no longer")
            if key not in keys:
                keys.append(key)
            return key.encode("ascii")

        return ask

    def _key(self, name: bytes) -> str | None:
        if not NAME.fullmatch(name):
            raise _NoAnswerError("its name can't stand in DNS")
        text = name.decode("ascii").lower()
        if text in self._keys:
            return self._keys[text]
        if self._ask_left_s <= 0 or self._no_answers >= NO_ANSWERS_LIMIT or len(self._keys) >= KEYS_LIMIT:
            raise _NoAnswerError("DNS was not asked: it did not answer before, or the time for it was over")
        began = monotonic_s()
        try:
            told = self._ask_key(text, min(ASK_S, self._ask_left_s))
            self._no_answers = 0
        except OSError as why:
            self._no_answers += 1
            raise _NoAnswerError("DNS did not answer") from why
        finally:
            self._ask_left_s -= monotonic_s() - began
        if told is not None and not _usable(told):
            raise _NoAnswerError("what DNS holds for it is no key that can be used")
        self._keys[text] = told.decode("ascii") if told is not None else None
        return self._keys[text]


def _usable(told: bytes) -> bool:
    """Whether a key is one that dkimpy may be given: a modulus of a million bits would never end."""
    if len(told) > KEY_TEXT_LIMIT or not told.isascii():
        return False
    said = re.search(rb"(?:^|;)\s{0,20}p\s{0,20}=([^;]*)", told)
    try:
        return bool(said) and len(base64.b64decode(re.sub(rb"\s", b"", said[1]) if said else b"")) <= 1_200
    except binascii.Error:
        return False


def _header_bytes(raw: bytes) -> int:
    found = [at for at in (raw.find(b"\n\r\n", 0, HEADER_LIMIT), raw.find(b"\n\n", 0, HEADER_LIMIT)) if at >= 0]
    return min(found) + 1 if found else min(len(raw), HEADER_LIMIT)


def _signers(head: bytes) -> tuple[list[str], list[str]]:
    """Who says to have signed, by DKIM and by ARC, each in the order of the header."""
    dkim: list[str] = []
    arc: list[str] = []
    for field in _FIELD.finditer(head):
        tags = {each[1]: each[2].decode("ascii", "replace") for each in _TAG.finditer(field[2])}
        who = f"{tags.get(b'd', 'nobody')}, selector {tags.get(b's', 'none')}"
        (dkim if field[1].lower() == b"dkim-signature" else arc).append(who)
    return dkim, arc


def _found(
    system: Literal["dkim", "arc"],
    outcome: Literal["passed", "failed", "not checked"],
    detail: str,
    keys: list[str] | None = None,
) -> SignatureFound:
    shown = "".join(each if each.isprintable() else "�" for each in detail[:500])
    return SignatureFound(system=system, outcome=outcome, detail=shown, key="\n".join(keys or ())[: 4 * KEY_TEXT_LIMIT])
