"""`fynlo` as a process."""

import os
import re
import subprocess
import sys

WITHIN_S = 90


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "fynlo", *map(str, arguments)]


def run(*arguments: object, input: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end, with nothing of ours in its environment but what is given."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FYNLO_")}
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        input=input,
        timeout=WITHIN_S,
        env={**inherited, **environment},
    )


def said(done: subprocess.CompletedProcess[str]) -> str:
    """An error as a sentence, without the frame it stands in."""
    return " ".join(re.sub("[─│╭╮╰╯]", " ", done.stderr).split())
