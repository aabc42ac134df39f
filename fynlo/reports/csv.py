"""Reports as CSV (RFC 4180): a header, then a row for each group; amounts in minor units of `currency`. Pure."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

MEDIA = "text/csv"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def table(rows: Sequence[Struct], kind: type[Struct], currency: str) -> bytes:
    """The rows, all of this kind, in UTF-8. Text that a spreadsheet would take for a formula gets a `'` before it."""
    names = [field.encode_name for field in msgspec.structs.fields(kind)]
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow([*names, "currency"])
    for row in rows:
        writer.writerow([*[_cell(value) for value in msgspec.structs.astuple(row)], currency])
    return written.getvalue().encode()


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
