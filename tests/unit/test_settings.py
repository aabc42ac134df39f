"""Settings say which variable is wrong, and what it takes."""

import pytest

from fynlo.settings import DEVELOPMENT_SECRET, SettingsError, from_environment

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


ISSUER = {"FYNLO_SUPABASE_ISSUER": "https://project.supabase.test/auth/v1"}
SECRET = {"FYNLO_SUPABASE_SECRET": "x" * 40}
KEYS = {"FYNLO_SUPABASE_JWKS_URL": "https://project.supabase.test/auth/v1/.well-known/jwks.json"}


def test_an_external_issuer_has_a_secret_or_published_keys() -> None:
    assert from_environment(ENOUGH).supabase is None
    shared = from_environment({**ENOUGH, **ISSUER, **SECRET}).supabase
    assert shared is not None
    assert (shared.audience, shared.secret, shared.jwks_url) == ("authenticated", "x" * 40, "")
    published = from_environment({**ENOUGH, **ISSUER, **KEYS, "FYNLO_SUPABASE_AUDIENCE": "tills"}).supabase
    assert published is not None
    assert (published.audience, published.secret) == ("tills", "")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (ISSUER, "FYNLO_SUPABASE_SECRET and FYNLO_SUPABASE_JWKS_URL are neither set"),
        (ISSUER | SECRET | KEYS, "FYNLO_SUPABASE_SECRET and FYNLO_SUPABASE_JWKS_URL are both set"),
        (SECRET, "FYNLO_SUPABASE_ISSUER is not set"),
        (KEYS, "FYNLO_SUPABASE_ISSUER is not set"),
        ({"FYNLO_SUPABASE_AUDIENCE": "x"}, "FYNLO_SUPABASE_ISSUER is not set"),
        ({"FYNLO_SUPABASE_ISSUER": "fynlo"} | SECRET, "FYNLO_SUPABASE_ISSUER is fynlo"),
        (ISSUER | {"FYNLO_SUPABASE_SECRET": "short"}, "FYNLO_SUPABASE_SECRET must be at least 32 bytes"),
        (ISSUER | {"FYNLO_SUPABASE_SECRET": DEVELOPMENT_SECRET}, "FYNLO_SUPABASE_SECRET is FYNLO_SECRET"),
        (ISSUER | {"FYNLO_SUPABASE_SECRET": "-----BEGIN PUBLIC KEY-----" + "x" * 9}, "is a key in PEM"),
        (
            ISSUER | {"FYNLO_SUPABASE_JWKS_URL": "ftp://x.test/keys"},
            "FYNLO_SUPABASE_JWKS_URL must begin with",
        ),
        (ISSUER | {"FYNLO_SUPABASE_JWKS_URL": "https:///keys"}, "FYNLO_SUPABASE_JWKS_URL names no host"),
    ],
)
def test_an_external_issuer_that_cannot_be_used_is_named(given: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        from_environment({**ENOUGH, **given})


def test_keys_come_over_https_in_production() -> None:
    serious = {**ENOUGH, "FYNLO_DEVELOPMENT": "0", "FYNLO_SECRET": "y" * 40, **ISSUER}
    assert from_environment({**serious, **KEYS}).supabase is not None
    plain = {"FYNLO_SUPABASE_JWKS_URL": "http://project.supabase.test/keys"}
    with pytest.raises(SettingsError, match="must begin with https://, not http://"):
        from_environment({**serious, **plain})
    assert from_environment({**ENOUGH, **ISSUER, **plain}).supabase is not None
