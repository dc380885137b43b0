"""Job types that the tests run in real worker processes."""
