"""Points in time as they go in and out: RFC 3339, never without a zone."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

Time = Annotated[datetime, Meta(tz=True)]
