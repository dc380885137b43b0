"""Files that jobs produce.

Its one rule: what a store shows is whole. A file is written under another name and moved into place.
"""
