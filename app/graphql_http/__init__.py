"""GraphQL over HTTP, as its specification says: https://graphql.github.io/graphql-over-http/draft/."""

from app.graphql_http.endpoint import BodyLimits, GraphQLEndpoint

__all__ = ["BodyLimits", "GraphQLEndpoint"]
