-- What 0009 added without looking at the rows that were there. In a transaction of its own: it only reads.
set local role fynlo_owner;

alter table memberships validate constraint memberships_role_check;
alter table sessions validate constraint sessions_device_fkey;
alter table sessions validate constraint sessions_revoked_reason_check;
