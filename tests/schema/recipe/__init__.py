"""Two new entities as somebody would add them, tried out in a process of their own."""
