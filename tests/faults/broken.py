"""Servers with a part taken out, or with a shorter patience: Python that runs before one serves.

A test that passes on a whole server and fails on the broken one has shown that it looks.
"""

DEAF = """
from fynlo.live import hub
hub.POLL_S = 3600.0
async def ignore(self): pass
hub.Hub._listener_connected = ignore
"""
"""Told only by hints: heads are neither polled nor read when the listener is back."""

UNPOLLED = """
from fynlo.live import hub
hub.POLL_S = 3600.0
"""
"""Told by hints, and by the heads when the listener is back."""

UNTOLD = """
from fynlo.live import listener
listener.FEED_CHANNEL = "nobody_notifies_here"
"""
"""It hears no hint."""

BRISK = """
from fynlo.live import connection
connection.FIRST_MESSAGE_S = 1.0
"""
"""Whole, but quicker to give up on who does not say who it is."""

IMPATIENT = """
from fynlo.live import connection
connection.HEARTBEAT_S, connection.PONG_WITHIN_S, connection.MAX_MISSED = 1, 1, 2
connection.SILENCE_S = 3.0
"""
"""Whole, but quicker to give up on who says nothing; it asks for a ping each second."""

QUICK_TO_DROP = """
from fynlo import server
server.UNREAD_MS = 1500
"""
"""Whole, but quicker to give up on who takes nothing."""

TRUSTING = """
from fynlo import server
from fynlo.live import connection
connection.SILENCE_S = 3600.0
server.UNREAD_MS = 0
"""
"""It gives up on nobody who vanished."""

UNBOUNDED = """
from fynlo import server
from fynlo.live import outbox, room
outbox.BACKLOG_EVENTS = outbox.BACKLOG_BYTES = room.RING_EVENTS = room.RING_BYTES = 2**40
server.UNREAD_MS = 0
"""
"""It keeps everything for a client that stopped reading."""

LATE = """
import asyncio, random
from fynlo import writing
once = writing.once
async def late(*arguments, **named):
    reply = await once(*arguments, **named)
    await asyncio.sleep(random.random() * 0.1)
    return reply
writing.once = late
"""
"""Whole, but slow to say what it has committed: of whatever befalls it, much does so in between."""
