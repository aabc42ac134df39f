-- The audit log. Row triggers write it, in the transaction of the change; what is no change of a row, a
-- sign-in that failed, say, is noted by fynlo.audit_person().
set local role fynlo_feed;

create or replace function fynlo.audit() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- Arguments: the action of an insert, that of an update, and the columns that are nobody's business or change
-- by themselves. An update that changes none of the others is not noted.
declare
  hidden text[] := string_to_array(coalesce(tg_argv[2], ''), ',') || array['restaurant_id', 'created_at', 'updated_at'];
  new_row jsonb := to_jsonb(new) - hidden;
  old_row jsonb;
  changed_before jsonb;
  changed_after jsonb;
begin
  if tg_op = 'UPDATE' then
    old_row := to_jsonb(old) - hidden;
    select jsonb_object_agg(n.key, old_row -> n.key), jsonb_object_agg(n.key, n.value)
      into changed_before, changed_after
      from jsonb_each(new_row) n
     where n.value is distinct from old_row -> n.key;
    if changed_after is null then
      return null;
    end if;
  else
    changed_after := new_row;
  end if;
  insert into audit_log (restaurant_id, action, entity_id, actor, approver, device_id, address, request_id,
                         before, after)
  select coalesce((to_jsonb(new) ->> 'restaurant_id')::uuid, (to_jsonb(new) ->> 'id')::uuid),
         case tg_op when 'INSERT' then tg_argv[0] else tg_argv[1] end,
         coalesce((to_jsonb(new) ->> 'id')::uuid, (to_jsonb(new) ->> 'membership_id')::uuid),
         nullif(current_setting('app.user_id', true), '')::uuid,
         nullif(current_setting('app.approver', true), '')::uuid,
         nullif(current_setting('app.device_id', true), '')::uuid,
         nullif(current_setting('app.address', true), ''),
         nullif(current_setting('app.request_id', true), ''),
         changed_before, changed_after;
  return null;
end
$$;

create or replace function fynlo.audit_person(
  p_user uuid, p_action text, p_device uuid, p_address text, p_request text, p_after jsonb
) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, public, pg_temp
as $$
-- Something that concerns a person and no restaurant: it is noted wherever they work; on a device, where it stands.
begin
  insert into audit_log (restaurant_id, action, entity_id, actor, device_id, address, request_id, after)
  select m.restaurant_id, p_action, p_user, p_user, p_device, p_address, p_request, p_after
    from memberships m
   where m.user_id = p_user and m.ended_at is null and m.invited_at is null
     and (p_device is null or exists (select from devices d where d.restaurant_id = m.restaurant_id and d.id = p_device));
end
$$;

set local role fynlo_owner;

create or replace function fynlo.refuse_change() returns trigger
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
  raise exception '% is append-only: nobody changes what was noted', tg_table_name
    using errcode = 'restrict_violation';
end
$$;
