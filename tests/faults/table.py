"""Print the table of all results: `python -m tests.faults.table`."""

from __future__ import annotations

import sys

from tests.faults import ledger

if __name__ == "__main__":
    sys.stdout.write(ledger.table(ledger.results()) + "\n")
