"""Kill -9 of the worker and of its source, at random and at each fail point, with every change audited."""
