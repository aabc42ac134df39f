"""The rival's short card."""

from .models import Choice, Choices, Dish, Page

DONENESS = Choices("Cooked", 1, 1, (Choice("Pink"), Choice("Well done", is_default=True)))
TOPPINGS = Choices(
    "Toppings",
    0,
    4,
    (Choice("Bacon", 150), Choice("Cheese", 100), Choice("Fried egg", 120), Choice("Jalapeños", 80)),
)
GROUPS = (DONENESS, TOPPINGS)

BURGERS = Page(
    "Burgers",
    "Grill",
    "Standard",
    (
        Dish("Smash burger", {"Single": 850, "Double": 1095}, "Beef, pickles, sauce", (TOPPINGS.name,)),
        Dish("Dry-aged burger", 1250, "Six ounces, brioche", (DONENESS.name, TOPPINGS.name)),
        Dish("Buttermilk chicken", 995, "Slaw, hot sauce", (TOPPINGS.name,)),
        Dish("Beetroot burger", 895, "Vegan", (TOPPINGS.name,)),
    ),
)
SIDES = Page("Sides", "Grill", "Standard", (Dish("Fries", 350, "Sea salt"), Dish("Onion rings", 425)))
DRINKS = Page("Drinks", "Bar", "Standard", (Dish("Vanilla shake", 550), Dish("Root beer", 325, "330 ml")))
PAGES = (BURGERS, SIDES, DRINKS)
