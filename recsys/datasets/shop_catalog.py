"""The products of the synthetic shop: departments, aisles, products, and what is bought together."""

from typing import NamedTuple


class Aisle(NamedTuple):
    """An aisle, the mean price of its products, and their names, the most popular first."""

    name: str
    price: float
    products: tuple[str, ...]


class Department(NamedTuple):
    """A department, the profit in each unit of its prices, and its aisles."""

    name: str
    margin: float
    aisles: tuple[Aisle, ...]


def _aisle(name: str, price: float, products: str) -> Aisle:
    return Aisle(name, price, tuple(products.split(", ")))


DEPARTMENTS = (
    Department("Produce", 0.32, (
        _aisle("Fruit", 2.3, "bananas, apples, oranges, grapes, lemons, pears"),
        _aisle("Berries", 3.2, "strawberries, blueberries, raspberries, blackberries, currants, cherries"),
        _aisle("Vegetables", 1.9, "carrots, courgettes, peppers, broccoli, aubergines, cauliflower"),
        _aisle("Salad", 1.7, "tomatoes, cucumber, lettuce, rocket, radishes, spring onions"),
        _aisle("Roots and onions", 1.4, "onions, potatoes, garlic, sweet potatoes, beetroot, ginger"),
        _aisle("Herbs", 1.3, "basil, parsley, coriander, mint, thyme, dill"),
    )),
    Department("Bakery", 0.45, (
        _aisle("Bread", 2.4, "wholemeal bread, white bread, rye bread, sourdough loaf, toast, flatbread"),
        _aisle("Rolls", 1.2, "rolls, baguette, ciabatta, pretzels, burger buns, bagels"),
        _aisle("Pastries", 1.9, "croissants, cinnamon rolls, muffins, doughnuts, scones, danish pastry"),
        _aisle("Cakes", 4.8, "cheesecake, apple pie, carrot cake, brownies, lemon tart, sponge cake"),
    )),
    Department("Dairy", 0.22, (
        _aisle("Milk", 1.3, "whole milk, semi-skimmed milk, oat drink, buttermilk, soy drink, almond drink"),
        _aisle("Yoghurt", 1.6, "plain yoghurt, fruit yoghurt, greek yoghurt, skyr, kefir, quark"),
        _aisle("Cheese", 3.6, "gouda, mozzarella, cheddar, parmesan, feta, brie"),
        _aisle("Butter and cream", 2.2, "butter, cream, creme fraiche, margarine, cream cheese, mascarpone"),
        _aisle("Eggs", 2.8, "free-range eggs, organic eggs, large eggs, barn eggs, quail eggs, egg whites"),
    )),
    Department("Meat and fish", 0.2, (
        _aisle("Poultry", 6.4, "chicken breast, whole chicken, turkey, chicken wings, chicken thighs, duck"),
        _aisle("Beef and pork", 7.5, "minced beef, pork chops, bacon, steak, stewing beef, ribs"),
        _aisle("Sausages", 3.9, "ham, salami, frankfurters, bratwurst, chorizo, pate"),
        _aisle("Fish", 7.9, "salmon, cod, tuna steak, prawns, trout, mussels"),
        _aisle("Plant-based", 3.7, "tofu, veggie burgers, falafel, tempeh, veggie mince, seitan"),
    )),
    Department("Pantry", 0.28, (
        _aisle("Pasta", 1.5, "spaghetti, penne, fusilli, lasagne sheets, tagliatelle, gnocchi"),
        _aisle("Rice and grains", 2.1, "basmati rice, couscous, risotto rice, bulgur, quinoa, red lentils"),
        _aisle("Tins", 1.2, "chopped tomatoes, chickpeas, kidney beans, sweetcorn, tuna, coconut milk"),
        _aisle("Sauces", 2.3, "tomato passata, pesto, ketchup, mayonnaise, soy sauce, mustard"),
        _aisle("Oils", 5.6, "olive oil, sunflower oil, balsamic vinegar, sesame oil, nut oil, malt vinegar"),
        _aisle("Spices", 1.9, "black pepper, paprika, curry paste, cinnamon, cumin, oregano"),
        _aisle("World food", 2.5, "tortillas, taco shells, salsa, rice noodles, nori, wasabi"),
    )),
    Department("Breakfast", 0.3, (
        _aisle("Cereals", 2.9, "muesli, porridge oats, cornflakes, granola, bran flakes, chocolate pops"),
        _aisle("Spreads", 3.1, "strawberry jam, honey, peanut butter, nut spread, marmalade, maple syrup"),
        _aisle("Coffee", 5.9, "ground coffee, coffee beans, instant coffee, capsules, decaf, coffee filters"),
        _aisle("Tea", 2.6, "black tea, green tea, peppermint tea, camomile tea, rooibos tea, chai"),
        _aisle("Baking", 1.4, "flour, sugar, baking powder, vanilla extract, yeast, chocolate chips"),
    )),
    Department("Snacks", 0.38, (
        _aisle("Crisps", 1.8, "crisps, tortilla chips, pretzel sticks, popcorn, peanuts, rice cakes"),
        _aisle("Chocolate", 1.9, "milk chocolate, dark chocolate, wafer bars, pralines, truffles, nougat"),
        _aisle("Biscuits", 2.1, "butter biscuits, oat biscuits, shortbread, wafers, ginger nuts, crackers"),
        _aisle("Nuts", 3.4, "almonds, cashews, walnuts, raisins, hazelnuts, dried apricots"),
        _aisle("Sweets", 1.6, "wine gums, liquorice, mints, caramels, marshmallows, chewing gum"),
    )),
    Department("Drinks", 0.26, (
        _aisle("Water", 0.9, "sparkling water, still water, tonic water, soda water, spa water, iced tea"),
        _aisle("Juice", 2.4, "orange juice, apple juice, tomato juice, grape juice, smoothie, ginger shot"),
        _aisle("Soft drinks", 1.6, "cola, lemonade, orangeade, ginger ale, cola zero, energy drink"),
        _aisle("Beer", 1.4, "lager, wheat beer, pale ale, alcohol-free beer, stout, radler"),
        _aisle("Wine", 7.6, "red wine, white wine, prosecco, rose wine, port, sherry"),
    )),
    Department("Frozen", 0.27, (
        _aisle("Frozen vegetables", 2.2, "peas, spinach, frozen berries, chips, mixed vegetables, edamame"),
        _aisle("Frozen meals", 4.1, "pizza, fish fingers, lasagne, spring rolls, fish pie, dumplings"),
        _aisle("Ice cream", 4.3, "vanilla ice cream, chocolate ice, ice lollies, sorbet, cones, sundaes"),
    )),
    Department("Household", 0.35, (
        _aisle("Cleaning", 2.7, "washing-up liquid, cleaner, sponges, dishwasher tablets, descaler, bleach"),
        _aisle("Laundry", 6.2, "washing powder, fabric softener, detergent, stain remover, starch, pegs"),
        _aisle("Paper", 3.3, "toilet paper, kitchen roll, tissues, napkins, baking paper, bin bags"),
        _aisle("Body care", 2.9, "toothpaste, shampoo, shower gel, soap, deodorant, hand cream"),
        _aisle("Baby and pets", 5.4, "nappies, baby wipes, cat food, dog food, baby food, cat litter"),
    )),
)  # fmt: skip

# Products that are bought together, for a meal or an occasion.
TOGETHER = tuple(
    tuple(products.split(", "))
    for products in (
        "spaghetti, tomato passata, parmesan, basil",
        "spaghetti, minced beef, chopped tomatoes, onions",
        "penne, pesto, parmesan, rocket",
        "lasagne sheets, minced beef, chopped tomatoes, mozzarella",
        "risotto rice, parmesan, white wine, butter",
        "tortillas, minced beef, kidney beans, salsa",
        "taco shells, salsa, sweetcorn, cheddar",
        "tortilla chips, salsa, lager",
        "basmati rice, curry paste, coconut milk, chicken breast",
        "red lentils, curry paste, coconut milk, spinach",
        "rice noodles, soy sauce, prawns, spring onions",
        "salmon, dill, lemons, potatoes",
        "fish fingers, chips, peas, ketchup",
        "burger buns, minced beef, cheddar, ketchup",
        "frankfurters, rolls, mustard",
        "bratwurst, mustard, rolls, lager",
        "mozzarella, tomatoes, basil, olive oil",
        "feta, cucumber, tomatoes, olive oil",
        "chickpeas, couscous, coriander, peppers",
        "flour, sugar, butter, free-range eggs",
        "flour, baking powder, chocolate chips, vanilla extract",
        "apples, flour, butter, cinnamon",
        "croissants, butter, strawberry jam, ground coffee",
        "muesli, plain yoghurt, blueberries",
        "porridge oats, oat drink, honey, bananas",
        "toast, butter, peanut butter, bananas",
        "free-range eggs, bacon, toast",
        "tonic water, lemons, mints",
        "cola, crisps, popcorn, pizza",
        "red wine, brie, crackers, grapes",
        "washing powder, fabric softener, stain remover",
        "toilet paper, kitchen roll, tissues",
        "nappies, baby wipes, baby food",
        "shampoo, shower gel, toothpaste",
    )
)
