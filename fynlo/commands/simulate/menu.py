"""What can be ordered, and what a guest chooses of it."""

from __future__ import annotations

from collections import Counter
from random import Random

from msgspec import UNSET, UnsetType

from fynlo.client import Choice, NewItem, Product


def orderable(product: Product) -> bool:
    """Whether a guest can order it now: in stock, with something in stock where a group asks for a choice."""
    enough = all(
        any(modifier.availability.orderable for modifier in group.modifiers)
        for group in product.modifier_groups
        if group.min_selections > 0
    )
    return product.availability.orderable and enough


def choose(product: Product, rng: Random, course: int | UnsetType = UNSET) -> NewItem:
    """A line of an orderable product: a variant if it has some, and modifiers within each group's limits."""
    chosen: Counter[str] = Counter()
    for group in product.modifier_groups:
        there = [modifier.id for modifier in group.modifiers if modifier.availability.orderable]
        if there:
            most = len(there) if group.max_selections is None else min(group.max_selections, len(there))
            count = rng.randint(group.min_selections, max(group.min_selections, most))
            distinct = rng.sample(there, min(count, len(there)))
            chosen.update(distinct)
            # a group may ask for more than it has kinds: quantities count as selections
            chosen.update(rng.choices(there, k=count - len(distinct)))
    return NewItem(
        product_id=product.id,
        quantity=rng.choices((1, 2, 3), (8, 3, 1))[0],
        variant_id=rng.choice(product.variants).id if product.variants else UNSET,
        modifiers=tuple(Choice(modifier, quantity) for modifier, quantity in chosen.items()),
        course=course,
        open_price=rng.randrange(100, 2_000, 50) if product.open_price else UNSET,
    )
