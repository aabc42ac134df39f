"""`python -m fynlo` is `fynlo`."""

from fynlo.cli import main

main()
