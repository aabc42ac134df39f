"""What is no access token: each a way to make one, from an issuer's good ones and from what an attacker has."""

import base64
import json
from collections.abc import Callable, Iterable
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from msgspec import Struct

from fynlo.settings import DEVELOPMENT_SECRET

from .issuers import SECRET, Mint, WeakKey, by_key, by_secret, elliptic, part, rsa_key

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256

OWN, SHARED, ELLIPTIC, RSA = "own", "by secret", "by ES256", "by RS256"
MODES = (OWN, SHARED, ELLIPTIC, RSA)
EXTERNAL = (SHARED, ELLIPTIC, RSA)
SYMMETRIC = (OWN, SHARED)
PUBLISHED = (ELLIPTIC, RSA)


class Keys:
    """The issuer's keys, others of which it publishes what nobody should use, and the attacker's."""

    def __init__(self) -> None:
        self.elliptic, self.rsa = elliptic(), rsa_key()
        self.weak, self.short, self.p384 = WeakKey(), rsa_key(1_024), elliptic(ec.SECP384R1())
        self.for_encryption, self.for_signing = elliptic(), elliptic()
        self.theirs, self.theirs_rsa = elliptic(), rsa_key()
        self.edwards = ed25519.Ed25519PrivateKey.generate()


class Forge(Struct):
    """What a forger works with: the mint of the mode, the keys, other people's tokens, a server of their own."""

    mode: str
    mint: Mint
    keys: Keys
    another: str  # a good token of somebody else's
    refresh_token: str
    url: str

    @property
    def unsigned(self) -> str:
        """Header and claims of a good token."""
        return self.mint.token().rpartition(".")[0]

    def by_attacker(self, **header: Any) -> str:
        """Well signed by a key that the attacker made, or by nothing where keys are secrets."""
        sign = {ELLIPTIC: by_key("ES256", self.keys.theirs), RSA: by_key("RS256", self.keys.theirs_rsa)}
        return self.mint.headed(sign.get(self.mode, by_secret(b"")), **header)

    def misnamed(self, kid: Any) -> str:
        """Well signed where names of keys matter, by nothing where they don't."""
        return self.mint.headed(None if self.mode in PUBLISHED else by_secret(b""), kid=kid)


Make = Callable[[Forge], str | bytes]


class Bad(Struct, frozen=True):
    name: str
    make: Make
    modes: tuple[str, ...] = MODES


def pem(key: Any) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    made: bytes = key.public_key().public_bytes(serialization.Encoding.PEM, form)
    return made


def der(key: Any) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    made: bytes = key.public_key().public_bytes(serialization.Encoding.DER, form)
    return made


def jwk(key: Any) -> dict[str, Any]:
    from .issuers import public_jwk

    return public_jwk(key, "attacker")


def raw(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def twice(value: dict[str, Any], name: str, other: Any) -> bytes:
    """JSON with a name twice, the good one last."""
    return ("{" + json.dumps({name: other})[1:-1] + "," + json.dumps(value)[1:]).encode()


def changed_at(token: str, place: int) -> str:
    return f"{token[:place]}{'B' if token[place] != 'B' else 'C'}{token[place + 1 :] if place != -1 else ''}"


def noncanonical(token: str) -> str:
    """The same bytes in another text: the last character's spare bits are set."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) + 1]


def _algorithms() -> Iterable[Bad]:
    for name in ("none", "None", "NONE", "nOnE"):
        yield Bad(f"alg {name}, no signature", lambda f, n=name: f.mint.headed(lambda _: b"", alg=n))  # type: ignore[misc]
    yield Bad("alg none, the good signature", lambda f: f.mint.headed(f.mint.sign, alg="none"))
    for value in ("", None, 256, ["HS256"], {"alg": "HS256"}, "hs256", "HS256 ", "HS256\0"):
        yield Bad(f"alg {value!r}", lambda f, v=value: f.mint.headed(alg=v))  # type: ignore[misc]
    yield Bad("no alg", lambda f: f.mint.token({"typ": "JWT"}))
    for name, hashed in (("HS384", "sha384"), ("HS512", "sha512")):
        yield Bad(
            f"{name} by the secret",
            lambda f, n=name, h=hashed: f.mint.headed(  # type: ignore[misc]
                by_secret(DEVELOPMENT_SECRET if f.mode == OWN else SECRET, h), alg=n
            ),
            SYMMETRIC,
        )
    for name in ("PS256", "RS384", "RS512"):
        yield Bad(
            f"{name} by the issuer's key",
            lambda f, n=name: f.mint.headed(by_key(n, f.keys.rsa), alg=n),  # type: ignore[misc]
            (RSA,),
        )
    yield Bad(
        "EdDSA by the attacker's key", lambda f: f.mint.headed(by_key("EdDSA", f.keys.edwards), alg="EdDSA")
    )


def _confusions() -> Iterable[Bad]:
    def by(secret: Callable[[Forge], bytes]) -> Make:
        return lambda f: f.mint.headed(by_secret(secret(f)), alg="HS256")

    yield Bad("HS256 by the RSA key's PEM", by(lambda f: pem(f.keys.rsa)))
    yield Bad("HS256 by the RSA key's PEM, stripped", by(lambda f: pem(f.keys.rsa).strip()))
    yield Bad("HS256 by the RSA key's DER", by(lambda f: der(f.keys.rsa)))
    yield Bad("HS256 by the RSA key's JWK", by(lambda f: json.dumps(jwk(f.keys.rsa)).encode()))
    yield Bad("HS256 by the elliptic key's PEM", by(lambda f: pem(f.keys.elliptic)))
    yield Bad("HS256 by the elliptic key's JWK", by(lambda f: json.dumps(jwk(f.keys.elliptic)).encode()))
    yield Bad("HS256 by nothing", by(lambda _: b""))
    yield Bad("HS256 by another secret", by(lambda _: b"another-secret-of-more-than-32-bytes"))
    yield Bad(
        "HS256 by the name of a key",
        lambda f: f.mint.headed(by_secret("elliptic"), alg="HS256", kid="elliptic"),
    )
    yield Bad(
        "HS256 by the key of type oct that is published",
        lambda f: f.mint.headed(by_secret(SECRET), alg="HS256", kid="oct"),
        (OWN, ELLIPTIC, RSA),
    )
    yield Bad(
        "HS256 by the shared secret, where keys are published", by(lambda _: SECRET.encode()), PUBLISHED
    )
    yield Bad("HS256 by our own secret", by(lambda _: DEVELOPMENT_SECRET.encode()), EXTERNAL)
    yield Bad("HS256 by the external secret", by(lambda _: SECRET.encode()), (OWN,))
    yield Bad(
        "ES256 by the key that another issuer publishes",
        lambda f: f.mint.headed(by_key("ES256", f.keys.elliptic), alg="ES256", kid="elliptic"),
        SYMMETRIC,
    )
    yield Bad(
        "RS256 by the key that another issuer publishes",
        lambda f: f.mint.headed(by_key("RS256", f.keys.rsa), alg="RS256", kid="rsa"),
        SYMMETRIC,
    )
    yield Bad(
        "the other key's name",
        lambda f: f.mint.headed(kid="rsa" if f.mode == ELLIPTIC else "elliptic"),
        PUBLISHED,
    )
    yield Bad(
        "the other key's algorithm",
        lambda f: f.mint.headed(alg="RS256" if f.mode == ELLIPTIC else "ES256"),
        PUBLISHED,
    )
    yield Bad("by the attacker's key", Forge.by_attacker)


def _claims() -> Iterable[Bad]:
    wrong: dict[str, tuple[Any, ...]] = {
        "iss": ("", None, "somebody", ["fynlo"], {"iss": "fynlo"}, "https://project.supabase.test/auth/v1/", "FYNLO",
                1),
        "aud": ("", None, "others", [], ["others", "more"], [None], {"aud": "authenticated"}, 1, "Authenticated"),
        "exp": ("soon", "4102444800", 4102444800.5, -1, 0, 10**30, 2**63, float("nan"), float("inf"), None, True,
                [4102444800], {}),
        "nbf": (4_102_444_800, "1", 1.5, -1, 10**30, float("nan"), True, [1]),
        "iat": (4_102_444_800, "1", 1.5, -1, 10**30, float("-inf"), None, [1]),
        "sub": ("", None, "nobody", 7, [], "{4c1b8a4e-8f0a-4b3c-9a55-2f1f0f0d5f10}", "../etc/passwd", "' or 1=1 --",
                "4c1b8a4e"),
    }  # fmt: skip
    for name, values in wrong.items():
        for value in values:
            yield Bad(f"{name} {value!r}", lambda f, n=name, v=value: f.mint.saying(**{n: v}))  # type: ignore[misc]
    for name in ("iss", "aud", "exp", "iat", "sub"):
        yield Bad(f"no {name}", lambda f, n=name: f.mint.silent(n))  # type: ignore[misc]
    yield Bad("expired a second ago", lambda f: f.mint.saying(exp=f.mint.claims["iat"] - 1))
    yield Bad("expired years ago", lambda f: f.mint.saying(exp=1_000_000_000, iat=999_999_000))
    yield Bad("exp with 10,000 digits", lambda f: f.mint.token(claims=b'{"exp":' + b"9" * 2_000 + b"}"))
    yield Bad("our issuer, another's signature", lambda f: f.mint.saying(iss="fynlo", aud="fynlo"), EXTERNAL)
    yield Bad("another's sub", lambda f: f.mint.saying(sub=str(uuid4())), (OWN,))
    yield Bad("no sid", lambda f: f.mint.silent("sid"), (OWN,))
    for value in (None, "", 7, "nobody", "5f0c1ba2-e9b3-4d0f-8d3d-0d1f5b6a7c8d"):
        yield Bad(f"sid {str(value)[:6]}", lambda f, v=value: f.mint.saying(sid=v), (OWN,))  # type: ignore[misc]
    yield Bad("our audience in a list", lambda f: f.mint.saying(aud=["fynlo"]), (OWN,))
    for value in ("anon", "service_role", "", None, ["authenticated"], 1):
        yield Bad(f"role {value!r}", lambda f, v=value: f.mint.saying(role=v), EXTERNAL)  # type: ignore[misc]
    yield Bad("no role", lambda f: f.mint.silent("role"), EXTERNAL)
    yield Bad("signed in anonymously", lambda f: f.mint.saying(is_anonymous=True), EXTERNAL)
    yield Bad("session_id that is none", lambda f: f.mint.saying(session_id="' or 1=1"), EXTERNAL)
    yield Bad("role twice", lambda f: f.mint.token(claims=twice(f.mint.claims, "role", "anon")), EXTERNAL)
    for name, value in (("exp", 1), ("sub", str(uuid4())), ("iss", "x")):
        yield Bad(
            f"{name} twice",
            lambda f, n=name, v=value: f.mint.token(claims=twice(f.mint.claims, n, v)),  # type: ignore[misc]
        )
    odd: dict[str, Any] = {
        "no claims": {}, "claims in a list": [{}], "claims that are a text": "claims",
        "claims that are null": b"null",
        "claims that are no JSON": b"claims", "claims cut off": b'{"iss":"fynlo"',
        "claims not in UTF-8": b'{"iss":"\xff"}',
        "claims in UTF-16": '{"iss":"fynlo"}'.encode("utf-16"), "claims after a BOM": b'\xef\xbb\xbf{"iss":"fynlo"}',
        "claims nested 1,200 deep": b'{"iss":' + b"[" * 1_200 + b"]" * 1_200 + b"}", "claims of NULs": b"\0" * 40,
        "claims with a lone surrogate": b'{"iss":"\\ud800"}',
    }  # fmt: skip
    for what, value in odd.items():
        yield Bad(what, lambda f, v=value: f.mint.token(claims=v))  # type: ignore[misc]


def _headers() -> Iterable[Bad]:
    yield Bad("jwk of the attacker's", lambda f: f.by_attacker(jwk=jwk(f.keys.theirs)))
    yield Bad("jku of the attacker's", lambda f: f.by_attacker(jku=f.url))
    yield Bad("x5u of the attacker's", lambda f: f.by_attacker(x5u=f.url))
    yield Bad("jku of the attacker's, kid of theirs", lambda f: f.by_attacker(jku=f.url, kid="attacker"))
    yield Bad("jku beside a good signature", lambda f: f.mint.headed(jku=f.url))
    yield Bad("kid that is an address", lambda f: f.misnamed(f.url))
    yield Bad(
        "x5c of the attacker's", lambda f: f.by_attacker(x5c=[base64.b64encode(der(f.keys.theirs)).decode()])
    )
    yield Bad("iss that is the attacker's", lambda f: f.mint.saying(iss=f.url))
    kid: Any
    for kid in (
        "../../../../dev/null", "/dev/null", "/proc/self/environ", "' union select 'x' --", "x" * 201, "k" * 2_000, "",
        "\0", "elliptic\0", "$(id)", "__proto__", "unknown", "Elliptic", 7, ["elliptic"], {}, True,
    ):  # fmt: skip
        yield Bad(f"kid {str(kid)[:24]!r}", lambda f, k=kid: f.misnamed(k))  # type: ignore[misc]
    yield Bad("no kid", lambda f: f.mint.token({"alg": f.mint.header["alg"], "typ": "JWT"}), PUBLISHED)
    yield Bad("kid null", lambda f: f.mint.headed(kid=None), PUBLISHED)
    yield Bad("crit", lambda f: f.mint.headed(crit=["exp"], exp=1))
    yield Bad("crit of nothing", lambda f: f.mint.headed(crit=[]))
    yield Bad("b64 false", lambda f: f.mint.headed(b64=False))
    yield Bad("b64 false, critical", lambda f: f.mint.headed(b64=False, crit=["b64"]))
    yield Bad("zip", lambda f: f.mint.headed(zip="DEF"))
    yield Bad("nested (cty JWT)", lambda f: f.mint.headed(cty="JWT"))
    yield Bad("typ of another kind of token", lambda f: f.mint.headed(typ="dpop+jwt"))
    yield Bad("typ 7", lambda f: f.mint.headed(typ=7))
    yield Bad("alg twice", lambda f: f.mint.token(twice(f.mint.header, "alg", "none")))
    yield Bad("kid twice", lambda f: f.mint.token(twice({**f.mint.header, "kid": "rsa"}, "kid", "elliptic")))
    odd: dict[str, Any] = {
        "header []": [], "header null": b"null", "header a text": "HS256", "header {}": {},
        "header no JSON": b"HS256", "header not in UTF-8": b'{"alg":"\xff"}',
    }  # fmt: skip
    for what, value in odd.items():
        yield Bad(what, lambda f, v=value: f.mint.token(v))  # type: ignore[misc]


def _forms() -> Iterable[Bad]:
    def good(change: Callable[[str], str | bytes], name: str) -> Bad:
        return Bad(name, lambda f: change(f.mint.token()))

    for text in (".", "..", "...", "a.b.c", "null", "undefined", "{}", "Bearer"):
        yield Bad(f"the text {text}", lambda _, t=text: t)  # type: ignore[misc]
    yield good(lambda t: t[:-1], "a character short")
    yield good(lambda t: t[: len(t) // 2], "half of it")
    yield good(lambda t: t[1:], "without its first character")
    yield good(lambda t: t + ".", "a dot behind it")
    yield good(lambda t: "." + t, "a dot before it")
    yield good(lambda t: t + ".e30", "a fourth part")
    yield good(lambda t: t + "..", "five parts, JWE")
    yield Bad(
        "five parts, dir",
        lambda _: (
            f"{part({'alg': 'dir', 'enc': 'A128GCM'})}..{part(b'x' * 12)}.{part(b'y')}.{part(b'z' * 16)}"
        ),
    )
    yield good(lambda t: "{}..{}".format(*t.split(".")[::2]), "its claims detached")
    yield good(lambda t: ".{1}.{2}".format(*t.split(".")), "its header taken off")
    yield good(lambda t: t.rpartition(".")[0] + ".", "its signature taken off")
    yield good(lambda t: t.rpartition(".")[0], "its signature taken off with the dot")
    yield good(lambda t: t + "=", "padded")
    yield good(lambda t: t + "==", "padded twice")
    yield good(lambda t: "=.".join(t.split(".")), "padded inside")
    yield good(lambda t: t + "A", "a character more")
    yield good(lambda t: t + "garbage!", "garbage behind it")
    yield good(lambda t: t.replace(".", ". "), "spaces in it")
    yield good(lambda t: t.replace(".", "\t.", 1), "a tab in it")
    yield good(lambda t: t[:20] + " " + t[20:], "a space in a part")
    yield good(lambda t: t + ", " + t, "twice")
    yield good(lambda t: f"Bearer {t}", "Bearer twice")
    yield good(lambda t: f'"{t}"', "quoted")
    yield good(lambda t: t.encode() + b"\xa0", "a no-break space behind it")
    yield good(lambda t: t.encode() + b"\x85", "a NEL behind it")
    yield good(lambda t: b"\xff\xfe" + t.encode(), "bytes that are no UTF-8")
    yield good(lambda t: t[:-3] + "１２３", "digits of another script")
    yield good(lambda t: "е" + t[1:], "a Cyrillic letter")
    yield good(lambda t: t.replace(".", "%2E"), "percent-encoded")
    yield good(lambda t: t.replace(".", "\u2024"), "dots of another kind")
    yield good(noncanonical, "the same bytes in another text")
    yield good(lambda t: changed_at(t, t.index(".") + 5), "a character of the claims changed")
    yield good(lambda t: changed_at(t, len(t) - 9), "a character of the signature changed")
    yield good(lambda t: t + t.rpartition(".")[2], "its signature twice")
    yield good(
        lambda t: json.dumps(dict(zip(("protected", "payload", "signature"), t.split("."), strict=True))),
        "as JSON",
    )
    yield Bad("zeros as its signature", lambda f: f"{f.unsigned}.{part(bytes(len(f.mint.sign(b'x'))))}")
    yield Bad("one byte as its signature", lambda f: f"{f.unsigned}.{part(b'x')}")
    yield Bad("another token's signature", lambda f: f"{f.unsigned}.{f.another.rpartition('.')[2]}")
    yield Bad(
        "another token's claims",
        lambda f: "{}.{}.{}".format(
            *(lambda a, b: (a[0], b[1], a[2]))(f.mint.token().split("."), f.another.split("."))
        ),
    )
    yield Bad("a refresh token of ours", lambda f: f.refresh_token)
    yield Bad("8 KB of one character", lambda _: "x" * 8_200)
    yield Bad("12 KB, well signed", lambda f: f.mint.saying(filler="x" * 9_000))
    yield Bad("thousands of dots", lambda _: "." * 4_000)


def _curves() -> Iterable[Bad]:
    """What only one kind of signature can be."""
    numbers = {"0, 0": (0, 0), "0, 1": (0, 1), "1, 0": (1, 0), "n, n": (ORDER, ORDER), "n, 1": (ORDER, 1),
               "1, 1": (1, 1), "2^256 - 1, twice": (2**256 - 1, 2**256 - 1)}  # fmt: skip
    for what, pair in numbers.items():
        yield Bad(
            f"ES256 with r, s = {what}",
            lambda f, p=pair: f.mint.token(sign=lambda _: raw(*p)),  # type: ignore[misc]
            (ELLIPTIC,),
        )

    def in_der(f: Forge) -> str:
        from cryptography.hazmat.primitives import hashes

        return f.mint.token(sign=lambda text: f.keys.elliptic.sign(text, ec.ECDSA(hashes.SHA256())))

    yield Bad("ES256 in DER", in_der, (ELLIPTIC,))
    yield Bad("ES256 with s cut off", lambda f: f.mint.token(sign=lambda t: f.mint.sign(t)[:32]), (ELLIPTIC,))
    yield Bad(
        "ES256 with bytes behind it",
        lambda f: f.mint.token(sign=lambda t: f.mint.sign(t) + b"\0"),
        (ELLIPTIC,),
    )
    yield Bad(
        "ES384 by a P-384 key",
        lambda f: f.mint.headed(by_key("ES384", f.keys.p384), alg="ES384", kid="p384"),
        PUBLISHED,
    )
    yield Bad(
        "ES256 by a P-384 key", lambda f: f.mint.headed(_es256_by_p384(f), alg="ES256", kid="p384"), PUBLISHED
    )
    yield Bad(
        "ES256 by a key for encryption",
        lambda f: f.mint.headed(by_key("ES256", f.keys.for_encryption), alg="ES256", kid="enc"),
        PUBLISHED,
    )
    yield Bad(
        "ES256 by a key that only signs",
        lambda f: f.mint.headed(by_key("ES256", f.keys.for_signing), alg="ES256", kid="sign-only"),
        PUBLISHED,
    )
    yield Bad(
        "ES256 by a key for RS256",
        lambda f: f.mint.headed(by_key("ES256", f.keys.elliptic), alg="ES256", kid="mislabelled"),
        PUBLISHED,
    )
    yield Bad(
        "RS256 by a key of 512 bits",
        lambda f: f.mint.headed(f.keys.weak.sign, alg="RS256", kid="weak"),
        PUBLISHED,
    )
    yield Bad(
        "RS256 by a key of 1,024 bits",
        lambda f: f.mint.headed(by_key("RS256", f.keys.short), alg="RS256", kid="short"),
        PUBLISHED,
    )
    yield Bad(
        "RS256 with the exponent 1",
        lambda f: f.mint.headed(_by_exponent_one(f), alg="RS256", kid="exponent-one"),
        PUBLISHED,
    )


def _es256_by_p384(f: Forge) -> Callable[[bytes], bytes]:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    def sign(text: bytes) -> bytes:
        r, s = decode_dss_signature(f.keys.p384.sign(text, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(48, "big") + s.to_bytes(48, "big")

    return sign


def _by_exponent_one(f: Forge) -> Callable[[bytes], bytes]:
    """With e = 1 the padded digest is its own signature."""
    import hashlib

    size = f.keys.rsa.key_size // 8

    def sign(text: bytes) -> bytes:
        told = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(text).digest()
        return b"\0\1" + b"\xff" * (size - len(told) - 3) + b"\0" + told

    return sign


CORPUS = [*_algorithms(), *_confusions(), *_claims(), *_headers(), *_forms(), *_curves()]
