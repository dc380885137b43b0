"""The applications under examples/: their own tests, their types, and the two commands that start them."""
