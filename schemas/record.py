"""What all records have in common."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Record(BaseModel):
    """A JSON object on a topic: camelCase names on the wire, exact types, unknown fields ignored.

    Producers evolve first, so a new field never stops an older reader. `true` is no number, `200.0` no integer,
    `"200"` neither.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        allow_inf_nan=False,
        extra="ignore",
        field_title_generator=lambda name, field: field.alias or to_camel(name),
        frozen=True,
        serialize_by_alias=True,
        strict=True,
        use_attribute_docstrings=True,
    )
