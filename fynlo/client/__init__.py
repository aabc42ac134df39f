"""The Python client of a Fynlo server: REST calls that survive a bad network, and the live feed.

    from fynlo.client import ApiClient, NewItem, NewOrder

`ApiClient` (module `http`) makes the requests, `Feed` (module `feed`) follows the orders of a restaurant as
they happen; both read their tokens from one `TokenManager` (module `tokens`). What they take and answer is
typed in `models`, `orders` and `events`, what goes wrong in `errors`. Everything is asyncio, and one client
may be used by any number of tasks of its event loop. Nothing here needs the rest of Fynlo: httpx, websockets
and msgspec are enough.
"""

from fynlo.client.answers import lowest
from fynlo.client.batches import Operation, OperationResult
from fynlo.client.devices import Device, DeviceCode, PairedLogin, WaitingDevice
from fynlo.client.errors import (
    BadAnswer,
    ClientError,
    FeedStopped,
    FieldError,
    NotLoggedIn,
    PairingEnded,
    ProblemError,
    Unreachable,
)
from fynlo.client.events import (
    Connected,
    Disconnected,
    Event,
    LoggedEvent,
    Notice,
    Resync,
    StatusChange,
    Stopped,
)
from fynlo.client.feed import Feed
from fynlo.client.http import ApiClient
from fynlo.client.menu import with_availability
from fynlo.client.models import (
    AuditEntry,
    Availability,
    Login,
    Me,
    Membership,
    Modifier,
    ModifierGroup,
    Position,
    Product,
    Restaurant,
    Snapshot,
    Station,
    StockChange,
    Table,
    User,
    Variant,
)
from fynlo.client.orders import Choice, NewItem, NewOrder, Order, OrderItem, OrderType, Totals
from fynlo.client.timing import Timing
from fynlo.client.tokens import TokenManager, TokenSource
from fynlo.client.wire import Exchange, Wire

__all__ = [
    "ApiClient",
    "AuditEntry",
    "Availability",
    "BadAnswer",
    "Choice",
    "ClientError",
    "Connected",
    "Device",
    "DeviceCode",
    "Disconnected",
    "Event",
    "Exchange",
    "Feed",
    "FeedStopped",
    "FieldError",
    "LoggedEvent",
    "Login",
    "Me",
    "Membership",
    "Modifier",
    "ModifierGroup",
    "NewItem",
    "NewOrder",
    "NotLoggedIn",
    "Notice",
    "Operation",
    "OperationResult",
    "Order",
    "OrderItem",
    "OrderType",
    "PairedLogin",
    "PairingEnded",
    "Position",
    "ProblemError",
    "Product",
    "Restaurant",
    "Resync",
    "Snapshot",
    "Station",
    "StatusChange",
    "StockChange",
    "Stopped",
    "Table",
    "Timing",
    "TokenManager",
    "TokenSource",
    "Totals",
    "Unreachable",
    "User",
    "Variant",
    "WaitingDevice",
    "Wire",
    "lowest",
    "with_availability",
]
