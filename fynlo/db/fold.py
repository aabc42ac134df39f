"""Folding: the flat rows of a JOIN back into the things they are about."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Row = TypeVar("Row")
Key = TypeVar("Key")


def grouped(rows: Iterable[Row], key: Callable[[Row], Key]) -> Iterator[tuple[Key, list[Row]]]:
    """Runs of rows with the same key, in the order they came; a key that comes back raises ValueError.

    Unlike itertools.groupby it hands out lists, and refuses rows that the query forgot to sort.
    """
    seen: set[Key] = set()
    run: list[Row] = []
    current: Key | None = None
    for row in rows:
        row_key = key(row)
        if run and row_key == current:
            run.append(row)
            continue
        if run:
            assert current is not None
            yield current, run
        if row_key in seen:
            raise ValueError(f"rows of {row_key!r} do not stand together: the query lacks its ORDER BY")
        seen.add(row_key)
        current, run = row_key, [row]
    if run:
        assert current is not None
        yield current, run
