"""Bodies as they are sent, for the OpenAPI document: by operation, each with a word on what it is for.

Ids are made up. Each is held to its Struct by a test.
"""

from collections.abc import Mapping
from typing import Any

_PLACE = "7f0c9f0e-54a1-4d0f-8f0b-0d8f6a3f1a01"
_TABLE = "7f0c9f0e-54a1-4d0f-8f0b-0d8f6a3f1a02"
_ORDER = "7f0c9f0e-54a1-4d0f-8f0b-0d8f6a3f1a03"
_LINE = "7f0c9f0e-54a1-4d0f-8f0b-0d8f6a3f1a04"
_OTHER_LINE = "7f0c9f0e-54a1-4d0f-8f0b-0d8f6a3f1a05"
_PRODUCT = "7f0c9f0e-54a1-4d0f-8f0b-0d8f6a3f1a06"
_MODIFIER = "7f0c9f0e-54a1-4d0f-8f0b-0d8f6a3f1a07"
_MANAGER = "7f0c9f0e-54a1-4d0f-8f0b-0d8f6a3f1a08"
_CHECK = "7f0c9f0e-54a1-4d0f-8f0b-0d8f6a3f1a09"
_OTHER_ORDER = "7f0c9f0e-54a1-4d0f-8f0b-0d8f6a3f1a0a"

_APPROVER = {"staff_id": _MANAGER, "pin": "482915"}
_STARTER = {"product_id": _PRODUCT, "quantity": 2, "course": 1, "modifiers": [{"modifier_id": _MODIFIER}]}
_MAIN = {"product_id": _PRODUCT, "course": 2, "notes": "no parsley"}
_AT_A_TABLE = {
    "restaurant_id": _PLACE,
    "table_id": _TABLE,
    "covers": 2,
    "items": [_STARTER, _MAIN],
    "send": False,
}
_TAKEAWAY = {"restaurant_id": _PLACE, "id": _ORDER, "type": "takeaway", "items": [{"product_id": _PRODUCT}]}
_TERMS = {
    "a percentage": {"reason": "waited for long", "percentage": "12.5"},
    "an amount": {"reason": "regulars", "amount": 500},
    "more than one may give": {"reason": "cold food", "percentage": "50", "approver": _APPROVER},
    "none any more": None,
}
_OFFLINE = [
    {"key": "t4-101", "method": "POST", "path": "/orders", "body": _TAKEAWAY},
    {"key": "t4-102", "method": "POST", "path": f"/orders/{_ORDER}/items", "body": {"items": [_MAIN]}},
    {
        "key": "t4-103",
        "method": "POST",
        "path": f"/orders/{_ORDER}/status",
        "body": {"status": "ready"},
        "after": "t4-102",
    },
]

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "POST /api/v1/auth/login": {"a login": {"email": "manager@demo.fynlo.test", "password": "fynlo-demo"}},
    "POST /api/v1/auth/pin": {"on a paired till": _APPROVER},
    "PUT /api/v1/staff/{staff_id}/pin": {"a PIN": {"pin": "482915"}},
    "POST /api/v1/orders": {"at a table, held": _AT_A_TABLE, "takeaway, with an id of one's own": _TAKEAWAY},
    "POST /api/v1/orders/preview": {"at a table": _AT_A_TABLE},
    "POST /api/v1/orders/{order_id}/items": {"sent at once": {"items": [_STARTER]}},
    "PATCH /api/v1/orders/{order_id}": {"more guests, no notes any more": {"covers": 6, "notes": None}},
    "PATCH /api/v1/orders/{order_id}/items/{item_id}": {"another quantity": {"quantity": 3, "notes": None}},
    "POST /api/v1/orders/{order_id}/send": {"a course": {"course": 2}, "all that is held": {}},
    "POST /api/v1/orders/{order_id}/items/{item_id}/void": {
        "one of several": {"reason": "dropped", "quantity": 1, "approver": _APPROVER}
    },
    "POST /api/v1/orders/{order_id}/status": {
        "on": {"status": "preparing"},
        "cancelled": {"status": "cancelled", "reason": "the guests left"},
    },
    "PUT /api/v1/orders/{order_id}/discount": _TERMS,
    "PUT /api/v1/orders/{order_id}/items/{item_id}/discount": _TERMS,
    "PUT /api/v1/orders/{order_id}/service-charge": {
        "a percentage": {"reason": "a large party", "percentage": "12.5"},
        "waived": None,
    },
    "POST /api/v1/orders/{order_id}/transfer": {
        "to a table": {"table_id": _TABLE},
        "off its table": {"table_id": None},
    },
    "POST /api/v1/orders/{order_id}/merge": {"another order": {"order_id": _OTHER_ORDER, "version": 3}},
    "POST /api/v1/orders/{order_id}/checks": {
        "by lines": {
            "split": "items",
            "checks": [[{"item_id": _LINE, "quantity": 1}], [{"item_id": _OTHER_LINE, "share": "1/3"}]],
        },
        "in equal parts": {"split": "equal", "ways": 3},
        "by amounts": {"split": "amounts", "amounts": [2000, 1500]},
    },
    "POST /api/v1/orders/{order_id}/payments": {
        "cash": {"method": "cash", "amount": 1282, "tip": 100, "tendered": 2000, "check_id": _CHECK},
        "card, before the terminal is asked": {"method": "card", "amount": 1281, "state": "pending"},
    },
    "POST /api/v1/payments/{payment_id}/capture": {"what the terminal says": {"reference": "TERMINAL-4711"}},
    "POST /api/v1/payments/{payment_id}/fail": {"what the terminal says": {"reason": "declined"}},
    "POST /api/v1/payments/{payment_id}/void": {
        "with a manager's word": {"reason": "it was the wrong tender", "approver": _APPROVER}
    },
    "POST /api/v1/payments/{payment_id}/refunds": {
        "for a line": {"amount": 850, "reason": "cold", "items": [{"item_id": _LINE, "quantity": 1}]}
    },
    "POST /api/v1/orders/batch": {"what a till did": {"restaurant_id": _PLACE, "operations": _OFFLINE}},
    "PUT /api/v1/products/{product_id}/availability": {
        "counted": {"state": "counted", "quantity": 12, "low_stock_at": 3},
        "sold out": {"state": "out_of_stock"},
    },
    "PUT /api/v1/modifiers/{modifier_id}/availability": {
        "until the evening": {"state": "out_of_stock", "until": "2026-11-25T18:00:00Z"}
    },
    "POST /api/v1/tables": {"a table": {"restaurant_id": _PLACE, "name": "Window 3", "seats": 4}},
    "PATCH /api/v1/tables/{table_id}": {"by hand": {"status": "reserved"}},
    "POST /api/v1/shifts": {"a drawer": {"restaurant_id": _PLACE, "drawer": "Bar", "opening_float": 10000}},
    "POST /api/v1/shifts/{shift_id}/movements": {
        "out": {"type": "paid_out", "amount": 500, "reason": "lemons"}
    },
    "POST /api/v1/shifts/{shift_id}/close": {"what is in the drawer": {"counted": 10850}},
    "POST /api/v1/reports/z": {"of a day": {"restaurant_id": _PLACE, "business_date": "2026-11-25"}},
}
