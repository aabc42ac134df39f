"""What an order comes to, worked out a second time: by the contract's sentences, without the server's code."""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from .place import Settings

Json = dict[str, Any]


def _rounded(value: Fraction, how: str) -> int:
    mode = ROUND_HALF_UP if how == "half_up" else ROUND_HALF_EVEN
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return int(exact.quantize(Decimal(1), rounding=mode))


def _off(amount: int, terms: Json | None, how: str) -> int:
    if terms is None:
        return 0
    if terms["percentage"] is not None:
        return _rounded(amount * Fraction(terms["percentage"]) / 100, how)
    return min(amount, int(terms["amount"]))


def _shared(amount: int, weights: list[int]) -> list[int]:
    whole = sum(weights)
    exact = [Fraction(amount * weight, whole) if whole else Fraction(0) for weight in weights]
    shares = [int(share) for share in exact]
    by_remainder = sorted(range(len(weights)), key=lambda i: (shares[i] - exact[i], i))
    for index in by_remainder[: amount - sum(shares)]:
        shares[index] += 1
    return shares


def expected(order: Json, settings: Settings) -> Json:
    """The totals of an order as REST shows it, up to `total`."""
    how = settings.tax_rounding
    lines = [item for item in order["items"] if item["status"] != "voided"]
    gross = [
        item["quantity"] * (item["unit_price"] + sum(m["price"] * m["quantity"] for m in item["modifiers"]))
        for item in lines
    ]
    own = [_off(amount, item["discount_terms"], how) for amount, item in zip(gross, lines, strict=True)]
    left = [amount - off for amount, off in zip(gross, own, strict=True)]
    shared = _off(sum(left), order["discount_terms"], how)
    left = [amount - off for amount, off in zip(left, _shared(shared, left), strict=True)]

    terms, charge = order["service_charge_terms"], 0
    applies = settings.from_covers is not None and (order["covers"] or 0) >= settings.from_covers
    if terms["rule"] == "set":
        charge = _off(sum(left), terms, how)
    elif terms["rule"] == "automatic" and settings.charge and applies and order["type"] == "dine_in":
        charge = _rounded(sum(left) * Fraction(settings.charge) / 100, how)
    charged = _shared(charge, left) if settings.taxable else [0] * len(left)

    buckets: dict[str, list[int]] = {}
    tax = 0
    for rate in sorted({item["tax_rate"] for item in lines}, key=Decimal):
        of_rate = [a + c for a, c, i in zip(left, charged, lines, strict=True) if i["tax_rate"] == rate]
        percent = Fraction(rate)
        base = 100 + percent if settings.prices_include_tax else Fraction(100)
        together = of_rate if settings.tax_scope == "line" else [sum(of_rate)]
        bucket_tax = sum(_rounded(amount * percent / base, how) for amount in together)
        whole = sum(of_rate) + (0 if settings.prices_include_tax else bucket_tax)
        buckets[rate] = [whole - bucket_tax, bucket_tax, whole]
        tax += bucket_tax
    return {
        "subtotal": sum(gross),
        "discount": sum(own) + shared,
        "service_charge": charge,
        "tax": tax,
        "total": sum(left) + charge + (0 if settings.prices_include_tax else tax),
        "tax_breakdown": [
            {"rate": rate, "net": net, "tax": bucket, "gross": whole}
            for rate, (net, bucket, whole) in buckets.items()
        ],
    }
