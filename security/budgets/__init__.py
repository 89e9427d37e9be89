"""Budgets: how much a principal, and a customer with all its users, may spend on operations over time."""

from security.budgets.account import Standing
from security.budgets.budgets import Budgets, Wallet
from security.budgets.failover import FailoverBuckets
from security.budgets.local import LocalBuckets
from security.budgets.shared import SharedBuckets
from security.budgets.table import Budget

__all__ = ["Budget", "Budgets", "FailoverBuckets", "LocalBuckets", "SharedBuckets", "Standing", "Wallet"]
