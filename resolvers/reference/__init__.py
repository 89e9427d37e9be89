"""The reference path: operations executed by graphql-core, each level of rows loaded by one statement."""
