"""Files that people write, as YAML or JSON: plain data with the line of every field, and what there is to say of it."""
