"""Demo data: what is known, what is made of it, and how it gets into the database."""
