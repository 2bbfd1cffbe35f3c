"""Policies: what lists must leave out, and what they must begin with, whatever the recommender says."""

from recsys.policies.bound import BoundPolicies, Pin
from recsys.policies.policies import Policies
from recsys.policies.rules import AlwaysWith, Entry, NeverWith, Pinned

__all__ = ["AlwaysWith", "BoundPolicies", "Entry", "NeverWith", "Pin", "Pinned", "Policies"]
