"""Every change that a person or a token makes: checked, written down, done, and written down again."""
