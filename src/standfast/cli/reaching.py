"""Options that say what a place on another machine is reached with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from standfast.assembly.destinations import Reach

F = TypeVar("F", bound=Callable[..., Any])
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


def reach_options(function: F) -> F:
    """Add `--endpoint`, `--region`, `--credentials`, `--key-file` and `--host-key`, in this order."""
    for option in reversed(
        (
            click.option("--endpoint", default="", metavar="URL", help="S3: the store's address."),
            click.option("--region", default="", metavar="NAME", help="S3: the store's region."),
            click.option(
                "--credentials",
                type=_FILE,
                metavar="FILE",
                help="S3: a file with aws_access_key_id and aws_secret_access_key. Without it, the environment.",
            ),
            click.option("--key-file", type=_FILE, metavar="FILE", help="SFTP: a private key without a passphrase."),
            click.option(
                "--host-key", default="", metavar="KEY", help="SFTP: the host's public key, or its fingerprint SHA256:…"
            ),
        )
    ):
        function = option(function)
    return function


def reach_from(endpoint: str, region: str, credentials: Path | None, key_file: Path | None, host_key: str) -> Reach:
    """What these options say."""
    from standfast.assembly.destinations import Reach

    return Reach(endpoint=endpoint, region=region, credentials_file=credentials, key_file=key_file, host_key=host_key)
