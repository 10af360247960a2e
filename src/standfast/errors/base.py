"""The root of every deliberate error, and how one is shown to a person or to a machine."""

from __future__ import annotations

from typing import ClassVar


class StandfastError(Exception):
    """Root of every deliberate error. Each leaf fixes a code, an exit status and a next step.

    A code and an exit status are never reused. `next_step` may name attributes of the instance in
    braces; it tells what a person can do now, as a command where there is one.
    """

    code: ClassVar[str]
    exit_status: ClassVar[int]
    next_step: ClassVar[str]

    def for_person(self) -> str:
        """Three lines for a terminal or a page: what happened, what to do, what to quote."""
        return f"error: {self}\nnext:  {self.step()}\ncode:  {self.code}"

    def for_machine(self) -> dict[str, object]:
        """The value of the `error` member that `--json` prints."""
        return {"code": self.code, "message": str(self), "next_step": self.step(), "exit_status": self.exit_status}

    def step(self) -> str:
        """The next step with this error's own values filled in."""
        return self.next_step.format_map(vars(self))
