"""Learns the catalogue from what the shop serves: marked-up pages, pages compared with each other, JSON answers."""

from opsplug.capture.discovery.learner import Sight
from opsplug.capture.discovery.markup import Page, read_page, read_products
from opsplug.capture.discovery.reader import Discovery

__all__ = ["Discovery", "Page", "Sight", "read_page", "read_products"]
