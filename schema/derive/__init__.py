"""The GraphQL schema, derived from the declared entities."""
