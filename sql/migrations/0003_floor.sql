-- The room: sections and their tables.
set local role fynlo_owner;

create table sections (
  restaurant_id uuid not null references restaurants (id),
  id uuid not null default fynlo.uuid7(),
  name text not null check (length(name) between 1 and 100),
  sort_order integer not null default 0,
  archived_at timestamptz,
  primary key (restaurant_id, id),
  constraint sections_id_key unique (id)
);

create table tables (
  restaurant_id uuid not null references restaurants (id),
  id uuid not null default fynlo.uuid7(),
  section_id uuid,
  name text not null check (length(name) between 1 and 50),
  seats integer not null default 2 check (seats between 1 and 100),
  sort_order integer not null default 0,
  archived_at timestamptz,
  primary key (restaurant_id, id),
  constraint tables_id_key unique (id),
  foreign key (restaurant_id, section_id) references sections (restaurant_id, id)
);
