"""Tables on the terminal, and the same as plain lines where the output goes elsewhere."""

from collections.abc import Sequence
from typing import Literal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from edgevision.record import record


@record
class TextTable:
    """Rows of text below `headers`; the columns named in `numbers` are set to the right.

    `wide` is a column that a narrow terminal does without.
    """

    title: str
    headers: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    numbers: frozenset[str] = frozenset()
    wide: str | None = None

    def lines(self) -> list[str]:
        """The table as lines, each column as wide as its longest entry."""
        rows = [self.headers, *self.rows]
        widths = [max(len(row[column]) for row in rows) for column in range(len(self.headers))]
        return [f"{self.title}:"] + [
            "  "
            + "  ".join(
                entry.rjust(width) if header in self.numbers else entry.ljust(width)
                for header, entry, width in zip(self.headers, row, widths, strict=True)
            ).rstrip()
            for row in rows
        ]

    def draw(self, columns: int) -> Table:
        """The table for a terminal of that many columns; the text is shown as it is, without rich's markup."""
        shown = [
            column for column, header in enumerate(self.headers) if header != self.wide or columns >= WIDE_TERMINAL
        ]
        table = Table(title=self.title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, show_edge=False)
        for column in shown:
            justify: Literal["left", "right"] = "right" if self.headers[column] in self.numbers else "left"
            table.add_column(self.headers[column], justify=justify, overflow="fold")
        for row in self.rows:
            table.add_row(*(Text(row[column]) for column in shown))
        return table


WIDE_TERMINAL = 120
"""Columns from which on there is room for names."""


def show_facts(console: Console, facts: Sequence[tuple[str, str]]) -> None:
    """Lines of `name  fact`; on a terminal long facts are folded below themselves."""
    width = max(len(name) for name, _ in facts)
    if not console.is_terminal:
        for name, fact in facts:
            print(f"{name:{width}}  {fact}")
        return
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, fact in facts:
        grid.add_row(name, Text(fact))
    console.print(grid)


def show_table(console: Console, table: TextTable) -> None:
    """The table as the output takes it."""
    if console.is_terminal:
        console.print("", table.draw(console.width), sep="\n")
    else:
        print("\n".join(["", *table.lines()]))


def printable(text: str) -> str:
    """The text without what could move the cursor."""
    return "".join(character if character.isprintable() else "?" for character in text)
