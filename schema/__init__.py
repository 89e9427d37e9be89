"""Entities, and the GraphQL schema and database derived from them."""
