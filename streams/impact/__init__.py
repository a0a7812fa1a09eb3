"""The ladder of impact at work: facts from the database, decisions of persons, and what is told and published of it."""
