"""Progress of long work, drawn on standard error while somebody watches. `rich` is imported only then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from standfast.cli.output import Output, safe

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Meter:
    """How far one piece of work has come. Draws nothing when nobody watches."""

    def __init__(self, drawn: Progress | None = None, task: TaskID | None = None) -> None:
        """Without arguments: one that draws nothing."""
        self._drawn, self._task = drawn, task

    def at_count(self, done: int, total: int | None, done_bytes: int) -> None:
        """So many things done, of so many if that is known, and so many bytes read for them."""
        if self._drawn is not None and self._task is not None:
            of = f"{done:,} of {total:,}" if total else f"{done:,}"
            amount = f"{of}, {size_in_words(done_bytes)}"
            self._drawn.update(self._task, completed=done, total=total, amount=amount, in_bytes=False)

    def at_bytes(self, done: int, total: int) -> None:
        """So many bytes done of so many."""
        if self._drawn is not None and self._task is not None:
            amount = f"{size_in_words(done)} of {size_in_words(total)}"
            self._drawn.update(self._task, completed=done, total=total, amount=amount, in_bytes=True)


@contextmanager
def progress(output: Output, what: str) -> Iterator[Meter]:
    """Draw a line for `what` while the block runs, with amount, rate and remaining time; it goes when the block ends.

    Args:
        output: nothing is drawn unless its standard error is a terminal, and neither `--json` nor `--quiet` was given.
        what: a few words; names from outside are made safe here.
    """
    if not output.draws:
        yield Meter()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        """Things or bytes a second, by which of the two is counted."""

        def render(self, task: Task) -> Text:
            speed = task.speed or 0.0
            return Text(f"{size_in_words(int(speed))}/s" if task.fields["in_bytes"] else f"{speed:,.0f}/s")

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[amount]}", markup=False),
        Rate(),
        TimeRemainingColumn(compact=True),
    )
    console = Console(file=output.stderr, highlight=False)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as drawn:
        yield Meter(drawn, drawn.add_task(safe(what), total=None, amount="", in_bytes=False))


class Meters:
    """One line of progress at a time, for work that goes from one thing to the next. Use it in a `with`."""

    def __init__(self, output: Output) -> None:
        """Nothing is drawn yet."""
        self._output, self._stack = output, ExitStack()
        self._what, self._meter = "", Meter()

    def __enter__(self) -> Meters:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Take the last line away."""
        self._stack.close()

    def turn_to(self, what: str) -> Meter:
        """The line of this piece of work; another one's goes."""
        if what != self._what:
            self._stack.close()
            self._meter = self._stack.enter_context(progress(self._output, what))
            self._what = what
        return self._meter


def size_in_words(size_bytes: int) -> str:
    """A size for people, in powers of 1,000 as disks are sold.

    Example:
        >>> size_in_words(999), size_in_words(1_500_000)
        ('999 B', '1.5 MB')
    """
    size = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
