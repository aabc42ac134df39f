-- Row-level security, enabled and forced on every table but fynlo.migrations, which has no tenant. The tenant is
-- the transaction-local setting app.restaurant_id, set by fynlo.enter(); without it no row is seen. Sub-selects
-- make Postgres read the setting once a statement instead of once a row.
set local role fynlo_owner;

do $$
declare
  t regclass;
begin
  for t in
    select c.oid::regclass from pg_class c
     where c.relnamespace in ('public'::regnamespace, 'fynlo'::regnamespace)
       and c.relkind in ('r', 'p') and c.relowner = 'fynlo_owner'::regrole
       and c.oid <> 'fynlo.migrations'::regclass
  loop
    execute format('alter table %s enable row level security', t);
    execute format('alter table %s force row level security', t);
    execute format('drop policy if exists feed on %s', t);
    execute format('create policy feed on %s to fynlo_feed using (true) with check (true)', t);
    execute format('drop policy if exists tenant on %s', t);
    if exists (select from pg_attribute where attrelid = t and attname = 'restaurant_id')
       and t <> 'fynlo.touched'::regclass then
      execute format($policy$create policy tenant on %s
        using (restaurant_id = (select nullif(current_setting('app.restaurant_id', true), '')::uuid))
        with check (restaurant_id = (select nullif(current_setting('app.restaurant_id', true), '')::uuid))
      $policy$, t);
    end if;
  end loop;
end
$$;

create policy tenant on restaurants
  using (id = (select nullif(current_setting('app.restaurant_id', true), '')::uuid))
  with check (id = (select nullif(current_setting('app.restaurant_id', true), '')::uuid));

-- A person sees themselves and the colleagues of the restaurant the request is in.
create policy tenant on users for select
  using (id = (select nullif(current_setting('app.user_id', true), '')::uuid)
         or exists (select from memberships m
                     where m.user_id = users.id
                       and m.restaurant_id = (select nullif(current_setting('app.restaurant_id', true), '')::uuid)));

-- People belong to no restaurant until somebody employs them: adding one is the owner's.
drop policy if exists owner on users;
create policy owner on users to fynlo_owner using (true) with check (true);

-- Sessions belong to no restaurant; a token's hash is the only key to them.
create policy tenant on sessions to fynlo_app using (true) with check (true);
create policy tenant on refresh_tokens to fynlo_app using (true) with check (true);
-- A device that waits for approval belongs to none either; its code's hash is the key.
create policy tenant on device_grants to fynlo_app using (true) with check (true);
