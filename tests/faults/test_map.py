"""The list of faults in this package names tests that there are, and all of them."""

import re
from pathlib import Path

from tests import faults

HERE = Path(__file__).parent
NAMED = re.compile(r"\b(live/)?([a-z_]+)\.([a-z0-9_]{8,})\b")


def names_in(path: Path) -> set[str]:
    return set(re.findall(r"^(?:async )?def test_(\w+)", path.read_text(), re.MULTILINE))


def test_every_test_that_the_list_names_exists() -> None:
    for folder, module, name in NAMED.findall(faults.__doc__ or ""):
        path = (HERE.parent / "live" if folder else HERE) / f"test_{module}.py"
        assert name in names_in(path), f"{path.name} has no test_{name}"


def test_the_list_names_every_fault_that_is_tested_here() -> None:
    named = {(module, name) for folder, module, name in NAMED.findall(faults.__doc__ or "") if not folder}
    for path in HERE.glob("test_*.py"):
        if path.name != Path(__file__).name and not path.name.startswith("test_webhook"):
            for name in names_in(path):
                assert (path.stem.removeprefix("test_"), name) in named, f"test_{name} is missing in the list"


def test_every_fault_has_a_control() -> None:
    _, *listed = (faults.__doc__ or "").split("\n\n")
    told = [entry for entry in listed if NAMED.search(entry) and not entry.startswith("For every fault")]
    assert len(told) > 12
    for entry in told:
        assert "\n    control: " in entry, entry.splitlines()[0]
