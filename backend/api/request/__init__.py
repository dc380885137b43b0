"""One request on its way to a service."""
