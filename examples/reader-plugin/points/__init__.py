"""The library of a team: a score of whole points, which people can add up by hand."""

from points.models import PointsClassifier

__all__ = ["PointsClassifier"]
