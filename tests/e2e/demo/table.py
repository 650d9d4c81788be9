"""The rows as they came out, aligned."""

import sys

HEADINGS = ["tenant", "model", "asked", "status", "cloud", "target", "attempts", "why"]
COLORS = {True: "\033[32m", False: "\033[31m"}


class Table:
    """Prints each row when it is known; the widths follow from the rows that are to come."""

    def __init__(self, rows):
        cells = [[row.tenant, row.model, row.shown, "", "azure", row.target, tries(row.tried), ""] for row in rows]
        self.widths = [max(map(len, column)) for column in zip(HEADINGS, *cells)]
        self.colored = sys.stdout.isatty()
        self.line(HEADINGS)
        self.line(["─" * width for width in self.widths])

    def row(self, row, answer, right):
        status = f"{answer.status:<{self.widths[3]}}"
        if self.colored:
            status = f"{COLORS[right]}{status}\033[0m"
        why = row.why
        if why.endswith(":"):
            why = f"{why} {answer.error.get('message', answer.text)}"
        served = [answer.cloud or "–", answer.target or "–", tries(answer.tried)]
        self.line([row.tenant, row.model, row.shown, status, *served, why])

    def line(self, cells):
        padded = [f"{cell:<{width}}" for cell, width in zip(cells, self.widths)]
        print("  ".join(padded).rstrip(), flush=True)


def tries(clouds):
    return f"{len(clouds)}  {' → '.join(clouds)}" if clouds else "–"
