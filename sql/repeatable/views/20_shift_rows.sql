-- Shifts with who had them, what should be in the drawer (while it is open: by now), and their movements. What
-- GET /shifts reads. The caller's own row-level security applies. fynlo/cash/queries.py relies on the columns' order.
set local role fynlo_owner;

drop view if exists shift_rows;
create view shift_rows with (security_invoker = true) as
select s.id, s.restaurant_id, s.drawer, s.opened_by, u.name as opened_by_name, s.opened_at, s.opening_amount,
       s.closed_by, s.closed_at,
       coalesce(s.expected_amount, fynlo.expected_cash(s.restaurant_id, s.id)) as expected_amount,
       s.counted_amount, coalesce(m.movements, '[]'::json) as movements
  from shifts s
  join users u on u.id = s.opened_by
 cross join lateral (
   select json_agg(json_build_object('id', m.id, 'shift_id', m.shift_id, 'type', m.type, 'amount', m.amount,
                                     'reason', m.reason, 'made_by', m.made_by,
                                     'created_at', fynlo.rfc3339(m.created_at)) order by m.created_at, m.id)
          as movements
     from shift_movements m where m.restaurant_id = s.restaurant_id and m.shift_id = s.id) m;
