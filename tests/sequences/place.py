"""A restaurant for each sequence, made in one statement, and what its books say."""

from typing import Any
from uuid import UUID

import psycopg
from msgspec import Struct

from fynlo.db.sqlfiles import sql_directory

SUMS = (sql_directory() / "ops" / "sums.sql").read_text(encoding="utf-8").encode()


class Settings(Struct, frozen=True):
    """What orders are stamped with."""

    prices_include_tax: bool
    tax_rounding: str
    tax_scope: str
    charge: str | None
    taxable: bool
    from_covers: int | None


class Place(Struct, frozen=True):
    """A restaurant: its products are plain, zero-rated, with a modifier, and counted; it has two tables."""

    id: UUID
    settings: Settings
    products: tuple[UUID, ...]
    modifier: UUID
    tables: tuple[UUID, ...]

    @property
    def counted(self) -> UUID:
        return self.products[3]


_MAKE = """
with r as (
  insert into restaurants (name, currency, timezone, prices_include_tax, tax_rounding, tax_scope,
                           service_charge_percentage, service_charge_taxable, service_charge_from_covers)
  values ('Sequence', 'GBP', 'Europe/London', %(include)s, %(rounding)s, %(scope)s, %(charge)s, %(taxable)s, %(covers)s)
  returning id
), m as (
  insert into memberships (restaurant_id, user_id, role)
  select r.id, u.id, 'owner' from r, users u where u.email = %(email)s
), t as (
  insert into tax_classes (restaurant_id, name, dine_in_rate, takeaway_rate, delivery_rate)
  select r.id, x.name, x.rate, x.rate, x.rate from r, (values ('std', 20), ('low', 7.5), ('zero', 0)) x (name, rate)
  returning restaurant_id, id, name
), c as (
  insert into categories (restaurant_id, name) select r.id, 'All' from r returning restaurant_id, id
), p as (
  insert into products (restaurant_id, category_id, tax_class_id, name, price, availability, stock, sort_order)
  select c.restaurant_id, c.id, t.id, x.name, x.price, x.availability, x.stock, x.place
    from c join (values (0, 'Pie', 1150, 'std', 'in_stock', null::integer), (1, 'Bread', 333, 'zero', 'in_stock', null),
                        (2, 'Soup', 799, 'low', 'in_stock', null), (3, 'Oysters', 1999, 'std', 'counted', %(stock)s))
                x (place, name, price, tax, availability, stock) on true
    join t on t.name = x.tax
  returning restaurant_id, id, sort_order
), g as (
  insert into modifier_groups (restaurant_id, name, max_selections) select r.id, 'Extras', null from r
  returning restaurant_id, id
), pg as (
  insert into product_modifier_groups (restaurant_id, product_id, group_id)
  select p.restaurant_id, p.id, g.id from p join g on g.restaurant_id = p.restaurant_id where p.sort_order in (2, 3)
), mo as (
  insert into modifiers (restaurant_id, group_id, name, price) select g.restaurant_id, g.id, 'Lemon', 45 from g
  returning id
), ta as (
  insert into tables (restaurant_id, name) select r.id, x from r, unnest(array['1', '2']) x returning id, name
)
select r.id, (select array_agg(p.id order by p.sort_order) from p), (select mo.id from mo),
       (select array_agg(ta.id order by ta.name) from ta)
  from r
"""


class Books:
    """What somebody with psql finds written of a restaurant."""

    def __init__(self, url: str) -> None:
        self._conn = psycopg.connect(url, autocommit=True)

    def make(self, settings: Settings, stock: int, email: str) -> Place:
        row = self._conn.execute(
            _MAKE.encode(),
            {
                "include": settings.prices_include_tax, "rounding": settings.tax_rounding,
                "scope": settings.tax_scope, "charge": settings.charge, "taxable": settings.taxable,
                "covers": settings.from_covers, "stock": stock, "email": email,
            },
        ).fetchone()  # fmt: skip
        assert row is not None
        return Place(row[0], settings, tuple(row[1]), row[2], tuple(row[3]))

    def faults(self, place: Place) -> list[Any]:
        """What sql/ops/sums.sql finds in this restaurant: as the application sees it, so by its indexes."""
        with self._conn.transaction():
            self._enter(place)
            return self._conn.execute(SUMS).fetchall()

    def rows(self, place: Place, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self._conn.transaction():
            self._enter(place)
            return self._conn.execute(sql.encode(), parameters or None).fetchall()

    def _enter(self, place: Place) -> None:
        self._conn.execute("set local role fynlo_app")
        self._conn.execute("select set_config('app.restaurant_id', %s, true)", (str(place.id),))

    def close(self) -> None:
        self._conn.close()
