"""Who asks: by an API token, a session of a browser, or the word of a proxy. Whoever is none of these is nobody."""
