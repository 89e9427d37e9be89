"""SQL expressions made from row rules, filters, orderings and groupings."""
