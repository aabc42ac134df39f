"""What the command brings along."""

import subprocess
import sys


def test_the_command_leaves_prometheus_client_to_the_workers() -> None:
    # on its import it decides whether the figures of several workers are added up
    program = "import sys, fynlo.cli, fynlo.server; print('prometheus_client' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
