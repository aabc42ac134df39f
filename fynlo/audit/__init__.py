"""The audit log, as owners and managers read it. Triggers write it, see sql/repeatable/functions/60_audit.sql."""
