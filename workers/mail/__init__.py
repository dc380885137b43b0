"""Mails: what one may hold, how it is put together, and how it is handed to a server.

Its one rule: nothing that a payload says can add a header or a recipient that was not asked for.
"""
