"""`fynlo found`: the first restaurant of an installation, and its owner."""

from __future__ import annotations

import asyncio
import sys

import msgspec
import psycopg
import rich_click as click
from argon2 import PasswordHasher
from rich.console import Console

from fynlo.commands.serve import database_option
from fynlo.errors import Invalid
from fynlo.identity.models import PASSWORD_LENGTH, Email
from fynlo.ids import uuid7
from fynlo.restaurants import queries
from fynlo.restaurants.models import NewRestaurant


@click.command()
@click.argument("name")
@click.option("--owner", "email", required=True, help="The owner's e-mail address, with which they sign in.")
@click.option("--owner-name", help="Their name; default: what stands before the @.")
@click.option("--timezone", default="UTC", show_default=True, help="By its IANA name: Europe/London.")
@click.option("--currency", required=True, help="By its ISO 4217 code: GBP.")
@click.option("--password-stdin", is_flag=True, help="Read the owner's password from the standard input.")
@database_option
def found(
    name: str,
    email: str,
    owner_name: str | None,
    timezone: str,
    currency: str,
    password_stdin: bool,
    database_url: str,
) -> None:
    """Add a restaurant with its owner, who then signs in and invites the others (POST /staff).

    Asks for the owner's password. Who is known already by that address keeps theirs.
    """
    try:
        new = msgspec.convert({"name": name, "timezone": timezone, "currency": currency}, NewRestaurant)
        address = msgspec.convert(email.lower(), Email)
    except msgspec.ValidationError as error:
        raise click.ClickException(f"{error}.") from error
    password = sys.stdin.readline().rstrip("\n") if password_stdin else _asked()
    if len(password) < PASSWORD_LENGTH:
        raise click.ClickException(f"The password needs at least {PASSWORD_LENGTH} characters.")
    try:
        restaurant_id = asyncio.run(
            _found(database_url, new, address, owner_name or address.partition("@")[0], password)
        )
    except (psycopg.Error, Invalid) as error:
        raise click.ClickException(str(error).strip()) from error
    Console(highlight=False, soft_wrap=True).print(
        f"{new.name} is restaurant {restaurant_id}, its owner {address}"
    )


def _asked() -> str:
    password: str = click.prompt("The owner's password", hide_input=True, confirmation_prompt=True)
    return password


async def _found(database_url: str, new: NewRestaurant, email: str, name: str, password: str) -> str:
    password_hash = PasswordHasher().hash(password)
    async with (
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn,
        conn.transaction(),
    ):
        await conn.execute("set local role fynlo_owner")
        owner = await queries.person(conn, email, name, password_hash)
        restaurant_id = uuid7()
        await queries.found_restaurant(conn, owner, restaurant_id, new)
    return str(restaurant_id)
