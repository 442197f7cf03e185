"""The one place of the version; setup.cfg reads it, CHANGELOG begins with it."""

__version__ = "0.1.0"
