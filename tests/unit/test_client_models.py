"""The client's orders have every field of the server's: what it does not know it could not compare or show."""

import msgspec
import pytest

from fynlo import client
from fynlo.client import orders, payments
from fynlo.menu.models import Product
from fynlo.orders import models, payment_models
from fynlo.orders.line_bodies import Preview

NOT_TOLD = {("OrderItem", "station_id")}


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (models.Order, client.Order),
        (models.OrderItem, client.OrderItem),
        (models.ItemModifier, orders.OrderItemModifier),
        (models.OrderTotals, client.Totals),
        (models.Terms, client.Terms),
        (models.ChargeTerms, client.ChargeTerms),
        (payment_models.Payment, client.Payment),
        (payment_models.Refund, client.Refund),
        (payment_models.RefundedItem, client.RefundedItem),
        (payment_models.Check, client.Check),
        (payment_models.CheckItem, payments.CheckItem),
        (Preview, client.Preview),
        (Product, client.Product),
    ],
)
def test_the_client_knows_every_field(theirs: type[msgspec.Struct], ours: type[msgspec.Struct]) -> None:
    known = {field.encode_name for field in msgspec.structs.fields(ours)}
    told = {field.encode_name for field in msgspec.structs.fields(theirs)}
    assert {name for name in told - known if (theirs.__name__, name) not in NOT_TOLD} == set()
