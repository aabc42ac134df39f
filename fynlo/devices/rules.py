"""The codes on a screen. Pure, but for the randomness that is given."""

from collections.abc import Callable, Sequence

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"  # RFC 8628, 6.1: no vowels, so no words; case does not matter
LENGTH = 8


def user_code(choose: Callable[[Sequence[str]], str]) -> str:
    """A code as it is stored: 8 letters, 34 bits."""
    return "".join(choose(ALPHABET) for _ in range(LENGTH))


def shown(code: str) -> str:
    """As people read it: in two halves."""
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


def typed(text: str) -> str:
    """What somebody typed, as it is stored: small letters, blanks and dashes do no harm."""
    return "".join(letter for letter in text.upper() if letter in ALPHABET)
