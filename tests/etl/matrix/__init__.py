"""What a change log can do to a table, one behaviour a file: the warehouse ends with the rows of the source."""
