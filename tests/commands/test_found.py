"""`fynlo found`, as a process: an installation's first restaurant, whose owner can sign in."""

import httpx
import pytest

from tests.serving import ServerProcess

from .command import run, said

PASSWORD = "correct horse battery"
ARGUMENTS = ("found", "Chez Nous", "--owner", "Ada@chez.test", "--currency", "EUR", "--password-stdin")


def test_the_owner_signs_in_and_invites_somebody(database_url: str) -> None:
    done = run(
        *ARGUMENTS, "--timezone", "Europe/Paris", input=f"{PASSWORD}\n", FYNLO_DATABASE_URL=database_url
    )
    assert done.returncode == 0, done.stderr
    assert "Chez Nous is restaurant" in done.stdout
    assert PASSWORD not in done.stdout + done.stderr
    with ServerProcess(database_url) as server:
        server.await_ready()
        with httpx.Client(base_url=f"{server.url}/api/v1") as client:
            login = client.post("/auth/login", json={"email": "ada@chez.test", "password": PASSWORD}).json()
            (place,) = login["restaurants"]
            assert (place["name"], place["role"]) == ("Chez Nous", "owner")
            body = {"restaurant_id": place["id"], "email": "bo@chez.test", "name": "Bo", "role": "cashier"}
            headers = {"authorization": f"Bearer {login['access_token']}"}
            assert client.post("/staff", json=body, headers=headers).status_code == 201


@pytest.mark.parametrize(
    ("wrong", "password", "told"),
    [
        (("--timezone", "Mars/Olympus"), PASSWORD, "no such time zone"),
        (("--currency", "euro"), PASSWORD, "currency"),
        (("--owner", "nobody"), PASSWORD, "matching regex"),
        ((), "short", "at least 10 characters"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_made(
    database_url: str, wrong: tuple[str, ...], password: str, told: str
) -> None:
    done = run(*ARGUMENTS, *wrong, input=f"{password}\n", FYNLO_DATABASE_URL=database_url)
    assert done.returncode == 1
    assert told in said(done)
