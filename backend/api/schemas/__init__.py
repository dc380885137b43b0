"""What comes in and goes out, as pydantic models: they check requests and make the OpenAPI document."""
