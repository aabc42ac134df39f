-- Orders with their lines and modifiers, flat: a row for each modifier of each line, one row for a line
-- without modifiers or an order without lines. What GET /orders reads; handy in psql. The caller's own
-- row-level security applies. fynlo/orders/queries.py folds the rows and relies on the columns' order.
set local role fynlo_owner;

drop view if exists order_rows;
create view order_rows with (security_invoker = true) as
select o.id as order_id, o.restaurant_id, o.currency, o.number, o.business_date, o.type, o.status,
       o.payment_status, o.version, o.table_id, t.name as table_name, o.covers, o.customer_name, o.notes,
       o.status_reason, o.created_by, o.placed_at, o.created_at, o.updated_at, o.closed_at,
       o.subtotal, o.discount, o.service_charge, o.tax, o.total, o.tips, o.paid, o.refunded,
       fynlo.due(o.status, o.total, o.paid, o.returned) as due, o.unapplied,
       fynlo.to_refund(o.status, o.total, o.paid, o.refunded, o.returned, o.unapplied) as to_refund, o.tax_breakdown,
       o.merged_into, trim_scale(o.discount_percentage)::text as discount_percentage, o.discount_amount,
       o.discount_reason, o.charge_rule, trim_scale(o.charge_percentage)::text as charge_percentage, o.charge_amount,
       o.charge_reason, o.returned,
       o.prices_include_tax, o.tax_rounding, o.tax_scope,
       trim_scale(o.service_charge_percentage)::text as service_charge_percentage,
       o.service_charge_taxable, o.service_charge_from_covers, o.request_hash,
       i.id as item_id, i.product_id, i.variant_id, i.name as item_name, i.variant_name, i.station_id,
       i.unit_price, i.quantity, i.course, i.notes as item_notes, i.status as item_status,
       i.discount as item_discount, i.total as item_total, i.net as item_net,
       trim_scale(i.tax_rate)::text as tax_rate, trim_scale(i.discount_percentage)::text as item_discount_percentage,
       i.discount_amount as item_discount_amount, i.discount_reason as item_discount_reason, i.void_reason,
       i.request_hash as item_request_hash, i.stock_taken as item_stock_taken, i.position as item_position,
       m.modifier_id, m.name as modifier_name, m.price as modifier_price, m.quantity as modifier_quantity,
       m.stock_taken as modifier_stock_taken, m.position as modifier_position
  from orders o
  left join tables t on t.restaurant_id = o.restaurant_id and t.id = o.table_id
  left join order_items i on i.restaurant_id = o.restaurant_id and i.order_id = o.id
  left join order_item_modifiers m on m.restaurant_id = i.restaurant_id and m.order_id = i.order_id
                                  and m.item_id = i.id and m.quantity > 0;
