"""Errors of copies in other hands: not there, not fit, not what this vault wrote, or not whole.

StandfastError
  ReplicaError                  a copy, or the place that should hold it
    FaultsInCopyError           REP-070, exit 70
    ReplicaUnreachableError     REP-071, exit 71
    RefusedLocationError        REP-072, exit 72
    ReplicaAheadError           REP-073, exit 73
    ReplicaForkedError          REP-074, exit 74
    NotAReplicaError            REP-075, exit 75
    ReplicaFullError            REP-076, exit 76
    ReplicaReadOnlyError        REP-077, exit 77
    ReplicaBusyError            REP-078, exit 78
    HealIncompleteError         REP-079, exit 79
    UnknownReplicaError         REP-068, exit 68
    HostKeyChangedError         REP-213, exit 213
    HostKeyUnknownError         REP-214, exit 214
"""

from __future__ import annotations

from standfast.errors.base import StandfastError


class ReplicaError(StandfastError):
    """Something about a copy, or about the place that should hold it."""


class FaultsInCopyError(ReplicaError):
    """An audit read everything it could, and some of the copy is not what the log commits to."""

    code, exit_status = "REP-070", 70
    next_step = (
        "keep this copy as it is (it may be evidence of tampering), tell whoever runs the vault, "
        "and bring good objects back with `standfast replicas heal`"
    )

    def __init__(self, location: str, fault_count: int) -> None:
        """Where the copy is, and how many faults were named."""
        self.location, self.fault_count = location, fault_count
        super().__init__(f"the copy at {location} has {fault_count} fault(s)")


class ReplicaUnreachableError(ReplicaError):
    """The place of the copy is not there, or went away while it was used: unplugged, unmounted, failing."""

    code, exit_status = "REP-071", 71
    next_step = (
        "plug in or mount {location} and look that it is the right disk, then run the command again: "
        "it goes on where it stopped, and nothing held is lost"
    )

    def __init__(self, location: str, why: str) -> None:
        """Where the copy should be, and what the system said."""
        self.location, self.why = location, why
        super().__init__(f"the copy at {location} can't be reached: {why}")


class RefusedLocationError(ReplicaError):
    """A copy can't be kept there, or would be lost together with the vault."""

    code, exit_status = "REP-072", 72
    next_step = "run `standfast replicas add NAME LOCATION` with an empty or new folder on another disk"

    def __init__(self, location: str, why: str) -> None:
        """The place, and why it is no fit one."""
        self.location, self.why = location, why
        super().__init__(f"{location} can't hold a copy: {why}")


class ReplicaAheadError(ReplicaError):
    """The copy holds a greater log than this folder, signed with this log's keys. Nothing was written."""

    code, exit_status = "REP-073", 73
    next_step = (
        "either this folder is an old copy of the vault (then run `standfast rebuild --from {location} NEWDIR`), "
        "or the log's key is in other hands (then tell your partners, and add nothing here)"
    )

    def __init__(self, location: str, ours: int, theirs: int) -> None:
        """Where the copy is, and both sizes in leaves."""
        self.location, self.ours, self.theirs = location, ours, theirs
        super().__init__(f"the copy at {location} holds a log of {theirs} leaves, this folder one of {ours}")


class ReplicaForkedError(ReplicaError):
    """Two checkpoints signed with this log's keys contradict each other. Nothing was written."""

    code, exit_status = "REP-074", 74
    next_step = (
        "keep both copies as they are, they are evidence: either one folder was put back from an old copy and then "
        "added to, or the log's key is in other hands; run `standfast audit {location}` on every copy and compare"
    )

    def __init__(self, location: str, size: int, other: str) -> None:
        """Where the copy is, the size in leaves at which it differs, and the copy it contradicts."""
        self.location, self.size, self.other = location, size, other
        super().__init__(f"the log at {location} differs from the one at {other}, at {size} leaves")


class NotAReplicaError(ReplicaError):
    """What stands there is no copy of this vault, or its checkpoint is damaged. Nothing was written."""

    code, exit_status = "REP-075", 75
    next_step = (
        "look whether {location} is the right disk or folder; if it is, run `standfast audit {location}` to see "
        "what is damaged, and `standfast replicas heal` to repair it"
    )

    def __init__(self, location: str, why: str) -> None:
        """Where it is, and what was found there."""
        self.location, self.why = location, why
        super().__init__(f"{location} holds no copy of this vault: {why}")


class ReplicaFullError(ReplicaError):
    """No room is left in the place of the copy."""

    code, exit_status = "REP-076", 76
    next_step = (
        "make room on {location}, or add a larger place, then run the command again: it goes on where it stopped"
    )

    def __init__(self, location: str) -> None:
        """Where the copy is."""
        self.location = location
        super().__init__(f"there is no room left at {location}")


class ReplicaReadOnlyError(ReplicaError):
    """The place of the copy takes no writes."""

    code, exit_status = "REP-077", 77
    next_step = "mount {location} for writing and look at its owner and permissions, then run the command again"

    def __init__(self, location: str, why: str) -> None:
        """Where the copy is, and what the system said."""
        self.location, self.why = location, why
        super().__init__(f"nothing can be written at {location}: {why}")


class ReplicaBusyError(ReplicaError):
    """Another process writes to this copy."""

    code, exit_status = "REP-078", 78
    next_step = "wait until it ends, then run the command again; the lock goes with the process, it is never stale"

    def __init__(self, location: str) -> None:
        """Where the copy is."""
        self.location = location
        super().__init__(f"another process writes to the copy at {location}")


class HealIncompleteError(ReplicaError):
    """Some of what is damaged is good in no copy that was given."""

    code, exit_status = "REP-079", 79
    next_step = "bring another copy and run `standfast replicas heal` again; what could be healed is healed"

    def __init__(self, location: str, lost_count: int) -> None:
        """Where the copy is, and how many objects no copy could give."""
        self.location, self.lost_count = location, lost_count
        super().__init__(f"{lost_count} object(s) of {location} are good in no copy that was given")


class UnknownReplicaError(ReplicaError):
    """No replica of that name in the settings."""

    code, exit_status = "REP-068", 68
    next_step = "run `standfast replicas list`, or add one with `standfast replicas add NAME LOCATION`"

    def __init__(self, name: str) -> None:
        """The name asked for."""
        self.name = name
        super().__init__(f"there is no replica called {name}")


class HostKeyChangedError(ReplicaError):
    """Another machine answers at the place of the copy, or the machine has another key now. Nothing was sent."""

    code, exit_status = "REP-213", 213
    next_step = (
        "do not go on: ask whoever runs {location}, by another way, whether its SSH host key was changed, and compare; "
        "then put the new key into `host_key` of this replica in standfast.toml"
    )

    def __init__(self, location: str) -> None:
        """Where the copy should be."""
        self.location = location
        super().__init__(f"the host at {location} does not show the key that was pinned when the copy was added")


class HostKeyUnknownError(ReplicaError):
    """Nobody has vouched for the host yet. Nothing was sent."""

    code, exit_status = "REP-214", 214
    next_step = (
        "ask whoever runs that host, by another way, for the fingerprint of its SSH host key; if it is the same, "
        "run the command again with `--host-key {shown}`"
    )

    def __init__(self, location: str, shown: str, expected: str) -> None:
        """Where the copy should be, the fingerprint that the host shows, and the one that was expected, if any."""
        self.location, self.shown, self.expected = location, shown, expected
        but = f", not {expected}" if expected else ""
        super().__init__(f"the host at {location} shows the key {shown}{but}")
