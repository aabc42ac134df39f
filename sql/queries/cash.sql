-- Drawers, and in whose hands they are.

-- name: shift_in_the_way
-- The open shift of a person, else that of a drawer: whose it is, and where. No row: a new one may begin.
select s.opened_by, u.name, s.drawer
  from shifts s join users u on u.id = s.opened_by
 where s.restaurant_id = %(restaurant_id)s and s.closed_at is null
   and (s.opened_by = %(user_id)s or lower(s.drawer) = lower(%(drawer)s))
 order by s.opened_by <> %(user_id)s
 limit 1

-- name: shift_insert
-- A drawer in somebody's hands.
insert into shifts (restaurant_id, id, drawer, opened_by, opening_amount)
values (%(restaurant_id)s, %(id)s, %(drawer)s, %(user_id)s, %(opening_float)s)

-- name: shift_lock
-- Whose a shift is, and whether it was closed. No payment, refund or movement gets into it until the end of the
-- transaction, and those that were under way are in: what is read next has them all.
select s.opened_by, s.closed_at is not null from shifts s
 where s.restaurant_id = %(restaurant_id)s and s.id = %(id)s
   for update

-- name: shift_close
-- The count against what should be there, by a new statement after shift_lock: it sees what that waited for.
update shifts set closed_at = clock_timestamp(), closed_by = %(user_id)s, counted_amount = %(counted)s,
                  expected_amount = fynlo.expected_cash(restaurant_id, id)
 where restaurant_id = %(restaurant_id)s and id = %(id)s

-- name: movement_insert
-- Cash in or out that is no payment. Returns when.
insert into shift_movements (restaurant_id, id, shift_id, type, amount, reason, made_by, created_at)
values (%(restaurant_id)s, %(id)s, %(shift_id)s, %(type)s, %(amount)s, %(reason)s, %(user_id)s, clock_timestamp())
returning created_at

-- name: shift_read
-- A row of shift_rows.
select * from shift_rows r where r.restaurant_id = %(restaurant_id)s and r.id = %(id)s

-- name: shifts_page
-- Shifts, newest first, as rows of shift_rows; those of one person, open or closed ones, where that is asked for.
with page as (
  select s.restaurant_id, s.id from shifts s
   where s.restaurant_id = %(restaurant_id)s
     and (%(opened_by)s::uuid is null or s.opened_by = %(opened_by)s)
     and (%(open)s::boolean is null or (s.closed_at is null) = %(open)s)
     and (%(below)s::uuid is null
          or (s.opened_at, s.id) < (select b.opened_at, b.id from shifts b
                                     where b.restaurant_id = %(restaurant_id)s and b.id = %(below)s))
   order by s.opened_at desc, s.id desc
   limit %(limit)s
)
select r.*
  from page join shift_rows r on r.restaurant_id = page.restaurant_id and r.id = page.id
 order by r.opened_at desc, r.id desc
