"""The examples of a README, as programs for the server under test."""

import re
from pathlib import Path

WRITTEN_FOR = "http://127.0.0.1:8000"


def examples(readme: Path, language: str, url: str) -> dict[str, str]:
    """Every block of this language, with the server's address, by the heading it stands under."""
    found: dict[str, str] = {}
    for section in re.split(r"^## ", readme.read_text(), flags=re.MULTILINE)[1:]:
        heading = section.partition("\n")[0]
        for block in re.findall(rf"^```{language}\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL):
            assert heading not in found, f"two examples under {heading!r}"
            found[heading] = block.replace(WRITTEN_FOR, url)
    return found
