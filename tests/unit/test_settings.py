"""Settings say which variable is wrong, and what it takes."""

import pytest

from fynlo.settings import SettingsError, from_environment

ENOUGH = {"FYNLO_DATABASE_URL": "postgresql://db.example/fynlo", "FYNLO_DEVELOPMENT": "1"}


@pytest.mark.parametrize(
    ("given", "mode"),
    [({}, "trigger"), ({"FYNLO_NOTIFY": ""}, "trigger"), ({"FYNLO_NOTIFY": "coalesced"}, "coalesced")],
)
def test_the_trigger_notifies_unless_it_is_told_otherwise(given: dict[str, str], mode: str) -> None:
    assert from_environment({**ENOUGH, **given}).notify == mode


def test_a_way_to_notify_that_does_not_exist_is_named() -> None:
    with pytest.raises(SettingsError, match="FYNLO_NOTIFY must be trigger or coalesced, not 'both'"):
        from_environment({**ENOUGH, "FYNLO_NOTIFY": "both"})
