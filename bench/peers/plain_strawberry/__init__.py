"""Plain Strawberry as its documentation teaches it: types, resolvers, dataloaders, its own ASGI view."""
