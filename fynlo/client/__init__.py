"""The Python client of a Fynlo server: REST calls that survive a bad network, and the live feed.

    from fynlo.client import ApiClient, NewItem, NewOrder

`ApiClient` (module `http`) makes the requests, `Feed` (module `feed`) follows the orders of a restaurant as
they happen; both read their tokens from one `TokenManager` (module `tokens`). What they take and answer is
typed in `models`, `orders`, `payments`, `cash` and `events`, what goes wrong in `errors`. Everything is asyncio,
and one client may be used by any number of tasks of its event loop. Nothing here needs the rest of Fynlo: httpx,
websockets and msgspec are enough.
"""

from fynlo.client.answers import lowest
from fynlo.client.batches import Operation, OperationResult
from fynlo.client.cash import Movement, SalesReport, Shift, TakingsReport, VatReport, XReport, ZReport
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
from fynlo.client.orders import (
    ChargeTerms,
    Choice,
    NewItem,
    NewOrder,
    Order,
    OrderItem,
    OrderType,
    Preview,
    Terms,
    Totals,
)
from fynlo.client.paying import Act, PaymentOnOrder, RefundOnOrder
from fynlo.client.payments import (
    Approver,
    Check,
    CheckItem,
    NewPayment,
    NewRefund,
    Payment,
    Refund,
    RefundedItem,
)
from fynlo.client.timing import Timing
from fynlo.client.tokens import TokenManager, TokenSource
from fynlo.client.wire import Exchange, Wire

__all__ = [
    "Act",
    "ApiClient",
    "Approver",
    "AuditEntry",
    "Availability",
    "BadAnswer",
    "ChargeTerms",
    "Check",
    "CheckItem",
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
    "Movement",
    "NewItem",
    "NewOrder",
    "NewPayment",
    "NewRefund",
    "NotLoggedIn",
    "Notice",
    "Operation",
    "OperationResult",
    "Order",
    "OrderItem",
    "OrderType",
    "PairedLogin",
    "PairingEnded",
    "Payment",
    "PaymentOnOrder",
    "Position",
    "Preview",
    "ProblemError",
    "Product",
    "Refund",
    "RefundOnOrder",
    "RefundedItem",
    "Restaurant",
    "Resync",
    "SalesReport",
    "Shift",
    "Snapshot",
    "Station",
    "StatusChange",
    "StockChange",
    "Stopped",
    "Table",
    "TakingsReport",
    "Terms",
    "Timing",
    "TokenManager",
    "TokenSource",
    "Totals",
    "Unreachable",
    "User",
    "Variant",
    "VatReport",
    "WaitingDevice",
    "Wire",
    "XReport",
    "ZReport",
    "lowest",
    "with_availability",
]
