"""Guess the role of a column from its name, in English, German, Spanish and French."""

import re

from recsys.data.accents import without_accents

# Nouns by role. A name is searched for them without case, accents and separators, so that "Kunden-Nr." and
# "CustomerID" match. Words of up to three letters must be a whole word of the name.
NOUNS = {
    "timestamp": "date dt day time datetime timestamp datum tag zeit uhrzeit fecha dia hora jour heure ts",
    "margin": "margin profit marge deckungsbeitrag gewinn margen ganancia benefice",
    "price": "price preis precio prix",
    "quantity": "quantity qty units pieces pcs menge anzahl stueck stuck stk cantidad unidades quantite qte",
    "category": "category department aisle genre family subclass productgroup itemgroup kategorie "
    "warengruppe artikelgruppe produktgruppe abteilung categoria seccion familia departamento categorie "
    "rayon famille dept",
    "title": "description title name label bezeichnung beschreibung titel descripcion nombre titulo libelle "
    "designation nom titre descr desc",
    "rating": "rating stars score bewertung sterne calificacion puntuacion evaluation note",
    "user_id": "customer user member client household shopper buyer visitor loyalty cust hshd kunde mitglied "
    "benutzer haushalt cliente usuario socio hogar utilisateur membre foyer acheteur",
    "order_id": "order invoice transaction basket receipt ticket bill cart purchase trx trans txn tid bon "
    "kassenbon beleg kassenzettel rechnung bestellung bestell auftrag warenkorb einkauf factura pedido "
    "cesta compra recibo transaccion commande facture panier achat session vbeln",
    "item_id": "item product article stock sku upc ean gtin asin plu material goods artikel produkt ware "
    "articulo producto produit prod matnr",
}
# Words that say nothing of the role, and endings of nouns.
IDS = "id ids nr no num number code key nummer numero numer ref index of de la le du des s n e en der die das"
# A column whose name has one of these is something else, whatever nouns it has, too.
OTHERS = (
    "country city region state store shop filiale tienda magasin payment gender sex age segment status "
    "discount tax vat mwst daypart daytype dow hour weekday weekend period month year unnamed count eval "
    "prior first last total sum revenue sales amount umsatz betrag importe montant cashier channel asset "
    "reordered address email mail phone zip pin url color size weight line position"
)
TOTALS = re.compile(r"total|amount|revenue|sales|umsatz|betrag|importe|montant")


def guess_roles(name: str) -> dict[str, int]:
    """Return the roles that a name may mean, each with its distance: the number of unexplained letters."""
    words = _words(name)
    whole = "".join(words)
    found = {role: _unexplained(whole, words, nouns.split()) for role, nouns in NOUNS.items()}
    roles = {role: left for role, left in found.items() if left is not None}
    # In "product_name" and "InvoiceDate" the attribute counts, not what it is an attribute of.
    for attribute in ("timestamp", "margin", "price", "quantity", "category", "title", "rating"):
        if attribute in roles:
            if attribute == "title" and "user_id" in roles:  # the name of a customer
                return {"user_id": len(whole)}
            if attribute == "price" and is_total(name):
                return {}
            return {attribute: 0 if whole in NOUNS[attribute].split() else max(roles[attribute], 1)}
    return {} if set(words) & set(OTHERS.split()) else roles


def is_number(name: str) -> bool:
    """Return whether a name says that the column numbers something, and not what."""
    words = _words(name)
    return bool(words) and set(words) <= {*IDS.split(), "row", "index"}


def is_total(name: str) -> bool:
    """Return whether a name may be that of an amount for the whole line, not for one unit."""
    return bool(TOTALS.search("".join(_words(name))))


def _words(name: str) -> list[str]:
    """Return the words of a name in lower case without accents; "CustomerID" has two."""
    plain = without_accents(name.replace("ß", "ss"))
    parts = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", plain)
    return re.findall(r"[a-z]+", parts.lower())


def _unexplained(whole: str, words: list[str], nouns: list[str]) -> int | None:
    """Return the number of letters beside a noun and words of ids; None if there is no noun."""
    best: int | None = None
    for noun in nouns:
        if len(noun) <= 3:
            if noun not in words:
                continue
            rest = [word for word in words if word != noun]
        elif noun in whole:
            rest = [word for word in (word.replace(noun, "") for word in words) if word]
            if not any(noun in word for word in words):  # across words: "stock code" in "stockcode"
                rest = [whole.replace(noun, "")]
        else:
            continue
        left = sum(len(word) for word in rest if word not in IDS.split())
        best = left if best is None else min(best, left)
    return best
