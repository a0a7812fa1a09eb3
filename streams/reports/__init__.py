"""A month of a partner: what each SLI of its apps reached, and how breaches were found, told and mended."""
