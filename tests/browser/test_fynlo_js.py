"""fynlo.js and what the kitchen display stands on, in Node, with clock and network turned by hand."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
STATIC = HERE.parent.parent / "fynlo" / "web" / "static"


@pytest.mark.parametrize("script", sorted(HERE.glob("*.test.mjs")), ids=lambda path: path.name)
def test_in_node(script: Path, node: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NODE_")}
    run = subprocess.run(
        [node, "--test", "--test-timeout=20000", "--test-reporter=tap", script],
        capture_output=True,
        text=True,
        timeout=100,
        env=environment,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "\n# pass 0\n" not in run.stdout, "no test ran"


@pytest.mark.parametrize("module", sorted(STATIC.glob("*.js")), ids=lambda path: path.name)
def test_module_parses(module: Path, node: str) -> None:
    subprocess.run([node, "--check", module], check=True, timeout=30)


def test_the_types_hold() -> None:
    """Where TypeScript is installed (`npm i -g typescript`): the JSDoc types, under --strict."""
    tsc = shutil.which("tsc")
    if tsc is None:
        pytest.skip("TypeScript's tsc is not installed")
    options = ("--allowJs", "--checkJs", "--noEmit", "--strict", "--target", "es2022", "--module", "esnext")
    libraries = ("--lib", "es2022,dom,dom.iterable")
    run = subprocess.run(
        [tsc, *options, *libraries, *STATIC.glob("*.js")], capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stdout
