"""Workers: each file says what is done for one family of job types; runtime/ says how it is run."""
