"""CoreSkills Command Center: the identity and device lifecycle of a school district."""

__version__ = "0.1.0"
