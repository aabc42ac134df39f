-- When a payment was voided: a drawer that was counted before was counted with it.
set local role fynlo_owner;

alter table payments add column voided_at timestamptz;
comment on column payments.voided_at is 'When it was voided. A shift that was closed before was counted with it, and its X keeps it.';
