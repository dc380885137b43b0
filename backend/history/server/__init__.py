"""The way to Postgres, and what its errors mean."""
