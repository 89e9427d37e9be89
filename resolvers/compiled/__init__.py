"""The compiled path: a root field becomes one SQL statement, and the database's JSON goes to the client as it is."""
