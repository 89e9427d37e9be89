"""An experiment: which SQL makes the JSON of an answer for the least processor time."""
