"""The live feed: a listener on Postgres, a hub that fans out, and the sockets. It knows the event log and no
domain: what a role may see of an event is told to it by whoever wires it."""
