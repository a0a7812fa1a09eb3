"""The module types of Connect, as the programme lists them: `module_types.yaml`."""

from functools import cache
from importlib.resources import files

import yaml


@cache
def _by_product() -> dict[str, frozenset[str]]:
    lists = yaml.safe_load(files(__package__).joinpath("module_types.yaml").read_bytes())
    common = frozenset(lists["common"])
    return {product.casefold(): common | set(types) for product, types in lists["products"].items()}


@cache
def module_types(product: str) -> frozenset[str]:
    """Module types an app may have in a product; those of all products for one that is not listed."""
    known = _by_product()
    return known.get(product.casefold()) or frozenset().union(*known.values())
