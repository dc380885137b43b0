"""One declaration an operation: it checks requests, answers, and makes the document."""
