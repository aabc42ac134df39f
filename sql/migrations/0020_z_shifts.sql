-- The Z that says what was counted in a drawer.
set local role fynlo_owner;

create table z_shifts (
  restaurant_id uuid not null references restaurants (id),
  shift_id uuid not null,
  z_id uuid not null,
  primary key (restaurant_id, shift_id),
  foreign key (restaurant_id, shift_id) references shifts (restaurant_id, id),
  foreign key (restaurant_id, z_id) references z_reports (restaurant_id, id)
);
comment on table z_shifts is 'The Z that reported the count of a shift: the first one taken after it was closed.';
create index z_shifts_z_idx on z_shifts (restaurant_id, z_id);
