"""The record: Postgres. One method a statement, one statement a file; every error is translated here."""
