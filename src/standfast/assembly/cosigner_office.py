"""A cosigner's own folder, made and opened: what a partner runs, with no vault anywhere."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from standfast import durable
from standfast.clock import Clock, machine_clock
from standfast.cosigning.identity import load_identity, make_identity
from standfast.cosigning.server import RATE, CosignerServer, Limits
from standfast.cosigning.state import CosignerState, make_state
from standfast.errors.cosigning import CosignerStateError, MalformedRequestError, OtherSizeError
from standfast.errors.vault import VaultWriteError
from standfast.tlog.cosign import Cosigner
from standfast.tlog.cosign_request import REQUEST_LIMIT_BYTES
from standfast.tlog.note import require_name


@dataclass(frozen=True, slots=True, kw_only=True)
class CosignerOffice:
    """A cosigner that stands in a folder."""

    folder: Path
    cosigner: Cosigner
    state: CosignerState

    def serve(
        self,
        address: tuple[str, int],
        *,
        prefix: str = "",
        rate: float = RATE,
        tell: Callable[[str], None] | None = None,
    ) -> CosignerServer:
        """Listen; `run` it in this thread, `stop` it from another."""
        self.state.require()
        return CosignerServer(self.state, address, prefix=prefix, limits=Limits(rate=rate), tell=tell)

    def cosign_file(self, request: Path, answer: Path) -> None:
        """File mode: the body of a request in one file, the body of the answer into another.

        A cosigner that stands at another size writes that size as its answer, so that it can be sent back too.

        Raises:
            MalformedRequestError: the file can't be read, or is no request.
            VaultWriteError: the answer could not be written; what was cosigned stays so, and the same request gets 409.
        CosigningError: not cosigned; for OtherSizeError the answer is written, for others it is not.
        """
        try:
            with request.open("rb") as file:
                raw = file.read(REQUEST_LIMIT_BYTES + 1)
        except OSError as why:
            raise MalformedRequestError(f"{request}: {why.strerror}") from why
        try:
            lines = self.state.cosign(raw)
        except OtherSizeError as why:
            with writing_to(answer):
                durable.write_atomically(answer, f"{why.size}\n".encode())
            raise
        with writing_to(answer):
            durable.write_atomically(answer, lines)

    def write_evidence(self, target: Path) -> int:
        """Both signed checkpoints of each piece of evidence into a folder; returns how many files.

        Raises:
            VaultWriteError: it could not be written.
        """
        found = self.state.evidence()
        with writing_to(target):
            durable.make_folder(target)
            for number, each in enumerate(found):
                durable.write_atomically(target / f"{number:03}-known.txt", each.known)
                durable.write_atomically(target / f"{number:03}-request.txt", each.request)
        return 2 * len(found)


@contextlib.contextmanager
def writing_to(where: Path) -> Iterator[None]:
    """What the disk refuses becomes an error that says so.

    Raises:
        VaultWriteError: in place of an OSError.
    """
    try:
        yield
    except OSError as why:
        raise VaultWriteError(where, why.strerror or str(why)) from why


def found_cosigner(folder: Path, name: str, vkeys: Sequence[str] = (), clock: Clock = machine_clock) -> CosignerOffice:
    """A new cosigner in a new or empty folder.

    Raises:
        MalformedNoteError: the name can't be one, or a key is none.
        CosignerStateError: something lies there already.
    """
    require_name(name, "cosigner's name")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CosignerStateError(folder, "a new cosigner needs a new or empty folder")
    try:
        durable.make_folder(folder, mode=0o700)
        os.chmod(folder, 0o700)
        make_state(folder)
        cosigner = make_identity(folder, name, secrets.token_bytes)
    except OSError as why:
        raise CosignerStateError(folder, why.strerror or str(why)) from why
    state = CosignerState(folder, cosigner, clock)
    state.bind()
    if vkeys:
        state.trust(vkeys)
    return CosignerOffice(folder=folder, cosigner=cosigner, state=state)


def open_cosigner(folder: Path, clock: Clock = machine_clock) -> CosignerOffice:
    """The cosigner of a folder.

    Raises:
        CosignerStateError: none stands there, or a part of it is lost.
        LooseKeyFileError: others may read its key.
    """
    cosigner = load_identity(folder)
    state = CosignerState(folder, cosigner, clock)
    state.require()
    return CosignerOffice(folder=folder, cosigner=cosigner, state=state)
