"""The pizzeria's kitchen: what its ovens and stoves send out."""

from .models import Choice, Choices, Dish, Page

STANDARD, COLD = "Standard", "Cold food"
OVEN, KITCHEN = "Pizza oven", "Kitchen"

CRUST = Choices(
    "Crust",
    1,
    1,
    (
        Choice("Neapolitan", is_default=True),
        Choice("Thin and crisp"),
        Choice("Wholemeal", 100),
        Choice("Gluten-free", 200),
    ),
)
EXTRAS = Choices(
    "Extras",
    0,
    3,
    (
        Choice("Olives", 150),
        Choice("Roast peppers", 150),
        Choice("Chestnut mushrooms", 150),
        Choice("Pickled chilli", 100),
        Choice("Anchovies", 200),
        Choice("Extra mozzarella", 200),
        Choice("Burrata", 350),
        Choice("Nduja", 250),
        Choice("Prosciutto", 300),
        Choice("Hot honey", 100),
    ),
)
WITHOUT = Choices(
    "Without",
    0,
    None,
    (
        Choice("No cheese"),
        Choice("No garlic"),
        Choice("No onion"),
        Choice("No basil"),
        Choice("No chilli"),
        Choice("No oil"),
    ),
)
SHAPE = Choices(
    "Pasta shape",
    1,
    1,
    (
        Choice("Spaghetti", is_default=True),
        Choice("Tagliatelle"),
        Choice("Rigatoni"),
        Choice("Gluten-free penne", 150),
    ),
)
PASTA_EXTRAS = Choices(
    "On top",
    0,
    2,
    (
        Choice("Extra Parmesan", 100),
        Choice("Toasted crumbs", 50),
        Choice("Grilled chicken", 300),
        Choice("King prawns", 450),
    ),
)
DRESSING = Choices(
    "Salad dressing",
    1,
    1,
    (
        Choice("House vinaigrette", is_default=True),
        Choice("Balsamic"),
        Choice("Caesar"),
        Choice("On the side"),
        Choice("No dressing"),
    ),
)
DIPS = Choices(
    "Dips",
    0,
    2,
    (
        Choice("Garlic mayonnaise", 120),
        Choice("Basil pesto", 150),
        Choice("Nduja mayonnaise", 150),
        Choice("Chilli honey", 120),
        Choice("Tomato ketchup"),
    ),
)
SCOOP = Choices(
    "Flavours",
    1,
    3,
    (
        Choice("Vanilla"),
        Choice("Dark chocolate"),
        Choice("Pistachio", 50),
        Choice("Fig and honey"),
        Choice("Lemon sorbet"),
    ),
)
GROUPS = (CRUST, EXTRAS, WITHOUT, SHAPE, PASTA_EXTRAS, DRESSING, DIPS, SCOOP)

ON_PIZZA = (CRUST.name, EXTRAS.name, WITHOUT.name)


def pizza(name: str, ten_inch: int, description: str) -> Dish:
    """A round pizza in both sizes; thirteen inches cost £3.50 more."""
    return Dish(name, {'10"': ten_inch, '13"': ten_inch + 350}, description, ON_PIZZA)


def calzone(name: str, price: int, description: str) -> Dish:
    return Dish(name, price, description, (EXTRAS.name, WITHOUT.name))


def pasta(name: str, price: int, description: str, *groups: str) -> Dish:
    return Dish(name, price, description, (*groups, PASTA_EXTRAS.name))


def salad(name: str, side: int, main: int, description: str) -> Dish:
    return Dish(name, {"Side": side, "Main": main}, description, (DRESSING.name,))


STARTERS = Page(
    "Starters",
    KITCHEN,
    STANDARD,
    (
        Dish("Nocellara olives", 425, "Green Sicilian olives, lemon, fennel seed", tax=COLD),
        Dish("Burrata and figs", 950, "Pugliese burrata, black figs, thyme honey", tax=COLD),
        Dish("Bruschetta", 650, "Grilled sourdough, Datterini tomatoes, garlic, basil", (WITHOUT.name,)),
        Dish("Arancini", 750, "Saffron risotto, smoked scamorza, tomato", (DIPS.name,)),
        Dish("Calamari fritti", 895, "Squid, semolina, lemon", (DIPS.name,)),
        Dish("Meatballs al forno", 850, "Beef and pork, tomato, Parmesan"),
        Dish(
            "Antipasto board",
            {"For one": 1095, "To share": 1895},
            "Prosciutto, finocchiona, pickles",
            tax=COLD,
        ),
        Dish("Soup of the day", 625, "With warm focaccia"),
    ),
)
PIZZE = Page(
    "Pizza",
    OVEN,
    STANDARD,
    (
        pizza("Marinara", 850, "San Marzano tomato, garlic, oregano; no cheese"),
        pizza("Margherita", 1050, "San Marzano tomato, fior di latte, basil"),
        pizza("Bufala", 1250, "Tomato, buffalo mozzarella, cherry tomatoes, basil"),
        pizza("Forno & Fig", 1395, "Gorgonzola, black figs, prosciutto, rocket, no tomato"),
        pizza("Diavola", 1295, "Tomato, fior di latte, spianata, pickled chilli"),
        pizza("Nduja and hot honey", 1350, "Tomato, fior di latte, nduja, hot honey"),
        pizza("Capricciosa", 1325, "Tomato, ham, mushrooms, artichokes, olives"),
        pizza("Napoli", 1225, "Tomato, anchovies, capers, oregano"),
        pizza("Quattro formaggi", 1325, "Fior di latte, gorgonzola, taleggio, Parmesan"),
        pizza("Ortolana", 1250, "Tomato, aubergine, courgette, roast peppers"),
        pizza("Funghi", 1275, "Fior di latte, three mushrooms, thyme, truffle oil"),
        pizza("Prosciutto e rucola", 1375, "Tomato, fior di latte, prosciutto, rocket, Parmesan"),
        pizza("Salsiccia e friarielli", 1350, "Smoked scamorza, fennel sausage, wild broccoli"),
        pizza("Mortadella e pistacchio", 1395, "Fior di latte, mortadella, pistachio pesto"),
        pizza("Tonno e cipolla", 1295, "Tomato, tuna, red onion, capers"),
        pizza("Vegana", 1195, "Tomato, oat mozzarella, artichokes, olives"),
    ),
)
CALZONI = Page(
    "Calzone",
    OVEN,
    STANDARD,
    (
        calzone("Calzone classico", 1350, "Ricotta, fior di latte, ham, tomato"),
        calzone("Calzone piccante", 1425, "Ricotta, nduja, spianata, chilli"),
        calzone("Calzone verde", 1325, "Ricotta, spinach, courgette, lemon"),
        calzone("Calzone ai funghi", 1375, "Taleggio, mushrooms, thyme"),
    ),
)
PASTE = Page(
    "Pasta",
    KITCHEN,
    STANDARD,
    (
        pasta("Pomodoro", 995, "Datterini tomatoes, garlic, basil", SHAPE.name),
        pasta("Cacio e pepe", 1150, "Pecorino Romano, black pepper", SHAPE.name),
        pasta("Carbonara", 1325, "Guanciale, egg yolk, pecorino", SHAPE.name),
        pasta("Ragù", 1395, "Beef and pork, simmered for six hours", SHAPE.name),
        pasta("Vongole", 1595, "Palourde clams, white wine, parsley, chilli", SHAPE.name),
        pasta("Lasagne", 1350, "Ragù, béchamel, Parmesan; from the oven"),
        pasta("Ricotta ravioli", 1375, "Spinach, brown butter, sage"),
        pasta("Gnocchi al pesto", 1250, "Basil pesto, green beans, pine nuts"),
    ),
)
SALADS = Page(
    "Salads",
    KITCHEN,
    COLD,
    (
        salad("House salad", 495, 895, "Leaves, cucumber, radish, seeds"),
        salad("Caesar", 625, 1150, "Cos, anchovy, croutons, Parmesan"),
        salad("Caprese", 695, 1195, "Heritage tomatoes, mozzarella, basil"),
        salad("Rocket and Parmesan", 550, 950, "Wild rocket, Parmesan, lemon"),
        salad("Fig and gorgonzola", 725, 1275, "Figs, gorgonzola, walnuts, radicchio"),
        salad("Panzanella", 595, 1050, "Tomatoes, sourdough, red onion, capers"),
    ),
)
SIDES = Page(
    "Sides",
    KITCHEN,
    STANDARD,
    (
        Dish("Garlic bread", 525, "Confit garlic, parsley", (DIPS.name,)),
        Dish("Garlic bread with mozzarella", 650, "Confit garlic, fior di latte", (DIPS.name,)),
        Dish("Rosemary focaccia", 475, "Olive oil, sea salt", (DIPS.name,)),
        Dish("Skin-on fries", 450, "Rosemary salt", (DIPS.name,)),
        Dish("Truffle fries", 595, "Parmesan, truffle oil", (DIPS.name,)),
        Dish("Tenderstem broccoli", 525, "Chilli, lemon"),
        Dish("Tomato and onion", 425, "Heritage tomatoes, red onion, oregano", tax=COLD),
    ),
)
DESSERTS = Page(
    "Desserts",
    KITCHEN,
    STANDARD,
    (
        Dish("Tiramisù", 695, "Mascarpone, espresso, savoiardi", tax=COLD),
        Dish("Baked cheesecake", 675, "Ricotta, lemon, fig compote", tax=COLD),
        Dish("Chocolate torta", 695, "Flourless, crème fraîche", tax=COLD),
        Dish("Panna cotta", 625, "Vanilla, raspberries", tax=COLD),
        Dish("Dough balls with hazelnut", 650, "Warm, hazelnut and chocolate spread"),
        Dish("Affogato", 525, "Vanilla gelato, espresso"),
        Dish("Gelato", 595, "Up to three scoops", (SCOOP.name,)),
    ),
)
PAGES = (STARTERS, PIZZE, CALZONI, PASTE, SALADS, SIDES, DESSERTS)
