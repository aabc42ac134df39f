-- The twenty statements that cost the most time, from pg_stat_statements; without it, one row that says so.
-- A function of this session, because a plain query of a view that is missing does not run at all.
create or replace function pg_temp.slow_queries()
returns table (calls bigint, total_ms numeric, mean_ms numeric, rows_returned bigint, query text)
language plpgsql as $$
begin
  return query execute
    'select s.calls, round(s.total_exec_time::numeric), round(s.mean_exec_time::numeric, 2), s.rows,
            left(regexp_replace(s.query, ''\s+'', '' '', ''g''), 400)
       from pg_stat_statements s
      where s.dbid = (select oid from pg_database where datname = current_database())
      order by s.total_exec_time desc
      limit 20';
exception when undefined_table or object_not_in_prerequisite_state then
  return query select null::bigint, null::numeric, null::numeric, null::bigint,
    'pg_stat_statements is missing: name it in shared_preload_libraries, restart, and run '
    'create extension pg_stat_statements in this database.';
end
$$;
select * from pg_temp.slow_queries()
