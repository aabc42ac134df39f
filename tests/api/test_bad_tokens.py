"""No bad token opens anything, over REST or over a socket, whoever is said to have signed it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from fynlo.demo.data import PIZZERIA
from fynlo.settings import DEVELOPMENT_SECRET
from tests.serving import ServerProcess

from .bad_tokens import CORPUS, ELLIPTIC, EXTERNAL, MODES, OWN, RSA, SHARED, Bad, Forge, Keys
from .house import Database, Person, refused
from .issuers import (
    ISSUER,
    SECRET,
    KeyServer,
    Mint,
    by_key,
    by_secret,
    by_shared_secret,
    external_claims,
    public_jwk,
)

CODES = {"token_invalid", "token_expired", "session_ended", "unauthorized"}
PATIENCE_S = 30.0
SUB = uuid4()


class Court:
    """A server for each way to sign, the good tokens of each, and a server of the attacker's."""

    def __init__(
        self, servers: dict[str, ServerProcess], forges: dict[str, Forge], attacker: KeyServer
    ) -> None:
        self.forges = forges
        self.attacker = attacker
        self._servers = servers
        self._clients = {mode: httpx.AsyncClient(timeout=PATIENCE_S) for mode in MODES}

    async def rest(self, mode: str, token: str | bytes, path: str = "/auth/me") -> httpx.Response:
        header = b"Bearer " + (token.encode() if isinstance(token, str) else token)
        return await self._clients[mode].get(
            f"{self._servers[mode].url}/api/v1{path}", headers={b"authorization": header}
        )

    async def socket(self, mode: str, token: str | bytes, kind: str) -> tuple[int, dict[str, Any]]:
        """The code that it closes with (0: it stays) and the first message."""
        text = token.decode("latin-1") if isinstance(token, bytes) else token
        address = self._servers[mode].url.replace("http", "ws", 1)
        async with connect(f"{address}/api/v1/websocket/ws/{kind}/{PIZZERIA.id}") as socket:
            await socket.send(json.dumps({"type": "authenticate", "token": text}))
            async with asyncio.timeout(PATIENCE_S):
                first = json.loads(await socket.recv())
                if first["type"] == "authenticated":
                    return 0, first
                try:
                    await socket.recv()
                except ConnectionClosed as closed:
                    return closed.rcvd.code if closed.rcvd else -1, first
        raise AssertionError(f"after {first} came another message")

    async def close(self) -> None:
        for client in self._clients.values():
            await client.aclose()


@pytest.fixture(scope="module")
def keys() -> Keys:
    return Keys()


@pytest.fixture(scope="module")
def attacker(keys: Keys) -> Iterator[KeyServer]:
    with KeyServer(
        public_jwk(keys.theirs, "attacker"), public_jwk(keys.theirs_rsa, "attacker-rsa")
    ) as server:
        yield server


@pytest.fixture(scope="module")
def published(keys: Keys) -> Iterator[KeyServer]:
    """Two good keys, among some that nobody should use."""
    with KeyServer(
        {"kty": "oct", "kid": "oct", "k": "c2VjcmV0", "alg": "HS256"},
        keys.weak.public_jwk("weak", alg="RS256", use="sig"),
        public_jwk(keys.short, "short"),
        public_jwk(keys.p384, "p384"),
        public_jwk(keys.for_encryption, "enc", use="enc"),
        public_jwk(keys.for_signing, "sign-only", key_ops=["sign"]),
        public_jwk(keys.elliptic, "mislabelled", alg="RS256"),
        {**public_jwk(keys.rsa, "exponent-one"), "e": "AQ"},
        public_jwk(keys.elliptic, "elliptic", alg="ES256", use="sig", key_ops=["verify"]),
        public_jwk(keys.rsa, "rsa", alg="RS256", use="sig"),
    ) as server:
        yield server


@pytest.fixture(scope="module")
async def court(
    module_seeded_url: str, database: Database, keys: Keys, published: KeyServer, attacker: KeyServer
) -> AsyncIterator[Court]:
    database.run(
        "with person as (insert into users (supabase_id, name) values (%s, 'Noor') returning id)"
        " insert into memberships (restaurant_id, user_id, role) select %s, id, 'server' from person",
        SUB,
        PIZZERIA.id,
    )
    with (
        ServerProcess(
            module_seeded_url, FYNLO_SUPABASE_ISSUER=ISSUER, FYNLO_SUPABASE_SECRET=SECRET
        ) as by_the_secret,
        ServerProcess(
            module_seeded_url, FYNLO_SUPABASE_ISSUER=ISSUER, FYNLO_SUPABASE_JWKS_URL=published.url
        ) as by_its_keys,
    ):
        by_the_secret.await_ready()
        by_its_keys.await_ready()
        servers = {OWN: by_the_secret, SHARED: by_the_secret, ELLIPTIC: by_its_keys, RSA: by_its_keys}
        person = await Person.sign_in(by_the_secret.url, "server@demo.fynlo.test")
        manager = await Person.sign_in(by_the_secret.url, "manager@demo.fynlo.test")
        assert person.signed_in is not None
        assert manager.signed_in is not None
        claims = jwt.decode(person.signed_in.access_token, options={"verify_signature": False})
        mints = {
            OWN: Mint("HS256", by_secret(DEVELOPMENT_SECRET), claims),
            SHARED: by_shared_secret(SUB),
            ELLIPTIC: Mint("ES256", by_key("ES256", keys.elliptic), external_claims(SUB), "elliptic"),
            RSA: Mint("RS256", by_key("RS256", keys.rsa), external_claims(SUB), "rsa"),
        }
        forges = {
            mode: Forge(
                mode,
                mint,
                keys,
                manager.signed_in.access_token if mode == OWN else mint.saying(sub=str(uuid4())),
                person.signed_in.refresh_token,
                attacker.url,
            )
            for mode, mint in mints.items()
        }
        there = Court(servers, forges, attacker)
        try:
            yield there
        finally:
            await there.close()
            for somebody in (person, manager):
                await somebody.client.aclose()


@pytest.mark.parametrize(
    ("mode", "bad"),
    [
        pytest.param(mode, bad, id=f"{mode}: {bad.name}")
        for mode in MODES
        for bad in CORPUS
        if mode in bad.modes
    ],
)
async def test_a_bad_token_opens_nothing(court: Court, mode: str, bad: Bad) -> None:
    token = bad.make(court.forges[mode])
    answer, *sockets = await asyncio.gather(
        court.rest(mode, token), court.socket(mode, token, "pos"), court.socket(mode, token, "kitchen")
    )
    assert answer.status_code == 401, answer.text
    assert refused(answer, 401, answer.json()["code"]).code in CODES
    assert answer.headers["www-authenticate"].startswith("Bearer")
    for code, said in sockets:
        assert (code, said["type"]) == (4003, "auth_error"), said
        assert said["code"] in CODES
    assert court.attacker.asked == 0


@pytest.mark.parametrize("mode", MODES)
async def test_a_good_token_of_each_kind_opens_what_it_is_for(court: Court, mode: str) -> None:
    mint = court.forges[mode].mint
    good = [mint.token(), mint.token(), mint.saying(iat=mint.claims["iat"] + 3), mint.saying(more={"a": [1]})]
    good.append(
        mint.token({"alg": mint.header["alg"], **{k: v for k, v in mint.header.items() if k == "kid"}})
    )
    if mode in EXTERNAL:
        good += [
            mint.saying(aud=["others", "authenticated"]),
            mint.silent("session_id"),
            mint.saying(nbf=mint.claims["iat"]),
        ]
    for token in good:
        answer = await court.rest(mode, token)
        assert answer.status_code == 200, answer.text
        menu = await court.rest(mode, token, f"/menu?restaurant_id={PIZZERIA.id}")
        assert menu.status_code == 200, menu.text
        for kind in ("pos", "kitchen"):
            code, said = await court.socket(mode, token, kind)
            assert (code, said["type"]) == (0, "authenticated"), said


def test_the_corpus_is_large_and_each_of_it_is_another() -> None:
    names = [bad.name for bad in CORPUS]
    assert len(set(names)) == len(names) >= 200


async def test_no_token_at_all_and_more_than_a_server_reads(court: Court) -> None:
    code, said = await court.socket(OWN, "", "pos")
    assert (code, said["type"]) == (4003, "auth_error")
    try:
        answer = await court.rest(OWN, "x" * 1_048_576)
    except httpx.TransportError:
        return  # cut off while it was sent
    assert answer.status_code in (400, 401, 413, 431)
    assert (await court.rest(OWN, court.forges[OWN].mint.token())).status_code == 200
