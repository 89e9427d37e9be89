"""Loading files into the operational tables, all of them or none."""
