-- Runs as its owner because only the owner of a table may add partitions to it.
set local role fynlo_owner;

create or replace function fynlo.make_event_partitions(p_months_ahead integer default 3)
returns setof text
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
set lock_timeout = '900ms'
as $$
-- Makes the partitions of order_events from this month to p_months_ahead months on; returns those it made.
-- While another process is at it, there is nothing to do. It never fails for what others do: a month whose
-- events already stand in the default partition stays there, and what is locked is left to the next run.
declare
  month date;
  partition_name text;
begin
  if not pg_try_advisory_xact_lock(hashtext('fynlo.make_event_partitions')) then
    return;
  end if;
  for month in
    select generate_series(date_trunc('month', now() at time zone 'UTC'),
                           date_trunc('month', now() at time zone 'UTC') + make_interval(months => p_months_ahead),
                           interval '1 month')::date
  loop
    partition_name := 'order_events_' || to_char(month, 'YYYY_MM');
    if to_regclass('public.' || partition_name) is null then
      begin
        execute format('create table public.%I partition of public.order_events for values from (%L) to (%L)',
                       partition_name, month::timestamp at time zone 'UTC',
                       (month + interval '1 month')::timestamp at time zone 'UTC');
      exception
        when check_violation then
          raise warning 'events of % stand in order_events_default already: that month stays there', month;
          continue;
        when lock_not_available then
          raise warning 'order_events is locked: the partition for % is left to the next run', month;
          return;
      end;
      execute format('alter table public.%I enable row level security', partition_name);
      execute format('alter table public.%I force row level security', partition_name);
      execute format('create trigger %I before delete or truncate on public.%I
                      for each statement execute function fynlo.refuse_delete()',
                     partition_name || '_keep', partition_name);
      return next partition_name;
    end if;
  end loop;
end
$$;
