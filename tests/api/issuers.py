"""An external issuer: its keys, a server that publishes them, and tokens of any form that it would never make."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from uuid import UUID, uuid4

import jwt.algorithms
from cryptography.hazmat.primitives.asymmetric import ec, rsa

ISSUER = "https://project.supabase.test/auth/v1"
SECRET = "the-secret-that-the-project-and-we-share"

Json = dict[str, Any]
Sign = Callable[[bytes], bytes]


def part(value: Any) -> str:
    """A part of a token: JSON, or bytes as they are."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def by_secret(secret: str | bytes, hashed: str = "sha256") -> Sign:
    key = secret.encode() if isinstance(secret, str) else secret
    return lambda text: hmac.new(key, text, hashed).digest()


def by_key(algorithm: str, key: Any) -> Sign:
    """As PyJWT signs."""
    found = jwt.algorithms.get_default_algorithms()[algorithm]
    return lambda text: found.sign(text, key)


def elliptic(curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve or ec.SECP256R1())


def rsa_key(bits: int = 2_048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65_537, bits)


def public_jwk(key: Any, kid: str, **more: Any) -> Json:
    """The public half, as an issuer publishes it."""
    kind: Any = (
        jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    )
    published: Json = kind.to_jwk(key.public_key(), as_dict=True)
    published.pop("key_ops", None)
    return {**published, "kid": kid, **more}


def number(value: int) -> str:
    return part(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class WeakKey:
    """RSA with a modulus of 512 bits, which anybody factors, by hand: libraries refuse to."""

    def __init__(self) -> None:
        while True:
            try:
                self.n, self.e, self.d = self._made()
                return
            except ValueError:
                continue  # e divides p-1 or q-1

    @staticmethod
    def _made() -> tuple[int, int, int]:
        numbers = rsa_key(1_024).private_numbers()
        p, q = _prime_near(numbers.p >> 256), _prime_near(numbers.q >> 256)
        return p * q, 65_537, pow(65_537, -1, (p - 1) * (q - 1))

    def sign(self, text: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 8.2)."""
        size = (self.n.bit_length() + 7) // 8
        told = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(text).digest()
        padded = b"\0\1" + b"\xff" * (size - len(told) - 3) + b"\0" + told
        return pow(int.from_bytes(padded, "big"), self.d, self.n).to_bytes(size, "big")

    def public_jwk(self, kid: str, **more: Any) -> Json:
        return {"kty": "RSA", "kid": kid, "n": number(self.n), "e": number(self.e), **more}


def _prime_near(start: int) -> int:
    candidate = start | 1
    while any(pow(base, candidate - 1, candidate) != 1 for base in (2, 3, 5, 7)):
        candidate += 2
    return candidate


class KeyServer:
    """Publishes a JWK set on loopback. `asked` counts; `status`, `body` and `slow` say how it fails.

    A context manager; it can be stopped and started again on its port.
    """

    def __init__(self, *keys: Json) -> None:
        self.keys = list(keys)
        self.asked = 0
        self.status = 200
        self.body: bytes | None = None
        self.slow = threading.Event()  # while set, nothing is answered
        self._port = 0
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/auth/v1/.well-known/jwks.json"

    def start(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                while outer.slow.is_set():
                    time.sleep(0.02)
                body = outer.body if outer.body is not None else json.dumps({"keys": outer.keys}).encode()
                self.send_response(outer.status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

            def handle(self) -> None:
                try:
                    super().handle()
                except OSError:  # who asked has gone
                    self.close_connection = True

        ThreadingHTTPServer.allow_reuse_address = True
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self.slow.clear()
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> "KeyServer":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class Mint:
    """Makes tokens of one issuer by one key: good ones, and whatever a test asks for."""

    def __init__(self, algorithm: str, sign: Sign, claims: Json, kid: str | None = None) -> None:
        self.header: Json = {"alg": algorithm, "typ": "JWT", **({"kid": kid} if kid else {})}
        self.claims = claims
        self.sign = sign

    def token(self, header: Any = None, claims: Any = None, sign: Sign | None = None) -> str:
        """Of these, or the good ones."""
        text = f"{part(self.header if header is None else header)}.{part(self.claims if claims is None else claims)}"
        return f"{text}.{part((sign or self.sign)(text.encode()))}"

    def saying(self, **claims: Any) -> str:
        """With other claims, well signed."""
        return self.token(claims={**self.claims, **claims})

    def silent(self, name: str) -> str:
        """Without that claim, well signed."""
        return self.token(claims={key: value for key, value in self.claims.items() if key != name})

    def headed(self, sign: Sign | None = None, **header: Any) -> str:
        return self.token({**self.header, **header}, sign=sign)


def external_claims(sub: UUID | None = None, **more: Any) -> Json:
    """What Supabase says in an access token."""
    now = int(time.time())
    return {
        "iss": ISSUER,
        "aud": "authenticated",
        "sub": str(sub or uuid4()),
        "role": "authenticated",
        "iat": now,
        "exp": now + 3_600,
        "session_id": str(uuid4()),
        "is_anonymous": False,
        "aal": "aal1",
        **more,
    }


def by_shared_secret(sub: UUID | None = None, **more: Any) -> Mint:
    return Mint("HS256", by_secret(SECRET), external_claims(sub, **more))
