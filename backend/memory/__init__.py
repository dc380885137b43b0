"""The broker and the record in memory, behind the ports of Redis and Postgres: for tests, demos and docs.

It lives in one process and ends with it. It follows the rules of the steps in `backend/broker/lua`, told
once more in Python; `tests/contract` holds the two against each other.
"""
