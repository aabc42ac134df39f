-- What 0013 to 0015 added without looking at the rows that were there. In a transaction of its own: it only reads.
set local role fynlo_owner;

alter table order_item_modifiers validate constraint order_item_modifiers_quantity_check;
alter table fynlo.touched validate constraint touched_entity_check;
alter table products validate constraint products_availability_check;
alter table products validate constraint products_counted;
alter table modifiers validate constraint modifiers_availability_check;
alter table modifiers validate constraint modifiers_counted;
alter table tables validate constraint tables_position;
