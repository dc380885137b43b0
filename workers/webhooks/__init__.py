"""Webhooks: whom they may reach, how they are signed and sent, and what an answer means.

Its one rule: the address that was checked is the address that is connected to.
"""
