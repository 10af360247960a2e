"""Checks one bundle, step by step. No vault, no network, no trust store of the machine, no clock.

 1. zip              it opens in one way only               `bundle`
 2. bag              every file is whole                    `bag`
 3. record           it has its one spelling                `item_steps`, for each item; so 4 to 6
 4. content          it is the one that the record describes
 5. leaf             it commits to this record
 6. inclusion        it stands in the log
 7. log-signatures   the log has signed                     `log_steps`, for each checkpoint; so 8
 8. cosignatures     enough cosigners have
 9. stamps           an authority gave a time               `log_steps`, for each authority; so 10
10. renewals         the stamp was renewed
11. consistency      an earlier checkpoint did not hold it  `item_steps`, for each item; so 12 to 14
12. window           when it entered the log                `window`
13. custody          it is about this item, and fits
14. report           it says what the record says
15. trust            keys and roots came from the reader

Each is passed, failed or not checked. They are taken independently where they can be, so that one change shows in as
few steps as it should. What each means, and what not, stands in words/.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from standfast.errors.tlog import MalformedNoteError
from standfast.errors.verify import BundleRefusedError
from standfast.tlog.policy import Policy, parse_policy
from standfast.verify.bag import verify_bag
from standfast.verify.bundle import Bundle, Tell
from standfast.verify.item_steps import ItemSteps
from standfast.verify.layout import DESCRIPTION, POLICIES, Description
from standfast.verify.log_steps import CheckpointSteps
from standfast.verify.results import STEPS, NotCheckedError, Report
from standfast.verify.window import take_window

ITEMS_LIMIT = 1_000
CHECKPOINTS_LIMIT = 2_100
_CHECKPOINT = re.compile(r"data/log/(0|[1-9][0-9]{0,18})/checkpoint")

Policies = Sequence[tuple[str, Policy | MalformedNoteError]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What the reader brings along; without it, the bundle's own word is taken."""

    policy: Policy | None = None
    roots_pem: bytes | None = None


def check_bundle(path: Path, trust: Trust, tell: Tell = lambda done, total: None) -> Report:
    """Take every step.

    Args:
        path: the zip.
        trust: the reader's own policy and authorities, as far as there are any.
        tell: told how many bytes were read, of how many.

    Raises:
        BundleUnreadableError: the file can't be read. Whatever is wrong inside it is a step that failed.
    """
    report = Report()
    try:
        bundle = Bundle(path, tell)
    except BundleRefusedError as why:
        _fail(report, "zip", why)
        _pass_over(report, STEPS[1:], "the zip is not well formed")
        return report
    with bundle:
        report.take("zip", lambda: f"{len(bundle.paths)} files")
        report.take("bag", lambda: f"{verify_bag(bundle)} files, each with its SHA-256 and SHA-512")
        try:
            description = _describe(bundle)
        except BundleRefusedError as why:
            _fail(report, "bag", why)
            _pass_over(report, STEPS[2:], "the bundle does not say what it holds")
            return report
        _take_steps(bundle, description, trust, report)
    return report


def _take_steps(bundle: Bundle, description: Description, trust: Trust, report: Report) -> None:
    items = [ItemSteps(bundle, entry, report).take() for entry in description.items]
    policies = [("given", trust.policy)] if trust.policy else _own_policies(bundle)
    sizes = sorted(int(found[1]) for path in bundle.paths if (found := _CHECKPOINT.fullmatch(path)))
    checkpoints = {
        size: CheckpointSteps(bundle, size, description.origin, report, policies, trust.roots_pem).take()
        for size in sizes[:CHECKPOINTS_LIMIT]
    }
    if not sizes:
        _pass_over(report, ("log-signatures", "cosignatures", "stamps"), "the bundle holds no checkpoint")
    if all(each.name != "renewals" for each in report.steps):
        _pass_over(report, ("renewals",), "there is no stamp that could have been renewed")
    for item in items:
        take_window(report, item, checkpoints)
    has_stamps = any(path.endswith("/response.tsr") for path in bundle.paths)
    report.take("trust", lambda: _trust(trust, policies, has_stamps))


def _describe(bundle: Bundle) -> Description:
    try:
        description = msgspec.json.decode(bundle.read(DESCRIPTION), type=Description)
    except msgspec.MsgspecError as why:
        raise BundleRefusedError(f"bundle.json is none ({why})") from None
    numbers = [each.n for each in description.items]
    if not 0 < len(numbers) <= ITEMS_LIMIT or numbers != list(range(1, len(numbers) + 1)):
        raise BundleRefusedError(f"bundle.json must number 1 to {ITEMS_LIMIT} items from 1")
    if len({each.id for each in description.items}) < len(numbers):
        raise BundleRefusedError("bundle.json names an item twice")
    return description


def _own_policies(bundle: Bundle) -> list[tuple[str, Policy | MalformedNoteError]]:
    found: list[tuple[str, Policy | MalformedNoteError]] = []
    for path in POLICIES:
        name = path.rpartition("/")[2]
        try:
            found.append((name, parse_policy(bundle.read(path))))
        except MalformedNoteError as why:
            found.append((name, why))
        except BundleRefusedError as why:
            found.append((name, MalformedNoteError("policy", why.why)))
    return found


def _trust(trust: Trust, policies: Policies, has_stamps: bool) -> str:
    own = []
    if trust.policy is None:
        labels = [each.key.label() for _, policy in policies if isinstance(policy, Policy) for each in policy.logs]
        own.append(f"the policy is the bundle's own; compare its log keys with the organisation's: {', '.join(labels)}")
    if trust.roots_pem is None and has_stamps:
        own.append("the authorities are the bundle's own; compare the roots' digests with what they publish")
    if own:
        raise NotCheckedError("; ".join(own))
    return "policy and authorities were given" if has_stamps else "the policy was given"


def _fail(report: Report, name: str, why: BundleRefusedError) -> None:
    def act() -> str:
        raise why

    report.steps = [each for each in report.steps if each.name != name]
    report.take(name, act)


def _pass_over(report: Report, names: Sequence[str], why: str) -> None:
    def act() -> str:
        raise NotCheckedError(why)

    for name in names:
        report.take(name, act)
