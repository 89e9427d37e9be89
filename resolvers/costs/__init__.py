"""What operations cost: a formula for each document, which the values of its variables complete."""

from resolvers.costs.price import Cost, Price
from resolvers.costs.pricing import price_of

__all__ = ["Cost", "Price", "price_of"]
