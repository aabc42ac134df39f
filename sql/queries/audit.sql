-- The audit log.

-- name: audit_entries
-- Entries of a restaurant, newest first, those before one where that is given.
select a.id, a.at, a.action, a.entity_id, a.actor, u.name, a.approver, a.device_id, a.address, a.request_id,
       a.before, a.after
  from audit_log a
  left join users u on u.id = a.actor
 where a.restaurant_id = %(restaurant_id)s
   and (%(action)s::text is null or a.action = %(action)s)
   and (%(actor)s::uuid is null or a.actor = %(actor)s)
   and (%(entity_id)s::uuid is null or a.entity_id = %(entity_id)s)
   and (%(since)s::timestamptz is null or a.at >= %(since)s)
   and (%(until)s::timestamptz is null or a.at < %(until)s)
   and (%(below)s::uuid is null
        or (a.at, a.id) < (select b.at, b.id from audit_log b
                            where b.restaurant_id = %(restaurant_id)s and b.id = %(below)s))
 order by a.at desc, a.id desc
 limit %(limit)s
