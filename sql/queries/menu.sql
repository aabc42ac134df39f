-- What can be sold.

-- name: menu_page
-- One page of the active products: a row for each variant and each modifier of each product, together by
-- product. The first columns, on every row: how many products there are, the feed's position, the version.
-- availability is null for what is simply in stock.
with wanted as (
  select p.restaurant_id, p.id, p.name, p.description, p.price, p.open_price, p.sku, p.image_url,
         p.sort_order, p.version,
         case when p.availability <> 'in_stock' then fynlo.availability_json(p.availability, p.stock, p.out_until)::text
         end as availability, c.id as category_id, c.name as category_name,
         c.sort_order as category_sort, c.station_id,
         trim_scale(t.dine_in_rate)::text as dine_in, trim_scale(t.takeaway_rate)::text as takeaway,
         trim_scale(t.delivery_rate)::text as delivery
    from products p
    join categories c on c.restaurant_id = p.restaurant_id and c.id = p.category_id and c.archived_at is null
    join tax_classes t on t.restaurant_id = p.restaurant_id and t.id = p.tax_class_id
   where p.restaurant_id = %(restaurant_id)s and p.archived_at is null
     and (%(category)s::text is null or c.id::text = lower(%(category)s) or lower(c.name) = lower(%(category)s))
), page as (
  select row_number() over (order by w.category_sort, w.category_name, w.category_id,
                                     w.sort_order, w.name, w.id) as place, w.*
    from wanted w
   order by place limit %(limit)s offset %(offset)s
)
select (select count(*) from wanted), h.epoch, h.seq, r.menu_version, r.currency,
       page.id, page.name, page.description, page.price, page.open_price, page.sku, page.image_url,
       page.sort_order, page.version, page.availability, page.category_id, page.category_name,
       page.category_sort, page.station_id, page.dine_in, page.takeaway, page.delivery,
       child.variant_id, child.group_id, child.modifier_id, child.name, child.price, child.is_default,
       child.availability, child.group_name, child.min_selections, child.max_selections
  from feed_heads h
  join restaurants r on r.id = h.restaurant_id
  left join page on true
  left join lateral (
    select v.id as variant_id, null::uuid as group_id, null::uuid as modifier_id, v.name, v.price,
           null::boolean as is_default, null::text as availability, null::text as group_name,
           null::integer as min_selections, null::integer as max_selections,
           0 as group_sort, v.sort_order as child_sort
      from product_variants v
     where v.restaurant_id = page.restaurant_id and v.product_id = page.id and v.archived_at is null
    union all
    select null, g.id, m.id, m.name, m.price, m.is_default,
           case when m.availability <> 'in_stock'
                then fynlo.availability_json(m.availability, m.stock, m.out_until)::text end, g.name,
           g.min_selections, g.max_selections, x.sort_order, m.sort_order
      from product_modifier_groups x
      join modifier_groups g on g.restaurant_id = x.restaurant_id and g.id = x.group_id and g.archived_at is null
      left join modifiers m on m.restaurant_id = g.restaurant_id and m.group_id = g.id and m.archived_at is null
     where x.restaurant_id = page.restaurant_id and x.product_id = page.id
  ) child on true
 where h.restaurant_id = %(restaurant_id)s
 order by page.place, child.variant_id is null, child.group_sort, child.group_id, child.child_sort,
          child.name, child.variant_id, child.modifier_id

-- name: sellable
-- The products of an order as they are sold now, with the chosen variants, all their modifier groups and
-- the chosen modifiers of those. The first columns, on every row (there is always one): the request hash
-- of an order that already has the id, the name of the table, and the number of the order open at it.
select (select o.request_hash from orders o where o.restaurant_id = %(restaurant_id)s and o.id = %(order_id)s),
       exists (select from orders o where o.restaurant_id = %(restaurant_id)s and o.id = %(order_id)s),
       (select t.name from tables t where t.restaurant_id = %(restaurant_id)s and t.id = %(table_id)s
                                      and t.archived_at is null),
       (select o.number from orders o where o.restaurant_id = %(restaurant_id)s and o.table_id = %(table_id)s
                                        and o.closed_at is null),
       p.id, p.name, p.price, p.open_price, fynlo.on_sale(p.availability, p.stock, p.out_until), c.station_id,
       trim_scale(case %(type)s::text when 'dine_in' then t.dine_in_rate when 'takeaway' then t.takeaway_rate
                                      else t.delivery_rate end),
       exists (select from product_variants x where x.restaurant_id = p.restaurant_id
                 and x.product_id = p.id and x.archived_at is null),
       v.id, v.name, v.price, g.id, g.name, g.min_selections, g.max_selections,
       m.id, m.name, m.price, fynlo.on_sale(m.availability, m.stock, m.out_until)
  from (values (1)) always (one)
  left join (products p
    join categories c on c.restaurant_id = p.restaurant_id and c.id = p.category_id and c.archived_at is null
    join tax_classes t on t.restaurant_id = p.restaurant_id and t.id = p.tax_class_id
  ) on p.restaurant_id = %(restaurant_id)s and p.id = any (%(products)s) and p.archived_at is null
  left join product_variants v on v.restaurant_id = p.restaurant_id and v.product_id = p.id
    and v.archived_at is null and v.id = any (%(variants)s)
  left join (product_modifier_groups x
    join modifier_groups g on g.restaurant_id = x.restaurant_id and g.id = x.group_id and g.archived_at is null
  ) on x.restaurant_id = p.restaurant_id and x.product_id = p.id
  left join modifiers m on m.restaurant_id = g.restaurant_id and m.group_id = g.id and m.archived_at is null
    and m.id = any (%(modifiers)s)
 order by p.id, x.sort_order, g.id, m.sort_order, m.id

-- name: sellable_at
-- In the shape of sellable, the menu as it was at a time; what is left, and where it is made, are as of now. A product
-- that is newer than that is taken as it is.
with p as (
  select p.restaurant_id, p.id, p.name, p.price, p.open_price, p.category_id, p.tax_class_id, x.category_id as made_at,
         fynlo.on_sale(x.availability, x.stock, x.out_until) as state,
         case when was ? 'absent' then 'infinity' else %(at)s::timestamptz end as at
    from products x
   cross join lateral fynlo.menu_was(x.restaurant_id, 'products', x.id, %(at)s) was
   cross join lateral jsonb_populate_record(x, was) p
   where x.restaurant_id = %(restaurant_id)s and x.id = any (%(products)s) and p.archived_at is null
), v as (
  select v.product_id, v.id, v.name, v.price
    from p join product_variants x on x.restaurant_id = p.restaurant_id and x.product_id = p.id
   cross join lateral fynlo.menu_was(x.restaurant_id, 'product_variants', x.id, p.at) was
   cross join lateral jsonb_populate_record(x, was) v
   where v.archived_at is null and not was ? 'absent'
), links as (
  select p.id as product_id, p.at, possible.group_id, coalesce((was.old_row ->> 'sort_order')::integer, l.sort_order) as sort_order
    from p
   cross join lateral (
     select l.group_id from product_modifier_groups l where l.restaurant_id = p.restaurant_id and l.product_id = p.id
      union
     select (h.old_row ->> 'group_id')::uuid from menu_history h
      where h.restaurant_id = p.restaurant_id and h.kind = 'product_modifier_groups' and h.entity_id = p.id
        and h.replaced_at > p.at
   ) possible
    left join lateral (
      select h.old_row from menu_history h
       where h.restaurant_id = p.restaurant_id and h.kind = 'product_modifier_groups' and h.entity_id = p.id
         and h.replaced_at > p.at and h.old_row ->> 'group_id' = possible.group_id::text
       order by h.replaced_at, h.place
       limit 1
    ) was on true
    left join product_modifier_groups l on l.restaurant_id = p.restaurant_id and l.product_id = p.id
      and l.group_id = possible.group_id
   where coalesce(not was.old_row ? 'absent', l.group_id is not null)
), g as (
  select links.product_id, links.sort_order, links.at, g.id, g.name, g.min_selections, g.max_selections
    from links join modifier_groups x on x.restaurant_id = %(restaurant_id)s and x.id = links.group_id
   cross join lateral fynlo.menu_was(x.restaurant_id, 'modifier_groups', x.id, links.at) was
   cross join lateral jsonb_populate_record(x, was) g
   where g.archived_at is null
), m as (
  select g.product_id, m.group_id, m.id, m.name, m.price, m.sort_order,
         fynlo.on_sale(x.availability, x.stock, x.out_until) as state
    from modifiers x
   cross join g
   cross join lateral fynlo.menu_was(x.restaurant_id, 'modifiers', x.id, g.at) was
   cross join lateral jsonb_populate_record(x, was) m
   where x.restaurant_id = %(restaurant_id)s and x.id = any (%(modifiers)s) and m.group_id = g.id
     and m.archived_at is null and not was ? 'absent'
)
select (select o.request_hash from orders o where o.restaurant_id = %(restaurant_id)s and o.id = %(order_id)s),
       exists (select from orders o where o.restaurant_id = %(restaurant_id)s and o.id = %(order_id)s),
       (select t.name from tables t where t.restaurant_id = %(restaurant_id)s and t.id = %(table_id)s
                                      and t.archived_at is null),
       (select o.number from orders o where o.restaurant_id = %(restaurant_id)s and o.table_id = %(table_id)s
                                        and o.closed_at is null),
       s.id, s.name, s.price, s.open_price, s.state, s.station_id, s.rate, s.has_variants,
       v.id, v.name, v.price, g.id, g.name, g.min_selections, g.max_selections, m.id, m.name, m.price, m.state
  from (values (1)) always (one)
  left join (
    select p.*, made_at.station_id,
           trim_scale(case %(type)s::text when 'dine_in' then t.dine_in_rate when 'takeaway' then t.takeaway_rate
                                          else t.delivery_rate end) as rate,
           exists (select from v where v.product_id = p.id) as has_variants
      from p
      join categories made_at on made_at.restaurant_id = p.restaurant_id and made_at.id = p.made_at
      join categories cx on cx.restaurant_id = p.restaurant_id and cx.id = p.category_id
     cross join lateral fynlo.menu_was(p.restaurant_id, 'categories', cx.id, p.at) c_was
     cross join lateral jsonb_populate_record(cx, c_was) c
      join tax_classes tx on tx.restaurant_id = p.restaurant_id and tx.id = p.tax_class_id
     cross join lateral fynlo.menu_was(p.restaurant_id, 'tax_classes', tx.id, p.at) t_was
     cross join lateral jsonb_populate_record(tx, t_was) t
     where c.archived_at is null
  ) s on true
  left join v on v.product_id = s.id and v.id = any (%(variants)s)
  left join g on g.product_id = s.id
  left join m on m.product_id = s.id and m.group_id = g.id
 order by s.id, g.sort_order, g.id, m.sort_order, m.id
