"""Makes further wheels of the one that setuptools builds: the same files under other names."""
