"""Where the SQL lies: inside the installed package, or beside it in a source tree."""

from functools import cache
from pathlib import Path


@cache
def sql_directory() -> Path:
    """The `sql/` directory.

    Raises FileNotFoundError where the package was installed without it.
    """
    package = Path(__file__).resolve().parent.parent
    for candidate in (package / "sql", package.parent / "sql"):
        if (candidate / "migrations").is_dir():
            return candidate
    raise FileNotFoundError("fynlo is installed without its sql/ directory; install the published wheel.")
