"""The keys of domains, asked of the machine's own resolver: what signatures in mail are checked with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from standfast.assembly.office import Office
from standfast.holdings.item import SignatureFound

if TYPE_CHECKING:
    from standfast.capture.mail.message import SignatureCheck

TEXT_LIMIT = 4_096


def ask_dns(name: str, timeout_s: float) -> bytes | None:
    """The TXT record of a name, its strings put together; None when there is none.

    Raises:
        OSError: no answer in time, or no resolver: nothing was concluded.
    """
    import dns.exception
    import dns.resolver

    try:
        answer = dns.resolver.resolve(name, "TXT", lifetime=timeout_s, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return None
    except dns.exception.DNSException as why:
        raise OSError(str(why)) from why
    for record in answer:
        text = b"".join(record.strings)
        if b"p=" in text:
            return text[:TEXT_LIMIT]
    return None


def signature_check(office: Office, which: str) -> SignatureCheck | None:
    """The check of DKIM and ARC for one run: `recent`, `all` or `none` of the messages."""
    if which == "none":
        return None
    made: list[SignatureCheck] = []

    def check(raw: bytes) -> tuple[SignatureFound, ...]:
        if not made:  # at the first signed message: most runs find nothing new, and should be short
            from standfast.seal.mail_signatures import RECENT_DAYS, SignatureChecker

            made.append(SignatureChecker(ask_dns, office.clock, recent_days=RECENT_DAYS if which == "recent" else None))
        return made[0](raw)

    return check
