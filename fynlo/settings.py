"""Settings: one frozen Struct read from the environment and checked once; errors name the variable."""

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, TypeVar
from urllib.parse import urlsplit

import msgspec

from fynlo import origins, proxies
from fynlo.proxies import Network

DEVELOPMENT_SECRET = "fynlo-development-secret-not-for-production"  # noqa: S105

LogFormat = Literal["console", "json"]
Notify = Literal["trigger", "coalesced"]

T = TypeVar("T")


class SettingsError(ValueError):
    """A variable is missing or cannot be used; the text names it and says what it takes."""


class Supabase(msgspec.Struct, frozen=True):
    """An external issuer: the `iss` and `aud` of its tokens, and either its secret or where its keys are."""

    issuer: str
    audience: str
    secret: str = ""
    jwks_url: str = ""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that differs between two installations. The README has the table."""

    database_url: str
    listen_url: str
    redis_url: str | None = None
    secret: str = DEVELOPMENT_SECRET
    supabase: Supabase | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    pool_size: int = 8
    allowed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    log_format: LogFormat = "console"
    log_level: str = "info"
    access_token_s: int = 900
    refresh_token_s: int = 30 * 86_400
    device_token_s: int = 180 * 86_400
    pairing_interval_s: int = 5
    body_limit: int = 1_048_576
    body_within_s: float = 30.0
    max_in_flight: int = 512
    requests_per_person: int = 1_000
    requests_per_restaurant: int = 5_000
    requests_per_address: int = 100
    drain_s: float = 5.0
    max_sockets_per_user: int = 1_000
    max_sockets_per_restaurant: int = 2_000
    max_unauthenticated_sockets: int = 1_000
    screens_refresh_s: int = 3
    stale_screen_s: int = 10
    menu_cache: bool = True
    replay_days: int = 7
    keep_events_months: int = 13
    notify: Notify = "trigger"
    webhooks: bool = True
    webhook_private_addresses: bool = False
    development: bool = False


def from_environment(environ: Mapping[str, str] | None = None) -> Settings:
    """Read `FYNLO_*`.

    Raises SettingsError, naming the variable, where one is missing or cannot be used.
    """
    env = os.environ if environ is None else environ
    development = _flag(env, "FYNLO_DEVELOPMENT")
    database_url = env.get("FYNLO_DATABASE_URL", "")
    if not database_url:
        raise SettingsError(
            "FYNLO_DATABASE_URL is not set. Give the Postgres to use, e.g. "
            "postgresql://fynlo:password@db.example/fynlo, or run `fynlo dev`, which brings its own."
        )
    _check_url("FYNLO_DATABASE_URL", database_url, ("postgresql", "postgres"))
    listen_url = env.get("FYNLO_LISTEN_URL") or database_url
    _check_url("FYNLO_LISTEN_URL", listen_url, ("postgresql", "postgres"))
    redis_url = env.get("FYNLO_REDIS_URL") or None
    if redis_url:
        _check_url("FYNLO_REDIS_URL", redis_url, ("redis", "rediss", "unix"))
    secret = env.get("FYNLO_SECRET") or (DEVELOPMENT_SECRET if development else "")
    if len(secret.encode()) < 32:
        raise SettingsError(
            f"FYNLO_SECRET {'must be at least 32 bytes' if secret else 'is not set'}; make one with "
            "`python3 -c 'import secrets; print(secrets.token_urlsafe(48))'`."
        )
    if secret == DEVELOPMENT_SECRET and not development:
        raise SettingsError("FYNLO_SECRET is the development secret, which everybody knows. Choose your own.")
    log_format = env.get("FYNLO_LOG_FORMAT", "console" if development else "json")
    if log_format not in ("console", "json"):
        raise SettingsError(f"FYNLO_LOG_FORMAT must be console or json, not {log_format!r}.")
    log_level = env.get("FYNLO_LOG_LEVEL", "info").lower()
    if log_level not in ("debug", "info", "warning", "error"):
        raise SettingsError(f"FYNLO_LOG_LEVEL must be debug, info, warning or error, not {log_level!r}.")
    replay_days, keep_events_months = retention(env)
    notify = env.get("FYNLO_NOTIFY") or "trigger"
    if notify not in ("trigger", "coalesced"):
        raise SettingsError(f"FYNLO_NOTIFY must be trigger or coalesced, not {notify!r}.")
    return Settings(
        database_url=database_url,
        listen_url=listen_url,
        redis_url=redis_url,
        secret=secret,
        supabase=_supabase(env, secret, development=development),
        host=env.get("FYNLO_HOST", "127.0.0.1"),
        port=_whole(env, "FYNLO_PORT", 8000, 1, 65_535),
        workers=_whole(env, "FYNLO_WORKERS", 1, 1, 256),
        pool_size=_whole(env, "FYNLO_POOL_SIZE", 8, 1, 500),
        allowed_origins=_list(env, "FYNLO_ALLOWED_ORIGINS", origins.exact),
        trusted_proxies=_list(env, "FYNLO_TRUSTED_PROXIES", proxies.networks),
        log_format="json" if log_format == "json" else "console",
        log_level=log_level,
        access_token_s=_whole(env, "FYNLO_ACCESS_TOKEN_S", 900, 5, 86_400),
        refresh_token_s=_whole(env, "FYNLO_REFRESH_TOKEN_S", 30 * 86_400, 60, 400 * 86_400),
        pairing_interval_s=_whole(env, "FYNLO_PAIRING_INTERVAL_S", 5, 1, 60),
        device_token_s=_whole(env, "FYNLO_DEVICE_TOKEN_S", 180 * 86_400, 60, 800 * 86_400),
        body_limit=_whole(env, "FYNLO_BODY_LIMIT", 1_048_576, 1_024, 104_857_600),
        body_within_s=float(_whole(env, "FYNLO_BODY_WITHIN_S", 30, 1, 3_600)),
        max_in_flight=_whole(env, "FYNLO_MAX_IN_FLIGHT", 512, 1, 100_000),
        requests_per_person=_whole(env, "FYNLO_REQUESTS_PER_PERSON", 1_000, 1, 1_000_000),
        requests_per_restaurant=_whole(env, "FYNLO_REQUESTS_PER_RESTAURANT", 5_000, 1, 1_000_000),
        requests_per_address=_whole(env, "FYNLO_REQUESTS_PER_ADDRESS", 100, 1, 1_000_000),
        max_sockets_per_user=_whole(env, "FYNLO_MAX_SOCKETS_PER_USER", 1_000, 1, 1_000_000),
        max_sockets_per_restaurant=_whole(env, "FYNLO_MAX_SOCKETS_PER_RESTAURANT", 2_000, 1, 1_000_000),
        max_unauthenticated_sockets=_whole(env, "FYNLO_MAX_UNAUTHENTICATED_SOCKETS", 1_000, 1, 1_000_000),
        drain_s=float(_whole(env, "FYNLO_DRAIN_S", 5, 1, 300)),
        screens_refresh_s=_whole(env, "FYNLO_SCREENS_REFRESH_S", 3, 1, 60),
        stale_screen_s=_whole(env, "FYNLO_STALE_SCREEN_S", 10, 1, 3_600),
        menu_cache=_flag(env, "FYNLO_MENU_CACHE", default=True),
        replay_days=replay_days,
        keep_events_months=keep_events_months,
        notify="coalesced" if notify == "coalesced" else "trigger",
        webhooks=_flag(env, "FYNLO_WEBHOOKS", default=True),
        webhook_private_addresses=_flag(env, "FYNLO_WEBHOOK_PRIVATE_ADDRESSES", default=development),
        development=development,
    )


def _supabase(env: Mapping[str, str], own_secret: str, *, development: bool) -> Supabase | None:
    names = ("FYNLO_SUPABASE_ISSUER", "FYNLO_SUPABASE_SECRET", "FYNLO_SUPABASE_JWKS_URL")
    issuer, secret, jwks_url = (env.get(name) or "" for name in names)
    audience = env.get("FYNLO_SUPABASE_AUDIENCE") or "authenticated"
    if not issuer:
        if secret or jwks_url or env.get("FYNLO_SUPABASE_AUDIENCE"):
            raise SettingsError(
                "FYNLO_SUPABASE_ISSUER is not set. Give the `iss` of the tokens exactly, e.g. "
                "https://project.supabase.co/auth/v1."
            )
        return None
    if issuer == "fynlo":
        raise SettingsError(
            "FYNLO_SUPABASE_ISSUER is fynlo, which is the issuer of this server's own tokens."
        )
    if bool(secret) == bool(jwks_url):
        raise SettingsError(
            f"FYNLO_SUPABASE_SECRET and FYNLO_SUPABASE_JWKS_URL are {'both' if secret else 'neither'} set. Give "
            "the secret where the project signs with HS256, or the address of its keys where it signs with "
            "ES256 or RS256."
        )
    if secret:
        if len(secret.encode()) < 32:
            raise SettingsError("FYNLO_SUPABASE_SECRET must be at least 32 bytes.")
        if secret == own_secret:
            raise SettingsError(
                "FYNLO_SUPABASE_SECRET is FYNLO_SECRET: who knows one could make the tokens of both."
            )
        if "-----BEGIN" in secret:
            raise SettingsError(
                "FYNLO_SUPABASE_SECRET is a key in PEM; give FYNLO_SUPABASE_JWKS_URL instead."
            )
    else:
        _check_url("FYNLO_SUPABASE_JWKS_URL", jwks_url, ("https", "http") if development else ("https",))
        if not urlsplit(jwks_url).hostname:
            raise SettingsError("FYNLO_SUPABASE_JWKS_URL names no host.")
    return Supabase(issuer, audience, secret, jwks_url)


def retention(env: Mapping[str, str]) -> tuple[int, int]:
    """How many days back screens may replay, and how many months events are kept.

    Raises SettingsError.
    """
    days = _whole(env, "FYNLO_REPLAY_DAYS", 7, 1, 400)
    months = _whole(env, "FYNLO_KEEP_EVENTS_MONTHS", 13, 1, 1_200)
    if days > months * 28:
        raise SettingsError(
            f"FYNLO_REPLAY_DAYS is {days}, but FYNLO_KEEP_EVENTS_MONTHS keeps events for {months} months only."
        )
    return days, months


def _whole(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = env.get(name)
    if not text:
        return default
    try:
        value = int(text)
    except ValueError:
        raise SettingsError(f"{name} must be a whole number, not {text!r}.") from None
    if not low <= value <= high:
        raise SettingsError(f"{name} must be between {low} and {high}, not {value}.")
    return value


def _list(env: Mapping[str, str], name: str, read: Callable[[Iterable[str]], tuple[T, ...]]) -> tuple[T, ...]:
    try:
        return read([part.strip() for part in env.get(name, "").split(",") if part.strip()])
    except ValueError as exc:
        raise SettingsError(f"{name}: {exc}.") from None


def _flag(env: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    text = env.get(name, "").lower()
    if text not in ("", "0", "1", "false", "true"):
        raise SettingsError(f"{name} must be 1 or 0, not {text!r}.")
    return text in ("1", "true") if text else default


def _check_url(name: str, url: str, schemes: tuple[str, ...]) -> None:
    scheme = urlsplit(url).scheme
    if scheme not in schemes:
        raise SettingsError(f"{name} must begin with {schemes[0]}://, not {scheme or 'nothing'}://.")
