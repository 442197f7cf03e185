"""The setting `catalog=`: the shop's own products, read again every few minutes."""

from opsplug.services.catalog_source.refresh import CatalogSource

__all__ = ["CatalogSource"]
