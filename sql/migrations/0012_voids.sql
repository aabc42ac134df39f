-- Why a line was voided; who did it, and who approved it, stands in the audit log.
set local role fynlo_owner;

alter table order_items add column void_reason text;
comment on column order_items.void_reason is 'Why the line was voided. A part of a line that is voided becomes a line of its own.';
