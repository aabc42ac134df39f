"""The one table of roles, and the copy of it that people read."""

from pathlib import Path
from typing import get_args

from fynlo.identity.rules import MEANINGS, PERMISSIONS, Permission, Role, table

README = Path(__file__).parents[2] / "README.md"


def test_the_readme_shows_the_table_as_it_is() -> None:
    assert table() in README.read_text()


def test_every_role_and_every_permission_stands_in_it() -> None:
    assert set(PERMISSIONS) == set(get_args(Role))
    assert set(MEANINGS) == set(get_args(Permission))
