"""Text in columns, for a printer of fixed width: what a character takes up, folding, amounts. No I/O."""

import unicodedata
from collections.abc import Iterator

WIDTH = 42

# ISO 4217: currencies whose minor unit is no hundredth.
_EXPONENTS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF",
         "XOF", "XPF"),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}  # fmt: skip
_JOINER = "\u200d"


def amount_of(minor: int, currency: str) -> str:
    """Minor units as people write them: 1150 GBP is 11.50, 1150 JPY is 1150, 1150 KWD is 1.150."""
    exponent = _EXPONENTS.get(currency, 2)
    sign, digits = "-" if minor < 0 else "", str(abs(minor)).rjust(exponent + 1, "0")
    return f"{sign}{digits[:-exponent]}.{digits[-exponent:]}" if exponent else f"{sign}{digits}"


def columns(text: str) -> int:
    """How many columns the text takes up (Unicode UAX 11): two for a wide character, none for one that combines."""
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _printable(text: str) -> str:
    """On one line, composed, and without what would turn the direction of an amount behind it around."""
    kept = (
        " " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c
        for c in unicodedata.normalize("NFC", text)
        if unicodedata.category(c) != "Cf" or c == _JOINER
    )
    return "".join(kept)


def _clusters(word: str) -> Iterator[str]:
    """What is not to be torn apart: a character with all that combines with it."""
    cluster = ""
    for character in word:
        combines = unicodedata.category(character)[0] == "M" or character == _JOINER
        if cluster and not combines and not cluster.endswith(_JOINER):
            yield cluster
            cluster = ""
        cluster += character
    if cluster:
        yield cluster


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` columns, between words where that is possible; at least one line."""
    lines, line, used = [], "", 0
    for word in _printable(text).split():
        gap = 1 if line else 0
        if (needed := columns(word)) <= width - used - gap:
            line, used = f"{line}{' ' * gap}{word}", used + gap + needed
            continue
        if line:
            lines.append(line)
        line, used = "", 0
        for cluster in _clusters(word):
            if (takes := columns(cluster)) > width - used:
                lines.append(line)
                line, used = "", 0
            if takes <= width:  # a heap of emoji joined into one, wider than the paper
                line, used = line + cluster, used + takes
    return [*lines, line] if line or not lines else lines


def centred(text: str) -> list[str]:
    """In the middle of as many lines as it takes."""
    return [(" " * ((WIDTH - columns(line)) // 2) + line).rstrip() for line in wrapped(text, WIDTH)]


def folded(text: str, *, indent: int = 0) -> list[str]:
    """At the left, as many lines as it takes."""
    return [" " * indent + line for line in wrapped(text, WIDTH - indent)]


def row(left: str, right: str, *, indent: int = 0) -> list[str]:
    """One thing at the left and another at the right edge, beside the first line of the left."""
    first, *more = wrapped(left, WIDTH - indent - columns(right) - 1)
    gap = WIDTH - indent - columns(first) - columns(right)
    lines = [" " * indent + first + " " * gap + right, *(" " * indent + line for line in more)]
    return [line.rstrip() for line in lines]


def amount_row(label: str, minor: int, currency: str, *, indent: int = 0) -> list[str]:
    """A label and an amount."""
    return row(label, amount_of(minor, currency), indent=indent)
