"""Shows which code to confirm in a browser, so that a provider of mail lets this program in."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from standfast.cli.context import Invocation

if TYPE_CHECKING:
    from standfast.imap.oauth import DevicePrompt


def show_code(run: Invocation) -> Callable[[DevicePrompt], None] | None:
    """What shows a code, or None when nobody sits there: then no code is asked for."""
    if run.output.quiet or not sys.stderr.isatty():
        return None

    def show(prompt: DevicePrompt) -> None:
        run.output.note(
            f"open {prompt.url} in a browser within {prompt.valid_s // 60} minutes, "
            f"and enter the code {prompt.user_code}"
        )

    return show
