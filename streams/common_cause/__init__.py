"""Many breaches, one cause: found from how improbable it is that so many partners begin to breach at once. Pure."""
