"""GraphQL over HTTP, as its specification says: https://graphql.github.io/graphql-over-http/draft/."""

from app.graphql_http.endpoint import BodyLimits, GraphQLEndpoint
from app.graphql_http.rate_limit import RateLimitHeaders

__all__ = ["BodyLimits", "GraphQLEndpoint", "RateLimitHeaders"]
