-- Where a table stands in the room, and what was said of it by hand.
set local role fynlo_owner;

alter table tables add column state text not null default 'available'
  constraint tables_state check (state in ('available', 'reserved', 'cleaning'));
alter table tables add column position_x integer;
alter table tables add column position_y integer;
alter table tables add constraint tables_position check ((position_x is null) = (position_y is null)) not valid;
comment on column tables.state is 'Said by hand; while an order is open at it a table is occupied, whatever stands here.';
