"""The client needs nothing of the server: it is what an integrator installs."""

import subprocess
import sys


def test_the_client_loads_nothing_else_of_fynlo() -> None:
    script = (
        "import sys, fynlo.client, fynlo.client.ledger; print(*sorted(n for n in sys.modules"
        " if n.partition('.')[0] in ('fynlo', 'psycopg', 'litestar', 'redis', 'granian')))"
    )
    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    others = [
        name
        for name in loaded.stdout.split()
        if name != "fynlo" and name != "fynlo.client" and not name.startswith("fynlo.client.")
    ]
    assert others == []
    assert "fynlo.client.feed" in loaded.stdout
