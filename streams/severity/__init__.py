"""How severe an incident is, and what has to be done by when. Pure: tables as data, time is an argument."""
