"""The pizzeria's bar. Alcohol, soft drinks and hot drinks are standard-rated wherever they are drunk."""

from .models import Choice, Choices, Dish, Page

MILK = Choices(
    "Milk",
    1,
    1,
    (
        Choice("Whole", is_default=True),
        Choice("Skimmed"),
        Choice("Oat", 40),
        Choice("Soya", 40),
        Choice("No milk"),
    ),
)
ICE = Choices("Ice and slice", 0, None, (Choice("No ice"), Choice("Lemon"), Choice("Lime")))
GROUPS = (MILK, ICE)


def beer(name: str, half: int, pint: int, description: str) -> Dish:
    return Dish(name, {"Half": half, "Pint": pint}, description)


def wine(name: str, small: int, large: int, bottle: int, description: str) -> Dish:
    return Dish(name, {"175 ml": small, "250 ml": large, "Bottle": bottle}, description)


SOFT_DRINKS = Page(
    "Soft drinks & coffee",
    "Bar",
    "Standard",
    (
        Dish("Still water", {"500 ml": 275, "750 ml": 425}),
        Dish("Sparkling water", {"500 ml": 275, "750 ml": 425}),
        Dish("Cola", 345, "330 ml", (ICE.name,)),
        Dish("Diet cola", 325, "330 ml", (ICE.name,)),
        Dish("Sicilian lemonade", 375, "Cloudy, 275 ml", (ICE.name,)),
        Dish("Blood orange soda", 375, "275 ml", (ICE.name,)),
        Dish("Fresh orange juice", 425),
        Dish("Espresso", {"Single": 250, "Double": 290}),
        Dish("Flat white", 370, None, (MILK.name,)),
        Dish("Cappuccino", 370, None, (MILK.name,)),
        Dish("Breakfast tea", 295, None, (MILK.name,)),
    ),
)
BEERS = Page(
    "Beer & cider",
    "Bar",
    "Standard",
    (
        beer("House lager", 315, 610, "Draught, 4.4 %"),
        beer("London pale ale", 335, 650, "Draught, 4.6 %"),
        beer("Dry cider", 305, 590, "Draught, 4.8 %"),
        Dish("Italian lager", 525, "Bottle, 330 ml, 5.1 %"),
        Dish("Alcohol-free lager", 450, "Bottle, 330 ml, 0.5 %"),
    ),
)
WINES = Page(
    "Wine & aperitivo",
    "Bar",
    "Standard",
    (
        wine("Trebbiano", 625, 850, 2450, "White, Abruzzo; light and dry"),
        wine("Gavi", 850, 1175, 3450, "White, Piedmont; crisp, almond"),
        wine("Pinot Grigio rosato", 695, 950, 2750, "Rosé, Veneto"),
        wine("Montepulciano", 650, 895, 2550, "Red, Abruzzo; plum and spice"),
        wine("Chianti Classico", 895, 1250, 3650, "Red, Tuscany"),
        Dish("Prosecco", {"125 ml": 725, "Bottle": 3495}, "Sparkling, Veneto"),
        Dish("Aperol spritz", 995, "Aperol, prosecco, soda", (ICE.name,)),
        Dish("Negroni", 1050, "Gin, Campari, red vermouth"),
    ),
)
PAGES = (SOFT_DRINKS, BEERS, WINES)
