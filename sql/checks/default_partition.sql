-- Events that lie in order_events_default, because their month had no partition.
-- While they do, that month's partition cannot be made, nor the month dropped as a whole.
select e.restaurant_id::text as object, count(*) || ' events, the first of ' || min(e.created_at) as detail
  from order_events_default e
 group by e.restaurant_id
 order by 1
