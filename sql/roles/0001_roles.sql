-- The four roles of Fynlo. Safe to run again. Run before any migration, by a superuser or by the owner of the
-- database with CREATEROLE, who becomes a member of them.
--
--   fynlo_owner     owns every table, function and view; logs in nowhere
--   fynlo_app       what the server works as: reads and writes one restaurant at a time, owns nothing
--   fynlo_readonly  reads, under the same row-level security as the application
--   fynlo_feed      owns the functions that must see every restaurant (the event log's drain, the gate)
do $$
declare
  wanted text;
  -- From 16 on, who makes a role is its member but neither works as it nor has its rights until told so.
  as_member text := case when current_setting('server_version_num')::integer >= 160000
                         then 'with inherit true, set true' else '' end;
begin
  foreach wanted in array array['fynlo_owner', 'fynlo_app', 'fynlo_readonly', 'fynlo_feed'] loop
    begin
      if not exists (select from pg_roles where rolname = wanted) then
        execute format('create role %I nologin noinherit', wanted);
      end if;
    exception when duplicate_object or unique_violation then
      null;  -- another database of this cluster was being set up in the same instant
    end;
    if not (select rolsuper from pg_roles where rolname = current_user)
       and not (pg_has_role(current_user, wanted, 'usage')
                and (as_member = '' or pg_has_role(current_user, wanted, 'set'))) then
      execute format('grant %I to current_user %s', wanted, as_member);
    end if;
  end loop;
end
$$;

-- Everything internal stands in its own schema; what people query stands in public.
create schema if not exists fynlo authorization fynlo_owner;
grant usage, create on schema fynlo to fynlo_owner, fynlo_feed;
grant usage, create on schema public to fynlo_owner;
grant usage on schema fynlo to fynlo_app, fynlo_readonly;
grant usage on schema public to fynlo_app, fynlo_readonly, fynlo_feed;

-- What was applied, by `fynlo migrate`.
create table if not exists fynlo.migrations (
  name text primary key,
  kind text not null check (kind in ('ordered', 'repeatable')),
  sha256 text not null,
  applied_at timestamptz not null default now(),
  duration_ms integer not null
);
alter table fynlo.migrations owner to fynlo_owner;
grant select on fynlo.migrations to fynlo_app, fynlo_readonly;
