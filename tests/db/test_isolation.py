"""One restaurant never sees, changes or points at another's rows, whatever the application asks for."""

from typing import Any
from uuid import UUID

import psycopg
import pytest

from fynlo.db.pool import Connection
from fynlo.demo.data import PIZZERIA, RIVAL

from .till import Till, application, connect, dressed_line, inside, rows, value

OURS, THEIRS = PIZZERIA.id, RIVAL.id

# Every table in public but those of the people, who belong to no restaurant. `restaurants` is its own tenant.
TENANT_TABLES = (
    "restaurants", "memberships", "tax_classes", "stations", "categories", "products", "product_variants",
    "modifier_groups", "modifiers", "product_modifier_groups", "sections", "tables", "day_counters", "orders",
    "order_items", "order_item_modifiers", "idempotency_keys", "feed_heads", "order_events", "invitations",
    "pins", "devices", "audit_log", "screens", "webhooks", "webhook_dead_letters", "payments", "refunds", "checks",
    "shifts", "shift_movements", "z_counters", "z_reports", "z_orders", "z_shifts", "menu_history",
)  # fmt: skip
HIDDEN = ("idempotency_keys", "invitations", "pins")  # from who may only read
PEOPLE_TABLES = ("users", "sessions", "refresh_tokens", "device_grants")
WRITABLE = (
    "day_counters", "orders", "order_items", "order_item_modifiers", "idempotency_keys", "memberships",
    "invitations", "pins", "devices", "webhooks", "webhook_dead_letters", "checks", "z_counters", "tables",
    "sections",
)  # fmt: skip
NARROW = {  # of these only the rest may change
    "payments": {
        "restaurant_id", "id", "method", "amount", "tip", "tendered", "taken_by", "request_hash", "created_at",
        "voided_at",
    },
    "refunds": {
        "restaurant_id", "id", "payment_id", "shift_id", "method", "amount", "from_unapplied", "returned", "tip",
        "service_charge", "tax_breakdown", "items", "reason", "made_by", "approved_by", "business_date", "request_hash",
        "created_at",
    },
    "shifts": {"restaurant_id", "id", "drawer", "opened_by", "opened_at", "opening_amount"},
}  # fmt: skip
ONCE = ("audit_log", "shift_movements", "z_reports", "z_orders", "z_shifts")  # written and never changed


def tenant_column(table: str) -> str:
    return "id" if table == "restaurants" else "restaurant_id"


async def write_money(conn: Connection) -> None:
    """Of each restaurant an order that was split, paid and refunded in a shift, a Z, and a price that was another."""
    owners = "select restaurant_id, user_id from memberships where role = 'owner'"
    for sql in (
        "insert into shifts (restaurant_id, drawer, opened_by, opening_amount) select restaurant_id, 'A', user_id, 0"
        f" from ({owners}) o",
        "insert into shift_movements (restaurant_id, shift_id, type, amount, made_by)"
        " select restaurant_id, id, 'drop', 1, opened_by from shifts",
        "insert into checks (restaurant_id, order_id, position, total) select restaurant_id, id, 1, 1 from orders",
        "insert into payments (restaurant_id, order_id, method, amount, business_date, captured_at)"
        " select restaurant_id, id, 'cash', 1, business_date, now() from orders",
        "insert into refunds (restaurant_id, payment_id, order_id, method, amount, reason, business_date)"
        " select restaurant_id, id, order_id, method, amount, 'x', business_date from payments",
        "insert into z_counters (restaurant_id, last_number) select id, 1 from restaurants",
        "insert into z_reports (restaurant_id, number, business_date, taken_by, body)"
        f" select restaurant_id, 1, current_date, user_id, '{{}}' from ({owners}) o",
        "insert into z_orders (restaurant_id, order_id, z_id)"
        " select o.restaurant_id, o.id, z.id from orders o join z_reports z on z.restaurant_id = o.restaurant_id",
        "insert into z_shifts (restaurant_id, shift_id, z_id)"
        " select s.restaurant_id, s.id, z.id from shifts s join z_reports z on z.restaurant_id = s.restaurant_id",
        "insert into menu_history (restaurant_id, kind, entity_id, old_row)"
        " select restaurant_id, 'products', id, to_jsonb(p) from products p",
    ):
        await conn.execute(sql.encode())


@pytest.fixture(scope="module")
async def two_places(module_seeded_url: str) -> str:
    """A database in which every tenant table has rows of both restaurants."""
    for place in (PIZZERIA, RIVAL):
        async with Till.at(module_seeded_url, place) as till:
            await till.order(dressed_line(place))
    async with await connect(module_seeded_url) as conn:
        await conn.execute(
            "insert into idempotency_keys (restaurant_id, actor, method, path, key, request_hash)"
            " select id, gen_random_uuid(), 'POST', '/', 'k', '' from restaurants"
        )
        await conn.execute(
            "insert into invitations (restaurant_id, membership_id, token_hash, created_by, expires_at)"
            " select restaurant_id, id, sha256(id::text::bytea), user_id, now() from memberships"
        )
        await conn.execute(
            "insert into pins (restaurant_id, membership_id, pin_hash) select restaurant_id, id, 'x' from memberships"
        )
        await conn.execute(
            "insert into devices (restaurant_id, kind, name, user_id, created_by)"
            " select restaurant_id, 'till', 'Till', user_id, user_id from memberships"
        )
        await conn.execute(
            "insert into screens (restaurant_id, connection_id, process_id, kind, user_id, connected_at,"
            " sent_seq, waiting, stale)"
            " select id, gen_random_uuid(), gen_random_uuid(), 'pos', gen_random_uuid(), now(), 0, 0, false"
            " from restaurants"
        )
        await conn.execute(
            "insert into webhooks (restaurant_id, url, secret, epoch, seq)"
            " select restaurant_id, 'https://x', 's', epoch, seq from feed_heads"
        )
        await conn.execute(
            "insert into webhook_dead_letters (restaurant_id, webhook_id, epoch, seq, type, attempts)"
            " select restaurant_id, id, epoch, seq, 'order.created', 1 from webhooks"
        )
        await write_money(conn)
        for table in TENANT_TABLES:
            column = tenant_column(table)
            assert await value(conn, f"select count(distinct {column}) from {table}") == 2, table
    return module_seeded_url


async def test_no_table_is_forgotten_here(database_url: str) -> None:
    async with await connect(database_url) as conn:
        found = await rows(
            conn,
            "select relname from pg_class where relnamespace = 'public'::regnamespace"
            " and relkind in ('r', 'p') and not relispartition",
        )
    assert {name for (name,) in found} == {*TENANT_TABLES, *PEOPLE_TABLES}


async def test_every_table_has_row_level_security_forced_on_its_owner_too(database_url: str) -> None:
    async with await connect(database_url) as conn:
        bare = await rows(
            conn,
            "select oid::regclass::text from pg_class where relkind in ('r', 'p')"
            " and relnamespace in ('public'::regnamespace, 'fynlo'::regnamespace)"
            " and not (relrowsecurity and relforcerowsecurity)",
        )
    assert bare == [("fynlo.migrations",)]  # of no tenant: the names of the files


async def test_the_roles_own_and_bypass_nothing(database_url: str) -> None:
    async with await connect(database_url) as conn:
        might = await rows(
            conn,
            "select rolname from pg_roles"
            " where (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolcanlogin or rolreplication)"
            " and rolname = any (%s)",
            ["fynlo_owner", "fynlo_app", "fynlo_readonly", "fynlo_feed"],
        )
        owned = await rows(
            conn,
            "select relname from pg_class where relowner in ('fynlo_app'::regrole, 'fynlo_readonly'::regrole)"
            " union all select proname from pg_proc"
            " where proowner in ('fynlo_app'::regrole, 'fynlo_readonly'::regrole)",
        )
        joined = await rows(
            conn,
            "select roleid::regrole::text, member::regrole::text from pg_auth_members"
            " where member in ('fynlo_app'::regrole, 'fynlo_readonly'::regrole, 'fynlo_feed'::regrole)",
        )
    assert (might, owned, joined) == ([], [], [])


@pytest.mark.parametrize("role", ["fynlo_app", "fynlo_readonly"])
async def test_without_a_tenant_there_is_no_row(two_places: str, role: str) -> None:
    async with await connect(two_places, role) as conn:
        for table in TENANT_TABLES:
            if table in HIDDEN and role == "fynlo_readonly":
                continue
            assert await value(conn, f"select count(*) from {table}") == 0, table
        # after a transaction the setting is empty instead of absent
        async with inside(conn, OURS):
            assert await value(conn, "select count(*) from orders") == 1
        assert await value(conn, "select count(*) from orders") == 0


@pytest.mark.parametrize("role", ["fynlo_app", "fynlo_owner"])
async def test_inside_a_tenant_there_are_its_rows_only(two_places: str, role: str) -> None:
    async with await connect(two_places, role) as conn, inside(conn, OURS):
        for table in TENANT_TABLES:
            column = tenant_column(table)
            assert await rows(conn, f"select distinct {column} from {table}") == [(OURS,)], table
            hidden = await value(conn, f"select count(*) from {table} where {column} = %s", THEIRS)
            assert hidden == 0, table


@pytest.mark.parametrize("table", WRITABLE)
async def test_another_tenants_rows_cannot_be_changed(two_places: str, table: str) -> None:
    async with await application(two_places) as conn, inside(conn, OURS):
        changed = await conn.execute(
            f"update {table} set restaurant_id = restaurant_id where restaurant_id = %s".encode(), (THEIRS,)
        )
        assert changed.rowcount == 0
        # the control: one's own can
        changed = await conn.execute(f"update {table} set restaurant_id = restaurant_id".encode())
        assert changed.rowcount > 0


@pytest.mark.parametrize("table", WRITABLE)
async def test_rows_cannot_be_given_to_another_tenant(two_places: str, table: str) -> None:
    async with await application(two_places) as conn:
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.CheckViolation)):
            async with inside(conn, OURS):
                await conn.execute(f"update {table} set restaurant_id = %s".encode(), (THEIRS,))


@pytest.mark.parametrize(
    "insert",
    [
        "insert into orders (restaurant_id) values (%s)",
        "insert into day_counters values (%s, '2020-01-01', 1)",
        "insert into idempotency_keys (restaurant_id, actor, method, path, key, request_hash)"
        " values (%s, gen_random_uuid(), 'POST', '/', 'x', '')",
        "select fynlo.claim_key(%s, gen_random_uuid(), 'POST', '/', 'x', '')",
    ],
)
async def test_nothing_is_inserted_for_another_tenant(two_places: str, insert: str) -> None:
    async with await application(two_places) as conn:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with inside(conn, OURS):
                await conn.execute(insert.encode(), (THEIRS,))
        async with conn.transaction(force_rollback=True), inside(conn, OURS):
            await conn.execute(insert.encode(), (OURS,))


async def test_an_order_at_another_tenants_table_is_refused(two_places: str) -> None:
    insert = "insert into orders (restaurant_id, table_id) values (%s, %s)"
    async with await application(two_places) as conn:
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            async with inside(conn, OURS):
                await conn.execute(insert.encode(), (OURS, RIVAL.tables[0].id))
        async with conn.transaction(force_rollback=True), inside(conn, OURS):
            await conn.execute(insert.encode(), (OURS, PIZZERIA.tables[0].id))


async def _order(conn: Connection) -> UUID:
    order: UUID = await value(conn, "select id from orders limit 1")
    return order


@pytest.mark.parametrize("where", ["product_id", "variant_id"])
async def test_a_line_of_another_tenants_product_is_refused(two_places: str, where: str) -> None:
    insert = (
        "insert into order_items (restaurant_id, order_id, position, product_id, variant_id, name, unit_price,"
        " quantity, tax_rate, total, net) values (%s, %s, 9, %s, %s, 'x', 1, 1, 0, 1, 1)"
    )
    mine = next(product for product in PIZZERIA.products if product.variants)
    other = next(product for product in RIVAL.products if product.variants)
    stranger = {
        "product_id": (other.id, mine.variants[0].id),
        "variant_id": (mine.id, other.variants[0].id),
    }
    async with await application(two_places) as conn:
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            async with inside(conn, OURS):
                await conn.execute(insert, (OURS, await _order(conn), *stranger[where]))
        async with conn.transaction(force_rollback=True), inside(conn, OURS):
            await conn.execute(insert, (OURS, await _order(conn), mine.id, mine.variants[0].id))


async def test_another_tenants_modifier_is_refused(two_places: str) -> None:
    insert = (
        "insert into order_item_modifiers (restaurant_id, order_id, item_id, modifier_id, position, name,"
        " price, quantity) select restaurant_id, order_id, id, %s, 9, 'x', 1, 1 from order_items limit 1"
    )
    async with await application(two_places) as conn:
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            async with inside(conn, OURS):
                await conn.execute(insert, (RIVAL.modifier_groups[0].modifiers[0].id,))
        async with conn.transaction(force_rollback=True), inside(conn, OURS):
            await conn.execute(insert, (PIZZERIA.modifier_groups[-1].modifiers[-1].id,))


@pytest.mark.parametrize(
    ("table", "column", "of"),
    [
        ("payments", "order_id", "orders"),
        ("payments", "check_id", "checks"),
        ("payments", "shift_id", "shifts"),
        ("refunds", "payment_id", "payments"),
        ("refunds", "order_id", "orders"),
        ("refunds", "shift_id", "shifts"),
        ("checks", "order_id", "orders"),
    ],
)
async def test_money_points_at_nothing_of_another_tenants(
    two_places: str, table: str, column: str, of: str
) -> None:
    async with await connect(two_places) as everything:
        ids = dict(await rows(everything, f"select restaurant_id, id from {of}"))
        update = f"update {table} set {column} = %s where restaurant_id = %s".encode()
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            await everything.execute(update, (ids[THEIRS], OURS))
        async with everything.transaction(force_rollback=True):
            await everything.execute(update, (ids[OURS], OURS))


async def test_a_line_of_another_tenants_order_is_refused(two_places: str) -> None:
    async with await connect(two_places) as everything:
        theirs = await value(everything, "select id from orders where restaurant_id = %s", THEIRS)
    async with await application(two_places) as conn:
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            async with inside(conn, OURS):
                await conn.execute("update order_items set order_id = %s", (theirs,))


# -- the gate


async def _enter(conn: Connection, user: UUID, restaurant: UUID | None, order: UUID | None) -> list[Any]:
    return await rows(
        conn,
        "select restaurant_id, role from fynlo.enter(%s, %s, 'order', %s, null, 'r', null)",
        user,
        restaurant,
        order,
    )


async def test_only_who_works_there_enters(two_places: str) -> None:
    us, them = PIZZERIA.memberships[0], RIVAL.memberships[0]
    assert us.person.id not in {m.person.id for m in RIVAL.memberships}
    async with await connect(two_places) as everything:
        orders = dict(await rows(everything, "select restaurant_id, id from orders"))
    async with await application(two_places) as conn, conn.transaction():
        assert await _enter(conn, us.person.id, THEIRS, None) == []
        assert await _enter(conn, us.person.id, None, orders[THEIRS]) == []
        assert await _enter(conn, us.person.id, OURS, orders[THEIRS]) == []
        assert await value(conn, "select count(*) from orders") == 0
        assert await _enter(conn, us.person.id, None, orders[OURS]) == [(OURS, us.role)]
        assert await rows(conn, "select restaurant_id from orders") == [(OURS,)]
    async with await application(two_places) as conn, conn.transaction():
        assert await _enter(conn, them.person.id, THEIRS, None) == [(THEIRS, them.role)]


async def test_a_person_sees_their_colleagues_and_nobody_else(two_places: str) -> None:
    async with await application(two_places) as conn, inside(conn, OURS):
        found = {name for (name,) in await rows(conn, "select email from users")}
    assert found == {m.person.email for m in PIZZERIA.memberships}


# -- those who only look, and what nobody reads


@pytest.mark.parametrize("role", ["fynlo_readonly", "fynlo_app"])
async def test_nobody_reads_a_password_hash_off_the_table(two_places: str, role: str) -> None:
    async with await connect(two_places, role) as conn, inside(conn, OURS):
        assert await value(conn, "select count(email) from users") > 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await conn.execute("select password_hash from users")


async def test_a_reader_reads_no_sessions_tokens_or_stored_answers(two_places: str) -> None:
    async with await connect(two_places, "fynlo_readonly") as conn:
        for table in ("sessions", "refresh_tokens", "idempotency_keys", "fynlo.touched"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await conn.execute(f"select * from {table}".encode())


async def test_nobody_but_the_application_reads_what_signs_webhooks(two_places: str) -> None:
    async with await connect(two_places, "fynlo_readonly") as conn, inside(conn, OURS):
        assert await value(conn, "select count(url) from webhooks") == 1
        for column in ("secret", "old_secrets"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                async with conn.transaction():
                    await conn.execute(f"select {column} from webhooks".encode())


async def test_a_reader_writes_nothing_and_calls_what_the_views_work_out(two_places: str) -> None:
    async with await connect(two_places) as conn:
        writable = await rows(
            conn,
            "select c.oid::regclass::text, p.privilege from pg_class c,"
            " unnest(array['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES']) p (privilege)"
            " where c.relnamespace in ('public'::regnamespace, 'fynlo'::regnamespace)"
            " and c.relkind in ('r', 'p', 'v') and has_table_privilege('fynlo_readonly', c.oid, p.privilege)",
        )
        callable_ = await rows(
            conn,
            "select proname from pg_proc where pronamespace = 'fynlo'::regnamespace"
            " and has_function_privilege('fynlo_readonly', oid, 'EXECUTE') order by 1",
        )
    assert (writable, [name for (name,) in callable_]) == (
        [],
        ["due", "expected_cash", "rfc3339", "to_refund"],
    )


@pytest.mark.parametrize("view", ["order_rows", "shift_rows"])
async def test_a_reader_sees_the_views_under_its_own_policies(two_places: str, view: str) -> None:
    async with await connect(two_places, "fynlo_readonly") as conn:
        assert await rows(conn, f"select * from {view}") == []
        async with inside(conn, OURS):
            assert await rows(conn, f"select * from {view}")
            assert await rows(conn, f"select distinct restaurant_id from {view}") == [(OURS,)]


async def test_the_application_writes_what_it_must_and_no_more(database_url: str) -> None:
    async with await connect(database_url) as conn:
        found = await rows(
            conn,
            "select p.privilege, array_agg(c.oid::regclass::text order by 1) from pg_class c,"
            " unnest(array['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) p (privilege)"
            " where c.relnamespace in ('public'::regnamespace, 'fynlo'::regnamespace)"
            " and c.relkind in ('r', 'p', 'v') and has_table_privilege('fynlo_app', c.oid, p.privilege)"
            " group by 1",
        )
    writable = sorted([*WRITABLE, "refresh_tokens", "sessions", "device_grants"])
    assert {privilege: sorted(tables) for privilege, tables in found} == {
        "INSERT": sorted([*writable, *ONCE, *NARROW]),
        "UPDATE": writable,
    }


async def test_what_was_taken_given_back_and_counted_is_not_the_applications_to_change(
    two_places: str,
) -> None:
    async with await connect(two_places) as conn:
        found = await rows(
            conn,
            "select attrelid::regclass::text, attname from pg_attribute"
            " where attrelid = any (%s::text[]::regclass[]) and attnum > 0"
            " and not has_column_privilege('fynlo_app', attrelid, attnum, 'UPDATE')",
            list(NARROW),
        )
        assert {table: {column for of, column in found if of == table} for table in NARROW} == NARROW
        # nor anybody's, once it was counted
        await conn.execute(
            "update shifts set closed_at = now(), closed_by = opened_by, counted_amount = 0, expected_amount = 0"
        )
        with pytest.raises(psycopg.errors.RestrictViolation):
            await conn.execute("update shifts set counted_amount = 5")


async def test_another_tenants_payments_refunds_and_shifts_cannot_be_changed(two_places: str) -> None:
    async with await application(two_places) as conn, inside(conn, OURS):
        for change in (
            "update payments set state = state", "update refunds set z_id = z_id",
            "update shifts set closed_at = closed_at",
        ):  # fmt: skip
            changed = await conn.execute(f"{change} where restaurant_id = %s".encode(), (THEIRS,))
            assert changed.rowcount == 0
            changed = await conn.execute(change.encode())
            assert changed.rowcount > 0


async def test_a_refund_that_is_corrected_in_the_database_shows_in_its_order(two_places: str) -> None:
    async with await connect(two_places) as conn:
        ((refund_id, order_id, amount),) = await rows(
            conn,
            "select id, order_id, amount from refunds where restaurant_id = %s and z_id is null limit 1",
            OURS,
        )
        of_order = "select refunded - %s, version from orders where id = %s"
        ((_, version),) = await rows(conn, of_order, 0, order_id)
        await conn.execute("update refunds set amount = 0, tip = 1 where id = %s", (refund_id,))
        assert await rows(conn, of_order, amount, order_id) == [(-1, version + 1)]


async def test_what_the_triggers_call_is_not_for_the_application(database_url: str) -> None:
    async with await connect(database_url) as conn:
        callable_ = await rows(
            conn,
            "select proname from pg_proc where pronamespace = 'fynlo'::regnamespace"
            " and has_function_privilege('fynlo_app', oid, 'EXECUTE') order by 1",
        )
    names = {name for (name,) in callable_}
    assert {"enter", "claim_key", "read_events", "prune_idempotency_keys"} <= names
    assert names.isdisjoint({"raise_versions", "drain", "order_defaults", "new_head", "rotate_epochs"})
