"""The way to Redis, our function library in it, and what its errors mean."""
