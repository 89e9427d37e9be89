"""Random principals ask random operations of random data; a model in plain Python says what each must be told."""
