"""Tests of the test: bugs are planted one by one, and the fuzz must find each."""
